"""What the pages show is run: Python, commands and requests as they are printed, JSON and TOML in their use.

Only these are put in the place of what is printed: the addresses of a server, of a model and of a site, each of this
computer. The Python of `embedding.md` is run by test_docs_embedding.py, section by section.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from askoctober import cli, corpus
from conftest import write_shelf
from fetching.site import Site, serve
from snippets import PAGES, ROOT, Snippet, snippets_of, talking_model
from web.fakes import VOTED, FakeAssistant, complete, on_a_loop
from web.serving import Served

NOT_RUN = {
    "pip": "it would install into the environment that the tests run in; the extra that it names must exist",
    "python": "it compares for minutes on articles and questions of the reader's; its --help must know what is given",
}
"""Commands that are not run, and why, with what is looked at instead."""
LASTING = {"serve": "The chat is at http", "--watch": "articles"}
"""What is ended by Ctrl-C, and what it says when it is up."""
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


def snippets(*languages: str, without: str = "") -> list[Snippet]:
    return [each for page in PAGES if page != without for each in snippets_of(page) if each.language in languages]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    made = on_a_loop(lambda: Served(FakeAssistant(0), "x"))
    yield made
    made.close()


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        site.page("/page", "<html><body><article><h1>A page</h1><p>Silt has settled behind the dam.</p></article>")
        listed = "".join(f"<url><loc>/{path}</loc></url>" for path in ("page", "other"))
        site.page("/sitemap.xml", f"<urlset>{listed}</urlset>")
        site.page("/other", "<html><body><article><h1>Another</h1><p>Sand eels have gone for good.</p></article>")
        yield site


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf_index: Path) -> Path:
    """Where a reader of the pages stands: articles, and their index."""
    write_shelf(tmp_path / "path" / "to" / "articles")
    write_shelf(tmp_path / "corpus")
    shutil.copytree(shelf_index, tmp_path / "index")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch, served: Served, site: Site) -> Iterator[dict[str, str]]:
    """What is put in the place of what is printed."""
    with talking_model() as model:
        with socket.create_server(("127.0.0.1", 0)) as free:
            monkeypatch.setenv("ASKOCTOBER_PORT", str(free.getsockname()[1]))
        monkeypatch.setenv("ASKOCTOBER_MODEL", f"openai:{model}")
        yield {
            "http://127.0.0.1:8000/v1": model,
            "http://127.0.0.1:7860/": served.url,
            "http://127.0.0.1:7860": served.url.rstrip("/"),
            "https://example.org": site.address,
            "milvus://host:19530/shelf": "milvus:path.db/shelf",
        }


def put_in(code: str, replaced: dict[str, str]) -> str:
    for printed, here in replaced.items():
        code = code.replace(printed, here)
    return code


@pytest.mark.parametrize("page", sorted(path.stem for path in (ROOT / "docs").glob("*.md")))
def test_commands_of_every_page_are_known(page: str) -> None:
    """Of the pages of measurements too, whose commands take hours."""
    for snippet in snippets_of(page):
        for line in snippet.code.splitlines() if snippet.language == "shell" else ():
            words = shlex.split(line, comments=True)
            if words[:1] == ["askoctober"]:
                shown = CliRunner().invoke(cli.app, [words[1], "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
                assert shown.exit_code == 0, line
                assert [word for word in words if word.startswith("--") and word not in shown.output] == []
            elif words[:1] == ["python"] and words[1].endswith(".py"):
                assert (ROOT / words[1]).is_file(), line


@pytest.mark.parametrize("page", PAGES)
def test_every_snippet_is_of_a_kind_that_is_run_or_read(page: str) -> None:
    found = snippets_of(page)
    assert found
    assert {each.language for each in found} <= {"python", "shell", "json", "toml", "output"}


@pytest.mark.parametrize("snippet", snippets("python", without="embedding"), ids=str)
def test_python(snippet: Snippet, replaced: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    if "mcp" in snippet.code:
        pytest.importorskip("mcp")
    names: dict[str, Any] = {}
    exec(compile(put_in(snippet.code, replaced), snippet.page, "exec"), names)
    shown = capsys.readouterr().out
    assert VOTED in shown or names["answer"]["citations"][0]["quote"] == VOTED


@pytest.mark.parametrize("snippet", snippets("shell"), ids=str)
def test_commands(snippet: Snippet, folder: Path, replaced: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for line in snippet.code.splitlines():
        words = shlex.split(put_in(line, replaced), comments=True)
        if words[:1] == ["askoctober"]:
            run(words[1:], apart="milvus" in line, capsys=capsys)
        elif words[:1] == ["curl"]:
            done = subprocess.run([*words, "--fail"], capture_output=True, text=True, timeout=60)
            assert (done.returncode, bool(done.stdout)) == (0, True), done.stderr
        elif words:
            assert words[0] in NOT_RUN, f"{words[0]} is neither run nor named as what is not"
            look_at(words)


def run(words: list[str], *, apart: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a command of ours as it is printed; `apart` in a process of its own."""
    if words[0] == "fetch":
        words = [*words, "--private"]  # the site that it asks is this computer
    up = [said for word, said in LASTING.items() if word in words]
    if up:
        run_until_it_is_up(words, up[0])
    elif apart:
        done = subprocess.run([*OURS, *words], capture_output=True, text=True, timeout=300, env=QUIET | os.environ)
        assert done.returncode == 0, done.stderr
    else:
        status = cli.main(words)
        said = capsys.readouterr()
        assert status == 0, said.err


