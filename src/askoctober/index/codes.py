"""Token vectors of large segments as codes: product quantisation (Jégou et al. 2011), by FAISS.

A vector of `TOKEN_DIMENSIONS` is cut into pieces, and each piece is stood for by the nearest of 256 learnt ones: one
byte a piece, in place of one a component. All segments of an index share the learnt pieces, the codebook.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from askoctober.types import FloatArray

PIECES = 32
"""Bytes of a token's code where its dimension can be cut into so many pieces; a quarter of its 8-bit numbers."""
CENTROIDS = 256
SAMPLE = 65_536
"""Token vectors that a codebook is learnt from."""


def pieces_of(dimension: int) -> int:
    """Return into how many pieces vectors of a dimension are cut."""
    return next(pieces for pieces in (PIECES, 16, 8, 4, 2, 1) if dimension % pieces == 0)


def fit_codebook(tokens: FloatArray) -> FloatArray:
    """Return the codebook learnt from token vectors, shape (pieces, CENTROIDS, dimension of a piece)."""
    import faiss

    dimension = tokens.shape[1]
    quantizer = faiss.ProductQuantizer(dimension, pieces_of(dimension), 8)
    quantizer.cp.seed = 1917
    quantizer.cp.min_points_per_centroid = 1
    if len(tokens) < CENTROIDS:
        tokens = np.concatenate([tokens, np.zeros((CENTROIDS - len(tokens), dimension), np.float32)])
    quantizer.train(np.ascontiguousarray(tokens, np.float32))
    return np.asarray(faiss.vector_to_array(quantizer.centroids), np.float32).reshape(quantizer.M, CENTROIDS, -1)


def encode(tokens: FloatArray, codebook: FloatArray) -> NDArray[np.uint8]:
    """Return the codes of token vectors, shape (tokens, pieces)."""
    import faiss

    pieces, _, size = codebook.shape
    quantizer = faiss.ProductQuantizer(pieces * size, pieces, 8)
    faiss.copy_array_to_vector(np.ascontiguousarray(codebook, np.float32).ravel(), quantizer.centroids)
    return np.asarray(quantizer.compute_codes(np.ascontiguousarray(tokens, np.float32)), np.uint8)


def decode(codes: NDArray[np.uint8], codebook: FloatArray) -> FloatArray:
    """Return the vectors that codes stand for, shape (tokens, dimension), of length 1."""
    pieces, _, size = codebook.shape
    vectors = codebook[np.arange(pieces), codes].reshape(len(codes), pieces * size)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
