"""Two sources for one number: told apart from other things, other times and the same number."""

import numpy as np
import pytest

from askoctober.answering.disagreement import find_disagreement
from askoctober.types import Article, Chunk, Evidence, Hit, Span

QUESTION = "How many keepers did the service employ in August 1871?"


def evidence(*texts: str) -> tuple[Evidence, ...]:
    """One piece of evidence of one sentence for each text, each from an article of its own."""
    pieces = []
    for mark, text in enumerate(texts, start=1):
        article = Article(str(mark), f"{mark}.md", "Lights", text=text)
        hit = Hit(Chunk(str(mark), str(mark), "", text, 0, len(text), article), 1.0, mark)
        pieces.append(Evidence(mark, hit, 0, len(text), text, (Span(0, len(text)),)))
    return tuple(pieces)


def found(question: str, *texts: str) -> tuple[int, int] | None:
    return find_disagreement(question, evidence(*texts), np.ones(len(texts), np.float32))


def test_two_numbers_for_one_thing() -> None:
    one = "In August 1871 the service employed 1,200 keepers."
    other = "A report counts 1,450 keepers in the service in August 1871."
    assert found(QUESTION, one, "Bees dance.", other) == (0, 2)


@pytest.mark.parametrize(
    "other",
    [
        "In August the service employed some 1,210 keepers.",
        "In October the service employed 1,450 keepers.",
        "In August 1868 the service employed 1,450 keepers.",
        "In August 1871 the service employed 1,450 divers.",
        "In August 1871 the service employed 1,200 keepers and 1,450 divers.",
        "In August 1871 the service employed 12 keepers in the south.",
        "In August 1871 the 1,450 soldiers marched.",
    ],
)
def test_what_is_no_disagreement(other: str) -> None:
    assert found(QUESTION, "In August 1871 the service employed 1,200 keepers.", other) is None


def test_only_questions_for_a_number() -> None:
    one, other = "In August the service employed 1,200 keepers.", "In August the service employed 1,450 keepers."
    assert found("How many keepers did the service employ in August?", one, other) == (0, 1)
    assert found("Who kept the lights of the service in August?", one, other) is None
    assert found(QUESTION) is None
