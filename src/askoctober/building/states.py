"""What each file of a corpus was like when it was last read, so that it is read again only when it has changed.

A file counts as unchanged when its size, its times of change and its number are those of the last reading, as version
control has it. Losing this file costs one reading of the corpus and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from askoctober.config import Config
from askoctober.corpus import Corpus
from askoctober.corpus.finding import METADATA, Found
from askoctober.corpus.shelf import VERSION

FILE = ".files.json"
SETTLED = 2.0
"""Seconds after its change from which a file's time tells: within them it may change again and keep its time."""


class States:
    """States of files by their paths, see `Corpus.state`, for one index as its manifest stands."""

    def __init__(self, index: Path, manifest: str) -> None:
        """Read what is known for the index in a folder if it is that of the manifest with this sum."""
        self._path = index / FILE
        self._known = _read(self._path, manifest)
        self._now: dict[str, list[Any]] = {}
        self._settled: set[str] = set()
        self.overlooked: list[str] = []
        """Files that were read `anew` and are not what is known of them, although their signs are the same."""

    def of(self, corpus: Corpus, entry: Found, *, anew: bool = False) -> str:
        """Return the state of a file, from what is known of it where its size and time are the same.

        With `anew` every file is read, whatever is known of it.

        Raises:
            CorpusError: the file cannot be read.
        """
        taken = time.time()
        sign = _sign(entry)
        known = self._known.get(entry.path)
        is_same = bool(known and sign and known[0] == sign)
        state = known[1] if is_same and known and not anew else corpus.state(entry)
        if is_same and known and state != known[1]:
            self.overlooked.append(entry.path)
        # A change that comes after this look, within the grain of the file system's clock, would bear the same time.
        if sign and all(max(stamp[1:3]) < (taken - SETTLED) * 1e9 for stamp in sign):
            self._settled.add(entry.path)
        if sign:
            self._now[entry.path] = [sign, state, bool(known and known[1] == state and known[2])]
        return str(state)

    def is_indexed(self, path: str, state: str) -> bool:
        """Whether the index holds all that a file of this state has to give."""
        known = self._known.get(path)
        return known is not None and known[1] == state and bool(known[2])

    def has_failed(self, path: str) -> bool:
        """Whether some of a file was left out when it was last read, so that it is to be tried again."""
        known = self._known.get(path)
        return known is not None and not known[2]

    def set_indexed(self, path: str, *, wholly: bool) -> None:
        """Note that the index holds a file's articles, `wholly` if no part of it failed: those are tried again."""
        if path in self._now:
            self._now[path][2] = wholly

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield path and state of the files that were asked for."""
        yield from ((path, str(state)) for path, (_, state, _) in self._now.items())

    def keep(self, path: str) -> bool:
        """Take over what is known of a file that nobody asks for now; return whether anything is."""
        if path in self._known:
            self._now[path] = self._known[path]
            self._settled.add(path)
        return path in self._known

    def save(self, manifest: str) -> None:
        """Write what is known now, for the index whose manifest has this sum."""
        files = {path: kept for path, kept in self._now.items() if path in self._settled}
        body = json.dumps({"manifest": manifest, "version": VERSION, "files": files}, ensure_ascii=True, sort_keys=True)
        text = f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}\n"
        draft = self._path.with_name(FILE + ".draft")
        # Of a full disk, or of what stands there and is no file: the index is in force, and this only saves time.
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if not self._path.is_file() or self._path.read_bytes() != text.encode():
                draft.write_text(text, encoding="ascii", newline="")
                draft.replace(self._path)


def folder_of(config: Config) -> Path:
    """Where the file of states lies: in the index, or for a shelf in Milvus in the cache of whoever builds it."""
    if not config.store:
        return config.index
    name = hashlib.sha256(config.store.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return user_cache_path("askoctober") / "shelves" / name


def is_sound(path: Path) -> bool:
    """Whether a file of states is as it was written."""
    return _body(path) is not None


def _body(path: Path) -> str | None:
    """What a file of states says below its sum, None where that is not its sum."""
    try:
        if not path.is_file():  # a pipe would never end
            return None
        digest, body = path.read_text(encoding="ascii").split("\n", 1)
    except (OSError, ValueError):
        return None
    return body if body.endswith("\n") and hashlib.sha256(body[:-1].encode()).hexdigest() == digest else None


def _read(path: Path, manifest: str) -> Mapping[str, list[Any]]:
    body = _body(path)
    if body is None:
        return {}
    try:
        kept: dict[str, Any] = json.loads(body)
        files = kept["files"] if (kept["manifest"], kept["version"]) == (manifest, VERSION) else {}
        sound = all(_is_sign(sign) and isinstance(state, str) for sign, state, _ in files.values())
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
    return files if sound else {}


def _is_sign(sign: Any) -> bool:
    return isinstance(sign, list) and all(isinstance(stamp, list) and len(stamp) == 4 for stamp in sign)


def _sign(entry: Found) -> list[list[int]]:
    """What tells a file and the `articles.toml` beside it from others and from before; nothing where it cannot be told.

    Besides size and time of change the time of the last change of anything, which no program can set back, and the
    file's number: two files of one size and time may have been exchanged.
    """
    try:
        sign = [_stat(entry.location)]
        beside = entry.location.with_name(METADATA)
        return [*sign, _stat(beside)] if beside.exists() else sign
    except OSError:
        return []


def _stat(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
