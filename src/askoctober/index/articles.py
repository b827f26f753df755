"""A shelf's articles, as many as there are, none of them in memory before it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from askoctober.types import Article

Place = TypeVar("Place")


class LazyArticles(Sequence[Article], Generic[Place]):
    """Articles that are read when they are asked for: a shelf may be larger than the memory."""

    def __init__(self, places: Sequence[Place], ids: Sequence[str], read: Callable[[Place], Article]) -> None:
        """Have the articles at these places, whose ids are known, read by `read`."""
        self._places = places
        self._read = read
        self.ids = tuple(ids)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self._read(place) for place in self._places[at]]
        return self._read(self._places[at])

    def __iter__(self) -> Iterator[Article]:
        return map(self._read, self._places)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)
