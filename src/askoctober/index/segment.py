"""One segment of an index, opened: checked against its record in the manifest, then only read.

Nothing in it is trusted further than it was checked: the database must have our tables and no others, headers of
vectors must be what their counts make them, and every span must lie in its text.
"""

from __future__ import annotations

import json
import math
import sqlite3
import struct
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askoctober.errors import IndexFolderError
from askoctober.index import codes, lists
from askoctober.index.entry import Entry
from askoctober.index.format import ALWAYS, HEADER_BYTES, KINDS, LARGE, SCHEMA, reason, rebuild, unpack, vector_header
from askoctober.types import Article, Chunk, Copy, Filter, FloatArray, IntArray, Span

_FIELDS = ("id", "path", "title", "author", "publisher", "date", "url", "language", "text")
_NOWHERE = np.zeros(0, np.int64)
UNSOUND = (
    *(OSError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError),
    *(struct.error, sqlite3.Error),
)
"""What opening an index raises where that is none, FAISS's and SQLite's errors included."""
NEAR = 400
"""In a large segment the nearest sentences are looked for in so many of the nearest chunks."""


class DamagedError(IndexFolderError):
    """What a segment holds does not go together, although its files have the right sums."""


class Segment:
    """The files of one segment; rows are its own, from 0, the dead ones included. Safe to share between threads."""

    def __init__(
        self,
        folder: Path,
        record: Mapping[str, Any],
        basis: FloatArray,
        codebook: FloatArray | None,
        *,
        for_search: bool = True,
    ) -> None:
        """Open a segment whose files are known to have the right sums.

        Without `for_search` it gives articles and entries alone, and opens in no time however large it is.

        Raises:
            IndexFolderError, OSError, ValueError, KeyError, TypeError, RuntimeError, sqlite3.Error: it is none.
        """
        import faiss

        # Two OpenMP runtimes in one process (torch's and FAISS's) crash on some systems when both spread out.
        faiss.omp_set_num_threads(1)
        self.folder, self.record = folder, record
        self.size, self.sentence_count = int(record["chunks"]), int(record["sentences"])
        self._dimension, self._token_dimension = basis.shape
        if record["coded"] and codebook is None:
            raise ValueError("its codes have no codebook")
        self._codebook = codebook if record["coded"] else None
        self.coded = bool(record["coded"])
        paths = {kind: folder / str(entry["name"]) for kind, entry in record["files"].items()}
        self._chunks = self._open_vectors(paths["chunks"], self.size)
        self._sentences = self._open_vectors(paths["sentences"], self.sentence_count)
        width = codes.pieces_of(basis.shape[1]) if self.coded else basis.shape[1]
        self._tokens = _map(paths["tokens"], np.uint8 if self.coded else np.int8, (int(record["tokens"]), width))
        self._raw_sentences = _map(paths["sentences"], np.float16, (self.sentence_count, self._dimension), HEADER_BYTES)
        self._raw_chunks = _map(paths["chunks"], np.float16, (self.size, self._dimension), HEADER_BYTES)
        self._lists = self._open_lists(paths["lists"]) if "lists" in paths and for_search else None
        self._lock = threading.Lock()
        self._users = 1
        self._basis = basis
        # The database may be read by any thread, and is closed with the last that knows of the segment.
        self._database = sqlite3.connect(
            f"{paths['articles'].resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        self._finalizer = weakref.finalize(self, self._database.close)
        self._database.executescript("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;")
        check_schema(self._database)
        if for_search:
            self._read_rows()
        self._chunk = lru_cache(maxsize=4096)(_bound(self, "_read_chunk"))
        self._article = lru_cache(maxsize=256)(_bound(self, "_read_article"))

    def is_of(self, record: Mapping[str, Any], basis: FloatArray, codebook: FloatArray | None) -> bool:
        """Whether this is the segment of a record, read by this projection and codebook, whatever is dead in it."""
        same = {key: value for key, value in record.items() if "dead" not in key}
        ours = {key: value for key, value in self.record.items() if "dead" not in key}
        codes_alike = not self.coded or np.array_equal(self._codebook, codebook)  # type: ignore[arg-type]
        return same == ours and np.array_equal(self._basis, basis) and codes_alike

    def share(self) -> Segment:
        """Return the segment to one more user, who closes it too; only the last one's closing closes the files."""
        with self._lock:
            self._users += 1
        return self

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            self._users -= 1
            if self._users <= 0:
                self._finalizer()

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Raises:
            IndexFolderError: the database is damaged.
        """
        try:
            with self._lock:
                return self._database.execute(sql, values).fetchall()
        except sqlite3.ProgrammingError as error:
            raise IndexFolderError(f"{self.folder} was closed ({error}); open it again.") from error
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            raise self.damaged(str(error)) from error

    def stream(self, sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query that begins `SELECT row` in blocks, ascending; there may be very many."""
        last = -1
        while block := self.query(f"SELECT * FROM ({sql}) WHERE row > ? ORDER BY row LIMIT 5000", (*values, last)):
            yield from block
            last = block[-1][0]

    def damaged(self, why: str) -> DamagedError:
        """Return the error that says what is wrong with this segment and how to mend it."""
        return DamagedError(f"{self.folder} is damaged ({reason(why)}); {rebuild(self.folder)}")

    def chunk(self, row: int) -> Chunk:
        """The chunk at a row."""
        chunk: Chunk = self._chunk(row)
        return chunk

    def article(self, row: int) -> Article:
        """The article at a row, without what only the whole index knows: its copies."""
        article: Article = self._article(row)
        return article

    def sentences(self, row: int) -> tuple[Span, ...]:
        """The sentence spans of a chunk, in the article's offsets."""
        return tuple(Span(start, end) for start, end, _ in self._place(row)[2].tolist())

    def search_dense(self, vector: FloatArray, k: int, dead: IntArray) -> tuple[IntArray, FloatArray]:
        """Rows and cosines of the k chunks nearest to a unit vector of shape (dimension,), but for the dead."""
        # Where little is left, its lists would hold next to nothing of it.
        if self._lists is not None and 2 * len(dead) <= self.size:
            how = self.record["lists"]
            wanted = max(lists.REFINED * k, int(how["refined"]))
            rows = self._lists.search(vector, wanted + min(len(dead), wanted), int(how["probe"]))
            rows = rows[~np.isin(rows, dead)]
            rows, scores = lists.rank(self._raw_chunks, rows, vector, k)
        else:
            rows, scores = _search(self._chunks, self.size, vector, k, dead)
        return rows, self._finite(scores)

    def search_dense_exactly(self, vector: FloatArray, k: int, dead: IntArray) -> tuple[IntArray, FloatArray]:
        """The same, by a look at every chunk."""
        return _search(self._chunks, self.size, vector, k, dead)

    def search_sentences(self, vector: FloatArray, k: int, dead: IntArray) -> tuple[IntArray, FloatArray]:
        """Rows of the chunks that hold the k nearest sentences, with those sentences' cosines; best first, unique.

        In a large segment only the sentences of the nearest chunks are looked at.
        """
        if self.size >= LARGE:
            rows, _ = self.search_dense(vector, NEAR, dead)
            scores = self.best_sentences(rows, vector)
            order = np.argsort(-scores, kind="stable")[:k]
            return rows[order], scores[order]
        gone = np.concatenate([_NOWHERE, *(np.arange(*self._sentence_at[[row, row + 1]]) for row in dead)])
        found, scores = _search(self._sentences, self.sentence_count, vector, k, gone)
        self._finite(scores)
        chunks, first = np.unique(np.searchsorted(self._sentence_at, found, side="right") - 1, return_index=True)
        order = np.argsort(first)
        return chunks[order], scores[first[order]]

    def best_sentences(self, rows: IntArray, vector: FloatArray) -> FloatArray:
        """The cosine of each chunk's nearest sentence with a unit vector, shape (len(rows),); 0 where it has none."""
        begins = self._sentence_at[rows].astype(np.int64)
        counts = self._sentence_at[rows + 1] - begins
        scores = np.zeros(len(rows), np.float32)
        some = counts > 0
        if some.any():
            counts = counts[some]
            starts = np.cumsum(counts) - counts
            places = np.repeat(begins[some] - starts, counts) + np.arange(counts.sum())
            cosines = self._finite(np.asarray(self._raw_sentences[places], np.float32)) @ vector
            scores[some] = np.maximum.reduceat(cosines, starts)
        return scores

    def chunk_vectors(self, rows: IntArray) -> FloatArray:
        """Unit vectors of chunks, shape (len(rows), dimension)."""
        return self._finite(np.asarray(self._raw_chunks[rows], np.float32))

    def sentence_vectors(self, row: int) -> FloatArray:
        """Unit vectors of a chunk's sentences, shape (sentences, dimension)."""
        first, _, spans = self._place(row)
        if not len(spans):
            return np.zeros((0, self._dimension), np.float32)
        return self._finite(np.asarray(self._sentences.reconstruct_n(first, len(spans)), np.float32))

    def _finite(self, numbers: FloatArray) -> FloatArray:
        """The same numbers, where they are such."""
        if not np.isfinite(numbers).all():
            raise self.damaged("its vectors hold what is no number")
        return numbers

    def token_vectors(self, row: int) -> FloatArray:
        """Token vectors of a chunk for late interaction, shape (tokens, token dimension)."""
        _, first, spans = self._place(row)
        block = np.asarray(self._tokens[first : first + int(spans[:, 2].sum())])
        if self._codebook is not None:
            return codes.decode(block, self._codebook, self._token_dimension)
        return unpack(block.view(np.int8))

    def token_counts(self, row: int) -> IntArray:
        """How many of the token vectors belong to each sentence of a chunk, shape (sentences,)."""
        return np.asarray(self._place(row)[2][:, 2], np.int64)

    def find_article(self, column: str, value: str) -> list[int]:
        """Rows of the articles with a value in the column `id`, `path`, `file`, `digest` or `copy_of`; the dead too."""
        assert column in ("id", "path", "file", "digest", "copy_of")
        return [row for (row,) in self.query(f"SELECT row FROM article WHERE {column} = ? ORDER BY row", (value,))]

    def articles_beside(self, filter: Filter) -> list[int]:
        """Rows of the articles, copies apart, that a filter does not admit; an article is admitted by a copy's path."""
        columns = ", ".join(_FIELDS[:-1])  # all but the text
        articles = self.stream(f"SELECT row, {columns}, extra FROM article WHERE copy_of = ''")
        named = {
            identity
            for path in filter.articles
            for (identity,) in self.query("SELECT copy_of FROM article WHERE path = ? AND copy_of <> ''", (path,))
        }
        wanted = replace(filter, articles=(*filter.articles, *named)) if named else filter
        beside = []
        for row, *values, extra in articles:
            try:
                more = {str(key): str(value) for key, value in json.loads(extra).items()} if wanted.metadata else {}
            except (ValueError, TypeError, AttributeError, RecursionError) as error:
                raise self.damaged(f"article {row} is not whole") from error
            identity, path, title, author, publisher, date, url, language = map(str, values)
            article = Article(identity, path, title, author, publisher, date, url, language, extra=more)
            if not wanted.admits(article):
                beside.append(row)
        return beside

    def chunks_of(self, article: int) -> range:
        """The rows of an article's chunks."""
        first, count = self._of_article("chunk, chunks", article)
        if not (_is_count(first) and _is_count(count) and first + count <= self.size):
            raise self.damaged(f"article {article} has chunks that are not there")
        return range(first, first + count)

    def _of_article(self, columns: str, article: int) -> Sequence[Any]:
        """Columns of the article at a row, which a table that does not go with its index may not give again."""
        for found in self.query(f"SELECT {columns} FROM article WHERE row = ?", (article,)):
            return found
        raise self.damaged(f"article {article} is not there")

    def entry(self, article: int) -> Entry:
        """All that is stored of the article at a row, to be written again as it is."""
        digest, signature, copy_of, file = self._of_article("digest, signature, copy_of, file", article)
        rows = self.chunks_of(article)
        bands = (
            tuple(key for (key,) in self.query("SELECT key FROM band WHERE article = ?", (article,)))
            if signature
            else ()
        )
        chunks = tuple((self.chunk(row), self.sentences(row)) for row in rows)
        if not (all(isinstance(text, str) for text in (digest, copy_of, file)) and isinstance(signature, bytes)):
            raise self.damaged(f"article {article} is not whole")
        if not all(isinstance(key, bytes) for key in bands) or any(
            chunk.article is not self.article(article) and chunk.article != self.article(article) for chunk, _ in chunks
        ):
            raise self.damaged(f"article {article} has chunks that are not its own")
        none = np.zeros((0, self._dimension), np.float32)
        places = [self._place(row) for row in rows]
        tokens = [self._tokens[first : first + int(spans[:, 2].sum())] for _, first, spans in places]
        return Entry(
            self.article(article),
            str(digest),
            chunks,
            self.chunk_vectors(np.array(rows, np.int64)),
            np.concatenate([none, *(self.sentence_vectors(row) for row in rows)]),
            np.concatenate([np.zeros((0, self._tokens.shape[1]), self._tokens.dtype), *tokens]),
            np.concatenate([_NOWHERE, *(np.asarray(spans[:, 2], np.int64) for _, _, spans in places)]),
            str(file),
            bytes(signature),
            bands,
            str(copy_of),
            self.coded,
        )

    def check_copies(self) -> None:
        """Raise DamagedError where the articles that repeat others are not as many as the record says, or repeat
        themselves: taken for known, they would be in no answer.
        """
        ((count, of_itself),) = self.query("SELECT count(*), total(copy_of = id) FROM article WHERE copy_of <> ''")
        if count != self.record["copies"] or of_itself:
            raise self.damaged("its copies are copies of nothing")

    def copies(self, article_id: str, dead: frozenset[int]) -> tuple[Copy, ...]:
        """Where else the article of an id was found, by this segment."""
        rows = self.query(
            "SELECT row, path, title, author, publisher, date, url FROM article "
            "WHERE copy_of = ? AND copy_of <> '' ORDER BY path",  # the second says that the index of copies will do
            (article_id,),
        )
        return tuple(Copy(*map(str, values)) for row, *values in rows if row not in dead)

    def _open_vectors(self, path: Path, count: int) -> Any:
        import faiss

        with path.open("rb") as stream:
            if stream.read(HEADER_BYTES) != vector_header(count, self._dimension):
                raise ValueError(f"{path.name} does not begin as {count} vectors do")
        if path.stat().st_size != HEADER_BYTES + 2 * count * self._dimension:
            raise ValueError(f"{path.name} does not end as {count} vectors do")
        try:
            return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC) if count else None
        except RuntimeError:  # where FAISS cannot map files
            return faiss.read_index(str(path))

    def _open_lists(self, path: Path) -> lists.Lists:
        about = self.record["lists"]
        shape = lists.Shape(self.size, self._dimension, int(about["lists"]), int(about["pieces"]))
        if not (0 < shape.lists <= max(self.size, 1) and shape.pieces > 0 and shape.dimension % shape.pieces == 0):
            raise ValueError(f"{path.name} cannot have {shape.lists} lists of {shape.pieces} bytes")
        if not 0 < int(about["probe"]) <= shape.lists:
            raise ValueError(f"{about['probe']} of {shape.lists} lists cannot be read")
        if not 0 < int(about["refined"]) <= lists.MOST_REFINED:
            raise ValueError(f"{about['refined']} of what is found cannot be ranked anew")
        return lists.open_lists(path, shape)

    def _read_rows(self) -> None:
        """Where each chunk's sentences begin, and how many words it has; both are small beside what is mapped."""
        begins = np.zeros(self.size + 1, np.int32)
        words = np.zeros(self.size, np.uint16)
        count = 0
        for row, sentence, length in self.stream("SELECT row, sentence, words FROM chunk"):
            if row != count or row >= self.size or not (_is_count(sentence) and _is_count(length)):
                raise ValueError("its chunks do not follow each other")
            begins[row], words[row] = sentence, min(length, 65535)
            count += 1
        begins[self.size] = self.sentence_count
        if count != self.size or (np.diff(begins) < 0).any() or begins[0] != 0:
            raise ValueError("its sentences do not follow each other")
        self._sentence_at, self.words = begins, words

    @staticmethod
    def _is_blob_of(blob: Any, size: int) -> bool:
        return isinstance(blob, bytes) and len(blob) % size == 0

    def _place(self, row: int) -> tuple[int, int, NDArray[np.int32]]:
        """First sentence, first token, and the rows (start, end, tokens) of a chunk's sentences."""
        found = self.query("SELECT sentence, token, spans FROM chunk WHERE row = ?", (int(row),))
        if not found:
            raise IndexFolderError(f"{self.folder} has no chunk {row}; search again.")
        sentence, token, blob = found[0]
        if not (_is_count(sentence) and _is_count(token) and self._is_blob_of(blob, 12)):
            raise self.damaged(f"chunk {row} has no sentences")
        spans = np.frombuffer(blob, "<i4").reshape(-1, 3)
        if (spans < 0).any() or sentence + len(spans) > self.sentence_count:
            raise self.damaged(f"chunk {row} has sentences that are not there")
        if token + int(spans[:, 2].sum(dtype=np.int64)) > len(self._tokens):
            raise self.damaged(f"chunk {row} has tokens that are not there")
        return sentence, token, spans

    def _read_chunk(self, row: int) -> Chunk:
        found = self.query("SELECT article, heading, start, end FROM chunk WHERE row = ?", (int(row),))
        if not found:
            raise IndexFolderError(f"{self.folder} has no chunk {row}; search again.")
        number, heading, start, end = found[0]
        if not _is_count(number):
            raise self.damaged(f"chunk {row} belongs to no article")
        article = self.article(number)
        spans = self._place(row)[2]
        if not (_is_count(start) and _is_count(end) and start < end <= len(article.text)):
            raise self.damaged(f"chunk {row} lies outside of its article")
        if len(spans) and (spans[:, 0].min() < start or spans[:, 1].max() > end or (spans[:, 0] > spans[:, 1]).any()):
            raise self.damaged(f"chunk {row} has sentences outside of it")
        identity = f"{article.id}:{start}-{end}"
        return Chunk(identity, article.id, str(heading), article.text[start:end], start, end, article)

    def _read_article(self, row: int) -> Article:
        found = self.query(f"SELECT {', '.join(_FIELDS)}, pages, extra FROM article WHERE row = ?", (int(row),))
        if not found:
            raise self.damaged(f"article {row} is not there")
        *values, pages, extra = found[0]
        try:
            starts = tuple(np.frombuffer(pages, "<i4").tolist())
            more = {str(key): str(value) for key, value in json.loads(extra).items()}
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self.damaged(f"article {row} is not whole") from error
        if not all(isinstance(value, str) for value in values) or any(
            a > b for a, b in zip(starts, starts[1:], strict=False)
        ):
            raise self.damaged(f"article {row} is not whole")
        fields = dict(zip(_FIELDS, values, strict=True))
        return Article(**fields, pages=starts, extra=more)


