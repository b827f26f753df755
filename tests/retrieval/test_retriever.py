import dataclasses
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askoctober.config import Config, Weights
from askoctober.errors import IndexFolderError, QuestionError
from askoctober.index import Entry, LocalStore, read_manifest, write_index
from askoctober.index.format import dump_manifest
from askoctober.retrieval import Retriever, check_question
from askoctober.retrieval.late import TokenWeights, best_window
from askoctober.types import Article
from encoders import HashEncoder
from shelves import build_from

FILES = {
    f"a{i}.md": f"# Article {i}\n\nThe number {i} is named here. Every article has this sentence." for i in range(60)
}
ODD = [
    '"bees"',
    "AND OR NOT",
    "* a",
    "bees 🐝",
    "NEAR(a b)",
    "a:b",
    "a\0b",
    "(((x",
    "'; DROP TABLE words; --",
    "ß ǅ",
    "^1",
    "1 -2",
]


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("retriever")
    build_from(folder, FILES)
    store = LocalStore.open(folder / "index")
    yield Retriever(store, HashEncoder())
    store.close()


@pytest.fixture(scope="module")
def real(shelf_index: Path, encoder):
    store = LocalStore.open(shelf_index)
    yield Retriever(store, encoder)
    store.close()


def in_order(hits) -> bool:
    scores = [hit.score for hit in hits]
    return [hit.rank for hit in hits] == list(range(1, len(hits) + 1)) and scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("k", [1, 5, 31, 60, 1000])
def test_hits_are_ranked_and_different(retriever, k):
    hits = retriever.search("Where is number 17 named?", k)
    assert len(hits) == min(k, 60)
    assert in_order(hits)
    assert len({hit.chunk.id for hit in hits}) == len(hits)
    assert hits[0].chunk.article.title == "Article 17"
    assert all(0 <= hit.score <= 1 for hit in hits)
    assert hits[0].score == pytest.approx(1.0)
    assert all(set(hit.signals) == {"dense", "words", "sentence", "late"} for hit in hits)


def test_the_first_hits_do_not_depend_on_how_many_are_asked_for(retriever):
    many = [hit.chunk.id for hit in retriever.search("number 23", 30)]
    assert [hit.chunk.id for hit in retriever.search("number 23", 4)] == many[:4]


def test_signals_say_what_each_ranker_gave(retriever):
    question = "The number 8 is named here."
    vector = retriever.encoder.encode([question])[0]
    hit = retriever.search(question, 1)[0]
    row = retriever.store.row(hit.chunk.id)
    assert hit.signals["dense"] == pytest.approx(float(retriever.store.chunk_vectors([row])[0] @ vector), abs=1e-5)
    assert hit.signals["sentence"] == pytest.approx(1.0, abs=1e-3)
    store = retriever.store
    query = store.project_tokens(retriever.encoder.encode_tokens([question])[1][0])
    weights = TokenWeights(retriever.encoder, store.word_frequency, store.size).of(question, len(query))
    late = best_window(query, store.token_vectors(row), store.token_counts(row), weights)
    assert hit.signals["late"] == pytest.approx(late, abs=1e-5)
    rows, scores = retriever.store.search_words(question, 1)
    assert (rows[0], hit.signals["words"]) == (row, pytest.approx(scores[0]))


def test_a_weight_of_nothing_silences_a_ranker(retriever):
    words_only = Retriever(retriever.store, retriever.encoder, Weights(dense=0, sentence=0, late=0))
    hits = words_only.search("number 23 named", 60)
    scores = [hit.signals["words"] for hit in hits[:30]]
    assert scores == sorted(scores, reverse=True)
    assert hits[0].chunk.article.title == "Article 23"


def test_each_clause_of_a_question_finds_its_passage(retriever):
    whole = "What is it that number 17 is called here, and what is it that number 42 is called here?"
    hits = retriever.search(whole, 5)
    assert {hit.chunk.article.title for hit in hits[:2]} == {"Article 17", "Article 42"}
    assert in_order(hits)
    assert len({hit.chunk.id for hit in hits}) == 5


@pytest.mark.parametrize("question", ODD)
def test_odd_questions_are_asked_like_others(retriever, question):
    assert len(retriever.search(question, 3)) == 3


