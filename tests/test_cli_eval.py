import json
from pathlib import Path

import pytest

from askoctober import cli
from askoctober.cli import loading
from askoctober.evaluation import statistics
from evaluation_fakes import Bench, write_questions
from fakes import FakeGenerator

SMOKE = Path(__file__).parent / "evaluation" / "squad_smoke.json"
TARGETS = '[[target]]\nlabel = "found"\nmetric = "facts@10"\nat_least = 1.0\n'


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path)
    made.make = lambda: FakeGenerator(["The tidal mill at Brennock was built in 1790. [1]"], yes=0.99)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(statistics, "DRAWS", 20)
    monkeypatch.setattr(loading, "load_retriever", made.retriever)
    monkeypatch.setattr(loading, "load_assistant", made.assistant)
    monkeypatch.setattr(loading, "build", made.build)
    write_questions(tmp_path / "q.jsonl")
    (tmp_path / "targets.toml").write_text(TARGETS)
    return made


def test_retrieval_alone(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["eval", "q.jsonl", "--retrieval-only", "--targets", "targets.toml"]) == 0
    said = capsys.readouterr()
    assert "Questions: 0/4" in said.err and f"page: {Path('eval/q/retrieval.html')}"[6:] in said.err
    lines = [line.split() for line in said.out.splitlines()]
    assert ["factoid", "2", "1.000", "1.000", "1.000", "1.000", "1.000", "1.000"] in lines
    assert ["found", "≥", "1", "1.000", "1.00–1.00", "3", "met"] in lines
    assert sorted(path.name for path in Path("eval/q").iterdir()) == ["retrieval.html", "retrieval.json"]
    assert not bench.loaded


def test_answers_as_json_then_compared(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["eval", "q.jsonl", "--output", "out", "--judge", "words", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads(Path("out/report.json").read_text()) and report["questions"]["count"] == 4
    assert cli.main(["eval", "q.jsonl", "-o", "out", "--judge", "words", "--compare", "out/report.json"]) == 0
    said = capsys.readouterr().out
    assert "Against out/report.json (4 questions in both)" in said and "Citations, judged by: words" in said
    assert len(bench.loaded) == 1, "the second time everything is known"


def test_a_part_of_the_questions(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    only = ["--only", "factoid", "--only", "followup", "--sample", "2", "--seed", "3"]
    assert cli.main(["eval", "q.jsonl", "--retrieval-only", "--json", *only]) == 0
    asked = json.loads(capsys.readouterr().out)["questions"]
    assert asked == {"file": "q.jsonl", "count": 2, "kinds": {"factoid": 1, "followup": 1}, "sample": 2, "seed": 3,
                     "only": ["factoid", "followup"]}  # fmt: skip


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (["none.jsonl"], 2, "none.jsonl"),
        (["q.jsonl", "--only", "x"], 1, "No question is of kind 'x'; there are: factoid, followup, unanswerable_near."),
        (["q.jsonl", "--index", "nowhere"], 1, "askoctober index"),
        ([str(SMOKE), "--index", "index"], 2, "bring their articles along"),
        (["q.jsonl", "--compare", "targets.toml"], 1, "name its report.json"),
        (["targets.toml"], 1, "targets.toml, line 1 is not JSON"),
    ],
)
def test_what_is_wrong_is_one_line(
    args: list[str], status: int, words: str, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["eval", *args]) == status
    said = capsys.readouterr().err
    assert words in said and "Traceback" not in said


def test_a_missing_library_is_said_before_anything_is_asked(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("askoctober.evaluation.report.LIBRARIES", ("jinja2", "no_such_plotter"))
    assert cli.main(["eval", "q.jsonl"]) == 1
    assert "needs no_such_plotter; run: pip install 'askoctober[eval]'" in capsys.readouterr().err
    assert not bench.said and not bench.loaded and not Path("eval").exists()
