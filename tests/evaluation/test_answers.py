from typing import Any

import pytest

from askoctober.evaluation.answers import (
    answered_right,
    exact_match,
    lacking,
    marks_resolve,
    normalise,
    quotes_exact,
    token_f1,
)
from askoctober.evaluation.questions import Question

CITATION = {"mark": 1, "article": {"path": "a"}, "start": 4, "end": 9, "quote": "brown"}


def answer(text: str, *citations: dict[str, Any], declined: bool = False) -> dict[str, Any]:
    return {"text": text, "citations": citations, "declined": declined}


def test_every_group_needs_one_spelling() -> None:
    must_have = (("Peace",), ("land", "estate"))
    assert lacking("Immediate PEACE, and the estates", must_have) == []
    assert lacking("Peace", must_have) == [("land", "estate")]
    question = Question("q", "factoid", "?", must_have=must_have)
    assert answered_right(question, answer("Peace and land. [1]"))
    assert not answered_right(question, answer("Peace. [1]"))
    assert not answered_right(question, answer("Peace and land.", declined=True))
    assert not answered_right(Question("q", "f", "?", must_have=(("1",),)), answer("None. [1]")), "a mark says nothing"


def test_normalising_is_squads() -> None:
    assert normalise("The  Cat, a dog; an-other (Theatre)!") == "cat dog another theatre"


def test_token_f1_by_hand() -> None:
    # said: 2 of 4 words shared, reference: 2 of 2 -> P 1/2, R 1, F1 2/3
    assert token_f1("The red fox ran away", ["a red fox"]) == pytest.approx(2 / 3)
    assert token_f1("red red", ["red fox"]) == pytest.approx(1 / 2), "multisets"
    assert token_f1("x", ["y", "X!"]) == 1.0 and token_f1("", ["y"]) == 0.0


def test_exact_match_after_normalising() -> None:
    assert exact_match("The Fox.", ["wolf", "fox"]) and not exact_match("fox ran", ["fox"])


def test_quotes_are_compared_to_the_letter() -> None:
    texts = {"a": "the brown fox"}
    assert quotes_exact(answer("", CITATION), texts) == 1.0
    assert quotes_exact(answer("", CITATION, CITATION | {"quote": "Brown"}), texts) == 0.5
    assert quotes_exact(answer("", CITATION), {}) == 0.0
    assert quotes_exact(answer("", CITATION | {"start": 5, "end": 5, "quote": ""}), texts) == 0.0


def test_marks_and_citations_answer_each_other() -> None:
    assert marks_resolve(answer("One. [1]", CITATION))
    assert not marks_resolve(answer("One. [1][2]", CITATION)) and not marks_resolve(answer("One.", CITATION))
    assert marks_resolve(answer("Not said."))
