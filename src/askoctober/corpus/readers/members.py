"""The members of ZIP and tar archives from strangers: one after another, under limits, none written to disk here."""

from __future__ import annotations

import io
import lzma
import re
import tarfile
import zipfile
import zlib
from bz2 import BZ2Decompressor
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, BinaryIO, cast

from askoctober.errors import CorpusError

LARGEST_ALL = 4_000_000_000
"""Bytes that an archive and those in it come to unpacked."""
RATIO, RATIO_FROM = 200, 50_000_000
MEMORY = 200_000_000
"""Bytes that a decompressor may take; xz at its strongest takes 65 million."""
LONGEST_HEADER = 1_000_000
MOST_GLOBALS = 1000
"""Keys that count for all the members after them, and are copied for each."""
BOMB = "unpacks to far more than its size, as a ZIP bomb does; remove it, or unpack it yourself."
LINK = "is a link or a device, not a file; put the file itself there."
_NUMBER = re.compile(rb"\d{100}")


class Stop(CorpusError):
    """A limit of the whole archive, around all those in it, is passed."""


@dataclass(slots=True)
class Member:
    """A file in an archive; `open` gives its bytes, until the next member is asked for."""

    name: str
    problem: str = ""
    open: Callable[[], IO[bytes]] | None = None
    packed: int | None = None


def zip_members(stream: BinaryIO) -> Iterator[Member]:
    """Yield the members of a ZIP archive; raises CorpusError where it is damaged."""
    try:
        archive = zipfile.ZipFile(stream)
    except MemoryError:
        raise
    except Exception as error:  # besides BadZipFile struct.error, ValueError, OverflowError and others
        raise CorpusError("is a damaged ZIP file; get it again, or unpack it.") from error
    with archive:
        for info in archive.infolist():
            # zipfile itself cuts a name at NUL and, on Windows, turns backslashes round.
            name = _zip_name(info)
            if name.endswith("/"):
                continue
            member = Member(name, packed=info.compress_size)
            if info.flag_bits & 1:
                member.problem = "is encrypted; unpack the archive with its password."
            elif (info.external_attr >> 28) not in (0, 8):
                member.problem = LINK
            elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # zipfile unpacks the others without a bound on what one step comes to.
                member.problem = "is packed in another way than deflate; pack the archive again."
            else:
                member.open = partial(archive.open, info)
            yield member


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; many programs write UTF-8 without the flag that says so."""
    if not info.flag_bits & 0x800:
        try:
            return info.orig_filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.orig_filename


def tar_members(stream: BinaryIO) -> Iterator[Member]:
    """Yield the members of a tar archive, packed or not; raises CorpusError where it is damaged."""
    try:
        unpacked = _unpacked(stream)
        headers = _Headers(unpacked)
        with tarfile.open(fileobj=cast("IO[bytes]", headers), mode="r:") as archive:
            while info := archive.next():
                archive.members.clear()  # type: ignore[attr-defined]  # else it keeps all it has passed
                if len(archive.pax_headers) > MOST_GLOBALS:
                    raise CorpusError("has a header that is too long; pack it again.")
                if info.isdir():
                    continue
                name = _tar_name(info.name)
                if not info.isfile() or info.issparse():
                    yield Member(name, LINK)
                    continue
                yield Member(name, open=partial(_part, unpacked, info.offset_data, info.size))
    except (CorpusError, MemoryError):
        raise
    except Exception as error:  # besides TarError zlib.error, LZMAError, EOFError, ValueError and others
        if isinstance(error, lzma.LZMAError) and "emory" in str(error):
            raise CorpusError("needs too much memory to unpack; pack it again with less compression.") from error
        raise CorpusError("is a damaged tar file; get it again, or unpack it.") from error


def _tar_name(name: str) -> str:
    """Return a member's name; what is not UTF-8 in it is Western, as in tar files of old."""
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return name.encode("utf-8", "replace").decode() if _is_foreign(name) else _western(name)


