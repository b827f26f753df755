"""An encoder of no model: words hashed into a few dimensions, so that texts that share words are near each other."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from askoctober.embedding import unit
from askoctober.types import FloatArray

_WORD = re.compile(r"[^\W_]+")


class HashEncoder:
    """A bag of words behind the `Encoder` protocol; `seen` keeps every text that it was given."""

    def __init__(self, *, name: str = "hash", fingerprint: str = "hash-1", dimension: int = 64) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.dimension = dimension
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> FloatArray:
        return self.encode_tokens(texts)[0]

    def encode_tokens(self, texts: Sequence[str]) -> tuple[FloatArray, list[FloatArray]]:
        self.seen += texts
        tokens = [self._tokens(text) for text in texts]
        # A text without words is no direction at all; any fixed one will do.
        sums = [block.sum(axis=0) if len(block) else np.eye(1, self.dimension, dtype=np.float32)[0] for block in tokens]
        return unit(np.array(sums, np.float32).reshape(len(texts), self.dimension)), tokens

    def _tokens(self, text: str) -> FloatArray:
        rows = [self._direction(word) for word in _WORD.findall(text.lower())]
        return np.array(rows, np.float32).reshape(-1, self.dimension)

    def _direction(self, word: str) -> FloatArray:
        bits = np.unpackbits(np.frombuffer(hashlib.shake_128(word.encode()).digest(self.dimension // 8), np.uint8))
        return unit(bits.astype(np.float32) * 2 - 1)
