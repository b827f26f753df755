"""Articles to entries of an index: chunked, and embedded sentence by sentence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from askoctober import chunking
from askoctober.embedding import unit
from askoctober.index import Entry, fit_basis, pack
from askoctober.types import Article, Chunk, Encoder, FloatArray, Span

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""

Pair: TypeAlias = tuple[Chunk, tuple[Span, ...]]
"""A chunk and the spans of its sentences."""

SENTENCES_AT_ONCE = 1024
FITTED_ON = 4096
"""Sentences whose tokens the projection of token vectors is fitted to, when an index is begun."""
MOST_TOKENS = 512
"""Token vectors that are kept of a chunk, so that what is stored of one is bounded; few chunks have half as many."""
HEADING_WEIGHT = 0.15
"""What title and heading count for in a chunk's vector, beside its sentences."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An article that is to be embedded: with the digest of its content, its file, and the signs of near-duplicates."""

    article: Article
    digest: str
    file: str
    signature: bytes = b""
    bands: tuple[bytes, ...] = ()


class Embed(Protocol):
    """Where articles are embedded; the same groups of them come to the same entries, wherever that is."""

    def at_once(self) -> int:
        """How many groups are embedded at once, so that this many are worth waiting for."""
        ...

    def __call__(
        self, groups: Sequence[Sequence[Draft]], basis: FloatArray | None, tell: Callable[[int, int], None]
    ) -> Iterator[tuple[list[Entry], FloatArray]]:
        """Yield the entries of each group, in order, with the projection of token vectors (given or fitted).

        Where no projection is given there is one group. `tell` is called with how much is done, and how much there is.
        """
        ...


@dataclass(frozen=True, slots=True)
class LocalEmbed:
    """Embeds one group after another in this process, `sentences` at once."""

    encoder: Encoder
    chunk_size: int
    sentences: int = SENTENCES_AT_ONCE

    def at_once(self) -> int:
        """One: what is embedded can be made safe then."""
        return 1

    def __call__(
        self, groups: Sequence[Sequence[Draft]], basis: FloatArray | None, tell: Callable[[int, int], None]
    ) -> Iterator[tuple[list[Entry], FloatArray]]:
        """Yield the entries of each group, in order, with the projection."""
        for group in groups:
            entries, basis = embed(group, self.chunk_size, self.encoder, basis, tell, self.sentences)
            yield entries, basis


def digest_of(article: Article) -> str:
    """SHA-256 of all that is stored of an article but for its path, so that one that was moved is known again.

    Fields are length-prefixed, so that none can pass for another.
    """
    digest = hashlib.sha256()
    fields = [
        article.title,
        article.author,
        article.publisher,
        article.date,
        article.url,
        article.language,
        article.text,
    ]
    for field in (*fields, json.dumps([article.pages, dict(article.extra)], sort_keys=True)):
        data = field.encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)}:".encode() + data)
    return digest.hexdigest()


def embed(
    drafts: Sequence[Draft],
    chunk_size: int,
    encoder: Encoder,
    basis: FloatArray | None,
    tell: Callable[[int, int], None],
    at_once: int = SENTENCES_AT_ONCE,
) -> tuple[list[Entry], FloatArray]:
    """Chunk and embed articles; return their entries, and the projection of token vectors (given or fitted).

    The encoder is given `at_once` sentences, the longest first, so that those of a batch are of one length. `tell` is
    called with how many sentences are done, and how many there are.
    """
    pairs = [chunking.split_article(draft.article, chunk_size) for draft in drafts]
    texts = [
        draft.article.text[span.start : span.end]
        for draft, chunks in zip(drafts, pairs, strict=True)
        for _, spans in chunks
        for span in spans
    ]
    sentences = _Sentences(texts, encoder, at_once)
    if basis is None:
        basis = sentences.fit(tell)
    sentences.encode(basis, tell)
    contexts = _context_vectors(pairs, encoder)

    entries = []
    at = 0
    for draft, chunks in zip(drafts, pairs, strict=True):
        count = sum(len(spans) for _, spans in chunks)
        vectors, tokens = sentences.vectors[at : at + count], _bounded(chunks, sentences.tokens[at : at + count])
        entries.append(
            Entry(
                draft.article,
                draft.digest,
                tuple(chunks),
                _chunk_vectors(chunks, vectors, tokens, contexts),
                vectors,
                np.concatenate([np.zeros((0, basis.shape[1]), np.int8), *tokens]),
                np.array([len(block) for block in tokens], np.int64),
                draft.file,
                draft.signature,
                draft.bands,
            )
        )
        at += count
    return entries, basis