def _bound(owner: Segment, name: str) -> Any:
    """A method that does not keep its owner alive, so that a cache of it is no cycle."""
    reference = weakref.ref(owner)

    def call(row: int) -> Any:
        segment = reference()
        assert segment is not None, "whoever calls this has the segment"
        return getattr(segment, name)(row)

    return call


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < 2**31


def _map(path: Path, kind: Any, shape: tuple[int, int], offset: int = 0) -> NDArray[Any]:
    size = offset + math.prod(shape) * np.dtype(kind).itemsize
    if path.stat().st_size != size:
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes in place of {size}")
    if not shape[0]:
        return np.zeros(shape, kind)
    return np.memmap(path, np.dtype(kind).newbyteorder("<"), "r", offset, shape)


def _search(index: Any, size: int, vector: FloatArray, k: int, dead: IntArray) -> tuple[IntArray, FloatArray]:
    if not size:
        return _NOWHERE, np.zeros(0, np.float32)
    import faiss

    parameters = None
    if 2 * len(dead) > size:
        left = np.delete(np.arange(size, dtype=np.int64), dead)
        parameters = faiss.SearchParameters(sel=faiss.IDSelectorBatch(left))  # type: ignore[call-arg]
    elif len(dead):
        parameters = faiss.SearchParameters(sel=faiss.IDSelectorNot(faiss.IDSelectorBatch(dead)))  # type: ignore[call-arg]
    asked = np.ascontiguousarray(vector, np.float32).reshape(1, -1)
    scores, rows = index.search(asked, min(k, size), params=parameters)
    found = rows[0] >= 0
    return np.asarray(rows[0][found], np.int64), np.asarray(scores[0][found], np.float32)


