"""Which pages a site lists: sitemaps in XML or text, packed or not, and indexes of them (sitemaps.org, version 0.9)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

import httpx

from askoctober.errors import CorpusError
from askoctober.fetching.addresses import read_address
from askoctober.fetching.getting import MEGABYTE, Getter, unpack_gzip

LARGEST_SITEMAP = 50 * MEGABYTE
MOST_ENTRIES = 50_000
"""Addresses in one sitemap; this and its size are the bounds of the protocol."""
MOST_SITEMAPS = 500
_DEEPEST = 20
_LONGEST_VALUE = 8000
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a sitemap: an address as it stands there, and when it last changed, as far as it is said."""

    address: str
    changed: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What one file lists: pages, and further sitemaps."""

    pages: tuple[Entry, ...] = ()
    sitemaps: tuple[Entry, ...] = ()


@dataclass(slots=True)
class Listing:
    """What a site lists in all: its pages with their last change, what failed, and what was left off and why."""

    pages: dict[httpx.URL, datetime.date | None] = field(default_factory=dict)
    failed: list[tuple[str, str]] = field(default_factory=list)
    elsewhere: int = 0
    more: bool = False


def list_pages(
    getter: Getter,
    start: httpx.URL,
    *,
    most: int,
    since: datetime.date | None = None,
    report: Callable[[int], None] = lambda count: None,
) -> Listing:
    """Return the first `most` pages that a sitemap, or a site's sitemaps, list on the host of `start`.

    A bare host stands for the sitemaps that its robots.txt names, or its /sitemap.xml. `since` leaves out what is said
    to have changed before. `report` gets the number of sitemaps read.
    """
    listing = Listing()
    hosts = {start.host}
    waiting = _first_sitemaps(getter, start)
    seen = set(waiting)
    read = 0
    while waiting and not listing.more:
        address = waiting.pop(0)
        read += 1
        try:
            if read > MOST_SITEMAPS:
                raise CorpusError(f"and what follows is left out, after {MOST_SITEMAPS} sitemaps; name it by itself.")
            page = getter.get(address, largest=LARGEST_SITEMAP)
            if page.status != 200:
                raise CorpusError(f"cannot be had as a sitemap (HTTP {page.status}); give the address of one.")
            sitemap = parse_sitemap(page.body)
        except CorpusError as error:
            listing.failed.append((str(address), str(error)))
            if read > MOST_SITEMAPS:
                break
            continue
        if address.host in hosts:
            hosts.add(page.address.host)  # example.org may have moved to www.example.org
        for url, _ in _recent(sitemap.sitemaps, page.address, getter, since):
            if url not in seen and len(seen) <= MOST_SITEMAPS:  # one too many is met and told
                seen.add(url)
                waiting.append(url)
        for url, changed in _recent(sitemap.pages, page.address, getter, since):
            if url.host not in hosts:
                listing.elsewhere += 1
            elif url in listing.pages or len(listing.pages) < most:
                listing.pages[url] = changed
            else:
                listing.more = True
                break
        report(read)
    return listing


def parse_sitemap(body: bytes) -> Sitemap:
    """Return what a sitemap lists; no entity in it is resolved.

    Raises:
        CorpusError: it is damaged, too large, or no sitemap.
    """
    if body.startswith(b"\x1f\x8b"):
        body = unpack_gzip(body, LARGEST_SITEMAP)
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" or body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _Xml().parse(body)
    return _parse_text(body)


def _first_sitemaps(getter: Getter, start: httpx.URL) -> list[httpx.URL]:
    if start.path not in {"", "/"} or start.query:
        return [start]
    named = []
    for text in getter.robots(start).sitemaps[:MOST_SITEMAPS]:
        try:
            named.append(read_address(str(start.join(text)), private=getter.private))
        except (CorpusError, httpx.InvalidURL, ValueError):
            continue  # a robots.txt is full of mistakes; the others count
    return list(dict.fromkeys(named)) or [start.join("/sitemap.xml")]


def _recent(
    entries: tuple[Entry, ...], base: httpx.URL, getter: Getter, since: datetime.date | None
) -> Iterator[tuple[httpx.URL, datetime.date | None]]:
    """Yield the entries that are addresses and not known to be older than `since`."""
    for entry in entries:
        if since and entry.changed and entry.changed < since:
            continue
        try:
            yield read_address(str(base.join(entry.address)), private=getter.private), entry.changed
        except (CorpusError, httpx.InvalidURL, ValueError):
            continue


class _Xml:
    """Gathers the `loc` and `lastmod` of each `url` and `sitemap` while expat reads."""

    def __init__(self) -> None:
        self.entries: dict[str, list[Entry]] = {"url": [], "sitemap": []}
        self.path: list[str] = []
        self.values: dict[str, str] = {}

    def parse(self, body: bytes) -> Sitemap:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.data
        parser.EntityDeclHandler = self.entity
        try:
            for start in range(0, len(body), _BLOCK):
                parser.Parse(body[start : start + _BLOCK], False)
            parser.Parse(b"", True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            reason = " ".join(str(error).split())[:100]
            raise CorpusError(f"is not a sound sitemap ({reason}); give the address of one.") from error
        if not any(self.entries.values()):
            raise CorpusError("lists no pages; give the address of a sitemap.")
        return Sitemap(tuple(self.entries["url"]), tuple(self.entries["sitemap"]))

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.path) >= _DEEPEST:
            raise CorpusError("is nested too deeply for a sitemap; give the address of one.")
        self.path.append(name)

    def end(self, name: str) -> None:
        self.path.pop()
        kind = name.rpartition(" ")[2]
        if kind in self.entries:
            if address := self.values.get("loc", "").strip():
                self.entries[kind].append(Entry(address, _read_date(self.values.get("lastmod", ""))))
            if sum(map(len, self.entries.values())) > MOST_ENTRIES:
                raise _too_many()
            self.values = {}

    def data(self, text: str) -> None:
        if len(self.path) < 2:
            return
        space, _, kind = self.path[-1].rpartition(" ")
        around, _, parent = self.path[-2].rpartition(" ")
        # an image or a video of a page has a loc too, in a name space of its own
        if kind in {"loc", "lastmod"} and parent in self.entries and space == around:
            self.values[kind] = (self.values.get(kind, "") + text)[:_LONGEST_VALUE]

    def entity(self, *_: object) -> None:
        raise CorpusError("declares entities, which a sitemap has no use for; give the address of another.")


def _parse_text(body: bytes) -> Sitemap:
    """Read a list of addresses, one a line."""
    lines = [line.strip() for line in body.decode("utf-8-sig", "replace").splitlines()]
    addresses = [line for line in lines if line]
    if len(addresses) > MOST_ENTRIES:
        raise _too_many()
    if not addresses or not all(line.startswith(("http://", "https://")) for line in addresses):
        raise CorpusError("is not a sitemap; give the address of one.")
    return Sitemap(tuple(map(Entry, addresses)))


def _too_many() -> CorpusError:
    return CorpusError(f"lists more than {MOST_ENTRIES:,} addresses; give its pages one by one.")


def _read_date(text: str) -> datetime.date | None:
    """Return the day of a W3C date; of a year or a month alone the last, since it may be meant."""
    day = text.strip()[:10]
    if len(day) == 4:
        day += "-12-31"
    try:
        if len(day) == 7:
            first = datetime.date.fromisoformat(f"{day}-01")
            return (first.replace(day=28) + datetime.timedelta(days=4)).replace(day=1) - datetime.timedelta(days=1)
        return datetime.date.fromisoformat(day)
    except (ValueError, OverflowError):
        return None
