"""RTF: the text as striprtf finds it, with title and author from the info group."""

from __future__ import annotations

import re
from collections.abc import Iterator

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.metadata import Metadata, clean
from askoctober.corpus.readers.blocks import join, require, tidy
from askoctober.errors import CorpusError

LARGEST_INFO = 20_000
"""Bytes of the info group that are looked at."""
LARGEST_FONTS = 50_000
"""Characters of a font table that striprtf may search, in time quadratic in them."""
_FIELD = re.compile(r"(\\field)\{", re.I)
_BRACE = re.compile(r"[{}]")
_CODE_PAGE = re.compile(rb"\\ansicpg(\d{1,5})")
_BINARY = re.compile(r"\\bin\d")


def read(source: Source) -> Iterator[Document | Failure]:
    """Yield the document; pictures and embedded objects are passed over.

    Raises:
        CorpusError: it is not RTF, or holds no words.
    """
    require("striprtf.striprtf")
    data = source.stream.read()
    if not data.lstrip().startswith(b"{\\rtf"):
        raise CorpusError("is not RTF; rename it to what it is, or remove it.")
    encoding = _encoding(data)
    content = data.decode(encoding, "replace").replace("\x00", "")
    if _BINARY.search(content):
        raise CorpusError("holds raw binary data; save it again from a word processor.")
    content = _tame(content)
    text = join(tidy(line.strip("| ").replace("|", " | ")) for line in _plain(content, encoding).split("\n"))
    if not any(character.isalpha() for character in text):
        raise CorpusError("holds no words of an article; fill or remove it.")
    yield Document(text, _metadata(content, encoding))


def _encoding(data: bytes) -> str:
    """Return the code page of the file; Windows' Western one where it names none that is known."""
    named = _CODE_PAGE.search(data[:4096])
    name = "utf-8" if named and named[1] == b"65001" else f"cp{named[1].decode()}" if named else "cp1252"
    if b"\\mac" in data[:200] and not named:
        name = "mac_roman"
    try:
        return name if b"{\\rtf".decode(name) == "{\\rtf" else "cp1252"  # an EBCDIC page would garble the markup
    except (LookupError, ValueError):
        return "cp1252"


def _tame(content: str) -> str:
    """Return RTF that says the same, and on which striprtf's searches for links and fonts take no time without bound.

    A field whose brace follows a space is none to its search for links, whose text stays; fonts beyond the bound are
    those of no real file, and cost their letters the encoding, not the words.
    """
    content = _FIELD.sub(r"\1 {", content)
    table = content.find("\\fonttbl")
    if table < 0:
        return content
    depth, end = 1, len(content)
    for brace in _BRACE.finditer(content, table):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            end = brace.end()
            break
    return content if end - table <= LARGEST_FONTS else content.replace("\\fonttbl", "\\*\\fonttbx")


def _plain(content: str, encoding: str) -> str:
    rtf_to_text = require("striprtf.striprtf").rtf_to_text
    try:
        return str(rtf_to_text(content, encoding=encoding, errors="replace"))
    except Exception as error:  # on malformed files striprtf lets through many kinds
        raise CorpusError("is damaged RTF; open it in a word processor and save it again.") from error


def _metadata(content: str, encoding: str) -> Metadata:
    start = content.find("{\\info")
    if start < 0:
        return {}
    info = content[start : start + LARGEST_INFO]
    fields = {}
    for name in ("title", "author"):
        group = _group(info, f"{{\\{name}")
        header = f"{{\\rtf1\\ansi\\ansicpg{encoding[2:]} " if encoding[2:].isdecimal() else "{\\rtf1\\ansi "
        fields[name] = _plain(f"{header}{group}}}", encoding) if group else ""
    created = re.search(r"\\creatim\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})", info)
    if created and created[1] != "0000":
        fields["date"] = f"{created[1]}-{int(created[2]):02}-{int(created[3]):02}"
    return clean(fields)


def _group(info: str, opening: str) -> str:
    """Return what a group of the info group holds, "" where there is none or it does not end."""
    start = info.find(opening)
    if start < 0:
        return ""
    depth, at = 0, start
    while at < len(info):
        if info[at] == "\\":
            at += 2
            continue
        depth += {"{": 1, "}": -1}.get(info[at], 0)
        if not depth:
            return info[start + len(opening) : at]
        at += 1
    return ""
