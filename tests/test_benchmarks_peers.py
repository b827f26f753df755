"""The comparison with peers: its arguments, where passages stand, what counts as a refusal, and the scores."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.evaluation.judging import WordsJudge
from askoctober.evaluation.questions import Gold, Question

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "peers.py"
FOLDER = SCRIPT.with_suffix("")
TEXT = (
    "The mill stands on the Orne.\r\n\r\nIts wheel was built in 1804 by Anselm Roux.\n"
    "A flood broke the wheel in 1910.  It was never mended.\n"
)
TEXTS = {"mill.txt": TEXT}


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def peers() -> Any:
    before = list(sys.path)
    yield load(SCRIPT)
    sys.path[:] = before


@pytest.fixture(scope="module")
def scoring(peers: ModuleType) -> ModuleType:
    return sys.modules["scoring"]


@pytest.fixture(scope="module")
def protocol(peers: ModuleType) -> ModuleType:
    return peers.protocol


def passage(quote: str, mark: int | None = None) -> dict[str, Any]:
    start = TEXT.index(quote)
    return {"file": "mill.txt", "start": start, "end": start + len(quote), "mark": mark}


def row(text: str, cited: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "text": text,
        "retrieved": [],
        "cited": cited or [],
        "declined": False,
        "first_token_s": 1.0,
        "total_s": 2.0,
        **more,
    }


def question(id: str, kind: str = "factoid", must: str = "", quotes: tuple[str, ...] = ()) -> Question:
    gold = tuple(Gold("mill.txt", quote, f"quote {place}") for place, quote in enumerate(quotes))
    return Question(id, kind, "When was the wheel built?", must_have=((must,),) if must else (), gold=gold)


def test_the_script_runs_from_anywhere_beside_its_folder_of_the_same_name(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: peers.py")
    found = "import peers; print(peers.__file__)"
    done = subprocess.run([sys.executable, "-c", found], cwd=SCRIPT.parent, capture_output=True, text=True)
    assert done.stdout.strip() == str(SCRIPT), done.stderr


def test_arguments_have_defaults(peers: ModuleType, tmp_path: Path) -> None:
    questions = tmp_path / "q.jsonl"
    questions.touch()
    options = peers.parse([str(tmp_path), str(questions), "--sample", "30", "--only", "txtai", "askoctober"])
    assert (options.sample, options.seed, options.k, options.threads) == (30, 0, 0, 0)
    assert options.only == ["txtai", "askoctober"]
    assert peers.parse([str(tmp_path), str(questions)]).only == list(peers.PEERS)


@pytest.mark.parametrize("wrong", [["--only", "nobody"], ["--sample", "0"], ["--k", "-1"]])
def test_wrong_arguments_are_refused(peers: ModuleType, tmp_path: Path, wrong: list[str]) -> None:
    questions = tmp_path / "q.jsonl"
    questions.touch()
    with pytest.raises(SystemExit):
        peers.parse([str(tmp_path), str(questions), *wrong])


def test_articles_and_questions_must_be_there(
    peers: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        peers.parse([str(tmp_path), str(tmp_path / "none.jsonl")])
    assert "name a file of labelled questions" in capsys.readouterr().err


def test_every_peer_has_a_script_and_exact_versions(peers: ModuleType) -> None:
    for name, entry in peers.PEERS.items():
        assert (FOLDER / entry.script).is_file()
        if entry.packages:
            lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split()
            assert all("==" in line and "://" not in line for line in lines)
            assert peers.pinned(name, entry.packages).startswith(entry.packages[0])


def test_rows_of_other_settings_lie_elsewhere(peers: ModuleType, tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    setup = peers.Setup(tmp_path, model, model, tmp_path)
    same = peers.Setup(tmp_path, model, model, tmp_path)
    other = peers.Setup(tmp_path, model, model, tmp_path, k=5)
    assert setup.folder("txtai", TEXTS) == same.folder("txtai", TEXTS)
    folders = {setup.folder("txtai", TEXTS), other.folder("txtai", TEXTS), setup.folder("txtai", {"mill.txt": "x"})}
    assert len(folders | {setup.folder("askoctober", TEXTS)}) == 4


def test_a_table_has_a_column_for_each_peer(peers: ModuleType) -> None:
    assert peers.table({"one": {"right": "1"}, "two": {"right": "2", "late": "3"}}).splitlines() == [
        "| figure | one | two |",
        "|---|---:|---:|",
        "| right | 1 | 2 |",
        "| late | – | 3 |",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Empty Response",
        "I don't know.",
        "I’m sorry, but this is beyond me.",
        "The provided context does not mention when the mill was sold. It stands on the Orne.",
        "There is no information about the price. [1]",
        "None of the sources are helpful.",
        "The answer cannot be determined from this.",
    ],
)
def test_refusals(protocol: ModuleType, text: str) -> None:
    assert protocol.refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "It was built in 1804.",
        "The miller did not know of the flood.",
        "The wheel was never mended [2].",
        "It stands on the Orne. The text does not mention its price.",
    ],
)
def test_answers_that_are_no_refusals(protocol: ModuleType, text: str) -> None:
    assert not protocol.refuses(text)


@given(st.data())
def test_a_passage_is_found_again_whatever_its_white_space(protocol: ModuleType, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEXT) - 1))
    end = data.draw(st.integers(start + 1, len(TEXT)))
    wanted = TEXT[start:end]
    article = protocol.Article("mill.txt", TEXT)
    found = article.locate("\n ".join(wanted.split()), start)
    if not wanted.strip():
        assert found is None
    else:
        assert TEXT[found.start : found.end] == wanted.strip()


def test_a_passage_that_is_not_there_is_not_found(protocol: ModuleType) -> None:
    assert protocol.Article("mill.txt", TEXT).locate("The mill stands on the Seine.") is None


def test_a_follow_up_has_the_earlier_question_in_front(protocol: ModuleType) -> None:
    history = [{"role": "user", "content": "Who built it?"}, {"role": "assistant", "content": "Roux."}]
    assert protocol.standalone({"question": "And when?", "history": history}) == "Who built it? And when?"
    assert protocol.standalone({"question": "When?"}) == "When?"


def test_a_torn_row_is_asked_again_and_so_is_an_error(protocol: ModuleType, tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    out.write_text('{"id": "a", "text": ""}\n{"id": "b", "error": "Late"}\n{"id": "c", "te', encoding="utf-8")
    rows = protocol.answered(out)
    assert [protocol.is_open(rows, id) for id in "abc"] == [False, True, True]


def test_a_run_goes_on_where_it_stopped(protocol: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "mill.txt").write_bytes(TEXT.encode())
    questions, out = tmp_path / "q.jsonl", tmp_path / "rows.jsonl"
    questions.write_text("".join(json.dumps({"id": id, "question": f"{id}?"}) + "\n" for id in "abc"), encoding="utf-8")
    out.write_text('{"id": "a", "text": "kept"}\n{"id": "b", "te', encoding="utf-8")
    asked = []

    def ask(question: dict[str, Any]) -> Any:
        asked.append(question["id"])
        if question["id"] == "c":
            raise ValueError("too long")
        return protocol.Reply("I don't know.", total_s=0.5, remarks=["short"])

    def build(articles: dict[str, Any]) -> Any:
        return protocol.Peer(
            "nothing", 2, lambda text: [articles["mill.txt"].locate(words) for words in ("A flood", "A fire")], ask
        )

    options = type("Options", (), {"articles": tmp_path, "questions": questions, "out": out})
    protocol.serve(options, build)
    rows = protocol.answered(out)
    assert asked == ["b", "c"]
    assert rows["a"]["text"] == "kept"
    assert rows["b"]["declined"] and rows["b"]["total_s"] == 0.5 and rows["b"]["remarks"] == ["short", protocol.LOST]
    assert rows["b"]["retrieved"] == [passage("A flood")]
    assert rows["c"]["error"] == "ValueError: too long"
    assert json.loads(out.with_suffix(".once").read_text(encoding="utf-8"))["k"] == 2


def test_marks_that_stand_alone_belong_to_the_sentence_before(scoring: ModuleType) -> None:
    assert scoring.sentences("It stands there [1]. It broke. [1, 2]\nSo.") == [
        "It stands there [1].",
        "It broke. [1, 2]",
        "So.",
    ]


def counted(scoring: ModuleType, answer: dict[str, Any]) -> tuple[int, int, int, int]:
    counts = scoring.Citations()
    counts.add(answer, TEXTS, WordsJudge())
    return counts.sentences, counts.supported, counts.cited, counts.precise


def test_citations_by_mark(scoring: ModuleType) -> None:
    built, flood = "Its wheel was built in 1804 by Anselm Roux.", "A flood broke the wheel in 1910."
    cited = [passage(built, 1), passage(flood, 2)]
    assert counted(scoring, row(f"{built} [1] {flood} [2]", cited)) == (2, 2, 2, 2)
    assert counted(scoring, row(f"{built} [2]", cited)) == (1, 0, 1, 0)
    assert counted(scoring, row(f"{built} [1, 2]", cited)) == (1, 1, 2, 1)
    assert counted(scoring, row(f"{built} [1][7]", cited)) == (1, 1, 2, 1)
    assert counted(scoring, row(built)) == (1, 0, 0, 0)


def test_citations_of_a_whole_answer(scoring: ModuleType) -> None:
    built, flood = "Its wheel was built in 1804 by Anselm Roux.", "A flood broke the wheel in 1910."
    assert counted(scoring, row(f"{built} {flood}", [passage(built)])) == (2, 1, 1, 1)
    assert counted(scoring, row(f"{built} {flood}", [passage(built), passage("It was never mended.")])) == (2, 1, 2, 1)


def test_scores(scoring: ModuleType) -> None:
    built, flood = "Its wheel was built in 1804 by Anselm Roux.", "A flood broke the wheel in 1910."
    questions = [
        question("a", must="1804", quotes=(built,)),
        question("b", "multi_source", "1910", (built, flood)),
        question("c", "unanswerable_near"),
        question("d", must="1804", quotes=(built,)),
        question("e", must="1804", quotes=(built,)),
    ]
    rows = {
        "a": row(f"{built} [1]", [passage(built, 1)], retrieved=[passage(built)]),
        "b": row(f"{flood} [1]", [passage(flood, 1)], retrieved=[passage(flood)]),
        "c": row("I don't know.", declined=True),
        "d": row("I don't know that 1804 is it.", declined=True),
        "e": {"error": "ValueError: too long", "total_s": 9.0, "first_token_s": None},
    }
    figures = scoring.score(questions, rows, TEXTS)
    assert figures["needed facts found @5"] == "0.38 (of 4 questions)"
    assert figures["answers right"] == "0.50 (2/4)"
    assert figures["of these, several sources"] == "1.00 (1/1)"
    assert figures["of these, false premises"] == "–"
    assert figures["citation recall (of sentences)"] == "1.00 (2/2)"
    assert figures["citation precision"] == "1.00 (2/2)"
    assert figures["answers that cite what is needed"] == "0.50 (1/2)"
    assert figures["declined, unanswerable"] == "1.00 (1/1)"
    assert figures["declined, answerable"] == "0.25 (1/4)"
    assert figures["ended in an error"] == "0.20 (1/5)"
    assert figures["whole reply p50, s"] == "2.0"


def test_remarks_are_counted(scoring: ModuleType) -> None:
    rows = [row("x", remarks=["no search"]), row("y"), row("z", remarks=["no search"])]
    assert scoring.remarks(rows) == ["no search: 2 of 3"]
