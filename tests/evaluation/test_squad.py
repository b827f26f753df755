import json
from pathlib import Path

import pytest

from askoctober.corpus import read_corpus
from askoctober.errors import ConfigError, QuestionError
from askoctober.evaluation.questions import Gold
from askoctober.evaluation.retrieval import needed_facts
from askoctober.evaluation.squad import is_squad, read_squad, write_articles

SMOKE = Path(__file__).parent / "squad_smoke.json"


def test_it_is_told_from_json_lines(tmp_path: Path) -> None:
    lines = tmp_path / "q.jsonl"
    lines.write_text('{"question": "What is \\"data\\"?"}\n{"question": "B?"}\n')
    assert is_squad(SMOKE) and not is_squad(lines)
    lines.write_text('{"question": "One line", "data": 1}\n')
    assert not is_squad(lines)


def test_questions_and_labels() -> None:
    questions, texts, titles = read_squad(SMOKE)
    assert len(questions) == 12 and len(texts) == 3
    assert [question.id for question in questions if not question.answerable] == ["s05", "s07", "s09", "s11"]
    assert titles["0002_Ponziani_Opening.txt"] == "Ponziani Opening"
    last = questions[-1]
    assert last.answers == ("d5", "to d5") and last.must_have == (("d5", "to d5"),) and last.kind == "answerable"
    text = texts["0002_Ponziani_Opening.txt"]
    assert {gold.group for gold in last.gold} == {"answer"}
    for gold in last.gold:
        assert text[gold.start :].startswith(gold.quote), "the offset counts through the paragraphs before"
    assert questions[4].gold == () and questions[4].answers == ()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("Notes.")
    with pytest.raises(ConfigError, match="holds files of yours"):
        write_articles(tmp_path, {"0001_Owl.txt": "Owls hoot."}, {"0001_Owl.txt": "Owl \U0001f989"})
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    write_articles(tmp_path / "own", {"0001_Owl.txt": "Owls hoot."}, {"0001_Owl.txt": "Owl \U0001f989"})
    (article,) = read_corpus(tmp_path / "own").articles
    assert article.title == "Owl \U0001f989"


def test_articles_are_read_as_they_were_written(tmp_path: Path) -> None:
    questions, texts, titles = read_squad(SMOKE)
    write_articles(tmp_path, texts, titles)
    (tmp_path / "stale.txt").write_text("from another file of questions")
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_articles(tmp_path, texts, titles)
    del before["stale.txt"]
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before, "no file is touched again"
    reading = read_corpus(tmp_path)
    assert {article.path: article.text for article in reading.articles} == texts and not reading.failed
    assert {article.path: article.title for article in reading.articles} == titles
    for question in questions:
        for fact in needed_facts(question, texts):
            assert {texts[place.path][place.start : place.end] for place in fact} <= set(question.answers)


def test_version_1_has_no_impossible_questions(tmp_path: Path) -> None:
    qa = {"id": 1, "question": "Who?", "answers": [{"text": "Ann", "answer_start": 0}] * 3}
    old = {"data": [{"title": "T", "paragraphs": [{"context": "Ann ran.", "qas": [qa]}]}]}
    (tmp_path / "old.json").write_text(json.dumps(old))
    (question,), _, _ = read_squad(tmp_path / "old.json")
    assert question.answerable and question.gold == (Gold("0000_T.txt", "Ann", "answer", 0),)


@pytest.mark.parametrize("data", [[{"title": "T"}], [1], [], [{"title": "T", "paragraphs": [{"context": "x"}]}]])
def test_another_form_is_an_error(data: object, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(json.dumps({"data": data}))
    with pytest.raises(QuestionError, match="give a file like"):
        read_squad(tmp_path / "bad.json")
