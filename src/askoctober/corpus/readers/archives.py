"""ZIP and tar archives: each member by the reader for what it is; nothing is ever written under a member's name."""

from __future__ import annotations

import posixpath
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, BinaryIO, cast

from askoctober.corpus.beside import JSON_HEAD, folders_of_parts, is_settings
from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.formats import ARCHIVES, Format, format_of, identify
from askoctober.corpus.metadata import clean
from askoctober.corpus.parsing import parse
from askoctober.corpus.readers.members import (
    BOMB,
    LARGEST_ALL,
    RATIO,
    RATIO_FROM,
    Member,
    Stop,
    tar_members,
    zip_members,
)
from askoctober.errors import CorpusError

DEEPEST = 3
MOST_MEMBERS = 200_000
LARGEST_MEMBER = 200_000_000
LONGEST_NAME = 1000
LARGEST_SETTINGS = 1_000_000
"""Bytes of an `articles.toml`."""
ALL_SETTINGS = 20_000_000
IN_MEMORY = 8_000_000
METADATA = "articles.toml"
_DRIVE = re.compile(r"[A-Za-z]:")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
MOST_DOTS = 200
"""In a line of it; as a key they would take time without bound."""


@dataclass(slots=True)
class _Budget:
    members: int = MOST_MEMBERS
    size: int = LARGEST_ALL


def read(source: Source) -> Iterator[Document | Failure]:
    """Yield what the members hold, in their order; those of kinds that are not read are passed over.

    Raises:
        CorpusError: the archive is damaged, too deep within others, or a bomb.
    """
    yield from _read(source, _Budget())


def _read(source: Source, budget: _Budget) -> Iterator[Document | Failure]:
    if source.depth >= DEEPEST:
        raise CorpusError(f"lies {DEEPEST} archives deep; unpack it.")
    head = source.stream.read(4)
    source.stream.seek(0)
    zipped = head.startswith(b"PK")
    beside = _Beside(source.stream, zipped)
    names: set[str] = set()
    for member in zip_members(source.stream) if zipped else tar_members(source.stream):
        budget.members -= 1
        if budget.members < 0:
            raise Stop(f"holds more than {MOST_MEMBERS:,} members; split it.")
        shown = _UNPRINTABLE.sub("?", member.name).removeprefix("./")
        problem = _unsafe(member.name) or member.problem
        hidden = any(piece.startswith((".", "__MACOSX")) and piece not in (".", "..") for piece in shown.split("/"))
        if (hidden and not _unsafe(member.name)) or beside.is_part_of_page(shown):
            continue
        if not problem and (posixpath.basename(shown) == METADATA or format_of(shown) is None):
            continue
        if not problem and shown in names:
            problem = "stands twice in the archive; rename one."
        if problem or member.open is None:
            yield Failure(shown[:LONGEST_NAME], problem or "cannot be opened; unpack the archive.")
            continue
        names.add(shown)
        yield from _read_member(source, member, shown, beside.settings(shown), budget)


def _read_member(
    source: Source, member: Member, name: str, settings: Mapping[str, Any], budget: _Budget
) -> Iterator[Document | Failure]:
    named = format_of(name)
    assert member.open is not None
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as copy:
        try:
            with member.open() as opened:
                _copy(opened, cast("BinaryIO", copy), member.packed, named, budget)
            if is_settings(name, copy.read(JSON_HEAD)):
                return
            copy.seek(0)
            inner = Source(name, cast("BinaryIO", copy), settings, source.depth + 1)
            known = identify(inner)
            items = _read(inner, budget) if known in ARCHIVES else parse(inner, known.reader, known.name)
            join = "/" if known in ARCHIVES else "#"
            told = clean(settings)
            for item in items:
                part = item.part if isinstance(item, Document) else item.path
                path = f"{name}{join}{part}" if part and part != name else name
                if isinstance(item, Failure):
                    yield Failure(path, item.reason)
                else:
                    known_best = known.knows_best or bool(item.part)
                    metadata = told | item.metadata if known_best else item.metadata | told
                    yield Document(item.text, metadata, path, item.pages, item.extra)
        except (Stop, MemoryError):
            raise
        except CorpusError as error:
            yield Failure(name, str(error))
        except Exception as error:  # zipfile and tarfile let through zlib.error, EOFError, NotImplementedError, others
            yield Failure(name, f"is damaged in the archive ({type(error).__name__}); unpack and correct it.")


