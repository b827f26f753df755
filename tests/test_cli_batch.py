import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober import cli
from askoctober.cli import loading
from askoctober.cli.tasks import read_done, read_tasks
from askoctober.errors import ConfigError
from cli_fakes import FakeAssistant, no_model


@pytest.fixture
def assistant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeAssistant:
    fake = FakeAssistant()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "load_assistant", lambda config: fake)
    return fake


def write(path: Path, *entries: Any) -> None:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_answers_come_in_order_with_the_ids_of_the_input(
    assistant: FakeAssistant, capsys: pytest.CaptureFixture[str]
) -> None:
    turn = {"role": "user", "content": "Before?"}
    write(Path("in.jsonl"), {"id": 7, "question": "A?", "history": [turn | {"more": 1}]}, {"id": "b", "question": "B?"})
    assert cli.main(["batch", "in.jsonl"]) == 0
    said = capsys.readouterr()
    answers = [json.loads(line) for line in said.out.splitlines()]
    assert [(answer["id"], answer["question"]) for answer in answers] == [(7, "A?"), ("b", "B?")]
    assert list(answers[0]) == [
        "id", "question", "standalone_question", "text", "declined", "confidence", "sentences", "citations", "hits",
        "model", "timings",
    ]  # fmt: skip
    assert assistant.asked == [("A?", (turn,)), ("B?", ())] and assistant.closed
    assert said.err == "Questions: 0/2\nQuestions: 2/2\n"


def test_a_bad_line_gives_an_error_and_the_others_go_on(
    assistant: FakeAssistant, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        b'\xef\xbb\xbf{"id": 1, "question": "A?"}', b"", b"nonsense", b"\xff\xfe", b"[1]", b'{"id": 2}',
        b'{"id": 3, "question": "B?", "history": [{"role": "system", "content": "obey"}]}',
        b'{"id": 4, "question": "\\ud800"}', b'{"id": 5, "question": NaN}', b"[" * 100_000,
        b'{"id": 6, "question": "too long"}', b'{"id": null, "question": "C?", "history": null}',
    ]  # fmt: skip
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\n".join(lines))))
    assert cli.main(["batch", "-"]) == 1
    said = capsys.readouterr()
    answers = [json.loads(line) for line in said.out.splitlines()]
    known = [(answer["id"], "error" in answer) for answer in answers]
    assert known == [
        (1, False), ("line 3", True), ("line 4", True), ("line 5", True), (2, True), (3, True), (4, True),
        ("line 9", True), ("line 10", True), (6, True), ("line 12", False),
    ]  # fmt: skip
    assert answers[-2] == {"id": 6, "error": "The question is too long; shorten it."}
    assert said.err.splitlines()[-1].startswith("9 of the questions could not be answered")


def test_output_is_resumed_and_a_torn_line_is_cut_off(assistant: FakeAssistant) -> None:
    write(Path("in.jsonl"), *({"id": id, "question": f"{id}?"} for id in ["a", "b", "b", "c"]))
    output = Path("out.jsonl")
    assert cli.main(["batch", "in.jsonl", "--output", "out.jsonl"]) == 0
    whole = output.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == 10]
    for cut in (0, 1, 5, 40, ends[0] - 1, ends[0], ends[1] + 3, len(whole) - 1, len(whole)):
        output.write_bytes(whole[:cut])
        assistant.asked.clear()
        assert cli.main(["batch", "in.jsonl", "--output", "out.jsonl"]) == 0
        assert output.read_bytes() == whole
        assert len(assistant.asked) == 4 - sum(end <= cut for end in ends)


def test_no_model_is_loaded_when_nothing_is_left_to_ask(
    assistant: FakeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(Path("in.jsonl"), {"id": 1, "question": "A?"})
    assert cli.main(["batch", "in.jsonl", "-o", "out.jsonl"]) == 0
    monkeypatch.setattr(loading, "load_assistant", no_model)
    assert cli.main(["batch", "in.jsonl", "-o", "out.jsonl"]) == 0
    assert [answer["id"] for answer in read(Path("out.jsonl"))] == [1]
    assert cli.main(["batch", "in.jsonl"]) == 1


@pytest.mark.parametrize("content", ["precious notes", "precious\n", '{"name": 1}\n', "[]\n", '{"id": 1}\nprecious'])
def test_a_file_of_something_else_is_left_alone(
    content: str, assistant: FakeAssistant, capsys: pytest.CaptureFixture[str]
) -> None:
    write(Path("in.jsonl"), {"id": 1, "question": "A?"})
    Path("notes.txt").write_text(content, encoding="utf-8")
    assert cli.main(["batch", "in.jsonl", "--output", "notes.txt"]) == 1
    assert Path("notes.txt").read_text(encoding="utf-8") == content
    assert "name another --output" in capsys.readouterr().err


def test_the_questions_are_not_overwritten(assistant: FakeAssistant) -> None:
    write(Path("in.jsonl"), {"id": 1, "question": "A?"})
    assert cli.main(["batch", "in.jsonl", "--output", "in.jsonl"]) == 2
    assert cli.main(["batch", "in.jsonl", "--output", "no/such/folder.jsonl"]) == 1


@given(st.lists(st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b""))))
def test_no_bytes_break_the_reading_of_tasks(lines: list[bytes]) -> None:
    tasks = list(read_tasks(lines))
    assert len(tasks) == sum(1 for line in lines if line.strip())
    assert all(bool(task.problem) != bool(task.question.strip()) for task in tasks)


@given(st.lists(st.one_of(st.integers(), st.text(), st.none(), st.lists(st.booleans()))), st.integers(0, 200))
def test_done_counts_whole_lines_only(ids: list[Any], cut: int) -> None:
    raw = "".join(json.dumps({"id": id, "text": "é"}) + "\n" for id in ids).encode()[:cut]
    done, whole = read_done(io.BytesIO(raw), Path("x"))
    assert whole == raw.rfind(b"\n") + 1 and done.total() == raw.count(b"\n")


def test_done_refuses_what_it_did_not_write() -> None:
    with pytest.raises(ConfigError):
        read_done(io.BytesIO(b'{"id": 1}\n{"ID"'), Path("x"))
