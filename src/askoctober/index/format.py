"""The names, the manifest and the number formats that writers and readers share; docs/index-format.md describes them.

An index is a manifest and a few segments. A segment holds articles with all that belongs to them and is never changed:
an update adds one, and lists in the manifest which articles of the older ones no longer count.
"""

from __future__ import annotations

import json
import stat
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askoctober.errors import IndexFolderError
from askoctober.index.disk import digest_of_text
from askoctober.types import FloatArray

FORMAT = 2
MANIFEST = "manifest.json"
LOCK = ".lock"
HOLDER = ".lock.json"
"""Says who holds the lock, while somebody does."""
BUILDING = "building"
"""Folder of the segment that is being made; a build that was killed goes on from there."""
TOKEN_DIMENSIONS = 128
"""Token vectors keep this many of their directions, a third of the default embedder's."""
SHARED = {"basis": "f32", "codebook": "f32"}
"""Files that all segments share: the projection of token vectors and, in large indexes, what their codes stand for."""
KINDS = {"articles": "sqlite", "chunks": "faiss", "sentences": "faiss", "tokens": "u8", "lists": "ivf"}
"""Files of a segment; `lists` only where it is large."""
ALWAYS = frozenset({"articles", "chunks", "sentences", "tokens"})
MOST_MANIFEST = 64_000_000
"""Bytes of a manifest; that of millions of articles stays well below."""
MOST_DIMENSIONS = 65_536
LARGE = 20_000
"""Chunks of a segment from which token vectors are coded and only the sentences of near chunks are looked at."""
APPROXIMATE = 100_000
"""Chunks of a segment from which the nearest are looked for in inverted lists and not everywhere."""

# The whole range of a unit vector's components: the first directions of many models hold most of a token's length, and
# clipping them costs more than finer steps gain.
_INT8_SCALE = np.float32(127)

SCHEMA = """
CREATE TABLE article (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL, path TEXT NOT NULL, file TEXT NOT NULL,
    title TEXT NOT NULL, author TEXT NOT NULL, publisher TEXT NOT NULL, date TEXT NOT NULL, url TEXT NOT NULL,
    language TEXT NOT NULL, text TEXT NOT NULL, pages BLOB NOT NULL, extra TEXT NOT NULL, digest TEXT NOT NULL,
    signature BLOB NOT NULL, copy_of TEXT NOT NULL, chunk INTEGER NOT NULL, chunks INTEGER NOT NULL);
CREATE INDEX article_id ON article(id);
CREATE INDEX article_path ON article(path);
CREATE INDEX article_file ON article(file);
CREATE INDEX article_digest ON article(digest);
CREATE INDEX article_copy_of ON article(copy_of) WHERE copy_of <> '';
CREATE TABLE band (key BLOB NOT NULL, article INTEGER NOT NULL, PRIMARY KEY (key, article)) WITHOUT ROWID;
CREATE TABLE chunk (
    row INTEGER PRIMARY KEY, article INTEGER NOT NULL, heading TEXT NOT NULL, start INTEGER NOT NULL,
    end INTEGER NOT NULL, sentence INTEGER NOT NULL, token INTEGER NOT NULL, words INTEGER NOT NULL,
    spans BLOB NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(heading, body, content='', tokenize="porter unicode61 remove_diacritics 2");
"""

# What FAISS writes before the codes of an IndexScalarQuantizer of 16-bit numbers and inner products: the kind,
# dimension, count, two dummies, trained, metric, quantizer (kind, range, its argument, dimension, code size, no
# parameters), bytes.
_VECTOR_HEADER = struct.Struct("<4siqqq?iiifQQQQ")


def vector_header(count: int, dimension: int) -> bytes:
    """Return what stands before `count` 16-bit vectors in a file of vectors, so that FAISS can read it."""
    size = 2 * dimension
    return _VECTOR_HEADER.pack(
        *(b"IxSQ", dimension, count, 1 << 20, 1 << 20, True, 0), *(4, 0, 0.0, dimension, size, 0), count * size
    )


