"""The decision to answer: surer signals never make it less likely."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.answering.deciding import THRESHOLD, Signals, answers, confidence, disclaims, in_words

SHARES = st.floats(0, 1)


@given(st.lists(st.tuples(SHARES, SHARES), min_size=3, max_size=3))
def test_confidence_rises_with_each_signal(pairs: list[tuple[float, float]]) -> None:
    low, high = (Signals(*map(end, pairs)) for end in (min, max))
    assert 0 < confidence(low) <= confidence(high) < 1


def test_the_ends() -> None:
    assert answers(confidence(Signals(1, 1)))
    assert not answers(confidence(Signals(0, 0)))
    assert not answers(confidence(Signals(0, -1)))
    assert answers(THRESHOLD)
    assert not answers(THRESHOLD - 1e-9)


@pytest.mark.parametrize(
    ("probability", "words"),
    [(1.0, "almost surely"), (0.95, "almost surely"), (0.9, "very probably"), (0.7, "probably"), (0.0, "perhaps")],
)
def test_words_for_a_probability(probability: float, words: str) -> None:
    assert in_words(probability) == words


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The excerpts do not mention any animals.", True),
        ("The best beaches are not mentioned in the given excerpts.", True),
        ("No information is given about the price.", True),
        ("The provided passages don't say who won.", True),
        ("The articles of the treaty were signed in May.", False),
        ("He did not mention the strike to the sailors.", False),
        ("The keepers were not named after their towers.", False),
        ("The text of the decree was read aloud.", False),
        ("The articles of the treaty did not provide for reparations.", False),
        ("There was no answer from the government.", False),
        ("The sources of the Nile were not named until 1858.", False),
    ],
)
def test_a_draft_that_gives_up_is_told_from_an_answer(sentence: str, expected: bool) -> None:
    assert disclaims(sentence) is expected
