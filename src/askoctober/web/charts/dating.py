"""Sentences that name a time, sorted by it: days, months of a year, and years.

English dates and numeric ones; `calendars.find_dates` says which. A date without a year gets the one that stands
nearest before it, else the commonest of its article, else that of the shelf: a guess, and marked as one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, TypeAlias

from askoctober.calendars import MONTHS, Calendars, FoundDate, find_dates
from askoctober.types import Article, Store

Precision: TypeAlias = Literal["day", "month", "year"]

MOST_DATED = 5000
MOST_IN_SENTENCE = 3
REACH = 400
"""Characters before a date in which a year may be its own."""
_MONTH = "|".join(f"{month}|{month[:3]}\\." for month in MONTHS) + "|Sept\\."
# Not a part of a larger number, of a numeric date, or the end of a range of years.
_YEAR = r"(?<![\d.,/])(?<!\d[–-])(?P<year>1[5-9]\d\d|20\d\d)(?!\d|[.,]\d|-\d\d-)"
_ANY_YEAR = re.compile(_YEAR)
_BARE_YEAR = re.compile(
    rf"\b(?i:in|of|since|by|until|till|from|during|after|before|between|through(?:out)?|early|late|mid|year)[\s-]+{_YEAR}"
)
_MONTH_OF_YEAR = re.compile(
    rf"(?<!\w)(?:(?P<first>{_MONTH})\s*(?:to|and|or|until|through|[–-])\s*)?(?P<month>{_MONTH}),?\s+(?:of\s+)?{_YEAR}"
)
# "may" and "march" are words too: a month alone needs a word before it that a time follows.
_LONE_MONTH = re.compile(
    rf"\b(?i:in|by|since|until|till|during|early|late|mid|(?:end|start|beginning|middle)\s+of)[\s-]+"
    rf"(?P<month>{_MONTH})(?!\w|\s+\d)"
)
# The year after "July 13-14," or "October 10 (23),": past other days of the month, never past a word.
_YEAR_AFTER = re.compile(r"[\d\s,()\[\]–-]{0,14}?(?<!\d)(?P<year>1[5-9]\d\d|20\d\d)(?!\d)")
_MAY_HOLD = re.compile(rf"(?:{_MONTH})|(?<!\d)(?:1[5-9]|20)\d\d(?!\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DatedSentence:
    """A sentence under one of its dates, as `text` from `start` to `end` of its article (kept without its text).

    `when` is the first day of what is `written`, in the article's own calendar. Where that may be either, `old` is the
    same day by the old one if the article writes the new, and `new` by the new one if it writes the old: ISO dates,
    empty where there is no question. With `supposed_year` the article does not give the year there.
    """

    article: Article = field(repr=False)
    start: int
    end: int
    text: str
    when: date
    precision: Precision
    written: str
    old: str = ""
    new: str = ""
    supposed_year: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """A date in a text; month or day are 0 where it has none, the year where that stands elsewhere."""

    start: int
    end: int
    year: int
    month: int = 0
    day: int = 0

    def repeats(self, other: Mention) -> bool:
        """Whether it says no more than another, finer one does."""
        same_year = not self.year or self.year == other.year or (self.month > 0 and not other.year)
        return same_year and self.month in (0, other.month) and self.day in (0, other.day)


def find_mentions(text: str) -> list[Mention]:
    """Return the dates that a sentence names, in order; of many the finest, and none that repeats a finer one."""
    found = [_day(text, date) for date in find_dates(text)]
    found += _months(text)
    found += [
        Mention(match.start("year"), match.end("year"), int(match["year"])) for match in _BARE_YEAR.finditer(text)
    ]
    kept: list[Mention] = []
    for mention in sorted(found, key=lambda one: (not one.day, not one.month, not one.year, one.start)):
        if len(kept) < MOST_IN_SENTENCE and not any(mention.repeats(other) for other in kept):
            kept.append(mention)
    return sorted(kept, key=lambda one: one.start)


def _day(text: str, found: FoundDate) -> Mention:
    """Return a day with the year that stands right behind it, if any."""
    after = None if found.year else _YEAR_AFTER.match(text, found.end)
    year, end = (int(after["year"]), after.end()) if after else (found.year, found.end)
    return Mention(found.start, end, year, found.month, found.day)


def _months(text: str) -> Iterator[Mention]:
    """Yield months, first those of a year."""
    for match in _MONTH_OF_YEAR.finditer(text):
        year = int(match["year"])
        if match["first"]:
            yield Mention(match.start("first"), match.end("first"), year, _number(match["first"]))
        yield Mention(match.start("month"), match.end(), year, _number(match["month"]))
    for match in _LONE_MONTH.finditer(text):
        yield Mention(match.start("month"), match.end("month"), 0, _number(match["month"]))


def _number(month: str) -> int:
    return next(at for at, known in enumerate(MONTHS, start=1) if known.startswith(month[:3]))


@dataclass(frozen=True, slots=True)
class _Years:
    """The years that an article's text names, and where; `common` is the one most named, 0 where none is."""

    starts: Sequence[int]
    years: Sequence[int]
    common: int

    @classmethod
    def of(cls, text: str) -> _Years:
        found = [(match.start(), int(match["year"])) for match in _ANY_YEAR.finditer(text)]
        years = [year for _, year in found]
        return cls([start for start, _ in found], years, _commonest(Counter(years)))

    def before(self, at: int) -> int:
        """Return the year that stands nearest before a place, within reach, or 0."""
        last = bisect_left(self.starts, at) - 1
        return self.years[last] if last >= 0 and at - self.starts[last] <= REACH else 0


