from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from askoctober.config import Config
from askoctober.errors import GenerationError, QuestionError
from askoctober.types import Event, EvidenceFound, Message, Reading, SentenceChecked, TextPiece
from askoctober.web.line import Line
from askoctober.web.observing import STAGES, Observing, Record
from askoctober.web.refusals import Busy, Closing, TooLate
from askoctober.web.running import run
from askoctober.web.session import Session

from ..fakes import SENTENCES, FakeAssistant, answer, complete

FOUND = EvidenceFound("who", (), ())
DONE = answer("who", "who", "They. [1]", (), (), ())


def watched(*steps: Any, **given: Any) -> Record:
    """What is known in the end of a question that went so."""
    records: list[Record] = []
    watch = Observing(None, records.append).watch("who", **given)
    for step in steps:
        time.sleep(0.01)
        if step == "turn":
            watch.turn()
        elif isinstance(step, Exception):
            watch.fail(step)
        elif isinstance(step, int):
            watch.wait(step)
        else:
            watch.take(step)
    time.sleep(0.01)
    watch.end()
    (record,) = records
    return record


def test_each_moment_is_one_stages() -> None:
    piece, checked = TextPiece("x"), SentenceChecked(None)
    record = watched(
        FOUND, 2, 1, "turn", Reading(5, 9), Reading(9, 9), piece, piece, checked, piece, checked, DONE, door="api"
    )
    assert [span.stage for span in record.spans] == [
        "retrieve",
        "wait",
        "read",
        "generate",
        "check",
        "generate",
        "check",
    ]
    assert all(one.end == other.start for one, other in zip(record.spans, record.spans[1:], strict=False))
    assert record.spans[0].start == 0 and record.spans[-1].end <= record.total
    assert sum(record.stages.values()) == pytest.approx(record.spans[-1].end)
    assert list(record.stages) == [stage for stage in STAGES if stage in record.stages] == list(STAGES)
    assert record.first_token == record.spans[2].end
    assert (record.read, record.written, record.position) == (9, 3, 2)
    assert (record.outcome, record.error, record.door, record.answer) == ("answered", "", "api", DONE)
    assert abs(record.began + record.total - time.time()) < 5


@pytest.mark.parametrize(
    ("steps", "outcome", "error", "stages"),
    [
        ((), "stopped", "", []),
        ((Busy(1.0),), "refused", "Busy", []),
        ((QuestionError("no question; ask one."),), "refused", "QuestionError", []),
        ((Closing("ends"),), "refused", "Closing", []),
        ((FOUND, Closing("ends")), "stopped", "Closing", ["retrieve", "wait"]),
        ((FOUND, "turn", TooLate("late")), "failed", "TooLate", ["retrieve", "wait", "read"]),
        (("turn", GenerationError("x")), "failed", "GenerationError", ["wait", "retrieve"]),
        ((FOUND, "turn", TextPiece("x")), "stopped", "", ["retrieve", "wait", "read", "generate"]),
        ((FOUND, "turn", DONE), "answered", "", ["retrieve", "wait", "read"]),
    ],
)
def test_how_it_ends_and_what_was_going_on_is_seen(
    steps: Sequence[Any], outcome: str, error: str, stages: list[str]
) -> None:
    record = watched(*steps)
    assert (record.outcome, record.error) == (outcome, error)
    assert [span.stage for span in record.spans] == stages


def test_declined_is_not_answered() -> None:
    declined = answer("who", "who", "No.", (), (), (), declined=True)
    assert watched(FOUND, "turn", declined).outcome == "declined"


def test_clients_can_be_told_apart_and_not_found_out() -> None:
    one, again, other, nobody = (watched(client=client).client for client in ("10.0.0.1", "10.0.0.1", "10.0.0.2", ""))
    assert one == again != other and nobody == ""
    assert "10.0" not in one and len(one) == 12


def test_the_question_is_known_only_where_that_is_asked_for() -> None:
    assert watched().question == ""
    records: list[Record] = []
    Observing(Config(log_questions=True), records.append).watch("who").end()
    assert records[0].question == "who"


def test_who_counts_badly_does_not_harm_the_question(caplog: pytest.LogCaptureFixture) -> None:
    def broken(record: Record) -> None:
        raise ValueError("cannot count")

    with Observing(None, broken).watch("who") as watch:
        watch.take(FOUND)
    assert "could not be told" in caplog.text


def test_a_context_takes_in_what_is_raised() -> None:
    records: list[Record] = []
    with pytest.raises(TooLate), Observing(None, records.append).watch("who"):
        raise TooLate("late")
    assert (records[0].outcome, records[0].error) == ("failed", "TooLate")


def told(assistant: Any, question: str, line: Line | None = None, stop: int = 0) -> Record:
    """What is known of a question that is asked in the chat, and stopped after so many changes of the page."""
    records: list[Record] = []
    session = Session()
    assert session.begin(question)

    async def ask() -> None:
        count = 0
        async for _ in run(assistant, session, line or Line(), Observing(None, records.append)):
            count += 1
            if count == stop:
                session.stop()

    complete(ask())
    (record,) = records
    assert record.door == "chat" and record.client == ""
    return record


def test_the_chats_questions_are_watched_too(caplog: pytest.LogCaptureFixture) -> None:
    record = told(FakeAssistant(0.001), "Who voted against?")
    assert record.outcome == "answered" and set(record.stages) == set(STAGES) and record.written > 10
    assert record.answer is not None and len(record.answer.sentences) == len(SENTENCES)
    assert told(FakeAssistant(0), "How was the weather?").outcome == "declined"
    stopped = told(FakeAssistant(0), "Who voted against?", stop=6)
    assert (stopped.outcome, stopped.answer) == ("stopped", None)
    crashed = told(FakeAssistant(0), "crash")
    assert (crashed.outcome, crashed.error) == ("failed", "RuntimeError")
    assert told(FakeAssistant(0), "too long").outcome == "refused"


def test_who_waits_in_the_chat_is_seen_to_wait() -> None:
    class Quick(FakeAssistant):
        def _events(self, question: str, history: Sequence[Message]) -> Iterator[Event]:
            yield FOUND
            yield DONE

    line = Line()
    first = line.join()
    records: list[Record] = []
    session = Session()
    assert session.begin("who")

    async def ask() -> None:
        async for _ in run(Quick(0), session, line, Observing(None, records.append)):
            if session.last is not None and session.last.ahead:
                time.sleep(0.02)
                first.leave()

    complete(ask())
    assert records[0].position == 1 and records[0].stages["wait"] >= 0.02
