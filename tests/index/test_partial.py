import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askoctober.index import codes
from askoctober.index.format import HEADER_BYTES, vector_header
from askoctober.index.partial import ABOUT, RECORD, Partial, named, put_back
from askoctober.index.segment import Segment
from index.entries import note

BASIS = np.eye(16, dtype=np.float32)
SETTINGS = {"format": 2, "about": "x"}
RAW = ("chunks", "sentences", "tokens")


def entries(first: int, last: int) -> list:
    return [note(number, 1 + number % 3, 16) for number in range(first, last)]


def begin(folder: Path, codebook: np.ndarray | None = None, **changes: object) -> Partial:
    return Partial(folder, SETTINGS | changes, BASIS, codebook)


def grown(folder: Path, count: int, steps: int = 1) -> Partial:
    partial = begin(folder)
    for entry in entries(partial.articles, count):
        partial.add(entry)
        if partial.articles % steps == 0:
            partial.checkpoint()
    return partial


def finished(folder: Path, count: int = 6, steps: int = 1) -> dict:
    partial = grown(folder / "building", count, steps)
    return partial.finish(folder, 16)


def held(folder: Path, record: dict) -> list:
    """All that a segment holds; SQLite's own bytes depend on how often it was asked to make things safe."""
    files = {kind: entry for kind, entry in record["files"].items() if kind != "articles"}
    database = sqlite3.connect(folder / record["files"]["articles"]["name"])
    tables = ("article", "chunk", "band", "words_docsize")
    rows = [database.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables]
    found = [database.execute("SELECT rowid, bm25(words) FROM words(?)", (word,)).fetchall() for word in ("line", "2")]
    database.close()
    return [record | {"files": files}, rows, found]


def opened(folder: Path, record: dict, codebook: np.ndarray | None = None) -> Segment:
    return Segment(folder, record, BASIS, codebook)


def test_a_finished_segment_holds_what_was_added(tmp_path):
    record = finished(tmp_path)
    wanted = entries(0, 6)
    assert record["articles"] == 6
    assert record["chunks"] == sum(len(entry.chunks) for entry in wanted)
    assert record["sentences"] == sum(len(entry.token_counts) for entry in wanted)
    assert record["tokens"] == sum(len(entry.tokens) for entry in wanted)
    assert [record[name] for name in ("coded", "copies", "dead", "dead_chunks")] == [False, 0, [], 0]
    segment = opened(tmp_path, record)
    for row, entry in enumerate(wanted):
        again = segment.entry(row)
        assert (again.article, again.chunks, again.digest) == (entry.article, entry.chunks, entry.digest)
        assert again.vectors == pytest.approx(entry.vectors, abs=1e-3)
        assert again.sentence_vectors == pytest.approx(entry.sentence_vectors, abs=1e-3)
        assert np.array_equal(again.tokens, entry.tokens)
    segment.close()
    assert not (tmp_path / "building" / "chunks.part").exists()


def test_a_name_holds_the_sum_of_the_file(tmp_path):
    record = finished(tmp_path)
    for kind, entry in record["files"].items():
        path = tmp_path / entry["name"]
        assert named(kind, path.suffix[1:], path) == entry
    data = (tmp_path / record["files"]["chunks"]["name"]).read_bytes()
    assert data[:HEADER_BYTES] == vector_header(record["chunks"], 16)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_the_same_articles_give_the_same_segment_wherever_it_stopped(tmp_path, steps):
    expected = held(tmp_path / "whole", finished(tmp_path / "whole", 5))
    partial = grown(tmp_path / "cut" / "building", 5, steps)
    kept = 5 // steps * steps
    partial.close()
    resumed = begin(tmp_path / "cut" / "building")
    assert resumed.articles == kept
    for entry in entries(kept, 5):
        resumed.add(entry)
    assert held(tmp_path / "cut", resumed.finish(tmp_path / "cut", 16)) == expected


