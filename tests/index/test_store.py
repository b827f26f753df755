import json
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askoctober import chunking
from askoctober.errors import IndexFolderError
from askoctober.index import LocalStore, write_index, writing
from askoctober.index import store as store_module
from askoctober.index.format import ALWAYS, FORMAT, MANIFEST, dump_manifest
from askoctober.index.words import MOST_WORDS
from askoctober.types import Article
from encoders import HashEncoder
from index.entries import entry_of
from shelves import build_from, contents

FILES = {
    "a.md": "# Bees\n\nA forager dances on the comb. The sun gives the angle.\n\n## Wenner\n\nSmell alone led bees.",
    "b.txt": "Harrison built a clock.\n\nIt lost five seconds. Maskelyne preferred the moon.",
    "c.md": "# Only a heading\n\nShort.",
    "sub/d.txt": "Über die Gezeiten: the tide turns twenty-four turbines. 1966 was the year. 😀 is no word.",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    build_from(folder, FILES, chunk_size=60)
    return folder / "index"


@pytest.fixture
def store(folder: Path):
    store = LocalStore.open(folder)
    yield store
    store.close()


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A copy of the index that may be harmed."""
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def refusal(folder: Path) -> str:
    with pytest.raises(IndexFolderError) as caught:
        LocalStore.open(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_was_written_is_read_again(store):
    encoder = HashEncoder()
    articles = store.articles()
    assert [(a.path, a.title) for a in articles] == [
        ("a.md", "Bees"),
        ("b.txt", "B"),
        ("c.md", "Only a heading"),
        ("sub/d.txt", "D"),
    ]
    expected = [pair for article in articles for pair in chunking.split_article(article, 60)]
    assert store.size == len(expected) > 5
    for row, (chunk, spans) in enumerate(expected):
        assert store.chunk(row) == chunk
        assert store.chunk(row).article == chunk.article
        assert store.row(chunk.id) == row
        assert store.sentences(row) == spans
        vectors, tokens = encoder.encode_tokens([chunk.article.text[span.start : span.end] for span in spans])
        assert store.sentence_vectors(row) == pytest.approx(vectors, abs=1e-3)
        assert store.token_counts(row).tolist() == [len(block) for block in tokens]
        projected = store.project_tokens(np.concatenate(tokens))
        assert store.token_vectors(row) == pytest.approx(projected, abs=0.005)


def test_the_projection_of_few_dimensions_keeps_every_angle(store):
    assert store.basis.T @ store.basis == pytest.approx(np.eye(64), abs=1e-5)


def test_dense_search_is_exact(store):
    vector = HashEncoder().encode(["who preferred the moon"])[0]
    cosines = store.chunk_vectors(np.arange(store.size)) @ vector
    for search in (store.search_dense, store.search_dense_exactly):
        rows, scores = search(vector, 3)
        assert rows.tolist() == np.argsort(-cosines, kind="stable")[:3].tolist()
        assert scores == pytest.approx(np.sort(cosines)[::-1][:3], abs=1e-5)
    assert np.linalg.norm(store.chunk_vectors(np.arange(store.size)), axis=1) == pytest.approx(1, abs=1e-3)


def test_sentence_search_gives_each_chunk_once_with_its_best_sentence(store):
    vector = HashEncoder().encode(["the sun gives the angle"])[0]
    best = [(store.sentence_vectors(row) @ vector).max() for row in range(store.size)]
    rows, scores = store.search_sentences(vector, 1000)
    assert sorted(rows.tolist()) == list(range(store.size))
    assert scores == pytest.approx(np.array(best)[rows], abs=1e-3)
    assert (np.diff(scores) <= 1e-6).all()
    assert "The sun gives the angle." in store.chunk(int(rows[0])).text


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("dancing foragers", "A forager dances"),  # Porter's stems
        ("uber gezeiten", "Über die Gezeiten"),
        ("WENNER", "Smell alone"),  # in the heading only
        ("1966", "1966 was the year"),
        ("twenty-four", "twenty-four turbines"),
    ],
)
def test_words_find_their_chunk(store, query, text):
    rows, scores = store.search_words(query, 5)
    assert text in store.chunk(int(rows[0])).text
    assert (np.diff(scores) <= 0).all()
    assert (scores > 0).any()


def test_a_word_counts_in_all_its_forms_and_cases(store):
    assert store.word_frequency("clock") == store.word_frequency("CLOCKS") == 1
    assert store.word_frequency("the") == sum(
        "the" in store.chunk(row).text.lower().split() for row in range(store.size)
    )
    assert [store.word_frequency(odd) for odd in ("zebra", "", '"', "a b", "AND", "\ud800")] == [0] * 6


@pytest.mark.parametrize(
    "query",
    [
        "",
        '"',
        "AND OR NOT",
        "*",
        "😀",
        "a\0b",
        "NEAR(bees, 2)",
        "heading:bees",
        "^bees",
        "-bees",
        "_ __",
        "'; --",
        "\ud800",
    ],
)
def test_no_query_is_a_syntax_error(store, query):
    rows, scores = store.search_words(query, 5)
    assert len(rows) == len(scores) <= 5


@given(st.text(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_is_a_syntax_error(store, query):
    store.search_words(query, 5)


def test_words_of_a_pasted_page_count_up_to_a_limit(store):
    filler = " ".join(f"word{i}" for i in range(MOST_WORDS))
    assert store.search_words(f"{filler} clock", 5)[0].tolist() == []
    assert len(store.search_words(f"clock {filler} {filler}", 5)[0]) == 1


def test_a_build_that_ends_between_check_and_opening_is_read_instead(tmp_path, monkeypatch):
    build_from(tmp_path, {"a.md": "The old one."})
    check = store_module.check_files
    texts = iter(["The new one.", "The newest one."])

    def check_then_build(folder, manifest, **more):
        check(folder, manifest, **more)
        if text := next(texts, ""):
            build_from(tmp_path, {"a.md": text})

    # The build opens the index too, and is replaced in its turn by the second text.
    monkeypatch.setattr(store_module, "check_files", check_then_build)
    store = LocalStore.open(tmp_path / "index")
    assert [article.text for article in store.articles()] in (["The new one."], ["The newest one."])
    store.close()


def test_a_chunk_that_is_not_there(store):
    with pytest.raises(IndexFolderError, match="holds no chunk 'x:1-2'; search again."):
        store.row("x:1-2")


def test_many_threads_read_at_once(store):
    found, expected = [], [store.chunk(row).text for row in range(store.size)]

    def read() -> None:
        for _ in range(20):
            found.append([store.chunk(row).text for row in range(store.size)] == expected)
            found.append(len(store.search_words("clock", 3)[0]) == 1)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 320


@pytest.mark.parametrize("kind", [*sorted(ALWAYS), "basis"])
def test_a_changed_byte_is_refused_wherever_it_is(copy, kind):
    (path,) = copy.glob(f"{kind}-*")
    data = path.read_bytes()
    for at in [0, 1, len(data) // 3, len(data) // 2, len(data) - 1]:
        for flip in (0x01, 0x80):
            path.write_bytes(data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :])
            assert refusal(copy) == (
                f"{path} has changed since it was built; rebuild it: askoctober index CORPUS --index {copy}"
            )
    for changed in (data[:-1], data + b"\0", b""):
        path.write_bytes(changed)
        assert "has changed since it was built" in refusal(copy)
    path.write_bytes(data)
    LocalStore.open(copy).close()


@pytest.mark.parametrize("kind", [*sorted(ALWAYS), "basis"])
def test_a_missing_file_is_refused(copy, kind):
    (path,) = copy.glob(f"{kind}-*")
    path.unlink()
    assert refusal(copy) == (
        f"{copy} lacks files that its manifest names; rebuild it: askoctober index CORPUS --index {copy}"
    )
    path.mkdir()
    assert "rebuild it: askoctober index CORPUS --index" in refusal(copy)


def test_a_changed_byte_of_the_manifest_is_refused(copy):
    data = (copy / MANIFEST).read_bytes()
    for at in range(0, len(data), 7):
        (copy / MANIFEST).write_bytes(data[:at] + bytes([data[at] ^ 0x02]) + data[at + 1 :])
        assert f"askoctober index CORPUS --index {copy}" in refusal(copy)


def changed_manifest(folder: Path, **changes: object) -> None:
    """Write another manifest with a sum that is right: what a stranger could have made."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8")) | changes
    del manifest["sha256"]
    (folder / MANIFEST).write_text(dump_manifest(manifest), encoding="utf-8")


