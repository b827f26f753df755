"""No language model at all: answers are then the best sentences of the articles themselves, quoted.

The answering room puts the best sentences behind every draft that lacks them; behind no draft, they are the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from askoctober.types import Message, Piece

NAME = "extractive"
YES = 0.55
"""What counts as the model's yes: the decision is then taken from how near the evidence is. On the 114 development
questions .53, .55, .57 declined .50, .22, .04 of the answerable, and 16, 15, 8 of the 18 unanswerable."""


class Extractive:
    """The `Generator` protocol without a model: writes nothing, and holds a yes for a little likelier than a no."""

    name = NAME

    def generate(self, messages: Sequence[Message], *, grammar: str = "", max_tokens: int = 256) -> Iterator[Piece]:
        """Yield nothing."""
        yield from ()

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Yield nothing."""
        yield from ()

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        """Return `YES` for "Yes", and for the other options what is left, in equal shares."""
        if "Yes" not in options:
            return dict.fromkeys(options, 1 / max(len(options), 1))
        rest = (1 - YES) / max(len(options) - 1, 1)
        return {option: YES if option == "Yes" else rest for option in options}

    def close(self) -> None:
        """Free nothing."""
