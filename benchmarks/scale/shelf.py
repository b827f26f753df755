"""A made shelf on disk, as every system reads it: texts, unit vectors, and what is searched for.

    texts.txt      one chunk a line, its sentences divided by tabs
    vectors.f32    one row a chunk, float32
    queries.npy    one row a query; questions.txt: the words of the first of them, one a line
    real/          what was embedded (making.py)

The shelf of n chunks is the first n rows of a larger one. Needs NumPy alone, because peers' environments import it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

CHUNKS_AN_ARTICLE = 4
BLOCK = 1000
"""Chunks that are made, and read, at once."""


class Shelf:
    """A shelf in a folder that holds at least as many chunks as are asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts_file = folder / "texts.txt"
        self.vectors_file = folder / "vectors.f32"

    @property
    def dimension(self) -> int:
        """Components of a vector."""
        return int(self.queries().shape[1])

    def queries(self) -> Vectors:
        """Unit vectors that are searched for, shape (queries, dimension)."""
        return np.load(self.folder / "queries.npy")

    def questions(self) -> list[str]:
        """The words of the first queries; the others have none."""
        return (self.folder / "questions.txt").read_text(encoding="utf-8").splitlines()

    def vectors(self, count: int) -> Vectors:
        """The first vectors, shape (count, dimension), mapped."""
        return np.memmap(self.vectors_file, np.float32, "r", shape=(count, self.dimension))

    def sentences(self, count: int) -> Iterator[list[str]]:
        """The sentences of each of the first chunks."""
        with self.texts_file.open(encoding="utf-8") as lines:
            for line in islice(lines, count):
                yield line.rstrip("\n").split("\t")

    def rows(self, count: int) -> Iterator[tuple[int, str, Vectors]]:
        """Row, text and vector of each of the first chunks; vectors are read in blocks and not mapped."""
        dimension = self.dimension
        with self.vectors_file.open("rb") as stream:
            for row, sentences in enumerate(self.sentences(count)):
                if row % BLOCK == 0:
                    block = np.fromfile(stream, np.float32, BLOCK * dimension).reshape(-1, dimension)
                yield row, " ".join(sentences), block[row % BLOCK]


def article_rows(article: int) -> range:
    """The rows of an article's chunks."""
    return range(article * CHUNKS_AN_ARTICLE, (article + 1) * CHUNKS_AN_ARTICLE)


def perturb(vectors: Vectors, cosines: tuple[float, float], random: np.random.Generator) -> Vectors:
    """Return unit vectors whose cosine with the given unit ones lies, on average, evenly between two numbers."""
    wanted = random.uniform(*cosines, size=(len(vectors), 1)).astype(np.float32)
    noise = random.standard_normal(vectors.shape, np.float32) / np.float32(np.sqrt(vectors.shape[1]))
    out = vectors + noise * np.sqrt(1 / wanted**2 - 1)
    return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), np.float32)
