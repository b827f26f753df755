"""Follow a folder: which of its files changed, once they are quiet.

The system's notices come through watchfiles, which polls where there are none. They cannot be trusted to say
everything: a folder that is moved in brings no notice of its files, and one that vanishes takes its notices with it. So
what stood there before is remembered by time and size, and compared where only the folder is known to have changed.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TypeAlias

Stamp: TypeAlias = tuple[int, int, int]
"""Time of the last change in nanoseconds, size in bytes, and the file's number."""

QUIET = 1.0
LONGEST_DELAY = 10.0
"""Seconds after the first change at which a batch is given although changes go on."""
LISTEN_MS = 200
"""How long one look for notices lasts: how soon a stop is seen, and that the folder is gone."""
STEP_MS = 50
POLL_MS = 500
UNFINISHED_ENDS = ("~", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".draft", ".bak")
"""How names end of what a program has not finished, or keeps beside the file: the file itself comes under its name."""
UNFINISHED_BEGINNINGS = (".", "~$", "#")
REMOTE = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "gluster", "vboxsf", "vmhgfs", "virtiofs", "prl_fs", "fuse")
"""How the kinds of file systems begin which say nothing of changes that another machine makes."""


def watch(folder: Path, stop: threading.Event | None = None, *, quiet: float = QUIET) -> Iterator[frozenset[str]]:
    """Return batches of the relative POSIX paths of files that were added, altered, removed or renamed (both names).

    What counts is what differs from the moment of this call, so that nothing is lost which changes while the folder is
    indexed between the call and the first look at a batch. A batch comes after `quiet` seconds without further change,
    at most LONGEST_DELAY after its first. Hidden names and unfinished files are passed over. A folder that vanishes is
    waited for, and nothing said until it is back: a disk that is unplugged is not a shelf that was emptied. The batches
    end when `stop` is set, or at Ctrl-C.
    """
    return _Followed(folder, stop or threading.Event(), quiet).follow()


class _Followed:
    """A folder, how its files were when they were last looked at, and which changes are still to be told."""

    def __init__(self, folder: Path, stop: threading.Event, quiet: float) -> None:
        self.folder, self.stop, self.quiet = folder, stop, quiet
        self.root = folder.resolve()
        self.known = _listing(self.root)
        self.waiting: set[str] = set()

    def follow(self) -> Iterator[frozenset[str]]:
        """Yield batches, through all comings and goings of the folder."""
        polling = False
        try:
            while not self.stop.is_set():
                if not self.folder.is_dir():
                    self.stop.wait(LISTEN_MS / 1000)
                    continue
                self.root = self.folder.resolve()
                try:
                    yield from self._batches(polling)
                except OSError:
                    # The system has no watches left, or the folder went while they were set.
                    if self.folder.is_dir() and polling:
                        raise
                    polling = polling or self.folder.is_dir()
        except KeyboardInterrupt:
            return

    def _batches(self, polling: bool) -> Iterator[frozenset[str]]:
        """Yield batches until `stop` is set or the folder is no longer the one that it was."""
        import watchfiles

        identity = _identity(self.folder)
        notices = watchfiles.watch(
            self.root,
            watch_filter=None,
            debounce=STEP_MS,
            step=STEP_MS,
            stop_event=self.stop,
            rust_timeout=LISTEN_MS,
            yield_on_timeout=True,
            force_polling=True if polling or is_remote(self.root) else None,
            poll_delay_ms=POLL_MS,
            ignore_permission_denied=True,
        )
        compared = False
        first = last = time.monotonic()
        for changes in notices:
            if identity is None or _identity(self.folder) != identity:
                return
            # Only once notices come is every change noticed; what was before them is seen by comparing.
            changed = self._changed({path for _, path in changes} if compared else {str(self.root)})
            compared = True
            now = time.monotonic()
            if changed:
                first, last = first if self.waiting else now, now
                self.waiting |= changed
            if self.waiting and (now - last >= self.quiet or now - first >= LONGEST_DELAY):
                batch = frozenset(self.waiting)
                self.waiting.clear()
                yield batch

    def _changed(self, paths: Iterable[str]) -> set[str]:
        """Return the files that a batch of notices is about, and remember how they are now."""
        changed: set[str] = set()
        for path in paths:
            name = _relative(self.root, path)
            if name is None:
                continue
            stamp = _stamp(self.root / name) if name else None
            if stamp is not None or name in self.known:
                changed.add(name)
                self._remember({name: stamp})
            if stamp is None:
                # A folder that came, went or changed; notices of its files may have been lost.
                below = f"{name}/" if name else ""
                was = {known: stamp for known, stamp in self.known.items() if known.startswith(below)}
                listed = _listing(self.root, name)
                differing = _differing(was, listed)
                self._remember({each: listed.get(each) for each in differing})
                changed |= differing
        return changed

    def _remember(self, stamps: dict[str, Stamp | None]) -> None:
        for name, stamp in stamps.items():
            if stamp is None:
                self.known.pop(name, None)
            else:
                self.known[name] = stamp


def is_wanted(name: str) -> bool:
    """Whether a file or folder of this name is followed: it is neither hidden nor unfinished."""
    return not name.startswith(UNFINISHED_BEGINNINGS) and not name.lower().endswith(UNFINISHED_ENDS)


def is_remote(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Whether a folder lies on a file system without notices of its own; where that cannot be known, it does not.

    WATCHFILES_FORCE_POLLING decides where it is set.
    """
    if os.environ.get("WATCHFILES_FORCE_POLLING"):
        return False
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    mounted = [line.split(" ") for line in lines]
    # Blanks and backslashes stand in octal.
    places = [(Path(_decoded(parts[1])), parts[2]) for parts in mounted if len(parts) > 2]
    above = [(len(place.parts), kind) for place, kind in places if folder.is_relative_to(place)]
    # Of two mounts on one place the later counts, so the first in reverse.
    return max(reversed(above), key=lambda pair: pair[0], default=(0, ""))[1].startswith(REMOTE)


def _decoded(place: str) -> str:
    for code, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        place = place.replace(code, letter)
    return place


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _relative(root: Path, path: str) -> str | None:
    """Return a path below the folder in POSIX form, "" for the folder itself; None where it is passed over."""
    try:
        inside = Path(path).relative_to(root)
    except ValueError:
        return None
    return inside.as_posix() if inside.parts and all(map(is_wanted, inside.parts)) else None if inside.parts else ""


def _stamp(path: Path) -> Stamp | None:
    """Return how a file is now; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return None if path.is_dir() else (status.st_mtime_ns, status.st_size, status.st_ino)


def _listing(root: Path, below: str = "") -> dict[str, Stamp]:
    """Return every wanted file below a folder of the root, by relative POSIX path."""
    found: dict[str, Stamp] = {}
    for at, folders, files in os.walk(root / below):
        folders[:] = [name for name in folders if is_wanted(name)]
        prefix = PurePosixPath(Path(at).relative_to(root).as_posix())
        for name in filter(is_wanted, files):
            stamp = _stamp(Path(at, name))
            if stamp is not None:
                found[str(prefix / name)] = stamp
    return found


def _differing(before: dict[str, Stamp], after: dict[str, Stamp]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