HEADER_BYTES = _VECTOR_HEADER.size


def half(vectors: FloatArray) -> bytes:
    """Return vectors as rows of 16-bit numbers, little-endian."""
    return np.ascontiguousarray(vectors, "<f2").tobytes()


def pack(vectors: FloatArray) -> NDArray[np.int8]:
    """Unit token vectors in 8 bits a component."""
    return np.asarray(np.clip(np.rint(vectors * _INT8_SCALE), -127, 127), np.int8)


def unpack(packed: NDArray[np.int8]) -> FloatArray:
    """The inverse of `pack`, up to rounding."""
    return np.asarray(packed.astype(np.float32) / _INT8_SCALE, np.float32)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of the index in `folder`.

    Raises:
        IndexFolderError: there is none, or it is not ours, or newer than this program; says how to mend it.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(_read_text(path))
        digest = manifest_digest(manifest) if isinstance(manifest, dict) else ""
    except FileNotFoundError:
        raise IndexFolderError(f"No index in {folder}; build one: askoctober index CORPUS --index {folder}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise IndexFolderError(f"{path} cannot be read ({reason(error)}); {rebuild(folder)}") from error
    if not isinstance(manifest, dict) or type(manifest.get("format")) is not int:
        raise IndexFolderError(f"{path} is not a manifest of askoctober; {rebuild(folder)}")
    if manifest["format"] > FORMAT:
        raise IndexFolderError(
            f"{folder} was made by a newer askoctober (format {manifest['format']}, this one reads {FORMAT}); "
            f"update askoctober, or {rebuild(folder)}"
        )
    if manifest["format"] < FORMAT:
        raise IndexFolderError(f"{folder} has the older format {manifest['format']}; {rebuild(folder)}")
    if manifest.pop("sha256", None) != digest:
        raise IndexFolderError(f"{path} has changed since it was built; {rebuild(folder)}")
    if not is_sound(manifest):
        raise IndexFolderError(f"{path} says what no manifest of askoctober says; {rebuild(folder)}")
    return manifest


def _read_text(path: Path) -> str:
    """The text of a file that may be a stranger's: no pipe, which would never end, and none that fills the memory."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_MANIFEST:
        raise OSError(f"it is no file, or has more than {MOST_MANIFEST} bytes")
    return path.read_text(encoding="utf-8")


def is_sound(manifest: Mapping[str, Any]) -> bool:
    """Whether what a manifest says is of the right types, as far as those rely on it who read no more than that."""
    embedder, files = manifest.get("embedder", {"name": "", "fingerprint": ""}), manifest.get("files", {})
    segments, dimension = manifest.get("segments", []), manifest.get("dimension", 1)
    counts = [manifest.get(name, 0) for name in ("articles", "copies", "chunks", "sentences")]
    return (
        isinstance(embedder, dict)
        and all(isinstance(embedder.get(name), str) for name in ("name", "fingerprint"))
        and isinstance(files, dict)
        and isinstance(segments, list)
        and all(isinstance(part, dict) for part in (*files.values(), *segments))
        and all(isinstance(record.get("files"), dict) for record in segments)
        and all(isinstance(entry, dict) for record in segments for entry in record["files"].values())
        and all(isinstance(record.get("dead"), list) for record in segments)
        and all(type(count) is int and count >= 0 for count in (*counts, dimension))
        and 0 < dimension <= MOST_DIMENSIONS
    )


def reason(error: object) -> str:
    """What an error of another library says, in one line and not at length."""
    return " ".join(str(error).split())[:200]


def rebuild(folder: Path) -> str:
    """The end of an error about an index: the command that mends it."""
    return f"rebuild it: askoctober index CORPUS --index {folder}"


def dump_manifest(manifest: Mapping[str, Any]) -> str:
    """The manifest as text with its own sum, the same for the same content."""
    return _dump({**manifest, "sha256": manifest_digest(manifest)})


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest, its own sum left out."""
    return digest_of_text(_dump({key: value for key, value in manifest.items() if key != "sha256"}))


def _dump(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
