"""Who asks, by address; what a client may do in a minute, in a memory of bounded size."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope

MOST_CLIENTS = 10_000
"""Clients that are remembered; beyond these, those who have been quiet for longest are forgotten."""
NETWORK = 64
"""Bits of an IPv6 address that tell clients apart: whoever has one address has all those that begin with them."""

NOWHERE = ("", "testclient")
"""In place of an address: of a pipe, and of requests that an application makes to itself, by Starlette's name."""


def client_of(scope: Scope) -> str:
    """Return the address of who asks; nothing where it came through no network."""
    return scope["client"][0] if scope.get("client") else ""


def is_here(address: str) -> bool:
    """Whether an address is this computer's own, for itself alone; what came through no network has none.

    A proxy may give a word in place of an address: that is nobody here.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address in NOWHERE
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


class Buckets:
    """A token bucket for each client: full it holds the tokens of a minute, and it fills all the time."""

    def __init__(self, a_minute: int, most: int = MOST_CLIENTS, clock: Callable[[], float] = time.monotonic) -> None:
        """Let each client take `a_minute` tokens in a minute; as many as it likes where that is 0."""
        self._a_minute, self._most, self._clock = a_minute, most, clock
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def take(self, address: str) -> float:
        """Take one of a client's tokens, and return 0; where there is none, the seconds until there is."""
        if not self._a_minute:
            return 0.0
        client, now = network_of(address), self._clock()
        tokens, then = self._held.pop(client, (float(self._a_minute), now))
        tokens = min(self._a_minute, tokens + (now - then) * self._a_minute / 60)
        wait = 0.0 if tokens >= 1 else (1 - tokens) * 60 / self._a_minute
        self._held[client] = (tokens if wait else tokens - 1, now)
        while len(self._held) > self._most:
            self._held.popitem(last=False)
        return wait

    def give_back(self, address: str) -> None:
        """Undo a `take`."""
        client = network_of(address)
        if client in self._held:
            tokens, then = self._held[client]
            self._held[client] = (min(self._a_minute, tokens + 1), then)


def network_of(address: str) -> str:
    """Return what tells a client apart: its address, or the network of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, NETWORK), strict=False))
