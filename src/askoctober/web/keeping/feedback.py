"""Thumbs up and down, kept as labelled questions in a local file that `askoctober eval` reads.

An answer that a reader called right says what the question needs: its quotes. One that a reader called wrong says
only what not to say again, so its line has no labels.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from askoctober.errors import ConfigError
from askoctober.types import Message
from askoctober.web.keeping.records import LONGEST_WORD, RATINGS
from askoctober.web.session import Turn

KIND = "feedback"
DECLINED_KIND = "unanswerable_feedback"
"""A decline that was called right; the name begins as evaluation's kinds do that the articles do not answer."""
LARGEST = 50_000_000
"""Bytes of the file after which nothing is added."""
LARGEST_LINE = 1_000_000
# JSON leaves these as they are, and a reader of lines may take them for the end of one.
_LINE_ENDS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x85\u2028\u2029"}


class Feedback:
    """The file of one chat; safe to share between threads.

    Several processes may append to one file: a line is one write, and at worst an empty line stands between two.
    """

    def __init__(self, path: Path) -> None:
        """Append to `path`; the file and its folder are made with the first line."""
        self.path = path
        self._lock = threading.Lock()

    def add(self, turn: Turn, history: Sequence[Message], rating: str, word: str = "") -> None:
        """Append what a reader thought of a turn; `history` is what had been said before it was asked.

        Raises:
            ConfigError: the rating is none, the line is too long, or the file is full or cannot be written.
        """
        if not rating or rating not in RATINGS:
            raise ConfigError(f"{rating!r} is no rating; give one of: {', '.join(filter(None, RATINGS))}.")
        text = json.dumps(labelled(turn, history, rating, word), ensure_ascii=False).translate(_LINE_ENDS)
        # Half surrogates are written as JSON escapes.
        line = text.encode("utf-8", "backslashreplace") + b"\n"
        if len(line) > LARGEST_LINE:
            raise ConfigError("The conversation is too long to be kept with a rating; begin a new one.")
        try:
            with self._lock:
                self._append(line)
        except OSError as error:
            raise ConfigError(
                f"{self.path} cannot be written ({error.strerror}); make room for it or name another file."
            ) from error

    def _append(self, line: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        file = os.open(self.path, flags, 0o600)
        try:
            size = os.lseek(file, 0, os.SEEK_END)
            if size + len(line) >= LARGEST:
                raise ConfigError(f"{self.path} is full at {LARGEST // 1_000_000} MB; move it away and rate again.")
            if size:
                # A line that was cut off, by a full disk say, must not spoil the next.
                os.lseek(file, -1, os.SEEK_END)
                line = line if os.read(file, 1) == b"\n" else b"\n" + line
            if os.write(file, line) < len(line):
                raise OSError(None, "no space is left")
        finally:
            os.close(file)


def labelled(turn: Turn, history: Sequence[Message], rating: str, word: str = "") -> dict[str, Any]:
    """Return a rated turn as a labelled question; `evaluation.questions` has the meaning of the labels."""
    asked = [{"role": message["role"], "content": message["content"]} for message in history]
    answer = turn.answer
    declined = answer is not None and answer.declined
    entry: dict[str, Any] = {
        "id": _digest(turn.question, asked),
        "kind": DECLINED_KIND if declined and rating == "up" else KIND,
        "question": turn.question,
        "history": asked,
        "rating": rating,
        "word": word.strip()[:LONGEST_WORD],
        "given": turn.text,
        "declined": declined,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    # An answer that was stopped is not known to be whole.
    if rating == "up" and answer is not None and not declined:
        entry["answer"] = " ".join(sentence.text for sentence in answer.sentences)
        entry["gold"] = [
            {"file": citation.article.path, "quote": citation.quote}
            for citation in answer.citations
            if citation.mark not in turn.moved and citation.quote
        ]
    return entry


def _digest(question: str, history: Sequence[Message]) -> str:
    """Return what names a question: the same for the same question after the same history."""
    asked = json.dumps([question, [dict(message) for message in history]], sort_keys=True)
    return hashlib.sha256(asked.encode("ascii")).hexdigest()[:16]
