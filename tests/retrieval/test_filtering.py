"""Searches of a part of the shelf, many at once, from coroutines and from threads."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askoctober.errors import IndexFolderError, QuestionError
from askoctober.index import LocalStore, segment
from askoctober.index.fields import no_such_field
from askoctober.index.segment import Segment
from askoctober.retrieval import Retriever
from askoctober.retrieval.filtering import read_filter
from askoctober.types import Article, Filter
from encoders import HashEncoder
from shelves import build_from

DATES = ["1917-10-25", "1917-11", "1918", ""]


def markdown(number: int) -> str:
    date = f"date: '{DATES[number % 4]}'\n" if DATES[number % 4] else ""
    head = f"---\ntitle: Article {number}\nauthor: Writer {number % 3}\n{date}topic: t{number % 5}\n---\n"
    return head + f"The number {number} is named here.\n\nEvery article has this sentence about harbours."


FILES = {f"a{number:02}.md": markdown(number) for number in range(24)}
QUESTION = "Which number is named about harbours?"


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("filtering")
    build_from(folder, FILES)
    store = LocalStore.open(folder / "index")
    yield Retriever(store, HashEncoder())
    store.close()


def numbers(hits) -> set[int]:
    return {int(hit.chunk.article.path[1:3]) for hit in hits}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"author": "writer 1"}, {n for n in range(24) if n % 3 == 1}),
        ({"authors": ["Writer 1", "Writer 2"]}, {n for n in range(24) if n % 3}),
        ({"article": "a07.md"}, {7}),
        ({"articles": ["a07.md", "a08.md"]}, {7, 8}),
        ({"since": "1917-10-26", "until": "1918"}, {n for n in range(24) if n % 4 in (1, 2)}),
        ({"until": "1917-10"}, {n for n in range(24) if n % 4 == 0}),
        ({"since": "1918-06-01"}, {n for n in range(24) if n % 4 == 2}),  # a year alone admits any day of it
        ({"topic": "t4"}, {n for n in range(24) if n % 5 == 4}),
        ({"title": "Article 3", "author": "Writer 0"}, {3}),
        ({"author": "Writer 0", "topic": ["t0", "t1"]}, {n for n in range(24) if n % 3 == 0 and n % 5 < 2}),
        ({"author": "Nobody"}, set()),
        ({"topic": "t9"}, set()),
        ({"author": None}, set(range(24))),
        (None, set(range(24))),
    ],
)
def test_only_what_is_admitted_is_found(retriever, given, expected):
    hits = retriever.search(QUESTION, 100, filter=given)
    assert numbers(hits) == expected
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    for hit in hits:
        assert hit.chunk.article.text[hit.chunk.start : hit.chunk.end] == hit.chunk.text
        assert retriever.store.chunk(retriever.store.row(hit.chunk.id)) == hit.chunk


def test_a_part_is_a_store_of_its_own(retriever):
    part = retriever.store.filtered(Filter(authors=("Writer 1",)))
    assert part is retriever.store.filtered(Filter(authors=("Writer 1",))), "it is kept"
    assert {article.author for article in part.articles()} == {"Writer 1"}
    assert part.size == sum(
        article.author == "Writer 1" for article in (part.chunk(r).article for r in range(part.size))
    )
    assert part.word_frequency("harbour") == 8 and retriever.store.word_frequency("harbour") == 24
    part.close()
    assert retriever.search(QUESTION), "closing a part leaves the whole open"


def test_little_that_is_left_of_a_large_segment_is_searched_exactly(retriever, monkeypatch):
    monkeypatch.setattr(segment, "LARGE", 1)
    part = retriever.store.filtered(Filter(articles=("a03.md", "a05.md")))
    vector = HashEncoder().encode(["harbours"])[0]
    exact = np.sort(part.chunk_vectors(np.arange(part.size)) @ vector)[::-1]
    for search in (part.search_dense, part.search_dense_exactly):
        rows, scores = search(vector, 50)
        assert sorted(rows.tolist()) == list(range(part.size))
        assert scores == pytest.approx(exact, abs=1e-3)
    assert part.search_sentences(vector, 50)[0].size


@pytest.mark.parametrize("given", [{"topc": "t4"}, {"topc": ""}, {"topc": "t4", "author": "Nobody"}])
def test_a_field_that_no_article_has_is_refused_with_those_that_there_are(retriever, given):
    with pytest.raises(QuestionError) as refused:
        retriever.search(QUESTION, filter=given)
    assert str(refused.value) == (
        "No article has a field 'topc' to filter by; did you mean 'topic'? Filter by one of: article, since, until, "
        "author, title, publisher, date, url, language, id, path, topic."
    )


def test_a_slip_in_a_known_name_is_told_the_name(retriever):
    with pytest.raises(QuestionError, match="'auhtor' to filter by; did you mean 'author'"):
        retriever.search(QUESTION, filter={"auhtor": "Writer 1"})


def test_the_fields_are_read_once_and_only_for_a_name_that_not_all_articles_have(tmp_path, monkeypatch):
    build_from(tmp_path, FILES)
    store, read = LocalStore.open(tmp_path / "index"), []
    query = Segment.query

    def counted(self, sql, values=()):
        if "SELECT row, extra FROM" in sql and values[-1] == -1:
            read.append(sql)
        return query(self, sql, values)

    monkeypatch.setattr(Segment, "query", counted)
    store.filtered(Filter(authors=("Writer 1",), metadata=(("title", ("Article 4",)),)))
    assert not read
    for name in ("topic", "topc", "topics", "topic"):
        with suppress(QuestionError):
            store.filtered(Filter(metadata=((name, ("t1",)),)))
    assert len(read) == len(store.segments)
    store.close()


def test_what_only_a_removed_article_had_is_no_field(tmp_path):
    build_from(tmp_path, FILES | {"z.md": "---\ntitle: Z\nshelfmark: QL\n---\nSome harbours."})
    build_from(tmp_path, FILES)
    store = LocalStore.open(tmp_path / "index")
    with pytest.raises(QuestionError, match="shelfmark"):
        store.filtered(Filter(metadata=(("shelfmark", ("QL",)),)))
    assert store.filtered(Filter(metadata=(("topic", ("t1",)),))).size
    store.close()


def test_names_that_cannot_be_read_are_damage(tmp_path, monkeypatch):
    build_from(tmp_path, FILES)
    store = LocalStore.open(tmp_path / "index")
    monkeypatch.setattr(Segment, "stream", lambda self, sql, values=(): iter([(0, "[1]")]))
    with pytest.raises(IndexFolderError, match="is damaged .article 0 is not whole.; rebuild it"):
        store.filtered(Filter(metadata=(("topic", ("t1",)),)))
    store.close()


def test_many_and_long_names_are_cut():
    told = str(no_such_field("x" * 999, [f"a\n{number} {'y' * 200}" for number in range(99)]))
    assert len(told) < 4000 and told.endswith(" and 70 more.") and "\n" not in told


@pytest.mark.parametrize(
    "given",
    [
        "reed",
        3,
        {"since": "last year"},
        {"until": "1917-1"},
        {"author": []},
        {"author": {"a": "b"}},
        {"author": object()},
    ],
)
def test_what_is_no_filter_is_refused_in_words(retriever, given):
    with pytest.raises(QuestionError, match="filter"):
        retriever.search(QUESTION, filter=given)
    assert retriever.search(QUESTION, filter={})


@given(
    date=st.dates().map(str),
    since=st.dates().map(str),
    until=st.dates().map(str),
    cut=st.sampled_from([4, 7, 10]),
)
@settings(max_examples=200, deadline=None)
def test_dates_are_compared_as_far_as_they_go(date, since, until, cut):
    article = Article("x", "x.md", "x", date=date[:cut])
    admitted = Filter(since=since, until=until).admits(article)
    n = cut
    assert admitted == (since[:n] <= date[:n] <= until[:n])


def test_a_mapping_is_read_into_one_form():
    one = read_filter({"topic": ["b", "a"], "author": "x"})
    assert (
        one
        == read_filter({"author": ["x"], "topic": ["a", "b", "a"]})
        == Filter(authors=("x",), metadata=(("topic", ("a", "b")),))
    )
    assert read_filter({}) is read_filter(Filter()) is read_filter(None) is None


def test_a_threshold_leaves_out_what_is_unlike(retriever):
    hits = retriever.search("The number 7 is named here.", 100)
    likeness = [max(hit.signals["dense"], hit.signals["sentence"]) for hit in hits]
    middle = float(np.median(likeness))
    kept = retriever.search("The number 7 is named here.", 100, threshold=middle)
    assert [hit.chunk for hit in kept] == [
        hit.chunk for hit, like in zip(hits, likeness, strict=True) if like >= middle
    ]
    assert [hit.rank for hit in kept] == list(range(1, len(kept) + 1))
    assert retriever.search(QUESTION, threshold=1.1) == []


def test_many_questions_find_what_each_finds_alone(retriever):
    questions = [f"Where is number {n} named?" for n in range(9)] + ["Who wrote it, and when was it read?"]
    many = retriever.search_many(questions, 4, filter={"author": "Writer 1"})
    for question, hits in zip(questions, many, strict=True):
        alone = retriever.search(question, 4, filter={"author": "Writer 1"})
        assert [hit.chunk for hit in hits] == [hit.chunk for hit in alone]
        assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in alone], abs=1e-5)
    assert retriever.search_many([]) == []
    with pytest.raises(QuestionError):
        retriever.search_many(["good?", " "])


def test_coroutines_find_the_same(retriever):
    async def search():
        return await asyncio.gather(
            retriever.asearch(QUESTION, 3), retriever.asearch_many([QUESTION, "number 3"], 3, filter={"topic": "t3"})
        )

    one, many = asyncio.run(search())
    assert one == retriever.search(QUESTION, 3)
    assert many == retriever.search_many([QUESTION, "number 3"], 3, filter={"topic": "t3"})


def test_threads_do_not_mix_their_hits(retriever):
    questions = [f"Where is number {n} named?" for n in range(24)]
    filters = [{"author": f"Writer {n % 3}"} if n % 2 else None for n in range(24)]
    alone = [retriever.search(q, 5, filter=f) for q, f in zip(questions, filters, strict=True)]
    start = threading.Barrier(8)

    def ask(offset: int):
        start.wait()
        order = [(offset * 3 + n) % 24 for n in range(24)]
        return {n: retriever.search(questions[n], 5, filter=filters[n]) for n in order}

    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(ask, range(8)):
            assert [found[n] for n in range(24)] == alone