@pytest.mark.parametrize("torn", RAW)
@given(junk=st.binary(max_size=300), count=st.integers(1, 4))
@settings(max_examples=3, deadline=None)
def test_bytes_after_the_last_checkpoint_are_taken_off(tmp_path_factory, torn, junk, count):
    folder = tmp_path_factory.mktemp("torn")
    expected = held(folder / "whole", finished(folder / "whole", 5))
    grown(folder / "building", count).close()
    with (folder / "building" / f"{torn}.part").open("ab") as stream:
        stream.write(junk)
    resumed = begin(folder / "building")
    assert resumed.articles == count
    for entry in entries(count, 5):
        resumed.add(entry)
    assert held(folder, resumed.finish(folder, 16)) == expected


@pytest.mark.parametrize("kind", RAW)
@pytest.mark.parametrize("harm", ["flipped", "shorter", "missing"])
def test_harm_before_the_last_checkpoint_begins_anew(tmp_path, kind, harm):
    grown(tmp_path, 4).close()
    path = tmp_path / f"{kind}.part"
    data = path.read_bytes()
    at = HEADER_BYTES + 3 if kind != "tokens" else 3
    path.unlink()
    if harm == "flipped":
        path.write_bytes(data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :])
    elif harm == "shorter":
        path.write_bytes(data[:-1])
    resumed = begin(tmp_path)
    assert (resumed.articles, resumed.chunks, resumed.tokens) == (0, 0, 0)
    assert list(resumed.digests()) == []
    for entry in entries(0, 2):
        resumed.add(entry)
    resumed.checkpoint()
    assert [path for _, path, _ in resumed.digests()] == ["0000.md", "0001.md"]
    resumed.close()


@pytest.mark.parametrize("content", [b"", b"x" * 5000, None])
def test_a_harmed_database_begins_anew(tmp_path, content):
    grown(tmp_path, 3).close()
    path = tmp_path / "articles.part"
    if content is None:
        database = sqlite3.connect(path)
        database.execute("UPDATE checkpoint SET counts = '{'")
        database.commit()
        database.close()
    else:
        path.write_bytes(content)
    resumed = begin(tmp_path)
    assert resumed.articles == 0
    resumed.close()


def test_what_was_made_in_another_way_is_not_gone_on_with(tmp_path):
    grown(tmp_path, 3).close()
    assert (tmp_path / ABOUT).exists()
    resumed = begin(tmp_path, about="y")
    assert resumed.articles == 0
    resumed.close()


def test_what_was_not_checkpointed_is_gone(tmp_path):
    partial = grown(tmp_path, 2)
    for entry in entries(2, 4):
        partial.add(entry)
    partial.close()
    resumed = begin(tmp_path)
    assert [path for _, path, _ in resumed.digests()] == ["0000.md", "0001.md"]
    resumed.close()


@pytest.mark.parametrize("moves", [0, 1, 2, 4])
def test_a_finish_that_was_killed_while_names_were_given_is_gone_on_with(tmp_path, monkeypatch, moves):
    expected = held(tmp_path / "whole", finished(tmp_path / "whole"))
    target = tmp_path / "cut"
    partial = grown(target / "building", 6)
    replace, done = os.replace, []

    def replace_some(old: Path, new: Path) -> None:
        if Path(new).parent == target:
            if len(done) == moves:
                raise KeyboardInterrupt
            done.append(new)
        replace(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace_some)
        if moves < 4:
            with pytest.raises(KeyboardInterrupt):
                partial.finish(target, 16)
        else:
            partial.finish(target, 16)
    partial.close()
    assert len(list(target.iterdir())) == 1 + moves
    put_back(target / "building", target, frozenset())
    assert [path.name for path in target.iterdir()] == ["building"]
    resumed = begin(target / "building")
    assert resumed.articles == 6
    record = resumed.finish(target, 16)
    assert held(target, record) == expected
    opened(target, record).close()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"moves": 3}', '{"moves": {"../x": "y"}}', '{"moves": {"chunks.part": "../../victim"}}']
    + ['{"moves": {"chunks.part": "victim"}}', '{"moves": {"about.json": "chunks-0123456789ab.faiss"}}'],
)
def test_of_a_record_only_names_that_are_given_are_followed(tmp_path, text):
    building = tmp_path / "a" / "building"
    building.mkdir(parents=True)
    (building / RECORD).write_text(text)
    places = [tmp_path / "victim", tmp_path / "a" / "victim", tmp_path / "a" / "chunks-0123456789ab.faiss"]
    for place in places:
        place.write_text("x")
    put_back(building, tmp_path / "a", frozenset())
    assert all(place.exists() for place in places)


