from pathlib import Path

import numpy as np
import pytest

from askoctober.embedding import unit
from askoctober.errors import IndexFolderError
from askoctober.index import IndexWriter, LocalStore, segment, write_index
from askoctober.index.segment import Segment
from askoctober.types import Article
from encoders import HashEncoder
from index.entries import entry_of, note

BASIS = np.eye(32, dtype=np.float32)
NONE = np.zeros(0, np.int64)
SUBJECTS = "bees clocks moons tides dams comb sea sand turbines voyages captains stars silt nectar smell".split()


def essay(number: int) -> Article:
    """An article of some chunks on a subject or two."""
    random = np.random.default_rng(number)
    own = random.choice(SUBJECTS, 3)
    lines = [f"{' '.join(random.choice(own, 3))} {random.integers(9)} {random.integers(99)}." for _ in range(12)]
    return Article(f"e-{number}", f"{number:03}.md", f"Essay {number}", text=" ".join(lines))


ESSAYS = [entry_of(essay(number), 60, 32) for number in range(80)]


@pytest.fixture(scope="module", params=["small", "coded", "large"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The same essays as a segment of each size, by lower thresholds."""
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "small":
            patch.setattr("askoctober.index.partial.LARGE", 50)
        if request.param == "large":
            patch.setattr("askoctober.index.partial.APPROXIMATE", 50)
        write_index(folder, ESSAYS, BASIS, {"about": "x"})
    return request.param, folder


@pytest.fixture
def store(built: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A copy of it that may be changed."""
    size, folder = built
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    if size != "small":
        monkeypatch.setattr("askoctober.index.partial.LARGE", 50)
        monkeypatch.setattr("askoctober.index.segment.LARGE", 50)
    if size == "large":
        monkeypatch.setattr("askoctober.index.partial.APPROXIMATE", 50)
    monkeypatch.setattr("askoctober.index.writing.SMALL", 0)
    store = LocalStore.open(tmp_path)
    (record,) = store.manifest["segments"]
    assert record["chunks"] > 256, "FAISS learns 256 centroids"
    assert record["coded"] == (size != "small")
    assert ("lists" in record) == (size == "large")
    yield store
    store.close()


def questions() -> np.ndarray:
    return HashEncoder(dimension=32).encode([f"{a} {b}" for a, b in zip(SUBJECTS, SUBJECTS[3:], strict=False)])


def test_dense_search_finds_the_nearest(store):
    shares = []
    for vector in questions():
        rows, scores = store.search_dense(vector, 10)
        true, best = store.search_dense_exactly(vector, 10)
        cosines = store.chunk_vectors(np.arange(store.size)) @ vector
        assert best == pytest.approx(np.sort(cosines)[::-1][:10], abs=1e-5)
        assert scores == pytest.approx(cosines[rows], abs=1e-5)
        assert (np.diff(scores) <= 1e-6).all()
        shares.append(np.mean(scores >= best[-1] - 1e-5))
    assert np.mean(shares) >= (0.95 if "lists" in store.manifest["segments"][0] else 1.0)


def test_what_is_dead_is_never_found(store):
    seg = store.segments[0]
    for vector in questions():
        best = seg.search_dense(vector, 20, NONE)[0]
        dead = np.sort(best[::2])
        for search in (seg.search_dense, seg.search_dense_exactly, seg.search_sentences):
            rows, _ = search(vector, 20, dead)
            assert not np.intersect1d(rows, dead).size
            assert len(rows)
        assert set(best[1::2].tolist()) <= set(seg.search_dense_exactly(vector, 20, dead)[0].tolist())


def test_sentence_search_gives_each_chunk_once_with_its_best(store):
    for vector in questions()[:4]:
        rows, scores = store.search_sentences(vector, 10)
        assert len(set(rows.tolist())) == len(rows)
        best = [(store.sentence_vectors(row) @ vector).max() for row in rows.tolist()]
        assert scores == pytest.approx(best, abs=1e-3)
        everywhere = max((store.sentence_vectors(row) @ vector).max() for row in range(store.size))
        assert scores[0] == pytest.approx(everywhere, abs=1e-3)


def test_best_sentences_are_those_of_each_chunk_in_the_order_asked(store):
    rows = np.random.default_rng(3).permutation(store.size)[:40]
    for vector in questions()[:2]:
        best = [(store.sentence_vectors(row) @ vector).max() for row in rows.tolist()]
        assert store.best_sentences(rows, vector) == pytest.approx(best, abs=1e-5)
    assert store.best_sentences(rows[:0], vector).shape == (0,)


def test_of_a_large_segment_the_sentences_of_near_chunks_alone_are_read(store, monkeypatch):
    monkeypatch.setattr(segment, "NEAR", 5)
    vector = questions()[0]
    rows, _ = store.search_sentences(vector, 100)
    if store.manifest["segments"][0]["coded"]:
        assert sorted(rows.tolist()) == sorted(store.search_dense(vector, 5)[0].tolist())
    else:
        assert len(rows) > 5


def test_token_vectors_come_back(store):
    coded = store.manifest["segments"][0]["coded"]
    row = 0
    likeness = []
    for entry in ESSAYS[:20]:
        tokens, at = unit(np.asarray(entry.tokens, np.float32)), 0
        for chunk, spans in entry.chunks:
            assert store.chunk(row) == chunk
            assert store.sentences(row) == spans
            count = int(store.token_counts(row).sum())
            found = store.token_vectors(row)
            assert found.shape == (count, 32)
            likeness += (found * tokens[at : at + count]).sum(axis=1).tolist()
            at += count
            row += 1
        assert at == len(tokens)
    assert np.mean(likeness) > (0.9 if coded else 0.97)


def test_a_large_segment_is_written_again_as_it_was(store, tmp_path):
    folder = store.folder
    before = {article.id: store.entry(article.id) for article in store.articles()}
    with IndexWriter.open(folder, {"about": "x"}, basis=BASIS) as writer:
        for number in range(30):  # more than a third: it is written again
            writer.drop(writer.known_id(f"e-{number}"))
        writer.add(note(500, 2, 32))
        writer.commit({})
    again = LocalStore.open(folder)
    assert len(again.segments) == 1
    assert len(again.articles()) == 51
    for article in again.articles():
        if article.id == "n-500":
            continue
        entry, old = again.entry(article.id), before[article.id]
        assert (entry.article, entry.chunks) == (old.article, old.chunks)
        assert np.array_equal(entry.vectors, old.vectors)
        assert np.array_equal(entry.sentence_vectors, old.sentence_vectors)
        assert np.array_equal(entry.tokens, old.tokens)
    again.close()


def test_a_small_segment_beside_a_coded_one_keeps_its_eight_bits(store):
    folder = store.folder
    with IndexWriter.open(folder, {"about": "x"}, basis=BASIS) as writer:
        writer.add(note(500, 2, 32))
        manifest = writer.commit({})
    assert [record["coded"] for record in manifest["segments"]] == [store.manifest["segments"][0]["coded"], False]
    both = LocalStore.open(folder)
    row = both.row(note(500, 2, 32).chunks[0][0].id)
    assert both.token_vectors(row) == pytest.approx(
        np.asarray(note(500, 2, 32).tokens[: len(both.token_vectors(row))], np.float32) / 127
    )
    vector = note(500, 2, 32).vectors[0]
    assert int(both.search_dense(vector, 1)[0][0]) == row
    both.close()


def test_without_search_it_opens_and_gives_entries(store):
    record = store.manifest["segments"][0]
    codebook = store.segments[0]._codebook
    bare = Segment(store.folder, record, BASIS, codebook, for_search=False)
    assert bare.entry(3).chunks == store.entry("e-3").chunks
    assert bare.find_article("path", "003.md") == [3]
    assert [row for row, _ in bare.stream("SELECT row, id FROM article")] == list(range(80))
    bare.close()
    with pytest.raises(IndexFolderError, match="was closed"):
        bare.query("SELECT 1")


def test_rows_that_are_not_there(store):
    for row in (-1, store.size, 10**9):
        with pytest.raises(IndexFolderError, match=r"has no chunk .*; search again\."):
            store.chunk(row)
    with pytest.raises(IndexFolderError, match="holds no article 'x'; search again"):
        store.article("x")
    with pytest.raises(IndexFolderError, match=r"is damaged \(article 80 is not there\); rebuild it: askoctober index"):
        store.segments[0].article(80)
