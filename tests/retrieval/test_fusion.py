import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.embedding import unit
from askoctober.retrieval.fusion import fuse, max_sim, min_max

SCORES = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=12)


def array(values) -> np.ndarray:
    return np.array(values, np.float32)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([], []), ([3], [1]), ([2, 2, 2], [1, 1, 1]), ([1, 3, 2], [0, 1, 0.5]), ([-4, 0, -1], [0, 1, 0.75])],
)
def test_min_max_known_values(scores, expected):
    assert min_max(array(scores)).tolist() == expected


@given(SCORES)
def test_min_max_keeps_order_within_zero_and_one(scores):
    stretched = min_max(array(scores))
    assert ((stretched >= 0) & (stretched <= 1)).all()
    for a, x in zip(array(scores), stretched, strict=True):
        for b, y in zip(array(scores), stretched, strict=True):
            assert a > b or x <= y


def test_fuse_known_values():
    signals = {"dense": array([0.2, 0.6, 0.4]), "words": array([10, 0, 5])}
    assert fuse(signals, {"dense": 1, "words": 1}) == pytest.approx([0.5, 0.5, 0.5])
    assert fuse(signals, {"dense": 3, "words": 1, "unused": 9}) == pytest.approx([0.25, 0.75, 0.5])
    assert fuse(signals, {"dense": 0, "words": 2}).tolist() == [1, 0, 0.5]
    assert fuse(signals, {"dense": 0, "words": 0}).tolist() == [0, 0, 0]


def test_a_ranker_that_tells_nothing_apart_changes_no_order():
    signals = {"dense": array([0.2, 0.6, 0.4]), "words": array([0, 0, 0])}
    assert np.argsort(-fuse(signals, {"dense": 1, "words": 1})).tolist() == [1, 2, 0]


@given(st.integers(1, 12).flatmap(lambda n: st.lists(st.lists(st.floats(-9, 9, width=32), min_size=n, max_size=n),
                                                     min_size=2, max_size=2)),
       st.floats(0, 5), st.floats(0.1, 5))  # fmt: skip
def test_who_is_better_by_every_ranker_is_better_fused(rows, one, other):
    signals = {"one": array(rows[0]), "other": array(rows[1])}
    fused = fuse(signals, {"one": one, "other": other})
    assert ((fused >= 0) & (fused <= 1 + 1e-6)).all()
    for i in range(len(fused)):
        for j in range(len(fused)):
            if all(scores[i] >= scores[j] for scores in signals.values()):
                assert fused[i] >= fused[j] - 1e-6


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 99))
def test_max_sim_is_what_a_loop_says(query_tokens, tokens, seed):
    random = np.random.default_rng(seed)
    query, found = (unit(random.normal(size=(n, 8)).astype(np.float32)) for n in (query_tokens, tokens))
    total = 0.0
    for one in query:
        total += max((sum(float(a * b) for a, b in zip(one, other, strict=True)) for other in found), default=0.0)
    assert max_sim(query, found) == pytest.approx(total / max(query_tokens, 1), abs=1e-5)


def test_max_sim_known_values():
    east, north = [1.0, 0.0], [0.0, 1.0]
    assert max_sim(array([east, north]), array([east])) == 0.5
    assert max_sim(array([east, north]), array([north, east])) == 1.0
