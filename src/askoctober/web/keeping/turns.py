"""Turns as records that the reader's browser keeps, and back; `records` has the format, `exporting` the document.

The server keeps no conversation. What comes back is checked against the shelf of today: a quote that stands elsewhere
now is found again, one that is gone keeps its words and is marked as moved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from askoctober.types import Answer, Article, Chunk, Citation, EvidenceFound, Hit, Sentence
from askoctober.web.keeping.exporting import to_markdown
from askoctober.web.keeping.records import (
    ARTICLE,
    FORMAT,
    KEPT_HITS,
    LONGEST_LINE,
    LONGEST_QUESTION,
    LONGEST_TEXT,
    LONGEST_WORD,
    MOST_CITATIONS,
    MOST_COPIES,
    MOST_SENTENCES,
    MOST_TURNS,
    Record,
    article_of,
    check_conversation,
    check_turn,
    name_of,
)
from askoctober.web.running import UNEXPECTED
from askoctober.web.session import ENDED, Turn
from askoctober.web.wording import DEFAULT, message_ids

__all__ = ["from_record", "name_of", "read_conversation", "to_conversation", "to_markdown", "to_record"]

MOST_SEARCHED = 20_000_000
"""Characters of articles that are searched for quotes which are not at their place, for one conversation."""
ERROR_IDS = "error-"
"""How the ids of messages begin that stand in the place of a line."""
_MARK = re.compile(r"\s*\[\d+\]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def to_conversation(turns: Sequence[Turn], *, id: str, name: str, created: str, updated: str) -> Record:
    """Return the record of a whole conversation; of one that is too long to be opened again, its last turns."""
    kept = [to_record(turn) for turn in turns[-MOST_TURNS:]]
    return {"format": FORMAT, "id": id, "name": name, "created": created, "updated": updated, "turns": kept}


def to_record(turn: Turn) -> Record:
    """Return a turn as JSON that `from_record` takes; one that is still running counts as stopped."""
    answer, found = turn.answer, turn.found
    sentences, citations = turn.shown
    hits = answer.hits if answer else found.hits if found else ()
    standalone = answer.standalone_question if answer else found.standalone_question if found else ""
    given = answer.to_dict() if answer else {"declined": False, "confidence": 0.0, "model": "", "timings": {}}
    return {
        # What is too long, or holds half a character, is cut: it must not shut out the rest when it comes back.
        "question": _kept(turn.question, LONGEST_QUESTION),
        "standalone_question": _kept(standalone, LONGEST_QUESTION),
        "stage": turn.stage if turn.stage in ENDED else "stopped",
        "error": _kept(turn.error, LONGEST_LINE),
        "text": _kept(answer.text if answer else " ".join(map(str, sentences)), LONGEST_TEXT),
        "declined": given["declined"],
        "confidence": given["confidence"],
        "sentences": [_sentence(sentence) for sentence in sentences[:MOST_SENTENCES]],
        "citations": [_citation(citation) for citation in citations[:MOST_CITATIONS]],
        "hits": [_hit(hit) for hit in hits[:KEPT_HITS] if len(hit.chunk.text) <= LONGEST_TEXT],
        "model": given["model"],
        "timings": given["timings"],
        "rating": turn.rating,
        "word": _kept(turn.word, LONGEST_WORD),
    }


def read_conversation(data: Any, articles: Mapping[str, Article]) -> list[Turn]:
    """Return the turns of an untrusted conversation, numbered from 1; `articles` is the shelf by id.

    Raises:
        KeepingError: it is not a conversation; the line names the place.
    """
    shelf = _Shelf(articles)
    return [_turn(record, number, shelf) for number, record in enumerate(check_conversation(data)["turns"], 1)]


def from_record(record: Any, number: int, articles: Mapping[str, Article]) -> Turn:
    """Return the turn of an untrusted record; `articles` is the shelf by id.

    Raises:
        KeepingError: it is not a turn; the line names the place.
    """
    return _turn(check_turn(record), number, _Shelf(articles))


class _Shelf:
    """The articles of today, searched for what was quoted once."""

    def __init__(self, articles: Mapping[str, Article]) -> None:
        self._articles = articles
        self._left = MOST_SEARCHED

    def find(self, kept: Record, words: str) -> tuple[Article, int] | None:
        """Return where words stand: at their place, else where they stand exactly once in their article."""
        article = self._articles.get(kept["article"]["id"])
        if article is None:
            return None
        if article.text[kept["start"] : kept["end"]] == words:
            return article, kept["start"]
        self._left -= len(article.text)
        if self._left < 0:
            return None
        start = article.text.find(words)
        return (article, start) if start >= 0 and article.text.find(words, start + 1) < 0 else None


def _turn(record: Record, number: int, shelf: _Shelf) -> Turn:
    """Return the turn of a checked record."""
    hits = tuple(_hits(record["hits"], shelf))
    declined = record["stage"] == "done" and record["declined"]
    sentences, citations, moved = ([], [], set()) if declined else _said(record, shelf)
    turn = Turn(
        question=record["question"],
        number=number,
        stage=record["stage"],
        sentences=sentences,
        citations=citations,
        error=_error(record["error"]),
        rating=record["rating"],
        word=record["word"],
        moved=frozenset(moved),
    )
    if record["stage"] == "done":
        said = _MARK.sub("", record["text"]) if declined else " ".join(map(str, sentences))
        turn.answer = Answer(
            question=record["question"],
            standalone_question=record["standalone_question"],
            text=said,
            sentences=tuple(sentences),
            citations=tuple(citations),
            hits=hits,
            declined=declined,
            confidence=record["confidence"],
            model=record["model"],
            timings=record["timings"],
        )
    elif record["standalone_question"] or hits:
        turn.found = EvidenceFound(record["standalone_question"], hits, ())
    return turn


def _error(error: str) -> str:
    """Return a line about what went wrong; one that passes for the id of a message must be one, to be said."""
    known = not error.startswith(ERROR_IDS) or error in message_ids(DEFAULT)
    return error if known else UNEXPECTED


def _said(record: Record, shelf: _Shelf) -> tuple[list[Sentence], list[Citation], set[int]]:
    """Return the sentences, their citations, and the marks of those whose source is gone.

    Every mark has a citation and every citation a mark, as an answer promises; what has none is dropped.
    """
    by_mark: dict[int, Record] = {}
    for kept in record["citations"]:
        by_mark.setdefault(kept["mark"], kept)
    sentences = [
        Sentence(kept["text"], tuple(mark for mark in kept["marks"] if mark in by_mark), kept["support"])
        for kept in record["sentences"]
    ]
    used = {mark for sentence in sentences for mark in sentence.marks}
    citations, moved = [], set()
    for mark, kept in by_mark.items():
        if mark not in used:
            continue
        place = shelf.find(kept, kept["quote"])
        if place is None:
            moved.add(mark)
        article, start = place or (article_of(kept["article"]), kept["start"])
        end = start + len(kept["quote"])
        citations.append(Citation(mark, article, start, end, kept["quote"], kept["support"]))
    return sentences, citations, moved


def _hits(records: Iterable[Record], shelf: _Shelf) -> Iterable[Hit]:
    """Yield the passages that are still on the shelf."""
    for kept in records:
        place = shelf.find(kept, kept["text"]) if kept["text"] else None
        if place is not None:
            article, start = place
            end = start + len(kept["text"])
            chunk = Chunk(kept["chunk_id"], article.id, kept["heading"], kept["text"], start, end, article)
            yield Hit(chunk, kept["score"], kept["rank"])


def _sentence(sentence: Sentence) -> Record:
    return {**sentence.to_dict(), "text": _kept(sentence.text, LONGEST_TEXT)}


def _citation(citation: Citation) -> Record:
    quote = _kept(citation.quote, LONGEST_TEXT)
    kept = citation.to_dict()
    return {**kept, "quote": quote, "end": citation.start + len(quote), "article": _article(kept["article"])}


def _hit(hit: Hit) -> Record:
    kept = hit.to_dict()
    return {**kept, "heading": _kept(kept["heading"], LONGEST_LINE), "article": _article(kept["article"])}


def _article(known: Record) -> Record:
    kept: Record = {name: _kept(known[name], LONGEST_LINE) for name in ARTICLE}
    if copies := known.get("copies"):
        kept["copies"] = [
            {name: _kept(value, LONGEST_LINE) for name, value in copy.items()} for copy in copies[:MOST_COPIES]
        ]
    return kept


def _kept(text: str, longest: int) -> str:
    """Return as much of a text as a record may hold."""
    return _SURROGATE.sub("\ufffd", text[:longest])
