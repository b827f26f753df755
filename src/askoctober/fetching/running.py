"""A run: the addresses, one after the other, into the folder; what fails is told, and the others go on."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import httpx
from filelock import FileLock, Timeout

from askoctober.errors import CorpusError
from askoctober.fetching.addresses import read_address
from askoctober.fetching.getting import Getter
from askoctober.fetching.keeping import Collection, State
from askoctober.fetching.sitemaps import list_pages

MOST = 1000
"""Pages that a sitemap brings."""
BEGUN = ".begun"
"""Holds when a run began, and stays behind when it is cut off."""
LOCK = ".lock"
RESUMED = datetime.timedelta(days=1)
"""How old a run may be that is gone on with; older ones are begun anew, since their pages may have changed."""

Outcome: TypeAlias = State | Literal["failed"]
Progress: TypeAlias = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one address; `file` is below the folder, `reason` a predicate of the address."""

    address: str
    outcome: Outcome
    file: str = ""
    reason: str = ""


@dataclass(slots=True)
class Report:
    """What a run did. `elsewhere` counts pages of other hosts in sitemaps; `more`: a sitemap lists more than asked."""

    pages: list[Fetched] = field(default_factory=list)
    elsewhere: int = 0
    more: bool = False

    def count(self) -> dict[str, int]:
        """Return how many addresses came to each outcome."""
        counts = Counter(page.outcome for page in self.pages)
        return {name: counts[name] for name in ("new", "changed", "unchanged", "gone", "failed")}

    def troubles(self) -> list[Fetched]:
        """Return what a person should hear of: pages that failed, and pages that are gone."""
        return [page for page in self.pages if page.reason]


def fetch(
    addresses: Iterable[str],
    into: Path,
    *,
    getter: Getter,
    sitemap: bool = False,
    most: int = MOST,
    since: datetime.date | None = None,
    progress: Progress = lambda label, done, total: None,
    report: Report | None = None,
    now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC),
) -> Report:
    """Fetch pages into a folder, or with `sitemap` the pages that sitemaps list, and return what became of each.

    What is here already is fetched again only if it changed. A run that was cut off less than `RESUMED` ago is gone on
    with: the pages it got are not asked for again. `report` is filled on the way, for those who stop a run.

    Raises:
        CorpusError: the folder cannot be written, or another run writes to it.
    """
    report = Report() if report is None else report
    try:
        into.mkdir(parents=True, exist_ok=True)
        with FileLock(into / LOCK, timeout=0):
            begun = _begin(into / BEGUN, now())
            collection = Collection(into)
            collection.compact()  # drops a line that was cut off, so that the next is not added to its half
            wanted = _list(addresses, getter, report, sitemap, most, since, progress)
            for done, (url, changed) in enumerate(wanted.items()):
                progress("fetching", done, len(wanted))
                report.pages.append(_fetch_one(url, changed, collection, getter, begun, now))
                progress("fetching", done + 1, len(wanted))
            collection.compact()
            (into / BEGUN).unlink(missing_ok=True)
    except Timeout as error:
        raise CorpusError(f"Another run fetches into {into}; wait for its end, or give another --into.") from error
    except OSError as error:
        raise CorpusError(
            f"{into} cannot be written to ({error.strerror or error}); mend that, or give another --into."
        ) from error
    return report


def _list(
    addresses: Iterable[str],
    getter: Getter,
    report: Report,
    sitemap: bool,
    most: int,
    since: datetime.date | None,
    progress: Progress,
) -> dict[httpx.URL, datetime.date | None]:
    """Return the pages to fetch, each once, with their last change where it is known; failures go to the report."""
    wanted: dict[httpx.URL, datetime.date | None] = {}
    for text in addresses:
        try:
            url = read_address(text, private=getter.private)
        except CorpusError as error:
            report.pages.append(Fetched(text, "failed", reason=str(error)))
            continue
        if not sitemap:
            wanted[url] = None
            continue
        listing = list_pages(
            getter, url, most=most, since=since, report=lambda count: progress("reading sitemaps", count, 0)
        )
        wanted |= listing.pages
        report.pages += [Fetched(failed, "failed", reason=reason) for failed, reason in listing.failed]
        report.elsewhere += listing.elsewhere
        report.more |= listing.more
    return wanted


def _fetch_one(
    url: httpx.URL,
    changed: datetime.date | None,
    collection: Collection,
    getter: Getter,
    begun: datetime.datetime,
    now: Callable[[], datetime.datetime],
) -> Fetched:
    address = str(url)
    if (record := collection.holds(address)) and record.status in {200, 304}:
        fetched = _read_time(record.fetched)
        # a day's change may come later on that day than the page was fetched
        if fetched and (fetched >= begun or (changed and changed < fetched.date())):
            return Fetched(address, "unchanged", record.file)
    try:
        page = getter.get(url, known=collection.conditions(address))
        outcome = collection.keep(address, page, _write_time(now()))
    except CorpusError as error:
        record = collection.records.get(address)
        return Fetched(address, "failed", record.file if record else "", str(error))
    record = collection.records[address]
    reason = ""
    if outcome == "gone":
        reason = f"is gone (HTTP {record.status}); the copy of {record.fetched[:10]} is kept, remove it if you like."
    return Fetched(address, outcome, record.file, reason)


def _begin(mark: Path, now: datetime.datetime) -> datetime.datetime:
    """Return when this run began, or the run that it goes on with."""
    if mark.exists():
        begun = _read_time(mark.read_text(encoding="utf-8", errors="replace"))
        if begun and now - RESUMED < begun <= now:
            return begun
    mark.write_text(_write_time(now), encoding="utf-8")
    return _read_time(_write_time(now)) or now


def _write_time(time: datetime.datetime) -> str:
    return time.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _read_time(text: str) -> datetime.datetime | None:
    try:
        time = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return time if time.tzinfo else None
