"""What a kept conversation looks like (format 1), and the check of one that comes out of a browser.

    {"format": 1, "id", "name", "created", "updated", "turns": [turn, ...]}

A turn is what `keeping.to_record` writes; its names are those of `Answer.to_dict`. A record is untrusted: the check
returns a copy that holds the known keys alone, each of its kind and within its bounds, or says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar, get_args

from askoctober.errors import KeepingError
from askoctober.types import Article, Copy, SentenceSupport
from askoctober.web.citing import one_line

FORMAT = 1
STAGES = ("done", "stopped", "failed")
RATINGS = ("", "up", "down")
SUPPORTS: tuple[str, ...] = get_args(SentenceSupport)
KEPT_HITS = 3
LONGEST_QUESTION = 4000
LONGEST_TEXT = 20_000
LONGEST_LINE = 2000
"""A title, an address, a line about what went wrong."""
LONGEST_NAME = 200
LONGEST_DEFAULT_NAME = 60
LONGEST_WORD = 500
MOST_TURNS = 200
MOST_SENTENCES = 50
MOST_CITATIONS = 50
MOST_TIMINGS = 20
MOST_COPIES = 20
"""Other places of an article that are kept with each of its citations."""
LARGEST_NUMBER = 10**12

Record: TypeAlias = dict[str, Any]
T = TypeVar("T")

_SURROGATE = re.compile(r"[\ud800-\udfff]")
ARTICLE = ("id", "path", "title", "author", "publisher", "date", "url")
COPY = ARTICLE[1:]


def name_of(question: str) -> str:
    """Return what a conversation is called after its first question: its first words, on one line."""
    name = one_line(question)
    if len(name) <= LONGEST_DEFAULT_NAME:
        return name
    cut = name[:LONGEST_DEFAULT_NAME]
    return (cut[:-1].rsplit(" ", 1)[0] if " " in cut else cut[:-1]).rstrip(",;:–—- ") + "…"


def check_conversation(data: Any) -> Record:
    """Return a sound copy of a whole conversation.

    Raises:
        KeepingError: it is not one; the line names the place.
    """
    given = _Table(data, "conversation")
    if given.whole("format") != FORMAT:
        raise _problem("conversation.format", f"is not {FORMAT}")
    return {
        "format": FORMAT,
        "id": given.text("id", LONGEST_NAME),
        "name": given.text("name", LONGEST_NAME),
        "created": given.time("created"),
        "updated": given.time("updated"),
        "turns": given.each("turns", MOST_TURNS, check_turn),
    }


def article_of(record: Record) -> Article:
    """Return the article of a checked record: what is known of it, without its text."""
    copies = tuple(Copy(**copy) for copy in record.get("copies", ()))
    return Article(**{name: record[name] for name in ARTICLE}, copies=copies)


def pages_of(record: Record) -> tuple[int, int] | None:
    """Return the first and the last page of a checked citation or hit; None where none was known."""
    page = record.get("page")
    if page is None:
        return None
    return (page, page) if isinstance(page, int) else (page[0], page[1])


def check_turn(data: Any, where: str = "turn") -> Record:
    """Return a sound copy of one turn.

    Raises:
        KeepingError: it is not one; the line names the place.
    """
    given = _Table(data, where)
    if not given.text("question", LONGEST_QUESTION).strip():
        raise _problem(f"{where}.question", "is empty")
    return {
        "question": given.text("question", LONGEST_QUESTION),
        "standalone_question": given.text("standalone_question", LONGEST_QUESTION),
        "stage": given.one_of("stage", STAGES),
        "error": given.text("error", LONGEST_LINE),
        "text": given.text("text", LONGEST_TEXT),
        "declined": given.flag("declined"),
        "confidence": given.share("confidence"),
        "sentences": given.each("sentences", MOST_SENTENCES, _sentence),
        "citations": given.each("citations", MOST_CITATIONS, _citation),
        "hits": given.each("hits", KEPT_HITS, _hit),
        "model": given.text("model", LONGEST_NAME),
        "timings": given.timings("timings"),
        "rating": given.one_of("rating", RATINGS),
        "word": given.text("word", LONGEST_WORD),
    }


def _sentence(data: Any, where: str) -> Record:
    given = _Table(data, where)
    marks = given.each("marks", MOST_CITATIONS, _mark)
    return {
        "text": given.text("text", LONGEST_TEXT),
        "marks": list(dict.fromkeys(marks)),
        "support": given.one_of("support", SUPPORTS),
    }


def _citation(data: Any, where: str) -> Record:
    given = _Table(data, where)
    quote = given.text("quote", LONGEST_TEXT)
    if not quote:
        raise _problem(f"{where}.quote", "is empty")
    return {
        "mark": given.whole("mark", least=1),
        "article": given.table("article", _article),
        **given.span(),
        "quote": quote,
        "support": given.share("support"),
        **given.page(),
    }


def _hit(data: Any, where: str) -> Record:
    given = _Table(data, where)
    return {
        "rank": given.whole("rank", least=1),
        "score": given.number("score"),
        "chunk_id": given.text("chunk_id", LONGEST_LINE),
        **given.span(),
        "text": given.text("text", LONGEST_TEXT),
        "heading": given.text("heading", LONGEST_LINE),
        "article": given.table("article", _article),
        **given.page(),
    }


def _article(data: Any, where: str) -> Record:
    given = _Table(data, where)
    copies = {"copies": given.each("copies", MOST_COPIES, _copy)} if "copies" in given.data else {}
    return {name: given.text(name, LONGEST_LINE) for name in ARTICLE} | copies


def _copy(data: Any, where: str) -> Record:
    given = _Table(data, where)
    return {name: given.text(name, LONGEST_LINE) for name in COPY}


def _mark(data: Any, where: str) -> int:
    return _Table({"mark": data}, where).whole("mark", least=1)


def _problem(where: str, what: str) -> KeepingError:
    return KeepingError(
        f"This kept conversation cannot be opened: {where} {what}. Delete it, or open an unchanged export of it."
    )


@dataclass(frozen=True)
class _Table:
    """An untrusted object, whose values are asked for by key and kind; `where` names it in errors."""

    data: Any
    where: str

    def __post_init__(self) -> None:
        if not isinstance(self.data, Mapping):
            raise _problem(self.where, "is not an object")

    def text(self, key: str, longest: int) -> str:
        value: str = self._given(key, str, "text")
        if len(value) > longest:
            raise self._wrong(key, f"is longer than {longest} characters")
        if _SURROGATE.search(value):
            raise self._wrong(key, "holds half a character")
        return value

    def one_of(self, key: str, known: tuple[str, ...]) -> str:
        value = self.text(key, LONGEST_NAME)
        if value not in known:
            raise self._wrong(key, f"is none of: {', '.join(filter(None, known))}")
        return value

    def time(self, key: str) -> str:
        value = self.text(key, LONGEST_NAME)
        try:
            datetime.fromisoformat(value)
        except ValueError:
            raise self._wrong(key, "is no ISO time") from None
        return value

    def flag(self, key: str) -> bool:
        value: bool = self._given(key, bool, "true or false")
        return value

    def whole(self, key: str, least: int = 0) -> int:
        value: int = self._given(key, int, "a whole number")
        if isinstance(value, bool) or not least <= value <= LARGEST_NUMBER:
            raise self._wrong(key, "is not a whole number in its range")
        return value

    def number(self, key: str) -> float:
        value = self._given(key, (int, float), "a number")
        # Before anything is computed with it: an integer of JSON can be too large for a float.
        if isinstance(value, bool) or not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
            raise self._wrong(key, "is not a number in its range")
        return float(value)

    def share(self, key: str) -> float:
        """Return a number within [0, 1]."""
        return min(max(self.number(key), 0.0), 1.0)

    def span(self) -> dict[str, int]:
        start, end = self.whole("start"), self.whole("end")
        if start >= end:
            raise self._wrong("end", "is not behind its start")
        return {"start": start, "end": end}

    def page(self) -> dict[str, Any]:
        """Return the optional key of a page, or of the first and the last."""
        if "page" not in self.data:
            return {}
        if not isinstance(self.data["page"], list):
            return {"page": self.whole("page", least=1)}
        pages = self.each("page", 2, lambda page, where: _Table({"page": page}, where).whole("page", least=1))
        if len(pages) < 2 or pages[0] >= pages[1]:
            raise self._wrong("page", "is not a first and a last page")
        return {"page": pages}

    def table(self, key: str, check: Callable[[Any, str], T]) -> T:
        return check(self._given(key, Mapping, "an object"), f"{self.where}.{key}")

    def each(self, key: str, most: int, check: Callable[[Any, str], T]) -> list[T]:
        values = self._given(key, list, "a list")
        if len(values) > most:
            raise self._wrong(key, f"has more than {most} entries")
        return [check(value, f"{self.where}.{key}[{number}]") for number, value in enumerate(values)]

    def timings(self, key: str) -> dict[str, float]:
        values = _Table(self._given(key, Mapping, "an object"), f"{self.where}.{key}")
        if len(values.data) > MOST_TIMINGS:
            raise self._wrong(key, f"has more than {MOST_TIMINGS} entries")
        for name in values.data:
            _Table({"name": name}, values.where).text("name", LONGEST_NAME)
        return {name: values.number(name) for name in values.data}

    def _given(self, key: str, kind: Any, called: str) -> Any:
        value = self.data.get(key)
        if not isinstance(value, kind):
            raise self._wrong(key, f"is not {called}")
        return value

    def _wrong(self, key: str, what: str) -> KeepingError:
        return _problem(f"{self.where}.{key}", what)
