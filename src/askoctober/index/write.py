"""Writing an index: everything under names of its own first, the manifest last."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askoctober.errors import IndexFolderError
from askoctober.index.format import (
    FORMAT,
    KINDS,
    LOCK,
    MANIFEST,
    SCHEMA,
    TOKEN_DIMENSIONS,
    dump_manifest,
    file_digest,
    replace_durably,
)
from askoctober.types import Article, Chunk, FloatArray, Span

LOCK_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Entry:
    """An article with all that is stored of it.

    `vectors` has shape (chunks, dimension); `sentence_vectors` (sentences of all chunks, dimension);
    `tokens` (tokens of all sentences, token dimension) in 8 bits; `token_counts` one number a sentence.
    """

    article: Article
    digest: str
    chunks: tuple[tuple[Chunk, tuple[Span, ...]], ...]
    vectors: FloatArray
    sentence_vectors: FloatArray
    tokens: NDArray[np.int8]
    token_counts: NDArray[np.int64]


def fit_basis(tokens: Sequence[FloatArray], dimension: int, sample: int = 8000) -> FloatArray:
    """Return the projection of token vectors on their main directions, shape (dimension, token dimension).

    These are the right singular vectors of a sample of the tokens, not centred, so that inner products keep their
    meaning. Deterministic.
    """
    kept = min(TOKEN_DIMENSIONS, dimension)
    rows = np.concatenate([t for t in tokens if len(t)]) if any(len(t) for t in tokens) else np.eye(dimension)
    if len(rows) > sample:
        rows = rows[np.random.default_rng(1917).choice(len(rows), sample, replace=False)]
    covariance = np.asarray(rows, np.float64).T @ np.asarray(rows, np.float64)
    _, directions = np.linalg.eigh(covariance)
    main = directions[:, ::-1][:, :kept]
    # The sign of an eigenvector is arbitrary; fix it, so that two builds of one shelf are alike.
    main = main * np.sign(main[np.abs(main).argmax(axis=0), np.arange(kept)])
    return np.asarray(main, np.float32)


def write_index(folder: Path, entries: Sequence[Entry], basis: FloatArray, about: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the index in `folder` by one that holds `entries`; return its manifest.

    A process that dies in here leaves the old index in force. Two writers wait for each other.

    Raises:
        IndexFolderError: the folder cannot be written, the disk is full, or another build holds it for too long.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK, timeout=LOCK_SECONDS):
            manifest = _write(folder, entries, basis, about)
            _sweep(folder, manifest)
            return manifest
    except Timeout as error:
        raise IndexFolderError(f"Another build has held {folder} for {LOCK_SECONDS} s; try again later.") from error
    except (OSError, sqlite3.Error, RuntimeError) as error:
        # SQLite and FAISS have errors of their own for a full disk.
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise IndexFolderError(
            f"The index cannot be written to {folder} ({reason}); the old one, if any, is untouched: "
            "free some space or choose another folder with --index."
        ) from error


def _write(folder: Path, entries: Sequence[Entry], basis: FloatArray, about: Mapping[str, Any]) -> dict[str, Any]:
    import faiss

    for leftover in folder.glob("building-*"):
        leftover.unlink()
    new = {kind: folder / f"building-{kind}.{ending}" for kind, ending in KINDS.items()}
    counts = _write_articles(new["articles"], entries)
    dimension = basis.shape[0]

    chunks = faiss.IndexFlatIP(dimension)
    chunks.add(_stack([e.vectors for e in entries], dimension))
    faiss.write_index(chunks, str(new["chunks"]))
    sentences = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    sentences.add(_stack([e.sentence_vectors for e in entries], dimension))
    faiss.write_index(sentences, str(new["sentences"]))
    tokens = np.concatenate([np.zeros((0, basis.shape[1]), np.int8), *(e.tokens for e in entries)])
    np.save(new["tokens"], tokens, allow_pickle=False)
    np.save(new["basis"], basis, allow_pickle=False)

    files = {}
    for kind, path in new.items():
        digest = file_digest(path)
        final = folder / f"{kind}-{digest[:12]}.{KINDS[kind]}"
        files[kind] = {"name": final.name, "sha256": digest, "bytes": path.stat().st_size}
        replace_durably(path, final)
    manifest = {**about, **counts, "format": FORMAT, "dimension": dimension, "files": files}
    draft = folder / "building-manifest.json"
    draft.write_text(dump_manifest(manifest), encoding="utf-8")
    replace_durably(draft, folder / MANIFEST)
    return manifest


def _stack(blocks: Iterable[FloatArray], dimension: int) -> FloatArray:
    return np.ascontiguousarray(np.concatenate([np.zeros((0, dimension), np.float32), *blocks]), np.float32)


def _write_articles(path: Path, entries: Sequence[Entry]) -> dict[str, int]:
    """Write articles, chunks, sentences and words; return how many there are of each."""
    row = sentence_row = 0
    with closing(sqlite3.connect(path)) as database:
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + SCHEMA)
        for entry in entries:
            a = entry.article
            database.execute(
                "INSERT INTO article VALUES (?,?,?,?,?,?,?,?,?,?)",
                (a.id, a.path, a.title, a.author, a.publisher, a.date, a.url, a.language, a.text, entry.digest),
            )
            counts = iter(entry.token_counts.tolist())
            for chunk, spans in entry.chunks:
                database.execute(
                    "INSERT INTO chunk VALUES (?,?,?,?,?,?)",
                    (row, chunk.id, a.id, chunk.heading, chunk.start, chunk.end),
                )
                database.execute(
                    "INSERT INTO words(rowid, heading, body) VALUES (?,?,?)", (row, chunk.heading, chunk.text)
                )
                for span in spans:
                    database.execute(
                        "INSERT INTO sentence VALUES (?,?,?,?,?)",
                        (sentence_row, row, span.start, span.end, next(counts)),
                    )
                    sentence_row += 1
                row += 1
        database.execute("INSERT INTO words(words) VALUES ('optimize')")
        database.commit()
        database.execute("VACUUM")
    return {"articles": len(entries), "chunks": row, "sentences": sentence_row}


def _sweep(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Remove the files of earlier builds; one that a reader still holds open on Windows stays until the next build."""
    kept = {entry["name"] for entry in manifest["files"].values()}
    for kind, ending in KINDS.items():
        for path in folder.glob(f"{kind}-*.{ending}"):
            if path.name not in kept:
                try:
                    path.unlink()
                except OSError:
                    continue
