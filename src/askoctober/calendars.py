"""Dates in two calendars: where a shelf mixes old style and new style, a question in the one finds the other.

Countries left the Julian calendar for the Gregorian one at different times, the last ones in the twentieth century;
until then the same day has two dates, ten to thirteen days apart, and articles seldom say which they use. Conversion is
by Julian day numbers (Richards, "Calendars", in Urban and Seidelmann, Explanatory Supplement to the Astronomical
Almanac, 2013).
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from askoctober.errors import ConfigError

MONTHS = "January February March April May June July August September October November December".split()
ADOPTED = {
    "Britain": "1752-09-14",
    "England": "1752-09-14",
    "Sweden": "1753-03-01",
    "Bulgaria": "1916-04-14",
    "Turkey": "1917-03-01",
    "Ottoman": "1917-03-01",
    "Russia": "1918-02-14",
    "Ukraine": "1918-03-01",
    "Estonia": "1918-02-15",
    "Serbia": "1919-01-28",
    "Romania": "1919-04-14",
    "Greece": "1923-03-01",
}
"""The first day by the Gregorian calendar in countries that left the Julian one after 1700."""
FIRST_YEAR = 1582
NEAR_YEARS = 60
"""A shelf about a country needs this module if it tells of the last years before the country's change."""
FEWEST_DATES = 5
_SAYS = re.compile(
    r"\b(?:Julian|Gregorian) (?:calendar|date|reckoning)|\b[Oo]ld[- ][Ss]tyle (?:calendar|date)|\((?:O|N)\. ?S\.\)"
)
FEWEST_SAYING = 2
"""How many articles must speak of the calendars, where there are several."""
_MONTH = "|".join(f"{month}|{month[:3]}\\." for month in MONTHS) + "|Sept\\."
_DATE = re.compile(
    rf"(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})"
    rf"|(?P<month2>{_MONTH})\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?)(?![\d:])(?:,?\s+(?P<year>1[5-9]\d\d|20\d\d))?",
    re.IGNORECASE,
)
_NUMERIC = re.compile(r"(?<![\d-])(?P<year>1[5-9]\d\d|20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?![\d-])")
_MONTH_NAME = re.compile(rf"\b(?:{'|'.join(month[:3] for month in MONTHS)})[a-z]*")
_REACH = 12
"""Characters beside a month's name in which its day stands."""
_YEAR = re.compile(r"(?<![\d,.])(1[5-9]\d\d|20\d\d)(?![\d,])")


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A day and month in a text, and the year where it stands beside them (0 where it does not)."""

    start: int
    end: int
    day: int
    month: int
    year: int

    def __str__(self) -> str:
        return f"{self.day} {MONTHS[self.month - 1]}"


def find_dates(text: str) -> list[FoundDate]:
    """Return the dates of an English text, in order: "25 October", "October 25th, 1917", "25th of Oct.", "1917-10-25".

    A numeric date is read as year, month, day: other orders cannot be told apart.
    """
    found = []
    for match in _DATE.finditer(text):
        name = (match["month"] or match["month2"])[:3].title()
        month = next(at for at, known in enumerate(MONTHS, start=1) if known.startswith(name))
        day = int(match["day"] or match["day2"])
        if 1 <= day <= 31:
            found.append(FoundDate(match.start(), match.end(), day, month, int(match["year"] or 0)))
    for match in _NUMERIC.finditer(text):
        day, month = int(match["day"]), int(match["month"])
        if 1 <= day <= 31 and 1 <= month <= len(MONTHS):
            found.append(FoundDate(match.start(), match.end(), day, month, int(match["year"])))
    return sorted(found, key=lambda date: date.start)


def to_gregorian(year: int, month: int, day: int) -> datetime.date:
    """Return the Gregorian date of a Julian one."""
    shifted, place = divmod(14 - month, 12)
    place = 11 - place
    years = year + 4800 - shifted
    number = day + (153 * place + 2) // 5 + 365 * years + years // 4 - 32083
    return datetime.date.fromordinal(number - 1721425)


def to_julian(date: datetime.date) -> tuple[int, int, int]:
    """Return year, month and day in the Julian calendar of a Gregorian date."""
    number = date.toordinal() + 1721425 + 32082
    years = (4 * number + 3) // 1461
    rest = number - 1461 * years // 4
    place = (5 * rest + 2) // 153
    return years - 4800 + place // 10, place + 3 - 12 * (place // 10), rest - (153 * place + 2) // 5 + 1


class Calendars:
    """What a shelf does with dates: until when it may use the old style, and which year it mostly tells of."""

    def __init__(self, adopted: datetime.date, year: int, days: Iterable[tuple[int, int]] = ()) -> None:
        """Take dates before `adopted` for either calendar; `year` is that of a date without one; `days` the shelf's."""
        self.adopted = adopted
        self.year = year
        self._days = frozenset(days)

    @classmethod
    def of(cls, texts: Sequence[str], setting: str = "auto") -> Calendars | None:
        """Return the calendars of a shelf, or None where it needs none of this.

        `setting` is "off", the first Gregorian day as `YYYY-MM-DD`, or "auto": on where most articles name a country
        that changed late and the shelf's commonest year is one of the last before, or where an article speaks of the
        calendars itself.

        Raises:
            ConfigError: the setting is none of these.
        """
        if setting == "off":
            return None
        counts = Counter(int(year) for text in texts for year in _YEAR.findall(text))
        year = counts.most_common(1)[0][0] if counts else 0
        if setting != "auto":
            try:
                adopted = datetime.date.fromisoformat(setting)
            except ValueError as error:
                raise ConfigError(f"calendar cannot be {setting!r}; give auto, off, or a day as YYYY-MM-DD.") from error
        else:
            adopted = max(_adopted(texts, year), default=datetime.date.min)
            if adopted == datetime.date.min:
                return None
        days = [day for text in texts for day in _days(text)]
        if setting == "auto" and len(days) < FEWEST_DATES:
            return None
        return cls(adopted, year or adopted.year, days)

    def others(self, date: FoundDate) -> list[FoundDate]:
        """Return the same day in the other calendar, read either way: new style first, then old style."""
        year = date.year or self.year
        try:
            as_gregorian = datetime.date(year, date.month, date.day)
        except ValueError:
            return []
        if year <= FIRST_YEAR or as_gregorian >= self.adopted + datetime.timedelta(days=31):
            return []
        julian_year, month, day = to_julian(as_gregorian)
        new = to_gregorian(year, date.month, date.day)
        return [
            FoundDate(date.start, date.end, day, month, julian_year if date.year else 0),
            FoundDate(date.start, date.end, new.day, new.month, new.year if date.year else 0),
        ]

    def may_coincide(self, month: str, other: str) -> bool:
        """Whether a day of one month can be a day of the other by the other calendar; without a year, in the shelf's.

        The calendars are less than a month apart, so only neighbouring months can, while both were in use.
        """
        apart = (MONTHS.index(month) - MONTHS.index(other)) % len(MONTHS)
        return apart in (1, len(MONTHS) - 1) and FIRST_YEAR < self.year <= self.adopted.year

    def expand(self, question: str) -> str:
        """Return the question with each date that the shelf gives otherwise followed by that other date."""
        expanded, dates = question, find_dates(question)
        asked = {(date.month, date.day) for date in dates}
        for date in reversed(dates):
            others = self.others(date)
            if any((other.month, other.day) in asked for other in others):
                continue
            known = [other for other in others if (other.month, other.day) in self._days]
            if known:
                said = " or ".join(map(str, known))
                expanded = f"{expanded[: date.end]} ({said} in the other calendar){expanded[date.end :]}"
        return expanded

    def note(self, question: str, quote: str) -> str:
        """Return a sentence on which calendar a quote's date is in, where the question has the other; else nothing."""
        cited = {(date.month, date.day): date for date in find_dates(quote)}
        for date in find_dates(question):
            if (date.month, date.day) in cited:
                continue
            for other, asked_in in zip(self.others(date), ("new", "old"), strict=False):
                if (other.month, other.day) in cited:
                    quoted_in = "old" if asked_in == "new" else "new"
                    return f"{other} by the {quoted_in} calendar is {date} by the {asked_in} one."
        return ""


def _adopted(texts: Sequence[str], year: int) -> list[datetime.date]:
    """Return the days of change of the countries that the shelf is about, if its year is one of the last before."""
    found = []
    for country, day in ADOPTED.items():
        adopted = datetime.date.fromisoformat(day)
        # The year first: most shelves tell of other times, and need not be read.
        if 0 <= adopted.year - year <= NEAR_YEARS and sum(_names(country, text) for text in texts) > len(texts) / 2:
            found.append(adopted)
    if not found and FIRST_YEAR < year < 1924:
        saying = sum(_SAYS.search(text) is not None for text in texts)
        if saying >= min(FEWEST_SAYING, len(texts)) > 0:
            found.append(datetime.date(1924, 1, 1))
    return found


def _names(country: str, text: str) -> bool:
    return re.search(rf"\b{country}", text) is not None


def _days(text: str) -> set[tuple[int, int]]:
    """The months and days that a text gives; looked for around the months' names alone, which is much faster."""
    around = (text[max(match.start() - _REACH, 0) : match.end() + _REACH] for match in _MONTH_NAME.finditer(text))
    return {(date.month, date.day) for piece in around for date in find_dates(piece)}
