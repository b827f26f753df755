"""What Milvus says of a shelf as a whole: its manifest, its projection of token vectors, and who is changing it.

The row `SHELF/head` names the generation in force; writing it is what puts an update in force. Until then the pieces of
the manifest that it will name are nobody's.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from askoctober.errors import IndexFolderError
from askoctober.index.format import MOST_DIMENSIONS, TOKEN_DIMENSIONS
from askoctober.milvus.address import Address
from askoctober.milvus.connecting import Connection
from askoctober.milvus.records import NO_VECTOR, pieces_of
from askoctober.milvus.schema import FORMAT, SHELVES
from askoctober.types import FloatArray

HOLD_SECONDS = 300.0
"""How long a build that says nothing keeps others waiting."""
RENEWED_SECONDS = 60.0
"""How often one that is at work says so, whatever it is at."""
_MOST_PIECES = 4096
_COUNTS = ("articles", "copies", "chunks", "sentences", "generation", "first_article", "next_article")


def read_manifest(connection: Connection) -> dict[str, Any]:
    """Return the manifest of the shelf.

    Raises:
        IndexFolderError: there is none, or it is not ours, or newer than this program; says how to mend it.
    """
    address = connection.address
    head = _read(connection, "head", 1) if connection.has(SHELVES) else None
    if head is None:
        raise nothing_in(address)
    form = head.get("format")
    if type(form) is int and form > FORMAT:
        raise IndexFolderError(
            f"{address} was made by a newer askoctober (format {form}, this one reads {FORMAT}); "
            f"update askoctober, or {rebuild(connection)}"
        )
    manifest = _read(connection, f"manifest/{head.get('generation')}", head.get("pieces"))
    if manifest is None or form != FORMAT or digest_of(manifest) != head.get("sha256") or not _is_sound(manifest):
        raise IndexFolderError(f"The manifest of {address} is damaged; {rebuild(connection)}")
    return manifest


def write_manifest(connection: Connection, manifest: Mapping[str, Any]) -> None:
    """Put a manifest in force; the two before it stay, for those who have just begun to read them."""
    generation = int(manifest["generation"])
    pieces = _write(connection, f"manifest/{generation}", manifest)
    about = {"format": FORMAT, "generation": generation, "pieces": pieces, "sha256": digest_of(manifest)}
    _write(connection, "head", about)
    for piece in range(64):
        old = _key(connection, f"manifest/{generation - 3}", piece)
        if not connection.count(SHELVES, f'id == "{old}"'):
            break
        connection.delete(SHELVES, f'id in ["{old}"]')


def read_building(connection: Connection) -> dict[str, Any]:
    """What a build that was killed was making."""
    return _read(connection, "building", 1) or {}


def write_building(connection: Connection, about: Mapping[str, Any]) -> None:
    """Note what is being made, so that a build that is killed can be gone on from."""
    _write(connection, "building", about)


def write_basis(connection: Connection, basis: FloatArray) -> dict[str, Any]:
    """Write a projection of token vectors; return what `read_basis` needs."""
    data = np.ascontiguousarray(basis, "<f4").tobytes()
    digest = hashlib.sha256(data).hexdigest()
    pieces = _write(connection, f"basis/{digest[:12]}", {"data": base64.b64encode(data).decode("ascii")})
    return {"sha256": digest, "shape": list(basis.shape), "pieces": pieces}


def read_basis(connection: Connection, about: Mapping[str, Any]) -> FloatArray:
    """Return a projection of token vectors, shape (dimension, token dimension).

    Raises:
        IndexFolderError: it is not as it was written.
    """
    try:
        digest, (dimension, kept) = str(about["sha256"]), about["shape"]
        content = _read(connection, f"basis/{digest[:12]}", about["pieces"])
        data = base64.b64decode((content or {})["data"], validate=True)
        sound = hashlib.sha256(data).hexdigest() == digest and 0 < dimension <= MOST_DIMENSIONS
        if not sound or kept != min(TOKEN_DIMENSIONS, dimension):
            raise ValueError("its sum is another")
        return np.frombuffer(data, "<f4").reshape(dimension, kept).astype(np.float32)
    except (KeyError, ValueError, TypeError) as error:
        raise IndexFolderError(
            f"The projection of {connection.address} is damaged ({error}); {rebuild(connection)}"
        ) from error


class Hold:
    """Says in Milvus that this process changes the shelf. Milvus has no locks: two that come at once may both pass."""

    def __init__(self, connection: Connection) -> None:
        """Take the hold.

        Raises:
            IndexFolderError: another build has it.
        """
        self._connection = connection
        self._owner = uuid.uuid4().hex
        other = _read(connection, "lock", 1)
        if other and _is_held(other):
            raise IndexFolderError(
                f"Another build is changing {connection.address} (process {other.get('process')} on "
                f"{str(other.get('host'))[:80]}); wait until it has ended, then try again."
            )
        self._write()
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="hold", daemon=True)
        self._keeper.start()

    def _keep(self) -> None:
        """Say now and then that the build goes on; where that fails, the build finds out by itself."""
        while not self._ended.wait(RENEWED_SECONDS):
            with suppress(IndexFolderError):
                self.renew()

    def renew(self) -> None:
        """Say that the build goes on.

        Raises:
            IndexFolderError: another build has taken over the shelf.
        """
        if not self.is_ours():
            raise IndexFolderError(f"Another build has taken over {self._connection.address}; try again when it ended.")
        self._write()

    def _write(self) -> None:
        about = {"owner": self._owner, "host": socket.gethostname(), "process": os.getpid(), "at": time.time()}
        _write(self._connection, "lock", about)

    def is_ours(self) -> bool:
        """Whether nobody has taken the hold meanwhile."""
        return (_read(self._connection, "lock", 1) or {}).get("owner") == self._owner

    def release(self) -> None:
        """Let others change the shelf."""
        self._ended.set()
        self._keeper.join()
        if self.is_ours():
            self._connection.delete(SHELVES, f'id in ["{_key(self._connection, "lock", 0)}"]')


def in_force(manifest: Mapping[str, Any], field: str) -> str:
    """The expression of what a manifest puts in force, over the field that holds the number of an article."""
    dead = ", ".join(map(str, manifest["dead"]))
    bounds = f"{field} >= {manifest['first_article']} and {field} < {manifest['next_article']}"
    return bounds + (f" and {field} not in [{dead}]" if dead else "")


def digest_of(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def nothing_in(address: Address) -> IndexFolderError:
    """Return the error of an address where no shelf is."""
    return IndexFolderError(f"No index in {address}; build one: askoctober index CORPUS --store {address}")


def rebuild(connection: Connection) -> str:
    """The end of an error about a shelf: the command that mends it."""
    return f"rebuild it: askoctober index CORPUS --store {connection.address}"


def _is_held(other: Mapping[str, Any]) -> bool:
    at, process = other.get("at"), other.get("process")
    if not isinstance(at, int | float) or time.time() - at > HOLD_SECONDS:
        return False
    if other.get("host") != socket.gethostname() or not isinstance(process, int) or os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _key(connection: Connection, name: str, piece: int) -> str:
    return f"{connection.address.shelf}/{name}/{piece}"


def _write(connection: Connection, name: str, content: Mapping[str, Any]) -> int:
    pieces = pieces_of(content)
    rows = [
        {"id": _key(connection, name, at), "content": piece, "vector": NO_VECTOR} for at, piece in enumerate(pieces)
    ]
    connection.upsert(SHELVES, rows)
    return len(pieces)


def _read(connection: Connection, name: str, pieces: Any) -> dict[str, Any] | None:
    """The content that was written under a name, None where it is not there or not whole."""
    if type(pieces) is not int or not 0 < pieces <= _MOST_PIECES or not name.replace("/", "").isalnum():
        return None
    keys = [_key(connection, name, at) for at in range(pieces)]
    listed = ", ".join(f'"{key}"' for key in keys)
    found = {str(row["id"]): str(row["content"]) for row in _strong(connection, f"id in [{listed}]")}
    try:
        content = json.loads("".join(found[key] for key in keys))
    except (KeyError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _strong(connection: Connection, expression: str) -> Sequence[Mapping[str, Any]]:
    return connection.query(SHELVES, expression, ["id", "content"], strong=True)


def _is_sound(manifest: Mapping[str, Any]) -> bool:
    embedder, basis, dead = (manifest.get(name) for name in ("embedder", "basis", "dead"))
    return (
        (embedder is None or isinstance(embedder, dict))
        and isinstance(basis, dict)
        and isinstance(dead, list)
        and all(type(number) is int for number in dead)
        and all(type(manifest.get(name)) is int and manifest[name] >= 0 for name in _COUNTS)
        and type(manifest.get("dimension")) is int
    )
