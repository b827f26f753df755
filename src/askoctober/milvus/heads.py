"""What is known of every article of a shelf while it is open: some two hundred bytes each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from askoctober.milvus.connecting import Connection
from askoctober.milvus.schema import ARTICLES

_BLOCK = 4096
_FIELDS = ("identity", "path", "file", "digest", "copy_of", "chunks", "sentences", "token_total")


@dataclass(frozen=True, slots=True)
class Head:
    """An article or copy, by its number."""

    number: int
    id: str
    path: str
    file: str
    digest: str
    copy_of: str
    chunks: int
    sentences: int
    tokens: int


def read_heads(connection: Connection, expression: str = "") -> Iterator[Head]:
    """Yield the heads that an expression selects, in order of number; whether in force or not."""
    total = connection.count(ARTICLES, expression or "id >= 0", strong=True)
    begin = 0
    while total > 0:
        block = f"id >= {begin} and id < {begin + _BLOCK}" + (f" and ({expression})" if expression else "")
        rows = connection.query(ARTICLES, block, ["id", *_FIELDS], strong=True)
        for row in sorted(rows, key=lambda row: int(row["id"])):
            yield _head_of(row)
        total -= len(rows)
        begin += _BLOCK


def _head_of(row: Mapping[str, Any]) -> Head:
    number, chunks, sentences, tokens = (int(row[name]) for name in ("id", "chunks", "sentences", "token_total"))
    identity, path, file, digest, copy_of = (
        str(row[name]) for name in ("identity", "path", "file", "digest", "copy_of")
    )
    return Head(number, identity, path, file, digest, copy_of, chunks, sentences, tokens)
