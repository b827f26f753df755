import json
from pathlib import Path

import pytest

from askoctober.errors import ConfigError, GenerationError, QuestionError
from askoctober.evaluation import statistics
from askoctober.evaluation.files import replace_text
from askoctober.types import Encoder
from evaluation_fakes import FILES, QUESTIONS, Bench, write_questions
from fakes import FakeGenerator

SMOKE = Path(__file__).parent / "squad_smoke.json"
REPLY = "The tidal mill at Brennock was built in 1790. [1]"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(statistics, "DRAWS", 20)  # intervals are tested by themselves
    return Bench(tmp_path)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_questions(tmp_path / "q.jsonl")


def scripted() -> FakeGenerator:
    return FakeGenerator([REPLY], yes=0.99)


def test_searching_needs_no_language_model(bench: Bench, questions: Path) -> None:
    done = bench.evaluate(questions, retrieval_only=True)
    assert not bench.loaded and done.report["mode"] == "retrieval" and done.report["confidence"] == {}
    found = done.report["figures"]
    assert found["facts@10"]["overall"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 3}
    assert set(found["facts@5"]["kinds"]) == {"factoid", "followup"} and found["raw_facts@10"]["overall"]["n"] == 1
    assert "right" not in found and not (bench.folder / "out" / "answers.jsonl").exists()
    assert [row["outcome"] for row in done.report["rows"]] == ["found", "found", "searched", "found"]
    assert done.rows[3].record.searched == "What does rye need? And what raises sourdough?"


def test_answers_are_scored(bench: Bench, questions: Path) -> None:
    bench.make = scripted
    done = bench.evaluate(questions, judge="words")
    first, second, third, fourth = done.report["rows"]
    assert first["outcome"] == "right" and first["scores"]["right"] == 1.0 and first["scores"]["facts_cited"] == 1.0
    assert first["scores"]["f1"] > 0 and first["scores"]["claims_supported"] == 1.0
    assert (
        first["scores"]["citation_recall"] == first["scores"]["quotes_exact"] == first["scores"]["marks_resolve"] == 1
    )
    assert third["outcome"] == "answered wrongly" and third["scores"]["declined"] == 0.0
    assert third["faults"][0] == "Answered although the articles do not say."
    assert done.report["judge"] == "words" and done.report["figures"]["declined"]["overall"]["value"] == 0.0
    assert done.report["confidence"]["coverage"]["value"] == 1.0 and done.report["curves"]["risk_coverage"]
    assert first["scores"]["tokens_read"] == 100 and fourth["scores"]["tokens_read"] == 200, "a rewriting is read too"
    assert {label for label, _, _ in bench.said} == {"Questions", "Judging"}
    json.dumps(done.report, allow_nan=False)


def test_a_run_goes_on_where_it_was_stopped(bench: Bench, questions: Path) -> None:
    class Dying(FakeGenerator):
        def probabilities(self, messages, options):  # type: ignore[no-untyped-def]
            if len(self.asked) == 2:
                raise KeyboardInterrupt
            return super().probabilities(messages, options)

    bench.make = lambda: Dying([REPLY], yes=0.99)
    with pytest.raises(KeyboardInterrupt):
        bench.evaluate(questions, judge="none")
    file = bench.folder / "out" / "answers.jsonl"
    assert len(file.read_bytes().splitlines()) == 2 and bench.loaded[0].closed
    file.write_bytes(file.read_bytes() + b'{"key": "torn')
    bench.make = scripted
    done = bench.evaluate(questions, judge="none")
    assert len(bench.loaded[1].asked) == 2, "two questions were left"
    assert [row["id"] for row in done.report["rows"]] == ["q1", "q2", "q3", "q4"]
    again = bench.evaluate(questions, judge="none")
    assert len(bench.loaded) == 2 and again.report["rows"] == done.report["rows"], "nothing is loaded for nothing"


def test_another_setting_is_another_run(bench: Bench, questions: Path) -> None:
    bench.make = scripted
    bench.evaluate(questions, judge="none")
    bench.config = bench.config.replace({"passages": 3}, "a test")
    bench.evaluate(questions, judge="none")
    assert len(bench.loaded) == 2
    bench.config = bench.config.replace({"passages": 8, "threads": 3}, "a test")
    bench.evaluate(questions, judge="none")
    assert len(bench.loaded) == 2, "the first answers are still there"


