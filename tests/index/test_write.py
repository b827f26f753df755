import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askoctober import chunking
from askoctober.embedding import unit
from askoctober.errors import IndexFolderError
from askoctober.index import Entry, LocalStore, fit_basis, pack, write_index
from askoctober.index.format import KINDS, MANIFEST, TOKEN_DIMENSIONS
from askoctober.types import Article
from encoders import HashEncoder
from shelves import build_from, config_of, contents, write_files

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


def entry_of(article: Article) -> Entry:
    """An article as building stores it, but for the titles in its chunks' vectors."""
    encoder = HashEncoder()
    pairs = tuple(chunking.split_article(article, 40))
    texts = [article.text[span.start : span.end] for _, spans in pairs for span in spans]
    vectors, tokens = encoder.encode_tokens(texts)
    packed = [pack(block) for block in tokens]
    return Entry(
        article,
        "d" * 64,
        pairs,
        encoder.encode([chunk.text for chunk, _ in pairs]),
        vectors,
        np.concatenate([np.zeros((0, 64), np.int8), *packed]),
        np.array([len(block) for block in tokens], np.int64),
    )


def run_beside_the_tests(program: str, *args: str) -> "subprocess.CompletedProcess[str]":
    """Run a program in a process of its own that may import what lies beside the tests."""
    tests = Path(__file__).parent.parent
    return subprocess.run(
        [sys.executable, "-c", program, *args], cwd=tests, capture_output=True, text=True, timeout=120
    )


@given(st.lists(st.tuples(WORDS, WORDS), max_size=4))
@settings(max_examples=30, deadline=None)
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
        assert again.vectors.tolist() == entry.vectors.tolist()
        assert again.sentence_vectors == pytest.approx(entry.sentence_vectors, abs=1e-3)
        assert again.tokens.tolist() == entry.tokens.tolist()
        assert again.token_counts.tolist() == entry.token_counts.tolist()
    store.close()


def test_the_same_articles_give_the_same_files(tmp_path):
    for name in ("one", "two"):
        build_from(tmp_path / name, {"a.md": "# A\n\nOne bee. Two bees.", "b.md": "# B\n\nA clock."})
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / name / "index").iterdir()} for name in ("one", "two"))
    assert one == two


def test_the_folder_holds_one_generation_and_no_leftovers(tmp_path):
    index = tmp_path / "index"
    index.mkdir()
    (index / "building-tokens.npy").write_bytes(b"half")
    (index / "notes.txt").write_text("not ours")
    for text in ("One bee.", "Two bees."):
        build_from(tmp_path, {"a.md": text})
        names = sorted(path.name.split("-")[0] for path in index.iterdir() if path.name != ".lock")
        assert names == sorted([*KINDS, MANIFEST, "notes.txt"])


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


# One process loads the libraries once, and forks a builder for each round that it then kills.
KILLING = """
import os, random, signal, sys, time
from pathlib import Path
from encoders import HashEncoder
from shelves import config_of, contents
from askoctober.building import build
from askoctober.index import LocalStore

root, rounds = Path(sys.argv[1]), int(sys.argv[2])
random.seed(1917)
configs = [config_of(root / name, index=root / "index") for name in ("x", "y")]
expected = []
for config in configs:
    began = time.perf_counter()
    build(config, encoder=HashEncoder())
    took = time.perf_counter() - began
    store = LocalStore.open(config.index)
    expected.append(contents(store))
    store.close()
assert expected[0] != expected[1]
seen, leftovers = set(), 0
for _ in range(rounds):
    child = os.fork()
    if not child:
        while True:
            for config in configs:
                build(config, encoder=HashEncoder())
    time.sleep(random.uniform(0, 3 * took))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    leftovers += any((root / "index").glob("building-*"))
    store = LocalStore.open(root / "index")
    seen.add(expected.index(contents(store)))
    store.close()
for config in configs:
    build(config, encoder=HashEncoder())
assert not list((root / "index").glob("building-*"))
print(sorted(seen), leftovers)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
def test_a_build_killed_at_any_instant_leaves_the_old_index_or_the_new_one(tmp_path):
    for name in ("x", "y"):
        files = {f"{name}{i}.md": f"# {name} {i}\n\n" + f"Sentence of {name}. " * 30 for i in range(6)}
        write_files(tmp_path / name / "corpus", files)
    run = run_beside_the_tests(KILLING, str(tmp_path), "40")
    assert run.returncode == 0, run.stderr
    seen, leftovers = run.stdout.rsplit(maxsplit=1)
    assert seen == "[0, 1]"
    assert int(leftovers) > 0, "no build was caught while it was writing"


# A limit on the size of files fails a write as a full disk does; it holds for a whole process, so it gets one.
FULL_DISK = """
import resource, sys
from pathlib import Path
from encoders import HashEncoder
from shelves import build_from
from askoctober.errors import IndexFolderError

for size in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        files = {"a.md": "Too long for the disk. " * 80}
        build_from(Path(sys.argv[1]), files, HashEncoder(dimension=512), chunk_size=30)
        print("built")
    except IndexFolderError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on the size of files")
def test_a_full_disk_is_said_and_leaves_the_old_index(tmp_path):
    build_from(tmp_path, {"a.md": "The old one."})
    # Too small for the articles, then for the vectors, then for the projection.
    sizes = ["2000", "110000", "200000", "1000000"]
    run = run_beside_the_tests(FULL_DISK, str(tmp_path), *sizes[:3])
    lines = run.stdout.splitlines()
    assert len(lines) == 3, run.stderr
    for line in lines:
        assert line.startswith(f"The index cannot be written to {tmp_path / 'index'} ("), line
        assert line.endswith("free some space or choose another folder with --index.")
    store = LocalStore.open(tmp_path / "index")
    assert [article.text for article in store.articles()] == ["The old one."]
    store.close()
    assert run_beside_the_tests(FULL_DISK, str(tmp_path), sizes[3]).stdout == "built\n"


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
