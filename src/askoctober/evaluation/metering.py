"""What answering costs: tokens read and written, and the memory of this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from askoctober.types import Generator, Message, Piece


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of the generations so far; the prompts behind a yes or no are asked for, not counted by the engines."""

    read: int = 0
    cached: int = 0
    written: int = 0
    generations: int = 0
    decisions: int = 0

    def to_dict(self) -> dict[str, int]:
        """Return the JSON object: `read` are all tokens of the prompts, of which `cached` were there already."""
        return {name: getattr(self, name) for name in self.__slots__}


class Meter:
    """A generator that passes on what another generates, and counts."""

    def __init__(self, generator: Generator) -> None:
        """Count what `generator` reads and writes."""
        self.name = generator.name
        self._generator = generator
        self._usage = Usage()

    def generate(self, messages: Sequence[Message], *, grammar: str = "", max_tokens: int = 256) -> Iterator[Piece]:
        """Yield the pieces of the other generator; its counts come with the last of them."""
        self._add(generations=1)
        for piece in self._generator.generate(messages, grammar=grammar, max_tokens=max_tokens):
            self._add(piece.prompt_tokens, piece.cached_tokens, piece.completion_tokens)
            yield piece

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Let the other generator read ahead; the tokens are counted when it writes."""
        return self._generator.prefill(messages)

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        """Return the probabilities of the other generator."""
        self._add(decisions=1)
        return self._generator.probabilities(messages, options)

    def close(self) -> None:
        """Free the other generator."""
        self._generator.close()

    def take(self) -> Usage:
        """Return what was used since the last time, and begin anew."""
        usage, self._usage = self._usage, Usage()
        return usage

    def _add(self, read: int = 0, cached: int = 0, written: int = 0, generations: int = 0, decisions: int = 0) -> None:
        u = self._usage
        self._usage = Usage(
            u.read + read,
            u.cached + cached,
            u.written + written,
            u.generations + generations,
            u.decisions + decisions,
        )


def peak_memory() -> float | None:
    """Return the most memory this process has had in use, in MB (10^6 bytes); None where the system does not say."""
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
