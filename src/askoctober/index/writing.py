"""Changing an index: what is new goes into a segment of its own, what is gone is listed, the manifest is replaced last.

A process that dies in here leaves the old index in force, and what it had made to go on from. Two builds wait for each
other. So that the segments stay few, an update takes the smaller ones over into its own (the logarithmic method of
Bentley and Saxe 1980): on average each article is written again a few times, however large the shelf is.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from askoctober.errors import IndexFolderError
from askoctober.index.disk import LOCK_SECONDS, file_digest, hold, refuse_links, replace_durably, write_durably
from askoctober.index.entry import Entry
from askoctober.index.format import (
    BUILDING,
    FORMAT,
    HOLDER,
    KINDS,
    LOCK,
    MANIFEST,
    SHARED,
    TOKEN_DIMENSIONS,
    dump_manifest,
    is_sound,
    read_manifest,
    reason,
    rebuild,
)
from askoctober.index.lists import pieces_for
from askoctober.index.partial import Partial, named, put_back
from askoctober.index.projection import SAMPLE
from askoctober.index.segment import UNSOUND, DamagedError, Segment, check_name, check_record
from askoctober.index.store import check_file, read_shared
from askoctober.types import FloatArray

T = TypeVar("T")

SMALL = 1000
"""Chunks up to which a segment is always taken over by the next update: writing it again takes a second or less."""
OUTGROWN = 2
"""How many times as many token vectors as its projection was fitted to an index may have, while they are few."""
MOST_DEAD = 1 / 3
"""Share of a segment that may be out of force before it is written again without it."""
CHECKED_BYTES = 256_000_000
"""A file up to so many bytes is compared with its sum before it is used again; of larger ones the size is."""
AT_ONCE = 2000
"""Chunks that are taken over between two checkpoints."""
GENERATION = re.compile(
    "|".join(
        [rf"{kind}-[0-9a-f]{{12}}\.{ending}" for kind, ending in (KINDS | SHARED).items()]
        + [r"(?:tokens|basis)-[0-9a-f]{12}\.npy", r"building-(?:articles|chunks|sentences|tokens|basis|manifest)\.\w+"]
    )
)
"""The names of an index's files, and of those that older formats had; any other file in the folder is somebody's."""


@dataclass(frozen=True, slots=True)
class Known:
    """An article that the index holds: where, under which path, from which file, and the digest of its content."""

    segment: int
    row: int
    id: str
    path: str
    file: str
    digest: str
    copy_of: str


def _translating(method: Callable[..., T]) -> Callable[..., T]:
    """Say what the system's errors in a method mean for the index."""

    @wraps(method)
    def call(writer: IndexWriter, *args: Any) -> T:
        with translated(writer.folder), _noticing_damage(writer.folder):
            return method(writer, *args)

    return call


