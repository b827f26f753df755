"""Hits to numbered evidence within a budget, with the real embedder over the small shelf."""

from pathlib import Path

import pytest

from askoctober.answering.evidence import CHARACTERS_PER_TOKEN, TOKENS_PER_MARK, select_evidence
from askoctober.index import LocalStore
from askoctober.retrieval import Retriever
from askoctober.types import Encoder, Evidence

QUESTIONS = ["Who doubted the language of the bees?", "When was the barrage opened?", "Who built H4?", "Xyzzy?"]


@pytest.fixture(scope="module")
def retriever(shelf_index: Path, encoder: Encoder) -> Retriever:
    return Retriever(LocalStore.open(shelf_index), encoder)


def select(retriever: Retriever, question: str, budget: int, k: int = 8) -> tuple[Evidence, ...]:
    return select_evidence(question, retriever.search(question, k), retriever, budget)


def cost(evidence: tuple[Evidence, ...]) -> float:
    sentences = sum(span.end - span.start for piece in evidence for span in piece.sentences)
    return sentences / CHARACTERS_PER_TOKEN + TOKENS_PER_MARK * len(evidence)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("budget", [1, 40, 80, 150, 10_000])
def test_what_is_promised_of_evidence(retriever: Retriever, question: str, budget: int) -> None:
    evidence = select(retriever, question, budget)
    assert [piece.mark for piece in evidence] == list(range(1, len(evidence) + 1)) != []
    assert cost(evidence) <= budget or sum(len(piece.sentences) for piece in evidence) == 1
    seen: list[tuple[str, int, int]] = []
    for piece in evidence:
        assert piece.article.text[piece.start : piece.end] == piece.text == piece.text.strip()
        assert (piece.sentences[0].start, piece.sentences[-1].end) == (piece.start, piece.end)
        assert piece.hit.chunk.start <= piece.start < piece.end <= piece.hit.chunk.end
        for one, next_ in zip(piece.sentences, piece.sentences[1:], strict=False):
            assert one.end <= next_.start and not piece.article.text[one.end : next_.start].strip()
        for article, start, end in seen:
            assert article != piece.article.id or end <= piece.start or piece.end <= start
        seen.append((piece.article.id, piece.start, piece.end))
    order = [(piece.hit.rank, piece.start) for piece in evidence]
    assert order == sorted(order)


def test_everything_fits_a_large_budget(retriever: Retriever) -> None:
    evidence = select(retriever, QUESTIONS[0], 10_000)
    hits = retriever.search(QUESTIONS[0], 8)
    # Adjoining sentences are one piece, so that each hit is shown whole.
    assert [piece.hit.chunk.id for piece in evidence] == [hit.chunk.id for hit in hits]
    sentences = [retriever.store.sentences(retriever.store.row(hit.chunk.id)) for hit in hits]
    assert [piece.sentences for piece in evidence] == sentences


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Who doubted the language of the bees?", "Adrian Wenner"),
        ("When was the barrage across the estuary opened?", "1966"),
        ("Who built a timekeeper for the sea?", "John Harrison"),
    ],
)
def test_a_small_budget_holds_the_sentence_that_answers(retriever: Retriever, question: str, words: str) -> None:
    assert words in " ".join(piece.text for piece in select(retriever, question, 60))


def test_more_budget_never_shows_less(retriever: Retriever) -> None:
    shown = [sum(len(piece.sentences) for piece in select(retriever, QUESTIONS[0], at)) for at in range(20, 400, 20)]
    assert shown == sorted(shown)


def test_no_hits_no_evidence(retriever: Retriever) -> None:
    assert select_evidence("Anything?", [], retriever, 100) == ()
