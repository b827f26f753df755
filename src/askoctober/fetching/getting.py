"""Get a page politely: robots.txt obeyed, one request at a time with a pause, few retries, everything bounded."""

from __future__ import annotations

import email.utils
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType

import httpcore
import httpx

from askoctober.errors import CorpusError
from askoctober.fetching.addresses import check_address
from askoctober.fetching.connecting import Network, Resolve, look_up
from askoctober.fetching.robots import LARGEST_ROBOTS, NAME, Robots, read_robots
from askoctober.version import __version__

MEGABYTE = 1_000_000
LARGEST_PAGE = 20 * MEGABYTE
SHORTEST_DELAY = 1.0
"""Seconds between two requests to a host."""
TRIES = 4
HOPS = 5
LONGEST_PAUSE = 120.0
"""Seconds that a server may ask to wait; what asks for more is given up for this run."""
_BLOCK = 1 << 16
_TIMEOUT = {"connect": 10.0, "read": 20.0, "write": 20.0, "pool": 10.0}
_REDIRECTS = {301, 302, 303, 307, 308}
_HEADERS = {
    "User-Agent": f"{NAME}/{__version__} (fetches single pages for its user's own shelf)",
    "Accept": "text/html, application/xhtml+xml, application/pdf, text/*;q=0.9, */*;q=0.5",
    # No other coding: how much gzip unfolds to can be bounded while it does.
    "Accept-Encoding": "gzip",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What a server answered in the end; `address` is where, after redirects. A body is there with status 200 only."""

    address: httpx.URL
    status: int
    headers: httpx.Headers
    body: bytes


class Getter:
    """Gets pages one after the other, and remembers for each site its rules and when it was asked last.

    `delay` is in seconds. `private` allows private networks and all ports. The rest is for tests.
    """

    def __init__(
        self,
        *,
        delay: float = SHORTEST_DELAY,
        private: bool = False,
        resolve: Resolve = look_up,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.delay = delay
        self.private = private
        self._sleep = sleep
        self._clock = clock
        self._asked: dict[str, float] = {}
        self._robots: dict[str, Robots] = {}
        # A connection serves one request, so that its bound in time is that of the request.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpcore.default_ssl_context(),
            max_keepalive_connections=0,
            network_backend=Network(private=private, resolve=resolve),
        )

    def __enter__(self) -> Getter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.close()

    def get(
        self,
        url: httpx.URL,
        *,
        largest: int = LARGEST_PAGE,
        known: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Page:
        """Return what is at an address, redirects followed, of at most `largest` bytes.

        `known` holds by address the headers of a conditional request, for pages that are here already.

        Raises:
            CorpusError: it may not or cannot be fetched; the message goes on after the address.
        """
        return self._follow(url, known or {}, largest=largest, obey=True)

    def robots(self, url: httpx.URL) -> Robots:
        """Return the rules of an address's site, fetched once."""
        site = f"{url.scheme}://{url.netloc.decode('ascii')}"
        if site not in self._robots:

            def get() -> tuple[int, bytes]:
                page = self._follow(httpx.URL(f"{site}/robots.txt"), {}, largest=LARGEST_ROBOTS, obey=False)
                return page.status, page.body

            self._robots[site] = read_robots(get)
        return self._robots[site]

    def _follow(self, url: httpx.URL, known: Mapping[str, Mapping[str, str]], *, largest: int, obey: bool) -> Page:
        for _ in range(HOPS + 1):
            check_address(url, private=self.private)
            delay = self.delay
            if obey:
                robots = self.robots(url)
                if not robots.allow(str(url)):
                    raise CorpusError(
                        robots.refusal or f"may not be fetched, by the robots.txt of {url.host}; save it by hand."
                    )
                delay = max(delay, robots.delay)
            page = self._ask(url, known.get(str(url), {}), largest, delay, cut=not obey)
            if page.status not in _REDIRECTS or "location" not in page.headers:
                return page
            try:
                url = url.join(page.headers["location"]).copy_with(fragment=None)
            except (httpx.InvalidURL, ValueError) as error:
                raise CorpusError("redirects to what is no web address; give where the page is now.") from error
        raise CorpusError(f"redirects more than {HOPS} times; give where the page is now.")

    def _ask(self, url: httpx.URL, extra: Mapping[str, str], largest: int, delay: float, *, cut: bool) -> Page:
        """Send a request until it is answered, `TRIES` times at most, longer apart each time."""
        for attempt in range(1, TRIES + 1):
            self._wait(url.host, delay)
            pause = 2.0**attempt
            try:
                page = self._once(url, extra, largest, cut=cut)
            except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
                if attempt == TRIES:
                    reason = " ".join(str(error).split())[:200] or type(error).__name__
                    raise CorpusError(f"cannot be reached ({reason}); check the address and the network.") from error
            else:
                if page.status not in {429, 503} or attempt == TRIES:
                    return page
                pause = _retry_after(page.headers.get("retry-after", ""), pause)
                if pause > LONGEST_PAUSE:
                    raise CorpusError(
                        f"is busy (HTTP {page.status}) and asks for {pause:.0f} s of patience; try again then."
                    )
            finally:
                self._asked[url.host] = self._clock()
            self._sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, host: str, delay: float) -> None:
        if host in self._asked and (left := self._asked[host] + delay - self._clock()) > 0:
            self._sleep(left)

    def _once(self, url: httpx.URL, extra: Mapping[str, str], largest: int, *, cut: bool) -> Page:
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        headers: list[tuple[bytes | str, bytes | str]] = [("Host", url.netloc), *_HEADERS.items(), *extra.items()]
        with self._pool.stream("GET", target, headers=headers, extensions={"timeout": _TIMEOUT}) as response:
            answered = httpx.Headers(response.headers)
            body = _read_body(response, answered, largest, cut=cut) if response.status == 200 else b""
        return Page(url, response.status, answered, body)