@pytest.mark.parametrize("question", ODD)
def test_odd_questions_pass_the_real_embedder(real, question):
    hits = real.search(question, 3)
    assert len(hits) == 3
    assert in_order(hits)


@given(st.text(max_size=120))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_searched_or_refused(retriever, question):
    try:
        hits = retriever.search(question, 7)
    except QuestionError as error:
        assert "ask" in str(error)
    else:
        assert len(hits) == 7
        assert in_order(hits)


@pytest.mark.parametrize("question", ["", "  \n", "?!", '"', "*", "🐝", "\0"])
def test_no_words_are_no_question(retriever, question):
    with pytest.raises(QuestionError, match=r"^The question is empty; ask one in words\.$"):
        retriever.search(question)


def test_a_pasted_page_is_refused(retriever):
    with pytest.raises(QuestionError, match=r"^The question has 14999 characters; ask one of at most 4000\.$"):
        retriever.search("word " * 3000)
    assert len(check_question("x" * 4000)) == 4000


def test_half_a_character_is_refused(retriever, real):
    for one in (retriever, real):
        with pytest.raises(QuestionError, match="is not text"):
            one.search("what is \ud83d this")


@pytest.mark.parametrize("k", [0, -1])
def test_at_least_one_passage_is_asked_for(retriever, k):
    with pytest.raises(QuestionError, match=f"k is {k}; ask for at least 1 passage"):
        retriever.search("number", k)


def test_white_space_in_a_question_is_tidied():
    assert check_question("  who\n\tvoted \u00a0 then? ") == "who voted then?"


def empty_store(folder):
    """An index of one article that has no chunk."""
    none = np.zeros((0, 64), np.float32)
    entry = Entry(
        Article("a", "a.md", "A"), "d" * 64, (), none, none, np.zeros((0, 64), np.int8), np.zeros(0, np.int64)
    )
    write_index(folder, [entry], np.eye(64, dtype=np.float32), {})
    return LocalStore.open(folder)


def test_a_shelf_without_chunks_has_no_hits(tmp_path):
    store = empty_store(tmp_path / "index")
    assert Retriever(store, HashEncoder()).search("heading") == []
    store.close()


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("How do insects tell one another where food can be found?", "bees.md"),
        ("Which invention let sailors know their position east or west?", "clock.txt"),
        ("How is electricity made from the sea in Brittany?", "sub/tides.md"),
    ],
)
def test_paraphrased_questions_find_their_article_first(real, question, path):
    hits = real.search(question, 5)
    assert hits[0].chunk.article.path == path
    assert in_order(hits)
    for hit in hits:
        assert hit.chunk.article.text[hit.chunk.start : hit.chunk.end] == hit.chunk.text


def test_a_question_finds_the_passage_within_the_article(real):
    hit = real.search("Who did not believe that dancing guides the bees?", 1)[0]
    assert "Adrian Wenner" in hit.chunk.text
    hit = real.search("What happened to the fish behind the dam?", 1)[0]
    assert hit.chunk.heading == "The tides of the Rance > What became of the river"


def test_load_opens_a_folder_with_its_embedder(shelf_index, minilm):
    config = dataclasses.replace(Config(), embedder=str(minilm))
    retriever = Retriever.load(shelf_index, config)
    assert retriever.search("honeybees", 1)[0].chunk.article.title == "Why honeybees dance"
    retriever.store.close()


def test_another_embedder_is_refused(tmp_path, minilm):
    build_from(tmp_path, {"a.md": "A text."}, embedder="org/hash-model")
    with pytest.raises(IndexFolderError) as caught:
        Retriever.load(tmp_path / "index", Config(embedder=str(minilm)))
    assert str(caught.value) == (
        f"{tmp_path / 'index'} was embedded with hash-model, not with all-MiniLM-L6-v2; "
        f"use --embedder hash-model, or rebuild it: askoctober index CORPUS --index {tmp_path / 'index'}"
    )


def test_no_index_is_said(tmp_path):
    with pytest.raises(IndexFolderError, match="^No index in "):
        Retriever.load(config=Config(index=tmp_path / "none"))


