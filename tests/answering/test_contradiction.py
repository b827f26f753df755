"""Negation and roles: what says the opposite in nearly the same words, and what only looks so."""

import pytest

from askoctober.answering.contradiction import contradicts

OPPOSITE = [
    ("The keepers stayed in the tower.", "The keepers did not stay in the tower."),
    ("The vote was held in May.", "The vote was not held in May."),
    ("Fermat never published the proof.", "Fermat published the proof in a letter."),
    ("The lamp can't turn.", "The lamp turns once in ten seconds."),
    ("Germany defeated France in 1870.", "In 1870 France defeated Germany."),
    ("Germany was defeated by France.", "Germany defeated France."),
    (
        "The board voted 10-2 against the merger.",
        "The board voted 10-2 for the resolution on the merger; two were against.",
    ),
    ("The trustees voted against the merger.", "The trustees nevertheless voted, 12 to 3, for talks."),
]
ALIKE = [
    ("Germany was defeated by France.", "France defeated Germany."),
    ("Germany defeated France.", "France was defeated by Germany."),
    ("The lamp burned oil.", "The lamp burned oil, not gas, for a century."),
    ("The light does not turn.", "The light has never turned since."),
    ("The bridge was opened in 1932.", "The bridge, which was not finished, was opened in 1932."),
    ("The canal opened in 1869.", "The canal did not open until 1869."),
    ("The revolt failed to spread.", "The revolt did not spread."),
    ("Two voted against the merger.", "Ten voted for it and two voted against it."),
    ("The trustees voted for talks.", "The trustees nevertheless voted (12 to 3) for talks."),
    ("She fought for reform.", "She fought all her life against the old law and fought for reform."),
    ("Bread rises.", ""),
    ("", "Bread does not rise."),
]


@pytest.mark.parametrize(("claim", "quote"), OPPOSITE)
def test_the_opposite_is_found(claim: str, quote: str) -> None:
    assert contradicts(claim, quote) and contradicts(quote, claim)


@pytest.mark.parametrize(("claim", "quote"), ALIKE)
def test_what_agrees_is_left_alone(claim: str, quote: str) -> None:
    assert not contradicts(claim, quote)


@pytest.mark.parametrize("text", [text for pair in OPPOSITE + ALIKE for text in pair])
def test_nothing_contradicts_itself(text: str) -> None:
    assert not contradicts(text, text)
