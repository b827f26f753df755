"""Sentences of articles as prose."""

import pytest

from askoctober.answering.prose import plain


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Bees dance.12", "Bees dance."),
        ("Bees dance.”711", "Bees dance.”"),
        ("Bees dance. [12]", "Bees dance."),
        ("It was 1917.", "It was 1917."),
        ("It held 3.5", "It held 3.5"),
        ("**Bees** dance *much*, _too_.", "Bees dance much, too."),
        ("> Bees\n  dance.", "Bees dance."),
        ("- Bees dance.", "Bees dance."),
        ("## Bees dance", "Bees dance"),
        ("snake_case and 2*3*4", "snake_case and 2*3*4"),
    ],
)
def test_plain(sentence: str, expected: str) -> None:
    assert plain(sentence) == expected
    assert plain(expected) == expected


@pytest.mark.parametrize("text", ["He wrote in [*7*] that.", "See [[1]7] there.", "In [19171] it was."])
def test_nothing_in_an_article_passes_for_a_mark(text: str) -> None:
    assert "[" not in plain(text) and "]" not in plain(text)
