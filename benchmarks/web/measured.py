"""The chat as it is measured: real retrieval and checking, and a language model that only keeps time.

    python benchmarks/web/measured.py --index index --speed 100

A process of its own, so that its memory is nobody else's; `benchmarks/web.py` starts it and reads the address that it
prints. Beside the chat it answers under `/bench/`: what the parts cost without the chat, and what was asked and stopped
in which order.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from askoctober.answering import Assistant
from askoctober.config import Config
from askoctober.retrieval.followup import stands_alone
from askoctober.types import Event, EvidenceFound, Message, Piece

EXCERPT = re.compile(r"^\[(\d+)\] (.+?[.!?])(?:\s|$)", re.MULTILINE)
PREFILL_STEPS = 4
PREFILL_SECONDS = 0.04
QUOTED = 2
"""How many excerpts a reply quotes."""


class Metronome:
    """A language model in name: it writes the first sentences of the excerpts, so many tokens a second."""

    name = "metronome"

    def __init__(self, speed: float) -> None:
        """Write `speed` tokens a second."""
        self.pause = 1 / speed
        self.closed: list[float] = []
        """When generations were closed before their end, in seconds since the epoch."""

    def generate(self, messages: Sequence[Message], *, grammar: str = "", max_tokens: int = 256) -> Iterator[Piece]:
        """Yield the reply a word at a time."""
        tokens = re.findall(r"\s*\S+", reply(messages[-1]["content"]))[:max_tokens]
        try:
            for token in tokens:
                time.sleep(self.pause)
                yield Piece(token)
        except GeneratorExit:
            self.closed.append(time.time())
            raise
        yield Piece("", 400, 0, len(tokens))

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Read in a few equal steps."""
        for step in range(1, PREFILL_STEPS + 1):
            time.sleep(PREFILL_SECONDS / PREFILL_STEPS)
            yield step * 100, PREFILL_STEPS * 100

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        """Say yes."""
        first, *others = options
        return {first: 0.99} | {option: 0.01 / len(others) for option in others}

    def close(self) -> None:
        """Free nothing."""


def reply(prompt: str) -> str:
    """Return the first sentences of a prompt's excerpts, each with its number; what has none is repeated."""
    found = EXCERPT.findall(prompt)[:QUOTED]
    return " ".join(f"{sentence} [{mark}]" for mark, sentence in found) or prompt.splitlines()[0]


class Watched(Assistant):
    """An assistant that remembers in which order it was asked, and in which its model began."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.arrived: list[str] = []
        self.served: list[str] = []

    def stream(self, question: str, history: Sequence[Message] = (), config: Config | None = None) -> Iterator[Event]:
        """Yield what an assistant does."""
        self.arrived.append(question)
        return self._watched(question, super().stream(question, history, config))

    def _watched(self, question: str, stream: Iterator[Event]) -> Iterator[Event]:
        try:
            for event in stream:
                yield event
                if isinstance(event, EvidenceFound):
                    self.served.append(question)
        finally:
            stream.close()  # type: ignore[attr-defined]


def alone(assistant: Watched, question: str) -> dict[str, Any]:
    """Return what the parts take in milliseconds without the chat, and what the answer is."""
    began = time.perf_counter()
    stream = Assistant.stream(assistant, question)
    next(stream)
    found = time.perf_counter()
    *_, answer = stream
    ended = time.perf_counter()
    assistant.retriever.search(question, 10)
    searched = time.perf_counter()
    return {
        "search_ms": (searched - ended) * 1000,
        "evidence_ms": (found - began) * 1000,
        "answer_ms": (ended - began) * 1000,
        "text": answer.text,  # type: ignore[union-attr]
        "cited": len(answer.citations),  # type: ignore[union-attr]
    }


def questions(assistant: Assistant, count: int) -> list[str]:
    """Return different questions that stand alone, from sentences all over the shelf."""
    store = assistant.retriever.store
    chunks = [store.chunk(row) for row in range(store.size)]
    made: dict[str, None] = {}
    for words in range(6, 12):
        for chunk in chunks:
            start = re.search(rf"(?<=[.] )[A-Z]\w+(?: [\w'’]+){{{words}}}", chunk.text)
            if start:
                made[f"What do the articles say of this: {start.group()}?"] = None
    spread = [question for question in made if stands_alone(question)]
    step = max(len(spread) // count, 1)
    return spread[::step][:count]


def main() -> None:
    import uvicorn
    from starlette.responses import HTMLResponse, JSONResponse
    from starlette.routing import Route

    from askoctober import Retriever
    from askoctober.web.server import create_app, listen

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--speed", type=float, default=100.0, help="tokens a second")
    options = parser.parse_args()
    generator = Metronome(options.speed)
    config = Config(index=options.index)
    assistant = Watched(Retriever.load(config=config), generator, config)

    def plain(request: Any) -> HTMLResponse:
        """Answer with a page of so many bytes that does nothing."""
        head = "<!doctype html><title>plain</title><body><script>document.body.dataset.ready = '';</script><!--"
        return HTMLResponse(head.ljust(int(request.query_params["bytes"]) - 3, "x") + "-->")

    def apart(request: Any) -> JSONResponse:
        return JSONResponse(alone(assistant, request.query_params["question"]))

    def some(request: Any) -> JSONResponse:
        return JSONResponse(questions(assistant, int(request.query_params["count"])))

    def log(request: Any) -> JSONResponse:
        return JSONResponse(
            {
                "arrived": assistant.arrived,
                "served": assistant.served,
                "closed": generator.closed,
                "now": time.time(),
                "sessions": [len(holder.session_data) for holder in holders],
            }
        )

    app = create_app(assistant, shelf_title="Speed", examples=())
    inner = [getattr(route, "app", None) for route in app.router.routes]
    holders = [one.state_holder for one in inner if hasattr(one, "state_holder")]
    # Before the chat, which takes every other address.
    for name, answer in (("plain", plain), ("alone", apart), ("questions", some), ("log", log)):
        app.router.routes.insert(0, Route(f"/bench/{name}", answer))
    with listen("127.0.0.1", 0) as bound:
        print(f"http://127.0.0.1:{bound.getsockname()[1]}/", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[bound])


if __name__ == "__main__":
    main()
