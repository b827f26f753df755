"""Is the confidence worth anything? Risk against coverage, separation, calibration.

`confidence` has shape (questions,), in [0, 1]; outcomes are 0 or 1 for each question.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from askoctober.evaluation.statistics import Values

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions of similar confidence: how many, their mean confidence, and the share that came true."""

    n: int
    confidence: float
    accuracy: float


def risk_coverage(confidence: Values, right: Values) -> tuple[Values, Values]:
    """Return coverage and risk when only the k most confident questions are answered, k = 1 to all.

    Risk is the share of those that are not right; coverage is k / questions (El-Yaniv and Wiener 2010). Questions of
    the same confidence come in no order: each counts as the average of its group. Where a question was declined, or
    cannot be answered, nothing right was said: it counts as wrong when it is covered.
    """
    order = np.argsort(-confidence, kind="stable")
    sure, wrong = confidence[order], 1.0 - right[order]
    _, group = np.unique(-sure, return_inverse=True)
    averaged = (np.bincount(group, weights=wrong) / np.bincount(group))[group]
    count = np.arange(1, len(sure) + 1)
    return count / len(sure), np.cumsum(averaged) / count


def area_under_risk_coverage(confidence: Values, right: Values) -> float:
    """Return the mean risk over all coverages, lower is better (AURC; Geifman and El-Yaniv 2017)."""
    return float(risk_coverage(confidence, right)[1].mean())


def auc(confidence: Values, positive: Values) -> float:
    """Return the probability that a positive has the higher confidence than a negative, ties counting half.

    Area under the ROC curve as the Mann-Whitney statistic (Hanley and McNeil 1982); nan where one class is empty.
    """
    yes = positive == 1
    n, m = int(yes.sum()), int((~yes).sum())
    if not n or not m:
        return math.nan
    _, place, count = np.unique(confidence, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]  # from 1; equal ones share their mean rank
    return float((ranks[yes].sum() - n * (n + 1) / 2) / (n * m))


def reliability(
    confidence: Values, true: Values, bins: int = BINS, by: Literal["width", "mass"] = "width"
) -> list[Bin]:
    """Return the filled bins of a reliability diagram (DeGroot and Fienberg 1983; Guo et al. 2017).

    By "width" the bins divide [0, 1] evenly; by "mass" each holds the same number of questions, give or take one.
    """
    if by == "width":
        numbers = np.minimum((confidence * bins).astype(int), bins - 1)
        members = [np.flatnonzero(numbers == number) for number in range(bins)]
    else:
        members = np.array_split(np.argsort(confidence, kind="stable"), bins)
    return [
        Bin(len(rows), float(confidence[rows].mean()), float(true[rows].mean())) for rows in members if len(rows) > 0
    ]


def calibration_error(
    confidence: Values, true: Values, bins: int = BINS, by: Literal["width", "mass"] = "width"
) -> float:
    """Return the expected calibration error: the mean over questions of |accuracy - confidence| of their bin.

    Source: Guo, Pleiss, Sun and Weinberger 2017, with bins of equal width; of equal mass: Nguyen and O'Connor 2015.
    """
    filled = reliability(confidence, true, bins, by)
    return sum(bin.n * abs(bin.accuracy - bin.confidence) for bin in filled) / len(confidence)
