"""What the chat needs of an assistant: `askoctober.Assistant` has it, and so have the stand-ins of the tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from askoctober.calendars import Calendars
from askoctober.config import Config
from askoctober.retrieval.filtering import AnyFilter
from askoctober.types import Event, Hit, Message, Store


class Named(Protocol):
    """What the chat needs of a language model."""

    @property
    def name(self) -> str:
        """What the model is called."""
        ...


class Searcher(Protocol):
    """What the chat needs of a retriever."""

    @property
    def store(self) -> Store:
        """The opened index."""
        ...

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes of the languages that the shelf is written in."""
        ...

    @property
    def calendars(self) -> Calendars | None:
        """The two calendars of the shelf, or None where it keeps to one."""
        ...

    def search(self, question: str, k: int = 5, *, filter: AnyFilter = None, threshold: float = -1.0) -> list[Hit]:
        """Return at most k hits of the articles that a filter admits, best first."""
        ...


class Answerer(Protocol):
    """What the chat needs of an assistant."""

    @property
    def retriever(self) -> Searcher:
        """Where the answers come from; it may be exchanged while the chat is served."""
        ...

    @property
    def generator(self) -> Named:
        """What writes the answers."""
        ...

    @property
    def config(self) -> Config:
        """The keeper's settings."""
        ...

    def stream(self, question: str, history: Sequence[Message] = (), config: Config | None = None) -> Iterator[Event]:
        """Yield the events of an answer; closing the iterator stops the generation."""
        ...
