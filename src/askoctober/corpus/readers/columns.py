"""Which column of a table, or key of an object, is an article's text, and which its title, author and so on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from askoctober.corpus.documents import Document, Failure
from askoctober.corpus.metadata import FIELDS, clean
from askoctober.errors import CorpusError

USUAL = {
    "text": ("text", "body", "content", "article", "fulltext", "paragraph"),
    "title": ("title", "headline", "name", "subject"),
    "author": ("author", "byline", "creator"),
    "date": ("date", "published", "pubdate", "year"),
    "url": ("url", "link"),
    "publisher": ("publisher", "source"),
    "language": ("language", "lang"),
    "id": ("id", "key", "guid"),
}
LONGEST_ID = 100
Get = Callable[[str], Any]
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff/\\#]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns by what they hold; those of `text` are joined by blank lines."""

    text: tuple[str, ...]
    others: Mapping[str, str]

    def to_document(self, get: Get, row: int, seen: set[int] | None) -> Document | Failure:
        """Return the article of a row, whose number from 1 names it where it has no id.

        `seen` holds hashes of the ids so far; None where rows have numbers alone, which need no memory.
        """
        texts = [_plain(get(name)).strip() for name in self.text]
        text = "\n\n".join(filter(None, texts))
        own = _UNFIT.sub("-", _plain(get(self.others["id"]))).strip()[:LONGEST_ID] if "id" in self.others else ""
        part = own or str(row)
        if seen is not None:
            if hash(part) in seen:
                return Failure(f"row-{row}", f'has the id "{show(part)}" of an earlier row; give it another.')
            seen.add(hash(part))
        if not text:
            return Failure(part, f"has no text in row {row}; fill or remove it.")
        if _NO_TEXT.search(text):
            return Failure(part, f"holds characters that are no text, such as NUL, in row {row}; remove them.")
        values = {name: _plain(get(column)) for name, column in self.others.items() if name != "id"}
        extra = {name: _NO_TEXT.sub(" ", value) for name, value in values.items() if name not in FIELDS and value}
        return Document(text, clean(values), part, extra=extra)


def choose(settings: Mapping[str, Any], present: Iterable[str], lacks: Callable[[str], bool]) -> Columns:
    """Return the columns that `articles.toml` names, or those of the usual names among the `present`.

    Raises:
        CorpusError: no column is the text, or one is named that the file `lacks`.
    """
    present = list(present)
    known = show(", ".join(present[:30])) or "none"
    named = settings.get("columns")
    if named is None:
        folded = {name.strip().casefold(): name for name in reversed(present)}
        found = {what: next((folded[name] for name in names if name in folded), None) for what, names in USUAL.items()}
        text = (found["text"],) if found["text"] is not None else ()
        others = {what: name for what, name in found.items() if name is not None and what != "text"}
    else:
        if not isinstance(named, Mapping):
            raise CorpusError('has columns in articles.toml that are no table; write columns = {text = "NAME"}.')
        given = named.get("text", ())
        text = tuple(given) if isinstance(given, list | tuple) else (given,)
        others = {str(what): name for what, name in named.items() if what != "text"}
        for name in (*text, *others.values()):
            if not isinstance(name, str) or lacks(name):
                raise CorpusError(f"has no column {str(name)[:100]!r}; name one of these in articles.toml: {known}.")
    if not text:
        raise CorpusError(
            f"has no column that is known as text among: {known}; "
            'name it in articles.toml: columns = {text = "NAME"}.'
        )
    return Columns(text, others)


def show(name: str) -> str:
    """Return what a file holds as part of a reason: short, on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in name[:300]).split())


def _plain(value: Any) -> str:
    """Return a value as text; a list of values is joined by commas, what is nested deeper is left out."""
    if isinstance(value, list):
        return ", ".join(filter(None, (_plain(item) for item in value if not isinstance(item, list | dict))))
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""
