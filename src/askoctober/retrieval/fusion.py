"""Scores of several rankers to one score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from askoctober.types import FloatArray


def min_max(scores: FloatArray) -> FloatArray:
    """Return the scores stretched to [0, 1]; all ones where they are all the same."""
    if not len(scores):
        return scores
    low, high = scores.min(), scores.max()
    if high - low < 1e-9:
        return np.ones_like(scores)
    return np.asarray((scores - low) / (high - low), np.float32)


def fuse(signals: Mapping[str, FloatArray], weights: Mapping[str, float]) -> FloatArray:
    """Return the weighted mean of the min-max-normalised signals, in [0, 1] (CombSUM, Fox and Shaw 1994).

    Every signal holds one score for each candidate, in the same order. A signal without a weight does not count.
    """
    total = sum(weights[name] for name in signals) or 1.0
    return np.asarray(sum(weights[name] * min_max(scores) for name, scores in signals.items()) / total, np.float32)


def max_sim(query: FloatArray, tokens: FloatArray) -> float:
    """Return the mean over the query's tokens of the cosine of the nearest token (MaxSim, Khattab and Zaharia 2020).

    Both are unit vectors, shapes (query tokens, d) and (tokens, d).
    """
    if not len(query) or not len(tokens):
        return 0.0
    return float((query @ tokens.T).max(axis=1).mean())
