"""The decision to answer: surer signals never make it less likely."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.answering.deciding import THRESHOLD, Signals, answers, confidence, in_words

SHARES = st.floats(0, 1)


@given(SHARES, SHARES, SHARES, SHARES)
def test_confidence_rises_with_both_signals(yes: float, more_yes: float, cosine: float, more_cosine: float) -> None:
    low = Signals(min(yes, more_yes), min(cosine, more_cosine))
    high = Signals(max(yes, more_yes), max(cosine, more_cosine))
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
