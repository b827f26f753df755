"""Follow-up questions ("and who opposed it?"), made to stand alone before anything is searched."""

from __future__ import annotations

import re
from collections.abc import Sequence

from askoctober.prompts import fill, read_prompt
from askoctober.retrieval.retriever import check_question
from askoctober.types import Generator, Message

LONGEST_TURN = 400
"""Characters of an earlier turn that the model is shown: its subject stands near its beginning."""
MOST_TOKENS = 80
_NAME = re.compile(r"\b(?:[A-Z][\w'’-]+|\d[\d,.]*)")
_MARK = re.compile(r"\s*\[\d+\]")


def make_standalone(question: str, history: Sequence[Message], generator: Generator) -> str:
    """Return the question as it reads without the conversation before it.

    The model rewrites it from the last question and answer. A rewriting that brings in a name or number from nowhere,
    or loses one of the question's, is not trusted: then the earlier question is put in front instead, which searches
    nearly as well.
    """
    turns = [turn for turn in history if turn["content"].strip()]
    asked = next((turn["content"] for turn in reversed(turns) if turn["role"] == "user"), "")
    if not asked:
        return question
    answered = next((turn["content"] for turn in reversed(turns) if turn["role"] == "assistant"), "")
    asked, answered = _shorten(asked), _shorten(_MARK.sub("", answered))
    messages = [
        {"role": "system", "content": read_prompt("system.txt")},
        {"role": "user", "content": fill("followup.txt", question=asked, answer=answered, followup=question)},
    ]
    pieces = generator.generate(messages, grammar=read_prompt("followup.gbnf"), max_tokens=MOST_TOKENS)
    rewritten = " ".join("".join(piece.text for piece in pieces).split())
    if _is_faithful(rewritten, question, f"{asked} {answered}"):
        return check_question(rewritten)
    return check_question(f"{asked} {question}")


def _shorten(text: str) -> str:
    return " ".join(text.split())[:LONGEST_TURN]


def _is_faithful(rewritten: str, question: str, before: str) -> bool:
    """Whether every name and number of the rewriting was said before, and none of the question's own is lost."""
    if not rewritten.endswith("?") or len(rewritten) < 8:
        return False
    said = f"{question} {before}".casefold()
    new = [name.casefold() for name in _NAME.findall(rewritten[1:])]
    kept = [name.casefold() for name in _NAME.findall(question[1:])]
    return all(name in said for name in new) and all(name in rewritten.casefold() for name in kept)
