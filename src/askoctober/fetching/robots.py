"""What a site allows programs to fetch, by its robots.txt (RFC 9309)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from askoctober.errors import CorpusError

if TYPE_CHECKING:
    from protego import Protego

NAME = "askoctober"
"""The name that a robots.txt calls this program by."""
LARGEST_ROBOTS = 500 * 1024
"""Bytes that are read of a robots.txt; the rest is ignored, as RFC 9309 section 2.5 allows."""
LONGEST_DELAY = 60.0
_AGENT = re.compile(r"\s*user[- ]?agent\b[\s:]*([^#]*)", re.I)


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one site; `refusal` is why nothing of it is fetched, where nothing is."""

    rules: Protego | None = None
    refusal: str = ""

    def allow(self, address: str) -> bool:
        """Whether a page may be fetched."""
        return not self.refusal and (self.rules is None or self.rules.can_fetch(address, NAME))

    @property
    def delay(self) -> float:
        """Seconds between two requests that the site asks for, `LONGEST_DELAY` at most, 0 where it asks for none."""
        return min((self.rules and self.rules.crawl_delay(NAME)) or 0.0, LONGEST_DELAY)

    @property
    def sitemaps(self) -> list[str]:
        """The addresses of the site's sitemaps, as they stand there."""
        return list(self.rules.sitemaps) if self.rules else []


def read_robots(get: Callable[[], tuple[int, bytes]]) -> Robots:
    """Return the rules that a robots.txt gives; `get` fetches its status and body.

    One that is missing allows all. One that cannot be had (a server's error, no answer) allows nothing, since it may
    forbid.
    """
    try:
        status, body = get()
    except CorpusError as error:
        return Robots(refusal=f"is on a site whose robots.txt {error}")
    if 200 <= status < 300:
        from protego import Protego

        return Robots(Protego.parse(_only_ours(body[:LARGEST_ROBOTS].decode("utf-8-sig", "replace"))))
    if 400 <= status < 500 and status != 429:
        return Robots()
    return Robots(
        refusal=f"is on a site whose robots.txt cannot be had (HTTP {status}), so it may forbid; try again later."
    )


def _only_ours(text: str) -> str:
    """Return a robots.txt in which all programs but this one share one name.

    Names are compared whole, as RFC 9309 wants, and thousands of them times thousands of rules cost no more than one.
    """
    lines = []
    for line in text.splitlines():
        if found := _AGENT.match(line):
            agent = found[1].partition("/")[0].strip().lower()
            line = f"User-agent: {agent if agent in {NAME, '*'} else 'somebody'}"
        lines.append(line)
    return "\n".join(lines)
