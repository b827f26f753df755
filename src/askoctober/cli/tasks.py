"""The lines of a batch: questions in, and the answers that are there from an earlier run.

A line of the input is `{"id", "question", "history"}`; `history` may be absent, and `id` too: a line without one is
known as "line N". Input is untrusted: whatever stands in a line, the others are still answered.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from askoctober.errors import ConfigError

if TYPE_CHECKING:
    from askoctober.types import Message

_START = b'{"id": '
"""How every line of answers begins."""


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the input; `problem` says why it cannot be asked, "" when it can."""

    id: Any
    question: str = ""
    history: tuple[Message, ...] = ()
    problem: str = ""

    @property
    def key(self) -> str:
        """The id as something that can be looked up, whatever kind of JSON it is."""
        return _key(self.id)


def read_tasks(lines: Iterable[bytes]) -> Iterator[Task]:
    """Yield what each line asks for; blank lines are skipped, bad ones become a task with a problem."""
    for number, raw in enumerate(lines, 1):
        if raw.strip():
            yield _parse(raw, f"line {number}")


def read_done(file: BinaryIO, path: Path) -> tuple[Counter[str], int]:
    """Return how often each id stands in the answers so far, and how many bytes of them are whole lines.

    A last line without its newline was torn when its writer died: it is not counted, and is to be cut off.

    Raises:
        ConfigError: the file holds something else than answers, and is better left alone.
    """
    done: Counter[str] = Counter()
    whole = 0
    for raw in file:
        torn = not raw.endswith(b"\n")
        try:
            if torn and not (raw.startswith(_START) or _START.startswith(raw)):
                raise ValueError(raw)
            if not torn:
                done[_key(json.loads(raw)["id"])] += 1
                whole += len(raw)
        except (ValueError, TypeError, KeyError, RecursionError):
            raise ConfigError(
                f"{path} holds something else than answers of `askoctober batch`; name another --output."
            ) from None
    return done, whole


def _key(id: Any) -> str:
    return json.dumps(id, sort_keys=True)


def _parse(raw: bytes, name: str) -> Task:
    try:
        entry = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return Task(name, problem=f"not JSON in UTF-8 ({error})")
    if not isinstance(entry, dict):
        return Task(name, problem='not a JSON object with "id" and "question"')
    id = name if entry.get("id") is None else entry["id"]
    question = entry.get("question")
    if not isinstance(question, str) or not question.strip():
        return Task(id, problem='"question" is missing, empty or not a text')
    turns = [] if entry.get("history") is None else entry["history"]
    if not isinstance(turns, list) or not all(map(_is_turn, turns)):
        return Task(id, problem='"history" is not a list of {"role": "user" or "assistant", "content": text}')
    history = tuple({"role": turn["role"], "content": turn["content"]} for turn in turns)
    try:
        "".join([question, *(message["content"] for message in history)]).encode()
    except UnicodeEncodeError:
        return Task(id, problem="half a surrogate pair in the text")
    return Task(id, question, history)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, dict) and turn.get("role") in ("user", "assistant") and isinstance(turn.get("content"), str)
