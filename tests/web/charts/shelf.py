"""Small shelves for the map and the timeline: stores in memory, and a `say` that shows what it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from askoctober.chunking import split_article
from askoctober.errors import IndexFolderError
from askoctober.types import Article, Chunk, FloatArray, IntArray, Span


class MemoryStore:
    """As much of a `Store` as the map and the timeline use; counts how often vectors are read."""

    def __init__(self, texts: Mapping[str, str], vectors: FloatArray | None = None) -> None:
        pairs = [
            pair
            for name, text in texts.items()
            for pair in split_article(Article(name, f"{name}.md", f"Title of {name}", text=text))
        ]
        self._chunks = [chunk for chunk, _ in pairs]
        self._spans = [spans for _, spans in pairs]
        self._vectors = np.random.default_rng(1).normal(size=(len(pairs), 16)) if vectors is None else vectors
        self.reads = 0

    @property
    def size(self) -> int:
        return len(self._chunks)

    def articles(self) -> Sequence[Article]:
        return list({chunk.article_id: chunk.article for chunk in self._chunks}.values())

    def chunk(self, row: int) -> Chunk:
        return self._chunks[row]

    def row(self, chunk_id: str) -> int:
        for row, chunk in enumerate(self._chunks):
            if chunk.id == chunk_id:
                return row
        raise IndexFolderError("No such chunk; search again.")

    def sentences(self, row: int) -> tuple[Span, ...]:
        return self._spans[row]

    def chunk_vectors(self, rows: IntArray) -> FloatArray:
        self.reads += 1
        return np.asarray(self._vectors[rows], np.float32)


class PlainStore(MemoryStore):
    """A store of chunks that are given whole, one an article's paragraph."""

    def __init__(self, counts: Sequence[int], vectors: FloatArray | None = None, title: str = "Title") -> None:
        self._chunks = []
        for at, count in enumerate(counts):
            text = "\n\n".join(f"Paragraph {number} of article {at}." for number in range(count))
            article = Article(f"a{at:03}", f"a{at:03}.md", f"{title} {at}", text=text)
            start = 0
            for part in text.split("\n\n"):
                end = start + len(part)
                self._chunks.append(Chunk(f"{article.id}:{start}-{end}", article.id, "", part, start, end, article))
                start = end + 2
        self._spans = [(Span(chunk.start, chunk.end),) for chunk in self._chunks]
        size = len(self._chunks)
        self._vectors = np.random.default_rng(1).normal(size=(size, 16)) if vectors is None else vectors
        self.reads = 0


def say(message: str, **arguments: Any) -> str:
    """Return the id and the arguments: a test then sees what would be said."""
    return " ".join([message, *(f"{name}={value}" for name, value in arguments.items())])
