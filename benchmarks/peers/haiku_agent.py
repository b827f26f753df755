"""haiku.rag: an agent that searches, cites chunks through a tool, and answers; instructions and limits as it ships.

Installed without its document converters (they read PDF and images, and need torch): a document is made of the
article's paragraphs, and chunked by haiku.rag's own chunker. Its texts are embedded by the endpoint it is given.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from docling_core.types.doc.document import DoclingDocument
from docling_core.types.doc.labels import DocItemLabel
from haiku.rag.chunkers import get_chunker
from haiku.rag.client import HaikuRAG
from haiku.rag.config import AppConfig
from protocol import MODEL, REPLY_TOKENS, SEARCHED, Article, Passage, Peer, Reply, arguments, serve, standalone

DEFAULT_K = 5
DIMENSION = 384
WITHOUT_SEARCH = "replied without a search of its own"


class Counted(HaikuRAG):
    """Its client, which counts the agent's searches."""

    searches = 0

    async def search(self, *arguments: Any, **options: Any) -> Any:
        self.searches += 1
        return await super().search(*arguments, **options)


def paragraphs(article: Article) -> list[tuple[int, int]]:
    """Return the spans of an article's paragraphs, which are lines that hold text."""
    spans, at = [], 0
    for line in article.text.splitlines(keepends=True):
        if text := line.strip():
            start = at + line.index(text)
            spans.append((start, start + len(text)))
        at += len(line)
    return spans


def main() -> None:
    options = arguments(DEFAULT_K)
    folder = tempfile.TemporaryDirectory()
    served = {"provider": "openai", "base_url": options.base_url, "api_key": options.api_key}
    embedding_url, _, embedding_key = options.embedding_url.partition("#")
    embedder = {"provider": "openai", "base_url": embedding_url, "api_key": embedding_key}
    config = AppConfig.model_validate(
        {
            "embeddings": {"model": {**embedder, "name": options.embedder.name, "vector_dim": DIMENSION}},
            "qa": {"model": {**served, "name": MODEL, "temperature": 0.0, "max_tokens": REPLY_TOKENS}},
            "processing": {"chunking_tokenizer": str(options.embedder)},
            "search": {"limit": options.k},
        }
    )
    loop = asyncio.new_event_loop()

    def build(articles: dict[str, Article]) -> Peer:
        refs: dict[tuple[str, str], Passage] = {}
        client = Counted(Path(folder.name) / "peer.lancedb", config, create=True)

        async def index() -> None:
            await client.__aenter__()
            chunker = get_chunker(config)
            for name, article in articles.items():
                document = DoclingDocument(name=name)
                for start, end in paragraphs(article):
                    item = document.add_text(label=DocItemLabel.TEXT, text=article.text[start:end])
                    refs[name, item.self_ref] = Passage(name, start, end)
                await client.import_document(document, await chunker.chunk(document), uri=name, title=name)

        def place(result: Any) -> Passage | None:
            """Return where a chunk stands: its own text, or where context was added, all of its paragraphs."""
            file = result.document_uri
            if found := articles[file].locate(result.content):
                return found
            spans = [refs[file, ref] for ref in result.doc_item_refs if (file, ref) in refs]
            return Passage(file, min(s.start for s in spans), max(s.end for s in spans)) if spans else None

        def search(question: str) -> list[Passage | None]:
            found = loop.run_until_complete(client.search(question, limit=SEARCHED))
            return [place(result) for result in found]

        def ask(question: dict[str, Any]) -> Reply:
            began, searches = time.perf_counter(), client.searches
            text, citations = loop.run_until_complete(client.ask(standalone(question)))
            total = time.perf_counter() - began
            missing = () if client.searches > searches else (WITHOUT_SEARCH,)
            return Reply(text, [place(citation) for citation in citations], total_s=total, remarks=missing)

        loop.run_until_complete(index())
        notes = ["installed without its converters of PDF and images", "does not stream"]
        return Peer("chunks with their context, for the whole answer", options.k, search, ask, notes)

    serve(options, build)


if __name__ == "__main__":
    main()
