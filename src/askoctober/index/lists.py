"""The nearest chunks of a large segment, without a look at all: inverted lists over codes, by FAISS.

The vectors are turned (OPQ, Ge et al. 2014), shared out among lists by their nearest centroid, and coded there by
product quantisation of what the centroid leaves (IVFADC, Jégou et al. 2011). A search reads the nearest lists, and
ranks what it finds there anew by the vectors themselves, which stay on the disk. How many lists it reads is measured
when they are made: as few as find `WANTED` of the true ten nearest.

On the disk the parts lie one after another as plain numbers, see docs/index-format.md: FAISS is handed arrays that were
checked, and never a file.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askoctober.types import FloatArray, IntArray

WANTED = 0.97
"""Share of the true ten nearest that a search shall find, on the vectors that it is measured with."""
MEASURED = 256
"""Sentences that stand for questions when that is measured; they are moved a little, as no question is a sentence."""
NOISE = 0.6
"""Length of what moves them, for vectors of length 1: the cosine with the sentence falls to about 0.86."""
REFINED = 4
"""How many times as many as asked for are ranked anew by the vectors themselves, `LEAST_REFINED` at least."""
LEAST_REFINED = 200
MOST_REFINED = 1600
"""A search that needs more of them to find what is wanted does without."""
PIECES = (8, 16, 24, 32, 48, 64, 96, 128)
"""Bytes that a chunk's code may have."""
USUAL_PIECES = 64
TRAINED_ON = 40
"""Vectors a list that centroids are learnt from."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What says how long each part of a file of lists is."""

    count: int
    dimension: int
    lists: int
    pieces: int

    def parts(self) -> list[tuple[str, tuple[int, ...]]]:
        """Return number format and shape of each part, in their order."""
        size = self.dimension // self.pieces
        return [
            ("<f4", (self.dimension, self.dimension)),  # rotation
            ("<f4", (self.lists, self.dimension)),  # centroids of the lists
            ("<f4", (self.pieces, 256, size)),  # what the codes stand for
            ("<i8", (self.lists + 1,)),  # where each list begins
            ("<i4", (self.count,)),  # rows, list after list
            ("|u1", (self.count, self.pieces)),  # their codes
        ]

    def bytes(self) -> int:
        """Return how long a file of this shape is."""
        return sum(np.dtype(kind).itemsize * int(np.prod(shape)) for kind, shape in self.parts())


def pieces_for(count: int, dimension: int, memory: int) -> int:
    """Return the bytes of a chunk's code: the most that divide a vector evenly and fit into `memory` bytes in all.

    Beside its code a chunk takes 8 bytes. With no `memory` given it is `USUAL_PIECES`.
    """
    fitting = [1, *(pieces for pieces in PIECES if dimension % pieces == 0)]
    if not memory:
        return max(pieces for pieces in fitting if pieces <= USUAL_PIECES)
    return max((pieces for pieces in fitting if count * (pieces + 8) <= memory), default=min(fitting))


def lists_for(count: int) -> int:
    """Return how many lists so many vectors are shared out among: about four times the root of their number."""
    return max(1, int(2 ** round(np.log2(4 * np.sqrt(max(count, 1))))))


def build(
    vectors: NDArray[np.float16], sentences: NDArray[np.float16], path: Path, pieces: int
) -> tuple[Shape, dict[str, Any]]:
    """Write the lists of vectors of shape (chunks, dimension); return their shape, and how to search them.

    That is how many lists to read (`probe`), how many of what is found to rank anew (`refined`), and the `recall` of
    the ten nearest that was measured with it, by `sentences` of the same articles, shape (sentences, dimension).
    `pieces` is how many bytes a code has. All may be memory maps: they are read in blocks.
    """
    import faiss

    # Two OpenMP runtimes in one process, torch's being the other, crash on macOS when both spread out.
    faiss.omp_set_num_threads(1 if sys.platform == "darwin" else os.cpu_count() or 1)
    count, dimension = vectors.shape
    random = np.random.default_rng(1917)
    lists = lists_for(count)
    sample = np.sort(random.choice(count, min(count, TRAINED_ON * lists), replace=False))
    known = np.asarray(vectors[sample], np.float32)
    rotation = faiss.OPQMatrix(dimension, pieces)
    rotation.niter = 4
    rotation.niter_pq_0 = 10
    rotation.pq = faiss.ProductQuantizer(dimension, pieces, 8)
    rotation.pq.cp.seed = 1917
    rotation.max_train_points = 10_000
    rotation.verbose = False
    rotation.train(known)
    turned: FloatArray = faiss.vector_to_array(rotation.A).reshape(dimension, dimension)
    index = _empty(Shape(count, dimension, lists, pieces))
    index.cp.seed = 1917
    index.cp.niter = 5
    index.train(np.ascontiguousarray(known @ turned.T))
    for at in range(0, count, 65_536):
        index.add(np.ascontiguousarray(np.asarray(vectors[at : at + 65_536], np.float32) @ turned.T))
    shape = Shape(count, dimension, lists, pieces)
    inverted = index.invlists
    sizes = np.array([inverted.list_size(number) for number in range(lists)], np.int64)
    rows = [faiss.rev_swig_ptr(inverted.get_ids(number), int(sizes[number])).copy() for number in range(lists)]
    codes = [
        faiss.rev_swig_ptr(inverted.get_codes(number), int(sizes[number]) * pieces).copy() for number in range(lists)
    ]
    arrays: list[NDArray[Any]] = [
        turned,
        index.quantizer.reconstruct_n(0, lists),
        faiss.vector_to_array(index.pq.centroids),
        np.concatenate([[0], np.cumsum(sizes)]),
        np.concatenate(rows),
        np.concatenate(codes),
    ]
    with path.open("wb") as stream:
        for (kind, part), array in zip(shape.parts(), arrays, strict=True):
            stream.write(np.ascontiguousarray(array.reshape(part), kind).tobytes())
    faiss.omp_set_num_threads(1)
    return shape, _measure(Lists(index, turned), vectors, sentences, random)


