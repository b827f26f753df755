"""Articles to chunks, and text to sentence spans; every offset is exact.

langchain-text-splitters cuts at headings, paragraphs and sentences. It works on a copy of the text, equal in length,
whose sentence ends are marked by a control character, so that a position in the copy is a position in the article.
Sentences come from nupunkt (Punkt trained on legal and formal English: it keeps initials, "St. Petersburg" and
"vol. 26, pp. 57-58" whole).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from askoctober.types import Article, Chunk, Span

VERSION = 1
"""Raise this when chunks or sentences of the same article would come out differently: indexes are then rebuilt."""

SENTENCE_END = "\x1e"
# None of these may try a run of spaces at each of its places: what is blanked in an article can be very long.
_PARAGRAPH = re.compile(r"^[ \t]*+\S[^\n]*+(?:\n[ \t]*+\S[^\n]*+)+", re.MULTILINE)
_STRUCTURE = re.compile(r"[ \t]*(?:[#>|*+-]|\d+[.)]\s)")
NARROWEST, WIDEST = 50, 110
"""Between these lengths in characters, the longest line of a paragraph may be where a program broke it."""
_BLOCK = re.compile(r"\S[^\n]*")
_HEADING = re.compile(r"^(#{1,6})\s+(\S.*)$")
_BLANK_LINE_NEXT = re.compile(r"[ \r]*\n\r?\n")
_INK = re.compile(r"\S")
_NOTE_AT_END = re.compile(r"(?<=[^\W\d_])([.!?]+[\"'”’»)\]]*)(\d{1,4})(?=\s|$)")
_NOTE_ALONE = re.compile(r"\s*(?:\[\d{1,4}\]\s*)+")
_PROSE_END = re.compile(r"[.!?…:;,\"'”’)\]»]\s*\d{0,4}$")
LONGEST_HEADING = 80
GUESSED = 7
"""Level of a heading that no markup names: below all of Markdown's."""
WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of an article under one heading; Markdown's heading line itself is left out, a guessed one is in."""

    heading: str
    start: int
    end: int


def split_article(article: Article, chunk_size: int = 900) -> list[tuple[Chunk, tuple[Span, ...]]]:
    """Return the chunks of an article in order, each with the spans of its sentences in the article's offsets.

    A chunk has at most `chunk_size` characters and never crosses a heading; only a longer word is cut within.
    """
    pairs = []
    splitter = _splitter(chunk_size)
    for section in sections(article.text):
        body = article.text[section.start : section.end]
        marked = list(unwrap(body))
        for span in sentence_spans(body):
            if span.end < len(body) and marked[span.end] == " ":
                marked[span.end] = SENTENCE_END
        for piece in splitter.create_documents(["".join(marked)]):
            start = section.start + piece.metadata["start_index"]
            end = start + len(piece.page_content)
            text = article.text[start:end]
            if not WORD.search(text):
                continue
            chunk = Chunk(f"{article.id}:{start}-{end}", article.id, section.heading, text, start, end, article)
            spans = tuple(Span(start + s.start, start + s.end) for s in sentence_spans(text))
            pairs.append((chunk, spans))
    return pairs


def sentence_spans(text: str) -> list[Span]:
    """Return the spans of the sentences of `text`, without surrounding white space, in order, never overlapping.

    A line break ends a sentence unless it only wraps a paragraph. Numbers of notes stuck to a sentence's end
    ("power.711", "power. [12]") belong to that sentence.
    """
    from nupunkt import sent_spans

    spans: list[Span] = []
    for block in _BLOCK.finditer(unwrap(text)):
        line = block.group()
        # "power.711 The" reads as one sentence; "power711. The" does not, and is as long.
        readable = _NOTE_AT_END.sub(lambda match: match[2] + match[1], line)
        for start, end in sent_spans(readable):
            _append(spans, text, block.start() + start, block.start() + end, block.start())
    return spans


def _append(spans: list[Span], text: str, start: int, end: int, block_start: int) -> None:
    """Add text[start:end] as a sentence; a note's number at its front goes to the sentence before it."""
    note = _NOTE_ALONE.match(text, start, end)
    if note and spans and spans[-1].end > block_start:
        spans[-1] = Span(spans[-1].start, start + len(text[start : note.end()].rstrip()))
        start = note.end()
    piece = text[start:end]
    start, end = start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
    if start >= end:
        return
    if not WORD.search(text, start, end) and spans and spans[-1].end > block_start:
        spans[-1] = Span(spans[-1].start, end)
    else:
        spans.append(Span(start, end))


def sections(text: str) -> Iterator[Section]:
    """Yield the stretches between headings, in order, with the path of headings above each.

    Headings are Markdown's (`## Title`), and in plain text a short line that stands alone and does not end as prose
    does.
    """
    path: list[tuple[int, str]] = []
    start = 0
    for line, at in _lines(text):
        level, title = _heading(text, line, at)
        if not level:
            continue
        if WORD.search(text, start, at):
            yield Section(" > ".join(name for _, name in path), start, at)
        path = [(depth, name) for depth, name in path if depth < level] + [(level, title)]
        # A guessed heading may be a sentence after all, so it stays in the text of its section.
        start = at if level == GUESSED else at + len(line)
    if WORD.search(text, start):
        yield Section(" > ".join(name for _, name in path), start, len(text))


def unwrap(text: str) -> str:
    """Return the text, equal in length, with a space for each line break that only wraps a paragraph.

    A paragraph counts as wrapped if no line had room for the first word of the next, and nothing in it is a list, a
    heading or a table.
    """
    return _PARAGRAPH.sub(lambda match: _unwrap_paragraph(match.group()), text)


def _unwrap_paragraph(paragraph: str) -> str:
    lines = [line.rstrip("\r") for line in paragraph.split("\n")]
    width = max(map(len, lines))
    wrapped = NARROWEST <= width <= WIDEST and all(
        len(line.rstrip()) + 1 + len((following.split() or [""])[0]) > width and not _STRUCTURE.match(following)
        for line, following in zip(lines, lines[1:], strict=False)
    )
    return re.sub(r"\r?\n", lambda match: " " * len(match.group()), paragraph) if wrapped else paragraph


def _lines(text: str) -> Iterator[tuple[str, int]]:
    at = 0
    for line in text.splitlines(keepends=True):
        yield line.rstrip("\r\n"), at
        at += len(line)


def _heading(text: str, line: str, at: int) -> tuple[int, str]:
    """Return the level and words of the heading that `line` is, or (0, "")."""
    if match := _HEADING.match(line):
        words = match[2].rstrip()
        return len(match[1]), words.rstrip("#").rstrip() or words
    words = line.strip()
    if not WORD.search(words) or len(words) > LONGEST_HEADING or _PROSE_END.search(words) or words.islower():
        return 0, ""
    before = at
    while before and text[before - 1] == " ":
        before -= 1
    alone = (not before or text[before - 1] == "\n") and _BLANK_LINE_NEXT.match(text, at + len(line))
    return (GUESSED, words) if alone and _INK.search(text, 0, at) and len(words.split()) <= 12 else (0, "")


@lru_cache(maxsize=4)
def _splitter(chunk_size: int) -> Any:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    return RecursiveCharacterTextSplitter(
        chunk_size=chunk_size,
        chunk_overlap=0,
        separators=["\n\n", "\n", SENTENCE_END, " ", ""],
        keep_separator="end",
        add_start_index=True,
        strip_whitespace=True,
    )