def test_a_question_that_fails_counts_and_is_asked_again(bench: Bench, questions: Path) -> None:
    class Failing(FakeGenerator):
        def probabilities(self, messages, options):  # type: ignore[no-untyped-def]
            raise GenerationError("The engine failed; ask again.")

    bench.make = Failing
    done = bench.evaluate(questions)
    assert {row["outcome"] for row in done.report["rows"]} == {"failed"}
    assert done.report["figures"]["right"]["overall"]["value"] == 0.0
    assert done.report["warnings"] == ["4 questions failed, and count as wrong: The engine failed; ask again."]
    bench.make = scripted
    assert "failed" not in {row["outcome"] for row in bench.evaluate(questions, judge="none").report["rows"]}


def test_a_judge_that_is_the_model_judges_once(bench: Bench, questions: Path) -> None:
    def paraphrasing() -> FakeGenerator:
        return FakeGenerator(["The tidal mill at Brennock was built back in 1790. [1]"], yes=0.99)

    bench.make = paraphrasing
    first = bench.evaluate(questions)
    asked = len(bench.loaded[0].asked)
    assert asked > 4 and first.report["judge"] == "model qwen2.5-coder-1.5b-instruct"
    assert bench.evaluate(questions).report["rows"] == first.report["rows"] and len(bench.loaded) == 1


def test_squad_brings_its_articles(bench: Bench) -> None:
    done = bench.evaluate(SMOKE, retrieval_only=True)
    found = done.report["figures"]
    assert done.report["questions"]["kinds"] == {"answerable": 8, "unanswerable": 4}
    assert found["facts@10"]["overall"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 8}
    assert found["facts@1"]["overall"]["value"] > 0.5
    bench.make = lambda: FakeGenerator(["It was Hannah Pell. [1]", "Nothing. [1]"], yes=0.99)
    done = bench.evaluate(SMOKE, judge="words")
    assert done.report["figures"]["exact_match"]["overall"]["n"] == 8
    assert done.report["figures"]["declined"]["overall"]["n"] == 4


def test_squad_with_the_default_embedder(tmp_path: Path, encoder: Encoder) -> None:
    found = Bench(tmp_path, encoder=encoder).evaluate(SMOKE, retrieval_only=True).report["figures"]
    assert found["facts@1"]["overall"]["value"] == 1.0 and found["mrr"]["overall"]["n"] == 8


def test_what_changed_is_told(bench: Bench, questions: Path) -> None:
    bench.make = lambda: FakeGenerator([REPLY], yes=0.001)
    first = bench.evaluate(questions, judge="none")
    file = bench.folder / "old.json"
    replace_text(file, json.dumps(first.report))
    (bench.folder / "out" / "answers.jsonl").unlink()
    bench.make = scripted
    compared = bench.evaluate(questions, judge="none", compare=file).report["comparison"]
    assert compared["pairs"] == 4
    right = next(each for each in compared["metrics"] if each["metric"] == "right")
    assert (right["old"], right["worse"], right["test"]) == (0.0, 0, "McNemar") and right["better"] >= 1
    assert {"id": "q1", "kind": "factoid", "question": QUESTIONS[0]["question"], "old": "declined wrongly",
            "new": "right"} in compared["changes"]  # fmt: skip
    file.write_text('{"format": 1}')
    with pytest.raises(ConfigError, match="it has format 1"):
        bench.evaluate(questions, judge="none", compare=file)


def test_questions_about_another_shelf_are_refused(bench: Bench, tmp_path: Path) -> None:
    file = write_questions(tmp_path / "other.jsonl", [QUESTIONS[0] | {"gold": [{"file": "x.txt", "quote": "x"}]}])
    with pytest.raises(QuestionError, match="about other articles"):
        bench.evaluate(file, retrieval_only=True)
    lost = [QUESTIONS[0], QUESTIONS[1] | {"gold": [{"file": "mill.txt", "quote": "no such words"}]}]
    done = bench.evaluate(write_questions(tmp_path / "lost.jsonl", lost), retrieval_only=True)
    assert done.report["warnings"] == ["1 questions have a gold quote that no article holds: q2"]
    assert done.report["rows"][1]["faults"] == ["A gold quote does not stand in the indexed articles."]


def test_answers_of_something_else_are_left_alone(bench: Bench, questions: Path) -> None:
    (bench.folder / "out").mkdir()
    (bench.folder / "out" / "answers.jsonl").write_text("precious\n")
    with pytest.raises(ConfigError, match="name another --output"):
        bench.evaluate(questions)
    assert (bench.folder / "out" / "answers.jsonl").read_text() == "precious\n" and FILES
