"""Sentences against evidence, with the real embedder: supported, repaired or dropped, and every quote exact."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askoctober.answering.checking import CLOSE, Checker
from askoctober.answering.draft import Draft, DraftSentence
from askoctober.answering.facts import numbers
from askoctober.chunking import sentence_spans
from askoctober.types import Article, Chunk, Citation, Encoder, Evidence, Hit, Sentence

BEES = (
    "Karl von Frisch studied honeybees in Vienna. He showed in 1927 that a bee that has found food tells the others by "
    "dancing. The waggle dance gives the direction of the food from the angle to the sun. Each second of the waggle "
    "stands for about 1,000 metres. Adrian Wenner doubted the dance in 1967."
)
ANTS = (
    "Leafcutter ants grow a fungus in chambers under the ground. A single nest may hold 8 million workers.12\n"
    "The queen mates once, at the age of a few weeks, and lives for fifteen years. Bert Hölldobler and Edward Wilson "
    "described the nests in 1990."
)
QUESTION = "What do insects do?"


def evidence(mark: int, name: str, text: str) -> Evidence:
    """A whole article as one piece of evidence, with something in front so that offsets are not those of the piece."""
    article = Article(name, f"{name}.md", name.title(), text=f"# {name}\n\n{text}\n\nMore.")
    start = article.text.index(text)
    chunk = Chunk(f"{name}:{start}", name, "", text, start, start + len(text), article)
    spans = tuple(type(span)(start + span.start, start + span.end) for span in sentence_spans(text))
    return Evidence(mark, Hit(chunk, 1.0 / mark, mark), start, start + len(text), text, spans)


EVIDENCE = (evidence(1, "bees", BEES), evidence(2, "ants", ANTS))


@pytest.fixture
def checker(encoder: Encoder) -> Checker:
    return Checker(QUESTION, EVIDENCE, encoder)


def check(checker: Checker, text: str, *marks: int) -> tuple[Sentence | None, tuple[Citation, ...]]:
    return checker.check(DraftSentence(text, marks))


def holds(checker: Checker, sentence: Sentence | None, citations: tuple[Citation, ...]) -> None:
    """What is promised of every sentence that is let through."""
    for citation in (*citations, *checker.citations):
        assert citation.article.text[citation.start : citation.end] == citation.quote != ""
        piece = EVIDENCE[citation.mark - 1]
        assert citation.article is piece.article
        assert piece.start <= citation.start < citation.end <= piece.end
        assert 0 <= citation.support <= 1
    if sentence is None:
        assert citations == ()
        return
    assert [citation.mark for citation in citations] == list(sentence.marks) != []
    assert set(sentence.marks) <= {citation.mark for citation in checker.citations}
    quotes = " ".join(citation.quote for citation in citations)
    assert numbers(sentence.text) <= numbers(f"{quotes} {QUESTION}", loose=True)


def test_a_quotation_is_quoted(checker: Checker) -> None:
    sentence, citations = check(checker, "A single nest may hold 8 million workers.", 2)
    assert sentence == Sentence("A single nest may hold 8 million workers.", (2,), "quoted")
    assert [citation.quote for citation in citations] == ["A single nest may hold 8 million workers.12"]
    assert citations[0].support > 0.9
    holds(checker, sentence, citations)


@pytest.mark.parametrize(
    ("text", "mark", "quote"),
    [
        (
            "Bees tell others about food by dancing.",
            1,
            "He showed in 1927 that a bee that has found food tells the others by dancing.",
        ),
        (
            "The queen lives for 15 years.",
            2,
            "The queen mates once, at the age of a few weeks, and lives for fifteen years.",
        ),
        (
            "Honeybees were studied in Vienna by Karl von Frisch.",
            1,
            "Karl von Frisch studied honeybees in Vienna.",
        ),
    ],
)
def test_a_paraphrase_is_supported(checker: Checker, text: str, mark: int, quote: str) -> None:
    sentence, citations = check(checker, text, mark)
    assert sentence == Sentence(text, (mark,), "supported")
    assert [citation.quote for citation in citations] == [quote]
    assert citations[0].support >= CLOSE
    holds(checker, sentence, citations)


@pytest.mark.parametrize("marks", [(2,), (), (9,), (2, 9)])
def test_a_wrong_mark_is_corrected(checker: Checker, marks: tuple[int, ...]) -> None:
    sentence, citations = check(checker, "Bees tell others about food by dancing.", *marks)
    assert sentence is not None and sentence.marks == (1,) and sentence.support == "supported"
    assert citations[0].article.id == "bees"
    holds(checker, sentence, citations)


def test_the_quote_grows_until_it_holds_the_facts(checker: Checker) -> None:
    sentence, citations = check(checker, "Karl von Frisch showed in 1927 that bees tell of food by dancing.", 1)
    assert sentence is not None and sentence.support == "supported"
    assert citations[0].quote == BEES[: BEES.index(" The waggle")]
    holds(checker, sentence, citations)


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("A nest may hold 9 million workers.", "A single nest may hold 8 million workers."),
        ("A nest may hold 8 thousand workers.", "A single nest may hold 8 million workers."),
        ("Stalin doubted the dance.", "Adrian Wenner doubted the dance in 1967."),
        ("Adrian Wenner doubted the dance in 1976.", "Adrian Wenner doubted the dance in 1967."),
        ("Each second of the waggle stands for 3 metres.", "Each second of the waggle stands for about 1,000 metres."),
    ],
)
def test_what_is_invented_is_put_back_to_the_source(checker: Checker, text: str, repaired: str) -> None:
    sentence, citations = check(checker, text, 1, 2)
    assert sentence is not None
    assert (sentence.text, sentence.support) == (repaired, "repaired")
    assert citations[0].quote.startswith(repaired) and citations[0].support == 1
    holds(checker, sentence, citations)


@pytest.mark.parametrize(
    "text",
    ["The stock market fell by 3 percent on Tuesday.", "The government of France resigned.", "I do not know."],
)
def test_what_nothing_is_near_to_is_dropped(checker: Checker, text: str) -> None:
    assert check(checker, text, 1) == (None, ())
    assert checker.citations == ()


def test_names_of_the_question_need_no_support(encoder: Encoder) -> None:
    claim = DraftSentence("Maria and Adrian Wenner doubted the dance in 1967.", (1,))
    sentence, _ = Checker(QUESTION, EVIDENCE, encoder).check(claim)
    assert sentence is not None and sentence.support == "repaired"
    sentence, _ = Checker("What did Maria doubt?", EVIDENCE, encoder).check(claim)
    assert sentence is not None and sentence.support == "supported"


def test_the_question_with_a_name_put_in_is_no_answer(encoder: Encoder) -> None:
    checker = Checker("Who gave up all doubts about the language of flowers after a long quarrel?", EVIDENCE, encoder)
    claim = "Adrian Wenner gave up all doubts about the language of flowers after a long quarrel."
    sentence, citations = check(checker, claim, 1)
    holds(checker, sentence, citations)
    assert sentence is not None and (sentence.support, sentence.text) == (
        "repaired",
        "Adrian Wenner doubted the dance in 1967.",
    )


def test_a_sentence_from_two_sources_cites_both(checker: Checker) -> None:
    text = "Adrian Wenner doubted in 1967 that bees dance, and Bert Hölldobler described ants' nests in 1990."
    sentence, citations = check(checker, text, 1)
    assert sentence == Sentence(text, (1, 2), "supported")
    assert [citation.quote for citation in citations] == [
        "Adrian Wenner doubted the dance in 1967.",
        "Bert Hölldobler and Edward Wilson described the nests in 1990.",
    ]
    holds(checker, sentence, citations)


def test_a_repeated_sentence_is_dropped(checker: Checker) -> None:
    text = "A single nest may hold 8 million workers."
    assert check(checker, text, 2)[0] is not None
    assert check(checker, text.upper(), 2) == (None, ())
    assert check(checker, "A single nest may hold 9 million workers.", 2) == (None, ())
    assert check(checker, "A nest holds 8 million workers.", 2)[0] is not None


def test_a_marks_quote_spans_all_that_was_cited_under_it(checker: Checker) -> None:
    check(checker, "The queen lives for fifteen years.", 2)
    sentence, citations = check(checker, "A nest may hold 8 million workers.", 2)
    holds(checker, sentence, citations)
    assert citations == checker.citations
    start, end = ANTS.index("A single"), ANTS.index(" Bert")
    assert [citation.quote for citation in citations] == [ANTS[start:end]]


def test_without_evidence_nothing_passes(encoder: Encoder) -> None:
    checker = Checker(QUESTION, (), encoder)
    assert check(checker, "Bees dance.", 1) == (None, ())
    assert checker.citations == ()


PARTS = [
    "Karl von Frisch",
    "Stalin",
    "bees dance",
    "leafcutter ants",
    "the queen lives for fifteen years",
    "in 1927",
    "in 1848",
    "8 million workers",
    "Adrian Wenner doubted the dance in 1967.",
    "A single nest may hold 8 million workers.",
    "and",
    "not",
    ".",
    "[1]",
    "[2]",
    "[7]",
    "[1][2]",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.sampled_from(PARTS), max_size=14))
def test_whatever_is_drafted_the_citations_hold(words: list[str], encoder: Encoder) -> None:
    checker = Checker(QUESTION, EVIDENCE, encoder)
    draft = Draft()
    shown: list[Sentence] = []
    for sentence in draft.add(" ".join(words)) + draft.finish():
        checked, citations = checker.check(sentence)
        holds(checker, checked, citations)
        if checked is not None:
            assert not re.search(r"Stalin|1848|\[|\]", checked.text)
            shown.append(checked)
    assert {mark for sentence in shown for mark in sentence.marks} == {c.mark for c in checker.citations}
    assert len({sentence.text for sentence in shown}) == len(shown)
