"""txtai: an embeddings database with FAISS for the vectors and SQLite for the content, both by its defaults.

It asks a function for the vectors of the texts it is given, in their order: here one that hands out those of the shelf.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from shelf import article_rows
from txtai import Embeddings


class Txtai:
    """An embeddings database; rows are its ids, as strings."""

    def __init__(self, folder: Path) -> None:
        self._path = str(folder / "index")
        self._next: deque[Any] = deque()

    def build(self, shelf: Any, count: int) -> None:
        def given() -> Iterator[tuple[str, str, None]]:
            for row, text, vector in shelf.rows(count):
                self._next.append(vector)
                yield str(row), text, None

        embeddings = Embeddings({"method": "external", "transform": self._transform(), "content": True})
        embeddings.index(given())
        embeddings.save(self._path)
        embeddings.close()

    def open(self) -> None:
        # The function is not stored with the index.
        self._embeddings = Embeddings()
        self._embeddings.load(self._path, config={"transform": self._transform()})

    def search(self, vector: Any, k: int) -> list[int]:
        self._next.append(vector)
        found = self._embeddings.search("SELECT id FROM txtai WHERE similar('vector')", k)
        return [int(row["id"]) for row in found]

    def update(self, article: int, texts: Sequence[str], vectors: Any) -> None:
        self._next.extend(np.asarray(vectors))
        rows = article_rows(article)
        self._embeddings.upsert([(str(row), text, None) for row, text in zip(rows, texts, strict=True)])
        # Both files are written anew: it has no smaller way to keep a change.
        self._embeddings.save(self._path)

    def close(self) -> None:
        self._embeddings.close()

    def _transform(self) -> Any:
        def transform(texts: Sequence[str]) -> Any:
            return np.stack([self._next.popleft() for _ in texts])

        return transform


def make(folder: Path, dimension: int, threads: int) -> Txtai:
    """Return the system over a folder."""
    return Txtai(folder)
