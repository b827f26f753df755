"""LlamaIndex's CitationQueryEngine with the prompt it ships: passages split into numbered sources, cited as [n].

Splitter (1,024 tokens), citation chunks (512 tokens) and response mode are its defaults; three passages are what the
example in its documentation retrieves.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Any

from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.schema import NodeWithScore
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.llms.openai_like import OpenAILike
from protocol import MODEL, REPLY_TOKENS, SEARCHED, Article, Passage, Peer, Reply, arguments, serve, standalone

DEFAULT_K = 3
CONTEXT = 16384
HEADING = re.compile(r"\ASource (\d+):\n")
"""What the engine writes above each source that it numbers."""
NUMBERS = re.compile(r"\[(\d+(?:\s*,\s*\d+)*)\]")


def main() -> None:
    options = arguments(DEFAULT_K)
    Settings.llm = OpenAILike(
        model=MODEL,
        api_base=options.base_url,
        api_key=options.api_key,
        is_chat_model=True,
        context_window=CONTEXT,
        max_tokens=REPLY_TOKENS,
        temperature=0.0,
        timeout=600,
    )

    def build(articles: dict[str, Article]) -> Peer:
        Settings.embed_model = HuggingFaceEmbedding(model_name=str(options.embedder), device="cpu")
        index = VectorStoreIndex.from_documents(
            [Document(text=article.text, metadata={"file": name}) for name, article in articles.items()]
        )
        retriever = index.as_retriever(similarity_top_k=SEARCHED)
        engine = CitationQueryEngine.from_args(index, similarity_top_k=options.k, streaming=True)

        def place(scored: NodeWithScore) -> tuple[Passage | None, int | None]:
            """Return where a node stands, and the number it has in the prompt."""
            text = scored.node.get_content()
            mark = int(heading[1]) if (heading := HEADING.match(text)) else None
            text = HEADING.sub("", text)
            article = articles[scored.node.metadata["file"]]
            found = article.locate(text, scored.node.start_char_idx or 0)
            return found and replace(found, mark=mark), mark

        def search(question: str) -> list[Passage | None]:
            return [place(scored)[0] for scored in retriever.retrieve(question)]

        def ask(question: dict[str, Any]) -> Reply:
            began, first, pieces = time.perf_counter(), None, []
            response = engine.query(standalone(question))
            for piece in response.response_gen:
                if piece:
                    first = first or time.perf_counter() - began
                    pieces.append(piece)
            total = time.perf_counter() - began
            text = "".join(pieces).strip()
            named = {int(number) for marks in NUMBERS.findall(text) for number in marks.split(",")}
            sources = map(place, response.source_nodes)
            cited = [passage for passage, mark in sources if mark in named]
            return Reply(text, cited, first, total_s=total)

        return Peer("by sentence, a source of at most 512 tokens", options.k, search, ask)

    serve(options, build)


if __name__ == "__main__":
    main()
