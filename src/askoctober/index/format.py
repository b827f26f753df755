"""The names, the manifest and the number formats that the writer and the reader share."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askoctober.errors import IndexFolderError
from askoctober.types import FloatArray

FORMAT = 1
MANIFEST = "manifest.json"
LOCK = ".lock"
TOKEN_DIMENSIONS = 128
"""Token vectors keep this many of their directions, a third of the default embedder's."""
KINDS = {"articles": "sqlite", "chunks": "faiss", "sentences": "faiss", "tokens": "npy", "basis": "npy"}

# The whole range of a unit vector's components: the first directions of many models hold most of a token's length, and
# clipping them costs more than finer steps gain.
_INT8_SCALE = np.float32(127)

SCHEMA = """
CREATE TABLE article (
    id TEXT PRIMARY KEY, path TEXT NOT NULL, title TEXT NOT NULL, author TEXT NOT NULL, publisher TEXT NOT NULL,
    date TEXT NOT NULL, url TEXT NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE chunk (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, article_id TEXT NOT NULL REFERENCES article(id),
    heading TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL);
CREATE TABLE sentence (
    row INTEGER PRIMARY KEY, chunk INTEGER NOT NULL REFERENCES chunk(row),
    start INTEGER NOT NULL, end INTEGER NOT NULL, tokens INTEGER NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(heading, body, content='', tokenize="porter unicode61 remove_diacritics 2");
"""


def pack(vectors: FloatArray) -> NDArray[np.int8]:
    """Unit token vectors in 8 bits a component."""
    return np.asarray(np.clip(np.rint(vectors * _INT8_SCALE), -127, 127), np.int8)


def unpack(packed: NDArray[np.int8]) -> FloatArray:
    """The inverse of `pack`, up to rounding."""
    return np.asarray(packed.astype(np.float32) / _INT8_SCALE, np.float32)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of the index in `folder`.

    Raises:
        IndexFolderError: there is none, or it is not ours, or newer than this program; says how to mend it.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise IndexFolderError(f"No index in {folder}; build one: askoctober index CORPUS --index {folder}") from None
    except (OSError, ValueError) as error:
        raise IndexFolderError(f"{path} cannot be read ({error}); {rebuild(folder)}") from error
    if not isinstance(manifest, dict) or type(manifest.get("format")) is not int:
        raise IndexFolderError(f"{path} is not a manifest of askoctober; {rebuild(folder)}")
    if manifest["format"] > FORMAT:
        raise IndexFolderError(
            f"{folder} was made by a newer askoctober (format {manifest['format']}, this one reads {FORMAT}); "
            f"update askoctober, or {rebuild(folder)}"
        )
    if manifest["format"] < FORMAT:
        raise IndexFolderError(f"{folder} has the older format {manifest['format']}; {rebuild(folder)}")
    if manifest.pop("sha256", None) != manifest_digest(manifest):
        raise IndexFolderError(f"{path} has changed since it was built; {rebuild(folder)}")
    return manifest


def rebuild(folder: Path) -> str:
    """The end of an error about an index: the command that mends it."""
    return f"rebuild it: askoctober index CORPUS --index {folder}"


def replace_durably(temporary: Path, final: Path) -> None:
    """Move a finished file into place so that it survives a power cut."""
    with temporary.open("rb+") as stream:
        os.fsync(stream.fileno())
    os.replace(temporary, final)
    if os.name == "posix":
        handle = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def dump_manifest(manifest: Mapping[str, Any]) -> str:
    """The manifest as text with its own sum, the same for the same content."""
    return _dump({**manifest, "sha256": manifest_digest(manifest)})


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest, its own sum left out."""
    return hashlib.sha256(_dump(manifest).encode()).hexdigest()


def _dump(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
