"""The passages of a shelf as points on a plane: those that say similar things lie near each other.

t-SNE (van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008) keeps neighbourhoods and nothing else:
directions, and distances between far groups, mean nothing. It has no formula for a new point, so what was not projected
with the rest is put amid its nearest neighbours.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from askoctober.errors import IndexFolderError
from askoctober.types import FloatArray, IntArray, Store

MOST_POINTS = 2000
"""Passages shown; more would neither be told apart on a screen nor be projected in a few seconds."""
PERPLEXITY = 30.0
SEED = 1917
FEWEST_FOR_TSNE = 5
"""Fewer points have no neighbourhoods to keep: their main directions say as much."""
NEIGHBOURS = 5
ALIKE = 1e-6

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Projection:
    """Where passages lie: `points[i]`, in [-1, 1] both ways, is that of the chunk at `rows[i]`; rows ascend."""

    rows: tuple[int, ...]
    points: FloatArray


class PerStore(Generic[T]):
    """What is made once of a store, however many ask at once; forgotten with the store. A failure is tried again."""

    def __init__(self, make: Callable[[Store], T]) -> None:
        self._make = make
        self._guard = threading.Lock()
        self._slots: WeakKeyDictionary[Any, tuple[threading.Lock, list[T]]] = WeakKeyDictionary()

    def __call__(self, store: Store) -> T:
        """Return what was made of the store, and make it first where that has not happened."""
        with self._guard:
            lock, made = self._slots.setdefault(store, (threading.Lock(), []))
        with lock:
            if not made:
                made.append(self._make(store))
            return made[0]


def project(store: Store) -> Projection:
    """Return the projection of a store's chunks, at most `MOST_POINTS` from all over the shelf; always the same one."""
    rows = spread_rows(store)
    vectors = store.chunk_vectors(rows) if len(rows) else np.zeros((0, 1), np.float32)
    points = _scale(_embed(np.asarray(vectors, np.float32)))
    points.flags.writeable = False
    return Projection(tuple(rows.tolist()), points)


def spread_rows(store: Store) -> IntArray:
    """Return rows from all over the shelf, evenly spaced and ascending; all of them where there are few enough."""
    return np.unique(np.linspace(0, store.size - 1, min(store.size, MOST_POINTS)).round().astype(np.int64))


def locate(store: Store, projection: Projection, rows: Sequence[int]) -> FloatArray:
    """Return points of any chunks, shape (len(rows), 2): their own, or the middle of their nearest projected ones."""
    points = np.zeros((len(rows), 2), np.float32)
    if not projection.rows:
        return points
    known = {row: at for at, row in enumerate(projection.rows)}
    shown: FloatArray | None = None
    for place, row in enumerate(rows):
        if row in known:
            points[place] = projection.points[known[row]]
            continue
        if shown is None:
            shown = store.chunk_vectors(np.array(projection.rows, np.int64))
        cosines = shown @ store.chunk_vectors(np.array([row], np.int64))[0]
        nearest = np.argsort(-cosines, kind="stable")[:NEIGHBOURS]
        points[place] = place_among(projection.points[nearest], cosines[nearest].tolist())
    return points


def place_among(points: FloatArray, scores: Sequence[float]) -> tuple[float, float]:
    """Return where a question stands that retrieved chunks at `points`: their mean, weighted by their scores.

    A new point out of the sample, as is usual for t-SNE, which cannot project one: amid what is most like it, and no
    measure of anything else. Scores below zero do not count; where none is above, all count alike.

    Raises:
        ValueError: there are no points, or not a score for each.
    """
    if not len(points) or len(points) != len(scores):
        raise ValueError("Give at least one point, and a score for each.")
    weights = np.nan_to_num(np.array(scores, np.float64), posinf=0).clip(min=0)
    # A scale of their own first: the weights of very large or very small scores would lose their sum.
    weights = weights / weights.max() if weights.max() > 0 else np.ones(len(points))
    x, y = (weights @ np.asarray(points, np.float64)) / weights.sum()
    return float(x), float(y)


def _embed(vectors: FloatArray) -> FloatArray:
    """Return two coordinates for each vector."""
    spread = vectors - vectors.mean(axis=0) if len(vectors) else vectors
    if len(vectors) < 2 or float(np.abs(spread).max()) < ALIKE:
        return np.zeros((len(vectors), 2), np.float32)
    if len(vectors) < FEWEST_FOR_TSNE:
        return _main_directions(spread)
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(PERPLEXITY, len(vectors) ** 0.5, (len(vectors) - 1) / 3)
    method = TSNE(metric="cosine", init="pca", perplexity=perplexity, random_state=SEED)
    # One thread: readers who ask meanwhile are not held up, and the sums are always taken in one order.
    with threadpool_limits(1, user_api="openmp"):
        return np.asarray(method.fit_transform(vectors), np.float32)


def _main_directions(spread: FloatArray) -> FloatArray:
    """Return the first two principal components of centred vectors."""
    left, lengths, _ = np.linalg.svd(spread, full_matrices=False)
    points = np.zeros((len(spread), 2), np.float32)
    kept = min(2, len(lengths))
    points[:, :kept] = left[:, :kept] * lengths[:kept]
    # The sign of a component is arbitrary; fix it, so that the same shelf always looks alike.
    heads = points[np.abs(points).argmax(axis=0), [0, 1]]
    return np.asarray(points * np.where(heads < 0, -1, 1), np.float32)


def _scale(points: FloatArray) -> FloatArray:
    """Return points moved and scaled, both ways alike, into [-1, 1]."""
    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    half = float((high - low).max()) / 2
    return np.asarray((points - (low + high) / 2) / (half or 1.0), np.float32).clip(-1, 1)


def rows_of(store: Store, chunk_ids: Sequence[str]) -> IntArray:
    """Return the rows of chunks; -1 for one that the store no longer holds, as the shelf may have changed since."""
    rows = np.full(len(chunk_ids), -1, np.int64)
    for place, chunk_id in enumerate(chunk_ids):
        try:
            rows[place] = store.row(chunk_id)
        except (IndexFolderError, KeyError):
            continue
    return rows
