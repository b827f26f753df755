"""Markdown and plain text: one article a file, whose characters keep their places."""

from __future__ import annotations

import re
from collections.abc import Iterator

from askoctober.corpus import markdown, plaintext
from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.encoding import decode
from askoctober.corpus.furniture import blank_furniture
from askoctober.corpus.metadata import Metadata, clean
from askoctober.errors import CorpusError

MARKDOWN = (".md", ".markdown")
MOST_OPENINGS = 1000
"""Brackets and marks of lists in front matter, each of which may be a level of its own."""
_FRONT = re.compile(r"\s*-{3,}[ \t]*[\r\n]")
_FRONT_END = re.compile(r"[\r\n](?:-{3,}|\.{3})[ \t]*(?=[\r\n]|\Z)")
_OPENS = re.compile(r"[\[{]|[-?:](?=\s)")


def read(source: Source) -> Iterator[Document | Failure]:
    """Yield the article, its front matter and furniture blanked; a given title spares the search for one.

    Raises:
        CorpusError: the bytes are not text, the front matter is not YAML, or no words are left.
    """
    text = decode(source.stream.read())
    own: Metadata = {}
    extra: dict[str, str] = {}
    is_markdown = source.path.lower().endswith(MARKDOWN)
    if is_markdown:
        _refuse_deep(text)
        own, extra, text = markdown.split_front_matter(text)
    blanked = blank_furniture(text)
    if not any(character.isalpha() for character in blanked):
        raise CorpusError("holds no words of an article; fill or remove it.")
    if not (own.get("title") or clean(source.settings).get("title")):
        title = markdown.find_title(blanked) if is_markdown else plaintext.find_title(text, blanked)
        own |= {"title": title} if title else {}
    yield Document(blanked, own, extra=extra)


def _refuse_deep(text: str) -> None:
    """Refuse front matter that may nest so deeply that a YAML parser, which recurses in C, would end the process."""
    start = _FRONT.match(text)
    end = _FRONT_END.search(text, start.end() - 1) if start else None
    if start and end and len(_OPENS.findall(text, start.end(), end.start())) > MOST_OPENINGS:
        raise CorpusError(f"has front matter of more than {MOST_OPENINGS:,} entries; shorten it.")
