"""How sure a figure is: bootstrap intervals over questions, and paired tests of two systems on the same questions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000
SEED = 0
LEVEL = 0.95
BLOCK = 1_000_000
"""How many questions are drawn at once."""

Values: TypeAlias = NDArray[np.float64]
Statistic: TypeAlias = Callable[[Values], float]
"""From rows, shape (questions, columns), to one number."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval and the number of questions it rests on."""

    value: float
    low: float
    high: float
    n: int

    def to_dict(self) -> dict[str, float]:
        """Return the JSON object of a figure."""
        return {"value": _round(self.value), "low": _round(self.low), "high": _round(self.high), "n": self.n}


def mean(rows: Values) -> float:
    """The mean of the only column."""
    return float(rows.mean())


def median(rows: Values) -> float:
    """The median of the only column."""
    return float(np.median(rows))


def estimate(rows: Sequence[float] | Values, statistic: Statistic = mean) -> Estimate | None:
    """Return a statistic of the questions with its percentile bootstrap interval (Efron 1979); None of no questions.

    `rows` has shape (questions,) or (questions, columns). Questions are drawn with replacement, always with the same
    seed. Draws on which the statistic does not exist (one class only) are left out.
    """
    table = np.asarray(rows, np.float64)
    if not len(table):
        return None
    table = table.reshape(len(table), -1)
    value = statistic(table)
    if math.isnan(value):
        return None
    low, high = _percentiles(np.concatenate([_of_each(table[draws], statistic) for draws in _draws(len(table))]))
    return Estimate(value, low, high, len(table))


def mcnemar(before: Sequence[bool], after: Sequence[bool]) -> float:
    """Return the p-value of the exact two-sided McNemar test (McNemar 1947) of paired right-or-wrong results.

    Only the questions on which the two differ count: under the null hypothesis each is a toss of a fair coin.
    """
    lost = sum(b and not a for b, a in zip(before, after, strict=True))
    won = sum(a and not b for b, a in zip(before, after, strict=True))
    n, fewer = lost + won, min(lost, won)
    return min(1.0, float(2 * sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n))


def paired_bootstrap(before: Sequence[float], after: Sequence[float]) -> tuple[Estimate, float]:
    """Return the mean difference after - before with its interval, and a two-sided p-value (Efron and Tibshirani 1993).

    The p-value is twice the share of bootstrap means on the other side of zero, the smaller one, at most 1; a share of
    none counts as one draw, since a sample of draws proves no more.
    """
    difference = np.asarray(after, np.float64) - np.asarray(before, np.float64)
    found = estimate(difference)
    if found is None:
        raise ValueError("there is no pair")
    if not difference.any():
        return found, 1.0
    means = np.concatenate([difference[draws].mean(axis=1) for draws in _draws(len(difference))])
    tail = min(float((means <= 0).mean()), float((means >= 0).mean()))
    return found, min(1.0, 2 * max(tail, 1 / DRAWS))


def _draws(n: int) -> Iterator[NDArray[np.int64]]:
    """Yield the samples of n questions in blocks of shape (draws, n) that fit in memory, the same ones each time."""
    random = np.random.default_rng(SEED)
    block = max(1, BLOCK // n)
    for start in range(0, DRAWS, block):
        yield random.integers(0, n, (min(block, DRAWS - start), n))


def _of_each(samples: Values, statistic: Statistic) -> Values:
    """The statistic of each sample; shape (draws, questions, columns) to (draws,)."""
    if samples.shape[2] == 1 and statistic in (mean, median):
        found = samples.mean(axis=(1, 2)) if statistic is mean else np.median(samples, axis=(1, 2))
        return np.asarray(found, np.float64)
    return np.array([statistic(sample) for sample in samples], np.float64)


def _percentiles(found: Values) -> tuple[float, float]:
    found = found[~np.isnan(found)]
    if not len(found):
        return math.nan, math.nan
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _round(value: float) -> float:
    return round(value, 4)
