"""What the doors need of the desk that stands between many clients and the one language model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from askoctober.config import Config
from askoctober.retrieval.filtering import AnyFilter
from askoctober.types import Event, Hit, Message
from askoctober.web.answerer import Answerer
from askoctober.web.desk import Waiting


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
