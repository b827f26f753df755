"""Changing a shelf of Milvus, as `IndexWriter` changes an index folder: what `building` needs of it is the same.

Articles are numbered. A new one gets the next number, at which no reader looks until the manifest says that it is in
force; that is one write.
What an update puts out of force is listed in its manifest and removed by the next update, so that who reads the
generation before finds all of it meanwhile. A build that is killed leaves articles with numbers that are not in force:
the next one goes on with those that are whole, and removes the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from askoctober.errors import IndexFolderError
from askoctober.index import Entry, Known
from askoctober.index.projection import SAMPLE
from askoctober.index.writing import OUTGROWN
from askoctober.milvus import records
from askoctober.milvus.address import Address
from askoctober.milvus.connecting import Connection
from askoctober.milvus.heads import Head, read_heads
from askoctober.milvus.manifest import (
    Hold,
    read_basis,
    read_building,
    read_manifest,
    rebuild,
    write_basis,
    write_building,
    write_manifest,
)
from askoctober.milvus.schema import (
    ARTICLES,
    CHUNK_BITS,
    MOST_ARTICLES,
    SENTENCE_BITS,
    TEXTS,
    Collections,
    schemas_of_shelves,
)
from askoctober.milvus.words import Stems
from askoctober.types import FloatArray

MOST_DEAD = 2000
"""Articles out of force that are kept for readers of the generation before; more would burden every search."""
_REMOVED_AT_ONCE = 500
_WRITTEN_AT_ONCE = 2000
_READ_AT_ONCE = 2000
_BAND_FIELDS = ("id", "signature")
_OWN = ("generation", "first_article", "next_article", "dead", "stale")


class MilvusWriter:
    """A shelf that is being changed; used in a `with` statement by `MilvusWriter.open`."""

    def __init__(self, connection: Connection, about: Mapping[str, Any], hold: Hold) -> None:
        """Use `MilvusWriter.open`."""
        self.address = connection.address
        self.folder = Path(str(connection.address))
        self.manifest: dict[str, Any] | None = None
        self.damaged: list[str] = []
        self._connection, self._about, self._hold = connection, dict(about), hold
        self._stems = Stems()
        self._basis: FloatArray | None = None
        self._about_basis: dict[str, Any] = {}
        self._collections: Collections | None = None
        self._fitted_on: int | None = None
        self._old: dict[str, Any] | None = None
        self._generation = self._first = self._begin = self._next = 0
        self._heads: dict[int, Head] = {}
        self._by: dict[str, dict[str, set[int]]] = {name: {} for name in ("id", "path", "file", "digest", "copy_of")}
        self._dead: set[int] = set()
        self._gone: set[int] = set()
        self._waiting: dict[str, list[dict[str, Any]]] = {}
        self._added = False

    @classmethod
    @contextmanager
    def open(
        cls,
        address: Address | str,
        about: Mapping[str, Any],
        *,
        memory: int = 0,
        basis: FloatArray | None = None,
        anew: bool = False,
        verify: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> Iterator[MilvusWriter]:
        """Open a shelf to change it, or begin one; `about` says how its vectors come about.

        What the shelf holds is used again if it was made under the same `about` (and with the same `basis`, where one
        is given) and not `anew`. `memory`, `verify` and `tell` are `IndexWriter`'s, and change nothing here.

        Raises:
            ConfigError: that is no address.
            IndexFolderError: nothing answers there, or another build is changing the shelf.
        """
        connection = Connection(address if isinstance(address, Address) else Address.read(address))
        try:
            connection.prepare(lambda client, exact: schemas_of_shelves(client))
            hold = Hold(connection)
            try:
                with closing(cls(connection, about, hold)) as writer:
                    writer._take_up(basis, anew)
                    yield writer
            finally:
                hold.release()
        finally:
            connection.close()

    @property
    def basis(self) -> FloatArray | None:
        """The projection of token vectors, None until there is one."""
        return self._basis

    def set_basis(self, basis: FloatArray, tokens: int) -> None:
        """Give a new shelf its projection of token vectors, fitted to so many; it keeps that for good."""
        assert self._basis is None, "a shelf keeps its projection"
        self._use_basis(basis)
        self._fitted_on = tokens
        write_building(self._connection, self._building())

    def known(self, path: str) -> Known | None:
        """The article in force at a path, or None."""
        return next(iter(self._lookup("path", path)), None)

    def known_id(self, article_id: str) -> Known | None:
        """The article in force with an id, or None."""
        return next(iter(self._lookup("id", article_id)), None)

    def known_digest(self, digest: str) -> list[Known]:
        """The articles in force with a digest."""
        return self._lookup("digest", digest)

    def in_file(self, file: str) -> list[Known]:
        """The articles in force that came from a file."""
        return self._lookup("file", file)

    def copies_of(self, article_id: str) -> list[Known]:
        """The articles in force that repeat the one of an id."""
        return self._lookup("copy_of", article_id) if article_id else []

    def all(self) -> Iterator[Known]:
        """Yield every article in force; the shelf must not be changed meanwhile but by `drop`."""
        yield from (self._known(number) for number in sorted(self._heads))

    def signed(self, keys: Sequence[bytes]) -> Iterator[tuple[Known, bytes]]:
        """Yield the articles in force that share a band of their signature, each once, with their signatures."""
        if not keys or not self._heads:
            return
        self._write()
        listed = ", ".join(f'"{key.hex()}"' for key in keys)
        rows = self._connection.query(ARTICLES, f"array_contains_any(bands, [{listed}])", _BAND_FIELDS, strong=True)
        for row in sorted(rows, key=lambda row: int(row["id"])):
            if int(row["id"]) in self._heads:
                yield self._known(int(row["id"])), bytes.fromhex(str(row["signature"]))

    def is_finished(self, known: Known) -> bool:
        """Whether `entry` can give an article: here always."""
        return True

    def entry(self, known: Known) -> Entry:
        """All that is stored of an article."""
        self._write()
        head, collections = self._heads[known.row], self._need_collections()
        begin, end = head.number << CHUNK_BITS, (head.number + 1) << CHUNK_BITS
        query = self._connection.query
        try:
            article = records.article_of(query(TEXTS, f"id >= {begin} and id < {end}", ["id", "content"], strong=True))
            (about,) = query(ARTICLES, f"id == {head.number}", ["signature", "bands"], strong=True)
            fields = ["id", "start", "stop", "heading", "spans", "tokens", "more_tokens", "vector"]
            rows = self._in_order(collections.chunks, range(begin, begin + head.chunks), fields)
            placed = [records.spans_of(row) for row in rows]
            keys = [
                int(row["id"]) << SENTENCE_BITS | at
                for row, (spans, _) in zip(rows, placed, strict=True)
                for at in range(len(spans))
            ]
            sentences = self._in_order(collections.sentences, keys, ["id", "vector"])
            width, dimension = self._need_basis().shape[1], collections.dimension
            packed = [records.packed_of(row, counts, width) for row, (_, counts) in zip(rows, placed, strict=True)]
            return Entry(
                article,
                head.digest,
                tuple((records.chunk_of(row, article), spans) for row, (spans, _) in zip(rows, placed, strict=True)),
                np.array([row["vector"] for row in rows], np.float32).reshape(len(rows), dimension),
                np.array([row["vector"] for row in sentences], np.float32).reshape(len(sentences), dimension),
                np.concatenate([np.zeros((0, width), np.int8), *packed]),
                np.concatenate([np.zeros(0, np.int64), *(counts for _, counts in placed)]),
                head.file,
                bytes.fromhex(str(about["signature"])),
                tuple(bytes.fromhex(key) for key in about["bands"]),
                head.copy_of,
            )
        except (ValueError, LookupError, TypeError) as error:
            raise IndexFolderError(f"{self.address} is damaged ({error}); {rebuild(self._connection)}") from error

    def drop(self, known: Known) -> None:
        """Put an article out of force."""
        head = self._heads.pop(known.row, None)
        if head is None:
            return
        for name, kept in self._by.items():
            kept[getattr(head, name)].discard(head.number)
        (self._dead if head.number < self._begin else self._gone).add(head.number)

    def add(self, entry: Entry) -> None:
        """Put an article in force, in place of what stood at its path."""
        if entry.coded:
            raise IndexFolderError(
                f"{entry.article.path} comes from a large index, whose token vectors Milvus does not take; "
                f"{rebuild(self._connection)}"
            )
        for known in self._lookup("path", entry.article.path):
            self.drop(known)
        number = self._next
        if number >= MOST_ARTICLES:
            raise IndexFolderError(f"{self.address} is full; build under another name of the shelf.")
        self._next += 1
        collections, row = self._need_collections(), records.article_row(entry, number)
        made = {
            TEXTS: records.text_rows(entry.article, number),
            collections.sentences: records.sentence_rows(entry, number),
            collections.chunks: records.chunk_rows(entry, number, self._stems),
            ARTICLES: [row],  # last: an article that has its row is whole
        }
        complete = {name: list(rows) for name, rows in made.items()}
        for name, rows in complete.items():
            self._waiting.setdefault(name, []).extend(rows)
        article = entry.article
        counts = len(entry.chunks), int(row["sentences"]), len(entry.tokens)
        self._note(Head(number, article.id, article.path, entry.file, entry.digest, entry.copy_of, *counts))
        self._added = True
        if sum(map(len, self._waiting.values())) >= _WRITTEN_AT_ONCE:
            self._write()

    @property
    def is_outgrown(self) -> bool:
        """Whether the shelf has grown far beyond the few token vectors that its projection was fitted to."""
        basis = self._need_basis()
        if basis.shape[0] == basis.shape[1] or self._fitted_on is None or self._fitted_on >= SAMPLE:
            return False
        return sum(head.tokens for head in self._heads.values()) > OUTGROWN * self._fitted_on

    @property
    def is_changed(self) -> bool:
        """Whether anything was put in force or out of it since the shelf was opened."""
        return self._added or bool(self._dead) or self.manifest is None

    def checkpoint(self) -> None:
        """Make what was added so far safe, remove what was dropped again, and say that the build goes on."""
        self._hold.renew()  # refused where another build has taken over, before anything is written over
        self._write()
        self._remove(self._gone)
        self._gone = set()

    def commit(self, more: Mapping[str, Any]) -> dict[str, Any]:
        """Put everything in force at once, with `more` in the manifest; return the manifest.

        Raises:
            IndexFolderError: another build has taken over the shelf meanwhile.
        """
        self.checkpoint()
        heads, before = self._heads.values(), self._old or {}
        if self._fitted_on is None:
            self._fitted_on = sum(head.tokens for head in heads)
        copies = sum(bool(head.copy_of) for head in heads)
        manifest = {
            **self._about,
            **more,
            "articles": len(self._heads) - copies,
            "copies": copies,
            "chunks": sum(head.chunks for head in heads),
            "sentences": sum(head.sentences for head in heads),
            "basis": self._about_basis,
            "basis_tokens": self._fitted_on,
            "dimension": self._need_collections().dimension,
        }
        if not self.is_changed and self.manifest == {**{key: before.get(key) for key in _OWN}, **manifest}:
            return self.manifest
        self._hold.renew()
        # Out of force since the generation before this one: whoever read it has had all that time.
        self._remove(before.get("dead", ()))
        if before.get("stale"):
            self._connection.delete_everywhere(f"{{article}} < {before['first_article']}")
        bounds = {"first_article": self._first, "next_article": self._next, "dead": sorted(self._dead)}
        is_replaced = self._old is not None and self.manifest is None
        manifest |= {"generation": self._generation + 1, **bounds, "stale": is_replaced}
        write_manifest(self._connection, manifest)
        if len(self._dead) > MOST_DEAD:
            self._remove(self._dead)
            # A generation of its own: what is in force is never written over.
            manifest |= {"generation": self._generation + 2, "dead": []}
            write_manifest(self._connection, manifest)
        self.manifest = self._old = manifest
        self._generation, self._begin = manifest["generation"], self._next
        self._dead, self._added = set(), False
        write_building(self._connection, self._building())
        return manifest

    def close(self) -> None:
        """Free what this holds; what is not committed waits for the next build. `open` does it."""
        self._stems.close()

    def _take_up(self, basis: FloatArray | None, anew: bool) -> None:
        """Take over what the shelf holds and can be used again, a killed build's part included."""
        building = read_building(self._connection)
        try:
            self._old = read_manifest(self._connection)
        except IndexFolderError:
            self._old = None  # none, or one that only a new build mends
        old = self._old or {"generation": 0, "first_article": 0, "next_article": 0, "dead": []}
        self._generation, self._begin = int(old["generation"]), int(old["next_article"])
        is_gone_on_from = not anew and building.get("about") == self._about and building.get("begin") == self._begin
        fits = not anew and all(old.get(key) == value for key, value in self._about.items())
        if self._old and fits and self._use_again(self._old, basis):
            self.manifest, self._first = self._old, int(old["first_article"])
        if self.manifest is None:
            self._first = self._begin
            if not (is_gone_on_from and self._use_again(building, basis)) and basis is not None:
                self._use_basis(basis)
        self._next = self._begin
        is_gone_on_from = is_gone_on_from and building.get("basis") == self._about_basis
        self._take_heads(set(old["dead"]), is_gone_on_from)
        if self._basis is not None:
            write_building(self._connection, self._building())

    def _take_heads(self, dead: set[int], is_gone_on_from: bool) -> None:
        """Take over the articles in force and, where a killed build is gone on from, its own; remove other parts."""
        if not self._connection.has(ARTICLES):
            return
        finished = set()
        for head in read_heads(self._connection, self._first):
            if head.number >= self._begin:
                if not is_gone_on_from:
                    continue
                finished.add(head.number)
                for known in self._lookup("path", head.path):
                    self.drop(known)
                self._added = True
            elif head.number in dead:
                continue
            self._note(head)
        self._next = max(finished, default=self._begin - 1) + 1
        for number in sorted(set(range(self._begin, self._next)) - finished):
            self._connection.delete_everywhere(f"{{article}} == {number}")
        self._connection.delete_everywhere(f"{{article}} >= {self._next}")

    def _use_again(self, about: Mapping[str, Any], basis: FloatArray | None) -> bool:
        """Use the projection of a manifest or of a killed build, if it is whole and the one that is wanted."""
        try:
            held = read_basis(self._connection, about["basis"])
        except (IndexFolderError, KeyError):
            return False
        if basis is not None and not np.array_equal(held, basis):
            return False
        self._use_basis(held)
        self._fitted_on = int(about["basis_tokens"]) if type(about.get("basis_tokens")) is int else None
        return True

    def _use_basis(self, basis: FloatArray) -> None:
        self._basis, self._collections = basis, Collections(basis.shape[0])
        self._connection.prepare(self._collections.schemas)
        self._about_basis = write_basis(self._connection, basis)

    def _building(self) -> dict[str, Any]:
        tokens = {} if self._fitted_on is None else {"basis_tokens": self._fitted_on}
        return {"about": self._about, "begin": self._begin, "basis": self._about_basis, **tokens}

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for name, rows in waiting.items():
            self._connection.upsert(name, rows)

    def _remove(self, numbers: Iterable[int]) -> None:
        wanted = sorted(numbers)
        for at in range(0, len(wanted), _REMOVED_AT_ONCE):
            listed = ", ".join(map(str, wanted[at : at + _REMOVED_AT_ONCE]))
            self._connection.delete_everywhere(f"{{article}} in [{listed}]")

    def _in_order(self, collection: str, keys: Sequence[int], fields: Sequence[str]) -> list[Mapping[str, Any]]:
        found: dict[int, Mapping[str, Any]] = {}
        for at in range(0, len(keys), _READ_AT_ONCE):
            listed = ", ".join(map(str, keys[at : at + _READ_AT_ONCE]))
            rows = self._connection.query(collection, f"id in [{listed}]", fields, strong=True)
            found |= {int(row["id"]): row for row in rows}
        return [found[key] for key in keys]

    def _note(self, head: Head) -> None:
        self._heads[head.number] = head
        for name, kept in self._by.items():
            kept.setdefault(getattr(head, name), set()).add(head.number)

    def _lookup(self, name: str, value: str) -> list[Known]:
        return [self._known(number) for number in sorted(self._by[name].get(value, ()))]

    def _known(self, number: int) -> Known:
        head = self._heads[number]
        return Known(0, number, head.id, head.path, head.file, head.digest, head.copy_of)

    def _need_basis(self) -> FloatArray:
        assert self._basis is not None, "a new shelf needs its projection first"
        return self._basis

    def _need_collections(self) -> Collections:
        assert self._collections is not None, "a new shelf needs its projection first"
        return self._collections
