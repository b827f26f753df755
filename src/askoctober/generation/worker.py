"""The child process of `isolated`: loads one language model and serves requests from its standard input.

Each line is a JSON object. In: {"id", "do": "generate" | "prefill" | "probabilities", ...} and {"stop": id}. Out:
{"ready": name} once, then for each request any number of {"id", "item"} and one {"id", "end"} or {"id", "error"}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from queue import SimpleQueue
from typing import Any, TextIO

from askoctober.config import Config
from askoctober.errors import AskoctoberError
from askoctober.generation.loading import load_generator
from askoctober.types import Generator


def main() -> None:
    """Serve until standard input ends, which it does with the parent, however that ends."""
    for number in (signal.SIGINT, signal.SIGTERM):  # of all of a group: the parent ends this when it has drained
        signal.signal(number, signal.SIG_IGN)
    # What libraries print must not come between the lines.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", newline="\n")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    settings = json.loads(sys.stdin.readline())
    try:
        generator = load_generator(Config().replace(settings, "the parent"))
    except AskoctoberError as error:
        _write(out, {"failed": str(error)})
        return
    _write(out, {"ready": generator.name})
    Worker(generator, out).run(sys.stdin)
    # The interpreter's own end would wait for what the engine still computes.
    os._exit(0)


class Worker:
    """Works requests off one by one, while it goes on listening for a word to stop."""

    def __init__(self, generator: Generator, out: TextIO) -> None:
        self._generator = generator
        self._out = out
        self._waiting: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._stopped: set[int] = set()

    def run(self, lines: TextIO) -> None:
        """Read requests until there are no more."""
        threading.Thread(target=self._work, name="requests", daemon=True).start()
        for line in lines:
            request = json.loads(line)
            if "stop" in request:
                self._stopped.add(request["stop"])
            else:
                self._waiting.put(request)

    def _work(self) -> None:
        while True:
            request = self._waiting.get()
            number = request["id"]
            items = self._items(request)
            try:
                for item in items:
                    if number in self._stopped:
                        break
                    _write(self._out, {"id": number, "item": item})
                getattr(items, "close", lambda: None)()
                _write(self._out, {"id": number, "end": True})
            except AskoctoberError as error:
                _write(self._out, {"id": number, "error": str(error)})
            except Exception as error:
                _write(self._out, {"id": number, "error": f"The model failed ({error}); ask again."})
            self._stopped.discard(number)

    def _items(self, request: Mapping[str, Any]) -> Iterator[Any]:
        """Yield what a request gives, as JSON."""
        messages = request["messages"]
        if request["do"] == "generate":
            pieces = self._generator.generate(messages, grammar=request["grammar"], max_tokens=request["max_tokens"])
            for piece in pieces:
                yield [piece.text, piece.prompt_tokens, piece.cached_tokens, piece.completion_tokens]
        elif request["do"] == "prefill":
            yield from (list(progress) for progress in self._generator.prefill(messages))
        else:
            yield self._generator.probabilities(messages, request["options"])


def _write(out: TextIO, message: Mapping[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