def _copy(member: IO[bytes], copy: BinaryIO, packed: int | None, named: Format | None, budget: _Budget) -> None:
    largest = LARGEST_MEMBER if named and named.largest is not None else LARGEST_ALL
    size = 0
    while block := member.read(1 << 16):
        size += len(block)
        budget.size -= len(block)
        if budget.size < 0:
            raise Stop(f"unpacks to more than {LARGEST_ALL // 1_000_000_000} GB; split it.")
        if packed is not None and size > RATIO_FROM and size > RATIO * max(packed, 1):
            raise Stop(BOMB)
        if size > largest:
            raise CorpusError(f"is larger than {largest // 1_000_000} MB; split it.")
        copy.write(block)
    copy.seek(0)


def _unsafe(name: str) -> str:
    """Return why a member's name is not taken, nothing where it is sound."""
    if len(name) > LONGEST_NAME:
        return "has a name that is too long; rename it."
    if not name or "\0" in name or "\\" in name or name.startswith("/") or _DRIVE.match(name):
        return "has a name that is not a relative path with forward slashes; rename it."
    return "has a name that leads out of the archive; rename it." if ".." in name.split("/") else ""


class _Beside:
    """What must be known of an archive before its members are read: a pass of its own, as it may stand after them.

    That is the tables of every `articles.toml`, and which folders hold the parts of saved pages. Where the archive is
    damaged, what comes before the damage is known.
    """

    def __init__(self, stream: BinaryIO, zipped: bool) -> None:
        self.tables: dict[str, Mapping[str, Any]] = {}
        self._parts: set[str] = set()
        self._left = ALL_SETTINGS
        try:
            for member in islice(zip_members(stream) if zipped else tar_members(stream), MOST_MEMBERS):
                self._take(member)
        except Stop:
            raise
        except CorpusError:
            pass  # it is told when the members are read
        stream.seek(0)

    def _take(self, member: Member) -> None:
        name = member.name.removeprefix("./")
        folder = posixpath.dirname(name)
        self._parts |= {posixpath.join(folder, parts) for parts in folders_of_parts([posixpath.basename(name)])}
        if member.open is None or posixpath.basename(name) != METADATA or _unsafe(member.name):
            return
        try:
            with member.open() as opened:
                data = _read_up_to(opened, LARGEST_SETTINGS)
            self._left -= len(data)
            if self._left >= 0 and max(line.count(b".") for line in data.split(b"\n")) <= MOST_DOTS:
                self.tables[folder] = tomllib.loads(data.decode("utf-8-sig"))
        except (Stop, MemoryError):
            raise
        except Exception:  # it is of no use; the articles beside it still are
            return

    def is_part_of_page(self, name: str) -> bool:
        """Whether a member lies in the folder of parts that a browser saves beside a page."""
        pieces = name.split("/")[:-1]
        return any("/".join(pieces[: n + 1]) in self._parts for n in range(len(pieces)))

    def settings(self, name: str) -> Mapping[str, Any]:
        """Return what is said of a member."""
        found = self.tables.get(posixpath.dirname(name), {}).get(posixpath.basename(name))
        return found if isinstance(found, dict) else {}


def _read_up_to(file: IO[bytes], size: int) -> bytes:
    """Return all of a file; raises ValueError where it is larger."""
    pieces = []
    while block := file.read(1 << 16):
        pieces.append(block)
        size -= len(block)
        if size < 0:
            raise ValueError
    return b"".join(pieces)
