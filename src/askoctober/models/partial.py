"""A file of known size and sum while it arrives."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import TracebackType

from askoctober.errors import ModelError
from askoctober.models.table import ModelFile

BLOCK = 1 << 20


class PartialFile:
    """An open file that is appended to and hashed on the way, so that a gigabyte is not read a second time.

    The first `keep` bytes are kept from an earlier attempt. What is too long or has the wrong sum is removed.
    """

    def __init__(self, path: Path, file: ModelFile, keep: int = 0) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.file = file
        self.size = 0
        self._hash = hashlib.sha256()
        self._stream = path.open("r+b" if path.exists() else "w+b")
        while self.size < keep and (block := self._stream.read(min(BLOCK, keep - self.size))):
            self._hash.update(block)
            self.size += len(block)
        self._stream.truncate(self.size)
        self._stream.seek(self.size)

    def __enter__(self) -> PartialFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stream.close()

    def restart(self) -> None:
        """Forget what was there."""
        self.size = 0
        self._hash = hashlib.sha256()
        self._stream.seek(0)
        self._stream.truncate()

    def write(self, block: bytes) -> None:
        """Append a block.

        Raises:
            ModelError: there is more than the file may hold, so a source cannot fill the disk.
        """
        if self.size + len(block) > self.file.size:
            raise self._refused("more bytes than it should")
        self._stream.write(block)
        self._hash.update(block)
        self.size += len(block)

    def sync(self) -> None:
        """Put on the disk what was written."""
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def finish(self) -> None:
        """Check the whole and put it on the disk.

        Raises:
            ModelError: the bytes are not the published ones.
        """
        if self.size != self.file.size:
            raise self._refused(f"{self.size:,} bytes instead of {self.file.size:,}")
        if self._hash.hexdigest() != self.file.sha256:
            raise self._refused(f"SHA-256 {self._hash.hexdigest()[:12]}… instead of {self.file.sha256[:12]}…")
        self.sync()

    def _refused(self, reason: str) -> ModelError:
        """Remove the file, and return the error that says why."""
        self._stream.close()
        self.path.unlink(missing_ok=True)
        return ModelError(f"wrong bytes for {self.file.name} ({reason}), now removed")
