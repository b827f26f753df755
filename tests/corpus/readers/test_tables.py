import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from collecting import json_lines, table

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.readers import tables
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


@pytest.mark.parametrize(
    ("path", "line"), [("a.csv", b"x,y,z\n"), ("a.jsonl", b"\xff{garbage\n"), ("b.jsonl", b"[]\n")]
)
def test_a_file_of_garbage_is_named_a_hundred_times_and_then_counted(path: str, line: bytes) -> None:
    good = b'{"text": "Words"}\n' if path.endswith("jsonl") else b"One\n"
    found = rows(b"text,id\n" * path.endswith("csv") + line * 5000 + good * path.endswith("jsonl"), path)
    failures = [item for item in found if isinstance(item, Failure)]
    assert len(failures) == 101
    assert failures[-1] == Failure(path, "has 4,900 more rows that cannot be read; correct them.")
    assert len(found) == 101 + path.endswith("jsonl")


def test_a_table_of_one_column_keeps_its_commas() -> None:
    found = rows(b'text\nThe fox, at night; hunts | sleeps\n"A ""quoted"", row\nof two lines"\n')
    assert [item.text for item in found if isinstance(item, Document)] == [
        "The fox, at night; hunts | sleeps", 'A "quoted", row\nof two lines',
    ]  # fmt: skip


def test_commas_of_a_text_are_no_delimiters_where_another_parts_the_columns() -> None:
    found = rows(b"id;text\n1;The fox, at night, hunts\n2;The owl, too, hunts\n")
    assert [item.text for item in found if isinstance(item, Document)] == [
        "The fox, at night, hunts", "The owl, too, hunts",
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "shift_jis", "gb18030"])
def test_legacy_encodings(encoding: str) -> None:
    texts = {
        "cp1252": "Die Füchse jagen nachts über die Felder, und die Vögel schlafen in den Bäumen.",
        "cp1250": "Żółte liście spadają z drzew, a dzieci biegną przez łąkę do domu, gdzie czeka na nie ciepła zupa.",
        "cp1253": "Η αλεπού κυνηγά τη νύχτα στα χωράφια και τα πουλιά κοιμούνται στα δέντρα του δάσους.",
        "shift_jis": "狐は夜に野原で狩りをして、鳥は森の木の上で眠っています。朝になると子供たちが学校へ行きます。",
        "gb18030": "狐狸在夜里到田野上打猎，鸟儿在森林的树上睡觉。早晨孩子们去学校上课。",
    }
    text = texts.get(encoding, "Лиса охотится ночью в полях, а птицы спят на деревьях в лесу до самого утра.")
    found = rows(table([["id", "text"], *((str(number), text) for number in range(5))], ";", encoding))
    assert [item.text for item in found if isinstance(item, Document)] == [text] * 5


def test_rows_and_lines_that_are_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LONGEST", 1000)
    data = b'id,text\n1,One\n2,"' + b"x" * 900 + b"\n" + b"y" * 900 + b'"\n3,Three\n4,' + b"z" * 5000 + b"\n5,Five\n"
    found = rows(data)
    assert [item.part for item in found if isinstance(item, Document)][0] == "1"
    assert [item.part for item in found if isinstance(item, Document)][-1] == "5"
    assert any(isinstance(item, Failure) and "a row of more than 1,000 characters" in item.reason for item in found)
    found = rows(json_lines({"text": "One"}, {"text": "x" * 5000}, {"text": "Three"}), "a.jsonl")
    assert [getattr(item, "text", "") for item in found] == ["One", "", "Three"]
    assert isinstance(found[1], Failure) and "is longer than" in found[1].reason


@pytest.mark.parametrize("bad", ["\0", "\ud800"])
def test_characters_that_are_no_text_fail_their_row_alone(bad: str) -> None:
    values = ({"id": f"a{bad}", "text": "One", "mood": bad}, {"text": f"x{bad}"}, {"text": "Two"})
    found = rows(json_lines(*values), "a.jsonl")
    assert [item.text for item in found if isinstance(item, Document)] == ["One", "Two"]
    assert isinstance(found[1], Failure) and "no text" in found[1].reason
    assert isinstance(found[0], Document) and found[0].part == "a-"


def test_the_names_of_columns_are_shown_on_one_line() -> None:
    with pytest.raises(CorpusError, match="among: a b, ccc") as caught:
        rows(b'"a\n\x00b",c' + b"c" * 5000 + b"\n1,2\n")
    assert str(caught.value).isprintable() and len(str(caught.value)) < 1000


MEASURE = """
import io, sys, time
from askoctober.corpus.documents import Document, Source
from askoctober.corpus.readers.tables import read
import charset_normalizer, resource
with open(sys.argv[1], "rb") as file:
    for item in read(Source(sys.argv[1], file)):
        assert isinstance(item, Document)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.soak
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_memory_is_flat_in_the_size_of_the_table(ending: str, tmp_path: Path) -> None:
    peaks = []
    for count in (1_000, 300_000):
        path = tmp_path / f"{count}.{ending}"
        with path.open("wb") as file:
            file.write(b"title,text\n" if ending == "csv" else b"")
            text = "The fox hunts at night, and sleeps by day. " * 24
            row = f'Fox,"{text}"\n' if ending == "csv" else json.dumps({"title": "Fox", "text": text}) + "\n"
            for _ in range(count):
                file.write(row.encode())
        done = subprocess.run([sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] < peaks[0] + (20_000 if ending == "csv" else 60_000)  # kilobytes; of a line its hash is kept


def test_an_id_that_is_the_number_of_another_line_is_refused() -> None:
    first, second = rows(json_lines({"text": "One"}, {"id": 1, "text": "Two"}), "a.jsonl")
    assert isinstance(first, Document) and first.part == "1"
    assert isinstance(second, Failure) and "earlier row" in second.reason
