"""A model's server, and while it is away the sentences of the articles themselves."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence

from askoctober.generation.extractive import NAME, Extractive
from askoctober.generation.server import ServerAwayError, ServerGenerator, ServerSilentError
from askoctober.types import Message, Piece

LEFT_ALONE_SECONDS = 15.0
"""A server that was away is not asked again for so long: each reader would wait for it anew."""
SILENT_ALONE_SECONDS = 120.0
"""The same, of one that takes requests and does not answer, which takes as long to find out."""
logger = logging.getLogger(__name__)


class Fallback:
    """The `Generator` protocol over a server; answers are extractive while that cannot be reached, and say so."""

    def __init__(self, server: ServerGenerator) -> None:
        """Ask `server` as long as it answers."""
        self._server = server
        self._extractive = Extractive()
        self._away_until = 0.0
        self._is_told = False

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
            for piece in self._server.generate(messages, grammar=grammar, max_tokens=max_tokens):
                self._is_told = False
                yield piece
        except ServerAwayError as error:
            self._leave_alone(error)

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Yield nothing."""
        yield from ()

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        """Return the server's probabilities, or the same for each option where it is away."""
        if not self._is_away:
            try:
                found = self._server.probabilities(messages, options)
                self._is_told = False
                return found
            except ServerAwayError as error:
                self._leave_alone(error)
        return self._extractive.probabilities(messages, options)

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    @property
    def _is_away(self) -> bool:
        return time.monotonic() < self._away_until

    def _leave_alone(self, error: ServerAwayError) -> None:
        seconds = SILENT_ALONE_SECONDS if isinstance(error, ServerSilentError) else LEFT_ALONE_SECONDS
        self._away_until = time.monotonic() + seconds
        if not self._is_told:  # once, until it has answered again
            self._is_told = True
            logger.warning("%s Until then answers are the articles' own sentences.", error)
