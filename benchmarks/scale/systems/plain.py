"""Plain SQLite for the texts and one array of float32 for the vectors, mapped: exact, and nothing to install."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from shelf import article_rows

BLOCK = 50_000
"""Vectors that are scored at once."""


class Plain:
    """Every vector is looked at."""

    def __init__(self, folder: Path, dimension: int) -> None:
        self._folder = folder
        self._dimension = dimension

    def build(self, shelf: Any, count: int) -> None:
        with sqlite3.connect(self._folder / "texts.sqlite") as texts, (self._folder / "vectors.f32").open("wb") as out:
            texts.execute("CREATE TABLE chunk (row INTEGER PRIMARY KEY, text TEXT NOT NULL)")
            for row, text, vector in shelf.rows(count):
                texts.execute("INSERT INTO chunk VALUES (?, ?)", (row, text))
                out.write(vector.tobytes())
        texts.close()

    def open(self) -> None:
        self._texts = sqlite3.connect(self._folder / "texts.sqlite")
        self._vectors = np.memmap(self._folder / "vectors.f32", np.float32, "r+").reshape(-1, self._dimension)

    def search(self, vector: Any, k: int) -> list[int]:
        found: list[tuple[float, int]] = []
        for at in range(0, len(self._vectors), BLOCK):
            scores = self._vectors[at : at + BLOCK] @ vector
            best = np.argpartition(-scores, min(k, len(scores) - 1))[:k]
            found += zip(scores[best].tolist(), (best + at).tolist(), strict=True)
        return [row for _, row in sorted(found, reverse=True)[:k]]

    def update(self, article: int, texts: Sequence[str], vectors: Any) -> None:
        rows = article_rows(article)
        self._vectors[rows.start : rows.stop] = vectors
        self._vectors.flush()
        with self._texts:
            self._texts.executemany("UPDATE chunk SET text = ? WHERE row = ?", zip(texts, rows, strict=True))

    def close(self) -> None:
        self._texts.close()


def make(folder: Path, dimension: int, threads: int) -> Plain:
    """Return the system over a folder."""
    return Plain(folder, dimension)
