"""Whether to answer at all: a decision taken before a word is written.

A logistic model of two signals: the model's own yes or no to "do the excerpts contain the answer", asked on the
prompt that it is about to answer (so that it costs only a few tokens), and how near the best sentence of the evidence
is to the question. Both are free of any shelf's vocabulary. Fitted on labelled questions by
`benchmarks/fit_decision.py`, which prints the constants below with their cross-validated figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

INTERCEPT = -1.204
YES_WEIGHT = 1.959
COSINE_WEIGHT = 3.722
THRESHOLD = 0.6
"""Declines three in a hundred questions that the articles answer; docs/measurements.md has the trade-off."""

WORDS = ((0.95, "almost surely"), (0.85, "very probably"), (0.7, "probably"), (0.0, "perhaps"))
"""Adverbs for the least probability that each stands for."""


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


def answers(probability: float) -> bool:
    """Whether a question of this confidence is answered rather than declined."""
    return probability >= THRESHOLD
