"""A model's server, and while it is away the sentences of the articles themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from askoctober.generation.extractive import NAME, Extractive
from askoctober.generation.server import ServerAwayError, ServerGenerator
from askoctober.types import Message, Piece

LEFT_ALONE_SECONDS = 15.0
"""A server that was away is not asked again for so long: each reader would wait for it anew."""


class Fallback:
    """The `Generator` protocol over a server; answers are extractive while that cannot be reached, and say so."""

    def __init__(self, server: ServerGenerator) -> None:
        """Ask `server` as long as it answers."""
        self._server = server
        self._extractive = Extractive()
        self._away_until = 0.0

    @property
    def name(self) -> str:
        """What writes at this moment."""
        return NAME if self._is_away else self._server.name

    def generate(self, messages: Sequence[Message], *, grammar: str = "", max_tokens: int = 256) -> Iterator[Piece]:
        """Yield the server's reply; nothing where it is away before the first piece.

        Raises:
            GenerationError: it broke off, or refused.
        """
        if self._is_away:
            return
        try:
            yield from self._server.generate(messages, grammar=grammar, max_tokens=max_tokens)
        except ServerAwayError:
            self._leave_alone()

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Yield nothing."""
        yield from ()

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        """Return the server's probabilities, or the same for each option where it is away."""
        if not self._is_away:
            try:
                return self._server.probabilities(messages, options)
            except ServerAwayError:
                self._leave_alone()
        return self._extractive.probabilities(messages, options)

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    @property
    def _is_away(self) -> bool:
        return time.monotonic() < self._away_until

    def _leave_alone(self) -> None:
        self._away_until = time.monotonic() + LEFT_ALONE_SECONDS
