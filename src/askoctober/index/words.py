"""Okapi BM25 over all segments as over one (Robertson and Spärck Jones 1976; Porter stems, by SQLite's FTS5).

FTS5 scores a chunk by the words of its own segment. A word at a time, such a score gives back how often the chunk holds
the word; with the frequencies of the whole index it becomes the score that one large segment would give.

A question's common words are in very many chunks and tell little. They are looked up only in the chunks that its rarer
words found, and there it counts that they occur, not how often; the commonest of them, and those that half of the
chunks hold, do not count at all. So what a search reads has a bound, however large the shelf is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from askoctober.index.segment import Segment
from askoctober.types import IntArray

MOST_WORDS = 64
"""A question's words beyond these do not count: a pasted page would make the word search slow for nothing."""
MOST_FOUND = 10_000
"""Chunks that the words of a question may find together, the rarest words first; the first of them always counts."""
MOST_PASSED = 1_000_000
"""Chunks that hold the common words together, up to which these are looked up, the rarer ones first."""
_K1, _B = 1.2, 0.75
"""FTS5's own parameters."""
_LEAST = 1e-6
"""What FTS5 takes for the weight of a word that half of the chunks hold, or more."""
Scores: TypeAlias = NDArray[np.float64]

_WORD = re.compile(r"\w+")


class Words:
    """The words of an index; safe to share between threads."""

    def __init__(self, segments: Sequence[Segment], dead: Sequence[IntArray]) -> None:
        """Search the words of these segments, but for the rows that are dead in each."""
        self._segments = segments
        self._dead = dead
        self._size = sum(s.size for s in segments) - sum(len(rows) for rows in dead)
        lengths = [
            float(s.words.sum(dtype=np.int64)) - float(s.words[rows].sum(dtype=np.int64))
            for s, rows in zip(segments, dead, strict=True)
        ]
        self._mean = sum(lengths) / max(self._size, 1)
        self._means = [float(s.words.mean()) if s.size else 0.0 for s in segments]
        self.frequency: Callable[[str], int] = lru_cache(maxsize=65536)(self._count)

    def search(self, text: str, k: int) -> list[tuple[int, int, float]]:
        """Return segment, row and score of the k best chunks for the words of a text, best first."""
        words = list(dict.fromkeys(_WORD.findall(text.lower())))[:MOST_WORDS]
        words = sorted((word for word in words if self.frequency(word)), key=self.frequency)
        found = 0
        first: list[str] = []
        for word in words:
            found += self.frequency(word)
            if first and found > MOST_FOUND:
                break
            first.append(word)
        common: list[str] = []
        passed = 0
        for word in words[len(first) :]:
            passed += self.frequency(word)
            if passed > MOST_PASSED or _weight(self._size, self.frequency(word)) <= _LEAST:
                break
            common.append(word)
        scored = [self._score(number, first, common) for number in range(len(self._segments))]
        return _best(scored, k)

    def _score(self, number: int, words: Sequence[str], common: Sequence[str]) -> tuple[IntArray, Scores]:
        """Rows of a segment that hold any of these words, ascending, and their scores; the common count for these."""
        found = [self._score_word(number, word) for word in words]
        rows = np.unique(np.concatenate([np.zeros(0, np.int64), *(at for at, _ in found)]))
        scores = np.zeros(len(rows), np.float64)
        for at, more in found:
            scores[np.searchsorted(rows, at)] += more
        if len(rows) and common:
            damping = _damping(self._segments[number].words[rows].astype(np.float64), self._mean)
            any_of = " OR ".join(f'"{word}"' for word in words)
            for word in common:
                at = self._rows(number, f'"{word}" AND ({any_of})')
                held = np.isin(rows, at)
                scores[held] += _weight(self._size, self.frequency(word)) * (_K1 + 1) / (1 + damping[held])
        return rows, scores

    def _score_word(self, number: int, word: str) -> tuple[IntArray, Scores]:
        """Rows of a segment that hold a word, and what the word adds to their scores."""
        segment, dead = self._segments[number], self._dead[number]
        found = segment.query("SELECT rowid, -bm25(words) FROM words WHERE words MATCH ?", (f'"{word}"',))
        table = np.array(found, np.float64).reshape(-1, 2)
        rows, scores = table[:, 0].astype(np.int64), table[:, 1]
        if (rows < 0).any() or (rows >= segment.size).any() or not np.isfinite(scores).all():
            raise segment.damaged("its words stand in chunks that are not there")
        if len(self._segments) == 1 and not len(dead):
            return rows, scores
        there = _weight(segment.size, len(rows))
        alive = ~np.isin(rows, dead)
        rows, scores = rows[alive], scores[alive]
        part = np.clip(scores / there / (_K1 + 1), 0.0, 1.0 - 1e-9)  # times / (times + damping)
        lengths = segment.words[rows].astype(np.float64)
        times = part * _damping(lengths, self._means[number]) / (1 - part)
        weight = _weight(self._size, self.frequency(word))
        return rows, weight * times * (_K1 + 1) / (times + _damping(lengths, self._mean))

    def _count(self, word: str) -> int:
        """How many chunks hold a word, in any of its forms; of large segments the dead count too."""
        total = 0
        for number, (segment, dead) in enumerate(zip(self._segments, self._dead, strict=True)):
            ((count,),) = segment.query("SELECT count(*) FROM words WHERE words MATCH ?", (f'"{word}"',))
            if count and len(dead) and count <= MOST_FOUND:
                count = int((~np.isin(self._rows(number, f'"{word}"'), dead)).sum())
            total += int(count)
        return total

    def _rows(self, number: int, query: str) -> IntArray:
        rows = self._segments[number].query("SELECT rowid FROM words WHERE words MATCH ?", (query,))
        return np.array(rows, np.int64).ravel()


def is_word(text: str) -> bool:
    """Whether a text is one word, as the search takes words."""
    return bool(_WORD.fullmatch(text))


def _weight(size: int, found: int) -> float:
    weight = math.log((size - found + 0.5) / (found + 0.5)) if found <= size else 0.0
    return weight if weight > 0 else _LEAST


def _damping(lengths: Scores, mean: float) -> Scores:
    return np.asarray(_K1 * (1 - _B + _B * lengths / max(mean, 1e-9)))


def _best(scored: Sequence[tuple[IntArray, Scores]], k: int) -> list[tuple[int, int, float]]:
    """The k best of all segments: by score, then in order of segment and row."""
    parts = np.concatenate([np.full(len(rows), number) for number, (rows, _) in enumerate(scored)] or [np.zeros(0)])
    rows = np.concatenate([rows for rows, _ in scored] or [np.zeros(0, np.int64)])
    scores = np.concatenate([scores for _, scores in scored] or [np.zeros(0)])
    order = np.lexsort((rows, parts, -scores))[:k]
    return [(int(parts[i]), int(rows[i]), float(scores[i])) for i in order]
