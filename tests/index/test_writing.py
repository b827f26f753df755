import math
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askoctober import chunking
from askoctober.embedding import unit
from askoctober.errors import IndexFolderError
from askoctober.index import IndexWriter, LocalStore, fit_basis, write_index
from askoctober.index.format import ALWAYS, MANIFEST, TOKEN_DIMENSIONS
from askoctober.index.partial import Partial
from askoctober.types import Article
from encoders import HashEncoder
from index.entries import entry_of, note
from shelves import build_from, config_of, contents

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


@given(st.lists(st.tuples(WORDS, WORDS), max_size=4))
@settings(max_examples=20, deadline=None)
def test_any_articles_come_back_as_they_were(tmp_path_factory, given_articles):
    folder = tmp_path_factory.mktemp("any")
    entries = [
        entry_of(Article(f"a-{i}", f"{i}.md", title, title, title, title, title, title, text))
        for i, (title, text) in enumerate(given_articles)
    ]
    manifest = write_index(folder, entries, np.eye(64, dtype=np.float32), {"about": "x"})
    store = LocalStore.open(folder)
    assert store.manifest == manifest
    assert [manifest[name] for name in ("articles", "chunks")] == [len(entries), store.size]
    for entry in entries:
        again = store.entry(entry.article.id)
        assert (again.article, again.digest, again.chunks) == (entry.article, entry.digest, entry.chunks)
        assert again.vectors == pytest.approx(entry.vectors, abs=1e-3)
        assert again.sentence_vectors == pytest.approx(entry.sentence_vectors, abs=1e-3)
        assert again.tokens.tolist() == entry.tokens.tolist()
        assert again.token_counts.tolist() == entry.token_counts.tolist()
    store.close()


def test_the_same_articles_give_the_same_files(tmp_path):
    for name in ("one", "two"):
        build_from(tmp_path / name, {"a.md": "# A\n\nOne bee. Two bees.", "b.md": "# B\n\nA clock."})
    # What was read last holds times of change, and is no part of the index.
    one, two = (
        {p.name: p.read_bytes() for p in (tmp_path / name / "index").iterdir() if not p.name.startswith(".")}
        for name in ("one", "two")
    )
    assert one == two


def test_the_folder_holds_one_generation_and_no_leftovers(tmp_path):
    index = tmp_path / "index"
    index.mkdir()
    (index / "building-tokens.npy").write_bytes(b"half")
    (index / "tokens-0123456789ab.npy").write_bytes(b"of an older format")
    foreign = ["notes.txt", "tokens-of-mine.u8", "articles-2026.sqlite"]
    for name in foreign:
        (index / name).write_text("not ours")
    for text in ("One bee.", "Two bees."):
        build_from(tmp_path, {"a.md": text})
        names = {path.name for path in index.iterdir() if path.name not in (".lock", ".files.json")}
        assert names >= {MANIFEST, *foreign}
        assert sorted(name.split("-")[0] for name in names - {MANIFEST, *foreign}) == sorted({*ALWAYS, "basis"})


def test_a_reader_keeps_what_it_opened(tmp_path):
    old = {"a.md": "# Bees\n\nOne bee dances.\n", "b.md": "# Clocks\n\nA clock."}
    build_from(tmp_path, old)
    reader = LocalStore.open(tmp_path / "index")
    before = contents(reader)
    reader.close()
    reader = LocalStore.open(tmp_path / "index")  # with nothing read and cached yet
    for text in ("Two tides.", "Three moons."):
        build_from(tmp_path, {"a.md": text})
    assert contents(reader) == before
    assert reader.chunk(0).text == "One bee dances."
    assert reader.search_words("dancing", 3)[0].tolist() == [0]
    assert len(reader.token_vectors(0)) == 3
    reader.close()
    after = LocalStore.open(tmp_path / "index")
    assert [after.chunk(row).text for row in range(after.size)] == ["Three moons."]
    after.close()


