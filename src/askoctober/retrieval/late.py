"""Late interaction over windows of sentences, in which a rare word of the question counts more than a common one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

import numpy as np

from askoctober.types import Encoder, FloatArray, IntArray

WINDOW = 3
"""Sentences that are looked at together: what answers a question stands near its subject, not all over a chunk."""
MOST_REMEMBERED = 50_000
"""Words whose number of tokens is kept; then they are forgotten, so that no stream of questions fills the memory."""
_WORD = re.compile(r"[^\W_]+")


def best_window(query: FloatArray, tokens: FloatArray, counts: IntArray, weights: FloatArray) -> float:
    """Return the best weighted MaxSim of the query with any `WINDOW` adjoining sentences of a chunk.

    MaxSim is that of `fusion.max_sim` with weighted query tokens. Unit vectors of shapes (query tokens, d) and
    (tokens, d); `counts` says how many of the tokens belong to each sentence, `weights` (query tokens,) are positive.
    """
    if not len(query) or not len(tokens):
        return 0.0
    counts = counts[counts > 0]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    best = np.maximum.reduceat(tokens @ query.T, starts, axis=0)  # (sentences, query tokens)
    windows = max(len(best) - WINDOW + 1, 1)
    joined = np.maximum.reduce([best[shift : shift + windows] for shift in range(min(WINDOW, len(best)))])
    return float((joined @ (weights / weights.sum())).max())


class TokenWeights:
    """Weights of a question's tokens: the root of the inverse document frequency of the word that each belongs to.

    The frequency is that of BM25 (Robertson and Spärck Jones 1976), kept above zero; its root damps the rarest words.
    """

    def __init__(self, encoder: Encoder, frequency: Callable[[str], int], size: int) -> None:
        """Weigh by `frequency`, the number of chunks that hold a word, out of `size`."""
        self._encoder = encoder
        self._frequency = frequency
        self._size = size
        self._lengths: dict[str, int] = {}

    def over(self, frequency: Callable[[str], int], size: int) -> TokenWeights:
        """Return the weights in another index, with the numbers of tokens that are known."""
        other = TokenWeights(self._encoder, frequency, size)
        other._lengths = self._lengths
        return other

    def of(self, text: str, count: int) -> FloatArray:
        """Return the weights of the `count` tokens of a text, shape (count,); all ones where words do not line up.

        Word tokenizers read a word in a sentence as they read it alone, so that its number of tokens tells where the
        next one begins; a text beyond the encoder's longest input is cut at its end.
        """
        words = _WORD.findall(text)
        lengths = self.lengths(words)
        if sum(lengths) < count:
            return np.ones(count, np.float32)
        weights = np.array([self._weight(word) for word in words], np.float32)
        return np.repeat(weights, lengths)[:count]

    def _weight(self, word: str) -> float:
        found = self._frequency(word)
        return math.sqrt(math.log(1 + (self._size - found + 0.5) / (found + 0.5)))

    def lengths(self, words: Sequence[str]) -> list[int]:
        """Return how many tokens each word has; words are remembered, since most questions share most of theirs."""
        known = self._lengths if len(self._lengths) < MOST_REMEMBERED else {}
        self._lengths = known
        new = [word for word in dict.fromkeys(words) if word not in known]
        if new:
            _, tokens = self._encoder.encode_tokens(new)
            known.update(zip(new, map(len, tokens), strict=True))
        return [known[word] for word in words]
