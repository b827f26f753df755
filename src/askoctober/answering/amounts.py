"""The amounts that a sentence gives, in digits or words, with how exactly it gives them.

"40,000", "some 40,000" and "forty thousand" are one amount; "over 40,000" is a bound that 45,000 agrees with.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from typing import Literal, TypeAlias

from askoctober.answering.facts import fold, numbers
from askoctober.calendars import MONTHS

ROUNDING = 1.05
"""Numbers that are no further apart are one number, rounded."""
ROUGH = 1.15
"""The same where a source says that its number is a rough one."""
LARGEST_RATIO = 2.0
"""Numbers further apart are taken to count different things."""
SMALLEST = 10.0
"""Smaller numbers stand for too much else: places in a list, notes, days."""
Exactness: TypeAlias = Literal["", "about", "over", "under"]
_NUMBER = re.compile(
    r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?:\s?(%|per ?cent|hundred|thousand|million|billion))?"
    r"([^\w\n]*)(\w*)"
)
_SPELT = re.compile(r"\b([a-z]+(?:-[a-z]+)?)[ -](hundred|thousand|million|billion)\b", re.IGNORECASE)
_PART = re.compile(r"\b(?:a )?(quarter of|half|third of) an? (thousand|million|billion)\b", re.IGNORECASE)
_PARTS = {"quarter of": 0.25, "half": 0.5, "third of": 1 / 3}
_SCALE = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_YEAR = re.compile(r"(?:1\d|20)\d\d")
_MONTH = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b")
_EXACTNESS: dict[Exactness, re.Pattern[str]] = {
    "about": re.compile(
        r"\b(?:about|around|some|roughly|approximately|nearly|almost|perhaps|circa|estimated at)\s$", re.I
    ),
    "over": re.compile(
        r"\b(?:over|(?<!no )(?<!not )more than|not? (?:less|fewer) than|at least|above|upwards of)\s$", re.I
    ),
    "under": re.compile(
        r"\b(?:under|(?<!no )(?<!not )(?:less|fewer) than|not? more than|at most|below|up to)\s$", re.I
    ),
}
LINKING = frozenset("a an the of in by to at on and or for from with as were was had have has is are who that".split())
"""Words that no amount counts: what they stand before is not a noun."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit ("%" or none)."""

    value: float
    unit: str = ""
    exactness: Exactness = ""


def amounts(text: str, counted: Set[str], stem: int) -> set[Amount]:
    """Return the amounts of a text that stand before a word of `counted` (first `stem` letters), or before no noun.

    Years, days of a month and numbers below `SMALLEST` are left out.
    """
    text = _in_digits(text)
    found = set()
    for match in _NUMBER.finditer(text):
        digits, unit, between, follows = match.groups()
        value = float(digits.replace(",", "")) * _SCALE.get((unit or "").casefold(), 1.0)
        is_year = not unit and "," not in digits and _YEAR.fullmatch(digits)
        is_day = value <= 31 and _MONTH.search(text[max(match.start() - 15, 0) : match.end() + 12])
        if value < SMALLEST or is_year or is_day:
            continue
        word = fold(follows)
        if between.strip() or not word or word in LINKING or word[:stem] in counted:
            said = _exactness(text[: match.start()])
            found.add(Amount(value, "" if (unit or "").casefold() in {"", *_SCALE} else "%", said))
    return found


def agree(one: Amount, other: Amount) -> bool:
    """Whether two amounts can be the same: rounded, rough, or the one within the other's bound."""
    if one.unit != other.unit:
        return False
    small, large = sorted((one, other), key=lambda amount: amount.value)
    if small.exactness == "over" or large.exactness == "under":
        return True
    rough = "about" in (one.exactness, other.exactness)
    return large.value / small.value <= (ROUGH if rough else ROUNDING)


def may_differ(one: Amount, other: Amount) -> bool:
    """Whether two amounts cannot be the same and are still of one size, so that they may count the same thing."""
    ratio = max(one.value, other.value) / min(one.value, other.value)
    return one.unit == other.unit and not agree(one, other) and ratio <= LARGEST_RATIO


def _exactness(before: str) -> Exactness:
    """How exact a number is, by the words before it."""
    for name, words in _EXACTNESS.items():
        if words.search(before):
            return name
    return ""


def _in_digits(text: str) -> str:
    """Return a text in which "twenty thousand" is "20 thousand" and "half a million" "500000"."""
    text = _PART.sub(lambda match: f"{_PARTS[match[1].casefold()] * _SCALE[match[2].casefold()]:.0f}", text)
    return _SPELT.sub(_spelt, text)


def _spelt(match: re.Match[str]) -> str:
    word = "one" if match[1].casefold() in ("a", "one") else match[1]
    found = numbers(word, loose=True)
    return f"{found.pop()} {match[2]}" if len(found) == 1 else match[0]
