"""The directions that token vectors are projected on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from askoctober.index.format import TOKEN_DIMENSIONS
from askoctober.types import FloatArray

SAMPLE = 8000
"""Token vectors that a projection is fitted to; more make it no better."""


def project(vectors: FloatArray, basis: FloatArray) -> FloatArray:
    """Return vectors, shape (tokens, dimension), on the directions of a basis, at unit length again."""
    projected = vectors @ basis
    lengths = np.linalg.norm(projected, axis=-1, keepdims=True)
    return np.asarray(projected / np.maximum(lengths, 1e-12), np.float32)


def fit_basis(tokens: Sequence[FloatArray], dimension: int, sample: int = SAMPLE) -> FloatArray:
    """Return the projection of token vectors on their main directions, shape (dimension, token dimension).

    These are the right singular vectors of a sample of the tokens, not centred, so that inner products keep their
    meaning. Deterministic.
    """
    kept = min(TOKEN_DIMENSIONS, dimension)
    rows = np.concatenate([t for t in tokens if len(t)]) if any(len(t) for t in tokens) else np.eye(dimension)
    if len(rows) > sample:
        rows = rows[np.random.default_rng(1917).choice(len(rows), sample, replace=False)]
    covariance = np.asarray(rows, np.float64).T @ np.asarray(rows, np.float64)
    _, directions = np.linalg.eigh(covariance)
    main = directions[:, ::-1][:, :kept]
    # The sign of an eigenvector is arbitrary; fix it, so that two builds of one shelf are alike.
    main = main * np.sign(main[np.abs(main).argmax(axis=0), np.arange(kept)])
    return np.asarray(main, np.float32)
