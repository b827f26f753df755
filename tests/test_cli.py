import io
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from askoctober import cli, models
from askoctober.cli import loading, progress, show
from askoctober.config import Config
from askoctober.errors import QuestionError
from askoctober.index import LocalStore
from askoctober.retrieval import Retriever
from askoctober.web.guarding import Rules
from askoctober.web.guarding.secret import Secret
from cli_fakes import ARTICLE, QUOTE, REPORT, START, FakeAssistant, FakeRetriever, no_model
from encoders import HashEncoder
from shelves import build_from, write_files

TESTS = Path(__file__).parent
COMMANDS = ["index", "search", "ask", "batch", "chat", "serve", "info", "models", "eval", "fetch", "doctor", "mcp"]
COMMANDS += ["password"]


@pytest.fixture
def assistant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeAssistant:
    fake = FakeAssistant()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "load_assistant", lambda config: fake)
    monkeypatch.setattr(loading, "load_served", lambda config: fake)
    monkeypatch.setattr(loading, "load_retriever", lambda config: FakeRetriever())
    return fake


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command line with the fakes in a process of its own; whatever a failed test leaves is ended."""
    with ExitStack() as stack:

        def begin(*args: str, **how: Any) -> subprocess.Popen[str]:
            streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
            command = [sys.executable, str(TESTS / "cli_fakes.py"), *args]
            process = subprocess.Popen(command, cwd=tmp_path, text=True, encoding="utf-8", **streams)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield begin


Start = Callable[..., subprocess.Popen[str]]


def test_help_is_quick_and_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from askoctober.cli import main; status = main(sys.argv[1:]);"
        "heavy = {'torch', 'gradio', 'faiss', 'transformers', 'huggingface_hub', 'sentence_transformers'};"
        "sys.exit(status or str(heavy & set(sys.modules) or ''))"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "\n")
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)
    assert time.monotonic() - began < 5  # 0.2 s on an idle machine; the bound is for a busy one


@pytest.mark.parametrize(
    "command", [*([name] for name in COMMANDS), *(["models", n] for n in ("list", "pull", "verify"))]
)
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    result = CliRunner().invoke(cli.app, [*command, "--help"])
    assert result.exit_code == 0
    assert f"Example: askoctober {' '.join(command[:1])}" in result.stdout


def test_version_is_the_installed_one(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: f"9.9 of {name}")
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == "askoctober 9.9 of askoctober\n"


@pytest.mark.parametrize(
    "args",
    [[], ["nonsense"], ["ask"], ["ask", ""], ["ask", " \n"], ["ask", "\udcff"], ["search", "x", "-k", "0"]]
    + [["ask", "x", "--engine", "steam"], ["serve", "--port", "70000"], ["batch", "no-such.jsonl"]],
)
def test_wrong_usage_is_2_and_prints_nothing_on_stdout(
    args: list[str], assistant: FakeAssistant, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(args) == 2
    said = capsys.readouterr()
    assert said.out == "" and "Usage: askoctober" in said.err


def test_an_error_of_ours_is_one_line_and_1(
    assistant: FakeAssistant, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "load_assistant", no_model)
    assert cli.main(["ask", "Who?"]) == 1
    assert capsys.readouterr() == ("", "askoctober: No model; fetch one with `askoctober models pull`.\n")


def test_an_unknown_setting_is_one_line(
    assistant: FakeAssistant, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKOCTOBER_MODLE", "x")
    assert cli.main(["search", "Who?"]) == 1
    assert capsys.readouterr().err.startswith("askoctober: Unknown setting 'modle' in the environment")


def test_flags_reach_the_settings(assistant: FakeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(loading, "load_assistant", lambda config: seen.append(config) or assistant)
    flags = ["--index", "i", "--embedder", "e", "--model", "m", "--engine", "llama.cpp", "--models-dir", "d"]
    assert cli.main(["ask", "Who?", *flags, "--threads", "2"]) == 0
    (config,) = seen
    assert (config.index, config.embedder, config.model, config.engine) == (Path("i"), "e", "m", "llama.cpp")
    assert (config.models_dir, config.threads) == (Path("d"), 2)


def test_search_for_people_and_for_programs(assistant: FakeAssistant, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["search", "Who?"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(" 1  0.900  The vote (A. Author, The Paper, 1917-10-23) > October\n    Ten members voted")
    assert "\x1b" not in text and "\u202e" not in text
    assert cli.main(["search", "Who?", "--json"]) == 0
    (hit,) = json.loads(capsys.readouterr().out)
    assert list(hit) == ["rank", "score", "chunk_id", "start", "end", "text", "heading", "article"]
    assert (hit["rank"], hit["score"], hit["article"]) == (1, 0.9, ARTICLE.to_dict())


def test_search_says_what_it_cannot_read(assistant: FakeAssistant, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["search", "Wer da?"]) == 0
    said = capsys.readouterr()
    assert "German" in said.err and "multilingual = true" in said.err and said.out


def test_ask_in_a_pipe_prints_checked_sentences_and_sources(
    assistant: FakeAssistant, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["ask", "Who?"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Kamenev and Zinoviev voted against. [1]",
        "Ten voted for. [1]",
        "",
        "Sources",
        "[1] The vote (A. Author, The Paper, 1917-10-23)",
        f'    "{QUOTE}"',
    ]
    assert assistant.closed


def test_a_decline_shows_the_nearest_passages(assistant: FakeAssistant, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ask", "unknown"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("The articles do not say.\n\nNearest passages\n 1  0.900  The vote")
    assert "Sources" not in text


def test_what_the_answer_revises_is_said_last(assistant: FakeAssistant, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ask", "revised"]) == 0
    assert "\nIn the end:\nThe articles do not say.\n" in capsys.readouterr().out


def test_ask_json_is_the_contract_alone(assistant: FakeAssistant, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ask", "Who?", "--json"]) == 0
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert said.out.count("\n") == 1
    assert answer["citations"][0] | {"article": 0} == {
        "mark": 1, "article": 0, "start": START, "end": START + len(QUOTE), "quote": QUOTE, "support": 0.95,
    }  # fmt: skip
    assert answer["timings"] == {"retrieve_ms": 1.0, "first_token_ms": 2.0, "total_ms": 3.0}


def test_ask_json_stream_is_one_event_a_line(assistant: FakeAssistant, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ask", "Who?", "--json", "--stream"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = [event["type"] for event in events]
    assert kinds == ["evidence", "piece", "sentence", "piece", "sentence", "sentence", "answer"]
    assert events[0]["evidence"][0]["mark"] == 1
    assert (events[2]["sentence"]["marks"], events[2]["citations"][0]["quote"], events[5]["sentence"]) == (
        [1],
        QUOTE,
        None,
    )
    assert events[-1]["answer"]["text"] == "Kamenev and Zinoviev voted against. [1] Ten voted for. [1]"


def test_json_survives_a_narrow_stdout(start: Start) -> None:
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    process = start("ask", "Кто?", "--json", env=env)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err, json.loads(out)["question"]) == (0, "", "Кто?")


def test_a_terminal_sees_the_final_text_once_the_draft_is_checked(start: Start) -> None:
    master, slave = pty.openpty()
    env = os.environ | {"TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1"}
    process = start("ask", "slow", stdout=slave, env=env)
    os.close(slave)
    seen = b""
    while chunk := _read(master):
        seen += chunk
    assert process.wait(60) == 0
    text = seen.decode()
    assert "A draft that is not right." in text
    last = text[text.rindex("\x1b[2K") :]  # what stays after the live part has been erased
    assert "voted against. [1] Ten voted for. [1]" in last and QUOTE in last and "draft" not in last


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # the other side is closed: how Linux says end of file
        return b""


def test_ctrl_c_is_130_without_a_traceback(start: Start) -> None:
    process = start("ask", "forever", "--json", "--stream")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["type"] == "evidence"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")


def test_a_broken_pipe_is_silent(start: Start) -> None:
    for args in (["ask", "forever", "--json", "--stream"], ["ask", "slow"], ["search", "x", "--json"], ["--help"]):
        process = start(*args)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == "", args
        assert process.wait(60) in (0, 1)


def test_chat_follows_up_and_knows_its_commands(
    assistant: FakeAssistant, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = iter(["", "/sources", "Who?", "And then?", "fail", "/sources", "/what", "/clear", "Again?", "/quit", "no"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    assert cli.main(["chat"]) == 0
    histories = {question: [turn["content"] for turn in history] for question, history in assistant.asked}
    text = "Kamenev and Zinoviev voted against. [1] Ten voted for. [1]"
    assert histories == {
        "Who?": [],
        "And then?": ["Who?", text],
        "fail": ["Who?", text, "And then?", text],
        "Again?": [],
    }
    said = capsys.readouterr()
    assert said.out.count("Sources\n") == 4
    assert "askoctober: The model failed; ask again.\n" in said.err and "There is no answer yet." in said.err
    assert next(lines) == "no" and assistant.closed


def test_ctrl_c_stops_an_answer_and_then_the_chat(start: Start) -> None:
    process = start("chat", stdin=subprocess.PIPE)
    assert process.stdin is not None and process.stderr is not None and process.stdout is not None
    process.stdin.write("forever\n")
    process.stdin.flush()
    assert process.stdout.read(3) == "\n> "
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.stderr.readline()
    assert process.stderr.readline() == "Stopped.\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


def test_index_says_what_it_did_and_what_it_left_out(
    assistant: FakeAssistant, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "build", lambda config: REPORT)
    assert cli.main(["index", "shelf"]) == 1
    assert capsys.readouterr() == (
        "5 articles, 131 chunks; embedded 1, unchanged 4, removed 0 in 3.2 s\n",
        "askoctober: left out bad.txt: it is empty\npassed over files of other kinds: 12 .png\n",
    )
    assert cli.main(["index", "shelf", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["failed"] == [{"path": "bad.txt", "reason": "it is empty"}] and report["seconds"] == 3.21
    assert report["passed_over"] == {".png": 12}


@pytest.mark.parametrize("command", [["search", "x"], ["ask", "x"], ["chat"], ["info"]])
def test_without_an_index_the_build_is_named_before_anything_is_fetched(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(models, "fetch", lambda *args: pytest.fail("fetched"))
    assert cli.main(command) == 1
    said = capsys.readouterr()
    assert said.out == "" and "askoctober index" in said.err and said.err.count("\n") == 1


def test_absent_models_are_fetched_with_progress(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fetch(name: str, folder: Path, tell: progress.Report) -> None:
        tell(name, 0, 2_000_000)
        tell(name, 2_000_000, 2_000_000)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(models, "fetch", fetch)
    monkeypatch.setattr(models, "resolve", lambda name, folder: folder / name)
    assert cli.main(["models", "pull", "SMOLLM2-135m-instruct", "--models-dir", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.err == "smollm2-135m-instruct: 0/2 MB\nsmollm2-135m-instruct: 2/2 MB\n"
    assert said.out == f"SMOLLM2-135m-instruct: {tmp_path / 'SMOLLM2-135m-instruct'}\n"


def test_models_lists_what_is_known(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["models", "list", "--models-dir", str(tmp_path), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["name"]: (row["size"], row["path"]) for row in rows} == {
        m.name: (m.size, None) for m in models.TABLE.values()
    }
    monkeypatch.setenv("ASKOCTOBER_MODELS_DIR", str(tmp_path))
    assert cli.main(["models"]) == 0
    table = capsys.readouterr().out
    assert "qwen2.5-coder-1.5b-instruct" in table and "1,117 MB" in table and "Apache-2.0" in table
    assert cli.main(["models", "pull", "no-such-model"]) == 1
    assert "no-such-model" in capsys.readouterr().err


def test_a_taken_port_is_said_before_anything_loads(
    assistant: FakeAssistant, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "load_served", lambda config: pytest.fail("loaded"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["serve", "--refresh", "--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert f"Cannot listen on 127.0.0.1:{port} (Address already in use)" in said and said.count("\n") == 1


def test_serve_brings_a_stale_index_up_to_date_and_announces_the_address(
    assistant: FakeAssistant, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(served: FakeAssistant, host: str, port: int, *, announce: Callable[[str], None], **rest: Any) -> None:
        assert served is assistant and not served.closed
        assert rest == {"own": None, "feedback": Path("feedback.jsonl"), "rules": Rules()}
        announce(f"http://{host}:{port}/")

    reasons = iter(["articles have changed", "", "articles have changed"])
    monkeypatch.setattr(loading, "freshness", lambda config: next(reasons))
    monkeypatch.setattr(loading, "build", lambda config: REPORT)
    monkeypatch.setattr(loading, "open_own", lambda assistant, config: None)
    monkeypatch.setattr("askoctober.web.server.serve", serve)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert cli.main(["serve", "--refresh", "--port", str(port)]) == 0  # a file that cannot be read does not stop it
    said = capsys.readouterr()
    assert said.out == f"The chat is at http://127.0.0.1:{port}/ (Ctrl-C ends it)\n"
    assert said.err.startswith("5 articles, 131 chunks; embedded 1,") and "left out bad.txt" in said.err
    assert assistant.closed
    assistant.closed = False
    assert cli.main(["serve", "--refresh", "--port", str(port)]) == 0
    assert capsys.readouterr().err == ""
    assistant.closed = False
    assert cli.main(["serve", "--refresh", "--port", str(port), "--log", "json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["level"], line["message"][:15]) for line in told] == [
        ("info", "5 articles, 131"),
        ("warning", "left out bad.tx"),
    ]


@pytest.mark.parametrize("settings", [{}, {"ASKOCTOBER_PASSWORD_HASH": "plain words"}])
def test_serve_lets_nobody_in_by_mistake(
    settings: dict[str, str],
    assistant: FakeAssistant,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading, "load_served", lambda config: pytest.fail("loaded"))
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert cli.main(["serve", "--refresh", "--host", "0.0.0.0", "--port", str(port)]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "`askoctober password`" in said.err and said.err.count("\n") == 1
    assert "plain words" not in said.err and (settings or "--open" in said.err)


def test_a_password_becomes_a_setting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for args, given in ((["password"], "nine tall oaks\n"), (["password", "--random"], "")):
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        assert cli.main(args) == 0
        said = capsys.readouterr()
        Path("askoctober.toml").write_text(said.out, encoding="utf-8")
        secret = Rules.of(Config.load()).secret
        password = given.strip() or said.err.splitlines()[0].rpartition(" ")[2]
        assert secret is not None and secret.matches(password) and password not in said.out
        assert said.err.splitlines()[-1].startswith("Put this line at the head of askoctober.toml")
    assert cli.main(["password", "--random", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert Secret.parse(made["password_hash"]).matches(made["password"])
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert cli.main(["password"]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "give 8 or more" in said.err and "short" not in said.err


def test_a_password_is_asked_for_twice_and_not_shown(start: Start) -> None:
    master, slave = pty.openpty()
    process = start("password", stdin=slave, stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    seen = b""
    for word in (b"nine tall oaks", b"nine tall elms", b"nine tall oaks", b"nine tall oaks"):
        while not seen.endswith(b": "):
            seen += _read(master)
        os.write(master, word + b"\n")
        seen += b"\n"
    assert process.stdout is not None
    line = process.stdout.readline()
    assert process.wait(60) == 0 and line.startswith('password_hash = "scrypt:') and b"nine" not in seen
    assert Secret.parse(line.split('"')[1]).matches("nine tall oaks")


@pytest.mark.parametrize(
    ("flags", "kept"),
    [
        ([], True),
        (["--no-uploads"], False),
        (["--host", "0.0.0.0", "--open"], False),
        (["--host", "0.0.0.0", "--open", "--uploads"], True),
    ],
)
def test_serve_lets_readers_add_articles_where_they_may(
    flags: list[str],
    kept: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    served: dict[str, Any] = {}

    def serve(assistant: Any, host: str, port: int, **rest: Any) -> None:
        served.update(rest, retriever=assistant.retriever)

    build_from(tmp_path, {"clock.md": "# The clock\n\nHarrison built a clock."})
    write_files(tmp_path / "own" / "articles", {"moon.md": "# The moon\n\nMaskelyne preferred the moon."})
    base = Retriever(LocalStore.open(tmp_path / "index"), HashEncoder())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASKOCTOBER_OWN", "own")
    monkeypatch.setenv("ASKOCTOBER_FEEDBACK", "thumbs.jsonl")
    fake = SimpleNamespace(retriever=base, close=lambda: None)
    monkeypatch.setattr(loading, "load_assistant", lambda config: fake)
    monkeypatch.setattr(loading, "load_served", lambda config: fake)
    bound = SimpleNamespace(getsockname=lambda: (flags[1] if "--host" in flags else "127.0.0.1", 7860))
    monkeypatch.setattr("askoctober.web.server.listen", lambda host, port: nullcontext(bound))
    monkeypatch.setattr("askoctober.web.server.serve", serve)
    assert cli.main(["serve", *flags]) == 0
    said = capsys.readouterr().err
    if "--open" in flags:
        first, _, said = said.partition("\n")
        assert first == "Everybody who reaches 0.0.0.0 can use this chat; askoctober password sets a password."
    assert served["feedback"] == Path("thumbs.jsonl")
    paths = [article.path for article in served["retriever"].store.articles()]
    if kept:
        assert paths == ["clock.md", "own/moon.md"] and len(served["own"].ids()) == 1
        assert said.splitlines()[-1] == "Readers can add articles of their own; these are kept in own"
    else:
        assert (paths, served["own"], said) == (["clock.md"], None, "")
    for retriever in (base, served["retriever"]):
        retriever.store.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    return clock


def test_plain_progress_is_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    with progress.progress() as tell:
        for done in range(1001):
            tell("Embedding", done, 1000)
            clock[0] += 0.5
        tell("Embedding", 1000, 1000)
        tell("Writing", 0, 0)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["Embedding: 0/1000", "Embedding: 100/1000, about 8 min left"]
    assert lines[-3:] == [
        "Embedding: 900/1000, about 50 s left",
        "Embedding: 1000/1000 in 8 min, 2 a second",
        "Writing",
    ]
    assert len(lines) == 12


def test_plain_progress_of_stages_that_take_turns_says_each_once(
    capsys: pytest.CaptureFixture[str], clock: list[float]
) -> None:
    with progress.progress() as tell:
        tell("reading", 0, 1)
        for part in range(40):
            tell("reading", part, 1000)
            for done in (0, 512, 1024):
                tell("embedding", done, 1024 + part % 2)
                clock[0] += 4
            tell("embedding", 1024 + part % 2, 1024 + part % 2)
    assert capsys.readouterr().err.splitlines() == [
        "reading: 0/1",
        "embedding: 0/1024",
        "embedding: 1024/1024 in 8 s, 128 a second",
    ]


def test_plain_progress_that_is_slow_is_a_line_in_ten_minutes(
    capsys: pytest.CaptureFixture[str], clock: list[float]
) -> None:
    with progress.progress(size=True) as tell:
        for done in range(1000):
            tell("reading", done * 1_000_000, 10**12)
            clock[0] += 6
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["reading: 0/1000000 MB", "reading: 100/1000000 MB, about 1666 h left"]
    assert len(lines) == 10


def test_clean_leaves_only_what_cannot_steer_a_terminal() -> None:
    assert show.clean("a\tb\r\nc\x1b]0;x\x07\x9b2J\u202ed\ud800") == "a\tb\nc\ufffd]0;x\ufffd\ufffd2J\ufffdd\ufffd"


def test_search_within_a_part_of_the_shelf(assistant: FakeAssistant) -> None:
    def found(*more: str) -> Any:
        result = CliRunner().invoke(cli.app, ["search", "What did they decide?", "--json", *more])
        return (
            json.loads(result.stdout) if not result.exit_code else (result.exit_code, " ".join(result.output.split()))
        )

    assert len(found("--where", f"article={ARTICLE.path}", "--where", "article=other.md")) == 1
    assert found("--where", "author=nobody at all") == found("--threshold", "1") == []
    for flags, said in (
        (["--where", "author=nobody at all", "--where", "topic=x"], True),
        (["--where", f"article={ARTICLE.path}", "--threshold", "1"], False),
        (["--threshold", "1"], False),
    ):
        result = CliRunner().invoke(cli.app, ["search", "What?", *flags])
        assert (result.exit_code, result.stdout) == (0, "No passage was found.\n")
        told = "no article has this: --where author=nobody at all --where topic=x\n"
        assert result.stderr == (told if said else "")
    status, told = found("--where", "since")
    assert status == 2 and "--where author=Reed" in told
    for wrong in (["--where", "since=yesterday"], ["--where", "since=1917", "--where", "since=1918"]):
        with pytest.raises(QuestionError, match="date"):
            CliRunner().invoke(cli.app, ["search", "What?", *wrong], catch_exceptions=False)
