"""Token vectors of large segments as codes: two bits a component, four components a byte.

Each component has four levels of its own, those that lie nearest to what it takes in a sample (Lloyd 1982, Max 1960). A
byte stands for four components, so what codes stand for is one table, the codebook: it has the shape that product
quantisation would give (Jégou et al. 2011), and a reader need not know how it was fitted. Codes of the same length from
a codebook that is learnt for four components at once find as much and take a hundred times as long to make.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from askoctober.types import FloatArray

LEVELS = 4
SIZE = 4
"""Components that a byte stands for."""
CENTROIDS = LEVELS**SIZE
SAMPLE = 65_536
"""Token vectors that a codebook is fitted to."""
_ROUNDS = 12
_NORMAL = np.array([-1.510, -0.4528, 0.4528, 1.510], np.float32)
"""The four levels of least error for a normal distribution (Max 1960), from which the fit begins."""


def pieces_of(dimension: int) -> int:
    """Return how many bytes the code of a vector has."""
    return -(-dimension // SIZE)


def fit_codebook(tokens: FloatArray) -> FloatArray:
    """Return the codebook fitted to token vectors, shape (pieces, CENTROIDS, SIZE)."""
    dimension = tokens.shape[1]
    spread = tokens.std(axis=0) if len(tokens) else np.ones(dimension, np.float32)
    middle = tokens.mean(axis=0) if len(tokens) else np.zeros(dimension, np.float32)
    levels = (middle[:, None] + np.maximum(spread, 1e-6)[:, None] * _NORMAL).astype(np.float32)
    for _ in range(_ROUNDS):
        chosen = _nearest(tokens, levels)
        for level in range(LEVELS):
            held = chosen == level
            count = held.sum(axis=0)
            mean = np.where(held, tokens, 0).sum(axis=0) / np.maximum(count, 1)
            levels[:, level] = np.where(count > 0, mean, levels[:, level])
    padded = np.zeros((pieces_of(dimension) * SIZE, LEVELS), np.float32)
    padded[:dimension] = levels
    return _table(padded.reshape(-1, SIZE, LEVELS))


def encode(tokens: FloatArray, codebook: FloatArray) -> NDArray[np.uint8]:
    """Return the codes of token vectors, shape (tokens, pieces)."""
    pieces = codebook.shape[0]
    # The byte whose components all have one level holds that level of each.
    same = [sum(level * LEVELS**place for place in range(SIZE)) for level in range(LEVELS)]
    levels = codebook[:, same, :].transpose(0, 2, 1).reshape(pieces * SIZE, LEVELS)
    chosen = np.zeros((len(tokens), pieces * SIZE), np.uint8)
    chosen[:, : tokens.shape[1]] = _nearest(tokens, levels[: tokens.shape[1]])
    parts = chosen.reshape(len(tokens), pieces, SIZE)
    return np.asarray(parts[..., 0] | parts[..., 1] << 2 | parts[..., 2] << 4 | parts[..., 3] << 6, np.uint8)


def decode(codes: NDArray[np.uint8], codebook: FloatArray, dimension: int) -> FloatArray:
    """Return the vectors that codes stand for, shape (tokens, dimension), of length 1."""
    pieces = np.arange(codebook.shape[0])
    vectors = codebook[pieces, codes].reshape(len(codes), codebook.shape[0] * SIZE)[:, :dimension]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def _nearest(tokens: FloatArray, levels: FloatArray) -> NDArray[np.uint8]:
    """The level of each component that is nearest, shape (tokens, dimension); levels, (dimension, LEVELS), rise."""
    bounds = (levels[:, 1:] + levels[:, :-1]) / 2
    chosen = np.zeros(tokens.shape, np.uint8)
    for bound in bounds.T:
        chosen += tokens > bound
    return chosen


def _table(levels: FloatArray) -> FloatArray:
    """The vectors of all bytes, shape (pieces, CENTROIDS, SIZE), from levels of shape (pieces, SIZE, LEVELS)."""
    numbers = np.arange(CENTROIDS)
    places = [levels[:, place, (numbers >> 2 * place) & 3] for place in range(SIZE)]
    return np.ascontiguousarray(np.stack(places, axis=-1), np.float32)
