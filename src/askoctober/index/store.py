"""Reading an index: opened once, checked against its manifest, then only read."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askoctober.errors import IndexFolderError
from askoctober.index.format import KINDS, file_digest, read_manifest, rebuild, unpack
from askoctober.index.write import Entry
from askoctober.types import Article, Chunk, FloatArray, IntArray, Span

_WORD = re.compile(r"\w+")
# np.load reads headers with `ast`, which in CPython 3.11 fails now and then when two threads use it at once.
_PARSING = threading.Lock()
MOST_WORDS = 64
"""A question's words beyond these do not count: a pasted page would make the word search slow for nothing."""


class LocalStore:
    """An index folder, opened; safe to share between threads. It keeps what it opened when a build replaces it."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        """Use `LocalStore.open`."""
        import faiss

        # Two OpenMP runtimes in one process (torch's and FAISS's) crash on some systems when both spread out.
        faiss.omp_set_num_threads(1)
        self.folder = folder
        self.manifest = manifest
        files = {kind: folder / str(entry["name"]) for kind, entry in manifest["files"].items()}
        self._chunks = faiss.read_index(str(files["chunks"]))
        self._sentences = faiss.read_index(str(files["sentences"]))
        with _PARSING:
            self._tokens: NDArray[np.int8] = np.load(files["tokens"], mmap_mode="r", allow_pickle=False)
            self._basis: FloatArray = np.load(files["basis"], allow_pickle=False)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(f"{files['articles'].resolve().as_uri()}?mode=ro&immutable=1", uri=True,
                                         check_same_thread=False)  # fmt: skip
        rows = self._query("SELECT chunk, start, end, tokens FROM sentence ORDER BY row")
        table = np.array(rows, np.int64).reshape(-1, 4)
        self._chunk_of, self._spans = table[:, 0], table[:, 1:3]
        self._token_ends = np.concatenate([[0], np.cumsum(table[:, 3])])
        self._sentence_ends = np.searchsorted(self._chunk_of, np.arange(self.size + 1), side="left")
        self._chunk = lru_cache(maxsize=4096)(self._read_chunk)
        self._article = lru_cache(maxsize=256)(self._read_article)
        self._frequency = lru_cache(maxsize=65536)(self._count_chunks_with)

    @classmethod
    def open(cls, folder: Path | str) -> LocalStore:
        """Open the index in a folder and check every file of it against the manifest.

        Raises:
            IndexFolderError: there is none, or a file is missing, changed or of another format; says how to mend it.
        """
        folder = Path(folder)
        manifest: dict[str, Any] = {}
        for _ in range(10):
            again = read_manifest(folder)
            if again == manifest:
                break
            manifest = again
            try:
                _check_files(folder, manifest)
                return cls(folder, manifest)
            except FileNotFoundError:
                continue  # a build has just replaced this generation: read the new manifest
            except (OSError, KeyError, TypeError, ValueError, RuntimeError, sqlite3.Error) as error:
                if read_manifest(folder) != manifest:
                    continue  # the same, but FAISS and SQLite have errors of their own for a missing file
                raise IndexFolderError(f"{folder} cannot be opened ({error}); {rebuild(folder)}") from error
        raise IndexFolderError(f"{folder} lacks files that its manifest names; {rebuild(folder)}")

    @property
    def size(self) -> int:
        """How many chunks there are."""
        return int(self._chunks.ntotal)

    def articles(self) -> Sequence[Article]:
        """Every article of the shelf, in order of path."""
        return [self._article(identity) for (identity,) in self._query("SELECT id FROM article ORDER BY path")]

    def chunk(self, row: int) -> Chunk:
        """The chunk at a row."""
        return self._chunk(int(row))

    def row(self, chunk_id: str) -> int:
        """The row of a chunk.

        Raises:
            IndexFolderError: this index holds no such chunk.
        """
        found = self._query("SELECT row FROM chunk WHERE id = ?", (chunk_id,))
        if not found:
            raise IndexFolderError(f"{self.folder} holds no chunk {chunk_id!r}; search again.")
        return int(found[0][0])

    def sentences(self, row: int) -> tuple[Span, ...]:
        """The sentence spans of a chunk, in the article's offsets."""
        first, last = self._sentence_ends[row : row + 2]
        return tuple(Span(int(start), int(end)) for start, end in self._spans[first:last])

    def search_dense(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """Rows and cosines of the k chunks nearest to a unit vector of shape (dimension,)."""
        return _search(self._chunks, vector, k)

    def search_sentences(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """Rows of the chunks that hold the k nearest sentences, with those sentences' cosines; best first, unique."""
        rows, scores = _search(self._sentences, vector, k)
        chunks, first = np.unique(self._chunk_of[rows], return_index=True)
        order = np.argsort(first)
        return chunks[order], scores[first[order]]

    def search_words(self, text: str, k: int) -> tuple[IntArray, FloatArray]:
        """Rows and BM25 scores of the k best chunks for the words of a text (Okapi BM25, Porter stems, FTS5)."""
        words = dict.fromkeys(_WORD.findall(text.lower()))
        if not words:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        query = " OR ".join(f'"{word}"' for word in list(words)[:MOST_WORDS])
        # FTS5 gives BM25 times -1, so that ascending order is best first.
        rows = self._query(
            "SELECT rowid, -bm25(words) FROM words WHERE words MATCH ? ORDER BY bm25(words), rowid LIMIT ?", (query, k)
        )
        table = np.array(rows, np.float64).reshape(-1, 2)
        return table[:, 0].astype(np.int64), table[:, 1].astype(np.float32)

    def word_frequency(self, word: str) -> int:
        """How many chunks hold a word in any of its forms (Porter stems); 0 for what is no word."""
        return self._frequency(word.lower()) if _WORD.fullmatch(word) else 0

    def chunk_vectors(self, rows: IntArray) -> FloatArray:
        """Unit vectors of chunks, shape (len(rows), dimension)."""
        return np.asarray(self._chunks.reconstruct_batch(np.asarray(rows, np.int64)), np.float32)

    def sentence_vectors(self, row: int) -> FloatArray:
        """Unit vectors of a chunk's sentences, shape (sentences, dimension)."""
        first, last = self._sentence_ends[row : row + 2]
        return np.asarray(self._sentences.reconstruct_n(int(first), int(last - first)), np.float32)

    def token_vectors(self, row: int) -> FloatArray:
        """Token vectors of a chunk for late interaction, shape (tokens, token dimension)."""
        first, last = self._token_ends[self._sentence_ends[row : row + 2]]
        return unpack(self._tokens[first:last])

    def token_counts(self, row: int) -> IntArray:
        """How many of the token vectors belong to each sentence of a chunk, shape (sentences,)."""
        first, last = self._sentence_ends[row : row + 2]
        return np.asarray(np.diff(self._token_ends[first : last + 1]), np.int64)

    def project_tokens(self, vectors: FloatArray) -> FloatArray:
        """Bring token vectors of a query, shape (tokens, dimension), into the space of `token_vectors`."""
        projected = vectors @ self._basis
        lengths = np.linalg.norm(projected, axis=-1, keepdims=True)
        return np.asarray(projected / np.maximum(lengths, 1e-12), np.float32)

    @property
    def basis(self) -> FloatArray:
        """The projection of token vectors, shape (dimension, token dimension)."""
        return self._basis

    def digests(self) -> dict[str, str]:
        """The digest of each article's content, by its id."""
        return {str(identity): str(digest) for identity, digest in self._query("SELECT id, digest FROM article")}

    def entry(self, article_id: str) -> Entry:
        """All that is stored of one article, to be written again as it is."""
        rows = [
            int(row) for (row,) in self._query("SELECT row FROM chunk WHERE article_id = ? ORDER BY row", (article_id,))
        ]
        first, last = (rows[0], rows[-1] + 1) if rows else (0, 0)
        sentence = slice(*self._sentence_ends[[first, last]])
        token = slice(*self._token_ends[[sentence.start, sentence.stop]])
        return Entry(
            self._article(article_id),
            self.digests()[article_id],
            tuple((self.chunk(row), self.sentences(row)) for row in rows),
            np.asarray(self._chunks.reconstruct_n(first, last - first), np.float32),
            np.asarray(
                self._sentences.reconstruct_n(int(sentence.start), int(sentence.stop - sentence.start)), np.float32
            ),
            np.array(self._tokens[token]),
            np.diff(self._token_ends[sentence.start : sentence.stop + 1]),
        )

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            self._database.close()

    def _count_chunks_with(self, word: str) -> int:
        ((found,),) = self._query("SELECT count(*) FROM words WHERE words MATCH ?", (f'"{word}"',))
        return int(found)

    def _query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(sql, values).fetchall()

    def _read_chunk(self, row: int) -> Chunk:
        ((identity, article_id, heading, start, end),) = self._query(
            "SELECT id, article_id, heading, start, end FROM chunk WHERE row = ?", (row,)
        )
        article = self._article(article_id)
        return Chunk(identity, article_id, heading, article.text[start:end], start, end, article)

    def _read_article(self, article_id: str) -> Article:
        (values,) = self._query(
            "SELECT id, path, title, author, publisher, date, url, language, text FROM article WHERE id = ?",
            (article_id,),
        )
        return Article(*values)


def _search(index: Any, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    if not index.ntotal:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    scores, rows = index.search(np.ascontiguousarray(vector, np.float32).reshape(1, -1), min(k, index.ntotal))
    found = rows[0] >= 0
    return np.asarray(rows[0][found], np.int64), np.asarray(scores[0][found], np.float32)


def _check_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Raise FileNotFoundError for a missing file, IndexFolderError for a changed or foreign one."""
    files = manifest["files"]
    if set(files) != set(KINDS):
        raise IndexFolderError(f"The manifest of {folder} names other files than this program reads; {rebuild(folder)}")
    for kind, entry in files.items():
        name = str(entry["name"])
        if name != f"{kind}-{str(entry['sha256'])[:12]}.{KINDS[kind]}" or Path(name).name != name:
            raise IndexFolderError(f"The manifest of {folder} names a foreign file {name!r}; {rebuild(folder)}")
        path = folder / name
        if path.stat().st_size != entry["bytes"] or file_digest(path) != entry["sha256"]:
            raise IndexFolderError(f"{path} has changed since it was built; {rebuild(folder)}")