def test_another_format_is_refused(copy):
    changed_manifest(copy, format=FORMAT + 1)
    assert "was made by a newer askoctober" in refusal(copy)
    changed_manifest(copy, format=FORMAT - 1)
    assert "has the older format" in refusal(copy)


@pytest.mark.parametrize("name", ["../articles.sqlite", "/etc/passwd", "articles-0.sqlite", "C:\\x", ""])
def test_a_foreign_name_in_the_manifest_is_refused_before_it_is_opened(copy, name):
    segments = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))["segments"]
    segments[0]["files"]["articles"]["name"] = name
    changed_manifest(copy, segments=segments)
    assert "names a foreign file" in refusal(copy)


def test_a_name_that_leads_out_by_its_sum_is_refused(copy):
    files = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))["files"]
    entry = files["basis"] | {"sha256": "../../x", "name": "basis-../../x.f32"}
    changed_manifest(copy, files=files | {"basis": entry})
    assert "names a foreign file" in refusal(copy)


@pytest.mark.parametrize("files", [None, [], {}, {"basis": {}}, {"basis": "x"}, {"basis": None, "codebook": 1}])
def test_a_manifest_without_its_files_is_refused(copy, files):
    changed_manifest(copy, files=files)
    assert refusal(copy).endswith(f"rebuild it: askoctober index CORPUS --index {copy}")


