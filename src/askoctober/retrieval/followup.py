"""Follow-up questions ("and who opposed it?"), made to stand alone before anything is searched."""

from __future__ import annotations

import re
from collections.abc import Sequence

from askoctober.prompts import fill, read_prompt
from askoctober.retrieval.retriever import LONGEST_QUESTION, check_question
from askoctober.types import Generator, Message

LONGEST_TURN = 400
"""Characters of an earlier turn that the model is shown: its subject stands near its beginning."""
MOST_TOKENS = 80
_NAME = re.compile(r"\b(?:[A-Z][\w'’-]+|\d[\d,.]*)")
_MARK = re.compile(r"\s*\[\d+\]")
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")
_STEM = 5
FEWEST_WORDS = 5
FEWEST_LONG_WORDS = 4
_POINTING = frozenset("he him his she her hers it its they them their theirs".split())
_CONTINUING = frozenset("and but or so then also".split())
"""English words that lean on what was said before; in other languages a question must name something to stand alone."""


def stands_alone(question: str) -> bool:
    """Whether a question needs nothing of the conversation before it: a new subject is not searched with the old one.

    It does if it names something before any pronoun, or says enough in words of its own without one. In doubt it does
    not.
    """
    words = re.findall(r"[^\W_]+", question)
    if len(words) < FEWEST_WORDS or words[0].casefold() in _CONTINUING:
        return False
    named = (at for at, word in enumerate(words) if at and (word[0].isupper() or word[0].isdigit()))
    pointing = (at for at, word in enumerate(words) if word.casefold() in _POINTING)
    first_name, first_pronoun = next(named, len(words)), next(pointing, len(words))
    if first_pronoun < len(words):
        return first_name < first_pronoun
    return first_name < len(words) or len(_LONG_WORD.findall(question)) >= FEWEST_LONG_WORDS


def make_standalone(question: str, history: Sequence[Message], generator: Generator) -> str:
    """Return the question as it reads without the conversation before it.

    The model rewrites it from the last question and answer. A rewriting that brings in a name or number from nowhere,
    or loses what the question asked, is not trusted: then the earlier question is put in front instead.
    """
    asked, answered = _last(history, "user"), _last(history, "assistant")
    if not asked or stands_alone(question):
        return question
    messages = [
        {"role": "system", "content": read_prompt("system.txt")},
        {"role": "user", "content": fill("followup.txt", question=asked, answer=answered, followup=question)},
    ]
    pieces = generator.generate(messages, grammar=read_prompt("followup.gbnf"), max_tokens=MOST_TOKENS)
    rewritten = " ".join("".join(piece.text for piece in pieces).split())
    if _is_faithful(rewritten, question, f"{asked} {answered}"):
        return check_question(rewritten)
    return _behind(asked, question)


def with_context(question: str, standalone: str, history: Sequence[Message]) -> str:
    """Return what to search for: a follow-up with the question it follows in front, which tells what it is about.

    `question` is as it was asked, `standalone` as `make_standalone` made it.
    """
    asked = _last(history, "user")
    if not asked or stands_alone(question) or standalone.startswith(asked):
        return standalone
    return _behind(asked, standalone)


def _behind(asked: str, question: str) -> str:
    """The question behind an earlier one, of which as much is kept as there is room for."""
    room = max(LONGEST_QUESTION - len(check_question(question)) - 1, 0)
    return check_question(f"{asked[:room]} {question}")


def _last(history: Sequence[Message], role: str) -> str:
    """The beginning of the last turn of a speaker, without marks; empty where there is none."""
    said = next((turn["content"] for turn in reversed(history) if turn["role"] == role and turn["content"].strip()), "")
    return " ".join(_MARK.sub("", said).split())[:LONGEST_TURN]


def _is_faithful(rewritten: str, question: str, before: str) -> bool:
    """Whether every name and number of the rewriting was said before, and what the question asked is still in it."""
    if not rewritten.endswith("?") or len(rewritten) < 8:
        return False
    said = f"{question} {before}"
    stems = {word[:_STEM] for word in _LONG_WORD.findall(question.casefold())}
    if sum(stem not in rewritten.casefold() for stem in stems) > len(stems) / 2:
        return False
    return all(_says(said, name) for name in _NAME.findall(rewritten[1:])) and all(
        _says(rewritten, name) for name in _NAME.findall(question[1:])
    )


def _says(text: str, name: str) -> bool:
    """Whether a text holds a name, perhaps with an ending ("Bolsheviks"), or a number as it is (1917 is no 17)."""
    word = re.escape(name.rstrip(",.").casefold())
    end = r"(?!\d)" if name[0].isdigit() else ""
    return re.search(rf"(?<!\w){word}{end}", text.casefold()) is not None
