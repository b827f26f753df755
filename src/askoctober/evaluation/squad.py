"""SQuAD 2.0 (Rajpurkar, Jia and Liang 2018): its articles as files, its questions as ours.

The file is one JSON object, `{"data": [{"title", "paragraphs": [{"context", "qas": [{"id", "question",
"is_impossible", "answers": [{"text", "answer_start"}]}]}]}]}`; version 1.1, without `is_impossible`, reads the same.
Each article becomes a text file of its paragraphs. A question's needed fact is the place of any accepted answer.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from askoctober.errors import ConfigError, QuestionError
from askoctober.evaluation.files import writable
from askoctober.evaluation.questions import UNANSWERABLE, Gold, Question, read_text

ANSWERABLE = "answerable"
MARKER = ".askoctober-squad"
"""Marks a folder of articles that was written here, and may be written again."""
BETWEEN = "\n\n"
"""What stands between two paragraphs of an article."""
_NOT_IN_A_NAME = re.compile(r"[^\w-]+")


def is_squad(path: Path) -> bool:
    """Whether a file of questions is one JSON object with `data`, as SQuAD's are."""
    text = read_text(path)
    if not text.lstrip().startswith("{") or '"data"' not in text:
        return False
    try:
        return isinstance(json.loads(text).get("data"), list)
    except (ValueError, RecursionError):
        return False  # JSON lines, or damaged: whoever reads those says what is wrong


def read_squad(path: Path) -> tuple[list[Question], dict[str, str], dict[str, str]]:
    """Return the questions, the text of each article by file name, and its title by file name.

    Raises:
        QuestionError: the file is not of this form.
    """
    questions: list[Question] = []
    texts: dict[str, str] = {}
    titles: dict[str, str] = {}
    try:
        for number, article in enumerate(json.loads(read_text(path))["data"]):
            name = f"{number:04d}_{_NOT_IN_A_NAME.sub('_', article['title'])[:60]}.txt"
            titles[name] = article["title"].replace("_", " ")
            paragraphs: list[str] = []
            for paragraph in article["paragraphs"]:
                offset = sum(len(text) + len(BETWEEN) for text in paragraphs)
                paragraphs.append(paragraph["context"])
                questions += [_question(entry, name, offset) for entry in paragraph["qas"]]
            texts[name] = BETWEEN.join(paragraphs)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise QuestionError(f"{path} is not in SQuAD's form ({error!r}); give a file like its dev set.") from error
    if not questions:
        raise QuestionError(f"{path} holds no question; give a file like SQuAD's dev set.")
    return questions, texts, titles


def write_articles(folder: Path, texts: dict[str, str], titles: dict[str, str]) -> None:
    """Write the articles and their titles as a folder that can be indexed, in place of those of an earlier file.

    Raises:
        ConfigError: the folder cannot be written, or was made by somebody else.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise ConfigError(f"{folder} holds files of yours; give another folder: --output FOLDER")
    lines = (f"[{_toml(name)}]\ntitle = {_toml(title)}\n\n" for name, title in titles.items())
    table = "".join(lines)
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / MARKER).exists():
            (folder / MARKER).touch()
        for old in folder.glob("*.txt"):
            if old.name not in texts:
                old.unlink()
        for name, text in {**texts, "articles.toml": table}.items():
            file = folder / name
            if not file.exists() or file.read_bytes() != text.encode():
                file.write_bytes(text.encode())


def _toml(text: str) -> str:
    """The text as a TOML string, which knows no surrogate pairs."""
    return json.dumps(text, ensure_ascii=False)


def _question(entry: dict[str, Any], path: str, offset: int) -> Question:
    impossible = bool(entry.get("is_impossible"))
    answers = [] if impossible else entry["answers"]
    accepted = tuple(dict.fromkeys(answer["text"] for answer in answers))
    places = dict.fromkeys((answer["text"], offset + int(answer["answer_start"])) for answer in answers)
    return Question(
        id=str(entry["id"]),
        kind=UNANSWERABLE if impossible else ANSWERABLE,
        question=entry["question"],
        answer=accepted[0] if accepted else "",
        answers=accepted,
        must_have=(accepted,) if accepted else (),
        gold=tuple(Gold(path, text, "answer", start) for text, start in places if text),
    )
