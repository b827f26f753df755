"""What is read of chunks by their ids: kept for a while, and fetched many at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np

from askoctober.milvus.connecting import Connection
from askoctober.milvus.records import packed_of, spans_of, unpacked
from askoctober.milvus.schema import SENTENCE_BITS, Collections
from askoctober.types import FloatArray

KEPT = 4096
"""Chunks whose places are kept, and an eighth as many with their token vectors."""
_AT_ONCE = 2000
"""Vectors that are fetched at once: 3 MB of 384 dimensions."""
_PLACE = ("id", "start", "stop", "heading", "spans")


class Places:
    """Chunks of a shelf by their ids; safe to share between threads."""

    def __init__(self, connection: Connection, collections: Collections, shape: tuple[int, ...]) -> None:
        """Read chunks of vectors and token vectors of these dimensions."""
        self._connection, self._collections = connection, collections
        self._dimension, self._width = shape
        self._lock = Lock()
        self._places: OrderedDict[int, Mapping[str, Any]] = OrderedDict()
        self._tokens: OrderedDict[int, FloatArray] = OrderedDict()

    def of(self, keys: Sequence[int]) -> list[Mapping[str, Any]]:
        """The places of chunks: where they begin and end, their headings and sentences."""
        with self._lock:
            found = {key: self._places[key] for key in keys if key in self._places}
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        for at in range(0, len(missing), _AT_ONCE):
            found |= self._fetch(missing[at : at + _AT_ONCE], _PLACE)
        return [found[key] for key in keys]

    def chunk_vectors(self, keys: Sequence[int]) -> FloatArray:
        """Unit vectors of chunks, shape (len(keys), dimension)."""
        out = np.zeros((len(keys), self._dimension), np.float32)
        for at in range(0, len(keys), _AT_ONCE):
            some = keys[at : at + _AT_ONCE]
            found = self._fetch(list(dict.fromkeys(some)), (*_PLACE, "vector"))
            out[at : at + len(some)] = [found[key]["vector"] for key in some]
        return out

    def sentence_vectors(self, keys: Sequence[int], counts: Sequence[int]) -> FloatArray:
        """Unit vectors of the sentences of chunks that have so many, one chunk's after another's."""
        wanted = [key << SENTENCE_BITS | at for key, count in zip(keys, counts, strict=True) for at in range(count)]
        out = np.zeros((len(wanted), self._dimension), np.float32)
        for at in range(0, len(wanted), _AT_ONCE):
            some = wanted[at : at + _AT_ONCE]
            rows = self._connection.query(self._collections.sentences, _among(some), ["id", "vector"])
            found = {int(row["id"]): row["vector"] for row in rows}
            out[at : at + len(some)] = [found[key] for key in some]
        return out

    def token_vectors(self, key: int) -> FloatArray:
        """Token vectors of a chunk, shape (tokens, token dimension)."""
        with self._lock:
            kept = self._tokens.get(key)
        if kept is not None:
            return kept
        row = self._fetch([key], (*_PLACE, "tokens", "more_tokens"))[key]
        vectors = unpacked(packed_of(row, spans_of(row)[1], self._width))
        with self._lock:
            self._tokens[key] = vectors
            while len(self._tokens) > KEPT // 8:
                self._tokens.popitem(last=False)
        return vectors

    def _fetch(self, keys: Sequence[int], fields: Sequence[str]) -> dict[int, Mapping[str, Any]]:
        """Rows of chunks by their ids; their places are kept."""
        rows = self._connection.query(self._collections.chunks, _among(keys), fields)
        found = {int(row["id"]): row for row in rows}
        with self._lock:
            for key, row in found.items():
                self._places[key] = {name: row[name] for name in _PLACE}
            while len(self._places) > KEPT:
                self._places.popitem(last=False)
        return found


def _among(keys: Sequence[int]) -> str:
    return f"id in [{', '.join(map(str, keys))}]"
