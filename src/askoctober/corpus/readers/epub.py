"""EPUB: the chapters of a book in reading order, one document, see https://www.w3.org/TR/epub-33/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.metadata import Metadata, clean
from askoctober.corpus.readers.blocks import heading, html_blocks, join, parse_html, require
from askoctober.corpus.readers.html import decode_page
from askoctober.corpus.readers.packages import Package, resolve
from askoctober.errors import CorpusError

MOST_CHAPTERS = 5000
_FONT_ALGORITHMS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Fonts are scrambled so by free books too; it keeps nobody from the text."""
_DAY = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")


def read(source: Source) -> Iterator[Document | Failure]:
    """Yield the book, each chapter under its own heading or the one that the table of contents gives it.

    Raises:
        CorpusError: it is copy-protected, damaged, or too large.
    """
    require("lxml.html")
    package = Package(source.stream)
    _refuse_protected(package)
    container = package.xml("META-INF/container.xml")
    opf = next((e.get("full-path") for e in _named(container, "rootfile") if e.get("full-path")), "")
    root = package.xml(opf)
    items = {e.get("id"): e for e in _named(root, "item") if e.get("id") and e.get("href")}
    names = {key: resolve(opf, item.get("href")) for key, item in items.items()}
    titles = _contents(package, items, names)
    navigation = {names[key] for key, item in items.items() if "nav" in (item.get("properties") or "").split()}
    blocks: list[str] = []
    missing: list[str] = []
    seen: set[str] = set()
    spine = list(_named(root, "itemref"))
    for reference in spine[:MOST_CHAPTERS]:
        name = names.get(reference.get("idref"), "")
        if not name or name in seen or name in navigation:
            continue
        seen.add(name)
        try:
            chapter = _chapter(package, name, titles.get(name, {}))
        except CorpusError as error:
            missing.append(str(error))
            continue
        blocks += chapter
    text = join(blocks)
    if not any(character.isalpha() for character in text):
        raise CorpusError(missing[0] if missing else "holds no words of a book; remove it.")
    yield Document(text, _metadata(root))
    if missing:
        yield Failure(source.path, f"has {len(missing)} chapters that cannot be read, the first {missing[0]}")
    if len(spine) > MOST_CHAPTERS:
        yield Failure(source.path, f"has {len(spine):,} chapters, of which {MOST_CHAPTERS:,} are read; split it.")


def _refuse_protected(package: Package) -> None:
    name = "META-INF/encryption.xml"
    if name not in package:
        return
    for method in _named(package.xml(name), "EncryptionMethod"):
        if method.get("Algorithm", "") not in _FONT_ALGORITHMS:
            raise CorpusError("is copy-protected (DRM); give a copy without protection.")


def _named(root: Any, name: str) -> Iterator[Any]:
    """Yield the elements of a name, whatever their namespace."""
    return (e for e in root.iter() if isinstance(e.tag, str) and e.tag.rpartition("}")[2] == name)


def _chapter(package: Package, name: str, titles: dict[str, str]) -> list[str]:
    """Return the blocks of a part, with the headings that the table of contents gives it and it lacks itself.

    `titles` are by the anchor they point at, "" for the beginning.
    """
    page = decode_page(package.read(name))
    if not page.strip():
        return []
    places: dict[str, int] = {}
    blocks = html_blocks(parse_html(page), titles, places)
    if titles:
        places.setdefault(next(iter(titles)), 0)
    entries = sorted((places[anchor], title) for anchor, title in titles.items() if anchor in places)
    if entries and entries[0][0] <= 3:  # the first names all of the part, wherever in its first lines it points
        entries[0] = (0, entries[0][1])
    end = len(blocks)
    for number, (at, title) in reversed(list(enumerate(entries))):
        if at < end and not any(block.startswith("#") for block in blocks[at : min(at + 3, end)]):
            if blocks[at].split() == title.split():
                del blocks[at]
            blocks.insert(at, heading(1 if not number else 2, title))
        end = min(at, end)
    return blocks


def _contents(package: Package, items: dict[str, Any], names: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the titles in each part by anchor, as the table of contents has them; none where that is damaged."""
    titles: dict[str, dict[str, str]] = {}
    for key, item in items.items():
        is_nav = "nav" in (item.get("properties") or "").split()
        if not is_nav and item.get("media-type") != "application/x-dtbncx+xml":
            continue
        base = names[key]
        try:
            root = package.xml(base)
        except CorpusError:
            continue
        if is_nav:
            pairs = [(a.get("href") or "", " ".join(" ".join(a.itertext()).split())) for a in _named(root, "a")]
        else:
            pairs = _ncx_pairs(root)
        for link, title in pairs:
            if link and title:
                titles.setdefault(resolve(base, link), {}).setdefault(link.partition("#")[2], title)
    return titles


def _ncx_pairs(root: Any) -> list[tuple[str, str]]:
    """Return links and titles of an NCX: in every point its label comes before its content."""
    pairs, title = [], ""
    for element in root.iter():
        tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
        if tag == "text":
            title = " ".join((element.text or "").split())
        elif tag == "content":
            pairs.append((element.get("src") or "", title))
    return pairs


def _metadata(root: Any) -> Metadata:
    values: dict[str, list[str]] = {}
    for element in root.iter():
        if isinstance(element.tag, str) and element.tag.startswith("{http://purl.org/dc/elements/1.1/}"):
            values.setdefault(element.tag.rpartition("}")[2], []).append(" ".join((element.text or "").split()))
    first = {name: found[0] for name, found in values.items()}
    day = _DAY.match(first.get("date", ""))
    fields = {name: first.get(name) for name in ("title", "publisher", "language")}
    return clean(fields | {"author": values.get("creator", []), "date": day[0] if day else first.get("date")})
