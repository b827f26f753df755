"""Where sources give different figures or times for the same thing: both are cited, and the answer says so.

A question for a number, a month or a year, and two sentences from different places that are near the question and one
another, are about what it asks, and give values of that kind that cannot both be right. To say wrongly that sources
differ is worse than to miss that they do, so every doubt counts against it: rounded numbers, bounds ("over 90,000",
"by May"), sentences about several times, and one day in two calendars are no disagreement. Two places may stand in one
article, which often quotes one authority here and another there; never in one piece of evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from askoctober.answering.amounts import LINKING, agree, amounts, may_differ
from askoctober.answering.facts import fold
from askoctober.calendars import MONTHS, Calendars, find_dates
from askoctober.types import Evidence, FloatArray

DIFFER = "The sources do not agree on this."
"""What an answer says of two such sentences, with the marks of both."""
CALENDARS = "The sources name different months; part of the difference may be that they use two calendars."
"""The same, where both may mean one day."""
RELEVANT = 0.55
"""Both sentences have at least this share of the best sentence's relevance."""
ABOUT_AMOUNT = 0.5
"""For a number each sentence, with what it points back to, holds this share of the question's words and months."""
ABOUT_TIME = 0.6
"""For a time more of them: that other things happened to the same people at other times is the rule."""
ALIKE_AMOUNT = 0.55
"""Cosine of the two sentences, from which they may count the same thing."""
ALIKE_TIME = 0.65
"""Cosine of the two, from which they may tell of the same event."""
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|large|big|long|far|high|strong)\b|"
    r"\bwhat (?:share|percentage|per cent|percent|proportion|number|size|length|height|distance|population|strength)\b|"
    r"\b(?:number of|total (?:strength|number|size))\b",
    re.IGNORECASE,
)
_ASKS_TIME = re.compile(r"^\W*when\b|\b(?:which|what) (?P<unit>month|date|year)\b", re.IGNORECASE)
_YEAR = re.compile(r"(?<![\d,.])(?:1\d|20)\d\d(?![\d,])")
_WORD = re.compile(r"[^\W\d_]{3,}")
_BOUND = re.compile(
    r"\b(?:by|until|till|since|before|after|from|between|towards?|up to)\s(?:\w+\s(?:of\s)?){0,3}$", re.I
)
_ASKING = frozenset("how many much large big what which when month date year did does his her its their".split())
_POINTING = frozenset("this that these those it its they their he his she her".split())
_OPENING = 6
_STEM = 5
_CONTEXT = 300
"""Characters before a sentence that may name what it counts."""


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence of the evidence: its number through all pieces, its text, and the text that leads up to it."""

    at: int
    evidence: Evidence
    text: str
    before: str


def find_disagreement(
    question: str,
    evidence: Sequence[Evidence],
    relevance: FloatArray,
    vectors: FloatArray | None = None,
    calendars: Calendars | None = None,
) -> tuple[int, int] | None:
    """Return the numbers of two sentences of the evidence that answer a question differently, or None.

    `relevance` has shape (sentences,), in the order of the evidence; see `evidence.Selection`. `vectors` are the unit
    vectors of the sentences, shape (sentences, dimension); without them times are not compared, for words alone do not
    tell one event from another. With the shelf's `calendars` two dates that are one day are no disagreement.
    """
    for_amount = _ASKS_NUMBER.search(question)
    for_time = None if for_amount or vectors is None else _ASKS_TIME.search(question)
    if not (for_amount or for_time) or not len(relevance):
        return None
    wanted = stems(question) | _months(question)
    share, alike = (ABOUT_AMOUNT, ALIKE_AMOUNT) if for_amount else (ABOUT_TIME, ALIKE_TIME)
    places = [
        place
        for place in _places(evidence)
        if relevance[place.at] >= RELEVANT * relevance.max() and _is_about(question, wanted, share, place)
    ]
    places.sort(key=lambda place: -relevance[place.at])
    for number, first in enumerate(places):
        for second in places[number + 1 :]:
            if first.evidence.mark == second.evidence.mark:
                continue
            if vectors is not None and vectors[first.at] @ vectors[second.at] < alike:
                continue
            if for_amount and _amounts_differ(question, first.text, second.text, wanted):
                return first.at, second.at
            if for_time and _times_differ(for_time["unit"], first.text, second.text, calendars):
                return first.at, second.at
    return None


def needs_calendars(question: str) -> bool:
    """Whether a question has to do with dates, so that the shelf's calendars matter."""
    return _ASKS_TIME.search(question) is not None or bool(find_dates(question))


