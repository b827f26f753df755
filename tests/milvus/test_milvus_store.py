"""What the `Store` protocol promises, kept by an index folder and by a shelf of Milvus alike."""

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askoctober import chunking
from askoctober.errors import IndexFolderError, QuestionError
from askoctober.index import LocalStore
from askoctober.index.fields import OF_ARTICLES
from askoctober.index.words import MOST_WORDS
from askoctober.milvus import MilvusStore
from askoctober.retrieval import Retriever
from askoctober.types import Filter
from encoders import HashEncoder
from milvus.shelving import address_of, build_milvus
from shelves import build_from

HEAD = "---\ntitle: Bees\nauthor: Karl Wenner\ndate: '1966-05'\ntopic: insects\n---\n"
FILES = {
    "a.md": HEAD
    + "# Bees\n\nA forager dances on the comb. The sun gives the angle.\n\n## Wenner\n\nSmell alone led bees.",
    "b.txt": "Harrison built a clock.\n\nIt lost five seconds. Maskelyne preferred the moon.",
    "c.md": "---\ntitle: Only\nauthor: karl wenner\ndate: '1967'\n---\n# Only a heading\n\nShort.",
    "sub/d.txt": "Über die Gezeiten: the tide turns twenty-four turbines. 1966 was the year. 😀 is no word.",
    "e.md": "---\ntitle: It's \"quoted\" \\ and\nauthor: O'Neill \"x\"\ndate: '1967-01-02'\n---\n"
    "A quoted clock stands.",
}


@pytest.fixture(scope="module", params=["folder", "milvus"])
def store(request, tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("store")
    if request.param == "folder":
        build_from(folder, FILES, chunk_size=60)
        store = LocalStore.open(folder / "index")
    else:
        build_milvus(folder, FILES, chunk_size=60)
        store = MilvusStore.open(address_of(folder))
    yield store
    store.close()


def test_what_was_written_is_read_again(store):
    encoder = HashEncoder()
    articles = store.articles()
    assert [(a.path, a.title) for a in articles] == [
        ("a.md", "Bees"),
        ("b.txt", "B"),
        ("c.md", "Only"),
        ("e.md", 'It\'s "quoted" \\ and'),
        ("sub/d.txt", "D"),
    ]
    assert articles[0].extra["topic"] == "insects"
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


def test_dense_search_is_exact(store):
    vector = HashEncoder().encode(["who preferred the moon"])[0]
    cosines = store.chunk_vectors(np.arange(store.size)) @ vector
    rows, scores = store.search_dense(vector, 3)
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
    order = np.array([3, 0, store.size - 1])
    assert store.best_sentences(order, vector) == pytest.approx(np.array(best)[order], abs=1e-3)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("dancing foragers", "A forager dances"),  # Porter's stems
        ("uber gezeiten", "Über die Gezeiten"),
        ("WENNER", "Smell alone"),  # in the heading only
        ("turbine", "twenty-four turbines"),
        ("twenty-four", "twenty-four turbines"),
    ],
)
def test_words_find_their_chunk(store, query, text):
    rows, scores = store.search_words(query, 5)
    assert text in store.chunk(int(rows[0])).text
    assert (np.diff(scores) <= 0).all()
    assert (scores > 0).any()


def test_a_word_counts_in_all_its_forms_and_cases(store):
    assert store.word_frequency("clock") == store.word_frequency("CLOCKS") == 2
    assert store.word_frequency("the") == sum(
        "the" in store.chunk(row).text.lower().split() for row in range(store.size)
    )
    assert [store.word_frequency(odd) for odd in ("zebra", "", '"', "'", "a b", "AND", "\ud800")] == [0] * 7


@given(st.text(max_size=200))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_is_a_syntax_error(store, query):
    for text in (query, f"{query}' \" \\ clock"):
        rows, scores = store.search_words(text, 5)
        assert len(rows) == len(scores) <= 5
    store.word_frequency(query)


def test_words_of_a_pasted_page_count_up_to_a_limit(store):
    filler = " ".join(f"word{i}" for i in range(MOST_WORDS))
    assert store.search_words(f"{filler} clock", 5)[0].tolist() == []
    assert len(store.search_words(f"clock {filler} {filler}", 5)[0]) == 2


@pytest.mark.parametrize("name", ["x:1-2", "", ":", "a:0-99", f"a:0-{10**30}", 'a" or id > 0:1-2'])
def test_a_chunk_that_is_not_there(store, name):
    with pytest.raises(IndexFolderError, match="holds no chunk .*; search again."):
        store.row(name)


@pytest.mark.parametrize("row", [-1, 10**6])
def test_a_row_that_is_not_there(store, row):
    with pytest.raises(IndexFolderError, match="has no chunk .*; search again."):
        store.chunk(row)


