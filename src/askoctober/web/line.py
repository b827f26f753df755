"""The line before the language model: it answers one reader at a time, first come, first served, readers in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

MOST_PASSED = 32
"""How often others may come in before a place: clients that ask again and again keep nobody waiting for ever."""


class Line:
    """Readers who wait, oldest first; lives on one event loop."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self.is_closed = False
        """Whether nobody is to join any more, as the server is about to end."""
        self._places: list[Place] = []
        self._moved = asyncio.Event()

    def join(self, client: Hashable = None) -> Place:
        """Return a new place: behind all others, but before those whose client has more in front of them.

        Who names no client is one of their own. (Round robin over clients: Nagle 1987, fair queuing.)
        """
        turn = self.count(client) if client is not None else 0
        place = Place(self, client, turn)
        at = len(self._places)
        # Whoever is first has begun, and stays first.
        while at > 1 and self._places[at - 1].turn > turn and self._places[at - 1].passed < MOST_PASSED:
            at -= 1
            self._places[at].passed += 1
        self._places.insert(at, place)
        return place

    def __len__(self) -> int:
        return len(self._places)

    def count(self, client: Hashable) -> int:
        """Return how many places are of one client."""
        return sum(place.client == client for place in self._places)


class Place:
    """One reader's place."""

    def __init__(self, line: Line, client: Hashable, turn: int) -> None:
        """Stand nowhere yet; see `Line.join`. `turn` questions of the same client came first when this joined."""
        self._line = line
        self.client, self.turn = client, turn
        self.passed = 0
        """How many came in before this one later than it did."""

    @property
    def ahead(self) -> int:
        """How many readers come first."""
        return self._line._places.index(self)

    async def moved(self, seconds: float) -> None:
        """Wait until somebody leaves the line, at most so long."""
        try:
            await asyncio.wait_for(self._line._moved.wait(), seconds)
        except TimeoutError:
            pass

    def leave(self) -> None:
        """Make room for those behind; leaving twice changes nothing."""
        if self in self._line._places:
            self._line._places.remove(self)
            self._line._moved.set()
            self._line._moved = asyncio.Event()
