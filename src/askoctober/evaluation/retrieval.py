"""Were the needed facts found? Places of gold quotes against places of passages, all in characters of the articles.

A passage covers a quote if it stands in the same article and holds at least half of the quote's characters. A needed
fact is covered if one of the quotes that state it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askoctober.evaluation.questions import Gold, Question
from askoctober.types import Message

CUTS = (1, 3, 5, 10)
DEPTH = 10
"""How many passages are looked at."""


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of an article; -1 to -1 is a quote that the article does not hold, which nothing covers."""

    path: str
    start: int
    end: int

    def covers(self, quote: Place) -> bool:
        """Whether at least half of a quote lies in this place."""
        shared = min(quote.end, self.end) - max(quote.start, self.start)
        return self.path == quote.path and shared > 0 and 2 * shared >= quote.end - quote.start


Fact = tuple[Place, ...]
"""A needed fact: the places of the quotes that state it."""


def needed_facts(question: Question, texts: Mapping[str, str]) -> list[Fact]:
    """Return the needed facts of a question; `texts` are the articles by path."""
    groups: dict[str, list[Place]] = {}
    for gold in question.gold:
        groups.setdefault(gold.group, []).append(find(gold, texts))
    return [tuple(places) for places in groups.values()]


def find(gold: Gold, texts: Mapping[str, str]) -> Place:
    """Return where a gold quote stands: at its given start, or where its words first occur, however they are spaced."""
    text = texts.get(gold.path, "")
    if gold.start >= 0 and text[gold.start : gold.start + len(gold.quote)] == gold.quote:
        return Place(gold.path, gold.start, gold.start + len(gold.quote))
    start = text.find(gold.quote)
    if start >= 0:
        return Place(gold.path, start, start + len(gold.quote))
    words = gold.quote.split()
    found = re.search(r"\s+".join(map(re.escape, words)), text) if words else None
    return Place(gold.path, *found.span()) if found else Place(gold.path, -1, -1)


def searched(question: str, history: Sequence[Message]) -> str:
    """Return what is searched for a question where no language model rewrites it: the earlier question in front."""
    asked = [turn["content"] for turn in history if turn["role"] == "user"]
    return " ".join([*asked[-1:], question])


def facts_found(places: Sequence[Place], facts: Sequence[Fact]) -> float:
    """Return needed facts found: the share of facts that one of the places covers (recall@k, for the first k places).

    Recall over facts rather than passages, as in evidence recall of multi-hop question answering (Yang et al. 2018):
    a fact that stands in several places counts once.
    """
    return sum(_covers(places, fact) for fact in facts) / len(facts)


def reciprocal_rank(places: Sequence[Place], facts: Sequence[Fact]) -> float:
    """Return 1 / rank of the first place that covers a needed fact, 0 if none does (MRR is its mean; Voorhees 1999)."""
    return next((1 / rank for rank, place in enumerate(places, 1) if _gain([place], facts)), 0.0)


def ndcg(places: Sequence[Place], facts: Sequence[Fact], depth: int = DEPTH) -> float:
    """Return the normalised discounted cumulative gain of the first places (Järvelin and Kekäläinen 2002), in [0, 1].

    A place gains one for each fact that no place before it covers, divided by log2(1 + rank). The ideal order has the
    same gains, the largest first, followed by one for each fact that was not found.
    """
    gains, left = [], list(facts)
    for place in places[:depth]:
        gains.append(_gain([place], left))
        left = [fact for fact in left if not _covers([place], fact)]
    ideal = sorted(gains + [1] * len(left), reverse=True)[:depth]
    return _discounted(gains) / _discounted(ideal)


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(1 + rank) for rank, gain in enumerate(gains, 1))


def _covers(places: Sequence[Place], fact: Fact) -> bool:
    return any(place.covers(quote) for place in places for quote in fact)


def _gain(places: Sequence[Place], facts: Sequence[Fact]) -> int:
    return sum(_covers(places, fact) for fact in facts)
