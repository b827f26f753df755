"""Whether to answer at all: a decision taken before a word is written.

A logistic model of two signals: the model's own yes or no to "do the excerpts contain the answer", asked on the
prompt that it is about to answer (so that it costs only a few tokens), and how near the best sentence of the evidence
is to the question. Both are free of any shelf's vocabulary. Fitted on labelled questions by
`benchmarks/fit_decision.py`, which prints the constants below with their cross-validated figures.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

INTERCEPT = -1.204
YES_WEIGHT = 1.959
COSINE_WEIGHT = 3.722
THRESHOLD = 0.6
"""Declines three in a hundred questions that the articles answer; docs/measurements.md has the trade-off."""

WORDS = ((0.95, "almost surely"), (0.85, "very probably"), (0.7, "probably"), (0.0, "perhaps"))
"""Adverbs for the least probability that each stands for."""

DISCLAIMED = 0.5
"""The confidence is at most this where the model's draft begins by saying that the excerpts do not answer."""
_SAYS = "mention|state|say|provide|specif|contain|give|indicate|include|answer|discuss|name|tell"
_DISCLAIMER = re.compile(
    rf"\b(?:excerpts?|passages?|articles?|texts?|sources?)\b[^.]*(?:\bnot?\b|n['’]t\b)[^.]*\b(?:{_SAYS})"
    rf"|\bnot\b[^.]*\b(?:{_SAYS})\w*\b[^.]*\bin the (?:given |provided )?(?:excerpts?|passages?|texts?|sources?)\b"
    r"|\bno (?:information|mention|answer)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Signals:
    """What the decision is taken from: both in [0, 1]."""

    yes: float
    cosine: float


def confidence(signals: Signals) -> float:
    """Return the estimated probability that the evidence answers the question, in (0, 1)."""
    yes = min(max(signals.yes, 1e-4), 1 - 1e-4)
    z = INTERCEPT + YES_WEIGHT * math.log(yes / (1 - yes)) + COSINE_WEIGHT * signals.cosine
    return 1 / (1 + math.exp(-z))


def in_words(probability: float) -> str:
    """Return how sure it is that the articles answer the question, as an adverb for readers."""
    return next(word for least, word in WORDS if probability >= least)


def disclaims(sentence: str) -> bool:
    """Whether a sentence of a draft says that the excerpts do not answer, instead of answering."""
    return _DISCLAIMER.search(sentence) is not None


def answers(probability: float) -> bool:
    """Whether a question of this confidence is answered rather than declined."""
    return probability >= THRESHOLD
