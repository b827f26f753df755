"""A segment that is being made: grown article by article, safe at every checkpoint, finished once.

It lies in a folder of its own inside the index. What a killed build had put there is taken up again from its last
checkpoint: a checkpoint is one transaction of SQLite, made when the vectors that it speaks of are on the disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from askoctober.index import codes, lists
from askoctober.index.disk import file_digest, sync_file, sync_folder, write_durably
from askoctober.index.entry import Entry
from askoctober.index.format import (
    APPROXIMATE,
    HEADER_BYTES,
    KINDS,
    LARGE,
    SCHEMA,
    half,
    unpack,
    vector_header,
)
from askoctober.index.segment import check_schema
from askoctober.types import FloatArray

ABOUT = "about.json"
COUNTS = "counts.json"
"""What the last checkpoint said, once the database no longer does."""
RECORD = "record.json"
"""The segment's part of the manifest: from here on only names are left to be given."""
_RAW = ("chunks", "sentences", "tokens")
_CHECKPOINTS = "CREATE TABLE checkpoint (counts TEXT NOT NULL)"
_BLOCK = 1 << 20


class Partial:
    """A segment under construction in `folder`; one process at a time, under the lock of the index."""

    def __init__(self, folder: Path, about: Mapping[str, Any], basis: FloatArray, codebook: FloatArray | None) -> None:
        """Go on with what lies in `folder` if it was made under the same `about`, else begin anew.

        `basis` is the projection of token vectors, `codebook` what codes of token vectors stand for, where that has
        been learnt; from `LARGE` chunks on the segment learns one and codes its tokens.
        """
        self.folder = folder
        self.codebook = codebook
        self._dimension, self._token_dimension = basis.shape
        self._about = json.dumps(about, sort_keys=True)
        self.articles = self.chunks = self.sentences = self.tokens = 0
        self._coded = False
        self._streams: dict[str, BinaryIO] = {}
        self._sums = {kind: hashlib.sha256() for kind in _RAW}
        self._database: sqlite3.Connection | None = None
        if not self._resume():
            self._begin()

    @property
    def database(self) -> sqlite3.Connection:
        """The articles, chunks and words so far."""
        assert self._database is not None, "the segment is closed"
        return self._database

    def digests(self) -> Iterator[tuple[int, str, str]]:
        """Yield row, path and digest of the articles so far."""
        yield from self.database.execute("SELECT row, path, digest FROM article ORDER BY row")

    def add(self, entry: Entry) -> int:
        """Append an article, in force from the next `checkpoint`; return its row."""
        article, database = entry.article, self.database
        spans = iter(entry.token_counts.tolist())
        for chunk, sentences in entry.chunks:
            triples = np.array([(s.start, s.end, next(spans)) for s in sentences], "<i4").reshape(-1, 3)
            at = database.execute(
                "INSERT INTO words(rowid, heading, body) VALUES (?,?,?)", (self.chunks, chunk.heading, chunk.text)
            )
            ((words,),) = database.execute("SELECT sz FROM words_docsize WHERE id = ?", (self.chunks,))
            at.execute(
                "INSERT INTO chunk VALUES (?,?,?,?,?,?,?,?,?)",
                (self.chunks, self.articles, chunk.heading, chunk.start, chunk.end, self.sentences, self.tokens)
                + (sum(_varints(words)), triples.tobytes()),
            )
            self.chunks += 1
            self.sentences += len(triples)
            self.tokens += int(triples[:, 2].sum())
        database.execute(
            "INSERT INTO article VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (self.articles, article.id, article.path, entry.file, article.title, article.author, article.publisher)
            + (article.date, article.url, article.language, article.text if not entry.copy_of else "")
            + (np.array(article.pages, "<i4").tobytes(), json.dumps(dict(article.extra), sort_keys=True), entry.digest)
            + (entry.signature, entry.copy_of, self.chunks - len(entry.chunks), len(entry.chunks)),
        )
        database.executemany("INSERT OR IGNORE INTO band VALUES (?,?)", ((key, self.articles) for key in entry.bands))
        self.articles += 1
        if entry.chunks:
            self._append("chunks", half(entry.vectors))
            self._append("sentences", half(entry.sentence_vectors))
            self._append("tokens", self._token_bytes(entry))
        return self.articles - 1

    def checkpoint(self) -> None:
        """Make what was added so far safe: a build that is killed goes on from here."""
        for kind in _RAW:
            self._streams[kind].flush()
            sync_file(self._path(kind))
        self._note()
        if self.chunks >= LARGE and not self._coded:
            self._compress()

    def finish(self, target: Path, pieces: int) -> dict[str, Any]:
        """Move the segment's files into the folder `target` under their own names; return its record in the manifest.

        `pieces` is how many bytes the code of a chunk has in the lists of a segment that is large enough for them. What
        is killed in here is undone by `put_back`.
        """
        record: dict[str, Any] = {
            **{name: getattr(self, name) for name in ("articles", "chunks", "sentences", "tokens")},
            **{"dead": [], "dead_copies": 0, "dead_chunks": 0, "dead_sentences": 0},
        }
        self.checkpoint()
        record["coded"] = self._coded
        ((record["copies"],),) = self.database.execute("SELECT count(*) FROM article WHERE copy_of <> ''").fetchall()
        new = {kind: self._path(kind) for kind in _RAW}
        for kind, count in (("chunks", self.chunks), ("sentences", self.sentences)):
            self._streams[kind].seek(0)
            self._streams[kind].write(vector_header(count, self._dimension))
            self._streams[kind].seek(0, 2)
            self._streams[kind].flush()
        if self.chunks >= APPROXIMATE:
            vectors = np.memmap(new["chunks"], "<f2", "r", HEADER_BYTES, (self.chunks, self._dimension))
            new["lists"] = self.folder / "lists.part"
            sentences = np.memmap(new["sentences"], "<f2", "r", HEADER_BYTES, (self.sentences, self._dimension))
            shape, how = lists.build(vectors, sentences, new["lists"], pieces)
            record["lists"] = {"lists": shape.lists, "pieces": shape.pieces, **how}
            del vectors, sentences
        self._tidy()
        new["articles"] = self._path("articles")
        record["files"] = {kind: named(kind, KINDS[kind], path) for kind, path in sorted(new.items())}
        moves = {path.name: record["files"][kind]["name"] for kind, path in new.items()}
        for path in new.values():
            sync_file(path)
        write_durably(self.folder / RECORD, json.dumps({"about": self._about, "record": record, "moves": moves}))
        _move(self.folder, target, moves)
        return record

    def close(self) -> None:
        """Leave what there is for a later build to go on from."""
        for stream in self._streams.values():
            with suppress(OSError):  # of a full disk; what no checkpoint speaks of does not count
                stream.close()
        if self._database is not None:
            self._database.close()
            self._database = None

    def _path(self, kind: str) -> Path:
        return self.folder / f"{kind}.{'codes' if kind == 'tokens' and self._coded else 'part'}"

    def _append(self, kind: str, data: bytes) -> None:
        self._streams[kind].write(data)
        self._sums[kind].update(data)

    def _token_bytes(self, entry: Entry) -> bytes:
        if self._coded == entry.coded:
            return np.ascontiguousarray(entry.tokens).tobytes()
        assert self.codebook is not None, "codes are read with the codebook they were made with"
        if entry.coded:  # the segment codes its tokens from its beginning when one of those that it takes over did
            self._compress()
            return np.ascontiguousarray(entry.tokens).tobytes()
        return codes.encode(unpack(np.asarray(entry.tokens, np.int8)), self.codebook).tobytes()

    def _begin(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._coded = False
        self.articles = self.chunks = self.sentences = self.tokens = 0
        self._sums = {kind: hashlib.sha256() for kind in _RAW}
        for kind in _RAW:
            self._streams[kind] = self._path(kind).open("wb+")
            self._streams[kind].write(bytes(_header(kind)))
        self._connect()
        self.database.executescript(SCHEMA + _CHECKPOINTS)
        # Words are merged once, when all are in.
        self.database.execute("INSERT INTO words(words, rank) VALUES ('automerge', 0)")
        self.checkpoint()
        (self.folder / ABOUT).write_text(self._about, encoding="utf-8")
        sync_file(self.folder / ABOUT)
        sync_folder(self.folder)
        sync_folder(self.folder.parent)

    def _connect(self) -> None:
        self._database = sqlite3.connect(self._path("articles"), isolation_level="IMMEDIATE")
        self._database.executescript(
            "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA trusted_schema=OFF"
        )

    def _resume(self) -> bool:
        """Take up what lies in the folder; return whether there was anything of use."""
        try:
            if (self.folder / ABOUT).read_text(encoding="utf-8") != self._about:
                return False
            self._connect()
            ((problem,),) = self.database.execute("PRAGMA quick_check(1)").fetchall()
            counts: dict[str, Any] = json.loads(self._last_checkpoint())
            check_schema(self.database, _CHECKPOINTS)
            self._coded = counts["coded"]
            if problem != "ok" or (self._coded and self.codebook is None and not self._read_codebook()):
                raise ValueError(problem)
            for kind in _RAW:
                self._cut(kind, *counts[kind])
            self.articles, self.chunks, self.sentences, self.tokens = counts["counts"]
            return True
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, sqlite3.Error):
            self.close()
            self._streams = {}
            return False

    def _last_checkpoint(self) -> str:
        """What the last checkpoint says; the table of checkpoints is made again where a killed `finish` dropped it."""
        if self.database.execute("SELECT 1 FROM sqlite_master WHERE name = 'checkpoint'").fetchone():
            ((text,),) = self.database.execute("SELECT counts FROM checkpoint").fetchall()
        else:
            text = (self.folder / COUNTS).read_text(encoding="utf-8")
            # At once: an empty table of checkpoints would cost a build that is killed here all that was made.
            self.database.execute("BEGIN IMMEDIATE")
            self.database.execute(_CHECKPOINTS)
            self.database.execute("INSERT INTO checkpoint VALUES (?)", (text,))
            self.database.commit()
        return str(text)

    def _cut(self, kind: str, length: int, digest: str) -> None:
        """Take off what was written to a file after its checkpoint, and check the rest."""
        stream = self._path(kind).open("rb+")
        self._streams[kind] = stream
        total = hashlib.sha256()
        left = length - stream.seek(_header(kind))
        while left and (block := stream.read(min(left, _BLOCK))):
            total.update(block)
            left -= len(block)
        if left or total.hexdigest() != digest:
            raise ValueError(f"{kind} has changed")
        stream.truncate(length)
        stream.seek(length)
        self._sums[kind] = total

    def _note(self) -> None:
        counts = {
            "counts": [self.articles, self.chunks, self.sentences, self.tokens],
            "coded": self._coded,
            **{kind: [self._streams[kind].tell(), self._sums[kind].hexdigest()] for kind in _RAW},
        }
        self.database.execute("DELETE FROM checkpoint")
        self.database.execute("INSERT INTO checkpoint VALUES (?)", (json.dumps(counts),))
        self.database.commit()

    def _compress(self) -> None:
        """Put codes in place of the token vectors so far."""
        self._streams["tokens"].flush()
        old = self._path("tokens")
        size = self._token_dimension
        known = np.memmap(old, np.int8, "r", shape=(self.tokens_in(old), size)) if old.stat().st_size else None
        if self.codebook is None:
            assert known is not None
            rows = np.linspace(0, len(known) - 1, min(len(known), codes.SAMPLE)).astype(np.int64)
            self.codebook = codes.fit_codebook(unpack(np.asarray(known[rows])))
        np.ascontiguousarray(self.codebook, "<f4").tofile(self.folder / "codebook.part")
        sync_file(self.folder / "codebook.part")
        self._coded = True
        self._streams["tokens"].close()
        self._sums["tokens"] = hashlib.sha256()
        self._streams["tokens"] = self._path("tokens").open("wb+")
        for at in range(0, 0 if known is None else len(known), _BLOCK // 8):
            assert known is not None
            block = unpack(np.asarray(known[at : at + _BLOCK // 8]))
            self._append("tokens", codes.encode(block, self.codebook).tobytes())
        del known
        self._streams["tokens"].flush()
        sync_file(self._path("tokens"))
        sync_folder(self.folder)
        self._note()
        old.unlink()

    def tokens_in(self, path: Path) -> int:
        """How many token vectors of 8 bits a component a file holds."""
        return int(path.stat().st_size // self._token_dimension)

    def _read_codebook(self) -> bool:
        pieces = codes.pieces_of(self._token_dimension)
        flat = np.fromfile(self.folder / "codebook.part", "<f4")
        self.codebook = flat.reshape(pieces, codes.CENTROIDS, codes.SIZE)
        return True

    def _tidy(self) -> None:
        """Leave the database as it is to be kept: without checkpoints, and with its words merged into one."""
        database = self.database
        write_durably(self.folder / COUNTS, self._last_checkpoint())
        database.execute("DROP TABLE checkpoint")
        database.execute("INSERT INTO words(words) VALUES ('optimize')")
        database.commit()
        if self.chunks < LARGE:
            database.execute("VACUUM")
        database.execute("PRAGMA journal_mode=DELETE")
        self.close()


def put_back(folder: Path, target: Path, in_force: Collection[str]) -> None:
    """Undo a killed `Partial.finish` whose files lie in `folder` or already in `target`, so that a build goes on there.

    `in_force` are the files that the manifest names; where the segment is among them nothing is left to be done, and
    the folder is removed. Only such names are followed as `finish` gives: an index may be a stranger's.
    """
    try:
        moves = json.loads((folder / RECORD).read_text(encoding="utf-8"))["moves"]
        sound = all(_is_move(old, new) for old, new in moves.items())
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound, moves = False, {}
    if not sound or moves.get("articles.part") in in_force:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for old, new in moves.items():
        if not (folder / old).exists() and (target / new).exists():
            if new in in_force:  # of another segment that holds the very same
                shutil.copyfile(target / new, folder / old)
            else:
                os.replace(target / new, folder / old)
    sync_folder(folder)
    (folder / RECORD).unlink()


def _is_move(old: str, new: str) -> bool:
    """Whether `Partial.finish` may have given a file of this name that name."""
    kind, _, part = old.partition(".")
    if part not in ("part", "codes") or kind not in KINDS:
        return False
    return re.fullmatch(rf"{kind}-[0-9a-f]{{12}}\.{KINDS[kind]}", new) is not None


def named(kind: str, ending: str, path: Path) -> dict[str, Any]:
    """Return what the manifest says of a finished file: its name holds its sum."""
    digest = file_digest(path)
    return {"name": f"{kind}-{digest[:12]}.{ending}", "sha256": digest, "bytes": path.stat().st_size}


def _move(folder: Path, target: Path, moves: Mapping[str, str]) -> None:
    for old, new in moves.items():
        if (folder / old).exists():
            os.replace(folder / old, target / new)
    sync_folder(target)


def _header(kind: str) -> int:
    """Bytes that are written to a file last of all, when it is known how many vectors it holds."""
    return 0 if kind == "tokens" else HEADER_BYTES


def _varints(blob: bytes) -> Iterator[int]:
    """Yield the numbers of a blob of SQLite's variable-length integers: FTS5 keeps the words of each column so."""
    value = 0
    for byte in blob:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            yield value
            value = 0