def test_a_finish_that_was_killed_while_tidying_is_gone_on_with(tmp_path, monkeypatch):
    expected = held(tmp_path / "whole", finished(tmp_path / "whole"))
    folder = tmp_path / "cut" / "building"
    partial = grown(folder, 6)
    with monkeypatch.context() as patch:
        patch.setattr("askoctober.index.partial.named", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            partial.finish(tmp_path / "cut", 16)
    begin(folder).close()  # killed again before anything is added
    resumed = begin(folder)
    assert resumed.articles == 6
    assert held(tmp_path / "cut", resumed.finish(tmp_path / "cut", 16)) == expected


def test_a_large_segment_codes_its_tokens_and_is_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.setattr("askoctober.index.partial.LARGE", 8)
    partial = grown(tmp_path / "building", 12)
    assert partial.codebook is not None
    book = partial.codebook
    assert (tmp_path / "building" / "tokens.codes").exists()
    assert not (tmp_path / "building" / "tokens.part").exists()
    partial.close()
    resumed = begin(tmp_path / "building")
    assert resumed.articles == 12
    assert np.array_equal(resumed.codebook, book)
    for entry in entries(12, 14):
        resumed.add(entry)
    record = resumed.finish(tmp_path, 16)
    assert record["coded"]
    segment = opened(tmp_path, record, book)
    for row, entry in enumerate(entries(0, 14)):
        wanted = codes.encode(np.asarray(entry.tokens, np.float32) / 127, book)
        assert np.array_equal(segment.entry(row).tokens, wanted)
        assert segment.entry(row).coded
    for chunk in range(segment.size):
        assert len(segment.token_vectors(chunk)) == segment.token_counts(chunk).sum()
    segment.close()


def test_what_is_coded_is_taken_over_as_it_is(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("askoctober.index.partial.LARGE", 8)
        partial = grown(tmp_path / "one", 12)
        book = partial.codebook
        segment = opened(tmp_path, partial.finish(tmp_path, 16), book)
    partial = begin(tmp_path / "two", book)
    partial.add(note(90, 2, 16))
    partial.add(segment.entry(3))
    partial.add(note(91, 2, 16))
    record = partial.finish(tmp_path, 16)
    assert record["coded"]
    again = opened(tmp_path, record, book)
    assert np.array_equal(again.entry(1).tokens, segment.entry(3).tokens)
    for row, number in ((0, 90), (2, 91)):
        wanted = np.asarray(note(number, 2, 16).tokens, np.float32) / 127
        assert np.array_equal(again.entry(row).tokens, codes.encode(wanted, book))
    again.close()
    segment.close()


def test_an_empty_segment_can_be_finished(tmp_path):
    record = begin(tmp_path / "building").finish(tmp_path, 16)
    assert [record[name] for name in ("articles", "chunks", "sentences", "tokens")] == [0] * 4
    segment = opened(tmp_path, record)
    vector = np.eye(1, 16, dtype=np.float32)[0]
    assert segment.search_dense(vector, 3, np.zeros(0, np.int64))[0].tolist() == []
    segment.close()
