"""Two sources for one number: told apart from other things, other times and the same number."""

import json
from pathlib import Path

import numpy as np
import pytest

from askoctober.answering.disagreement import CALENDARS, DIFFER, find_disagreement, wording
from askoctober.calendars import Calendars
from askoctober.types import Article, Chunk, Evidence, Hit, Span

LABELLED = Path(__file__).parent.parent / "shelves" / "disagreements.jsonl"
ARTICLES = Path(__file__).parents[3] / "shared" / "articles"
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


FIRE = "In which month did the lighthouse at Skerry burn down?"
IN_MAY = "The lighthouse at Skerry burned down in May 1871."
IN_JUNE = "In June the lighthouse at Skerry burned down to the ground."


def found_time(question: str, *texts: str, cosine: float = 1.0, calendars: Calendars | None = None) -> object:
    """What is found where the sentences have this cosine with one another."""
    vectors = np.full((len(texts), 1 + len(texts)), 0.0, np.float32)
    vectors[:, 0] = np.sqrt(cosine)
    vectors[range(len(texts)), range(1, 1 + len(texts))] = np.sqrt(1 - cosine)
    return find_disagreement(question, evidence(*texts), np.ones(len(texts), np.float32), vectors, calendars)


def test_two_months_for_one_event() -> None:
    assert found_time(FIRE, IN_MAY, IN_JUNE) == (0, 1)
    assert found_time(FIRE, IN_MAY, IN_JUNE, cosine=0.5) is None
    assert found_time("What burned down at the Skerry lighthouse?", IN_MAY, IN_JUNE) is None
    # Words alone do not tell one event from another.
    assert found(FIRE, IN_MAY, IN_JUNE) is None


@pytest.mark.parametrize(
    "other",
    [
        "By June the lighthouse at Skerry had burned down.",
        "In June 1904 the lighthouse at Skerry burned down.",
        "From May to June the lighthouse at Skerry burned.",
        "In June the keepers were paid.",
    ],
)
def test_what_is_no_other_month(other: str) -> None:
    assert found_time(FIRE, IN_MAY, other) is None


def test_two_years_for_one_event() -> None:
    question = "In which year did the lighthouse at Skerry burn down?"
    assert found_time(question, IN_MAY, "The lighthouse at Skerry burned down in 1872.") == (0, 1)
    assert found_time(question, IN_MAY, "The lighthouse at Skerry burned down by 1872.") is None


def test_one_day_in_two_calendars() -> None:
    calendars = Calendars.of(["It fell in 1917."], "1918-02-14")
    question = "When was the palace taken?"
    old, new = "The palace was taken on 25 October.", "The palace was taken on 7 November."
    assert found_time(question, old, new) == (0, 1)
    assert found_time(question, old, new, calendars=calendars) is None
    assert found_time(question, old, "The palace was taken on 9 November.", calendars=calendars) == (0, 1)


def test_the_answer_says_what_differs() -> None:
    calendars = Calendars.of(["It fell in 1917."], "1918-02-14")
    old, new = "The palace was taken in October.", "The palace was taken in November."
    assert wording(old, new, calendars) == CALENDARS
    assert wording(old, new) == wording(old, "It was taken in March.", calendars) == DIFFER


def test_labelled_sides_are_places_of_the_articles() -> None:
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert len(row["sides"]) == (0 if row["kind"] == "agreement" else 2)
        assert not any("quote" in place for side in row["sides"] for place in side)
    if not ARTICLES.is_dir():
        pytest.skip(f"{ARTICLES} is not there; the labels' form alone was checked")
    for place in (place for row in rows for side in row["sides"] for place in side):
        text = (ARTICLES / place["file"]).read_text(encoding="utf-8")
        assert 0 <= place["start"] < place["end"] <= len(text)
        assert place["start"] == 0 or not text[place["start"] - 1].isalnum()
