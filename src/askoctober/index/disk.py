"""Writing so that it survives a power cut, sums of files, and the lock that keeps two builds apart."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from askoctober.errors import IndexFolderError

LOCK_SECONDS = 600
"""How long a build waits for another one."""
_POLL = 0.2


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_of_text(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def sync_file(path: Path) -> None:
    """Wait until a file's bytes are on the disk."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can be asked to."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def replace_durably(temporary: Path, final: Path) -> None:
    """Move a finished file into place so that it survives a power cut."""
    sync_file(temporary)
    os.replace(temporary, final)
    sync_folder(final.parent)


def write_durably(path: Path, text: str) -> None:
    """Put a text in place of a file in one step, so that it survives a power cut."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    replace_durably(draft, path)


def refuse_links(folder: Path) -> None:
    """Refuse to write where a name that is written to is a link: in a stranger's folder it may lead anywhere.

    Raises:
        IndexFolderError: there is one, among the hidden files of `folder` or in a folder `building` below it.
    """
    building = folder / "building"
    paths = [path for path in folder.iterdir() if path.name.startswith(".") or path == building]
    if building.is_dir() and not building.is_symlink():
        paths += building.iterdir()
    for path in sorted(paths):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise IndexFolderError(f"{path} is a link or a device, which no build makes; remove it, then build again.")


@contextmanager
def hold(
    lock: Path, note: Path, *, wait: float = LOCK_SECONDS, tell: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold `lock` for the length of a `with` statement; `note` says meanwhile who does.

    The system frees the lock when its holder dies, whatever the note says. Whoever waits is told once, through `tell`,
    for whom.

    Raises:
        IndexFolderError: another process has held it for `wait` seconds.
    """
    from filelock import FileLock, Timeout

    folder = lock.parent
    own = FileLock(lock)
    deadline = time.monotonic() + wait
    told = False
    while True:
        try:
            own.acquire(timeout=_POLL if wait else 0)
            break
        except Timeout:
            who = holder(note) or "another process"
            if time.monotonic() >= deadline:
                raise IndexFolderError(
                    f"{who} has been building {folder} for longer than {wait:.0f} s; wait for it, or stop it."
                ) from None
            if tell and not told:
                tell(f"waiting for {who}, which builds {folder}")
                told = True
    try:
        note.write_text(json.dumps(_myself()), encoding="utf-8")
        yield
    finally:
        note.unlink(missing_ok=True)
        own.release()


def holder(note: Path) -> str:
    """Return in words who wrote a note of `hold`, or nothing where there is none that can be read."""
    try:
        told: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
        return f"process {int(told['pid'])} on {str(told['host'])!r} (since {str(told['since'])})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _myself() -> dict[str, Any]:
    return {"pid": os.getpid(), "host": platform.node(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
