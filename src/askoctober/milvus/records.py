"""An entry as rows of Milvus's collections, and back."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askoctober.errors import IndexFolderError
from askoctober.index import Entry
from askoctober.milvus.filtering import labels_of
from askoctober.milvus.schema import CHUNK_BITS, LONGEST, SENTENCE_BITS
from askoctober.milvus.words import Stems
from askoctober.types import Article, Chunk, FloatArray, Span

NO_VECTOR = (1.0, 0.0)
_PIECE = 16_000
"""Characters of a piece of text: at four bytes each, as many as a field takes."""
_FIELDS = ("id", "path", "title", "author", "publisher", "date", "url", "language", "text")
_SCALE = np.float32(127)


def article_row(entry: Entry, number: int) -> dict[str, Any]:
    """The row that makes an article or copy known; the last one that is written of it."""
    article = entry.article
    fields = {"identity": article.id, "path": article.path, "file": entry.file, "date": _fitted(article.date, LONGEST)}
    return {
        **fields,
        "id": number,
        "chunks": len(entry.chunks),
        "sentences": sum(len(spans) for _, spans in entry.chunks),
        "token_total": len(entry.tokens),
        "digest": entry.digest,
        "copy_of": entry.copy_of,
        "signature": entry.signature.hex(),
        "bands": [key.hex() for key in entry.bands],
        "labels": labels_of(article),
        "vector": NO_VECTOR,
    }


def text_rows(article: Article, number: int) -> Iterator[dict[str, Any]]:
    """Yield an article with its text, in pieces."""
    content = {name: getattr(article, name) for name in _FIELDS}
    content |= {"pages": list(article.pages), "extra": dict(article.extra)}
    for at, piece in enumerate(pieces_of(content)):
        yield {"id": number << CHUNK_BITS | at, "article": number, "content": piece, "vector": NO_VECTOR}


def pieces_of(content: Any) -> list[str]:
    """A value as JSON, in pieces that fit a field."""
    text = json.dumps(content, ensure_ascii=False)
    if any("\ud800" <= letter <= "\udfff" for letter in text):  # half a character is no UTF-8
        text = json.dumps(content)
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]


def article_of(rows: Sequence[Mapping[str, Any]]) -> Article:
    """The article of its pieces, in any order.

    Raises:
        ValueError, KeyError, TypeError: they are not those of an article.
    """
    content = json.loads("".join(str(row["content"]) for row in sorted(rows, key=lambda row: int(row["id"]))))
    fields = {name: content[name] for name in _FIELDS}
    if not all(isinstance(value, str) for value in fields.values()):
        raise ValueError("a field of an article is no text")
    extra = {str(name): str(value) for name, value in content["extra"].items()}
    return Article(**fields, pages=tuple(map(int, content["pages"])), extra=extra)


def chunk_rows(entry: Entry, number: int, stems: Stems) -> Iterator[dict[str, Any]]:
    """Yield the rows of an article's chunks."""
    bodies = stems.of([f"{chunk.heading}\n{chunk.text}" for chunk, _ in entry.chunks])
    common = {"article": number, **_filtered_by(entry.article)}
    sentence = token = 0
    for at, ((chunk, spans), body) in enumerate(zip(entry.chunks, bodies, strict=True)):
        counts = entry.token_counts[sentence : sentence + len(spans)]
        triples = [(span.start, span.end, count) for span, count in zip(spans, counts.tolist(), strict=True)]
        tokens = _dump(entry.tokens[token : token + int(counts.sum())])
        places = _dump(np.array(triples, "<i4").reshape(-1, 3))
        if len(tokens) > 2 * LONGEST or len(places) > LONGEST or at >> CHUNK_BITS or len(spans) >> SENTENCE_BITS:
            raise IndexFolderError(
                f"A passage of {entry.article.path} is too long for Milvus; choose a smaller chunk_size."
            )
        yield {
            **common,
            "id": number << CHUNK_BITS | at,
            "start": chunk.start,
            "stop": chunk.end,
            "heading": _fitted(chunk.heading, LONGEST),
            "spans": places,
            "tokens": tokens[:LONGEST],
            "more_tokens": tokens[LONGEST:],
            "words": _fitted(" ".join(body), LONGEST),
            "vector": _unit(entry.vectors[at]),
        }
        sentence += len(spans)
        token += int(counts.sum())


def sentence_rows(entry: Entry, number: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of an article's sentences."""
    common = {"article": number, **_filtered_by(entry.article)}
    sentence = 0
    for at, (_, spans) in enumerate(entry.chunks):
        chunk = number << CHUNK_BITS | at
        for place in range(len(spans)):
            vector = _unit(entry.sentence_vectors[sentence])
            yield {**common, "id": chunk << SENTENCE_BITS | place, "chunk": chunk, "vector": vector}
            sentence += 1


def chunk_of(row: Mapping[str, Any], article: Article) -> Chunk:
    """The chunk of a row.

    Raises:
        ValueError, KeyError, TypeError: it is none of the article.
    """
    start, end = int(row["start"]), int(row["stop"])
    if not 0 <= start < end <= len(article.text):
        raise ValueError(f"a chunk of {article.path} lies outside of it")
    text = article.text[start:end]
    return Chunk(f"{article.id}:{start}-{end}", article.id, str(row["heading"]), text, start, end, article)


def spans_of(row: Mapping[str, Any]) -> tuple[tuple[Span, ...], NDArray[np.int64]]:
    """The spans of a chunk's sentences, and how many token vectors each has."""
    triples = np.frombuffer(base64.b64decode(row["spans"], validate=True), "<i4").reshape(-1, 3)
    if (triples < 0).any():
        raise ValueError("the sentences of a chunk lie nowhere")
    return tuple(Span(start, end) for start, end, _ in triples.tolist()), triples[:, 2].astype(np.int64)


def packed_of(row: Mapping[str, Any], counts: NDArray[np.int64], width: int) -> NDArray[np.int8]:
    """The token vectors of a chunk in 8 bits, shape (tokens, width)."""
    data = base64.b64decode(str(row["tokens"]) + str(row["more_tokens"]), validate=True)
    return np.frombuffer(data, np.int8).reshape(int(counts.sum()), width)


def unpacked(tokens: NDArray[np.int8]) -> FloatArray:
    """The same as numbers in [-1, 1]."""
    return np.asarray(tokens.astype(np.float32) / _SCALE, np.float32)


def _filtered_by(article: Article) -> dict[str, Any]:
    return {"labels": labels_of(article), "date": _fitted(article.date, LONGEST)}


def _dump(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector, np.float32)


def _fitted(text: str, size: int) -> str:
    """A text cut to so many bytes of UTF-8."""
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")