@pytest.mark.parametrize("segments", [None, 3, [None], [{}], ["x"], {"a": 1}])
def test_a_manifest_without_its_segments_is_refused(copy, segments):
    changed_manifest(copy, segments=segments)
    assert refusal(copy).endswith(f"rebuild it: askoctober index CORPUS --index {copy}")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("articles", value) for value in (-1, "4", None, 4.0, True, 2**63)],
        *[("chunks", value) for value in (0, 1, 2**40)],
        *[("sentences", value) for value in (0, 2**40)],
        *[("tokens", value) for value in (0, 2**40)],
        *[("dead", value) for value in ([9], [-1], ["x"], 3, [None])],
        *[("dead_chunks", value) for value in (10**6, -1, None)],
        *[("coded", value) for value in (1, None, "no")],
        *[("lists", value) for value in ({}, {"lists": 1, "pieces": 1, "probe": 1})],
    ],
)
def test_counts_that_cannot_be_are_refused(copy, key, value):
    segments = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))["segments"]
    segments[0][key] = value
    changed_manifest(copy, segments=segments)
    assert refusal(copy).endswith(f"rebuild it: askoctober index CORPUS --index {copy}")


def test_large_files_are_compared_by_their_size_alone(copy, monkeypatch):
    monkeypatch.setattr(store_module, "CHECKED_BYTES", 0)
    monkeypatch.setattr(store_module.check_files, "__defaults__", (0, ()))
    (path,) = copy.glob("tokens-*")
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    LocalStore.open(copy).close()
    path.write_bytes(data[:-1])
    assert "has changed since it was built" in refusal(copy)


def test_two_indexes_are_joined(store, tmp_path):
    build_from(tmp_path, {"z.md": "# Ants\n\nAnts follow a trail of the forager."})
    other = LocalStore.open(tmp_path / "index")
    assert not np.array_equal(store.basis, other.basis)
    with pytest.raises(IndexFolderError, match="does not go with"):
        store.joined(other)
    other.close()