OURS = (sys.executable, "-m", "askoctober")
QUIET = {"PYTHONWARNINGS": "ignore"}


def run_until_it_is_up(words: list[str], up: str) -> None:
    with ExitStack() as stack:
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        process = stack.enter_context(subprocess.Popen([*OURS, *words], env=QUIET | os.environ, **pipes))
        stack.callback(process.kill)
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if up in line:
                break
        else:
            pytest.fail("".join(said))
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
        assert process.returncode in (0, 130), rest


def look_at(words: list[str]) -> None:
    """See that a command that is not run could be."""
    if words[0] == "pip":
        assert words[1] == "install"
        for wanted in words[2:]:
            named = re.fullmatch(r"askoctober\[([\w,-]+)\]", wanted)
            assert named is not None and set(named[1].split(",")) <= EXTRAS.keys(), wanted
        return
    done = subprocess.run([sys.executable, ROOT / words[1], "--help"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert all(flag in done.stdout for flag in words if flag.startswith("--"))


@pytest.mark.parametrize("snippet", snippets("json"), ids=str)
def test_the_settings_of_a_program_that_starts_ours(snippet: Snippet, folder: Path, replaced: dict[str, str]) -> None:
    """Programs that read these are not here: what they would start is started, and asked over its pipes."""
    mcp = pytest.importorskip("mcp")
    ((name, how),) = json.loads(snippet.code)["mcpServers"].items()
    assert (name, how["command"]) == ("askoctober", "askoctober")

    async def asking() -> Any:
        command, *before = OURS
        ours = QUIET | {key: value for key, value in os.environ.items() if key.startswith("ASKOCTOBER_")}
        started = mcp.StdioServerParameters(command=command, args=[*before, *how["args"]], env=ours)
        with (folder / "errors.txt").open("w") as errors:
            async with mcp.Client(mcp.stdio_client(started, errlog=errors)) as client:
                return await client.call_tool("search", {"question": "What became of the river?", "k": 1})

    assert "Silt has settled" in complete(asking()).content[0].text


BELLS = "story,name,year,town\nThe bell of Ey was cast in one night by seven founders.,The bell,1877,Ey\n"


def test_what_is_said_of_articles_is_taken(tmp_path: Path) -> None:
    """All the tables of the page in one file, beside the files that they name."""
    tables = "\n".join(each.code for each in snippets("toml"))
    (tmp_path / "articles.toml").write_text(tables, encoding="utf-8")
    (tmp_path / "report.txt").write_text(
        "A heading\n\nThe harvest of the year was the best of ten.\n", encoding="utf-8"
    )
    (tmp_path / "bells.csv").write_text(BELLS, encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {"articles.toml", *tomllib.loads(tables)}
    reading = corpus.read_corpus(tmp_path)
    assert reading.failed == ()
    bell, report = sorted(reading.articles, key=lambda article: article.path)
    assert (report.title, report.author, report.date) == ("Report on the harvest", "A. Keeper", "1921-10-01")
    assert (bell.title, bell.publisher, bell.date) == ("The bell", "Parish of Ey", "1877")
    assert bell.extra == ({"place": "Ey"} if "place" in tables else {})


NUMBER = r"\d[\d,]*"


def test_what_commands_are_said_to_print_they_print(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers aside: they are those of the shelf at hand."""
    assert cli.main(["index"]) == 0
    assert cli.main(["doctor"]) == 0
    (folder / "corpus" / "bells.csv").write_text(BELLS.replace("story", "text"), encoding="utf-8")
    (folder / "corpus" / "empty.txt").write_text("", encoding="utf-8")
    (folder / "corpus" / "notes.doc").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    assert cli.main(["index"]) == 1
    assert cli.main(["info"]) == 0
    said = capsys.readouterr()
    shown = {re.sub(NUMBER, "N", line.strip()) for line in (said.out + said.err).splitlines()}
    for snippet in snippets("output"):
        for line in snippet.code.splitlines():
            assert re.sub(NUMBER, "N", line.strip()) in shown, line
