import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.errors import QuestionError
from askoctober.evaluation.questions import Gold, Question, read_questions, select

LINE = {
    "id": "d1",
    "kind": "list",
    "question": "Which?",
    "history": [{"role": "user", "content": "Before?", "more": 1}],
    "answer": "These.",
    "must_have": [["a", "b"]],
    "gold": [{"file": "x.txt", "quote": "one", "alt_group": 1}, {"file": "x.txt", "quote": "two"}],
}


def test_a_line_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text("\ufeff" + json.dumps(LINE) + '\n\n{"question": "Bare?"}\n', encoding="utf-8")
    full, bare = read_questions(file)
    assert full.history == ({"role": "user", "content": "Before?"},) and full.must_have == (("a", "b"),)
    assert full.gold == (Gold("x.txt", "one", "group 1"), Gold("x.txt", "two", "quote 1"))
    assert (bare.id, bare.kind, bare.answerable) == ("line 3", "question", True)
    assert full.key != bare.key and not Question("q", "unanswerable_near", "?").answerable


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nonsense", "line 2 is not JSON"),
        ('{"id": 1}', 'line 2 holds no "question"'),
        ('{"question": "A?", "gold": [{"file": "x"}]}', "line 2 has a label of the wrong form"),
        ('{"question": "A?", "must_have": ["word"]}', "not a list of spellings"),
        ('{"question": "A?", "gold": [{"file": "x", "quote": ""}]}', "an empty quote"),
        ('{"question": "A?", "answer": 3}', "3 is not a text"),
        (json.dumps(LINE), "'d1' stands there more than once"),
    ],
)
def test_a_bad_line_is_named(line: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(json.dumps(LINE) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(QuestionError, match=words.replace("?", r"\?")):
        read_questions(file)


def rated(id: str, rating: str, **more: object) -> str:
    return json.dumps({"id": id, "question": "Which?", "rating": rating, **more}) + "\n"


def test_a_question_that_was_rated_again_has_its_last_line(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    gold = [{"file": "x.txt", "quote": "one"}]
    file.write_text(rated("a", "up", gold=gold) + rated("b", "up", gold=gold) + rated("a", "down"), encoding="utf-8")
    questions = read_questions(file)
    assert [(question.id, len(question.gold)) for question in questions] == [("b", 1), ("a", 0)]


@pytest.mark.parametrize("order", [1, -1])
def test_a_rated_line_does_not_replace_one_that_is_not(order: int, tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    lines = [rated("a", "up"), json.dumps({"id": "a", "question": "Which?"}) + "\n"][::order]
    file.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(QuestionError, match="'a' stands there more than once"):
        read_questions(file)


def test_an_empty_or_missing_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text("\n")
    with pytest.raises(QuestionError, match="holds no question"):
        read_questions(tmp_path / "q.jsonl")
    with pytest.raises(QuestionError, match="cannot be read"):
        read_questions(tmp_path / "none.jsonl")


def some(**counts: int) -> list[Question]:
    return [Question(f"{kind}{n}", kind, "?") for kind, count in counts.items() for n in range(count)]


def test_a_sample_keeps_the_shares_and_the_order() -> None:
    questions = some(a=60, b=30, c=10)
    taken = select(questions, sample=10, seed=1)
    assert Counter(question.kind for question in taken) == {"a": 6, "b": 3, "c": 1}
    assert [q for q in questions if q in taken] == taken == select(questions, sample=10, seed=1)
    assert select(questions, sample=10, seed=2) != taken
    assert Counter(q.kind for q in select(questions, ["c", "b"], sample=4)) == {"b": 3, "c": 1}
    assert select(questions, sample=1000) == questions


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(QuestionError, match="there are: a, b"):
        select(some(a=1, b=1), ["c"])


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9), st.integers(1, 40), st.integers())
def test_a_sample_has_its_size(a: int, b: int, c: int, size: int, seed: int) -> None:
    questions = some(a=a, b=b, c=c)
    assert len(select(questions, sample=size, seed=seed)) == min(size, len(questions))