def test_joined_stores_answer_as_one(tmp_path):
    from askoctober.building import extend
    from shelves import config_of, write_files

    build_from(tmp_path, FILES, chunk_size=60)
    base = LocalStore.open(tmp_path / "index")
    more = write_files(tmp_path / "more", {"z.md": "# Ants\n\nAnts follow a trail. A forager smells it."})
    extend(base, more, tmp_path / "other", config_of(tmp_path, chunk_size=60), HashEncoder())
    other = LocalStore.open(tmp_path / "other")
    both = base.joined(other)
    assert both.size == base.size + other.size
    assert contents(both) == contents(base) | contents(other)
    vector = HashEncoder().encode(["a forager smells it"])[0]
    rows, scores = both.search_dense(vector, both.size)
    cosines = both.chunk_vectors(np.arange(both.size)) @ vector
    assert rows.tolist() == np.argsort(-cosines, kind="stable").tolist()
    assert scores == pytest.approx(np.sort(cosines)[::-1], abs=1e-5)
    assert int(rows[0]) == base.size
    assert both.row(both.chunk(base.size).id) == base.size
    assert both.word_frequency("forager") == base.word_frequency("forager") + 1
    assert sorted(both.search_words("forager", 9)[0].tolist())[-1] == base.size
    both.close()
    assert base.chunk(0).text, "what was joined to stays open"
    base.close()


def test_an_article_carries_its_copies_wherever_it_is_met(tmp_path):
    text = "# Bees\n\n" + " ".join(f"Forager {i} dances on comb {i * 3}." for i in range(20))
    build_from(tmp_path, {"a.md": text, "sub/b.md": text, "c.md": "# Else\n\nA clock."})
    store = LocalStore.open(tmp_path / "index")
    assert [(article.path, [copy.path for copy in article.copies]) for article in store.articles()] == [
        ("a.md", ["sub/b.md"]),
        ("c.md", []),
    ]
    row = int(store.search_words("forager", 1)[0][0])
    article = store.chunk(row).article
    assert [copy.to_dict()["path"] for copy in article.copies] == ["sub/b.md"]
    assert article == store.article(article.id)
    assert store.manifest["copies"] == 1
    assert len(store.ids()) == 3
    assert sorted(store.digests()) == sorted(article.id for article in store.articles())
    assert store.file_of(article.id) == "a.md"
    store.close()


def test_a_shelf_without_chunks_opens_and_finds_nothing(tmp_path):
    bare = entry_of(Article("a", "a.md", "A", text="# Only a heading"))
    write_index(tmp_path, [bare], np.eye(64, dtype=np.float32), {"about": "x"})
    store = LocalStore.open(tmp_path)
    vector = HashEncoder().encode(["x"])[0]
    assert (store.size, len(store.articles())) == (0, 1)
    assert store.search_dense(vector, 3)[0].tolist() == []
    assert store.search_sentences(vector, 3)[0].tolist() == []
    assert store.search_words("heading", 3)[0].tolist() == []
    store.close()


def test_what_both_have_is_shared_by_an_index_that_is_opened_again(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "SMALL", 1)
    build_from(tmp_path, FILES, chunk_size=60)
    first = LocalStore.open(tmp_path / "index")
    build_from(tmp_path, FILES | {"b.txt": "Another text.", "new.md": "# New\n\nA tide."}, chunk_size=60)
    second = first.reopened()
    assert first.segments[0] is second.segments[0] and len(second.segments) == 2
    expected = LocalStore.open(tmp_path / "index")
    assert contents(second) == contents(expected)
    assert "Harrison built a clock." in contents(first)["b.txt"]["article"].text
    first.close()
    assert contents(second) == contents(expected), "it stays open for its second user"
    second.close()
    with pytest.raises(IndexFolderError, match="was closed"):
        second.segments[0].query("SELECT 1")
    expected.close()
