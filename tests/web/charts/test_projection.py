"""Passages as points: the same every time, near each other where alike, and for any number of them."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.types import FloatArray
from askoctober.web.charts import projection
from askoctober.web.charts.projection import PerStore, Projection, locate, place_among, project, rows_of, spread_rows

from .shelf import PlainStore


def grouped(groups: int, each: int) -> FloatArray:
    """Unit vectors around a few directions, group after group."""
    random = np.random.default_rng(5)
    vectors = np.repeat(np.eye(groups, 32), each, axis=0) + random.normal(scale=0.03, size=(groups * each, 32))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 12])
def test_any_number_of_passages_is_projected(size: int) -> None:
    made = project(PlainStore([size]))
    assert made.rows == tuple(range(size)) and made.points.shape == (size, 2) and made.points.dtype == np.float32
    assert np.isfinite(made.points).all() and np.abs(made.points).max() <= 1
    if size > 1:
        assert np.abs(made.points).max() == pytest.approx(1)


def test_an_empty_shelf_has_no_points() -> None:
    made = project(PlainStore([]))
    assert made.rows == () and made.points.shape == (0, 2)


@pytest.mark.parametrize("size", [3, 8])
def test_passages_that_are_all_alike_lie_on_one_spot(size: int) -> None:
    made = project(PlainStore([size], np.ones((size, 16), np.float32)))
    assert not made.points.any()


def test_it_is_the_same_every_time_and_keeps_groups_together() -> None:
    store = PlainStore([20, 20, 20], grouped(3, 20))
    made = project(store)
    assert np.array_equal(made.points, project(store).points)
    middles = made.points.reshape(3, 20, 2).mean(axis=1)
    nearest = np.linalg.norm(made.points[:, None] - middles[None], axis=-1).argmin(axis=1)
    assert nearest.tolist() == [0] * 20 + [1] * 20 + [2] * 20


def test_of_many_passages_some_from_all_over_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "MOST_POINTS", 5)
    store = PlainStore([101])
    assert spread_rows(store).tolist() == [0, 25, 50, 75, 100]
    assert project(store).rows == (0, 25, 50, 75, 100)


def test_a_passage_that_is_not_shown_lies_amid_those_most_like_it() -> None:
    vectors = grouped(2, 8)
    store = PlainStore([8, 8], vectors)
    shown = Projection((0, 1, 2, 3, 4, 8, 9, 10, 11, 12), np.repeat([[-1.0, 0], [1, 0]], 5, axis=0).astype(np.float32))
    assert locate(store, shown, [0, 7, 15, 12]).tolist() == [[-1, 0], [-1, 0], [1, 0], [1, 0]]
    assert locate(store, Projection((), np.zeros((0, 2), np.float32)), [3]).tolist() == [[0, 0]]


def test_a_question_stands_nearer_to_what_answers_it_better() -> None:
    points = np.array([[0, 0], [1, 0]], np.float32)
    assert place_among(points, [1, 3]) == (0.75, 0)
    assert place_among(points, [-2, 0]) == (0.5, 0)
    assert place_among(points, [-2, 0.1]) == (1, 0)
    with pytest.raises(ValueError, match="a score for each"):
        place_among(points, [1])


@given(
    st.lists(
        st.tuples(st.floats(-1, 1, width=32), st.floats(-1, 1, width=32), st.floats(allow_nan=True)),
        min_size=1,
        max_size=9,
    )
)
def test_a_question_never_leaves_the_passages(found: list[tuple[float, float, float]]) -> None:
    points = np.array([pair[:2] for pair in found], np.float32)
    place = np.array(place_among(points, [score for *_, score in found]))
    assert (points.min(axis=0) - 1e-6 <= place).all() and (place <= points.max(axis=0) + 1e-6).all()


def test_rows_of_what_the_shelf_still_holds() -> None:
    store = PlainStore([2])
    assert rows_of(store, [store.chunk(1).id, "gone:0-1", store.chunk(0).id]).tolist() == [1, -1, 0]


def test_readers_who_ask_at_once_get_one_projection() -> None:
    store, other = PlainStore([30]), PlainStore([3])
    once = PerStore(project)
    barrier, got = threading.Barrier(4), []

    def ask() -> None:
        barrier.wait(10)
        got.append(once(store))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == 4 and all(made is got[0] for made in got)
    assert store.reads == 1
    assert once(other).rows == (0, 1, 2) and once(store) is got[0]


def test_a_failure_is_not_kept_and_a_store_is_not_held() -> None:
    tries = []

    def make(store: object) -> int:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("busy")
        return len(tries)

    once = PerStore(make)
    store = PlainStore([1])
    with pytest.raises(RuntimeError, match="busy"):
        once(store)
    assert once(store) == 2 == once(store)
    del store
    assert len(once._slots) == 0
