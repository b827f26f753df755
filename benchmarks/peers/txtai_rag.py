"""txtai's RAG pipeline with the template of its documentation; it cites one passage for the whole answer.

Paragraphs are the unit (its own Segmentation); `output="reference"` names the passage nearest to question and answer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # it would be fetched at import

from protocol import MODEL, REPLY_TOKENS, SEARCHED, Article, Passage, Peer, Reply, arguments, serve, standalone
from txtai import LLM, RAG, Embeddings
from txtai.pipeline import Segmentation

DEFAULT_K = 3
TEMPLATE = """
  Answer the following question using the provided context.

  Question:
  {question}

  Context:
  {context}
"""


class Streamed:
    """A model for the pipeline that streams within and remembers when the first piece came."""

    def __init__(self, llm: LLM) -> None:
        self.llm = llm
        self.first_at: float | None = None

    def __call__(self, prompts: Sequence[str], **options: Any) -> list[str]:
        return [self._write(prompt, options) for prompt in prompts]

    def _write(self, prompt: str, options: dict[str, Any]) -> str:
        self.first_at, pieces = None, []
        for piece in self.llm(prompt, maxlength=REPLY_TOKENS, stream=True, defaultrole="user", **options):
            if piece:
                self.first_at = self.first_at or time.perf_counter()
                pieces.append(piece)
        return "".join(pieces).strip()


def main() -> None:
    options = arguments(DEFAULT_K)
    llm = LLM(f"openai/{MODEL}", method="litellm", api_base=options.base_url, api_key=options.api_key, temperature=0)

    def build(articles: dict[str, Article]) -> Peer:
        split = Segmentation(paragraphs=True)
        places: list[Passage] = []
        rows: list[tuple[int, str, None]] = []
        for article in articles.values():
            at = 0
            for text in split(article.text):
                place = article.locate(text, at)
                if place is None:
                    raise ValueError(f"a paragraph is not found again in {article.file}: {text[:60]!r}")
                at = place.end
                rows.append((len(rows), text, None))
                places.append(place)
        embeddings = Embeddings(path=str(options.embedder), content=True)
        embeddings.index(rows)
        model = Streamed(llm)
        rag = RAG(embeddings, model, template=TEMPLATE, context=options.k, output="reference")

        def search(question: str) -> list[Passage]:
            return [places[int(row["id"])] for row in embeddings.search(question, SEARCHED)]

        def ask(question: dict[str, Any]) -> Reply:
            began = time.perf_counter()
            answer = rag(standalone(question))
            total = time.perf_counter() - began
            cited = [places[int(answer["reference"])]] if answer.get("reference") is not None else []
            first = model.first_at - began if model.first_at else None
            return Reply(answer["answer"], cited, first, total_s=total)

        return Peer("one paragraph for the whole answer", options.k, search, ask)

    serve(options, build)


if __name__ == "__main__":
    main()
