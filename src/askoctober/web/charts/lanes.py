"""How dated sentences lie on a strip plot: in which lane, how much of the time is shown, and what stands above what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from askoctober.types import Article
from askoctober.web.charts.dating import DatedSentence

MOST_LANES = 12
WITHIN = 0.9
"""The share of the dates that is shown at first, where showing all would press most of them together."""
MOST_LEVELS = 24
"""Points above these stand on each other; a lane is only so high."""
EMPTY = (date(2000, 1, 1), date(2001, 1, 1))
LEAST_ROOM = 10
"""Days beside the first and the last date."""


def divide(sentences: Sequence[DatedSentence]) -> list[tuple[str, Article, list[DatedSentence]]]:
    """Return the lanes in order of path: article id, article and sentences; the last one may be all others, id ""."""
    by_article: dict[str, list[DatedSentence]] = defaultdict(list)
    for one in sentences:
        by_article[one.article.id].append(one)
    ranked = sorted(by_article, key=lambda name: (-len(by_article[name]), name))
    kept = set(ranked if len(ranked) <= MOST_LANES else ranked[: MOST_LANES - 1])
    lanes = [(name, members[0].article, members) for name, members in by_article.items() if name in kept]
    lanes.sort(key=lambda lane: lane[1].path)
    rest = [one for one in sentences if one.article.id not in kept]
    return [*lanes, ("", rest[0].article, rest)] if rest else lanes


def middle(sentence: DatedSentence) -> date:
    """Return the day in the middle of what a sentence dates."""
    return sentence.when + timedelta(days={"day": 0, "month": 14, "year": 182}[sentence.precision])


def window(sentences: Sequence[DatedSentence]) -> tuple[date, date]:
    """Return the shortest span that holds most of the dates, or all if that is not much longer; with some room."""
    finer = [one for one in sentences if one.precision != "year"]
    days = sorted(middle(one) for one in (finer if 2 * len(finer) >= len(sentences) else sentences))
    if not days:
        return EMPTY
    count = max(round(WITHIN * len(days)), 1)
    start = min(range(len(days) - count + 1), key=lambda at: days[at + count - 1] - days[at])
    low, high = days[start], days[start + count - 1]
    if (days[-1] - days[0]) <= 2 * (high - low):
        low, high = days[0], days[-1]
    room = timedelta(days=max(round((high - low).days * 0.04), LEAST_ROOM))
    return max(low, date.min + room) - room, min(high, date.max - room) + room


def stack(days: Sequence[date], radius: float) -> list[int]:
    """Return for each day, in any order, the level nearest to 0 where none is within `radius` days: 0, 1, -1, ..."""
    last: dict[int, int] = {}
    levels = [0] * len(days)
    for at in sorted(range(len(days)), key=lambda place: days[place]):
        number, tried = days[at].toordinal(), 0
        while tried < MOST_LEVELS and number - last.get(_level(tried), -1_000_000) < radius:
            tried += 1
        levels[at] = _level(tried)
        last[levels[at]] = number
    return levels


def _level(tried: int) -> int:
    return (tried + 1) // 2 * (1 if tried % 2 else -1)