def _bounded(chunks: Sequence[Pair], tokens: Sequence[NDArray[np.int8]]) -> list[NDArray[np.int8]]:
    """The token vectors of each sentence, fewer of each where those of a chunk are too many together."""
    kept: list[NDArray[np.int8]] = []
    for _, spans in chunks:
        mine = tokens[len(kept) : len(kept) + len(spans)]
        total = sum(map(len, mine))
        kept += [block[: len(block) * MOST_TOKENS // total] if total > MOST_TOKENS else block for block in mine]
    return kept


class _Sentences:
    """Sentences and, once they are encoded, their vectors and packed token vectors."""

    def __init__(self, texts: Sequence[str], encoder: Encoder, at_once: int) -> None:
        self._texts = texts
        self._encoder = encoder
        self._at_once = at_once
        self._waiting = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), i))
        self._fitted: dict[int, FloatArray] = {}
        self.vectors = np.zeros((len(texts), encoder.dimension), np.float32)
        self.tokens: list[NDArray[np.int8]] = [np.zeros((0, 0), np.int8)] * len(texts)

    def fit(self, tell: Callable[[int, int], None]) -> FloatArray:
        """Encode some from all over, or all where they are few, and fit the projection to their tokens."""
        step = -(-len(self._waiting) // FITTED_ON) or 1
        chosen = self._waiting[::step]
        for i, block in self._encoded(chosen, tell):
            self._fitted[i] = block
        known = set(chosen)
        self._waiting = [i for i in self._waiting if i not in known]
        return fit_basis([self._fitted[i] for i in sorted(self._fitted)], self._encoder.dimension)

    def encode(self, basis: FloatArray, tell: Callable[[int, int], None]) -> None:
        """Encode all, and pack the vectors of their tokens."""
        for i, block in self._fitted.items():
            self.tokens[i] = pack(unit(block @ basis))
        self._fitted = {}
        for i, block in self._encoded(self._waiting, tell):
            self.tokens[i] = pack(unit(block @ basis))

    def _encoded(self, chosen: Sequence[int], tell: Callable[[int, int], None]) -> Iterator[tuple[int, FloatArray]]:
        before, total = len(self._texts) - len(self._waiting), len(self._texts)
        for at in range(0, len(chosen), self._at_once):
            rows = list(chosen[at : at + self._at_once])
            tell(before + at, total)
            self.vectors[rows], found = self._encoder.encode_tokens([self._texts[i] for i in rows])
            yield from zip(rows, found, strict=True)
        if chosen:
            tell(before + len(chosen), total)


def _context(chunk: Chunk) -> str:
    return f"{chunk.article.title}. {chunk.heading}" if chunk.heading else chunk.article.title


def _context_vectors(pairs: Sequence[Sequence[Pair]], encoder: Encoder) -> dict[str, FloatArray]:
    """The vector of each title with heading, embedded once however many chunks share it."""
    contexts = sorted({_context(chunk) for chunks in pairs for chunk, _ in chunks})
    return dict(zip(contexts, encoder.encode(contexts), strict=True))


def _chunk_vectors(
    chunks: Sequence[Pair], vectors: FloatArray, tokens: Sequence[NDArray[np.int8]], contexts: dict[str, FloatArray]
) -> FloatArray:
    """Chunk vectors, shape (chunks, dimension): the mean of the sentences' weighted by length, and of the context."""
    out = np.zeros((len(chunks), vectors.shape[1]), np.float32)
    at = 0
    for row, (chunk, spans) in enumerate(chunks):
        mine = slice(at, at + len(spans))
        lengths = np.array([max(len(block), 1) for block in tokens[mine]], np.float32)
        body = (vectors[mine] * lengths[:, None]).sum(axis=0)
        out[row] = unit(body[None])[0] + HEADING_WEIGHT * contexts[_context(chunk)]
        at += len(spans)
    return unit(out)
