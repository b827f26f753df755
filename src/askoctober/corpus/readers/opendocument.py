"""OpenDocument text: headings, paragraphs, lists, tables and notes of an .odt, see OASIS OpenDocument 1.3, part 3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.metadata import Metadata, clean
from askoctober.corpus.readers.blocks import Collector, join, require, tidy
from askoctober.corpus.readers.packages import Package
from askoctober.errors import CorpusError

_SKIPPED = frozenset(
    "tracked-changes annotation annotation-end table-of-content alphabetical-index illustration-index table-index"
    " object-index user-index scripts forms binary-data event-listeners ruby-text".split()
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def read(source: Source) -> Iterator[Document | Failure]:
    """Yield the document without its tracked deletions and comments; its notes come last.

    Raises:
        CorpusError: it is encrypted, damaged, or too large.
    """
    require("lxml.etree")
    package = Package(source.stream)
    manifest = package.read("META-INF/manifest.xml") if "META-INF/manifest.xml" in package else b""
    if b"encryption-data" in manifest:
        raise CorpusError("is encrypted; save it without a password.")
    text = join(_blocks(package.xml("content.xml")))
    if not any(character.isalpha() for character in text):
        raise CorpusError("holds no words of an article; fill or remove it.")
    yield Document(text, _metadata(package.xml("meta.xml")) if "meta.xml" in package else {})


def _blocks(root: Any) -> list[str]:
    etree = require("lxml.etree")
    out, notes = Collector(), list[str]()
    note: list[str] | None = None
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
        if event == "start":
            if tag in _SKIPPED:
                walker.skip_subtree()
                continue
            if tag == "note":
                note = []
            text = (element.text or "") if tag else ""
            if note is not None:
                note.append(" " if tag in ("s", "tab", "line-break", "note-body", "p") else "")
                note.append(text)
                continue
            _open(out, tag, element)
            if tag in ("p", "h", "span", "a", "meta", "meta-field") or not text.isspace():
                out.add(text.replace("\n", " "))
        else:
            if tag == "note" and note is not None:
                notes.append(" ".join(tidy("".join(note)).split()))
                note = None
            elif note is None and tag not in _SKIPPED:
                _close(out, tag)
            tail = element.tail if element is not root else None
            if tail and note is not None:
                note.append(tail)
            elif tail and not (tag in ("p", "h") and tail.isspace()):
                out.add(tail.replace("\n", " "))
    out.flush()
    return [*out.blocks, *notes]


def _open(out: Collector, tag: str, element: Any) -> None:
    if tag in ("p", "h"):
        out.flush()
        level = next((value for key, value in element.attrib.items() if key.endswith("}outline-level")), "1")
        out.level = (int(level[:2]) if level[:2].isdecimal() else 1) if tag == "h" else 0
    elif tag == "list-item":
        out.begin_item()
    elif tag == "table-row":
        out.begin_row()
    elif tag == "table-cell":
        out.begin_cell()
    elif tag in ("s", "tab"):
        out.add(" ")
    elif tag == "line-break":
        out.add("\n")


def _close(out: Collector, tag: str) -> None:
    if tag == "table-row":
        out.end_row()
    elif tag in ("p", "h"):
        out.flush()
        out.level = 0


def _metadata(root: Any) -> Metadata:
    values: dict[str, str] = {}
    for element in root.iter():
        if isinstance(element.tag, str):
            values.setdefault(element.tag.rpartition("}")[2], element.text or "")
    day = _DAY.match((values.get("creation-date") or values.get("date") or "").strip())
    return clean(
        {
            "title": values.get("title"),
            "author": values.get("initial-creator") or values.get("creator"),
            "date": day[0] if day else "",
            "language": values.get("language"),
        }
    )
