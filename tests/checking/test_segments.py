import dataclasses
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from askoctober.checking import check_index
from askoctober.config import Config
from askoctober.index.disk import file_digest
from askoctober.index.format import HEADER_BYTES, MANIFEST, dump_manifest
from encoders import HashEncoder
from shelves import build_from, config_of

FILES = {
    "bees.md": "# Bees\n\nA forager dances on the comb. The sun gives the angle.\n\n## Smell\n\nSmell led the bees.",
    "clock.md": "# The clock\n\nHarrison built a clock. It lost five seconds.",
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    build_from(tmp_path, FILES, HashEncoder(dimension=16))
    return config_of(tmp_path)


def rewrite(config: Config, kind: str, change: Callable[[Path], None]) -> str:
    """Change a file of the index and give it its right name and sum, as a stranger could; return the name."""
    manifest = json.loads((config.index / MANIFEST).read_text(encoding="utf-8"))
    (record,) = manifest["segments"]
    path = config.index / record["files"][kind]["name"]
    change(path)
    digest = file_digest(path)
    name = f"{kind}-{digest[:12]}{path.suffix}"
    record["files"][kind] = {"name": name, "sha256": digest, "bytes": path.stat().st_size}
    path.rename(config.index / name)
    del manifest["sha256"]
    (config.index / MANIFEST).write_text(dump_manifest(manifest), encoding="utf-8")
    return name


def faults(config: Config) -> list[tuple[str, str]]:
    found = check_index(config, lambda label, done, total: None)
    assert all(finding.level == "wrong" and not finding.cure for finding in found)
    return [(finding.file, finding.what) for finding in found]


def sql(*statements: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        database = sqlite3.connect(path)
        for statement in statements:
            database.execute(statement)
        database.commit()
        database.close()

    return change


def blob(*triples: tuple[int, int, int]) -> str:
    return f"x'{np.array(triples, '<i4').tobytes().hex()}'"


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE chunk SET end = 100000 WHERE row = 0", "chunk 0 lies outside of its article"),
        ("UPDATE chunk SET start = 0, end = 0 WHERE row = 2", "chunk 2 lies outside of its article"),
        ("UPDATE chunk SET article = 7 WHERE row = 1", "article 7 is not there"),
        (f"UPDATE chunk SET spans = {blob((20, 48, 6), (0, 10, 5))} WHERE row = 0", "chunk 0 has sentences outside"),
        (f"UPDATE chunk SET spans = {blob((18, 30, 6), (20, 40, 5))} WHERE row = 0", "chunk 0 has sentences that"),
        (f"UPDATE chunk SET spans = {blob((20, 48, 6))} WHERE row = 0", "chunk 1 does not follow the one before"),
        (f"UPDATE chunk SET spans = {blob((20, 48, 5))} WHERE row = 2", "tokens: the manifest says other"),
        ("UPDATE chunk SET spans = x'00' WHERE row = 0", "has no sentences"),
        ("UPDATE chunk SET token = 3 WHERE row = 0", "chunk 0 does not follow the one before it"),
        ("UPDATE article SET chunks = 1 WHERE row = 0", "article 1 does not follow the one before it"),
        ("UPDATE article SET copy_of = 'x' WHERE row = 1", "article 1 does not follow the one before it"),
        ("UPDATE article SET text = 'short' WHERE row = 1", "chunk 2 lies outside of its article"),
        ("UPDATE article SET extra = '[' WHERE row = 0", "article 0 is not whole"),
        ("DELETE FROM chunk WHERE row = 1", "its chunks do not follow each other"),
        ("CREATE TABLE more (x)", "its database has other tables than this program makes"),
        ("INSERT INTO words(rowid, heading, body) VALUES (9, 'a', 'b')", "has words of 4 chunks in place of 3"),
    ],
)
def test_what_cannot_be_in_a_database_is_found(config, statement, fault):
    name = rewrite(config, "articles", sql(statement))
    found = faults(config)
    assert {file for file, _ in found} == {name}
    assert any(fault in what for _, what in found), found


def test_harmed_words_are_found(config):
    def change(path: Path) -> None:
        database = sqlite3.connect(path)
        identity, data = database.execute(
            "SELECT id, block FROM words_data WHERE id > 10 ORDER BY length(block) DESC"
        ).fetchone()
        database.execute("UPDATE words_data SET block = ? WHERE id = ?", (data[: len(data) // 2], identity))
        database.commit()
        database.close()

    name = rewrite(config, "articles", change)
    ((file, what),) = faults(config)
    assert (file, what[:27]) == (name, "SQLite says of its words: d")


@pytest.mark.parametrize(("kind", "value"), [("chunks", 0.0), ("sentences", float("nan")), ("chunks", float("inf"))])
def test_vectors_that_are_not_of_length_one_are_found(config, kind, value):
    def change(path: Path) -> None:
        vectors = np.frombuffer(path.read_bytes()[HEADER_BYTES:], "<f2").reshape(-1, 16).copy()
        vectors[1] = value
        path.write_bytes(path.read_bytes()[:HEADER_BYTES] + vectors.tobytes())

    name = rewrite(config, kind, change)
    assert faults(config) == [(name, "has 1 vectors that are not of length 1")]


def test_token_vectors_that_are_never_written_are_found(config):
    name = rewrite(config, "tokens", lambda path: path.write_bytes(b"\x80" + path.read_bytes()[1:]))
    assert faults(config) == [(name, "has 1 token vectors with numbers that are never written")]


def test_a_header_that_says_other_than_the_manifest_is_found(config):
    def change(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[8] ^= 1  # how many there are
        path.write_bytes(bytes(data))

    rewrite(config, "chunks", change)
    ((_, what),) = faults(config)
    assert what.endswith("does not begin as 3 vectors do")


def test_lists_are_looked_into(tmp_path, monkeypatch):
    monkeypatch.setattr("askoctober.index.partial.APPROXIMATE", 4)
    monkeypatch.setattr("askoctober.index.partial.LARGE", 4)
    sentences = " ".join(f"Number {i} of so many is here." for i in range(900))
    build_from(tmp_path, {"a.md": sentences}, HashEncoder(dimension=16), chunk_size=100)
    config = config_of(tmp_path, chunk_size=100)
    assert faults(config) == []

    def change(path: Path) -> None:
        manifest = json.loads((config.index / MANIFEST).read_text(encoding="utf-8"))
        (record,) = manifest["segments"]
        count, pieces = record["chunks"], record["lists"]["pieces"]
        data = path.read_bytes()
        at = len(data) - count * pieces - 4 * count  # the first of the rows
        path.write_bytes(data[:at] + data[at + 4 : at + 8] + data[at + 4 :])

    rewrite(config, "lists", change)
    ((_, what),) = faults(config)
    assert what.endswith("has a list that names a wrong row")


def test_faults_of_one_kind_are_named_up_to_a_limit(tmp_path):
    text = "\n\n".join(f"Sentence {i} is of its own. " * 4 for i in range(20))
    build_from(tmp_path, {"a.md": text}, HashEncoder(dimension=16), chunk_size=100)
    config = dataclasses.replace(config_of(tmp_path), chunk_size=100)
    rewrite(config, "articles", sql("UPDATE chunk SET end = 100000"))
    found = faults(config)
    assert len(found) == 6
    assert found[-1][1] == "and more of the kind"
