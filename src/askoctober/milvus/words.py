"""The stems of a text, as the local index makes them: Porter's, without accents, by SQLite's FTS5.

Milvus's own analyzers stem otherwise, and those of milvus-lite not at all; so it is given stems, and ranks these.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Sequence

MOST_WORDS = 64
"""A question's words beyond these do not count."""
_WORD = re.compile(r"\w+")


class Stems:
    """Texts to stems; safe to share between threads."""

    def __init__(self) -> None:
        """Make the table that parts texts into stems; it never holds any for long."""
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.executescript(
            "CREATE VIRTUAL TABLE texts USING fts5(body, tokenize='porter unicode61 remove_diacritics 2');"
            "CREATE VIRTUAL TABLE stems USING fts5vocab(texts, instance);"
        )

    def of(self, texts: Sequence[str]) -> list[list[str]]:
        """The stems of each text, in order, each as often as it stands there."""
        found: list[list[str]] = [[] for _ in texts]
        with self._lock, self._database:
            rows = [(row, text.encode("utf-8", "replace").decode()) for row, text in enumerate(texts)]
            self._database.executemany("INSERT INTO texts(rowid, body) VALUES (?, ?)", rows)
            for row, stem in self._database.execute("SELECT doc, term FROM stems ORDER BY doc, offset"):
                found[row].append(str(stem))
            self._database.execute("DELETE FROM texts")
        return found

    def of_question(self, text: str) -> list[str]:
        """The stems of a question's first `MOST_WORDS` words, each once."""
        words = list(dict.fromkeys(_WORD.findall(text.lower())))[:MOST_WORDS]
        return list(dict.fromkeys(self.of([" ".join(words)])[0]))

    def close(self) -> None:
        """Free the table."""
        with self._lock:
            self._database.close()
