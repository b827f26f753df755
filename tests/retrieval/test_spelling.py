"""Misspelt and otherwise spelt words find those of the shelf; known and strange words stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.retrieval.spelling import Spelling, sound, words_of

SHELF = (
    "Later the harbour of Kerensky. 一八一二年. Trotsky organized the insurrection; the tsar left the theatre in "
    "a grey carriage."
)
KNOWN = set(SHELF.casefold().replace(".", "").replace(";", "").split())

WORDS = {"carnage", "gray", "sky", "wrote", "harbor", "organised", "latter"}
"""What the encoder knows whole."""


def corrected(question: str) -> str:
    return Spelling([SHELF]).correct(question, lambda word: word.casefold() in KNOWN, lambda word: word in WORDS)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Where was Kerenski?", "Where was Kerensky?"),
        ("trotskij", "trotsky"),
        ("Trotski's grey hair", "Trotsky's grey hair"),
        ("Did the Czar leave?", "Did the Tsar leave?"),
        ("the harbor", "the harbour"),
        ("who organised it", "who organized it"),
        ("the insurection", "the insurrection"),
        ("the isnurrection", "the insurrection"),
        ("a grey cariage", "a grey carriage"),
    ],
)
def test_a_word_in_another_spelling(asked: str, expected: str) -> None:
    assert corrected(asked) == expected


@pytest.mark.parametrize(
    "asked",
    [
        "Who wrote to Berlin?",
        "the tsar",
        "Kerensky left",
        "a gray sky",
        "the carnage",
        "the latter",
        "isn't it that we're late",
        "一八一三年",
        "Kerensky’s left",
        "",
        "12 of 1917!",
    ],
)
def test_what_stays(asked: str) -> None:
    assert corrected(asked) == asked


@given(st.text())
def test_never_fails(asked: str) -> None:
    assert len(words_of(corrected(asked))) <= len(asked)
    assert len(sound(asked.casefold())) <= 2 * len(asked) + 2


def test_an_empty_shelf() -> None:
    assert Spelling([]).correct("Anything goes", lambda word: False, lambda word: False) == "Anything goes"
