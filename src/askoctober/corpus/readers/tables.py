"""CSV, TSV and JSON Lines: an article a row, read as a stream."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.encoding import CANDIDATES, MARKS, decode
from askoctober.corpus.readers.columns import choose
from askoctober.errors import CorpusError

LONGEST = 20_000_000
"""Characters of a row, bytes of a JSON line."""
MOST_FAILURES = 100
"""Rows that are named one by one; in a file of garbage all the others are only counted."""
SAMPLE = 65_536
DELIMITERS = ",;\t|"
NO_DELIMITER = "\x1f"
"""For a table of one column, whose commas are its text's own."""
_LIMIT = threading.Lock()
_UNDECODED = re.compile(r"[\ud800-\udfff]")


def read(source: Source) -> Iterator[Document | Failure]:
    """Yield an article for each row or line; its part is its id, or its number from 1.

    Raises:
        CorpusError: no column holds text, or the encoding is not recognised.
    """
    lines = source.path.lower().endswith((".jsonl", ".ndjson"))
    failed = 0
    for item in _read_json_lines(source) if lines else _read_csv(source):
        failed += isinstance(item, Failure)
        if failed <= MOST_FAILURES or isinstance(item, Document):
            yield item
    if failed > MOST_FAILURES:
        yield Failure(source.path, f"has {failed - MOST_FAILURES:,} more rows that cannot be read; correct them.")


def _read_json_lines(source: Source) -> Iterator[Document | Failure]:
    seen: set[int] = set()
    known = False
    named = source.settings.get("columns") is not None
    for number, line in enumerate(_byte_lines(source.stream), 1):
        part = f"line-{number}"
        if line is None:
            yield Failure(part, f"is longer than {LONGEST // 1_000_000} MB; split it.")
            continue
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            yield Failure(part, f"is not JSON in UTF-8 in line {number}; correct or remove it.")
            continue
        if not isinstance(value, dict):
            yield Failure(part, f"is not a JSON object in line {number}; correct or remove it.")
            continue
        try:
            columns = choose(source.settings, value, lambda name: False)
        except CorpusError as error:
            if not known or named:
                raise
            yield Failure(part, str(error))
            continue
        known = True
        yield columns.to_document(lambda name, value=value: _nested(value, name), number, seen)  # type: ignore[misc]


def _nested(value: Any, name: str) -> Any:
    """Return the value of a key, or of keys within keys that are joined by dots."""
    if isinstance(value, dict) and name in value:
        return value[name]
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _byte_lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Yield the lines, None for one that is too long."""
    while line := stream.readline(LONGEST + 1):
        if len(line) <= LONGEST or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(LONGEST)
        yield None


class _Lines:
    """The lines of a text for the csv module, which survive that a row proves too long."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text = text
        self.left = LONGEST

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.text.readline(LONGEST + 1)
        self.left -= len(line)
        if not line:
            raise StopIteration
        if self.left < 0:
            while line and not line.endswith(("\n", "\r")):
                line = self.text.readline(LONGEST)
            raise csv.Error(f"a row of more than {LONGEST:,} characters")
        return line


def _read_csv(source: Source) -> Iterator[Document | Failure]:
    encoding = _encoding(source.stream)
    text = io.TextIOWrapper(source.stream, encoding=encoding, errors=_handler(encoding), newline="")
    try:
        delimiter = _delimiter(text.read(SAMPLE))
        text.seek(0)
        yield from _read_rows(source, text, delimiter)
    finally:
        if not source.stream.closed:
            text.detach()  # else it would close the stream, which is not ours


def _read_rows(source: Source, text: io.TextIOWrapper, delimiter: str) -> Iterator[Document | Failure]:
    lines = _Lines(text)
    rows = csv.reader(lines, delimiter=delimiter)
    try:
        header = _next(rows, lines)
    except csv.Error as error:
        raise CorpusError(f"is not a table ({error}); save it again as CSV.") from error
    if header is None:
        raise CorpusError("has no rows; fill or remove it.")
    header = [name.strip().removeprefix("\ufeff") for name in header]
    place = {name: number for number, name in reversed(list(enumerate(header)))}
    columns = choose(source.settings, header, lambda name: name not in place)
    seen: set[int] | None = set() if "id" in columns.others else None
    number = 0
    while True:
        number += 1
        line = rows.line_num + 1
        try:
            row = _next(rows, lines)
        except csv.Error as error:
            yield Failure(f"row-{number}", f"cannot be read from line {line} on ({error}); correct its quotes.")
            continue
        if row is None:
            return
        if not row:
            number -= 1
        elif len(row) != len(header):
            what = f"has {len(row)} columns in line {line} where the header has {len(header)}"
            yield Failure(f"row-{number}", f"{what}; put quotes around values that hold {delimiter!r}.")
        elif any(map(_UNDECODED.search, row)):
            yield Failure(f"row-{number}", f"is damaged in line {line}, its bytes are not UTF-8; correct it.")
        else:
            yield columns.to_document(lambda name, row=row: row[place[name]], number, seen)  # type: ignore[misc]


def _next(rows: Any, lines: _Lines) -> list[str] | None:
    """Return the next row, None at the end, under a field limit that is the whole process's and is put back."""
    lines.left = LONGEST
    with _LIMIT:
        before = csv.field_size_limit(LONGEST)
        try:
            return next(rows, None)
        finally:
            csv.field_size_limit(before)


def _delimiter(sample: str) -> str:
    """Return the delimiter under which most rows of a sample have as many columns, more than one, as the first.

    Where the first row has but one column under each, NO_DELIMITER.
    """
    lines = sample.splitlines(keepends=True)
    best, most = NO_DELIMITER, (0, 0)
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        score = (sum(len(row) == width for row in rows), width)
        if width > 1 and score > most:
            best, most = delimiter, score
    return best


def _handler(encoding: str) -> str:
    return "surrogateescape" if encoding == "utf-8" else "replace"


def _encoding(stream: BinaryIO) -> str:
    """Return the encoding: what a mark says, UTF-8, or the guess for the first block that is not; rewinds."""
    head = stream.read(4)
    stream.seek(0)
    for mark, name in MARKS:
        if head.startswith(mark):
            return {"utf-8": "utf-8-sig"}.get(name, name[:6])  # utf-16 and utf-32 drop the mark themselves
    check = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := stream.read(1 << 20):
            check.decode(block)
    except UnicodeDecodeError as error:
        block = block[block.rfind(b"\n", 0, error.start) + 1 :][:SAMPLE]
    stream.seek(0)
    if not block:
        return "utf-8"
    try:
        text = decode(block)
    except CorpusError as error:
        if "is UTF-8 but damaged" in str(error):
            return "utf-8"  # the rows that are damaged fail by themselves
        raise
    return next((name for name in CANDIDATES if block.decode(name, "replace") == text), "utf-8")
