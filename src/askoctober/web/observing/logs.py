"""One line a question in the log, as JSON or for people; it names no file, no client, and no question unasked.

The lines go to the logger `askoctober.questions`, at the level INFO: a program that mounts the chat decides by means of
Python's own logging what becomes of them. `askoctober serve --log` writes them to standard error.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import PurePath
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from askoctober.web.observing.watching import Record

questions = logging.getLogger("askoctober.questions")
FIELDS = "fields"
"""The attribute of a log record that holds what a question's line says."""
SOURCES = ("askoctober", "uvicorn")
"""The loggers whose records are written."""


def tell(record: Record, trace: str = "") -> None:
    """Write a question's line, where somebody reads it; `trace` is the id of its trace."""
    if questions.isEnabledFor(logging.INFO):
        fields = describe(record, trace)
        questions.info("%s", summarize(fields), extra={FIELDS: fields})


def describe(record: Record, trace: str = "") -> dict[str, Any]:
    """Return what a line says of a question, as JSON; what is not known is left out."""
    answer = record.answer
    optional = {
        "error": record.error,
        "client": record.client,
        "trace": trace,
        "kept": record.is_kept,
        "question": record.question,
    }
    answered = {"model": answer.model, "confidence": round(answer.confidence, 3)} if answer else {}
    first = {} if record.first_token is None else {"first_token": _milliseconds(record.first_token)}
    return {
        "id": record.id,
        "door": record.door,
        "outcome": record.outcome,
        "ms": {
            **{stage: _milliseconds(seconds) for stage, seconds in record.stages.items()},
            **first,
            "total": _milliseconds(record.total),
        },
        "tokens": {"read": record.read, "written": record.written},
        "position": record.position,
        **answered,
        **{name: value for name, value in optional.items() if value},
    }


def summarize(fields: dict[str, Any]) -> str:
    """Return a question's line for people."""
    spent = ", ".join(f"{stage} {milliseconds / 1000:.2f} s" for stage, milliseconds in fields["ms"].items())
    tokens = fields["tokens"]
    named = ("door", "position", "error", "client", "trace", "id")
    parts = [
        f"{fields['outcome']} ({spent})",
        f"{tokens['read']} tokens read, {tokens['written']} written",
        *(f"{name} {fields[name]}" for name in named if name in fields),
        *([json.dumps(fields["question"], ensure_ascii=False)] if "question" in fields else []),
    ]
    return "; ".join(parts)


class JsonFormatter(logging.Formatter):
    """Log records as JSON objects, one a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: a question's fields, or the message and what was raised, without paths."""
        fields = getattr(record, FIELDS, None)
        told: dict[str, Any] = {"time": _time(record), "level": record.levelname.lower()}
        if fields is None:
            told |= {"event": "message", "logger": record.name, "message": record.getMessage()}
            if record.exc_info and record.exc_info[1] is not None:
                told |= {"error": repr(record.exc_info[1]), "at": _places(record.exc_info[1])}
        else:
            told |= {"event": "question", **fields}
        return json.dumps(told, ensure_ascii=True, default=str)


class TextFormatter(logging.Formatter):
    """Log records as lines for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and below it what was raised."""
        line = f"{_time(record)} {record.levelname.lower()}: {record.getMessage()}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


FORMS: dict[str, type[logging.Formatter]] = {"json": JsonFormatter, "text": TextFormatter}


def say(message: str, level: int) -> None:
    """Write a line of JSON about the server itself to standard error."""
    told = {"name": "askoctober.serving", "levelno": level, "levelname": logging.getLevelName(level), "msg": message}
    sys.stderr.write(JsonFormatter().format(logging.makeLogRecord(told)) + "\n")
    sys.stderr.flush()


@contextmanager
def writing(form: str) -> Iterator[None]:
    """Write the log to standard error meanwhile, in a form: "json", "text" or "off"."""
    if form not in FORMS:
        yield
        return
    handler = logging.StreamHandler()
    handler.setFormatter(FORMS[form]())
    before = {name: logging.getLogger(name).handlers for name in SOURCES}
    level = questions.level
    questions.setLevel(logging.INFO)
    for name in SOURCES:
        logging.getLogger(name).handlers = [handler]
    try:
        yield
    finally:
        questions.setLevel(level)
        for name, handlers in before.items():
            logging.getLogger(name).handlers = handlers


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _places(error: BaseException) -> list[str]:
    """Where something was raised, the innermost last; folders are this machine's own affair."""
    frames = extract_tb(error.__traceback__)
    return [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