def test_two_writers_at_once_leave_one_of_their_shelves_whole(tmp_path):
    shelves = {name: {f"{name}{i}.md": f"Article {i} of {name}. It is short." for i in range(8)} for name in "xyz"}
    expected, errors = {}, []
    for name, files in shelves.items():
        build_from(tmp_path / name, files)
        store = LocalStore.open(tmp_path / name / "index")
        expected[name] = contents(store)
        store.close()

    def work(name: str) -> None:
        try:
            for _ in range(3):
                build_from(tmp_path / name, shelves[name], index=tmp_path / "shared")
        except Exception as error:
            errors.append(error)

    def read() -> None:
        while writing.is_set():
            try:
                store = LocalStore.open(tmp_path / "shared")
                if sorted(contents(store)) not in [sorted(shelf) for shelf in shelves.values()]:
                    errors.append(AssertionError("a mixture"))
                store.close()
            except IndexFolderError as error:
                if "No index in" not in str(error):
                    errors.append(error)

    writing = threading.Event()
    writing.set()
    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=work, args=(name,)) for name in shelves]
    for thread in [reader, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    writing.clear()
    reader.join()
    assert errors == []
    store = LocalStore.open(tmp_path / "shared")
    assert contents(store) in list(expected.values())
    store.close()


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(IndexFolderError, match=r"^The index cannot be written to .*--index\.$"):
        build_from(tmp_path, {"a.md": "A text."}, index=tmp_path / "file" / "index")


def test_the_basis_keeps_the_main_directions_and_inner_products():
    random = np.random.default_rng(3)
    low = random.normal(size=(400, 20)).astype(np.float32)
    tokens = unit(low @ random.normal(size=(20, 384)).astype(np.float32))
    basis = fit_basis([tokens[:100], np.zeros((0, 384), np.float32), tokens[100:]], 384)
    assert basis.shape == (384, TOKEN_DIMENSIONS)
    assert basis.T @ basis == pytest.approx(np.eye(TOKEN_DIMENSIONS), abs=1e-4)
    projected = tokens @ basis
    assert projected @ projected.T == pytest.approx(tokens @ tokens.T, abs=1e-3)
    assert (basis[np.abs(basis).argmax(axis=0), np.arange(TOKEN_DIMENSIONS)] > 0).all()


def test_the_basis_of_no_tokens_is_still_a_projection():
    basis = fit_basis([], 64)
    assert basis.T @ basis == pytest.approx(np.eye(64), abs=1e-5)


def test_the_manifest_says_what_there_is(tmp_path):
    report, _ = build_from(tmp_path, {"a.md": "# A\n\nOne. Two.", "b.md": "# B\n\nThree."})
    store = LocalStore.open(tmp_path / "index")
    manifest = store.manifest
    assert (manifest["articles"], manifest["chunks"], manifest["sentences"], manifest["dimension"]) == (2, 2, 3, 64)
    assert manifest["embedder"]["fingerprint"] == "hash-1"
    assert manifest["chunking"] == {"version": chunking.VERSION, "chunk_size": config_of(tmp_path).chunk_size}
    assert report.chunks == store.size == 2
    store.close()


FIXED = {"base.md": "# Base\n\nThis one always stays. It names a bee."}
VOCABULARY = "bee dances comb sun angle clock moon tide dam silt smell nectar run long far lost built turned".split()


def text_of(draw: st.DrawFn, number: int) -> str:
    """A short text that no other repeats, so that none is taken for its copy."""
    words = draw(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=14))
    cut = draw(st.integers(0, len(words)))
    heading = f"# {words[0]} {number}\n\n" if draw(st.booleans()) else ""
    return f"{heading}{' '.join(words[:cut])} unique{number}. {' '.join(words[cut:])}."


