"""Reading a shelf of Milvus: what is in force when it is opened, and no later change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from copy import copy
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from askoctober.errors import IndexFolderError
from askoctober.index.articles import LazyArticles
from askoctober.index.fields import no_such_field, other_fields
from askoctober.index.projection import project
from askoctober.index.words import is_word
from askoctober.milvus import records
from askoctober.milvus.address import Address
from askoctober.milvus.connecting import Connection
from askoctober.milvus.filtering import expression_of, has_field
from askoctober.milvus.heads import Head, read_heads
from askoctober.milvus.manifest import in_force, nothing_in, read_basis, read_manifest, rebuild
from askoctober.milvus.places import Places
from askoctober.milvus.schema import ARTICLES, CHUNK_BITS, TEXTS, Collections
from askoctober.milvus.words import Stems
from askoctober.types import Article, Chunk, Copy, Filter, FloatArray, IntArray, Span

MOST_PARTS = 8
"""Filters whose part of the shelf is kept."""


class MilvusStore:
    """A shelf of Milvus behind the `Store` protocol; safe to share between threads.

    Rows run from 0 over the chunks in force, in the order in which their articles were added. An update leaves what
    this reads until the one after it.
    """

    def __init__(
        self, connection: Connection, manifest: Mapping[str, Any], basis: FloatArray, heads: Sequence[Head]
    ) -> None:
        """Use `MilvusStore.open`."""
        self.address = connection.address
        self.manifest = manifest
        self._connection, self._basis = connection, basis
        self._collections = Collections(int(manifest["dimension"]))
        self._places = Places(connection, self._collections, basis.shape)
        self._stems = Stems()
        self._all = tuple(heads)
        self._copies: dict[str, list[Head]] = {}
        for head in heads:
            if head.copy_of:
                self._copies.setdefault(head.copy_of, []).append(head)
        self._article = lru_cache(maxsize=256)(self._read_article)
        self._parts: dict[Filter, MilvusStore] = {}
        self._is_part = False
        self._in_force = in_force(manifest, "article")
        self._narrow([head for head in heads if not head.copy_of], "")

    def _narrow(self, heads: Sequence[Head], expression: str) -> None:
        """Search these articles, which the expression admits, and no others."""
        self._heads = tuple(heads)
        self._by_id = {head.id: head for head in heads}
        self._expression = self._in_force + (f" and {expression}" if expression else "")
        self._numbers = np.array([head.number for head in heads], np.int64)
        self._begins = np.concatenate([[0], np.cumsum([head.chunks for head in heads])]).astype(np.int64)
        self._frequency = lru_cache(maxsize=65536)(self._count)

    @classmethod
    def open(cls, address: Address | str) -> MilvusStore:
        """Open the shelf at an address, as its last build left it.

        Raises:
            ConfigError: that is no address.
            IndexFolderError: nothing answers there, or there is no shelf, or it is damaged or of another format.
        """
        connection = _connect(address)
        try:
            manifest = read_manifest(connection)
            basis = read_basis(connection, manifest["basis"])
            collections = Collections(int(manifest["dimension"]))
            if basis.shape[0] != collections.dimension or not all(map(connection.has, collections.of_articles)):
                raise IndexFolderError(f"{connection.address} is not whole; {rebuild(connection)}")
            heads = list(_heads_in_force(connection, manifest))
            # Once with every write seen, so that what follows need not ask for that.
            held = connection.count(collections.chunks, in_force(manifest, "article"), strong=True)
            connection.count(collections.sentences, "id < 0", strong=True)
            connection.count(TEXTS, "id < 0", strong=True)
            if held != sum(head.chunks for head in heads):
                raise IndexFolderError(f"{connection.address} lacks passages; {rebuild(connection)}")
            return cls(connection, manifest, basis, heads)
        except BaseException:
            connection.close()
            raise

    def reopened(self) -> MilvusStore:
        """Open the shelf as it is now; this one is to be closed as well."""
        return MilvusStore.open(self.address)

    def published(self) -> dict[str, Any]:
        """Return the manifest in force now: that of another build, perhaps, than the one that was opened.

        Raises:
            IndexFolderError: nothing answers, or there is none, or it is damaged.
        """
        return read_manifest(self._connection)

    def filtered(self, filter: Filter) -> MilvusStore:
        """The part of the shelf that a filter admits; it shares what is open, and is closed with the whole.

        Raises:
            QuestionError: the filter names a field that no article has.
        """
        kept = self._parts.get(filter)
        if kept is not None:
            return kept
        for name in other_fields(filter):
            having = f"{in_force(self.manifest, 'id')} and {has_field(name)}"
            if self.size and not self._connection.count(ARTICLES, having, strong=True):
                raise no_such_field(name)
        wanted = replace(filter, articles=(*filter.articles, *self._repeated_by(filter.articles)))
        expression = expression_of(wanted)
        admitted = {head.number for head in _heads_in_force(self._connection, self.manifest, expression)}
        part = copy(self)
        part._parts, part._is_part, part._in_force = {}, True, self._expression
        part._narrow([head for head in self._heads if head.number in admitted], expression)
        # Assigned as a whole: other threads look at it meanwhile.
        self._parts = dict([*self._parts.items(), (filter, part)][-MOST_PARTS:])
        return part

    def _repeated_by(self, named: Sequence[str]) -> list[str]:
        """The ids of the articles that are also found at one of these paths."""
        paths = set(named)
        return [identity for identity, heads in self._copies.items() if any(head.path in paths for head in heads)]

    @property
    def size(self) -> int:
        """How many chunks there are."""
        return int(self._begins[-1])

    @property
    def basis(self) -> FloatArray:
        """The projection of token vectors, shape (dimension, token dimension)."""
        return self._basis

    def articles(self) -> Sequence[Article]:
        """Every article of the shelf, in order of path; each is read when it is asked for."""
        ids = [head.id for head in sorted(self._heads, key=lambda head: head.path)]
        return LazyArticles(ids, ids, self.article)

    def article(self, article_id: str) -> Article:
        """The article of an id.

        Raises:
            IndexFolderError: this shelf holds no such article.
        """
        head = self._by_id.get(article_id)
        if head is None:
            raise IndexFolderError(f"{self.address} holds no article {article_id!r}; search again.")
        return self._article(head.number)

    def ids(self) -> frozenset[str]:
        """The ids of all articles and copies."""
        return frozenset(head.id for head in self._all)

    def digests(self) -> dict[str, str]:
        """The digest of each article's content, by its id; copies are not among them."""
        return {head.id: head.digest for head in self._heads}

    def file_of(self, article_id: str) -> str:
        """The path of the file that an article came from."""
        if article_id not in self._by_id:
            raise IndexFolderError(f"{self.address} holds no article {article_id!r}; search again.")
        return self._by_id[article_id].file

    def chunk(self, row: int) -> Chunk:
        """The chunk at a row."""
        key = self._key(row)
        with self._sound():
            return records.chunk_of(self._places.of([key])[0], self._article(key >> CHUNK_BITS))

    def row(self, chunk_id: str) -> int:
        """The row of a chunk.

        Raises:
            IndexFolderError: this shelf holds no such chunk.
        """
        article_id, _, span = chunk_id.rpartition(":")
        try:
            head = self._by_id[article_id]
            start, end = map(int, span.split("-"))
            if abs(start) >> 62 or abs(end) >> 62:
                raise ValueError(span)
            begin = head.number << CHUNK_BITS
            expression = f"id >= {begin} and id < {begin + head.chunks} and start == {start} and stop == {end}"
            (found,) = self._connection.query(self._collections.chunks, expression, ["id"])
            return int(self._rows(np.array([found["id"]], np.int64))[0])
        except (KeyError, ValueError, IndexError):
            raise IndexFolderError(f"{self.address} holds no chunk {chunk_id!r}; search again.") from None

    def sentences(self, row: int) -> tuple[Span, ...]:
        """The sentence spans of a chunk, in the article's offsets."""
        with self._sound():
            return records.spans_of(self._places.of([self._key(row)])[0])[0]

    def search_dense(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """Rows and cosines of the k chunks nearest to a unit vector of shape (dimension,)."""
        return self._search(self._collections.chunks, "vector", vector, k, "id", "IP")

    def search_sentences(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """Rows of the chunks that hold the k nearest sentences, with those sentences' cosines; best first, unique."""
        return self._search(self._collections.sentences, "vector", vector, k, "chunk", "IP")

    def search_words(self, text: str, k: int) -> tuple[IntArray, FloatArray]:
        """Rows and BM25 scores of the k best chunks for the words of a text (Milvus's BM25 over Porter stems)."""
        stems = self._stems.of_question(text)
        if not stems:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        rows, scores = self._search(self._collections.chunks, "sparse", " ".join(stems), k, "id", "BM25")
        return rows, np.abs(scores)  # milvus-lite gives distances, which are negative

    def search_hybrid(self, text: str, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """Rows and scores of Milvus's own hybrid search: cosines and BM25 in reciprocal rank fusion.

        The retriever fuses on its own and better; this is for programs that want one round trip.
        """
        stems = self._stems.of_question(text)
        if not stems:
            return self.search_dense(vector, k)
        found = self._connection.search_hybrid(self._collections.chunks, vector, " ".join(stems), k, self._expression)
        return self._unique(np.array([key for key, _ in found], np.int64), [score for _, score in found])

    def word_frequency(self, word: str) -> int:
        """How many chunks hold a word in any of its forms (Porter stems); 0 for what is no word."""
        return self._frequency(word.lower()) if is_word(word) else 0

    def chunk_vectors(self, rows: IntArray) -> FloatArray:
        """Unit vectors of chunks, shape (len(rows), dimension)."""
        with self._sound():
            return self._places.chunk_vectors(self._keys(rows))

    def best_sentences(self, rows: IntArray, vector: FloatArray) -> FloatArray:
        """The cosine of each chunk's nearest sentence with a unit vector, shape (len(rows),); 0 where it has none."""
        keys = self._keys(rows)
        with self._sound():
            counts = [len(records.spans_of(place)[0]) for place in self._places.of(keys)]
            vectors = self._places.sentence_vectors(keys, counts)
        out = np.zeros(len(keys), np.float32)
        ends = np.cumsum(counts)
        for at, (end, count) in enumerate(zip(ends, counts, strict=True)):
            if count:
                out[at] = (vectors[end - count : end] @ vector).max()
        return out

    def sentence_vectors(self, row: int) -> FloatArray:
        """Unit vectors of a chunk's sentences, shape (sentences, dimension)."""
        key = self._key(row)
        with self._sound():
            return self._places.sentence_vectors([key], [len(records.spans_of(self._places.of([key])[0])[0])])

    def token_vectors(self, row: int) -> FloatArray:
        """Token vectors of a chunk for late interaction, shape (tokens, token dimension)."""
        with self._sound():
            return self._places.token_vectors(self._key(row))

    def token_counts(self, row: int) -> IntArray:
        """How many of the token vectors belong to each sentence of a chunk, shape (sentences,)."""
        with self._sound():
            return records.spans_of(self._places.of([self._key(row)])[0])[1]

    def project_tokens(self, vectors: FloatArray) -> FloatArray:
        """Bring token vectors of a query, shape (tokens, dimension), into the space of `token_vectors`."""
        return project(vectors, self._basis)

    def close(self) -> None:
        """Close the connection."""
        if not self._is_part:
            self._stems.close()
            self._connection.close()

    def _search(
        self, collection: str, field: str, query: Any, k: int, key: str, metric: str
    ) -> tuple[IntArray, FloatArray]:
        if not self.size or k < 1:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        found = self._connection.search(collection, field, query, k, self._expression, [key], metric)
        return self._unique(np.array([row[key] for row, _ in found], np.int64), [score for _, score in found])

    def _unique(self, keys: IntArray, scores: Sequence[float]) -> tuple[IntArray, FloatArray]:
        """Rows of the chunks of these ids, each once, where it stands first."""
        first = np.sort(np.unique(keys, return_index=True)[1])
        return self._rows(keys[first]), np.array(scores, np.float32)[first]

    def _rows(self, keys: IntArray) -> IntArray:
        numbers = keys >> CHUNK_BITS
        at = np.searchsorted(self._numbers, numbers)
        if (at >= len(self._numbers)).any() or (self._numbers[at] != numbers).any():
            raise IndexFolderError(f"{self.address} has changed since it was opened; search again.")
        return np.asarray(self._begins[at] + (keys & ((1 << CHUNK_BITS) - 1)), np.int64)

    def _keys(self, rows: IntArray | Sequence[int]) -> list[int]:
        rows = np.asarray(rows, np.int64)
        if len(rows) and not (rows.min() >= 0 and rows.max() < self.size):
            raise IndexFolderError(f"{self.address} has no chunk {rows.max()}; search again.")
        at = np.searchsorted(self._begins, rows, side="right") - 1
        return [int(key) for key in (self._numbers[at] << CHUNK_BITS) + rows - self._begins[at]] if len(rows) else []

    def _key(self, row: int) -> int:
        return self._keys([int(row)])[0]

    def _count(self, word: str) -> int:
        stems = self._stems.of([word])[0]
        if not stems or not self.size:
            return 0
        matches = " and ".join(f"text_match(words, '{stem}')" for stem in dict.fromkeys(stems))
        return self._connection.count(self._collections.chunks, f"{self._expression} and {matches}")

    def _read_article(self, number: int) -> Article:
        begin, end = number << CHUNK_BITS, (number + 1) << CHUNK_BITS
        with self._sound():
            pieces = self._connection.query(TEXTS, f"id >= {begin} and id < {end}", ["id", "content"])
            article = records.article_of(pieces)
        heads = sorted(self._copies.get(article.id, ()), key=lambda head: head.path)
        if not heads:
            return article
        repeats = [self._article(head.number) for head in heads]
        copies = tuple(Copy(a.path, a.title, a.author, a.publisher, a.date, a.url) for a in repeats)
        return replace(article, copies=copies)

    @contextmanager
    def _sound(self) -> Iterator[None]:
        """Say what is wrong where rows of Milvus are not what this program wrote."""
        try:
            yield
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            why = " ".join(str(error).split())[:200]
            raise IndexFolderError(
                f"{self.address} is damaged, or was changed twice since it was opened ({why}); "
                f"open it again, or {rebuild(self._connection)}"
            ) from error


def _heads_in_force(connection: Connection, manifest: Mapping[str, Any], expression: str = "") -> Iterator[Head]:
    """The heads that a manifest puts in force, of those that an expression selects."""
    admitted = in_force(manifest, "id") + (f" and ({expression})" if expression else "")
    return read_heads(connection, int(manifest["first_article"]), int(manifest["next_article"]), admitted)


def published(address: Address | str) -> dict[str, Any]:
    """Return the manifest in force at an address, without opening the shelf.

    Raises:
        ConfigError: that is no address.
        IndexFolderError: nothing answers there, or there is no shelf, or its manifest is damaged or of another format.
    """
    with closing(_connect(address)) as connection:
        return read_manifest(connection)


def _connect(address: Address | str) -> Connection:
    """Connect to a shelf that is there: to open a file of milvus-lite would make it."""
    address = address if isinstance(address, Address) else Address.read(address)
    if address.file is not None and not address.file.exists():
        raise nothing_in(address)
    return Connection(address)
