"""A reader written from docs/index-format.md alone, compared with ours."""

import hashlib
import json
import re
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from askoctober.index import LocalStore
from encoders import HashEncoder
from shelves import build_from

PAGE = Path(__file__).parents[2] / "docs" / "index-format.md"
ENDINGS = {"basis": "f32", "codebook": "f32", "articles": "sqlite", "chunks": "faiss", "sentences": "faiss"}
ENDINGS |= {"tokens": "u8", "lists": "ivf"}


class Reader:
    """An index, read with the standard library and NumPy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = json.loads((folder / "manifest.json").read_bytes())
        assert self.manifest["format"] == 2
        rest = {key: value for key, value in self.manifest.items() if key != "sha256"}
        text = json.dumps(rest, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        assert hashlib.sha256(text.encode()).hexdigest() == self.manifest["sha256"]
        self.dimension = self.manifest["dimension"]
        self.kept = min(128, self.dimension)
        self.pieces = -(-self.kept // 4)
        shared = {kind: self.data(kind, entry) for kind, entry in self.manifest["files"].items()}
        self.basis = np.frombuffer(shared["basis"], "<f4").reshape(self.dimension, self.kept)
        if "codebook" in shared:
            self.codebook = np.frombuffer(shared["codebook"], "<f4").reshape(self.pieces, 256, 4)
        self.chunks = [chunk for record in self.manifest["segments"] for chunk in self.read(record)]

    def data(self, kind: str, entry: dict[str, Any]) -> bytes:
        assert entry["name"] == f"{kind}-{entry['sha256'][:12]}.{ENDINGS[kind]}"
        data = (self.folder / entry["name"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"])
        return data

    def vectors(self, data: bytes, count: int) -> np.ndarray:
        size = 2 * self.dimension
        assert data[:4] == b"IxSQ"
        assert struct.unpack_from("<iqqqBiiifQQQQ", data, 4) == (
            *(self.dimension, count, 1 << 20, 1 << 20, 1, 0, 4, 0, 0.0, self.dimension, size, 0, count * size),
        )
        return np.frombuffer(data, "<f2", offset=81).reshape(count, self.dimension)

    def tokens(self, data: bytes, coded: bool) -> np.ndarray:
        if not coded:
            return np.frombuffer(data, "i1").reshape(-1, self.kept) / np.float32(127)
        codes = np.frombuffer(data, "u1").reshape(-1, self.pieces)
        found = np.concatenate([self.codebook[piece][codes[:, piece]] for piece in range(self.pieces)], axis=1)[
            :, : self.kept
        ]
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def read(self, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
        files = {kind: self.data(kind, entry) for kind, entry in record["files"].items()}
        vectors = self.vectors(files["chunks"], record["chunks"])
        sentences = self.vectors(files["sentences"], record["sentences"])
        tokens = self.tokens(files["tokens"], record["coded"])
        if "lists" in record:
            self.lists = self.read_lists(files["lists"], record)
        path = self.folder / record["files"]["articles"]["name"]
        base = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        base.row_factory = sqlite3.Row
        articles = {row["row"]: row for row in base.execute("SELECT * FROM article")}
        dead = set(record["dead"])
        for row in base.execute("SELECT * FROM chunk ORDER BY row").fetchall():
            article = articles[row["article"]]
            assert article["chunk"] <= row["row"] < article["chunk"] + article["chunks"]
            spans = np.frombuffer(row["spans"], "<i4").reshape(-1, 3)
            if row["article"] not in dead:
                yield {
                    "id": f"{article['id']}:{row['start']}-{row['end']}",
                    "path": article["path"],
                    "title": article["title"],
                    "pages": np.frombuffer(article["pages"], "<i4").tolist(),
                    "extra": json.loads(article["extra"]),
                    "heading": row["heading"],
                    "text": article["text"][row["start"] : row["end"]],
                    "sentences": [article["text"][start:end] for start, end, _ in spans],
                    "vector": vectors[row["row"]],
                    "sentence_vectors": sentences[row["sentence"] : row["sentence"] + len(spans)],
                    "tokens": tokens[row["token"] : row["token"] + spans[:, 2].sum()],
                    "counts": spans[:, 2].tolist(),
                    "words": [r for (r,) in base.execute("SELECT rowid FROM words WHERE words MATCH 'bee'")],
                }
        base.close()

    def read_lists(self, data: bytes, record: dict[str, Any]) -> list[np.ndarray]:
        size, count, at = self.dimension, record["chunks"], 0
        lists, pieces = record["lists"]["lists"], record["lists"]["pieces"]
        shapes = [("<f4", (size, size)), ("<f4", (lists, size)), ("<f4", (pieces, 256, size // pieces))]
        shapes += [("<i8", (lists + 1,)), ("<i4", (count,)), ("u1", (count, pieces))]
        arrays = []
        for kind, shape in shapes:
            arrays.append(np.frombuffer(data, kind, int(np.prod(shape)), at).reshape(shape))
            at += arrays[-1].nbytes
        assert at == len(data)
        return arrays

    def near(self, vector: np.ndarray, probe: int, k: int) -> list[int]:
        rotation, centroids, codebook, begins, rows, codes = self.lists
        turned, scored = rotation @ vector, []
        for number in np.argsort(-(centroids @ turned))[:probe]:
            for at in range(begins[number], begins[number + 1]):
                code = np.concatenate([codebook[piece][codes[at, piece]] for piece in range(len(codebook))])
                scored.append((float(centroids[number] @ turned + code @ turned), int(rows[at])))
        return [row for _, row in sorted(scored, reverse=True)[:k]]


def compare(folder: Path) -> Reader:
    """Read an index in both ways."""
    reader, store = Reader(folder), LocalStore.open(folder)
    assert len(reader.chunks) == store.size == reader.manifest["chunks"]
    assert np.array_equal(reader.basis, store.basis)
    for row, found in enumerate(reader.chunks):
        chunk = store.chunk(row)
        assert [found[name] for name in ("id", "heading", "text")] == [chunk.id, chunk.heading, chunk.text]
        assert (found["path"], found["title"]) == (chunk.article.path, chunk.article.title)
        assert (tuple(found["pages"]), found["extra"]) == (chunk.article.pages, dict(chunk.article.extra))
        assert found["sentences"] == [chunk.article.text[s.start : s.end] for s in store.sentences(row)]
        assert np.array_equal(found["vector"].astype("f4"), store.chunk_vectors(np.array([row]))[0])
        assert np.array_equal(found["sentence_vectors"].astype("f4"), store.sentence_vectors(row))
        assert found["counts"] == store.token_counts(row).tolist()
        assert found["tokens"] == pytest.approx(store.token_vectors(row), abs=1e-6)
    store.close()
    return reader


def shelf(count: int, word: str = "bee") -> dict[str, str]:
    part = "# On {i}\n\nThe {word} of 😀 number {i} dances {i} times. The sun gave angle {i}.\n\n## Why\n\n{i} of them."
    return {f"{i:03}.md": part.format(i=i, word=word) for i in range(count)}


def test_a_small_index_is_read_from_the_page_alone(tmp_path):
    build_from(tmp_path, shelf(4) | {"copy.md": shelf(1)["000.md"]})
    reader = compare(tmp_path / "index")
    assert reader.chunks[0]["words"] == [0, 2, 4, 6]


def test_segments_with_dead_articles_are_read_from_the_page_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("askoctober.index.writing.SMALL", 0)
    build_from(tmp_path, shelf(12))
    build_from(tmp_path, shelf(12) | {"003.md": "# Changed\n\nA clock.", "x.md": "# New\n\nA moon."})
    reader = compare(tmp_path / "index")
    assert [len(record["dead"]) for record in reader.manifest["segments"]] == [1, 0]


def test_a_large_index_is_read_from_the_page_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("askoctober.index.partial.LARGE", 20)
    monkeypatch.setattr("askoctober.index.partial.APPROXIMATE", 20)
    monkeypatch.setattr("askoctober.index.segment.LARGE", 20)
    build_from(tmp_path, shelf(150), HashEncoder(dimension=16))
    reader = compare(tmp_path / "index")
    (record,) = reader.manifest["segments"]
    assert record["coded"]
    encoder = HashEncoder(dimension=16)
    vectors = np.array([chunk["vector"] for chunk in reader.chunks], "f4")
    for number in range(0, 150, 30):
        vector = encoder.encode([f"bee number {number} dances {number} times"])[0]
        near = reader.near(vector, record["lists"]["probe"], 100)
        assert np.argmax(vectors @ vector) in near


def test_the_page_has_the_tables_and_every_key_and_file(tmp_path):
    from askoctober.index.format import FORMAT, SCHEMA

    page = PAGE.read_text(encoding="utf-8")
    assert f"Format **{FORMAT}**" in page
    (sql,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    assert sql.split() == SCHEMA.split()
    build_from(tmp_path, shelf(2) | {"empty.md": ""})
    manifest = json.loads((tmp_path / "index" / "manifest.json").read_text(encoding="utf-8"))
    (record,) = manifest["segments"]
    for key in (*manifest, *record, *record["files"], *manifest["files"]):
        assert f"`{key}`" in page, key