@st.composite
def updates(draw: st.DrawFn) -> list[dict[str, str]]:
    """A shelf after each of a few updates."""
    files = dict(FIXED)
    states = []
    number = 0
    for _ in range(draw(st.integers(2, 5))):
        for _ in range(draw(st.integers(1, 4))):
            number += 1
            names = sorted(set(files) - set(FIXED))
            kind = draw(st.sampled_from(["add", "add", "change", "remove", "rename"]))
            if kind == "add" or not names:
                files[f"{draw(st.sampled_from('abcx'))}{number}.md"] = text_of(draw, number)
            else:
                name = draw(st.sampled_from(names))
                text = files.pop(name)
                if kind == "change":
                    files[name] = text_of(draw, number)
                elif kind == "rename":
                    files[f"{draw(st.sampled_from('amz'))}-renamed{number}.md"] = text
        states.append(dict(files))
    return states


def answers(store: LocalStore, question: str) -> list[dict[str, float]]:
    """Everything that the three searches give, by the ids of chunks."""
    vector = HashEncoder().encode([question])[0]
    found = (store.search_words(question, 999), store.search_dense(vector, 999), store.search_sentences(vector, 999))
    for rows, scores in found:
        assert (np.diff(scores) <= 1e-6).all()
        assert len(set(rows.tolist())) == len(rows)
    return [
        {store.chunk(row).id: float(score) for row, score in zip(rows.tolist(), scores, strict=True)}
        for rows, scores in found
    ]


QUESTIONS = st.lists(st.sampled_from([*VOCABULARY, "unique1", "base", "zebra"]), max_size=5)
MERGING = ["never", "seldom", "as ever"]


@pytest.mark.parametrize("merging", MERGING)
@given(states=updates(), question=QUESTIONS)
@settings(max_examples=5, deadline=None)
def test_an_index_that_grew_is_as_one_built_anew(tmp_path_factory, merging, states, question):
    check_grown(tmp_path_factory.mktemp("grown"), merging, states, question)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("merging", MERGING)
@given(states=updates(), question=QUESTIONS)
@settings(max_examples=200, deadline=None)
def test_many_indexes_that_grew_are_as_ones_built_anew(tmp_path_factory, merging, states, question):
    check_grown(tmp_path_factory.mktemp("grown"), merging, states, question)


def check_grown(folder: Path, merging: str, states: list[dict[str, str]], question: list[str]) -> None:
    """Build an index by updates and one anew, and compare all that they hold and answer."""
    with pytest.MonkeyPatch.context() as patch:
        if merging == "never":
            patch.setattr(IndexWriter, "_to_merge", lambda writer: set())
        elif merging == "seldom":
            patch.setattr("askoctober.index.writing.SMALL", 0)
        for files in states:
            build_from(folder / "grown", files, chunk_size=60)
        build_from(folder / "new", states[-1], chunk_size=60)
    grown, new = (LocalStore.open(folder / name / "index") for name in ("grown", "new"))
    assert contents(grown) == contents(new)
    assert grown.size == new.size
    for name in ("articles", "copies", "chunks", "sentences", "corpus_fingerprint"):
        assert grown.manifest[name] == new.manifest[name]
    if merging == "as ever":
        assert len(grown.segments) == 1
    for word in VOCABULARY:
        assert grown.word_frequency(word) == new.word_frequency(word)
    for of_grown, of_new in zip(*(answers(store, " ".join(question)) for store in (grown, new)), strict=True):
        assert of_grown == pytest.approx(of_new, abs=1e-4)
    for row in range(grown.size):
        assert grown.row(grown.chunk(row).id) == row
    grown.close()
    new.close()


def test_segments_stay_few_and_each_article_is_written_a_few_times(tmp_path, monkeypatch):
    monkeypatch.setattr("askoctober.index.writing.SMALL", 0)
    written = []
    add = Partial.add
    monkeypatch.setattr(Partial, "add", lambda partial, entry: written.append(entry.article.id) or add(partial, entry))
    basis, count = np.eye(64, dtype=np.float32), 30
    for number in range(count):
        with IndexWriter.open(tmp_path, {"about": "x"}, basis=basis) as writer:
            writer.add(note(number))
            manifest = writer.commit({})
        assert len(manifest["segments"]) <= 1 + math.log2(number + 1)
        assert manifest["articles"] == number + 1
    assert len(written) <= count * (1 + math.log2(count))
    store = LocalStore.open(tmp_path)
    assert sorted(article.id for article in store.articles()) == sorted(f"n-{number}" for number in range(count))
    store.close()