def wording(first: str, second: str, calendars: Calendars | None = None) -> str:
    """Return what an answer says of two sentences that differ: by calendars, where these can be why."""
    ours, theirs = _months(first), _months(second)
    if calendars and len(ours) == len(theirs) == 1 and calendars.may_coincide(*ours, *theirs):
        return CALENDARS
    return DIFFER


def stems(text: str) -> frozenset[str]:
    """The first letters of a text's words, without months and the words that only link or ask."""
    words = {fold(word) for word in _WORD.findall(text)}
    skipped = LINKING | _ASKING | {month.casefold() for month in MONTHS}
    return frozenset(word[:_STEM] for word in words - skipped)


def _places(evidence: Sequence[Evidence]) -> Iterator[Place]:
    at = 0
    for piece in evidence:
        text = piece.article.text
        for span in piece.sentences:
            yield Place(at, piece, text[span.start : span.end], text[max(span.start - _CONTEXT, 0) : span.start])
            at += 1


def _is_about(question: str, wanted: frozenset[str], share: float, place: Place) -> bool:
    """Whether a sentence names every month, day and year of the question and holds enough of its words.

    What leads up to a sentence counts with it where it points back ("By May this had doubled"). A sentence without a
    year may be of the question's.
    """
    if not _months(question) <= _months(place.text):
        return False
    days = {(date.day, date.month) for date in find_dates(place.text)}
    if not {(date.day, date.month) for date in find_dates(question)} <= days:
        return False
    years = set(_YEAR.findall(place.text))
    if years and not set(_YEAR.findall(question)) <= years:
        return False
    points_back = not _POINTING.isdisjoint(fold(word) for word in place.text.split()[:_OPENING])
    said = stems(f"{place.before} {place.text}" if points_back else place.text) | _months(place.text)
    return len(wanted & said) >= share * len(wanted) > 0


def _amounts_differ(question: str, first: str, second: str, wanted: frozenset[str]) -> bool:
    """Whether each gives an amount of what the question counts that the other contradicts, and none that it shares."""
    if not _months(question) and _months(first) != _months(second):
        return False
    ours, theirs = amounts(first, wanted, _STEM), amounts(second, wanted, _STEM)
    pairs = [(one, other) for one in ours for other in theirs]
    return any(may_differ(*pair) for pair in pairs) and not any(agree(*pair) for pair in pairs)


def _times_differ(unit: str | None, first: str, second: str, calendars: Calendars | None) -> bool:
    """Whether each names one month (one year, where the question asks for that), not as a bound, and not the same.

    Where years stand beside the months, they agree: the same thing in another year is another thing.
    """
    years = set(_YEAR.findall(first)), set(_YEAR.findall(second))
    if (unit or "").casefold() == "year":
        return len(years[0]) == len(years[1]) == 1 and years[0] != years[1] and not (_bounds(first) or _bounds(second))
    months = _months(first), _months(second)
    if not len(months[0]) == len(months[1]) == 1 or months[0] == months[1]:
        return False
    if _bounds(first) or _bounds(second) or (years[0] and years[1] and years[0].isdisjoint(years[1])):
        return False
    return not (calendars and calendars.note(first, second))


def _bounds(text: str) -> bool:
    """Whether a month or year of a text says until, since or before when ("by May", "after the end of May")."""
    named = re.finditer(rf"\b(?:{'|'.join(MONTHS)})\b|{_YEAR.pattern}", text)
    return any(_BOUND.search(text[: match.start()]) for match in named)


def _months(text: str) -> frozenset[str]:
    return frozenset(month for month in MONTHS if re.search(rf"\b{month}\b", text))
