"""Chores that chat front ends give to any model they talk to: a title for the conversation, tags, further questions.

They are no questions to the articles. A title is the reader's first question, shortened; what would have to be made up
is left empty, in the form that was asked for. So a chore costs no time of the language model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from askoctober.types import Message

LONGEST_TITLE = 60
"""Characters of a title."""
NOTHING: dict[str, object] = {"tags": [], "follow_ups": [], "queries": [], "text": ""}
"""What each chore but the title comes to, by its key in the JSON that is asked for."""
# A front end says what form of JSON it wants; the first key of it names the chore.
_FORM = re.compile(r'json[^{\n]{0,80}\{\s*"(title|tags|follow_ups|queries|text)"', re.IGNORECASE)
_TITLE = re.compile(
    r"\s*(?:please\s+)?(?:generate|provide|write|create|summarize)\b[^\n]{0,200}\btitle\b", re.IGNORECASE
)
# Marks before a name are sought in its line alone: over line ends the time would grow with the square of their number.
_TRANSCRIPT = re.compile(
    r"^[^\w\n]*(?:user|human)[ \t]*:[ \t]*(.*(?:\n(?![^\w\n]*(?:assistant|ai)[ \t]*:).*)*)", re.IGNORECASE | re.M
)
LONGEST_CHORE = 100_000
"""Characters of a message that are looked at: the event loop waits meanwhile."""


@dataclass(frozen=True, slots=True)
class Chore:
    """A chore and what it comes to."""

    name: str
    text: str


def find_chore(asked: str, history: Sequence[Message]) -> Chore | None:
    """Return the chore that a message is, done; None where it is a question.

    A message is a chore if it begins as one and quotes or follows a conversation.
    """
    asked = asked[:LONGEST_CHORE]
    said = _TRANSCRIPT.search(asked)
    form = _FORM.search(asked) if asked.lstrip().startswith("### Task:") else None
    if form is None and not (_TITLE.match(asked) and (said or history)):
        return None
    name = form[1].lower() if form else "title"
    if name != "title":
        return Chore(name, json.dumps({name: NOTHING[name]}))
    earlier = (turn["content"] for turn in history if turn["role"] == "user")
    title = shorten(said[1] if said else next(earlier, ""))
    return Chore(name, json.dumps({"title": title}, ensure_ascii=False) if form else title)


def shorten(question: str) -> str:
    """Return the first words of a question as a title."""
    words = " ".join(re.sub(r"<[^>\n]{0,40}>", " ", question).split())
    if len(words) <= LONGEST_TITLE:
        return words or "Conversation"
    return words[:LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"
