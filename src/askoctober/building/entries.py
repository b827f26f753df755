"""Articles to entries of an index: chunked, and embedded sentence by sentence."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from askoctober import chunking
from askoctober.embedding import unit
from askoctober.index import Entry, fit_basis, pack
from askoctober.types import Article, Chunk, Encoder, FloatArray, Span

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""

Pair: TypeAlias = tuple[Chunk, tuple[Span, ...]]
"""A chunk and the spans of its sentences."""

SENTENCES_AT_ONCE = 1024
HEADING_WEIGHT = 0.15
"""What title and heading count for in a chunk's vector, beside its sentences."""


def digest_of(article: Article) -> str:
    """SHA-256 of all that is stored of an article; fields are length-prefixed, so that none can pass for another."""
    digest = hashlib.sha256()
    fields = (article.path, article.title, article.author, article.publisher, article.date, article.url)
    for field in (*fields, article.language, article.text):
        data = field.encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)}:".encode() + data)
    return digest.hexdigest()


def embed(
    articles: Sequence[Article],
    digests: Mapping[str, str],
    chunk_size: int,
    encoder: Encoder,
    basis: FloatArray | None,
    tell: Progress,
    at_once: int = SENTENCES_AT_ONCE,
) -> tuple[dict[str, Entry], FloatArray]:
    """Chunk and embed articles; return their entries by id, and the projection of token vectors (given or fitted).

    The encoder is given `at_once` sentences, the longest first, so that those of a batch are of one length.
    """
    pairs = {article.id: chunking.split_article(article, chunk_size) for article in articles}
    texts = [
        article.text[span.start : span.end] for article in articles for _, spans in pairs[article.id] for span in spans
    ]
    order = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), i))
    vectors = np.zeros((len(texts), encoder.dimension), np.float32)
    tokens: list[FloatArray] = [np.zeros((0, encoder.dimension), np.float32)] * len(texts)
    for at in range(0, len(order), at_once):
        rows = order[at : at + at_once]
        tell("embedding", at, len(order))
        vectors[rows], found = encoder.encode_tokens([texts[i] for i in rows])
        for i, block in zip(rows, found, strict=True):
            tokens[i] = block
    tell("embedding", len(order), len(order))
    if basis is None:
        basis = fit_basis(tokens, encoder.dimension)
    contexts = _context_vectors(pairs, encoder)

    entries = {}
    at = 0
    for article in articles:
        chunks = pairs[article.id]
        count = sum(len(spans) for _, spans in chunks)
        mine = slice(at, at + count)
        entries[article.id] = Entry(
            article,
            digests[article.id],
            tuple(chunks),
            _chunk_vectors(chunks, vectors[mine], tokens[mine], contexts),
            vectors[mine],
            pack(unit(np.concatenate([np.zeros((0, encoder.dimension), np.float32), *tokens[mine]]) @ basis)),
            np.array([len(block) for block in tokens[mine]], np.int64),
        )
        at += count
    return entries, basis


def _context(chunk: Chunk) -> str:
    return f"{chunk.article.title}. {chunk.heading}" if chunk.heading else chunk.article.title


def _context_vectors(pairs: dict[str, list[Pair]], encoder: Encoder) -> dict[str, FloatArray]:
    """The vector of each title with heading, embedded once however many chunks share it."""
    contexts = sorted({_context(chunk) for chunks in pairs.values() for chunk, _ in chunks})
    return dict(zip(contexts, encoder.encode(contexts), strict=True))


def _chunk_vectors(
    chunks: Sequence[Pair], vectors: FloatArray, tokens: Sequence[FloatArray], contexts: dict[str, FloatArray]
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
