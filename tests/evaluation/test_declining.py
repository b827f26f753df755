import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.evaluation.declining import (
    area_under_risk_coverage,
    auc,
    calibration_error,
    reliability,
    risk_coverage,
)

SURE = np.array([0.9, 0.8, 0.6, 0.2])
RIGHT = np.array([1.0, 0.0, 1.0, 0.0])


def test_risk_and_coverage_by_hand() -> None:
    coverage, risk = risk_coverage(SURE, RIGHT)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 2 / 4])
    assert area_under_risk_coverage(SURE, RIGHT) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_equal_confidence_has_no_order() -> None:
    same = np.full(4, 0.5)
    assert risk_coverage(same, RIGHT)[1].tolist() == pytest.approx([0.5] * 4)
    assert risk_coverage(same, RIGHT[::-1].copy())[1].tolist() == pytest.approx([0.5] * 4)


def test_auc_by_hand() -> None:
    # pairs (right, wrong): .9>.8, .9>.2, .6<.8, .6>.2
    assert auc(SURE, RIGHT) == 3 / 4
    assert auc(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == 0.5
    assert math.isnan(auc(SURE, np.ones(4)))


def test_calibration_error_by_hand() -> None:
    confidence, true = np.array([0.05, 0.15, 0.95, 0.95]), np.array([0.0, 1.0, 1.0, 0.0])
    # widths of 0.1: one bin each for .05 and .15, one of two for .95
    assert calibration_error(confidence, true) == pytest.approx((0.05 + 0.85 + 2 * 0.45) / 4)
    # two bins of two each: (.05, .15) and (.95, .95)
    assert calibration_error(confidence, true, bins=2, by="mass") == pytest.approx((2 * 0.4 + 2 * 0.45) / 4)


def test_reliability_keeps_to_its_bins() -> None:
    bins = reliability(np.array([0.0, 0.1, 1.0]), np.array([0.0, 0.0, 1.0]))
    assert [(bin.n, bin.confidence, bin.accuracy) for bin in bins] == [(1, 0.0, 0.0), (1, 0.1, 0.0), (1, 1.0, 1.0)]
    assert [bin.n for bin in reliability(np.linspace(0, 1, 25), np.ones(25), by="mass")] == [3] * 5 + [2] * 5


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_measures_are_shares(pairs: list[tuple[float, bool]]) -> None:
    confidence, right = np.array([c for c, _ in pairs]), np.array([float(r) for _, r in pairs])
    for by in ("width", "mass"):
        assert 0 <= calibration_error(confidence, right, by=by) <= 1  # type: ignore[arg-type]
        assert sum(bin.n for bin in reliability(confidence, right, by=by)) == len(pairs)  # type: ignore[arg-type]
    coverage, risk = risk_coverage(confidence, right)
    assert coverage[-1] == 1 and risk[-1] == pytest.approx(1 - right.mean())
    assert (risk >= 0).all() and (risk <= 1 + 1e-9).all()
