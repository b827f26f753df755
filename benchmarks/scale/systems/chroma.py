"""chromadb: a persistent client, one collection, HNSW by inner product, telemetry off."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from chromadb.config import Settings
from shelf import article_rows

from systems import batches

NAME = "chunks"


class Chroma:
    """A collection; rows are its ids, as strings."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder = str(folder)
        self._threads = threads

    def build(self, shelf: Any, count: int) -> None:
        client = self._client()
        configuration: Any = {"hnsw": {"space": "ip", "num_threads": self._threads}}
        collection = client.create_collection(NAME, configuration=configuration, embedding_function=None)
        for batch in batches(shelf.rows(count), client.get_max_batch_size()):
            rows, texts, vectors = zip(*batch, strict=True)
            collection.add([str(row) for row in rows], embeddings=np.stack(vectors), documents=list(texts))

    def open(self) -> None:
        self._collection = self._client().get_collection(NAME, embedding_function=None)

    def search(self, vector: Any, k: int) -> list[int]:
        found = self._collection.query(query_embeddings=[vector], n_results=k, include=[])
        return [int(row) for row in found["ids"][0]]

    def update(self, article: int, texts: Sequence[str], vectors: Any) -> None:
        ids = [str(row) for row in article_rows(article)]
        self._collection.update(ids, embeddings=np.asarray(vectors), documents=list(texts))

    def close(self) -> None:
        pass

    def _client(self) -> Any:
        return chromadb.PersistentClient(self._folder, settings=Settings(anonymized_telemetry=False))


def make(folder: Path, dimension: int, threads: int) -> Chroma:
    """Return the system over a folder."""
    return Chroma(folder, threads)