def test_many_threads_read_at_once(store):
    found, expected = [], [store.chunk(row).text for row in range(store.size)]

    def read() -> None:
        for _ in range(5):
            found.append([store.chunk(row).text for row in range(store.size)] == expected)
            found.append(len(store.search_words("clock", 3)[0]) == 2)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 40


FILTERS = [
    (Filter(articles=("b.txt",)), ["b.txt"]),
    (Filter(articles=("a.md", "nothing", "sub/d.txt")), ["a.md", "sub/d.txt"]),
    (Filter(authors=("KARL WENNER",)), ["a.md", "c.md"]),
    (Filter(authors=('O\'Neill "x"',)), ["e.md"]),
    (Filter(since="1966-06"), ["c.md", "e.md"]),
    (Filter(since="1967-03"), ["c.md"]),  # a year alone admits any day of it
    (Filter(until="1966"), ["a.md"]),
    (Filter(until="1967-01"), ["a.md", "c.md", "e.md"]),
    (Filter(since="1967", until="1967-01-01"), ["c.md"]),
    (Filter(metadata=(("topic", ("insects", "clocks")),)), ["a.md"]),
    (Filter(metadata=(("topic", ("",)),)), ["b.txt", "c.md", "e.md", "sub/d.txt"]),
    (Filter(metadata=(("title", ('It\'s "quoted" \\ and',)),)), ["e.md"]),
    (Filter(metadata=(("topic", ()),)), []),
    (Filter(authors=("karl wenner",), until="1966-12"), ["a.md"]),
    (Filter(authors=("Nobody",)), []),
]


@pytest.mark.parametrize(("filter", "paths"), FILTERS)
def test_a_part_is_an_index_of_its_own(store, filter, paths):
    part = store.filtered(filter)
    assert part is store.filtered(filter), "it is kept"
    assert [article.path for article in part.articles()] == paths
    assert [a.path for a in store.articles() if filter.admits(a)] == paths
    rows = range(part.size)
    assert {part.chunk(row).article.path for row in rows} == set(paths)
    assert [part.row(part.chunk(row).id) for row in rows] == list(rows)
    vector = HashEncoder().encode(["a clock stands"])[0]
    cosines = part.chunk_vectors(np.arange(part.size)) @ vector
    found, scores = part.search_dense(vector, 100)
    assert sorted(found.tolist()) == list(rows)
    assert scores == pytest.approx(cosines[found], abs=1e-3)
    assert sorted(part.search_sentences(vector, 1000)[0].tolist()) == list(rows)
    held = [row for row in rows if "clock" in part.chunk(row).text]
    assert sorted(part.search_words("clock", 9)[0].tolist()) == held
    assert part.word_frequency("clock") == len(held)


_names = st.sampled_from(["topic", "title", "author", "date"])
_texts = st.one_of(st.sampled_from(["", "a", "Karl Wenner", "1966", "1967-01"]), st.text(max_size=8))


@given(
    st.builds(
        Filter,
        articles=st.lists(_texts, max_size=2).map(tuple),
        authors=st.lists(_texts, max_size=2).map(tuple),
        since=_texts,
        until=_texts,
        metadata=st.lists(st.tuples(_names, st.lists(_texts, max_size=2).map(tuple)), max_size=2).map(tuple),
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_filter_admits_what_it_says(store, filter):
    expected = [article.path for article in store.articles() if filter.admits(article)]
    assert [article.path for article in store.filtered(filter).articles()] == expected


@given(st.text(max_size=8).filter(lambda name: name not in OF_ARTICLES))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_field_that_no_article_has_is_refused(store, name):
    for values in ((), ("x",), ("", "x")):
        with pytest.raises(QuestionError, match="(?s)No article has a field .* Filter by one of: article, since"):
            store.filtered(Filter(authors=("Nobody",), metadata=((name, values),)))


def test_the_retriever_finds_by_either(store):
    hits = Retriever(store, HashEncoder()).search("Which forager dances on the comb?", 3)
    assert "A forager dances on the comb." in hits[0].chunk.text
    assert [hit.rank for hit in hits] == [1, 2, 3]


def test_an_article_is_admitted_by_the_path_of_its_copy(tmp_path):
    text = "# Bees\n\n" + " ".join(f"Forager {i} dances on comb {i * 3}." for i in range(20))
    files = {"a.md": text, "sub/b.md": text, "c.md": "# Else\n\nA clock."}
    build_from(tmp_path, files)
    build_milvus(tmp_path, files)
    for store in (LocalStore.open(tmp_path / "index"), MilvusStore.open(address_of(tmp_path))):
        assert [(article.path, [copy.path for copy in article.copies]) for article in store.articles()] == [
            ("a.md", ["sub/b.md"]),
            ("c.md", []),
        ]
        part = store.filtered(Filter(articles=("sub/b.md",)))
        assert [article.path for article in part.articles()] == ["a.md"]
        assert store.manifest["copies"] == 1 and len(store.ids()) == 3
        store.close()
