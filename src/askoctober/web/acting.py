"""What a reader does with a conversation beside asking: each act changes the session, or nothing where it cannot be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from askoctober.errors import AskoctoberError, KeepingError
from askoctober.types import Article
from askoctober.web.keeping.feedback import Feedback
from askoctober.web.keeping.records import LONGEST_WORD, RATINGS
from askoctober.web.keeping.turns import read_conversation
from askoctober.web.session import Session, Turn, clean
from askoctober.web.settings import DEFAULT, PASSAGES

LARGEST_RECORD = 4_000_000
"""Characters of a conversation, as JSON, that is taken up again or made into a document."""


def act(session: Session, data: Any, articles: Mapping[str, Article], feedback: Feedback | None = None) -> None:
    """Do what a browser asks for; `data` is untrusted: `{"act": name, "turn": number, ...}`.

    The acts are `new`, `ask` (with `question`), `restore` (with `record`, as JSON), `retry`, `more` (retry, reading
    more this once), `edit` (with `question`), `continue`, and `rate` (with `rating` and `word`). While an answer is
    being written, only `new` and `rate` are done.
    """
    given = data if isinstance(data, dict) else {}
    number, name = given.get("turn"), given.get("act")
    turn = session.turn(number) if type(number) is int else None
    if name == "rate":
        if turn is not None:
            _rate(session, turn, given.get("rating"), given.get("word"), feedback)
    elif name == "new":
        session.clear()
    elif session.busy:
        return
    elif name == "ask":
        question = given.get("question")
        session.begin(question if isinstance(question, str) else "")
    elif name == "restore":
        _restore(session, given.get("record"), articles)
    elif name == "continue":
        session.go_on()
    elif turn is not None and name in ("retry", "more", "edit"):
        question = given.get("question") if name == "edit" else ""
        if isinstance(question, str) and session.ask_again(turn.number, question) and name == "more" and session.last:
            session.last.passages = _more(turn.passages or session.settings.passages or DEFAULT.passages)


def _rate(session: Session, turn: Turn, rating: Any, word: Any, feedback: Feedback | None) -> None:
    """Keep a thumb, or say why it could not be kept; taken back it goes from the page, the file keeps its line."""
    if rating not in RATINGS or turn.answer is None:
        return
    said = " ".join(clean(word).split())[:LONGEST_WORD] if isinstance(word, str) and rating else ""
    turn.complaint = ""
    try:
        if feedback is not None and rating:
            feedback.add(turn, session.before(turn), rating, said)
    except AskoctoberError as error:
        turn.complaint = str(error)
        return
    turn.rating, turn.word = rating, said


def _restore(session: Session, record: Any, articles: Mapping[str, Article]) -> None:
    """Take up a conversation that the browser kept, as JSON; one that cannot be read leaves an empty one."""
    session.clear()
    try:
        kept = json.loads(record if isinstance(record, str) and len(record) <= LARGEST_RECORD else "")
        turns = read_conversation(kept, articles)
    except (KeepingError, ValueError, RecursionError):
        return
    session.turns[:] = turns
    session.id, session.name, session.created = kept["id"], kept["name"], kept["created"]
    session.count = max((turn.number for turn in turns), default=0)


def _more(passages: int) -> int:
    """Return of how many passages is read next, after so many did not answer."""
    return next((number for number in PASSAGES if number > passages), PASSAGES[-1])
