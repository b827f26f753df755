"""The line before the language model: it answers one reader at a time, first come, first served."""

from __future__ import annotations

import asyncio


class Line:
    """Readers who wait, oldest first; lives on one event loop."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._places: list[Place] = []
        self._moved = asyncio.Event()

    def join(self) -> Place:
        """Return a new place at the end."""
        place = Place(self)
        self._places.append(place)
        return place

    def __len__(self) -> int:
        return len(self._places)


class Place:
    """One reader's place."""

    def __init__(self, line: Line) -> None:
        """Stand nowhere yet; see `Line.join`."""
        self._line = line

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
