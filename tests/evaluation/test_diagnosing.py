from typing import Any

import pytest

from askoctober.evaluation.diagnosing import faults, outcome
from askoctober.evaluation.questions import Gold, Question
from askoctober.evaluation.retrieval import Place
from askoctober.evaluation.running import Record
from askoctober.evaluation.scoring import Row, score

TEXTS = {"a": "Ann built the mill. Bob ran it. " + "x " * 100}
FIRST, SECOND, NOTHING = Place("a", 0, 19), Place("a", 20, 31), Place("a", 60, 99)
GOLD = (Gold("a", "Ann built the mill.", "1"), Gold("a", "Bob ran it.", "2"))
QUESTION = Question("q", "list", "Who?", must_have=(("Ann",), ("Bob",)), gold=GOLD)


def row(
    said: str, hits: tuple[Place, ...], shown: tuple[Place, ...] = (), question: Question = QUESTION, **changes: Any
) -> Row:
    quote = TEXTS["a"][:19]
    citation = {"mark": 1, "article": {"path": "a"}, "start": 0, "end": 19, "quote": quote}
    answer = {
        "text": f"{said} [1]" if said else "The articles do not say.",
        "declined": not said,
        "sentences": [{"text": said, "marks": [1], "support": "supported"}] if said else [],
        "citations": [citation] if said else [],
        "timings": {"first_token_ms": 1.0, "total_ms": 2.0},
        "confidence": 0.5,
    }
    return score(question, Record("Who?", hits, answer=answer | changes, evidence=shown), TEXTS, {"built", "ran"}, None)


@pytest.mark.parametrize(
    ("made", "what", "words"),
    [
        (row("Ann built it, Bob ran it.", (FIRST, SECOND), (FIRST, SECOND)), "right", "quote nor question says"),
        (row("Ann built it.", (FIRST, SECOND), (FIRST, SECOND)), "wrong", "shown to the model, but not in the answer"),
        (row("Ann built it.", (FIRST, SECOND), (FIRST,)), "wrong", "its sentences were not shown"),
        (row("Ann built it.", (FIRST,)), "wrong", "1 of 2 needed facts not retrieved"),
        (row("Ann built it.", (NOTHING,)), "wrong", "Needed fact not retrieved"),
        (row("", (FIRST, SECOND), (FIRST, SECOND)), "declined wrongly", "Declined although the articles answer it."),
        (row("Ann.", (), question=Question("q", "unanswerable_far", "?")), "answered wrongly", "articles do not say"),
        (row("Ann.", (), question=Question("q", "false_premise", "?", must_have=(("no",),))), "wrong", "not corrected"),
        (row("Ann built it.", (), text="Ann built it. [2]"), "wrong", "A mark has no citation"),
    ],
)  # fmt: skip
def test_what_became_of_it_and_why(made: Row, what: str, words: str) -> None:
    assert outcome(made) == what
    assert any(words in fault for fault in faults(made)), faults(made)


def test_nothing_is_wrong_with_what_is_right() -> None:
    whole = {"mark": 1, "article": {"path": "a"}, "start": 0, "end": 31, "quote": TEXTS["a"][:31]}
    good = row("Ann built it and Bob ran it.", (FIRST, SECOND), (FIRST, SECOND), citations=[whole])
    assert (outcome(good), faults(good)) == ("right", [])
    declined = row("", (), question=Question("q", "unanswerable_near", "?"))
    assert (outcome(declined), faults(declined)) == ("declined rightly", [])
    unlabelled = row("Ann.", (), question=Question("q", "question", "Ann?"))
    assert (outcome(unlabelled), faults(unlabelled)) == ("answered", [])


@pytest.mark.parametrize(
    ("hits", "what", "fault"),
    [
        ((FIRST, SECOND), "found", []),
        ((NOTHING,) * 5 + (FIRST, SECOND), "found", ["Retrieved, but not among the first 5."]),
        ((FIRST,), "found in part", ["1 of 2 needed facts not retrieved among the first 10 passages."]),
        ((), "not found", ["Needed fact not retrieved among the first 10 passages."]),
    ],
)
def test_what_was_only_searched(hits: tuple[Place, ...], what: str, fault: list[str]) -> None:
    searched = score(QUESTION, Record("Who?", hits), TEXTS, (), None)
    assert (outcome(searched), faults(searched)) == (what, fault)


def test_a_failure_says_why() -> None:
    failed = score(QUESTION, Record("Who?", error="It broke; ask again."), TEXTS, (), None)
    assert (outcome(failed), faults(failed)) == ("failed", ["It broke; ask again."]) and failed.scores["right"] == 0.0