@given(st.lists(st.tuples(st.integers(1, 40), st.sets(st.integers(0, 12))), min_size=1, max_size=8))
@settings(max_examples=8, deadline=None)
def test_no_article_is_lost_whatever_is_merged(tmp_path_factory, given_updates):
    folder = tmp_path_factory.mktemp("merged")
    there: dict[str, int] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("askoctober.index.writing.SMALL", 2)
        for number, (sentences, dropped) in enumerate(given_updates):
            with IndexWriter.open(folder, {"about": "x"}, basis=np.eye(64, dtype=np.float32)) as writer:
                entry = note(number, sentences)
                writer.add(entry)
                there[entry.article.id] = len(entry.chunks)
                for gone in dropped & set(range(number)):
                    known = writer.known_id(f"n-{gone}")
                    assert (known is not None) == (f"n-{gone}" in there)
                    if known:
                        writer.drop(known)
                        del there[f"n-{gone}"]
                manifest = writer.commit({})
            assert (manifest["articles"], manifest["chunks"]) == (len(there), sum(there.values()))
            for record in manifest["segments"]:
                assert record["dead_chunks"] <= max(record["chunks"] / 3, record["chunks"] - 1)
    store = LocalStore.open(folder)
    assert {article.id for article in store.articles()} == set(there)
    store.close()


def test_a_segment_of_which_much_is_dead_is_written_again(tmp_path):
    basis = np.eye(64, dtype=np.float32)
    write_index(tmp_path, [note(number) for number in range(9)], basis, {"about": "x"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("askoctober.index.writing.SMALL", 0)
        for gone, dead in ((range(3), [0, 1, 2]), (range(3, 4), [])):
            with IndexWriter.open(tmp_path, {"about": "x"}, basis=basis) as writer:
                for number in gone:
                    writer.drop(writer.known_id(f"n-{number}"))
                (record,) = writer.commit({})["segments"]
            assert record["dead"] == dead
    assert (record["articles"], record["chunks"]) == (5, 5)


def test_damaged_segments_are_named_and_the_others_used_again(tmp_path):
    basis, about = np.eye(64, dtype=np.float32), {"about": "x"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IndexWriter, "_to_merge", lambda writer: set())
        for number in range(3):
            with IndexWriter.open(tmp_path, about, basis=basis) as writer:
                writer.add(note(number))
                manifest = writer.commit({})
    path = tmp_path / manifest["segments"][1]["files"]["sentences"]["name"]
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with IndexWriter.open(tmp_path, about, basis=basis) as writer:
        assert [known.id for known in writer.all()] == ["n-0", "n-2"]
        assert len(writer.damaged) == 1
        assert path.name in writer.damaged[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("askoctober.index.writing.CHECKED_BYTES", 0)
        with IndexWriter.open(tmp_path, about, basis=basis) as writer:
            assert writer.damaged == []
        with IndexWriter.open(tmp_path, about, basis=basis, verify=True) as writer:
            assert len(writer.damaged) == 1


def test_a_copy_in_the_first_batch_of_a_new_index(tmp_path):
    text = "# Bees\n\nA forager dances on the comb."
    report, encoder = build_from(tmp_path, {"a.md": text, "b.md": text})
    assert (report.articles, report.copies, report.embedded) == (1, 1, 1)
    store = LocalStore.open(tmp_path / "index")
    assert store.basis.shape == (64, 64)
    assert [copy.path for copy in store.articles()[0].copies] == ["b.md"]
    store.close()
