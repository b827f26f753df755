"""ZIP and tar archives: each member by the reader for what it is; nothing is ever written under a member's name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import posixpath
import re
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, cast

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.formats import ARCHIVES, Format, format_of, identify
from askoctober.corpus.parsing import parse
from askoctober.errors import CorpusError

DEEPEST = 3
MOST_MEMBERS = 200_000
LARGEST_MEMBER = 200_000_000
LARGEST_ALL = 4_000_000_000
"""Bytes that an archive and those in it come to unpacked."""
RATIO, RATIO_FROM = 200, 50_000_000
IN_MEMORY = 8_000_000
METADATA = "articles.toml"
BOMB = "unpacks to far more than its size, as a ZIP bomb does; remove it, or unpack it yourself."
_DRIVE = re.compile(r"[A-Za-z]:")


class _Stop(CorpusError):
    """A limit of the whole archive, around all those in it, is passed."""


@dataclass(slots=True)
class _Budget:
    members: int = MOST_MEMBERS
    size: int = LARGEST_ALL


@dataclass(slots=True)
class _Member:
    name: str
    problem: str = ""
    opened: IO[bytes] | None = None
    packed: int | None = None


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
    settings = _Settings(source.stream, zipped)
    names: set[str] = set()
    for member in _zip_members(source.stream) if zipped else _tar_members(source.stream):
        budget.members -= 1
        if budget.members < 0:
            raise _Stop(f"holds more than {MOST_MEMBERS:,} members; split it.")
        shown = member.name.encode("utf-8", "replace").decode().replace("\0", "?").removeprefix("./")
        problem = _unsafe(member.name) or member.problem
        if any(piece.startswith((".", "__MACOSX")) and piece not in (".", "..") for piece in shown.split("/")):
            continue
        if not problem and (posixpath.basename(shown) == METADATA or format_of(shown) is None):
            continue
        if not problem and shown in names:
            problem = "stands twice in the archive; rename one."
        names.add(shown)
        if problem or member.opened is None:
            yield Failure(shown, problem or "cannot be opened; unpack the archive.")
            continue
        yield from _read_member(source, member, shown, settings.of(shown), budget)


def _read_member(
    source: Source, member: _Member, name: str, settings: Mapping[str, Any], budget: _Budget
) -> Iterator[Document | Failure]:
    named = format_of(name)
    assert member.opened is not None
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as copy:
        try:
            _copy(member.opened, cast("BinaryIO", copy), member.packed, named, budget)
            inner = Source(name, cast("BinaryIO", copy), settings, source.depth + 1)
            known = identify(inner)
            items = _read(inner, budget) if known in ARCHIVES else parse(inner, known.reader, known.name)
            join = "/" if known in ARCHIVES else "#"
            for item in items:
                part = item.part if isinstance(item, Document) else item.path
                path = f"{name}{join}{part}" if part and part != name else name
                if isinstance(item, Failure):
                    yield Failure(path, item.reason)
                else:
                    yield Document(item.text, item.metadata, path, item.pages, item.extra)
        except _Stop:
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
            raise _Stop(f"unpacks to more than {LARGEST_ALL // 1_000_000_000} GB; split it.")
        if packed is not None and size > RATIO_FROM and size > RATIO * max(packed, 1):
            raise _Stop(BOMB)
        if size > largest:
            raise CorpusError(f"is larger than {largest // 1_000_000} MB; split it.")
        copy.write(block)
    copy.seek(0)


def _unsafe(name: str) -> str:
    """Return why a member's name is not taken, nothing where it is sound."""
    if not name or "\0" in name or "\\" in name or name.startswith("/") or _DRIVE.match(name):
        return "has a name that is not a relative path with forward slashes; rename it."
    return "has a name that leads out of the archive; rename it." if ".." in name.split("/") else ""


