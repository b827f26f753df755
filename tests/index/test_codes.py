import numpy as np
import pytest

from askoctober.embedding import unit
from askoctober.index.codes import CENTROIDS, decode, encode, fit_codebook, pieces_of


def vectors(count: int, dimension: int = 128, seed: int = 1) -> np.ndarray:
    """Unit vectors whose first directions hold most of their length, as those of tokens do after the projection."""
    random = np.random.default_rng(seed)
    scales = 1 / np.sqrt(np.arange(1, dimension + 1))
    return unit((random.normal(size=(count, dimension)) * scales).astype(np.float32))


@pytest.mark.parametrize(("dimension", "pieces"), [(128, 32), (64, 16), (10, 3), (7, 2), (4, 1), (1, 1)])
def test_a_byte_stands_for_four_components(dimension, pieces):
    assert pieces_of(dimension) == pieces


def test_what_comes_back_is_near_what_was_coded():
    known, new = vectors(6000), vectors(500, seed=2)
    book = fit_codebook(known)
    assert book.shape == (32, CENTROIDS, 4)
    coded = encode(new, book)
    assert (coded.shape, coded.dtype) == ((500, 32), np.uint8)
    again = decode(coded, book, 128)
    assert np.linalg.norm(again, axis=1) == pytest.approx(1, abs=1e-5)
    assert (new * again).sum(axis=1).mean() > 0.9
    assert np.abs(new @ new.T - again @ again.T).mean() < 0.07


def test_a_code_is_the_nearest_of_its_piece():
    book = fit_codebook(vectors(2000, 16))
    new = vectors(50, 16, seed=3)
    pieces, _, size = book.shape
    cut = new.reshape(50, pieces, size)
    distances = ((cut[:, :, None, :] - book[None]) ** 2).sum(axis=3)
    coded = encode(new, book).astype(int)
    chosen = np.take_along_axis(distances, coded[:, :, None], axis=2)[:, :, 0]
    assert chosen == pytest.approx(distances.min(axis=2), abs=1e-5)


def test_the_same_vectors_give_the_same_codebook():
    known = vectors(3000, 32)
    assert np.array_equal(fit_codebook(known), fit_codebook(known.copy()))


@pytest.mark.parametrize("dimension", [1, 7, 64])
def test_any_dimension_comes_back(dimension):
    known = vectors(400, dimension)
    again = decode(encode(known, fit_codebook(known)), fit_codebook(known), dimension)
    assert again.shape == known.shape and (known * again).sum(axis=1).mean() > 0.8


@pytest.mark.parametrize("count", [1, 2, 4])
def test_few_vectors_come_back_as_they_were(count):
    known = vectors(count, 32)
    book = fit_codebook(known)
    assert np.isfinite(book).all()
    assert (decode(encode(known, book), book, 32) * known).sum(axis=1).min() > 0.97


def test_nothing_is_coded_as_nothing():
    book = fit_codebook(vectors(300, 32))
    none = np.zeros((0, 32), np.float32)
    assert encode(none, book).shape == (0, 8)
    assert decode(encode(none, book), book, 32).shape == (0, 32)
