from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from askoctober.errors import ConfigError
from askoctober.evaluation.questions import Gold, read_questions
from askoctober.evaluation.retrieval import Place, needed_facts
from askoctober.evaluation.running import Record
from askoctober.evaluation.scoring import score
from askoctober.types import Message
from askoctober.web.keeping import feedback as module
from askoctober.web.keeping.feedback import Feedback
from askoctober.web.session import Turn

from ..fakes import ARTICLES, CARRIED, GARRISON, RUPTURE, VOTED, FakeAssistant

BEFORE: list[Message] = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "They. [1]"}]
TEXTS = {article.path: article.text for article in ARTICLES}


def asked(question: str) -> Turn:
    turn = Turn(question, 1)
    for event in FakeAssistant(0).stream(question):
        turn.take(event)
    return turn


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "not" / "there" / "feedback.jsonl"


def test_a_line_of_a_right_answer(file: Path) -> None:
    Feedback(file).add(asked("Who voted against?"), BEFORE, "up", "  clear\nand short ")
    (line,) = lines(file)
    assert line["when"].endswith("+00:00") and len(line["id"]) == 16
    assert {name: value for name, value in line.items() if name not in ("when", "id")} == {
        "kind": "feedback",
        "question": "Who voted against?",
        "history": BEFORE,
        "rating": "up",
        "word": "clear\nand short",
        "given": f"Zinoviev and Kamenev voted against the insurrection. [1] {CARRIED} [2] {GARRISON} [3]",
        "declined": False,
        "answer": f"Zinoviev and Kamenev voted against the insurrection. {CARRIED} {GARRISON}",
        "gold": [{"file": "rupture.md", "quote": quote} for quote in (VOTED, CARRIED, GARRISON)],
    }


def test_evaluation_reads_it_and_measures_retrieval_by_it(file: Path) -> None:
    kept = Feedback(file)
    kept.add(asked("Who voted against?"), [], "up")
    kept.add(asked("What was the weather?"), [], "up")
    kept.add(asked("What did Trotsky say?"), BEFORE, "down", "beside the point")
    right, declined, wrong = read_questions(file)
    assert right.gold[0] == Gold("rupture.md", VOTED, "quote 0") and right.answerable
    assert not declined.answerable and declined.kind == "unanswerable_feedback" and declined.gold == ()
    assert (wrong.gold, wrong.answer, wrong.history) == ((), "", tuple(BEFORE))
    facts = needed_facts(right, TEXTS)
    start = RUPTURE.index(CARRIED)
    assert facts[1] == (Place("rupture.md", start, start + len(CARRIED)),)
    found = (Place("banners.md", 0, 50), Place("rupture.md", start - 10, start + len(CARRIED)))
    scores = score(right, Record("", found), TEXTS, frozenset(), None).scores
    assert scores["facts@1"] == 0 and scores["facts@3"] == pytest.approx(1 / 3) and scores["mrr"] == 0.5
    assert "facts@1" not in score(wrong, Record("", found), TEXTS, frozenset(), None).scores


def test_who_thinks_again_is_heard(file: Path) -> None:
    kept = Feedback(file)
    kept.add(asked("Who voted against?"), [], "up")
    kept.add(asked("Who voted against?"), BEFORE, "up")
    kept.add(asked("Who voted against?"), [], "down")
    questions = read_questions(file)
    assert [(len(question.history), len(question.gold)) for question in questions] == [(2, 3), (0, 0)]


def test_sources_that_are_gone_and_answers_that_were_stopped_are_no_labels(file: Path) -> None:
    turn = asked("Who voted against?")
    turn.moved = frozenset({1, 3})
    kept = Feedback(file)
    kept.add(turn, [], "up")
    stopped = Turn("Who?", 2, "stopped", sentences=turn.sentences, citations=turn.citations)
    kept.add(stopped, [], "up")
    first, second = lines(file)
    assert first["gold"] == [{"file": "rupture.md", "quote": CARRIED}]
    assert "gold" not in second and "answer" not in second and second["given"] == stopped.text
    assert second["kind"] == "feedback"


def test_a_line_is_a_line_whatever_it_holds(file: Path) -> None:
    odd = 'a\nb\r\u2028c\u2029\x85\x0b\x1cd \ud800 "\\ я'
    kept = Feedback(file)
    kept.add(asked(odd), [], "down", odd)
    kept.add(asked(odd), [], "down", "x" * 600)
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) == 2 and "я" in text
    assert lines(file)[0]["word"] == odd and len(lines(file)[1]["word"]) == 500
    assert read_questions(file)[0].question == odd


def test_a_line_that_was_cut_off_does_not_spoil_the_next(file: Path) -> None:
    kept = Feedback(file)
    kept.add(asked("Who voted?"), [], "up")
    file.write_bytes(file.read_bytes()[:-20])
    kept.add(asked("Why?"), [], "up")
    assert json.loads(file.read_text(encoding="utf-8").splitlines()[1])["question"] == "Why?"


def test_readers_at_once_do_not_mix(file: Path) -> None:
    turn = asked("Who voted against?")
    kept = [Feedback(file), Feedback(file)]

    def rate(number: int) -> None:
        for _ in range(20):
            kept[number % 2].add(replace(turn, question=f"Question {number}?"), [], "up")

    threads = [threading.Thread(target=rate, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines(file)) == 120 and len(read_questions(file)) == 6


def test_what_cannot_be_kept_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = asked("Who voted against?")
    with pytest.raises(ConfigError, match="'' is no rating; give one of: up, down"):
        Feedback(file).add(turn, [], "")
    with pytest.raises(ConfigError, match="too long to be kept with a rating; begin a new one"):
        Feedback(file).add(turn, [{"role": "user", "content": "x" * 1_000_000}], "up")
    assert not file.exists()
    with pytest.raises(ConfigError, match=r"cannot be written \(Is a directory\); make room for it or name another"):
        Feedback(file.parent.parent.parent).add(turn, [], "up")
    Feedback(file).add(turn, [], "up")
    size = file.stat().st_size
    monkeypatch.setattr(module, "LARGEST", size + 100)
    with pytest.raises(ConfigError, match="is full at .* MB; move it away and rate again"):
        Feedback(file).add(turn, [], "up")
    assert file.stat().st_size == size


@pytest.mark.skipif(os.name == "nt", reason="files have no modes")
def test_only_its_owner_reads_it(file: Path) -> None:
    Feedback(file).add(asked("Who voted against?"), [], "up")
    assert file.stat().st_mode & 0o777 == 0o600
