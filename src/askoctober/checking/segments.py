"""Whether what stands in a segment's files can be so: its database, every span, every vector.

The sums say that the files are as they were written; this says that they were written well, and is what an index from
elsewhere is checked by. All is read in blocks: memory does not grow with the segment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askoctober.errors import IndexFolderError
from askoctober.index.format import HEADER_BYTES
from askoctober.index.segment import Segment
from askoctober.types import FloatArray

BLOCK = 8192
"""Vectors that are looked at together."""
UNIT = 5e-3
"""How far the length of a 16-bit vector may be from 1."""
MOST = 5
"""Faults of one kind that are named; one says as much as a thousand."""
_TROUBLES = (IndexFolderError, OSError, KeyError, TypeError, ValueError, IndexError, RuntimeError, sqlite3.Error)


def check_segment(
    folder: Path,
    record: Mapping[str, Any],
    basis: FloatArray,
    codebook: FloatArray | None,
    tell: Callable[[int], None],
) -> Iterator[tuple[str, str]]:
    """Yield name of a file and fault for what is wrong with a segment whose files have the right sums.

    `tell` is told how many bytes were looked at since it was last told.
    """
    names = {kind: str(entry["name"]) for kind, entry in record["files"].items()}
    database = list(_check_database(folder / names["articles"], int(record["chunks"])))
    yield from ((names["articles"], fault) for fault in database)
    if database:
        return
    try:
        segment = Segment(folder, record, basis, codebook)
    except _TROUBLES as error:
        yield names["articles"], f"cannot be opened: {error}"
        return
    try:
        yield from ((names["articles"], fault) for fault in _first(_check_rows(segment, record, tell)))
        for kind, count in (("chunks", segment.size), ("sentences", segment.sentence_count)):
            yield from (
                (names[kind], fault) for fault in _check_vectors(folder / names[kind], count, basis.shape[0], tell)
            )
        if not segment.coded:
            yield from (
                (names["tokens"], fault) for fault in _check_tokens(folder / names["tokens"], basis.shape[1], tell)
            )
    except _TROUBLES as error:
        yield names["articles"], f"cannot be read: {error}"
    finally:
        segment.close()


def _check_database(path: Path, chunks: int) -> Iterator[str]:
    """Yield what SQLite finds wrong with the tables, and with the index of words."""
    try:
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            for (fault,) in database.execute(f"PRAGMA integrity_check({MOST})").fetchall():
                if fault != "ok":
                    yield f"SQLite says: {fault}"
            ((held,),) = database.execute("SELECT count(*) FROM words_docsize").fetchall()
            if held != chunks:
                yield f"has words of {held} chunks in place of {chunks}"
        finally:
            database.close()
        yield from _check_words(path)
    except sqlite3.Error as error:
        yield f"SQLite says: {error}"


def _check_words(path: Path) -> Iterator[str]:
    """Yield what FTS5 finds wrong; its check is a command that writes nothing, but wants a file that could be written.

    Where it cannot be written, the sum and SQLite's own check must do.
    """
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)
    try:
        database.execute("INSERT INTO words(words) VALUES ('integrity-check')")
    except sqlite3.OperationalError as error:
        if not any(why in str(error) for why in ("readonly", "unable to open", "locked")):
            yield f"SQLite says of its words: {error}"
    except sqlite3.Error as error:
        yield f"SQLite says of its words: {error}"
    finally:
        database.close()


def _check_rows(segment: Segment, record: Mapping[str, Any], tell: Callable[[int], None]) -> Iterator[str]:
    """Yield what is wrong with articles, and with chunks whose spans do not lie in their texts."""
    chunk = copies = articles = 0
    for row, first, count, copy_of in segment.stream("SELECT row, chunk, chunks, copy_of FROM article"):
        if row != articles or first != chunk or (copy_of and count):
            yield f"article {row} does not follow the one before it"
            return
        articles, chunk, copies = articles + 1, chunk + count, copies + bool(copy_of)
        segment.article(row)
    if (articles, chunk, copies) != (record["articles"], segment.size, record["copies"]):
        yield f"has {articles} articles, {copies} of them copies, with {chunk} chunks: the manifest says other"
    sentence = token = 0
    share = int(record["files"]["articles"]["bytes"]) // max(segment.size, 1)
    for row, first, at, blob in segment.stream("SELECT row, sentence, token, spans FROM chunk"):
        if (first, at) != (sentence, token):
            yield f"chunk {row} does not follow the one before it"
            return
        if not isinstance(blob, bytes) or len(blob) % 12:
            yield f"chunk {row} has no sentences"
            return
        tell(share)
        spans = np.frombuffer(blob, "<i4").reshape(-1, 3)
        sentence, token = sentence + len(spans), token + int(spans[:, 2].sum(dtype=np.int64))
        try:
            segment.chunk(row)
        except IndexFolderError as error:
            yield str(error).partition("(")[2].partition(");")[0] or str(error)
        if (spans[1:, 0] < spans[:-1, 1]).any():
            yield f"chunk {row} has sentences that overlap"
    if (sentence, token) != (segment.sentence_count, record["tokens"]):
        yield f"has {sentence} sentences with {token} tokens: the manifest says other"


def _check_vectors(path: Path, count: int, dimension: int, tell: Callable[[int], None]) -> Iterator[str]:
    wrong = 0
    for block in _blocks(path, "<f2", count, dimension, HEADER_BYTES, tell):
        lengths = np.linalg.norm(np.asarray(block, np.float32), axis=1)
        wrong += int((~(np.abs(lengths - 1) <= UNIT)).sum())  # so that what is no number counts too
    if wrong:
        yield f"has {wrong} vectors that are not of length 1"


def _check_tokens(path: Path, dimension: int, tell: Callable[[int], None]) -> Iterator[str]:
    count = path.stat().st_size // dimension
    wrong = sum(int((block == -128).any(axis=1).sum()) for block in _blocks(path, "|i1", count, dimension, 0, tell))
    if wrong:
        yield f"has {wrong} token vectors with numbers that are never written"


def _blocks(
    path: Path, kind: str, count: int, dimension: int, offset: int, tell: Callable[[int], None]
) -> Iterator[NDArray[Any]]:
    size = np.dtype(kind).itemsize * dimension
    with path.open("rb") as stream:
        stream.seek(offset)
        for at in range(0, count, BLOCK):
            data = stream.read(min(BLOCK, count - at) * size)
            tell(len(data))
            yield np.frombuffer(data, kind).reshape(-1, dimension)


def _first(faults: Iterator[str]) -> Iterator[str]:
    for number, fault in enumerate(faults):
        if number == MOST:
            yield "and more of the kind"
            return
        yield fault
