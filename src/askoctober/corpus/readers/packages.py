"""Documents that are ZIP packages of XML parts: bounded, nothing is ever unpacked to disk, no entity is resolved."""

from __future__ import annotations

import posixpath
import zipfile
from typing import Any, BinaryIO
from urllib.parse import unquote

from askoctober.errors import CorpusError

MOST_PARTS = 20_000
LARGEST_PART = 64_000_000
"""Bytes of one part of text."""
LARGEST_SUM = 400_000_000
"""Bytes of all that is read from a package."""
HIGHEST_RATIO = 200
"""Unpacked bytes a packed one; prose comes to 3 to 5, XML of tables to 50. Small parts are not asked."""
SMALL = 4_000_000


class Package:
    """A ZIP package that is only read from, within bounds; zipfile never gives more than a part declares."""

    def __init__(self, stream: BinaryIO) -> None:
        try:
            self._file = zipfile.ZipFile(stream)
            self._parts = {info.filename: info for info in self._file.infolist()}
        except Exception as error:  # besides BadZipFile zipfile lets through struct.error, ValueError and others
            raise CorpusError("is a damaged ZIP package; get it again.") from error
        self._left = LARGEST_SUM
        if len(self._file.infolist()) > MOST_PARTS:
            raise CorpusError(f"holds more than {MOST_PARTS} parts; save it again with the program that made it.")

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def names(self, endings: tuple[str, ...]) -> list[str]:
        """Return the names of the parts that end so."""
        return [name for name in self._parts if name.lower().endswith(endings)]

    def read(self, name: str) -> bytes:
        """Return a part.

        Raises:
            CorpusError: it is missing, encrypted, damaged, or too large.
        """
        info = self._parts.get(name)
        if info is None:
            raise CorpusError(f"lacks its part {_short(name)}; save it again with the program that made it.")
        self._check_part(info)
        self._left -= info.file_size
        if self._left < 0:
            raise _bomb()
        try:
            with self._file.open(info) as part:
                return part.read(LARGEST_PART)
        except Exception as error:  # besides BadZipFile zipfile lets through zlib.error, EOFError and others
            raise CorpusError(f"has a damaged part {_short(name)}; get it again.") from error

    def xml(self, name: str) -> Any:
        """Return the root of a part of XML, entities and external references left alone.

        Raises:
            CorpusError: as `read`, or it is not XML.
        """
        return parse_xml(self.read(name), name)

    def _check_part(self, info: zipfile.ZipInfo) -> None:
        if info.flag_bits & 1:
            raise CorpusError("is encrypted; save it without a password.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CorpusError("is packed in another way than deflate; save it again with the program that made it.")
        if info.file_size > LARGEST_PART or info.file_size > max(SMALL, HIGHEST_RATIO * info.compress_size):
            raise _bomb()


def parse_xml(data: bytes, name: str) -> Any:
    """Return the root of XML from a stranger.

    Raises:
        CorpusError: it is not XML.
    """
    from askoctober.corpus.readers.blocks import require

    etree = require("lxml.etree")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        return etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise CorpusError(f"has a damaged part {_short(name)}; save it again with the program that made it.") from error


def resolve(base: str, link: str) -> str:
    """Return the name of the part that `link` in the part `base` points at; only ever looked up, never opened."""
    path = unquote(link.partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), path)).lstrip("/") if path else base


def _bomb() -> CorpusError:
    return CorpusError("unpacks to far more than a document holds; save it again with the program that made it.")


def _short(name: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in name[:80]).split())
