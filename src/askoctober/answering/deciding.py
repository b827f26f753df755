"""Whether to answer at all: a decision of its own, taken in two steps.

A logistic model of three signals that know no shelf's vocabulary: the model's own yes or no to "do the excerpts contain
the answer", asked on the prompt that it is about to answer (so that it costs only a few tokens); how near the best
sentence of the evidence is to the question; and how much of the draft's first sentence stands in the quotes that it is
checked against. Where even a sentence that stands there whole could not carry the decision, nothing is written.
Otherwise the first sentence decides. Fitted on labelled questions about two shelves by `benchmarks/fit_decision.py`,
which prints the constants below with their cross-validated figures.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

INTERCEPT = -3.152
YES_WEIGHT = 4.629
COSINE_WEIGHT = 5.071
COVER_WEIGHT = 1.744
THRESHOLD = 0.7
"""docs/quality.md has what other thresholds would decline."""
UNWRITTEN_COVER = 0.5
"""What a draft that was never written counts as in the confidence."""
WORDS = ((0.95, "almost surely"), (0.85, "very probably"), (0.7, "probably"), (0.0, "perhaps"))
"""Adverbs for the least probability that each stands for."""

DISCLAIMED = 0.5
"""The confidence is at most this where the model's draft begins by saying that the excerpts do not answer:
less than the threshold, so that it is declined."""
_SAYS = "mention|state|say|provide|specif|contain|give|indicate|include|answer|discuss|name|tell"
_SHOWN = r"(?:excerpts?|passages?|(?:given|provided) (?:text|articles?|sources?|information))"
_DISCLAIMER = re.compile(
    rf"\b{_SHOWN}(?! of)[^.]*(?:\bnot?\b|n['’]t\b)[^.]*\b(?:{_SAYS})"
    rf"|\bnot\b[^.]*\b(?:{_SAYS})\w*\b[^.]*\bin the (?:given |provided )?{_SHOWN}"
    rf"|\bno (?:information|mention|answer)\b[^.]*\b(?:given|provided|{_SHOWN})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Signals:
    """What the decision is taken from, all in [0, 1] but for the cosine.

    `cover` is the share of the first drafted sentence's words of weight that stand in its quotes, 0 where the check
    left nothing of it, and 1 while it is unwritten.
    """

    yes: float
    cosine: float
    cover: float = 1.0


def confidence(signals: Signals) -> float:
    """Return the estimated probability that the evidence answers the question, in (0, 1)."""
    yes = min(max(signals.yes, 1e-4), 1 - 1e-4)
    z = INTERCEPT + YES_WEIGHT * math.log(yes / (1 - yes))
    z += COSINE_WEIGHT * signals.cosine + COVER_WEIGHT * signals.cover
    return 1 / (1 + math.exp(-min(max(z, -30.0), 30.0)))


def in_words(probability: float) -> str:
    """Return how sure it is that the articles answer the question, as an adverb for readers."""
    return next(word for least, word in WORDS if probability >= least)


def disclaims(sentence: str) -> bool:
    """Whether a sentence of a draft says that the excerpts do not answer, instead of answering."""
    return _DISCLAIMER.search(sentence) is not None


def answers(probability: float) -> bool:
    """Whether a question of this confidence is answered rather than declined."""
    return probability >= THRESHOLD