def find_dated(store: Store, calendars: Calendars | None = None) -> tuple[DatedSentence, ...]:
    """Return the dated sentences of a shelf, sorted; at most `MOST_DATED`, from all articles and all over each."""
    found: dict[str, list[tuple[DatedSentence, Mention]]] = {}
    counts: Counter[int] = Counter()
    years: dict[str, _Years] = {}
    bare: dict[str, Article] = {}
    for article, start, end in _sentences(store):
        if article.id not in years:
            years[article.id] = _Years.of(article.text)
            counts.update(years[article.id].years)
            # No record keeps an article's text: a shelf may hold more than memory does.
            bare[article.id] = replace(article, text="")
        text = article.text[start:end]
        for mention in find_mentions(text) if _MAY_HOLD.search(text) else ():
            year = mention.year or years[article.id].before(start + mention.start)
            precision: Precision = "day" if mention.day else "month" if mention.month else "year"
            written = " ".join(text[mention.start : mention.end].split())
            sentence = DatedSentence(
                bare[article.id], start, end, text, date.min, precision, written, supposed_year=not mention.year
            )
            found.setdefault(article.id, []).append((sentence, replace(mention, year=year)))
    shelf_year = calendars.year if calendars else _commonest(counts)
    dated = []
    for sentence, mention in _evenly(found, MOST_DATED):
        placed = _place(sentence, mention, years[sentence.article.id].common or shelf_year, calendars)
        if placed is not None:
            dated.append(placed)
    order = {"year": 0, "month": 1, "day": 2}
    return tuple(sorted(dated, key=lambda one: (one.when, order[one.precision], one.article.path, one.start)))


def _sentences(store: Store) -> Iterator[tuple[Article, int, int]]:
    """Yield where the sentences of the shelf stand. Chunks do not overlap, so none comes twice."""
    for row in range(store.size):
        article = store.chunk(row).article
        for span in store.sentences(row):
            yield article, span.start, span.end


def _place(sentence: DatedSentence, mention: Mention, year: int, calendars: Calendars | None) -> DatedSentence | None:
    """Return the sentence with its date, in `year` where no other is known; None for a day that never was."""
    year = mention.year or year
    try:
        when = date(year, mention.month or 1, mention.day or 1)
    except ValueError:
        return None
    old = new = ""
    if calendars and mention.day:
        others = calendars.others(FoundDate(mention.start, mention.end, mention.day, mention.month, year))
        old, new = [f"{other.year:04}-{other.month:02}-{other.day:02}" for other in others] or ["", ""]
    return replace(sentence, when=when, old=old, new=new)


def _commonest(counts: Counter[int]) -> int:
    return max(counts, key=lambda year: (counts[year], -year), default=0)


def _evenly(
    found: Mapping[str, Sequence[tuple[DatedSentence, Mention]]], most: int
) -> Iterator[tuple[DatedSentence, Mention]]:
    """Yield at most so many: articles that have few keep all, the others give as many each, from all over."""
    groups = sorted(found.values(), key=len)
    for at, group in enumerate(groups):
        share = min(len(group), most // (len(groups) - at))
        most -= share
        yield from (group[place * len(group) // share] for place in range(share))
