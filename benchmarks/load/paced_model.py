"""The child process of the measured server: a language model in name, of which an answer takes a known time.

    python benchmarks/load/paced_model.py --seconds 1

It speaks with the server as a real engine in its process does, and can be killed like one. Its answers quote the first
excerpt, and repeat the number that the question carries, so that an answer that went astray is known as such.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from askoctober.generation import worker
from askoctober.types import Message, Piece

EXCERPT = re.compile(r"^\[(\d+)\] (.+?[.!?])(?:\s|$)", re.MULTILINE)
READER = re.compile(r"Reader \d+")
READING = 0.3
"""The share of an answer's time in which the prompt is read."""
STEPS = 4
Item = TypeVar("Item")


class PacedModel:
    """The `Generator` protocol by the clock: reading and writing take `seconds` together, however long the answer is.

    Each piece has its moment, so that a processor that is busy delays none but that piece.
    """

    name = "paced"

    def __init__(self, seconds: float) -> None:
        """Take `seconds` for an answer."""
        self._seconds = seconds

    def generate(self, messages: Sequence[Message], *, grammar: str = "", max_tokens: int = 256) -> Iterator[Piece]:
        """Yield the reply a word at a time."""
        words = re.findall(r"\s*\S+", reply(messages[-1]["content"]))
        for word in at_times(words, (1 - READING) * self._seconds):
            yield Piece(word)
        yield Piece("", 400, 0, len(words))

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Read in a few equal steps."""
        steps = [(100 * step, 100 * STEPS) for step in range(1, STEPS + 1)]
        yield from at_times(steps, READING * self._seconds)

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        """Say yes, at once."""
        first, *others = options
        return {first: 0.99} | {option: 0.01 / len(others) for option in others}

    def close(self) -> None:
        """Free nothing."""


def at_times(items: Sequence[Item], seconds: float) -> Iterator[Item]:
    """Yield items at even distances, the last after so many seconds."""
    began = time.monotonic()
    for number, item in enumerate(items, 1):
        time.sleep(max(began + seconds * number / len(items) - time.monotonic(), 0))
        yield item


def reply(prompt: str) -> str:
    """Return the first sentence of a prompt's first excerpt, addressed to the reader whom the question names."""
    found, reader = EXCERPT.search(prompt), READER.search(prompt)
    if not found or not reader:
        return "No excerpt, or no reader."
    mark, sentence = found.groups()
    return f"{reader.group()} is told that {sentence[0].lower()}{sentence[1:]} [{mark}]"


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, required=True, help="that an answer takes")
    seconds = parser.parse_args().seconds
    worker.load_generator = lambda config: PacedModel(seconds)
    worker.main()


if __name__ == "__main__":
    main()
