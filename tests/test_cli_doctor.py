import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from askoctober import building, checking
from askoctober.checking import Finding
from askoctober.cli import doctor as command
from askoctober.cli import loading
from askoctober.config import Config
from askoctober.index import LocalStore
from askoctober.index.format import MANIFEST
from encoders import HashEncoder
from shelves import build_from, config_of, write_files

app = typer.Typer()
app.command()(command.doctor)
FILES = {"a.md": "# Bees\n\nA forager dances. The sun gives the angle.", "b.md": "# Clocks\n\nHarrison built one."}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A small index with the settings that name it, on a computer without faults, and with an embedder at hand."""
    build_from(tmp_path, FILES)
    config = config_of(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checking, "check_installation", lambda config, progress: iter(()))
    monkeypatch.setattr(loading, "fetch_absent", lambda config, *names: None)
    for room in ("askoctober.building.updating", "askoctober.checking.mending"):
        monkeypatch.setattr(f"{room}.load_encoder", lambda path, threads=0: HashEncoder())
        monkeypatch.setattr(f"{room}.models.resolve", lambda name, folder=None: Path(name))
    monkeypatch.setenv("ASKOCTOBER_OWN", str(tmp_path / "readers"))
    return config


def files_of(folder: Path) -> list[int]:
    """How large the files of a folder are that are checked."""
    return [path.stat().st_size for path in folder.iterdir() if path.name[0] != "." and path.name != MANIFEST]


def without_what_was_looked_at(stdout: str) -> list[str]:
    lines = stdout.splitlines()
    assert lines[-2].startswith("Looked at: Python, its packages and the models; ")
    return [*lines[:-2], lines[-1]]


def run(*args: str) -> Any:
    return CliRunner().invoke(app, list(args))


def test_where_nothing_is_wrong_that_is_all_it_says(config):
    result = run()
    looked_at = [
        "Python, its packages and the models",
        f"{len(files_of(config.index))} files of index, {sum(files_of(config.index)):,} bytes",
        f"2 files of corpus, {sum(files_of(config.corpus)):,} bytes",
    ]
    assert (result.exit_code, result.stdout) == (0, f"Looked at: {'; '.join(looked_at)}.\nNothing is wrong.\n")
    assert json.loads(run("--json").stdout) == {
        "ok": True,
        "index": "index",
        "looked_at": looked_at,
        "mended": [],
        "findings": {"installation": [], "index": []},
    }


def test_a_notice_is_nothing_wrong(config):
    (config.index / "notes.txt").write_text("mine")
    result = run()
    assert result.exit_code == 0
    assert without_what_was_looked_at(result.stdout) == [
        f"notice  {Path('index', 'notes.txt')} is not a file of askoctober",
        "        It is no part of the index and is left alone.",
        "        mend it: move it out of the folder, or leave it",
        "Nothing is wrong; 1 notice.",
    ]


def test_what_is_wrong_is_said_and_mended(config):
    (path,) = config.index.glob("tokens-*")
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 4]))
    result = run()
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"wrong   {Path('index', path.name)} has changed since it was built")
    assert lines[2] == "        mend it: askoctober index corpus --index index"
    assert lines[-1] == "1 wrong."
    found = json.loads(run("--json").stdout)
    assert (found["ok"], [finding["file"] for finding in found["findings"]["index"]]) == (False, [path.name])
    result = run("--mend")
    assert (result.exit_code, without_what_was_looked_at(result.stdout)) == (
        0,
        ["mended index: 2 articles embedded anew, 0 kept as they were", "Nothing is wrong."],
    )
    assert without_what_was_looked_at(run().stdout) == ["Nothing is wrong."]


def test_what_cannot_be_mended_is_an_error_of_ours(config, tmp_path):
    (path,) = config.index.glob("tokens-*")
    path.unlink()
    config.corpus.rename(tmp_path / "elsewhere")
    result = run("--mend")
    assert result.exit_code == 1
    assert "cannot be mended without the folder 'corpus'" in str(result.exception)


def test_the_index_of_readers_own_articles_is_checked_and_mended(config, tmp_path):
    own = tmp_path / "readers"
    write_files(own / "articles", {"ants.md": "# Ants\n\nAnts follow a trail."})
    base = LocalStore.open(config.index)
    building.extend(base, own / "articles", own / "index", config, HashEncoder())
    base.close()
    assert without_what_was_looked_at(run().stdout) == ["Nothing is wrong."]
    (path,) = (own / "index").glob("sentences-*")
    path.unlink()
    found = json.loads(run("--json").stdout)["findings"]
    assert (found["index"], [finding["file"] for finding in found["own"]]) == ([], [path.name])
    result = run("--mend")
    assert result.exit_code == 0, result.stdout
    assert result.stdout.splitlines()[0] == (f"mended {own / 'index'}: 1 articles embedded anew, 0 kept as they were")


def test_many_findings_are_cut_for_people_alone(config, monkeypatch):
    many = [Finding("notice", f"{i}.md", "was left out", "x", "y") for i in range(command.MOST + 3)]
    monkeypatch.setattr(checking, "check_index", lambda *args, **more: many)
    assert run().stdout.splitlines()[-3:] == [
        "3 more are in --json",
        "Looked at: Python, its packages and the models.",
        f"Nothing is wrong; {len(many)} notices.",
    ]
    assert len(json.loads(run("--json").stdout)["findings"]["index"]) == len(many)


def test_it_is_a_command_with_help_and_an_example():
    result = run("--help")
    assert result.exit_code == 0
    assert "Example: askoctober doctor --mend" in result.stdout
