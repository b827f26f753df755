from pathlib import Path

import numpy as np
import pytest

from askoctober.embedding import unit
from askoctober.index.lists import LEAST_REFINED, MOST_REFINED, Shape, build, lists_for, open_lists, pieces_for, rank

SIZE, DIMENSION = 3000, 32


def clustered(count: int, seed: int = 1) -> np.ndarray:
    """Unit vectors in groups, as those of chunks on a few subjects are."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(40, DIMENSION))
    return unit((centres[random.integers(0, 40, count)] + 0.6 * random.normal(size=(count, DIMENSION))).astype("f4"))


SENTENCES = clustered(400, seed=2).astype(np.float16)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray, Shape, dict]:
    path = tmp_path_factory.mktemp("lists") / "lists.ivf"
    vectors = clustered(SIZE).astype(np.float16)
    return path, vectors, *build(vectors, SENTENCES, path, 16)


def test_the_file_has_its_shape(built):
    path, vectors, shape, how = built
    assert shape == Shape(SIZE, DIMENSION, lists_for(SIZE), 16)
    assert path.stat().st_size == shape.bytes()
    assert 1 <= how["probe"] <= shape.lists and LEAST_REFINED <= how["refined"] <= MOST_REFINED


def test_what_is_measured_is_what_is_found(built):
    path, vectors, shape, how = built
    assert how["recall"] >= 0.97
    opened = open_lists(path, shape)
    asked = unit(vectors[::30].astype("f4") + 0.1 * np.random.default_rng(5).normal(size=(100, DIMENSION)).astype("f4"))
    shares = []
    for vector in asked:
        found, scores = rank(vectors, opened.search(vector, how["refined"], how["probe"]), vector, 10)
        cosines = vectors.astype("f4") @ vector
        true = np.argsort(-cosines, kind="stable")[:10]
        shares.append(len(np.intersect1d(found, true)) / 10)
        assert scores == pytest.approx(cosines[found], abs=1e-5)
        assert (np.diff(scores) <= 0).all()
    assert np.mean(shares) >= 0.95


def test_with_all_lists_read_every_chunk_is_met(built):
    path, _, shape, _ = built
    rows = open_lists(path, shape).search(clustered(1)[0], SIZE, shape.lists)
    assert sorted(rows.tolist()) == list(range(SIZE))


def test_the_same_vectors_give_the_same_file(built, tmp_path):
    path, vectors, *_ = built
    build(vectors, SENTENCES, tmp_path / "again", 16)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def part(shape: Shape, name: int) -> slice:
    """Where one of the arrays lies in the file."""
    sizes = [np.dtype(kind).itemsize * int(np.prod(shape)) for kind, shape in shape.parts()]
    return slice(sum(sizes[:name]), sum(sizes[: name + 1]))


@pytest.mark.parametrize(
    ("name", "kind", "change", "why"),
    [
        (3, "<i8", lambda a: a + 1, "do not follow each other"),
        (3, "<i8", lambda a: a[::-1], "do not follow each other"),
        (3, "<i8", lambda a: np.where(np.arange(len(a)) == 1, 2**40, a), "do not follow each other"),
        (4, "<i4", lambda a: np.where(a == 0, SIZE, a), "names a wrong row"),
        (4, "<i4", lambda a: np.where(a == 0, -1, a), "names a wrong row"),
        (4, "<i4", lambda a: np.where(a == 0, 1, a), "names a wrong row"),
        (0, "<f4", lambda a: a * np.float32("nan"), "holds what is no number"),
        (1, "<f4", lambda a: np.where(a == a.max(), np.float32("inf"), a), "holds what is no number"),
        (2, "<f4", lambda a: a * np.float32("nan"), "holds what is no number"),
    ],
)
def test_lists_that_cannot_be_are_refused(built, tmp_path, name, kind, change, why):
    path, _, shape, _ = built
    data = bytearray(path.read_bytes())
    place = part(shape, name)
    data[place] = change(np.frombuffer(bytes(data[place]), kind)).astype(kind).tobytes()
    (tmp_path / "bad").write_bytes(bytes(data))
    with pytest.raises(ValueError, match=why):
        open_lists(tmp_path / "bad", shape)


def test_a_file_of_another_length_is_refused(built, tmp_path):
    path, _, shape, _ = built
    for data in (path.read_bytes()[:-1], path.read_bytes() + b"x", b""):
        (tmp_path / "bad").write_bytes(data)
        with pytest.raises(ValueError, match="in place of"):
            open_lists(tmp_path / "bad", shape)


def test_codes_may_be_any_bytes(built, tmp_path):
    path, _, shape, _ = built
    data = bytearray(path.read_bytes())
    data[part(shape, 5)] = bytes([255]) * (SIZE * 16)
    (tmp_path / "odd").write_bytes(bytes(data))
    rows = open_lists(tmp_path / "odd", shape).search(clustered(1)[0], 5, shape.lists)
    assert set(rows.tolist()) <= set(range(SIZE))


@pytest.mark.parametrize(
    ("count", "dimension", "memory", "pieces"),
    [
        (100_000, 384, 0, 64),
        (100_000, 64, 0, 64),
        (100_000, 100, 0, 1),
        (1_000_000, 384, 72_000_000, 64),
        (1_000_000, 384, 71_000_000, 48),
        (1_000_000, 384, 1_000_000_000, 128),
        (1_000_000, 384, 1, 1),
    ],
)
def test_codes_are_as_long_as_the_memory_allows(count, dimension, memory, pieces):
    assert pieces_for(count, dimension, memory) == pieces


def test_lists_grow_with_the_root_of_the_chunks():
    assert [lists_for(count) for count in (0, 1, 100, 10_000, 1_000_000)] == [4, 4, 32, 512, 4096]
