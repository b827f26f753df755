"""Reading an index: opened once, checked against its manifest, then only read."""

from __future__ import annotations

import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from askoctober.errors import IndexFolderError
from askoctober.index.articles import LazyArticles
from askoctober.index.codes import CENTROIDS, SIZE, pieces_of
from askoctober.index.disk import file_digest
from askoctober.index.entry import Entry
from askoctober.index.fields import names_in, no_such_field, other_fields
from askoctober.index.format import SHARED, TOKEN_DIMENSIONS, read_manifest, reason, rebuild
from askoctober.index.projection import project
from askoctober.index.segment import UNSOUND, Segment, check_name, check_record
from askoctober.index.words import Words, is_word
from askoctober.types import Article, Chunk, Filter, FloatArray, IntArray, Span

T = TypeVar("T")
MOST_PARTS = 8
"""Filters whose part of the index is kept."""
FEW = 1000
"""Articles that are looked up one by one; of more, all are read."""

CHECKED_BYTES = 2_000_000_000
"""Files of an index are read through and compared with their sums when it is opened, up to so many bytes; beyond that
only their sizes, since it would take longer than the question. `askoctober doctor` reads all."""


class LocalStore:
    """An index folder, opened; safe to share between threads. It keeps what it opened when a build replaces it.

    Rows of chunks run from 0 over what is in force: what an update put out of force has none.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Mapping[str, Any],
        segments: Sequence[Segment],
        basis: FloatArray,
        dead: Sequence[Sequence[int]],
    ) -> None:
        """Use `LocalStore.open`, `reopened` or `joined`; `dead` are the articles of each segment out of force."""
        self.folder = folder
        self.manifest = manifest
        self.segments = self._owned = tuple(segments)
        self._basis = basis
        self._dead_articles = tuple(frozenset(map(int, rows)) for rows in dead)
        self._dead = tuple(_dead_chunks(s, rows) for s, rows in zip(segments, self._dead_articles, strict=True))
        self._sizes = np.array([s.size - len(rows) for s, rows in zip(segments, self._dead, strict=True)], np.int64)
        self._begins = np.concatenate([[0], np.cumsum(self._sizes)])
        # Where some are dead: the rows of a segment that are not. 4 bytes a chunk.
        self._alive = tuple(
            np.delete(np.arange(s.size, dtype=np.int32), rows) if len(rows) else None
            for s, rows in zip(segments, self._dead, strict=True)
        )
        self._words = Words(self.segments, self._dead)
        self._with_copies = lru_cache(maxsize=256)(_with_copies(self.segments, self._dead_articles))
        self._parts: dict[Filter, LocalStore] = {}

    @classmethod
    def open(cls, folder: Path | str) -> LocalStore:
        """Open the index in a folder and check every file of it against the manifest.

        Raises:
            IndexFolderError: there is none, or a file is missing, changed or of another format; says how to mend it.
        """
        return cls._open(Path(folder), {})

    def reopened(self) -> LocalStore:
        """Open the index that is in the folder now; segments that both have are shared, and not read again.

        So it takes as long as what has changed, not as the index. This one is to be closed as well.

        Raises:
            IndexFolderError: as `open` does.
        """
        ours = {} if self._owned is not self.segments else {_name_of(segment): segment for segment in self.segments}
        return self._open(self.folder, ours)

    def published(self) -> dict[str, Any]:
        """Return the manifest in force now: that of another build, perhaps, than the one that was opened.

        Raises:
            IndexFolderError: there is none, or it is damaged.
        """
        return read_manifest(self.folder)

    @classmethod
    def _open(cls, folder: Path, known: Mapping[str, Segment]) -> LocalStore:
        manifest: dict[str, Any] = {}
        for _ in range(10):
            again = read_manifest(folder)
            if again == manifest:
                break
            manifest = again
            try:
                check_files(folder, manifest, known=known.keys())
                return _opened(folder, manifest, known)
            except FileNotFoundError:
                continue  # a build has just replaced this generation: read the new manifest
            except UNSOUND as error:
                if read_manifest(folder) != manifest:
                    continue  # the same, but FAISS and SQLite have errors of their own for a missing file
                raise IndexFolderError(f"{folder} cannot be opened ({reason(error)}); {rebuild(folder)}") from error
        raise IndexFolderError(f"{folder} lacks files that its manifest names; {rebuild(folder)}")

    def joined(self, other: LocalStore) -> LocalStore:
        """Return this index and another one as one, which holds what both hold; closing it closes the other one alone.

        Raises:
            IndexFolderError: their token vectors lie in different spaces.
        """
        if not np.array_equal(self._basis, other._basis):
            raise IndexFolderError(f"{other.folder} does not go with {self.folder}; {rebuild(other.folder)}")
        segments, dead = (*self.segments, *other.segments), (*self._dead_articles, *other._dead_articles)
        both = LocalStore(self.folder, self.manifest, segments, self._basis, [sorted(rows) for rows in dead])
        both._owned = other.segments
        return both

    def filtered(self, filter: Filter) -> LocalStore:
        """The part of the index that a filter admits, as an index of its own; it shares what is open.

        Raises:
            QuestionError: the filter names a field that no article has; says which there are.
        """
        kept = self._parts.get(filter)
        if kept is not None:
            return kept
        for name in other_fields(filter):
            if self.size and name not in self._other_fields:
                raise no_such_field(name, self._other_fields)
        # What is not admitted counts as out of force: nothing is copied, and every search knows what that is.
        held = zip(self.segments, self._dead_articles, strict=True)
        dead = [sorted({*gone, *segment.articles_beside(filter)}) for segment, gone in held]
        part = LocalStore(self.folder, self.manifest, self.segments, self._basis, dead)
        part._owned = ()
        part._with_copies = self._with_copies
        # Assigned as a whole: other threads look at it meanwhile.
        self._parts = dict([*self._parts.items(), (filter, part)][-MOST_PARTS:])
        return part

    @cached_property
    def _other_fields(self) -> frozenset[str]:
        """The names of what articles in force say besides their known fields; read once, from every article."""
        parts = (names_in(segment, dead) for segment, dead in zip(self.segments, self._dead_articles, strict=True))
        return frozenset().union(*parts)

    @property
    def size(self) -> int:
        """How many chunks there are."""
        return int(self._begins[-1])

    def articles(self) -> Sequence[Article]:
        """Every article of the shelf, in order of path; each is read when it is asked for."""
        places: list[tuple[str, int, int, str]] = []
        for number, (segment, dead) in enumerate(zip(self.segments, self._dead_articles, strict=True)):
            rows = segment.query("SELECT path, row, id FROM article WHERE copy_of = ''")
            for path, row, identity in rows:
                if not isinstance(path, str) or not isinstance(identity, str):
                    raise segment.damaged(f"the path or the id of article {row} is no text")
                if row not in dead:
                    places.append((path, number, row, identity))
        places.sort()
        at = [(number, row) for _, number, row, _ in places]
        return LazyArticles(at, [identity for *_, identity in places], lambda place: self._article(*place))

    def article(self, article_id: str) -> Article:
        """The article of an id.

        Raises:
            IndexFolderError: this index holds no such article.
        """
        return self._article(*self._find("id", article_id, "article"))

    def chunk(self, row: int) -> Chunk:
        """The chunk at a row."""
        number, local = self._place(row)
        chunk = self.segments[number].chunk(local)
        article = self._with_copies(chunk.article)
        return chunk if article is chunk.article else replace(chunk, article=article)

    def row(self, chunk_id: str) -> int:
        """The row of a chunk.

        Raises:
            IndexFolderError: this index holds no such chunk.
        """
        article_id, _, span = chunk_id.rpartition(":")
        try:
            number, article = self._find("id", article_id, "chunk")
            start, end = map(int, span.split("-"))
            segment = self.segments[number]
            rows = segment.chunks_of(article)
            ((local,),) = segment.query(
                "SELECT row FROM chunk WHERE row >= ? AND row < ? AND start = ? AND end = ?",
                (rows.start, rows.stop, start, end),
            )
        except (ValueError, IndexFolderError):
            raise IndexFolderError(f"{self.folder} holds no chunk {chunk_id!r}; search again.") from None
        return int(self._row(number, np.array([local], np.int64))[0])

    def sentences(self, row: int) -> tuple[Span, ...]:
        """The sentence spans of a chunk, in the article's offsets."""
        return self._at(row, Segment.sentences)

    def search_dense(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """Rows and cosines of the k chunks nearest to a unit vector of shape (dimension,)."""
        return self._search(Segment.search_dense, vector, k)

    def search_dense_exactly(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """The same with a look at every chunk, whatever the size of the index: what approximations are measured by."""
        return self._search(Segment.search_dense_exactly, vector, k)

    def search_sentences(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """Rows of the chunks that hold the k nearest sentences, with those sentences' cosines; best first, unique."""
        return self._search(Segment.search_sentences, vector, k)

    def search_words(self, text: str, k: int) -> tuple[IntArray, FloatArray]:
        """Rows and BM25 scores of the k best chunks for the words of a text (Okapi BM25, Porter stems, FTS5)."""
        found = self._words.search(text, k)
        rows = [int(self._row(number, np.array([row], np.int64))[0]) for number, row, _ in found]
        return np.array(rows, np.int64), np.array([score for _, _, score in found], np.float32)

    def word_frequency(self, word: str) -> int:
        """How many chunks hold a word in any of its forms (Porter stems); 0 for what is no word."""
        return self._words.frequency(word.lower()) if is_word(word) else 0

    def chunk_vectors(self, rows: IntArray) -> FloatArray:
        """Unit vectors of chunks, shape (len(rows), dimension)."""
        out = np.zeros((len(rows), self._basis.shape[0]), np.float32)
        for segment, mine, local in self._by_segment(rows):
            out[mine] = segment.chunk_vectors(local)
        return out

    def best_sentences(self, rows: IntArray, vector: FloatArray) -> FloatArray:
        """The cosine of each chunk's nearest sentence with a unit vector, shape (len(rows),); 0 where it has none."""
        out = np.zeros(len(rows), np.float32)
        for segment, mine, local in self._by_segment(rows):
            out[mine] = segment.best_sentences(local, vector)
        return out

    def sentence_vectors(self, row: int) -> FloatArray:
        """Unit vectors of a chunk's sentences, shape (sentences, dimension)."""
        return self._at(row, Segment.sentence_vectors)

    def token_vectors(self, row: int) -> FloatArray:
        """Token vectors of a chunk for late interaction, shape (tokens, token dimension)."""
        return self._at(row, Segment.token_vectors)

    def token_counts(self, row: int) -> IntArray:
        """How many of the token vectors belong to each sentence of a chunk, shape (sentences,)."""
        return self._at(row, Segment.token_counts)

    def project_tokens(self, vectors: FloatArray) -> FloatArray:
        """Bring token vectors of a query, shape (tokens, dimension), into the space of `token_vectors`."""
        return project(vectors, self._basis)

    @property
    def basis(self) -> FloatArray:
        """The projection of token vectors, shape (dimension, token dimension)."""
        return self._basis

    def digests(self) -> dict[str, str]:
        """The digest of each article's content, by its id; copies are not among them."""
        held: dict[str, str] = {}
        for segment, dead in zip(self.segments, self._dead_articles, strict=True):
            rows = segment.query("SELECT row, id, digest FROM article WHERE copy_of = ''")
            held |= {str(identity): str(digest) for row, identity, digest in rows if row not in dead}
        return held

    def entry(self, article_id: str) -> Entry:
        """All that is stored of one article, to be written again as it is."""
        number, row = self._find("id", article_id, "article")
        return self.segments[number].entry(row)

    def file_of(self, article_id: str) -> str:
        """The path of the file that an article came from; that of the article itself where a file is one article.

        Raises:
            IndexFolderError: this index holds no such article.
        """
        number, row = self._find("id", article_id, "article")
        ((file,),) = self.segments[number].query("SELECT file FROM article WHERE row = ?", (row,))
        return str(file)

    def ids(self) -> frozenset[str]:
        """The ids of all articles and copies."""
        held: set[str] = set()
        for segment, dead in zip(self.segments, self._dead_articles, strict=True):
            held |= {str(identity) for row, identity in segment.query("SELECT row, id FROM article") if row not in dead}
        return frozenset(held)

    def close(self) -> None:
        """Close the files."""
        for segment in self._owned:
            segment.close()

    def _find(self, column: str, value: str, what: str) -> tuple[int, int]:
        for number, (segment, dead) in enumerate(zip(self.segments, self._dead_articles, strict=True)):
            for row in segment.find_article(column, value):
                if row not in dead:
                    return number, row
        raise IndexFolderError(f"{self.folder} holds no {what} {value!r}; search again.")

    def _article(self, number: int, row: int) -> Article:
        return self._with_copies(self.segments[number].article(row))

    def _place(self, row: int) -> tuple[int, int]:
        if not 0 <= row < self.size:
            raise IndexFolderError(f"{self.folder} has no chunk {row}; search again.")
        number = int(np.searchsorted(self._begins, row, side="right")) - 1
        return number, int(self._local(number, np.array([row - self._begins[number]]))[0])

    def _local(self, number: int, rows: IntArray) -> IntArray:
        """The segment's own rows of these, counted from its first."""
        alive = self._alive[number]
        return rows if alive is None else alive[rows].astype(np.int64)

    def _by_segment(self, rows: IntArray) -> Iterator[tuple[Segment, NDArray[np.bool_], IntArray]]:
        """Yield each segment that holds some of these rows, which of them it holds, and its own rows of those."""
        rows = np.asarray(rows, np.int64)
        numbers = np.searchsorted(self._begins, rows, side="right") - 1
        for number in np.unique(numbers).tolist():
            mine = numbers == number
            yield self.segments[number], mine, self._local(number, rows[mine] - self._begins[number])

    def _row(self, number: int, local: IntArray) -> IntArray:
        alive = self._alive[number]
        return np.asarray(self._begins[number] + (local if alive is None else np.searchsorted(alive, local)), np.int64)

    def _at(self, row: int, read: Callable[[Segment, int], T]) -> T:
        number, local = self._place(int(row))
        return read(self.segments[number], local)

    def _search(
        self,
        search: Callable[[Segment, FloatArray, int, IntArray], tuple[IntArray, FloatArray]],
        vector: FloatArray,
        k: int,
    ) -> tuple[IntArray, FloatArray]:
        found = []
        for number, (segment, dead) in enumerate(zip(self.segments, self._dead, strict=True)):
            rows, scores = search(segment, vector, k, dead)
            found.append((self._row(number, rows), scores))
        rows = np.concatenate([np.zeros(0, np.int64), *(rows for rows, _ in found)])
        scores = np.concatenate([np.zeros(0, np.float32), *(scores for _, scores in found)])
        # Each segment's are in order; a stable sort keeps the order of equals, as one segment would.
        order = np.argsort(-scores, kind="stable")[:k] if len(found) > 1 else slice(None)
        return rows[order], scores[order]


def _opened(folder: Path, manifest: Mapping[str, Any], known: Mapping[str, Segment]) -> LocalStore:
    basis, codebook = read_shared(folder, manifest)
    segments = []
    for record in manifest["segments"]:
        shared = known.get(str(record["files"]["articles"]["name"]))
        # The same files may be read in another way: then the segment is another one.
        if shared is not None and shared.is_of(record, basis, codebook):
            segments.append(shared.share())
        else:
            segments.append(Segment(folder, record, basis, codebook))
    return LocalStore(folder, manifest, segments, basis, [record["dead"] for record in manifest["segments"]])


def _name_of(segment: Segment) -> str:
    return str(segment.record["files"]["articles"]["name"])


def read_shared(folder: Path, manifest: Mapping[str, Any]) -> tuple[FloatArray, FloatArray | None]:
    """Return the projection of token vectors and, where there is one, the codebook."""
    dimension = int(manifest["dimension"])
    kept = min(TOKEN_DIMENSIONS, dimension)
    basis = _read_floats(folder / str(manifest["files"]["basis"]["name"]), (dimension, kept), 1.01)
    pieces = pieces_of(kept)
    codebook = None
    if "codebook" in manifest["files"]:
        path = folder / str(manifest["files"]["codebook"]["name"])
        codebook = _read_floats(path, (pieces, CENTROIDS, SIZE), 1.01)
    return basis, codebook


def check_files(
    folder: Path, manifest: Mapping[str, Any], most: float = CHECKED_BYTES, known: Collection[str] = ()
) -> None:
    """Raise FileNotFoundError for a missing file, IndexFolderError for a changed or foreign one.

    Of all files together `most` bytes are read through, the smaller files first; of the others only the size counts. A
    segment whose database is one of the `known` names was read before and is not read again.
    """
    files = manifest["files"]
    if "basis" not in files or not set(files) <= set(SHARED):
        raise IndexFolderError(f"The manifest of {folder} names other files than this program reads; {rebuild(folder)}")
    for kind, entry in files.items():
        check_name(folder, kind, SHARED[kind], entry)
    for record in manifest["segments"]:
        check_record(folder, record)
    new = [record for record in manifest["segments"] if record["files"]["articles"]["name"] not in known]
    everything = [*files.values(), *(entry for record in new for entry in record["files"].values())]
    for entry in sorted(everything, key=lambda entry: int(entry["bytes"])):
        most -= entry["bytes"]
        check_file(folder, entry, most >= 0)


def check_file(folder: Path, entry: Mapping[str, Any], wholly: bool = True) -> None:
    """Compare a file of an index with its size and, `wholly`, with its sum in the manifest.

    Raises:
        FileNotFoundError: there is no such file.
        IndexFolderError: it has changed.
    """
    path = folder / str(entry["name"])
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):  # a pipe would never end
        raise IndexFolderError(f"{path} is no file; {rebuild(folder)}")
    if found.st_size != entry["bytes"] or (wholly and file_digest(path) != entry["sha256"]):
        raise IndexFolderError(f"{path} has changed since it was built; {rebuild(folder)}")


def _read_floats(path: Path, shape: tuple[int, ...], most: float) -> FloatArray:
    values: NDArray[np.float32] = np.fromfile(path, "<f4").reshape(shape)
    if not (np.abs(values) <= most).all():
        raise ValueError(f"{path.name} holds what is no number")
    return values.astype(np.float32, copy=False)


def _dead_chunks(segment: Segment, dead: frozenset[int]) -> IntArray:
    """The rows of the chunks of dead articles, ascending."""
    if len(dead) <= FEW:
        rows = [np.arange(rows.start, rows.stop, dtype=np.int64) for rows in map(segment.chunks_of, sorted(dead))]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *rows]))
    gone = np.zeros(segment.size, np.bool_)
    for row, first, count in segment.stream("SELECT row, chunk, chunks FROM article"):
        if row in dead:
            gone[first : first + count] = True
    return np.flatnonzero(gone)


def _with_copies(segments: Sequence[Segment], dead: Sequence[frozenset[int]]) -> Callable[[Article], Article]:
    def complete(article: Article) -> Article:
        copies = [copy for s, gone in zip(segments, dead, strict=True) for copy in s.copies(article.id, gone)]
        return replace(article, copies=tuple(sorted(copies, key=lambda copy: copy.path))) if copies else article

    return complete
