"""Blocks of plain text: how headings, items, rows and paragraphs are written, and HTML brought into them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from askoctober.corpus.parsing import INSTALL
from askoctober.errors import CorpusError

if TYPE_CHECKING:
    from types import ModuleType


DEEPEST = 2000
"""Elements within each other; real pages have some dozens."""
TOO_DEEP = "is nested too deeply; save it again from a browser, or as plain text."

SPACE, BREAK = "\u2800", "\uffa0"
"""Stand for the white space of preformatted text where other white space is collapsed. Both are blank, so that where a
document holds them itself a space says the same; and both are printable, so that no library takes them for debris."""

_PLAIN_BLANKS = str.maketrans({SPACE: " ", BREAK: " "})
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,300}\?>")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SKIPPED = frozenset(
    "script style head nav template svg math iframe object button select option textarea audio video".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd div dl dt fieldset figcaption figure footer form header"
    " hr html li main ol p pre section table tbody tfoot thead tr ul".split()
)


def require(name: str) -> ModuleType:
    """Import an optional library.

    Raises:
        CorpusError: it is not installed.
    """
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise CorpusError(
            f"needs the library {name.partition('.')[0]} to be read; install it with: {INSTALL}"
        ) from error


def tidy(text: str) -> str:
    """Return a block with single spaces, its line breaks kept, without control characters."""
    text = _CONTROL.sub(" ", text).replace("\xad", "")
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))


def heading(level: int, text: str) -> str:
    """Return a Markdown heading of one line, "" where there are no words."""
    words = " ".join(tidy(text).split())
    return f"{'#' * max(1, min(level, 6))} {words}" if words else ""


def join(blocks: Iterable[str]) -> str:
    """Return the text: blocks parted by empty lines, items of a list and rows of a table by line ends."""
    parts: list[str] = []
    before = ""
    for block in filter(None, blocks):
        together = (before.startswith("- ") and block.startswith("- ")) or (" | " in before and " | " in block)
        parts += ["\n" if together else "\n\n", block] if parts else [block]
        before = block
    return "".join(parts)


def keep_spacing(text: str) -> str:
    """Return preformatted text with its white space in the signs that a Collector turns back."""
    return text.expandtabs(4).replace("\r", "").replace(" ", SPACE).replace("\n", BREAK)


def plain_blanks(text: str) -> str:
    """Return text with spaces for the signs of `keep_spacing` that a document holds of its own."""
    return text.translate(_PLAIN_BLANKS)


class Collector:
    """Gathers inline text into blocks as a document is walked."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.row: list[str] | None = None
        self.level = 0
        self._inline: list[str] = []
        self._item = False

    def add(self, text: str | None) -> None:
        """Add inline text to the block at hand."""
        if text:
            self._inline.append(text)

    def begin_item(self) -> None:
        """Let the next block be an item of a list."""
        self.flush()
        self._item = True

    def flush(self) -> None:
        """End the block at hand; within a row it is a part of a cell."""
        text, self._inline = tidy("".join(self._inline)), []
        if not text:
            return
        if SPACE in text or BREAK in text:
            kept = self.row is None and not self.level and not self._item
            lines = text.replace(SPACE, " ").replace(BREAK, "\n" if kept else " ").split("\n")
            text = "\n".join(line.rstrip() for line in lines).strip("\n")
            if not text.strip():
                return
        if self.row is not None:
            self.row[-1:] = [f"{self.row[-1]} {' '.join(text.split())}".strip()] if self.row else [text]
            return
        if self.level:
            text = heading(self.level, text)
        elif self._item:
            text = "- " + " ".join(text.split())
        self._item = False
        self.blocks.append(text)

    def begin_row(self) -> None:
        """Begin a row of a table; a table within a cell goes on in the outer row."""
        self.flush()
        self.row = []

    def begin_cell(self) -> None:
        """Begin a cell of the row."""
        self.flush()
        if self.row is not None:
            self.row.append("")

    def end_row(self) -> None:
        """End the row: its cells become one line."""
        self.flush()
        cells = [cell for cell in self.row or [] if cell]
        self.row = None
        if cells:
            self.blocks.append(" | ".join(cells))


def parse_html(page: str) -> Any:
    """Return the root of an HTML page; nothing that it refers to is fetched.

    Raises:
        CorpusError: it is empty, or elements are nested so deeply that the parser would leave out the rest.
    """
    html, etree = require("lxml.html"), require("lxml.etree")
    page = plain_blanks(_DECLARATION.sub("", page, count=1).replace("\x00", " "))
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise CorpusError("is not HTML that can be read; save it again from a browser.") from error
    if any("depth" in entry.message for entry in parser.error_log):
        raise CorpusError(TOO_DEEP)
    return root


def html_blocks(root: Any, anchors: Collection[str] = (), places: dict[str, int] | None = None) -> list[str]:
    """Return the blocks of a parsed HTML tree, in time linear in its size.

    `places` takes for each of the ids in `anchors` the number of blocks before its element.

    Raises:
        CorpusError: elements are nested too deeply.
    """
    etree = require("lxml.etree")
    out = Collector()
    walker = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    depth = preformatted = 0
    for event, element in walker:
        tag = element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""
        if event == "start":
            depth += 1
            if depth > DEEPEST:
                raise CorpusError(TOO_DEEP)
            if tag in _SKIPPED:
                walker.skip_subtree()
                continue
            _open(out, tag)
            preformatted += tag == "pre"
            if places is not None and element.get("id") in anchors:
                places.setdefault(element.get("id"), len(out.blocks))
            text = element.text
        else:
            if event == "end":
                depth -= 1
                if tag not in _SKIPPED:
                    _close(out, tag)
                    preformatted -= tag == "pre"
            text = element.tail if element is not root else None
        if text:
            out.add(keep_spacing(text) if preformatted else text.replace("\n", " "))
    out.flush()
    return out.blocks


def _open(out: Collector, tag: str) -> None:
    if tag == "br":
        out.add("\n")
    elif tag == "tr":
        out.begin_row()
    elif tag in ("td", "th"):
        out.begin_cell()
    elif tag == "li":
        out.begin_item()
    elif tag in _HEADINGS:
        out.flush()
        out.level = _HEADINGS[tag]
    elif tag in _BLOCKS:
        out.flush()


def _close(out: Collector, tag: str) -> None:
    if tag == "tr":
        out.end_row()
    elif tag in _HEADINGS or tag in _BLOCKS or tag in ("td", "th"):
        out.flush()
        if tag in _HEADINGS:
            out.level = 0