class IndexWriter:
    """An index that is being changed, under its lock; used in a `with` statement by `IndexWriter.open`."""

    def __init__(self, folder: Path, about: Mapping[str, Any], memory: int, verify: bool = False) -> None:
        """Use `IndexWriter.open`."""
        self.folder = folder
        self._verify = verify
        self.manifest: dict[str, Any] | None = None
        self.damaged: list[str] = []
        self._about = dict(about)
        self._memory = memory
        self._segments: list[Segment] = []
        self._records: list[dict[str, Any]] = []
        self._dead: list[set[int]] = []
        self._basis: FloatArray | None = None
        self._codebook: FloatArray | None = None
        self._fitted_on: int | None = None
        self._partial: Partial | None = None
        self._new_dead: set[int] = set()

    @classmethod
    @contextmanager
    def open(
        cls,
        folder: Path,
        about: Mapping[str, Any],
        *,
        memory: int = 0,
        basis: FloatArray | None = None,
        anew: bool = False,
        verify: bool = False,
        wait: float = LOCK_SECONDS,
        tell: Callable[[str], None] | None = None,
    ) -> Iterator[IndexWriter]:
        """Open an index to change it, or begin one; `about` says how its vectors come about.

        What the folder holds is used again if it was made under the same `about` (and with the same `basis`, where one
        is given) and not `anew`; segments that are damaged are left out and named in `damaged`. `memory` is how many
        bytes the codes of all chunks may take in memory, 0 for the usual. To `verify` is to compare files of any size
        with their sums before they are used again. `tell` is told for whom this waits.

        Raises:
            IndexFolderError: the folder cannot be written, the disk is full, or another build holds it for too long.
        """
        with ExitStack() as stack:
            with translated(folder):
                folder.mkdir(parents=True, exist_ok=True)
                refuse_links(folder)
                stack.enter_context(hold(folder / LOCK, folder / HOLDER, wait=wait, tell=tell))
                writer = stack.enter_context(closing(cls(folder, about, memory, verify)))
                if anew:
                    shutil.rmtree(folder / BUILDING, ignore_errors=True)
                    writer._basis = basis
                else:
                    writer._take_up(basis)
            yield writer

    @property
    def basis(self) -> FloatArray | None:
        """The projection of token vectors, None until there is one."""
        return self._basis

    @_translating
    def set_basis(self, basis: FloatArray, tokens: int) -> None:
        """Give a new index its projection of token vectors, fitted to so many; it keeps that for good."""
        assert self._basis is None, "an index keeps its projection"
        self._basis, self._fitted_on = basis, tokens
        write_durably_array(self.folder / BUILDING, "basis", basis)

    def known(self, path: str) -> Known | None:
        """The article in force at a path, or None."""
        return next(self._lookup("path", path), None)

    def known_id(self, article_id: str) -> Known | None:
        """The article in force with an id, or None."""
        return next(self._lookup("id", article_id), None)

    def known_digest(self, digest: str) -> list[Known]:
        """The articles in force with a digest."""
        return list(self._lookup("digest", digest))

    def in_file(self, file: str) -> list[Known]:
        """The articles in force that came from a file."""
        return list(self._lookup("file", file))

    def copies_of(self, article_id: str) -> list[Known]:
        """The articles in force that repeat the one of an id."""
        return list(self._lookup("copy_of", article_id))

    def all(self) -> Iterator[Known]:
        """Yield every article in force; the index must not be changed meanwhile but by `drop`."""
        columns = "row, id, path, file, digest, copy_of"
        for number, segment in enumerate(self._segments):
            for row, *values in segment.stream(f"SELECT {columns} FROM article"):
                if row not in self._dead[number]:
                    yield self._known(number, row, values)
        if self._partial is not None:
            for row, *values in self._query_partial(f"SELECT {columns} FROM article"):
                if row not in self._new_dead:
                    yield self._known(len(self._segments), row, values)

    def signed(self, keys: Sequence[bytes]) -> Iterator[tuple[Known, bytes]]:
        """Yield the articles in force that share a band of their signature, each once, with their signatures."""
        marks = ",".join("?" * len(keys))
        sql = f"SELECT DISTINCT article FROM band WHERE key IN ({marks}) ORDER BY article"
        for number, query in self._queries():
            for (row,) in query(sql, tuple(keys)):
                found = self._read(number, query, row, "signature")
                if found is not None:
                    yield found[0], found[1] if isinstance(found[1], bytes) else b""

    @_translating
    def entry(self, known: Known) -> Entry:
        """All that is stored of an article that lies in a finished segment."""
        return self._segments[known.segment].entry(known.row)

    def is_finished(self, known: Known) -> bool:
        """Whether an article lies in a finished segment, so that `entry` can give it."""
        return known.segment < len(self._segments)

    def drop(self, known: Known) -> None:
        """Put an article out of force."""
        dead = self._dead[known.segment] if self.is_finished(known) else self._new_dead
        if known.row not in dead:
            dead.add(known.row)
            if self.is_finished(known):
                _count_dead(self._records[known.segment], self._segments[known.segment], known.row)

    @_translating
    def add(self, entry: Entry) -> None:
        """Put an article in force, in place of what stood at its path."""
        for known in list(self._lookup("path", entry.article.path)):
            self.drop(known)
        self._growing().add(entry)

    @property
    def is_outgrown(self) -> bool:
        """Whether the index has grown far beyond the few token vectors that its projection was fitted to.

        A projection that keeps every direction is never outgrown.
        """
        basis = self._need_basis()
        if basis.shape[0] == basis.shape[1] or self._fitted_on is None or self._fitted_on >= SAMPLE:
            return False
        tokens = sum(int(record["tokens"]) for record in self._records)
        return tokens + (self._partial.tokens if self._partial else 0) > OUTGROWN * self._fitted_on

    @property
    def is_changed(self) -> bool:
        """Whether anything was put in force or out of it since the index was opened."""
        known = [record["dead"] for record in (self.manifest or {}).get("segments", ())]
        return self._partial is not None or [sorted(dead) for dead in self._dead] != known

    @_translating
    def checkpoint(self) -> None:
        """Make what was added so far safe: a build that is killed goes on from here."""
        if self._partial is not None:
            self._partial.checkpoint()
            self._codebook = self._partial.codebook

    @_translating
    def commit(self, more: Mapping[str, Any]) -> dict[str, Any]:
        """Put everything in force at once, with `more` in the manifest; return the manifest."""
        self._prefer_new()
        merged = self._to_merge()
        if merged or self._partial is not None:
            self._take_over(merged)
        records = [
            {**record, "dead": sorted(self._dead[number])}
            for number, record in enumerate(self._records)
            if number not in merged and self._alive(number)
        ]
        if self._partial is not None and self._partial.articles > len(self._new_dead):
            record = self._partial.finish(self.folder, self._pieces())
            self._codebook = self._partial.codebook
            self._partial = None
            records.append(self._with_new_dead(record))
        manifest = {**self._about, **more, **_counts(records)}
        if self._fitted_on is None:  # the part of a build that was killed does not say
            self._fitted_on = sum(record["tokens"] for record in records)
        manifest |= {"basis_tokens": self._fitted_on}
        manifest |= {"format": FORMAT, "dimension": self._need_basis().shape[0], "segments": records}
        manifest["files"] = self._write_shared()
        if not is_sound(manifest):  # fewer articles than none, say: a segment's record and its tables are at odds
            raise DamagedError(f"{self.folder} is damaged (its counts are not its articles'); {rebuild(self.folder)}")
        if manifest != self.manifest:
            write_durably(self.folder / MANIFEST, dump_manifest(manifest))
            self.manifest = manifest
        self.close()
        shutil.rmtree(self.folder / BUILDING, ignore_errors=True)
        sweep(self.folder, manifest)
        return manifest

    def _take_up(self, basis: FloatArray | None) -> None:
        """Open what the folder holds and can be used again, a killed build's part included."""
        building = self.folder / BUILDING
        try:
            manifest = read_manifest(self.folder)
            if any(manifest.get(key) != value for key, value in self._about.items()):
                raise IndexFolderError("its vectors came about in another way")
            for kind, entry in manifest["files"].items():
                check_name(self.folder, kind, SHARED[kind], entry)
                check_file(self.folder, entry)
            shared = read_shared(self.folder, manifest)
            if basis is not None and not np.array_equal(shared[0], basis):
                raise IndexFolderError("its token vectors lie in another space")
            self.manifest, (self._basis, self._codebook) = manifest, shared
            self._fitted_on = int(manifest["basis_tokens"])
        except (IndexFolderError, *UNSOUND):
            self._basis = basis if basis is not None else _read_basis(building)
        if self._basis is None:
            return
        for record in self.manifest["segments"] if self.manifest else ():
            self._open_segment(record)
        put_back(building, self.folder, _in_force(self.folder))
        if (building / "articles.part").exists():
            self._growing()

    def _open_segment(self, record: dict[str, Any]) -> None:
        try:
            check_record(self.folder, record)
            for entry in record["files"].values():
                check_file(self.folder, entry, self._verify or entry["bytes"] <= CHECKED_BYTES)
            segment = Segment(self.folder, record, self._need_basis(), self._codebook, for_search=self._verify)
            segment.check_copies()
        except (IndexFolderError, *UNSOUND) as error:
            self.damaged.append(str(error))
            return
        self._segments.append(segment)
        self._records.append(dict(record))
        self._dead.append(set(record["dead"]))

    def _partial_about(self) -> dict[str, Any]:
        basis = self._need_basis()
        return {**self._about, "format": FORMAT, "basis": _digest_of(basis)}

    def _growing(self) -> Partial:
        if self._partial is None:
            self._partial = Partial(self.folder / BUILDING, self._partial_about(), self._need_basis(), self._codebook)
            write_durably_array(self.folder / BUILDING, "basis", self._need_basis())
        return self._partial

    def _need_basis(self) -> FloatArray:
        if self._basis is None:
            self._basis = np.eye(1, dtype=np.float32)
        return self._basis

    def _queries(self) -> Iterator[tuple[int, Callable[..., list[tuple[Any, ...]]]]]:
        """The databases, the newest first."""
        if self._partial is not None:
            yield len(self._segments), self._query_partial
        for number in reversed(range(len(self._segments))):
            yield number, self._segments[number].query

    def _query_partial(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        assert self._partial is not None
        with _noticing_damage(self.folder):
            return self._partial.database.execute(sql, values).fetchall()

    def _lookup(self, column: str, value: str) -> Iterator[Known]:
        for number, query in self._queries():
            for (row,) in query(f"SELECT row FROM article WHERE {column} = ? ORDER BY row DESC", (value,)):
                found = self._read(number, query, row, "row")
                if found is not None:
                    yield found[0]

    def _read(
        self, number: int, query: Callable[..., list[tuple[Any, ...]]], row: int, more: str
    ) -> tuple[Known, Any] | None:
        if row in (self._dead[number] if number < len(self._segments) else self._new_dead):
            return None
        found = query(f"SELECT id, path, file, digest, copy_of, {more} FROM article WHERE row = ?", (row,))
        if not found:
            raise DamagedError(f"{self.folder} is damaged (it lacks an article); {rebuild(self.folder)}")
        return self._known(number, row, found[0][:-1]), found[0][-1]

    def _known(self, number: int, row: int, values: Sequence[Any]) -> Known:
        if not all(isinstance(value, str) for value in values):
            raise DamagedError(f"{self.folder} is damaged (article {row} is not whole); {rebuild(self.folder)}")
        return Known(number, row, *values)

    def _prefer_new(self) -> None:
        """Drop what a killed build's part, taken up again, holds in a newer state."""
        if self._partial is None:
            return
        for row, path in self._partial.database.execute("SELECT row, path FROM article ORDER BY row DESC").fetchall():
            if row in self._new_dead:
                continue
            for known in list(self._lookup("path", path)):
                if known.row != row or self.is_finished(known):
                    self.drop(known)

    def _alive(self, number: int) -> int:
        """Chunks of a finished segment that are in force, and one for its articles without chunks."""
        record = self._records[number]
        if len(self._dead[number]) >= record["articles"]:
            return 0
        return max(1, int(record["chunks"]) - int(record["dead_chunks"]))

    def _to_merge(self) -> set[int]:
        """The finished segments that are written again together with what is new."""
        new = self._partial is not None and self._partial.articles > len(self._new_dead)
        total = self._partial.chunks if self._partial is not None and new else 0
        merged: set[int] = set()
        for number in sorted(range(len(self._segments)), key=self._alive):
            alive, chunks = self._alive(number), int(self._records[number]["chunks"])
            has_holes = chunks - alive > MOST_DEAD * chunks or (alive <= SMALL and bool(self._dead[number]))
            if alive and ((new or merged) and alive <= max(SMALL, 2 * total) or has_holes):
                merged.add(number)
                total += alive
        return merged

    def _take_over(self, merged: set[int]) -> None:
        partial = self._growing()
        waiting = 0
        for number in sorted(merged):
            segment = self._segments[number]
            for (row,) in segment.stream("SELECT row FROM article"):
                if row in self._dead[number]:
                    continue
                entry = segment.entry(row)
                partial.add(entry)
                waiting += len(entry.chunks)
                if waiting >= AT_ONCE:
                    self.checkpoint()
                    waiting = 0
        self.checkpoint()

    def _with_new_dead(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record of the segment that was just finished, with what of it was put out of force meanwhile."""
        if not self._new_dead:
            return record
        segment = Segment(self.folder, record, self._need_basis(), self._codebook, for_search=False)
        for row in self._new_dead:
            _count_dead(record, segment, row)
        segment.close()
        return {**record, "dead": sorted(self._new_dead)}

    def _pieces(self) -> int:
        assert self._partial is not None
        return pieces_for(self._partial.chunks, self._need_basis().shape[0], self._memory)

    def _write_shared(self) -> dict[str, Any]:
        shared = {"basis": self._need_basis()} | ({"codebook": self._codebook} if self._codebook is not None else {})
        files = {}
        for kind, array in shared.items():
            # Beside the one in use: a build that is killed from here on goes on with that.
            path = write_durably_array(self.folder / BUILDING, f"{kind}-final", array)
            files[kind] = named(kind, SHARED[kind], path)
            final = self.folder / files[kind]["name"]
            if not final.is_file() or file_digest(final) != files[kind]["sha256"]:
                replace_durably(path, final)
        return files

    def close(self) -> None:
        """Close what was opened; what is not committed waits for the next build."""
        for segment in self._segments:
            segment.close()
        if self._partial is not None:
            self._partial.close()
            self._partial = None


def write_index(folder: Path, entries: Sequence[Entry], basis: FloatArray, about: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the index in `folder` by one that holds `entries`; return its manifest.

    Raises:
        IndexFolderError: as `IndexWriter.open` does.
    """
    with IndexWriter.open(folder, about, basis=basis) as writer:
        for known in list(writer.all()):
            writer.drop(known)
        for entry in entries:
            writer.add(entry)
        return writer.commit({})


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Say what the system's errors mean for an index."""
    try:
        yield
    except (OSError, sqlite3.Error, RuntimeError) as error:
        # SQLite and FAISS have errors of their own for a full disk.
        why = getattr(error, "strerror", None) or (str(error).splitlines() or [type(error).__name__])[0]
        raise IndexFolderError(
            f"The index cannot be written to {folder} ({why}); the old one, if any, is untouched: "
            "free some space or choose another folder with --index."
        ) from error


@contextmanager
def _noticing_damage(folder: Path) -> Iterator[None]:
    """Tell a damaged database of a segment that is being made from one that cannot be written."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:  # OperationalError and the like are of its kind
            raise
        why = reason(error)
        raise DamagedError(f"{folder / BUILDING} is damaged ({why}); remove it, then {rebuild(folder)}") from error


def sweep(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Remove the files of earlier builds; one that a reader still holds open on Windows stays until the next build."""
    kept = {str(entry["name"]) for entry in _files_of(manifest)}
    for path in leftovers(folder, kept):
        try:
            path.unlink()
        except OSError:
            continue


def leftovers(folder: Path, kept: set[str]) -> list[Path]:
    """Files that have names of an index's files, older formats' included, and are not among those that are kept."""
    return sorted(path for path in folder.iterdir() if GENERATION.fullmatch(path.name) and path.name not in kept)


def write_durably_array(folder: Path, kind: str, array: FloatArray) -> Path:
    """Write an array as plain little-endian numbers; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    draft, path = folder / f".{kind}.draft", folder / f"{kind}.f32"
    np.ascontiguousarray(array, "<f4").tofile(draft)
    replace_durably(draft, path)
    return path


def _read_basis(building: Path) -> FloatArray | None:
    """The projection of token vectors of a first build that was killed."""
    try:
        about = json.loads((building / "about.json").read_text(encoding="utf-8"))
        values = np.fromfile(building / "basis.f32", "<f4")
    except (OSError, ValueError):
        return None
    for kept in (TOKEN_DIMENSIONS, *range(1, TOKEN_DIMENSIONS)):
        dimension, rest = divmod(len(values), kept)
        if not rest and kept in (TOKEN_DIMENSIONS, dimension) and kept <= dimension:
            basis = np.asarray(values.reshape(dimension, kept), np.float32)
            return basis if isinstance(about, dict) and about.get("basis") == _digest_of(basis) else None
    return None


def _digest_of(array: FloatArray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array, "<f4").tobytes()).hexdigest()


def _count_dead(record: dict[str, Any], segment: Segment, row: int) -> None:
    """Add an article that is put out of force to the counts of a segment's record."""
    ((copy_of,),) = segment.query("SELECT copy_of FROM article WHERE row = ?", (row,))
    chunks = segment.chunks_of(row)
    record["dead_copies"] += bool(copy_of)
    record["dead_chunks"] += len(chunks)
    record["dead_sentences"] += sum(len(segment.sentences(chunk)) for chunk in chunks)


def _files_of(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from manifest["files"].values()
    for record in manifest["segments"]:
        yield from record["files"].values()


def _in_force(folder: Path) -> frozenset[str]:
    """The names of the files that readers of the index in a folder use, as far as it has a manifest."""
    try:
        return frozenset(str(entry["name"]) for entry in _files_of(read_manifest(folder)))
    except (IndexFolderError, KeyError, TypeError, AttributeError):
        return frozenset()


def _counts(records: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many articles, copies, chunks and sentences are in force."""
    total = {
        name: sum(int(record[name]) - int(record[f"dead_{name}"]) for record in records)
        for name in ("copies", "chunks", "sentences")
    }
    articles = sum(int(record["articles"]) - len(record["dead"]) for record in records)
    return {"articles": articles - total["copies"], **total}


__all__ = ["IndexWriter", "Known", "leftovers", "sweep", "write_index"]
