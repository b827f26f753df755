from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from askoctober.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"^ +askoctober (\w+)(.*?)(?:#.*)?$", README, re.MULTILINE)))


@pytest.mark.parametrize(("verb", "rest"), COMMANDS)
def test_every_command_of_the_readme_is_known(verb: str, rest: str) -> None:
    shown = CliRunner().invoke(app, [verb, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert shown.exit_code == 0
    for flag in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", rest):
        assert flag in shown.output


def test_the_readme_shows_every_command() -> None:
    verbs = {command.name or command.callback.__name__ for command in app.registered_commands}
    verbs |= {group.name for group in app.registered_groups}
    assert verbs <= {verb for verb, _ in COMMANDS}


def test_files_that_the_readme_names_exist() -> None:
    for path in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / path).is_file(), path
    assert [shlex.split(line)[1] for line in re.findall(r"^ +make .*$", README, re.MULTILINE)] == ["run", "test"]


@pytest.mark.llm
def test_the_python_of_the_readme_runs(minilm: Path, qwen: Path) -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL)) + "\nassert hits and all(both)\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "[" in done.stdout and "Digest: " in done.stdout