def test_the_same_retriever_over_another_store(tmp_path):
    for name, files in (("one", {"a.md": "# A\n\nA text of ants."}), ("two", {"b.md": "# B\n\nA text of bats."})):
        build_from(tmp_path / name, files)
    one, two = (LocalStore.open(tmp_path / name / "index") for name in ("one", "two"))
    retriever = Retriever(one, HashEncoder(), Weights(late=0), calendar="off", multilingual=True)
    other = retriever.over(two)
    assert [hit.chunk.article.path for hit in other.search("a text", 5)] == ["b.md"]
    assert [hit.chunk.article.path for hit in retriever.search("a text", 5)] == ["a.md"]
    assert (other.encoder, other.weights) == (retriever.encoder, Weights(late=0))
    assert other.calendars is None and other.foreign_language("Wer war damals denn da?") == ""
    # What was learnt of the one shelf is not taken to the other.
    assert (retriever.corrected("ant"), other.corrected("bat")) == ("ant", "bat")
    one.close()
    two.close()


SPRING = {
    "a.md": "# One\n\nIn Russia the year 1917 began cold. On 2 March 1917 the tsar left. Bread rose on 23 February.\n",
    "b.md": "# Two\n\nRussian mills stood still in 1917. On 8 March women marched, on 1 May and 3 June too.\n",
}


def test_dates_spellings_and_languages_of_a_shelf(tmp_path):
    build_from(tmp_path, SPRING)
    store = LocalStore.open(tmp_path / "index")
    shelf = Retriever(store, HashEncoder())
    assert shelf.languages == {"en"}
    assert shelf.with_other_dates("Who marched on 23 February 1917?") == (
        "Who marched on 23 February 1917 (8 March in the other calendar)?"
    )
    assert Retriever(store, HashEncoder(), calendar="off").calendars is None
    # What would grow too long stays as it was, and is searched.
    long = "Who marched on 23 February 1917? " + "x" * 3966
    assert len(check_question(long)) <= 4000 and shelf.with_other_dates(long) == long
    assert shelf.search(long)
    store.close()


def test_an_empty_shelf_has_no_language(tmp_path):
    store = empty_store(tmp_path / "index")
    shelf = Retriever(store, HashEncoder())
    assert (shelf.languages, shelf.calendars) == (frozenset(), None)
    assert shelf.corrected("Wer da war") == "Wer da war" and shelf.foreign_language("Wer war damals denn da?") == ""
    store.close()


def test_an_index_that_names_no_embedder_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("askoctober.retrieval.retriever.load_encoder", lambda path, threads: HashEncoder())
    monkeypatch.setattr("askoctober.retrieval.retriever.models.resolve", lambda name, folder: tmp_path)
    empty_store(tmp_path / "index").close()
    with pytest.raises(IndexFolderError, match="does not say what it was embedded with; rebuild it"):
        Retriever.load(tmp_path / "index")


OTHERWISE = (None, -1, "x", [1], {"name": 1}, ...)
"""What a manifest may say in place of what it should; the last is nothing."""


def test_a_manifest_that_lacks_something_or_says_it_otherwise_is_refused_in_words_or_does(tmp_path, monkeypatch):
    """Its sum may be right all the same: somebody else's program may have made it."""
    monkeypatch.setattr("askoctober.retrieval.retriever.load_encoder", lambda path, threads: HashEncoder())
    monkeypatch.setattr("askoctober.retrieval.retriever.models.resolve", lambda name, folder: tmp_path)
    build_from(tmp_path, {"a.md": "# Bees\n\nA forager dances."})
    whole, path = read_manifest(tmp_path / "index"), tmp_path / "index" / "manifest.json"
    refused = 0
    for name, value in product(whole, OTHERWISE):
        changed = {key: kept for key, kept in whole.items() if key != name} | ({name: value} if value != ... else {})
        path.write_text(dump_manifest(changed), encoding="utf-8")
        try:
            retriever = Retriever.load(tmp_path / "index")
        except IndexFolderError as error:
            refused += 1
            assert "askoctober index CORPUS" in str(error), (name, value)
            continue
        assert retriever.search("forager", 1)[0].chunk.text == "A forager dances.", (name, value)
        retriever.store.close()
    assert refused > 25
