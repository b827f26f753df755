"""askoctober: its index, given entries whose vectors are there already; the dense stage alone, and the whole search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from entries import BETWEEN, EntryShelf, article_of
from making import Pool
from shelf import CHUNKS_AN_ARTICLE

from askoctober.index import Entry, IndexWriter, LocalStore

CHECKPOINT = 500
"""Articles between two checkpoints of a build."""
ABOUT = {"embedder": {"name": "made", "fingerprint": "made"}, "chunking": {"size": 900, "version": 1}}


class Ours:
    """An index folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed = False

    def build(self, shelf: Any, count: int) -> None:
        with IndexWriter.open(self._folder, ABOUT, basis=_basis(shelf)) as writer:
            for number, entry in enumerate(shelf.entries(count), 1):
                writer.add(entry)
                if number % CHECKPOINT == 0:
                    writer.checkpoint()
            writer.commit({})

    def open(self) -> None:
        self._store = LocalStore.open(self._folder)

    def search(self, vector: Any, k: int) -> list[int]:
        rows = self._store.search_dense(vector, k)[0].tolist()
        # As long as nothing was replaced, the rows of the index are those of the shelf.
        return [self._shelf_row(row) for row in rows] if self._changed else rows

    def update(self, article: int, texts: Sequence[str], vectors: Any) -> None:
        """Its sentences get the chunk's vector, and one token each: what is embedded costs the same for all."""
        whole, pairs = article_of(article, [[text] for text in texts])
        basis = self._store.basis
        tokens = np.rint(127 * vectors @ basis / np.linalg.norm(vectors @ basis, axis=1, keepdims=True))
        ones = np.ones(len(texts), np.int64)
        entry = Entry(whole, "new", pairs, vectors, vectors, tokens.astype(np.int8), ones, whole.path)
        with IndexWriter.open(self._folder, ABOUT) as writer:
            writer.add(entry)
            writer.commit({})
        before, self._store = self._store, self._store.reopened()
        before.close()
        self._changed = True

    def whole(
        self, embedder: Path, threads: int, questions: Sequence[str]
    ) -> tuple[Callable[[], None], Callable[[str], Any]]:
        """Return what opens the index for whole searches, and what searches: the embedder is warm before both."""
        from askoctober.embedding import load_encoder
        from askoctober.retrieval import Retriever

        encoder = load_encoder(embedder, threads=threads)
        encoder.encode_tokens(questions)

        def start() -> None:
            self.open()
            self._retriever = Retriever(self._store, encoder)

        return start, lambda question: self._retriever.search(question)

    def close(self) -> None:
        self._store.close()

    def _shelf_row(self, row: int) -> int:
        chunk = self._store.chunk(row)
        before = chunk.article.text[: chunk.start].count(BETWEEN)
        return int(chunk.article_id.removeprefix("a")) * CHUNKS_AN_ARTICLE + before


def _basis(shelf: Any) -> Any:
    return np.array(Pool(shelf.folder / "real").array("basis"))


def shelf(folder: Path) -> EntryShelf:
    """Return the shelf in a folder as one that gives entries."""
    return EntryShelf(folder)


def make(folder: Path, dimension: int, threads: int) -> Ours:
    """Return the system over a folder."""
    return Ours(folder)
