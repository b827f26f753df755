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


def read_heads(connection: Connection, begin: int, end: int | None = None, expression: str = "") -> Iterator[Head]:
    """Yield the heads of the numbers from `begin` to `end`, or to the last there is, that an expression selects.

    They come in order of number; whether they are in force is for the expression to say. What others remove meanwhile
    may be among them or not.
    """
    while begin < end if end is not None else connection.count(ARTICLES, f"id >= {begin}", strong=True):
        block = f"id >= {begin} and id < {begin + _BLOCK}" + (f" and ({expression})" if expression else "")
        rows = connection.query(ARTICLES, block, ["id", *_FIELDS], strong=True)
        for row in sorted(rows, key=lambda row: int(row["id"])):
            yield _head_of(row)
        begin += _BLOCK


def _head_of(row: Mapping[str, Any]) -> Head:
    number, chunks, sentences, tokens = (int(row[name]) for name in ("id", "chunks", "sentences", "token_total"))
    identity, path, file, digest, copy_of = (
        str(row[name]) for name in ("identity", "path", "file", "digest", "copy_of")
    )
    return Head(number, identity, path, file, digest, copy_of, chunks, sentences, tokens)
