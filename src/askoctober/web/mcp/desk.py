"""What the doors need of the desk that stands between many clients and the one language model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from askoctober.config import Config
from askoctober.errors import AskoctoberError
from askoctober.retrieval.filtering import AnyFilter
from askoctober.types import Event, Hit, Message
from askoctober.web.answerer import Answerer


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question waits; `position` questions come first."""

    position: int


class Busy(AskoctoberError):
    """As many questions wait as may; `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        """Ask the client to come back later."""
        super().__init__(f"Too many questions are waiting; ask again in {retry_after:.0f} seconds.")
        self.retry_after = retry_after


class Closing(AskoctoberError):
    """The server is about to stop and takes no new questions."""


class Desk(Protocol):
    """Takes questions of many clients, and has them answered in turn."""

    @property
    def assistant(self) -> Answerer:
        """Who answers."""
        ...

    def stream(
        self, question: str, history: Sequence[Message] = (), *, client: str = "", config: Config | None = None
    ) -> AsyncGenerator[Event | Waiting]:
        """Yield the place in the line while it changes, then the events of the answer; closing it stops the model."""
        ...

    async def search(self, question: str, k: int = 5, filter: AnyFilter = None, threshold: float = -1.0) -> list[Hit]:
        """Return at most k hits, best first."""
        ...
