"""Where sources give different figures for the same thing: both are cited, and the answer says that they differ.

Only what can be told from the words: a question for a number, and two sentences from different places that are near the
question, name its months and years, and give numbers of the same size but not the same. To say wrongly that sources
differ is worse than to miss that they do, so every doubt counts against it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from askoctober.answering.facts import fold
from askoctober.calendars import MONTHS
from askoctober.types import Evidence, FloatArray

DIFFER = "The sources do not agree on this."
"""What an answer says of two such sentences, with the marks of both."""
RELEVANT = 0.55
"""Both sentences have at least this share of the best sentence's relevance."""
ROUNDING = 1.05
LARGEST_RATIO = 2.0
"""Numbers further apart are taken to count different things."""
SMALLEST = 10.0
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|large|big|long|far|high|strong)\b|"
    r"\bwhat (?:share|percentage|per cent|percent|proportion|number|size|length|height|distance|population|strength)\b|"
    r"\bnumber of\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?:\s?(%|per ?cent|million|thousand))?([^\w\n]*)(\w*)"
)
_YEAR = re.compile(r"(?<![\d,.])(?:1\d|20)\d\d(?![\d,])")
_WORD = re.compile(r"[^\W\d_]{3,}")
_SCALE = {"million": 1e6, "thousand": 1e3}
_LINKING = frozenset("a an the of in by to at on and or for from with as were was had have has is are who that".split())
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


def find_disagreement(question: str, evidence: Sequence[Evidence], relevance: FloatArray) -> tuple[int, int] | None:
    """Return the numbers of two sentences of the evidence that answer a question for a number differently, or None.

    `relevance` has shape (sentences,), in the order of the evidence; see `evidence.Selection`.
    """
    if not _ASKS_NUMBER.search(question) or not len(relevance):
        return None
    wanted = _stems(question)
    places = [
        place
        for place in _places(evidence)
        if relevance[place.at] >= RELEVANT * relevance.max() and _is_about(question, wanted, place)
    ]
    places.sort(key=lambda place: -relevance[place.at])
    for number, first in enumerate(places):
        for second in places[number + 1 :]:
            if (
                first.evidence.mark != second.evidence.mark
                and _same_time(first.text, second.text, question)
                and _differ(first.text, second.text, wanted)
            ):
                return first.at, second.at
    return None


def _places(evidence: Sequence[Evidence]) -> list[Place]:
    places: list[Place] = []
    for piece in evidence:
        for span in piece.sentences:
            text = piece.article.text
            before = text[max(span.start - _CONTEXT, 0) : span.start]
            places.append(Place(len(places), piece, text[span.start : span.end], before))
    return places


def _is_about(question: str, wanted: frozenset[str], place: Place) -> bool:
    """Whether a sentence names every month and year of the question and holds half of its words.

    What leads up to a sentence counts with it where it points back ("By May this had doubled").
    """
    if not _months(question) <= _months(place.text):
        return False
    years = set(_YEAR.findall(place.text))
    if years and not set(_YEAR.findall(question)) <= years:
        return False
    points_back = not _POINTING.isdisjoint(fold(word) for word in place.text.split()[:_OPENING])
    said = _stems(f"{place.before} {place.text}" if points_back else place.text)
    return 2 * len(wanted & said) >= len(wanted) > 0


def _same_time(first: str, second: str, question: str) -> bool:
    """Whether two sentences name the same months, or each those that the question names and more."""
    return bool(_months(question)) or _months(first) == _months(second)


def _differ(first: str, second: str, wanted: frozenset[str]) -> bool:
    """Whether each gives one number that the other lacks, of one size, for what the question counts."""
    ours, theirs = _counts(first, wanted), _counts(second, wanted)
    return any(
        unit == other_unit and ROUNDING < max(value, other) / min(value, other) <= LARGEST_RATIO
        for value, unit in ours - theirs
        for other, other_unit in theirs - ours
    ) and not any(
        unit == other_unit and max(value, other) / min(value, other) <= ROUNDING
        for value, unit in ours
        for other, other_unit in theirs
    )


def _counts(text: str, wanted: frozenset[str]) -> set[tuple[float, str]]:
    """Return the numbers of a sentence that stand before a word of the question or before none, as (value, unit)."""
    found = set()
    for match in _NUMBER.finditer(text):
        digits, unit, between, follows = match.groups()
        value = float(digits.replace(",", "")) * _SCALE.get(unit or "", 1.0)
        is_year = "," not in digits and _YEAR.fullmatch(digits)
        is_day = _months(text[max(match.start() - 15, 0) : match.end() + 12]) and value <= 31
        if value < SMALLEST or is_year or is_day:
            continue
        counted = fold(follows)
        ends = between.strip() != "" or not counted or counted in _LINKING
        if ends or counted[:_STEM] in wanted:
            found.add((value, "%" if unit in ("%", "percent", "per cent") else ""))
    return found


def _stems(text: str) -> frozenset[str]:
    """The first letters of a text's words, without months and the words that only link or ask."""
    words = {fold(word) for word in _WORD.findall(text)}
    skipped = _LINKING | {month.casefold() for month in MONTHS} | {"how", "many", "much", "what", "did", "does", "have"}
    return frozenset(word[:_STEM] for word in words - skipped)


def _months(text: str) -> set[str]:
    return {month for month in MONTHS if re.search(rf"\b{month}\b", text)}
