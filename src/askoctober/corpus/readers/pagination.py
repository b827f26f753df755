"""Lines of pages back to paragraphs: running heads out, hyphenation undone, sentences joined across pages."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from dataclasses import dataclass

EDGE = 2
"""Lines at the top and at the foot of a page that may be running heads and page numbers."""
FEWEST_PAGES = 3
SHARE = 0.5
"""Of the pages; a line on more of them, digits aside, belongs to the page and not to the text."""
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(r"(?:page |p\. ?|[-–—] ?)?(?:\d{1,5}|[ivxlc]{1,8})(?: ?[-–—]|(?: of | ?/ ?)\d{1,5})?", re.I)
_WORDS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BROKEN = re.compile(r"([^\W\d_]+)-$")
_LOWER_START = re.compile(r"[^\W\d_]+")
_ENDS = tuple(".!?…:;\"'”’»)]")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page: its words, the height of its foot in points (0 where unknown), and its font size."""

    text: str
    foot: float = 0.0
    size: float = 0.0


def drop_repeated(pages: list[list[Line]]) -> list[list[Line]]:
    """Return the pages without running heads, running feet and page numbers, on both edges of a double page."""
    filled = [page for page in pages if page]
    if len(filled) < FEWEST_PAGES:
        return pages
    counts: Counter[tuple[bool, str]] = Counter()
    for page in filled:
        counts.update({(at_top, _shape(page[row].text)) for at_top, row in _edges(page)})
    wanted = max(2, round(len(filled) * SHARE * 0.8))  # left and right pages carry heads of their own
    numbered = sum(any(_PAGE_NUMBER.fullmatch(page[row].text) for _, row in _edges(page)) for page in filled)
    kept = []
    for page in pages:
        out = set()
        for at_top, row in _edges(page):
            text = page[row].text
            if counts[at_top, _shape(text)] >= wanted or (
                numbered * 2 > len(filled) and _PAGE_NUMBER.fullmatch(text) is not None
            ):
                out.add(row)
        kept.append([line for row, line in enumerate(page) if row not in out])
    return kept


def _edges(page: list[Line]) -> list[tuple[bool, int]]:
    size = len(page)
    return [(True, row) for row in range(min(EDGE, size))] + [(False, row) for row in range(max(0, size - EDGE), size)]


def _shape(text: str) -> str:
    return _DIGITS.sub("0", text.casefold())


def assemble(pages: list[list[Line]]) -> tuple[str, list[int]]:
    """Return the text, paragraphs parted by empty lines, and the offset at which each page begins."""
    seen = Counter(word.casefold() for page in pages for line in page for word in _WORDS.findall(line.text))
    gap, width = _usual(pages)
    parts: list[str] = []
    offsets: list[int] = []
    length = 0
    before: Line | None = None
    for page in pages:
        offset: int | None = None
        for row, line in enumerate(page):
            glue = ""
            if before is not None:
                glue, kept = _glue(before, line, row == 0, gap, width, seen)
                if not kept:
                    parts[-1] = parts[-1][:-1]
                    length -= 1
            parts.append(glue)
            length += len(glue)
            if offset is None:
                offset = length if offsets else 0
            parts.append(line.text)
            length += len(line.text)
            before = line
        offsets.append(offset if offset is not None else length)
    return "".join(parts), offsets


def _usual(pages: list[list[Line]]) -> tuple[float, int]:
    """Return the usual distance of two lines in points, and the usual length of a full line in characters."""
    steps = [a.foot - b.foot for page in pages for a, b in zip(page, page[1:], strict=False) if a.foot > b.foot > 0]
    lengths = sorted(len(line.text) for page in pages for line in page)
    return (statistics.median(steps) if steps else 0.0), (lengths[len(lengths) * 3 // 4] if lengths else 0)


def _glue(a: Line, b: Line, new_page: bool, gap: float, width: int, seen: Counter[str]) -> tuple[str, bool]:
    """Return what goes between two lines, and whether the character before it, a hyphen it may be, stays."""
    broken, start = _BROKEN.search(a.text[-60:]), _LOWER_START.match(b.text)
    if broken and start and start[0][0].islower():
        left, right = broken[1].casefold(), start[0].casefold()
        keeps = seen[f"{left}-{right}"] > 0 and not seen[left + right]
        return "", keeps
    if _is_new_paragraph(a, b, new_page, gap, width):
        return "\n\n", True
    return " ", True


def _is_new_paragraph(a: Line, b: Line, new_page: bool, gap: float, width: int) -> bool:
    if abs(a.size - b.size) > 0.1 * max(a.size, b.size):
        return True
    ended = a.text.endswith(_ENDS)
    if new_page:
        return ended and (len(a.text) < 0.85 * width or not b.text[:1].islower()) and len(a.text) < 0.95 * width
    if gap and a.foot and b.foot and a.foot - b.foot > 1.4 * gap:
        return True
    return ended and len(a.text) < 0.8 * width and not b.text[:1].islower()