def _zip_members(stream: BinaryIO) -> Iterator[_Member]:
    try:
        archive = zipfile.ZipFile(stream)
    except Exception as error:  # besides BadZipFile struct.error, ValueError, OverflowError and others
        raise CorpusError("is a damaged ZIP file; get it again, or unpack it.") from error
    with archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            # zipfile itself cuts a name at NUL and, on Windows, turns backslashes round.
            member = _Member(info.orig_filename, packed=info.compress_size)
            if info.flag_bits & 1:
                member.problem = "is encrypted; unpack the archive with its password."
            elif (info.external_attr >> 28) not in (0, 8):
                member.problem = "is a link or a device, not a file; put the file itself there."
            else:
                try:
                    member.opened = archive.open(info)
                except Exception as error:
                    member.problem = f"is damaged in the archive ({type(error).__name__}); unpack and correct it."
            yield member
            if member.opened:
                member.opened.close()


def _tar_members(stream: BinaryIO) -> Iterator[_Member]:
    try:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        unpacked = _Unpacked(stream)
        with tarfile.open(fileobj=cast("IO[bytes]", unpacked), mode="r:") as archive:
            while info := archive.next():
                archive.members.clear()  # type: ignore[attr-defined]  # else it keeps all it has passed
                end = info.offset_data + info.size
                if unpacked.packed and end > RATIO_FROM and end > RATIO * size:
                    raise _Stop(BOMB)
                if unpacked.packed and end > LARGEST_ALL:
                    raise _Stop(f"unpacks to more than {LARGEST_ALL // 1_000_000_000} GB; split it.")
                if info.isdir():
                    continue
                if info.isfile() and not info.issparse():
                    yield _Member(info.name, opened=archive.extractfile(info))
                else:
                    yield _Member(info.name, "is a link or a device, not a file; put the file itself there.")
    except CorpusError:
        raise
    except Exception as error:  # besides TarError zlib.error, LZMAError, EOFError, ValueError and others
        raise CorpusError("is a damaged tar file; get it again, or unpack it.") from error


class _Unpacked:
    """A packed tar file's bytes for tarfile, which would take headers of any length into memory."""

    def __init__(self, stream: BinaryIO) -> None:
        head = stream.read(6)
        stream.seek(0)
        self.packed = True
        self.file: IO[bytes]
        if head.startswith(b"\x1f\x8b"):
            self.file = cast("IO[bytes]", gzip.GzipFile(fileobj=stream, mode="rb"))
        elif head.startswith(b"BZh"):
            self.file = cast("IO[bytes]", bz2.BZ2File(stream))
        elif head.startswith(b"\xfd7zXZ"):
            self.file = cast("IO[bytes]", lzma.LZMAFile(stream))  # noqa: SIM115  # it only borrows the stream
        else:
            self.file, self.packed = stream, False

    def read(self, size: int = -1) -> bytes:
        """Read as a file does, up to a megabyte."""
        if not 0 <= size <= 1_000_000:
            raise CorpusError("has a header that is too long; pack it again.")
        return self.file.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        """Seek as a file does."""
        return self.file.seek(place, whence)

    def tell(self) -> int:
        """Return the place in the unpacked bytes."""
        return self.file.tell()


class _Settings:
    """The tables of every `articles.toml` in an archive, which may stand after its neighbours: a pass of its own."""

    def __init__(self, stream: BinaryIO, zipped: bool) -> None:
        self.tables: dict[str, Mapping[str, Any]] = {}
        members = 0
        for member in _zip_members(stream) if zipped else _tar_members(stream):
            members += 1
            if members > MOST_MEMBERS:
                break
            if member.opened and posixpath.basename(member.name) == METADATA and not _unsafe(member.name):
                try:
                    text = member.opened.read(1_000_001)[:1_000_000].decode("utf-8-sig")
                    self.tables[posixpath.dirname(member.name)] = tomllib.loads(text)
                except Exception:  # noqa: S112  # it is of no use; the articles beside it still are
                    continue
        stream.seek(0)

    def of(self, name: str) -> Mapping[str, Any]:
        """Return what is said of a member."""
        found = self.tables.get(posixpath.dirname(name), {}).get(posixpath.basename(name))
        return found if isinstance(found, dict) else {}