def _western(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def _is_foreign(name: str) -> bool:
    """Whether a name holds surrogates that stand for no byte, as a pax header may."""
    return any("\ud800" <= c <= "\udfff" and not "\udc80" <= c <= "\udcff" for c in name)


def _part(file: BinaryIO | _Unpacked, start: int, size: int) -> IO[bytes]:
    return cast("IO[bytes]", _Part(file, start, size))


class _Part(io.RawIOBase):
    """The bytes of one member."""

    def __init__(self, file: BinaryIO | _Unpacked, start: int, size: int) -> None:
        self.file, self.left = file, size
        file.seek(start)

    def read(self, size: int = -1) -> bytes:
        """Read up to a block; raises EOFError where the archive ends within the member."""
        wanted = min(self.left, 1 << 16 if size < 0 else size)
        data = self.file.read(wanted)
        if wanted and not data:
            raise EOFError
        self.left -= len(data)
        return data


class _Headers:
    """An archive as tarfile sees it, which takes headers of any length into memory and searches them without bound."""

    def __init__(self, file: BinaryIO | _Unpacked) -> None:
        self.file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Read a header block."""
        if not 0 <= size <= LONGEST_HEADER:
            raise CorpusError("has a header that is too long; pack it again.")
        data = self.file.read(size)
        if size > tarfile.BLOCKSIZE and _NUMBER.search(data):
            raise CorpusError("has a damaged header; pack it again.")
        return data


def _unpacked(stream: BinaryIO) -> BinaryIO | _Unpacked:
    stream.seek(0)
    head = stream.read(6)
    stream.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return _Unpacked(stream, _Gzip)
    if head.startswith(b"BZh"):
        return _Unpacked(stream, BZ2Decompressor)
    if head.startswith(b"\xfd7zXZ"):
        return _Unpacked(stream, partial(lzma.LZMADecompressor, memlimit=MEMORY))
    return stream


class _Gzip:
    """zlib's decompressor with the interface of those of bz2 and lzma."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)

    def decompress(self, data: bytes, most: int) -> bytes:
        """Return up to so many bytes; what is left of the data is kept."""
        return self._inner.decompress(self._inner.unconsumed_tail + data, most)

    @property
    def needs_input(self) -> bool:
        """Whether all it was given has come out."""
        return not self._inner.unconsumed_tail

    @property
    def eof(self) -> bool:
        """Whether a packed file has ended; another may follow."""
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        """What was given after the end."""
        return self._inner.unused_data


class _Unpacked:
    """The unpacked bytes of a stream, read forward; what has come out, and not what is declared, counts as its size."""

    BLOCK = 1 << 16

    def __init__(self, stream: BinaryIO, start: Callable[[], _Gzip | BZ2Decompressor | lzma.LZMADecompressor]) -> None:
        self.packed = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        self.stream, self.start = stream, start
        self.decompressor = start()
        self.buffer, self.begin, self.at = b"", 0, 0
        self.ended = False

    def tell(self) -> int:
        """Return the place in the unpacked bytes."""
        return self.at

    def seek(self, place: int, whence: int = 0) -> int:
        """Go on to a place, or back by at most a block of a tar file."""
        if whence or place < self.begin:
            raise CorpusError("is a damaged tar file; get it again, or unpack it.")
        while place > self.begin + len(self.buffer) and self._fill():
            pass
        self.at = place
        return place

    def read(self, size: int) -> bytes:
        """Read up to so many bytes, fewer only at the end."""
        pieces = []
        while size > 0:
            offset = self.at - self.begin
            piece = self.buffer[offset : offset + size]
            if not piece and not self._fill():
                break
            pieces.append(piece)
            self.at += len(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _fill(self) -> bool:
        """Take the next block, keep the last bytes of the one before; return whether there was one."""
        while not self.ended:
            data = b""
            if self.decompressor.eof:
                data = self.decompressor.unused_data or self.stream.read(self.BLOCK)
                self.ended = not data.lstrip(b"\0")  # padding
                self.decompressor = self.start()
            elif self.decompressor.needs_input:
                data = self.stream.read(self.BLOCK)
                if not data:
                    raise EOFError
            block = b"" if self.ended else self.decompressor.decompress(data, self.BLOCK)
            if block:
                kept = self.buffer[-tarfile.BLOCKSIZE :]
                self.begin += len(self.buffer) - len(kept)
                self.buffer = kept + block
                self._check(self.begin + len(self.buffer))
                return True
        return False

    def _check(self, size: int) -> None:
        if size > RATIO_FROM and size > RATIO * self.packed:
            raise Stop(BOMB)
        if size > LARGEST_ALL:
            raise Stop(f"unpacks to more than {LARGEST_ALL // 1_000_000_000} GB; split it.")
