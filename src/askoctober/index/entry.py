"""What is stored of an article."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from askoctober.types import Article, Chunk, FloatArray, Span


def _none(dimension: int = 0) -> FloatArray:
    return np.zeros((0, dimension), np.float32)


@dataclass(frozen=True, slots=True)
class Entry:
    """An article with all that is stored of it.

    `vectors` has shape (chunks, dimension); `sentence_vectors` (sentences of all chunks, dimension); `tokens` (tokens
    of all sentences, token dimension) in 8 bits, or their codes where `coded`; `token_counts` one number a sentence.
    `file` is the path of the file that the article came from. `signature` and `bands` tell near-duplicates; `copy_of`
    is the id of the article that this one repeats, and then it has no chunks and no text.
    """

    article: Article
    digest: str
    chunks: tuple[tuple[Chunk, tuple[Span, ...]], ...]
    vectors: FloatArray
    sentence_vectors: FloatArray
    tokens: NDArray[np.int8] | NDArray[np.uint8]
    token_counts: NDArray[np.int64]
    file: str = ""
    signature: bytes = b""
    bands: tuple[bytes, ...] = field(default=(), repr=False)
    copy_of: str = ""
    coded: bool = False


def copy_entry(article: Article, digest: str, file: str, copy_of: str) -> Entry:
    """Return the entry of an article that repeats another one."""
    none = np.zeros(0, np.int64)
    return Entry(article, digest, (), _none(), _none(), np.zeros((0, 0), np.int8), none, file, copy_of=copy_of)
