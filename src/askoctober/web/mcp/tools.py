"""The tools: search, ask, read_article. Each takes its checked arguments and gives text and the same as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import BaseModel

from askoctober.asynchrony import call
from askoctober.errors import QuestionError
from askoctober.types import Answer, Event, EvidenceFound, Filter, Hit, Reading, SentenceChecked, TextPiece, in_pages
from askoctober.web.contract import AnswerBody
from askoctober.web.desk import Desk, Silence, Waiting
from askoctober.web.mcp.shapes import (
    LONGEST_READ,
    AskGiven,
    ReadGiven,
    ReadShape,
    SearchGiven,
    SearchShape,
)
from askoctober.web.refusals import TooOften

Report: TypeAlias = Callable[[str], Awaitable[None]]
"""Tells the client how far a call is."""
Result: TypeAlias = tuple[str, dict[str, Any]]
"""The text that a model reads, and the structured content."""
READING_STEPS = 10
"""How often it is told, at most, how far reading is."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as far as the transport knows it: an address and a request's headers, or nothing for a pipe.

    `take_question` counts a question, and returns the seconds until the caller may ask it, or 0.
    """

    client: str
    headers: Mapping[str, str]
    take_question: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what clients are told of it, and what it does."""

    title: str
    description: str
    takes: type[BaseModel]
    gives: type[BaseModel]
    call: Callable[[Desk, Any, Report, Caller], Awaitable[Result]]


async def search(desk: Desk, given: SearchGiven, report: Report, caller: Caller) -> Result:
    """Return the passages that bear on a question."""
    wanted = Filter(tuple(given.articles), tuple(given.authors), given.since or "", given.until or "")
    hits = await desk.search(given.question, given.k, wanted, given.threshold, client=caller.client)
    text = "\n\n".join(_show(hit) for hit in hits) or "No passage was found."
    return text, {"hits": [hit.to_dict() for hit in hits]}


async def ask(desk: Desk, given: AskGiven, report: Report, caller: Caller) -> Result:
    """Return the checked answer; only what is checked is told on the way."""
    if wait := caller.take_question():
        raise TooOften(wait)
    history = [turn.model_dump() for turn in given.history]
    told = 0
    asked = desk.stream(given.question, history, client=caller.client, door="mcp", headers=caller.headers)
    async with aclosing(asked) as events:
        async for event in events:
            if isinstance(event, Answer):
                contents = event.to_dict()
                del contents["id"]
                return str(event), contents
            if isinstance(event, Reading):
                step = READING_STEPS * event.done // max(event.total, 1)
                if step <= told:
                    continue
                told = step
            if said := _tell(event):
                await report(said)
    raise AssertionError("a stream ends with its answer")


async def read_article(desk: Desk, given: ReadGiven, report: Report, caller: Caller) -> Result:
    """Return a stretch of an article's text."""
    article = await call(desk.find_article, given.id)
    if article is None:
        raise QuestionError(f"There is no article {given.id[:80]!r}; search, and take the id from a hit.")
    length = len(article.text)
    start = min(given.start, length)
    end = min(length if given.end is None else given.end, length, start + LONGEST_READ)
    if given.end is not None and given.end < given.start:
        raise QuestionError("The end lies before the start; give an end that is greater.")
    text = article.text[start:end]
    return text, {"article": article.to_dict(), "start": start, "end": end, "length": length, "text": text}


TOOLS: Mapping[str, Tool] = {
    "search": Tool(
        "Search the articles",
        "Find the passages of the shelf's articles that bear on a question, best first, with their exact places. "
        "Fast; no language model is used.",
        SearchGiven,
        SearchShape,
        search,
    ),
    "ask": Tool(
        "Ask the articles",
        "Have a question answered from the shelf's articles alone. Every sentence was checked and carries an exact "
        "quote; where the articles do not say, the answer declines. May take a minute.",
        AskGiven,
        AnswerBody,
        ask,
    ),
    "read_article": Tool(
        "Read an article",
        f"Read an article's text from one character to another, at most {LONGEST_READ:,} at once: what stands around a "
        "quote, for example.",
        ReadGiven,
        ReadShape,
        read_article,
    ),
}


def _tell(event: Event | Waiting | Silence) -> str:
    """What a client is told of an event; nothing of the unchecked draft."""
    match event:
        case Waiting():
            return f"Waiting; {event.position} before this question"
        case EvidenceFound():
            return f"Found {len(event.hits)} passages"
        case Reading():
            return f"Read {event.done} of {event.total} tokens"
        case SentenceChecked(sentence=None) | TextPiece():
            return ""
        case SentenceChecked():
            return f"Checked: {event.sentence}"
    return ""


def _show(hit: Hit) -> str:
    article = hit.chunk.article
    title = ", ".join(filter(None, (article.title, article.author, article.date, in_pages(hit.pages))))
    return f"{hit.rank}. {title} (article {article.id}, {hit.chunk.start}-{hit.chunk.end})\n{hit.chunk.text}"
