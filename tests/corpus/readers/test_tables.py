import csv
import io
from typing import Any

import pytest
from collecting import json_lines, table

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.readers.tables import read
from askoctober.errors import CorpusError


def rows(data: bytes, path: str = "a.csv", **settings: Any) -> list[Document | Failure]:
    return list(read(Source(path, io.BytesIO(data), settings)))


@pytest.mark.parametrize("delimiter", list(",;\t|"))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_usual_columns_are_found(delimiter: str, encoding: str) -> None:
    data = table([["ID", "Title", "Text", "mood"], ["x", "Fox", "It hunts,\nat night; é", "calm"]], delimiter, encoding)
    assert rows(data) == [Document("It hunts,\nat night; é", {"title": "Fox"}, "x", extra={})]


def test_columns_are_named_in_settings() -> None:
    data = table([["h", "a", "b", "s"], ["Fox", "One.", "Two.", "north"]])
    found = rows(data, columns={"text": ["a", "b"], "title": "h", "section": "s"})
    assert found == [Document("One.\n\nTwo.", {"title": "Fox"}, "1", extra={"section": "north"})]


def test_no_text_column_names_those_there_are() -> None:
    with pytest.raises(CorpusError, match=r"among: p, q; name it in articles.toml"):
        rows(table([["p", "q"], ["1", "2"]]))


def test_broken_rows_fail_alone() -> None:
    found = rows(b"id,text\n1,One\n2,Two,more\n1,Again\n4,\n5,Five\n")
    assert [(type(item), getattr(item, "part", "") or getattr(item, "path", "")) for item in found] == [
        (Document, "1"), (Failure, "row-2"), (Failure, "row-3"), (Failure, "4"), (Document, "5"),
    ]  # fmt: skip
    assert "line 3" in found[1].reason  # type: ignore[union-attr]
    assert "has no text in row 4" in found[3].reason  # type: ignore[union-attr]


def test_a_legacy_encoding_far_into_the_file_is_found_and_the_stream_stays_open() -> None:
    late = "Die Füchse jagen nachts über die Felder, und die Vögel schlafen in den Bäumen."
    data = table([["text"], *(["plain words"] for _ in range(200_000)), [late]], encoding="cp1252")
    stream = io.BytesIO(data)
    *_, last = read(Source("a.csv", stream))
    assert isinstance(last, Document) and last.text == late
    assert not stream.closed


def test_the_field_limit_is_put_back() -> None:
    before = csv.field_size_limit()
    (found,) = rows(table([["id", "text"], ["1", "a " * 200_000]]))
    assert isinstance(found, Document)
    assert csv.field_size_limit() == before


def test_json_lines_with_nested_keys_and_a_broken_line() -> None:
    data = json_lines({"a": {"b": "One."}}) + b"{broken\n" + json_lines([1], {"a": {"b": "Two."}})
    found = rows(data, "a.jsonl", columns={"text": "a.b"})
    assert [item.text for item in found if isinstance(item, Document)] == ["One.", "Two."]
    assert [item.path for item in found if isinstance(item, Failure)] == ["line-2", "line-3"]
