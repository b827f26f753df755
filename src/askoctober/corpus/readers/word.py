"""Word: the paragraphs, headings by style, tables and notes of a .docx as mammoth finds them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.metadata import Metadata, clean
from askoctober.corpus.readers.blocks import html_blocks, join, require
from askoctober.corpus.readers.packages import Package
from askoctober.errors import CorpusError

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LARGEST = 24_000_000
"""Bytes of XML; mammoth and its parser take some thirty times that in memory, and a second a megabyte."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_CORE = "docProps/core.xml"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def read(source: Source) -> Iterator[Document | Failure]:
    """Yield the document; macros, pictures and what it links to are never looked at.

    Raises:
        CorpusError: it is an old or encrypted file, damaged, or too large.
    """
    mammoth, html = require("mammoth"), require("lxml.html")
    data = source.stream.read()
    if data.startswith(OLD):
        raise CorpusError("is an old or encrypted Word file; save it as .docx, without a password.")
    package = Package(BytesIO(data))
    checked = _checked(package)
    try:
        converted = mammoth.convert_to_html(
            checked, convert_image=mammoth.images.img_element(lambda _: {}), include_embedded_style_map=False
        ).value
        tree = html.fragment_fromstring(converted, create_parent="div") if converted.strip() else None
    except RecursionError as error:
        raise CorpusError("is nested too deeply; save it again from Word.") from error
    except Exception as error:  # on malformed parts mammoth lets through KeyError, ExpatError and many others
        raise CorpusError("is a damaged Word file; open it in Word and save it again.") from error
    text = join(block.replace(" ↑", "") for block in html_blocks(tree)) if tree is not None else ""
    if not any(character.isalpha() for character in text):
        raise CorpusError("holds no words of an article; fill or remove it.")
    yield Document(text, core_metadata(package.xml(_CORE)) if _CORE in package else {})


def _checked(package: Package) -> BytesIO:
    """Return a package of the parts of XML alone, so that mammoth sees nothing that was not checked.

    Raises:
        CorpusError: a part declares entities, which mammoth's parser would expand, or is too large for it.
    """
    out = BytesIO()
    size = 0
    with zipfile.ZipFile(out, "w") as copy:
        for name in package.names((".xml", ".rels")):
            part = package.read(name)
            size += len(part)
            if size > LARGEST:
                raise CorpusError(f"holds more than {LARGEST // 1_000_000} MB of text and markup; split it.")
            if part.startswith(_UTF_16) or b"\0" in part[:4]:
                raise CorpusError("is not in UTF-8 as Word files are; open it in Word and save it again.")
            if b"<!DOCTYPE" in part:
                raise CorpusError("declares entities, which no Word file does; remove it.")
            copy.writestr(zipfile.ZipInfo(name), part)
    out.seek(0)
    return out


def core_metadata(root: Any) -> Metadata:
    """Return the core properties, see ECMA-376 part 2, chapter 11."""
    values: dict[str, str] = {}
    for element in root.iter():
        if isinstance(element.tag, str):
            values.setdefault(element.tag.rpartition("}")[2], element.text or "")
    day = _DAY.match(values.get("created", "").strip())
    return clean(
        {
            "title": values.get("title"),
            "author": values.get("creator"),
            "date": day[0] if day else "",
            "language": values.get("language"),
        }
    )