class Lists:
    """Inverted lists, opened; what they find is approximate and to be ranked anew."""

    def __init__(self, index: Any, rotation: FloatArray) -> None:
        """Use `open_lists`."""
        self._index = index
        self._rotation = rotation
        self.count = int(index.nlist)

    def search(self, vector: FloatArray, k: int, probe: int) -> IntArray:
        """Return rows that lie near a unit vector of shape (dimension,), in no order that counts."""
        import faiss

        parameters = faiss.SearchParametersIVF(nprobe=probe)  # type: ignore[call-arg]
        asked = np.ascontiguousarray((self._rotation @ vector)[None], np.float32)
        _, rows = self._index.search(asked, k, params=parameters)
        return np.asarray(rows[0][rows[0] >= 0], np.int64)


def open_lists(path: Path, shape: Shape) -> Lists:
    """Open a file of lists.

    Raises:
        ValueError: the file is not of this shape, or its lists do not hold each row once.
    """
    import faiss

    if path.stat().st_size != shape.bytes():
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes in place of {shape.bytes()}")
    with path.open("rb") as stream:
        arrays = [
            np.frombuffer(stream.read(np.dtype(kind).itemsize * int(np.prod(part))), kind).reshape(part)
            for kind, part in shape.parts()
        ]
    rotation, centroids, pieces, begins, rows, codes = arrays
    if begins[0] != 0 or begins[-1] != shape.count or begins.min() < 0 or (begins[1:] < begins[:-1]).any():
        raise ValueError(f"{path.name} has lists that do not follow each other")
    if shape.count and (
        rows.min() < 0 or rows.max() >= shape.count or np.bincount(rows, minlength=shape.count).max() > 1
    ):
        raise ValueError(f"{path.name} has a list that names a wrong row")
    if not (np.isfinite(rotation).all() and np.isfinite(centroids).all() and np.isfinite(pieces).all()):
        raise ValueError(f"{path.name} holds what is no number")
    index = _empty(shape)
    index.quantizer.add(np.ascontiguousarray(centroids, np.float32))
    faiss.copy_array_to_vector(np.ascontiguousarray(pieces, np.float32).ravel(), index.pq.centroids)
    index.is_trained = True
    wide = rows.astype(np.int64)
    for number in range(shape.lists):
        first, last = int(begins[number]), int(begins[number + 1])
        if first < last:
            ids, block = np.ascontiguousarray(wide[first:last]), np.ascontiguousarray(codes[first:last])
            index.invlists.add_entries(number, last - first, faiss.swig_ptr(ids), faiss.swig_ptr(block))
    index.ntotal = shape.count
    return Lists(index, np.asarray(rotation, np.float32))


def _empty(shape: Shape) -> Any:
    import faiss

    quantizer: Any = faiss.IndexFlatIP(shape.dimension)
    index = faiss.IndexIVFPQ(quantizer, shape.dimension, shape.lists, shape.pieces, 8, faiss.METRIC_INNER_PRODUCT)
    quantizer.this.disown()  # the lists keep it from here on
    index.own_fields = True
    return index


def _measure(
    lists: Lists, vectors: NDArray[np.float16], sentences: NDArray[np.float16], random: np.random.Generator
) -> dict[str, Any]:
    """Return the least to read and rank anew that finds `WANTED` of the true ten nearest, and what share it finds."""
    sample = np.sort(random.choice(len(sentences), min(len(sentences), MEASURED), replace=False))
    noise = random.normal(size=(len(sample), vectors.shape[1])) * (NOISE / np.sqrt(vectors.shape[1]))
    asked = np.asarray(sentences[sample], np.float32) + noise.astype(np.float32)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    true = _nearest(vectors, asked, 10)

    def recall(probe: int, refined: int) -> float:
        found = [rank(vectors, lists.search(vector, refined, probe), vector, 10)[0] for vector in asked]
        return float(np.mean([len(np.intersect1d(a, b)) / len(b) for a, b in zip(found, true, strict=True)]))

    refined = LEAST_REFINED
    while refined < MOST_REFINED and recall(lists.count, refined) < WANTED:
        refined *= 2
    probe = 1
    while (found := recall(probe, refined)) < WANTED and probe < lists.count:
        probe = min(lists.count, max(probe + 1, int(probe * 1.4)))
    return {"probe": probe, "refined": refined, "recall": round(found, 4)}


def rank(vectors: NDArray[np.float16], rows: IntArray, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """Return the k rows of these that are nearest by their own vectors, best first, and their cosines."""
    scores = np.asarray(vectors[rows], np.float32) @ vector
    order = np.argsort(-scores, kind="stable")[:k]
    return rows[order], np.asarray(scores[order], np.float32)


def _nearest(vectors: NDArray[np.float16], asked: FloatArray, k: int) -> list[IntArray]:
    """The true k nearest rows of each vector, in blocks."""
    best_scores = np.zeros((len(asked), 0), np.float32)
    best_rows = np.zeros((len(asked), 0), np.int64)
    for at in range(0, len(vectors), 65_536):
        block = asked @ np.asarray(vectors[at : at + 65_536], np.float32).T
        scores = np.concatenate([best_scores, block], axis=1)
        rows = np.concatenate([best_rows, np.broadcast_to(np.arange(at, at + block.shape[1]), block.shape)], axis=1)
        kept = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        best_scores, best_rows = np.take_along_axis(scores, kept, 1), np.take_along_axis(rows, kept, 1)
    return list(best_rows)