def _read_body(response: httpcore.Response, headers: httpx.Headers, largest: int, *, cut: bool) -> bytes:
    """Return the decoded body; what is longer than `largest` is cut off there, or without `cut` refused."""
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"", "identity", "gzip", "x-gzip"}:
        raise CorpusError(f"comes packed as {coding[:20]}, which was not asked for; save it by hand.")
    unpack = zlib.decompressobj(31) if "gzip" in coding else None
    body = bytearray()
    try:
        for block in response.iter_stream():
            body += unpack.decompress(block, largest - len(body) + 1) if unpack else block
            if len(body) > largest:
                if cut:
                    return bytes(body[:largest])
                raise CorpusError(f"is larger than {largest // MEGABYTE} MB; save by hand what you need of it.")
    except zlib.error as error:
        raise CorpusError("is packed wrongly by its server; save it by hand.") from error
    if unpack and body and not unpack.eof:
        raise CorpusError("broke off in the middle; try again.")
    return bytes(body)


def unpack_gzip(data: bytes, largest: int) -> bytes:
    """Return what a .gz file holds (of several members the first).

    Raises:
        CorpusError: it is damaged, or comes to more than `largest` bytes.
    """
    unpack = zlib.decompressobj(31)
    try:
        body = unpack.decompress(data, largest + 1)
    except zlib.error as error:
        raise CorpusError("is a damaged .gz file; tell the site's keeper.") from error
    if len(body) > largest:
        raise CorpusError(f"unpacks to more than {largest // MEGABYTE} MB; give its pages one by one.")
    if not unpack.eof:
        raise CorpusError("is a .gz file that breaks off; try again.")
    return body


def _retry_after(value: str, otherwise: float) -> float:
    """Return the seconds that a Retry-After header asks for: a number, or until a date."""
    if value.isascii() and value.isdigit() and len(value) < 10:
        return max(float(value), otherwise)
    try:
        return max(email.utils.parsedate_to_datetime(value).timestamp() - time.time(), otherwise)
    except (ValueError, OverflowError):
        return otherwise
