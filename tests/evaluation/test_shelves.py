"""Our own labelled shelves: what the labels promise, and how much of it retrieval finds with the real embedder."""

import json
from collections import Counter
from pathlib import Path

import pytest

from askoctober import cli
from askoctober.building import build
from askoctober.config import Config
from askoctober.embedding import SentenceEncoder
from askoctober.evaluation.questions import read_questions
from askoctober.evaluation.retrieval import needed_facts

SHELVES = Path(__file__).parent.parent / "shelves"
FLOORS = {"mixed": {"facts@5": 0.97, "facts@10": 0.98}, "unseen": {"facts@5": 0.92, "facts@10": 0.94}}
"""Below what was reached by two questions or so: a floor against regressions, not a target."""


@pytest.mark.parametrize("name", FLOORS)
def test_the_labels(name: str) -> None:
    articles = {path.name: path.read_text(encoding="utf-8") for path in (SHELVES / name / "articles").iterdir()}
    assert all(200 <= len(text.split()) <= 950 for text in articles.values())
    questions = read_questions(SHELVES / name / "questions.jsonl")
    assert len({question.id for question in questions}) == len(questions)
    for question in questions:
        assert question.answerable == bool(question.gold) == bool(question.must_have)
        for gold in question.gold:
            assert articles[gold.path].count(gold.quote) == 1
        assert all(place.start >= 0 for fact in needed_facts(question, articles) for place in fact)
        answer = question.answer.casefold()
        assert all(any(spelling in answer for spelling in group) for group in question.must_have)
    kinds = Counter(question.kind for question in questions)
    assert kinds["unanswerable_near"] >= len(questions) // 4 and min(kinds.values()) >= 2


@pytest.mark.parametrize("name", FLOORS)
def test_retrieval_stays_above_its_floor(
    name: str, tmp_path: Path, encoder: SentenceEncoder, capsys: pytest.CaptureFixture[str]
) -> None:
    build(Config(corpus=SHELVES / name / "articles", index=tmp_path / "index"), encoder=encoder)
    asked = str(SHELVES / name / "questions.jsonl")
    args = [
        "eval",
        asked,
        "--index",
        str(tmp_path / "index"),
        "-o",
        str(tmp_path / "out"),
        "--retrieval-only",
        "--json",
    ]
    assert cli.main(args) == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    for metric, floor in FLOORS[name].items():
        assert figures[metric]["overall"]["value"] >= floor, metric
