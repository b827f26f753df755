"""askoctober as it ships, in this project's own environment: the row that the peers are compared with."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from protocol import SEARCHED, Article, Passage, Peer, Reply, arguments, serve, standalone

from askoctober import Assistant, Config
from askoctober.building import build as build_index


def main() -> None:
    options = arguments(0)
    folder = tempfile.TemporaryDirectory()

    def build(articles: dict[str, Article]) -> Peer:
        config = Config(corpus=options.articles, index=Path(folder.name) / "index", threads=options.threads)
        build_index(config)
        loaded: list[Assistant] = []

        def assistant() -> Assistant:
            if not loaded:
                loaded.append(Assistant.load(config=config))
                loaded[0].ask("Are you ready?")  # loading is not part of the first answer, as it is not of a peer's
            return loaded[0]

        hits: dict[str, list[Passage]] = {}

        def ask(question: dict[str, Any]) -> Reply:
            answer = assistant().ask(question["question"], question.get("history", []))
            found = [hit.chunk for hit in answer.hits[:SEARCHED]]
            hits[standalone(question)] = [Passage(chunk.article.path, chunk.start, chunk.end) for chunk in found]
            cited = [Passage(c.article.path, c.start, c.end, c.mark) for c in answer.citations]
            first = answer.timings.get("first_token_ms")
            seconds = first / 1000 if first and not answer.declined else None
            return Reply(answer.text, cited, seconds, answer.declined, answer.timings["total_ms"] / 1000)

        return Peer("by sentence, an exact quote", config.passages, lambda question: hits[question], ask)

    serve(options, build)


if __name__ == "__main__":
    main()
