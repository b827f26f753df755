"""lancedb: one table with an IVF_PQ index over its vectors, results refined as its documentation shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa
from lancedb.index import BTree, IvfPq
from shelf import article_rows

from systems import batches

NAME = "chunks"
REFINE = 10
"""So many times as many as are wanted are scored again by their whole vectors; the documentation's own figure."""
LEAST = 256
"""Rows that its quantiser needs to learn from; fewer are searched without an index."""


class Lance:
    """A table with columns row, text and vector."""

    def __init__(self, folder: Path, dimension: int) -> None:
        self._folder = folder
        fields = [("row", pa.int64()), ("text", pa.string()), ("vector", pa.list_(pa.float32(), dimension))]
        self._schema = pa.schema(fields)

    def build(self, shelf: Any, count: int) -> None:
        def made() -> Iterator[Any]:
            for batch in batches(shelf.rows(count), 10_000):
                rows, texts, vectors = zip(*batch, strict=True)
                yield self._batch(rows, texts, np.stack(vectors))

        table = lancedb.connect(self._folder).create_table(NAME, made(), schema=self._schema)
        table.create_index("row", config=BTree())
        if count >= LEAST:
            table.create_index("vector", config=IvfPq(distance_type="dot"))

    def open(self) -> None:
        self._table = lancedb.connect(self._folder).open_table(NAME)

    def search(self, vector: Any, k: int) -> list[int]:
        query = self._table.search(vector).distance_type("dot").refine_factor(REFINE).limit(k)
        return query.select(["row", "_distance"]).to_arrow()["row"].to_pylist()

    def update(self, article: int, texts: Sequence[str], vectors: Any) -> None:
        made = pa.Table.from_batches([self._batch(list(article_rows(article)), texts, np.asarray(vectors))])
        self._table.merge_insert("row").when_matched_update_all().when_not_matched_insert_all().execute(made)

    def close(self) -> None:
        pass

    def _batch(self, rows: Sequence[int], texts: Sequence[str], vectors: Any) -> Any:
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel(), pa.float32()), vectors.shape[1])
        return pa.RecordBatch.from_arrays([pa.array(rows, pa.int64()), pa.array(texts), flat], schema=self._schema)


def make(folder: Path, dimension: int, threads: int) -> Lance:
    """Return the system over a folder."""
    return Lance(folder, dimension)
