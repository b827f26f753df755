"""Labelled questions: one record, read from JSON lines of our own or from SQuAD 2.0 (see `squad`).

A line of ours is a JSON object. Only `question` must be there:

    id         anything; lines without one are known as "line N"
    kind       a name; kinds that begin with "unanswerable" are those that the articles do not answer
    history    earlier turns, oldest first: [{"role": "user" | "assistant", "content": ...}]
    answer     a reference answer in words
    answers    accepted short answers, for exact match (SQuAD has them)
    must_have  groups of spellings; a right answer holds at least one spelling of each group
    gold       the evidence: [{"file", "quote", "start"?, "alt_group"?}]; quotes of one alt_group state the same fact
    rating     what a reader of the chat thought of an answer; of rated lines with the same id the last one counts, for
               a reader may think again (`askoctober.web.keeping.feedback` writes them)
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askoctober.errors import QuestionError
from askoctober.types import Message

UNANSWERABLE = "unanswerable"
FALSE_PREMISE = "false_premise"
UNKNOWN_KIND = "question"


@dataclass(frozen=True, slots=True)
class Gold:
    """A quote that states a fact the answer needs; `start` is -1 where only its words are known.

    Quotes with the same `group` state the same fact, and any one of them will do.
    """

    path: str
    quote: str
    group: str
    start: int = -1


@dataclass(frozen=True, slots=True)
class Question:
    """A labelled question; labels that are empty are not known, and what needs them is not measured."""

    id: str
    kind: str
    question: str
    history: tuple[Message, ...] = ()
    answer: str = ""
    answers: tuple[str, ...] = ()
    must_have: tuple[tuple[str, ...], ...] = ()
    gold: tuple[Gold, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether the articles answer it; a false premise counts, for they say what is right."""
        return not self.kind.startswith(UNANSWERABLE)

    @property
    def key(self) -> str:
        """What is asked, as a short digest: the same question with the same history has the same key."""
        asked = json.dumps([self.id, self.question, [dict(turn) for turn in self.history]], sort_keys=True)
        return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_questions(path: Path) -> list[Question]:
    """Return the questions of a file of JSON lines, in order; of a question that was rated again, the last line.

    Raises:
        QuestionError: a line cannot be read, or two questions share an id; the message names the line.
    """
    lines = enumerate(read_text(path).splitlines(), 1)
    parsed = [_parse(line, number, path) for number, line in lines if line.strip()]
    if not parsed:
        raise QuestionError(f"{path} holds no question; give one JSON object a line.")
    questions: dict[str, tuple[Question, bool]] = {}
    for question, rated in parsed:
        before = questions.pop(question.id, None)
        if before is not None and not (rated and before[1]):
            raise QuestionError(
                f"{path}: the id {question.id!r} stands there more than once; give each question its own."
            )
        questions[question.id] = question, rated
    return [question for question, _ in questions.values()]


def read_text(path: Path) -> str:
    """Return a file of questions as text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(f"{path} cannot be read ({error}); give a file of questions in UTF-8.") from error


def select(
    questions: Sequence[Question], only: Sequence[str] = (), sample: int | None = None, seed: int = 0
) -> list[Question]:
    """Return the questions of the kinds in `only` (all if empty), of these a sample in which each kind keeps its share.

    The sample has exactly min(sample, questions) members and depends on the seed alone: each kind gets the whole part
    of its share, the places that are left go to the largest remainders (Hamilton's method). Order is kept.

    Raises:
        QuestionError: no question is of such a kind.
    """
    kinds = Counter(question.kind for question in questions)
    unknown = [kind for kind in only if kind not in kinds]
    if unknown:
        raise QuestionError(f"No question is of kind {unknown[0]!r}; there are: {', '.join(sorted(kinds))}.")
    chosen = [question for question in questions if not only or question.kind in only]
    if sample is None or sample >= len(chosen):
        return chosen
    by_kind: dict[str, list[Question]] = {}
    for question in chosen:
        by_kind.setdefault(question.kind, []).append(question)
    shares = {kind: sample * len(members) / len(chosen) for kind, members in by_kind.items()}
    places = {kind: int(share) for kind, share in shares.items()}
    for kind in sorted(shares, key=lambda kind: (places[kind] - shares[kind], kind))[: sample - sum(places.values())]:
        places[kind] += 1
    draw = random.Random(seed)
    taken = {q.id for kind in sorted(by_kind) for q in draw.sample(by_kind[kind], places[kind])}
    return [question for question in chosen if question.id in taken]


def _parse(line: str, number: int, path: Path) -> tuple[Question, bool]:
    """Return the question of a line, and whether the line carries a rating."""
    where = f"{path}, line {number}"
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise QuestionError(f"{where} is not JSON ({error}); correct this line.") from error
    if not isinstance(entry, dict) or not isinstance(entry.get("question"), str) or not entry["question"].strip():
        raise QuestionError(f'{where} holds no "question"; correct this line.')
    try:
        question = Question(
            id=f"line {number}" if entry.get("id") is None else str(entry["id"]),
            kind=str(entry.get("kind") or UNKNOWN_KIND),
            question=entry["question"],
            history=tuple({"role": turn["role"], "content": turn["content"]} for turn in entry.get("history") or ()),
            answer=_text(entry.get("answer") or ""),
            answers=tuple(_text(answer) for answer in entry.get("answers") or ()),
            must_have=tuple(_group(group) for group in entry.get("must_have") or ()),
            gold=tuple(_gold(gold, at) for at, gold in enumerate(entry.get("gold") or ())),
        )
        return question, entry.get("rating") is not None
    except (KeyError, TypeError, ValueError) as error:
        raise QuestionError(f"{where} has a label of the wrong form ({error!r}); correct this line.") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _group(spellings: Any) -> tuple[str, ...]:
    if isinstance(spellings, str) or not spellings:
        raise TypeError(f"must_have holds {spellings!r}, not a list of spellings")
    return tuple(_text(spelling) for spelling in spellings)


def _gold(entry: Any, at: int) -> Gold:
    group = f"group {entry['alt_group']}" if entry.get("alt_group") is not None else f"quote {at}"
    quote = _text(entry["quote"])
    if not quote:
        raise ValueError("an empty quote")
    return Gold(_text(entry["file"]), quote, group, int(entry.get("start", -1)))
