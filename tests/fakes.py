"""A language model that speaks from a script, behind the real `Generator` protocol."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from askoctober.types import Message, Piece


@dataclass(frozen=True, slots=True)
class Call:
    """What one generation was given."""

    messages: tuple[Message, ...]
    grammar: str
    max_tokens: int

    @property
    def prompt(self) -> str:
        """The last message's text."""
        return self.messages[-1]["content"]


@dataclass
class FakeGenerator:
    """Gives the scripted replies in order, the last one again and again, and remembers everything it was given."""

    replies: Sequence[str] = ("Nothing. [1]",)
    yes: float = 0.9
    piece: int = 5
    """How many characters come at a time."""
    name: str = "fake"
    calls: list[Call] = field(default_factory=list)
    asked: list[tuple[tuple[Message, ...], tuple[str, ...]]] = field(default_factory=list)
    read: list[tuple[Message, ...]] = field(default_factory=list)
    stopped: int = 0
    """Generations that were closed before their end."""
    finished: int = 0
    closed: bool = False

    def generate(self, messages: Sequence[Message], *, grammar: str = "", max_tokens: int = 256) -> Iterator[Piece]:
        """Yield the next reply in small pieces, whatever the grammar, and the counts at the end."""
        assert not self.closed, "a closed generator is not asked"
        reply = self.replies[min(len(self.calls), len(self.replies) - 1)]
        self.calls.append(Call(tuple(messages), grammar, max_tokens))
        try:
            for start in range(0, len(reply), self.piece):
                yield Piece(reply[start : start + self.piece])
        except GeneratorExit:
            self.stopped += 1
            raise
        self.finished += 1
        yield Piece("", 100, 40, len(reply) // 4)

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Read in two steps."""
        self.read.append(tuple(messages))
        yield 50, 100
        yield 100, 100

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        """Return the scripted probability for the first option, and the rest for the others."""
        self.asked.append((tuple(messages), tuple(options)))
        first, *others = options
        return {first: self.yes} | {option: (1 - self.yes) / len(others) for option in others}

    def close(self) -> None:
        """Refuse what comes after."""
        self.closed = True