def check_schema(database: sqlite3.Connection, more: str = "") -> None:
    """Raise ValueError where a database has other tables, indexes, views or triggers than `SCHEMA` and `more` make."""
    expected = sqlite3.connect(":memory:")
    expected.executescript(SCHEMA + more)
    wanted, found = (
        sorted(base.execute("SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_master"), key=str)
        for base in (expected, database)
    )
    expected.close()
    if wanted != found:
        raise ValueError("its database has other tables than this program makes")


def check_record(folder: Path, record: Any) -> None:
    """Check what a manifest says of a segment before anything is opened.

    Raises:
        IndexFolderError: it names files of another kind or name than this program makes, or counts that cannot be.
    """
    try:
        files, dead = record["files"], record["dead"]
        counts = [record[name] for name in ("articles", "copies", "chunks", "sentences", "tokens")]
        gone = [len(dead), *(record[f"dead_{name}"] for name in ("copies", "chunks", "sentences")), 0]
        names_are_ours = set(files) - {"lists"} == ALWAYS and set(files) <= set(KINDS)
        sound = names_are_ours and ("lists" in files) == ("lists" in record) and all(map(_is_long, counts))
        sound = sound and all(_is_count(row) and row < counts[0] for row in dead)
        sound = sound and all(_is_long(lost) and lost <= count for lost, count in zip(gone, counts, strict=True))
        sound = sound and isinstance(record["coded"], bool)
        for kind, entry in files.items():
            check_name(folder, kind, KINDS[kind], entry)
    except (KeyError, TypeError, AttributeError, ValueError):
        sound = False
    if not sound:
        raise IndexFolderError(f"The manifest of {folder} names other files than this program reads; {rebuild(folder)}")


def check_name(folder: Path, kind: str, ending: str, entry: Mapping[str, Any]) -> None:
    """Check that a file of the manifest has a name that this program gives, and so lies in the folder.

    Raises:
        IndexFolderError: it has not.
    """
    name = str(entry["name"])
    if (
        name != f"{kind}-{str(entry['sha256'])[:12]}.{ending}"
        or Path(name).name != name
        or not _is_long(entry["bytes"])
    ):
        raise IndexFolderError(f"The manifest of {folder} names a foreign file {name!r}; {rebuild(folder)}")


def _is_long(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**62
