from __future__ import annotations

import json
import logging

import pytest

from askoctober.config import Config
from askoctober.types import EvidenceFound, Reading, TextPiece
from askoctober.web.observing import Observing, writing

from ..fakes import answer

QUESTION = "Who voted “against”?\n"


def ask(config: Config) -> None:
    watch = Observing(config).watch(QUESTION, door="openai", client="10.9.8.7", headers={"cookie": "secret"})
    watch.take(EvidenceFound(QUESTION, (), ()))
    watch.wait(2)
    watch.turn()
    watch.take(Reading(40, 40))
    watch.take(TextPiece("They"))
    watch.take(answer(QUESTION, QUESTION, "They voted. [1]", (), (), ()))
    watch.end()


Captured = pytest.CaptureFixture[str]


def test_a_question_is_one_line_of_json(capsys: Captured) -> None:
    with writing("json"):
        ask(Config())
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    line = json.loads(told)
    assert line["time"].endswith("Z") and (line["level"], line["event"]) == ("info", "question")
    assert (line["door"], line["outcome"], line["position"]) == ("openai", "answered", 2)
    assert set(line["ms"]) == {"wait", "retrieve", "read", "check", "first_token", "total"}
    assert line["tokens"] == {"read": 40, "written": 1}
    assert (line["model"], line["confidence"]) == ("fake", 0.9) and len(line["id"]) == 12
    assert not {"error", "trace", "kept", "question"} & set(line)
    for secret in ("voted", "10.9.8.7", "secret", "/"):
        assert secret not in told


def test_the_question_is_written_where_that_is_asked_for(capsys: Captured) -> None:
    with writing("json"):
        ask(Config(log_questions=True))
    assert json.loads(capsys.readouterr().err)["question"] == QUESTION


def test_a_question_is_one_line_for_people(capsys: Captured) -> None:
    with writing("text"):
        ask(Config())
        ask(Config(log_questions=True))
    unasked, asked = capsys.readouterr().err.splitlines()
    assert "answered (wait 0.0" in unasked and "40 tokens read, 1 written; door openai; position 2" in unasked
    assert "voted" not in unasked and asked.endswith('"Who voted “against”?\\n"')


def test_nothing_is_written_unasked(capsys: Captured) -> None:
    ask(Config())
    with writing("off"):
        ask(Config())
    with writing("json"):
        pass
    ask(Config())
    assert capsys.readouterr().err == ""


def test_what_else_is_logged_is_json_too_and_names_no_folders(capsys: Captured) -> None:
    with writing("json"):
        try:
            raise ValueError("boom")
        except ValueError as error:
            logging.getLogger("askoctober.web.api.problems").error("A request could not be met", exc_info=error)
        logging.getLogger("uvicorn.error").error("Invalid %s", "request")
    told = capsys.readouterr().err
    one, other = map(json.loads, told.splitlines())
    assert (one["event"], one["message"], one["error"]) == (
        "message",
        "A request could not be met",
        "ValueError('boom')",
    )
    assert one["at"][-1].startswith("test_logs.py:") and "/" not in told
    assert (other["logger"], other["message"], other["level"]) == ("uvicorn.error", "Invalid request", "error")


def test_a_failure_in_text_has_its_trace(capsys: Captured) -> None:
    with writing("text"):
        try:
            raise ValueError("boom")
        except ValueError:
            logging.getLogger("askoctober.x").exception("It failed")
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.endswith("error: It failed") and rest[0].startswith("Traceback") and rest[-1] == "ValueError: boom"


def test_the_loggers_are_as_before_afterwards() -> None:
    names = ("askoctober", "uvicorn", "askoctober.questions")
    before = [(logging.getLogger(name).handlers, logging.getLogger(name).level) for name in names]
    with writing("json"):
        assert logging.getLogger("askoctober.questions").isEnabledFor(logging.INFO)
    assert before == [(logging.getLogger(name).handlers, logging.getLogger(name).level) for name in names]


def test_a_program_of_its_own_logging_gets_the_fields(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "askoctober.questions"):
        ask(Config())
    (record,) = caplog.records
    assert record.fields["outcome"] == "answered"  # type: ignore[attr-defined]
