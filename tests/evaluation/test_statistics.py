import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.evaluation.statistics import estimate, mcnemar, mean, median, paired_bootstrap


def test_a_mean_lies_in_its_interval_and_the_interval_is_that_of_the_binomial() -> None:
    found = estimate([1.0] * 70 + [0.0] * 30)
    assert found is not None and (found.value, found.n) == (0.7, 100)
    # the normal approximation: 0.7 +- 1.96 * sqrt(0.7 * 0.3 / 100)
    assert found.low == pytest.approx(0.61, abs=0.015) and found.high == pytest.approx(0.79, abs=0.015)
    assert estimate([1.0] * 70 + [0.0] * 30) == found, "the same seed each time"


def test_a_median_and_a_figure_of_two_columns() -> None:
    found = estimate([3.0, 1.0, 100.0], median)
    assert found is not None and found.value == 3.0 and found.high == 100.0
    ratio = estimate(np.array([[1.0, 2.0], [1.0, 2.0]]), lambda rows: float(rows[:, 0].sum() / rows[:, 1].sum()))
    assert ratio is not None and (ratio.value, ratio.low, ratio.high) == (0.5, 0.5, 0.5)


def test_no_question_is_no_figure() -> None:
    assert estimate([]) is None
    assert estimate([1.0], lambda rows: math.nan) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_an_interval_holds_what_can_be_drawn(values: list[float]) -> None:
    found = estimate(values, mean)
    assert found is not None and min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


def test_mcnemar_is_the_binomial_of_what_changed() -> None:
    # 1 lost, 5 won: 2 * (C(6,0) + C(6,1)) / 2^6 = 14 / 64
    before = [True, False, False, False, False, False, True, False]
    after = [False, True, True, True, True, True, True, False]
    assert mcnemar(before, after) == 14 / 64
    assert mcnemar(before, before) == 1.0
    assert mcnemar([True], [False]) == 1.0


def test_paired_bootstrap_sees_a_steady_gain_and_no_gain() -> None:
    found, p = paired_bootstrap([0.1 * n for n in range(10)], [0.1 * n + 0.05 for n in range(10)])
    assert found.value == pytest.approx(0.05) and found.low > 0 and p == pytest.approx(2 / 2000)
    found, p = paired_bootstrap([0.0, 1.0], [0.0, 1.0])
    assert (found.value, p) == (0.0, 1.0)
    found, p = paired_bootstrap([0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0])
    assert found.value == 0.0 and p == 1.0
