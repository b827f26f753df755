"""Clients who were refused, oldest first: the next places of the line are theirs, as long as they come back in time.

Without it a full line is fair only to those who stand in it: clients who were just answered ask anew at once and take
the places that those who keep to `Retry-After` were told to come back for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

GRACE_SECONDS = 10.0
"""A client who comes back later than it was told, by so long, is behind everybody again."""
MOST = 1_000
"""So many clients are remembered; who is refused beyond that comes back like a new one."""


class Refused:
    """The refused, on one event loop; `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody."""
        self._clock = clock
        self._until: dict[Hashable, float] = {}  # in the order of their first refusals

    def before(self, client: Hashable) -> int:
        """How many refused clients are to have a place before this one."""
        now = self._clock()
        self._until = {one: until for one, until in self._until.items() if now <= until}
        return next((rank for rank, one in enumerate(self._until) if one == client), len(self._until))

    def refuse(self, client: Hashable, seconds: float) -> None:
        """Remember, in the place it had or the last, a client that was told to come back after so many seconds."""
        if client in self._until or len(self._until) < MOST:
            self._until[client] = self._clock() + seconds + GRACE_SECONDS

    def forget(self, client: Hashable) -> None:
        """Let a client go, who has a place now."""
        self._until.pop(client, None)
