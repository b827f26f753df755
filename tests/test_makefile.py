import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
Make = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Run make in a folder that holds the Makefile and what it looks at, with nothing installed."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(REPOSITORY / name, tmp_path / name)

    def run(*args: str, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")}
        return subprocess.run(
            ["make", *args], cwd=tmp_path, env=kept | environ, capture_output=True, text=True, timeout=60
        )

    return run


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def install(folder: Path) -> Path:
    """Make a `.venv` that counts as installed, whose Python only writes down what it is asked to do."""
    script(folder / ".venv/bin/python", 'echo "$@" >> calls.txt')
    (folder / ".venv/.installed").touch()
    return folder / "calls.txt"


def told(done: subprocess.CompletedProcess[str]) -> str:
    """What a run that must fail says, less make's own closing line."""
    assert done.returncode == 2 and done.stdout == ""
    return "\n".join(line for line in done.stderr.splitlines() if not line.startswith("make: ***"))


def test_alone_it_lists_its_targets(make: Make) -> None:
    said = make().stdout
    assert [line.split()[1] for line in said.splitlines()] == [
        "install",
        "run",
        "test",
        "soak",
        "check",
        "eval",
        "clean",
    ]


def test_a_missing_python_is_one_line(make: Make) -> None:
    assert told(make("install", "PYTHON=no-such-python")).startswith(
        "make: there is no no-such-python; install Python 3.11"
    )


def test_an_old_python_is_one_line(make: Make, tmp_path: Path) -> None:
    old = 'shift; exec "$REAL" -c "import sys; sys.version_info = (3, 9, 2); exec(sys.argv.pop(1))" "$@"'
    script(tmp_path / "old", old)
    said = told(make("install", f"PYTHON={tmp_path / 'old'}", REAL=sys.executable))
    assert said.startswith("make: Python 3.11 or later is needed,") and "is 3.9;" in said and "\n" not in said


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("import importlib.util as u; u.find_spec = lambda name: None", "sudo apt-get install python3-venv"),
        ("import shutil; shutil.disk_usage = lambda path: type('D', (), {'free': 2.5e9})", "2.5 GB are free here"),
    ],
)
def test_what_an_install_lacks_is_one_line(fault: str, words: str, make: Make, tmp_path: Path) -> None:
    script(tmp_path / "lacking", f'shift; exec "$REAL" -c "{fault}; import sys; exec(sys.argv.pop(1))" "$@"')
    said = told(make("install", f"PYTHON={tmp_path / 'lacking'}", REAL=sys.executable))
    assert words in said and "\n" not in said and not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full; free some space"),
        ("NewConnectionError: Temporary failure in name resolution", "check the network"),
        ("ERROR: something else", "ERROR: something else"),
    ],
)
def test_a_failed_install_is_one_line_and_leaves_no_stamp(message: str, words: str, make: Make, tmp_path: Path) -> None:
    script(tmp_path / ".venv/bin/python", f"echo '{message}' >&2; exit 1")
    done = make("install")
    assert done.returncode == 2 and len(done.stdout.splitlines()) == 1
    said = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    assert len(said) == 1 and words in said[0] and "install.log" in said[0]
    assert not (tmp_path / ".venv/.installed").exists()


def test_a_second_install_does_nothing_until_the_requirements_change(make: Make, tmp_path: Path) -> None:
    calls = install(tmp_path)
    assert (make("install").returncode, calls.exists()) == (0, False)
    os.utime(tmp_path / ".venv/.installed", (0, 0))
    assert make("install").returncode == 0
    assert calls.read_text().startswith("-m pip install ") and "-c constraints.txt -e .[dev]" in calls.read_text()
    calls.unlink()
    assert (make("install").returncode, calls.exists()) == (0, False)


def test_run_serves_where_it_is_told(make: Make, tmp_path: Path) -> None:
    calls = install(tmp_path)
    done = make("run", "PORT=8123")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    make("run", HOST="0.0.0.0")
    make("run", "FLAGS=--open", HOST="0.0.0.0")
    make("run")
    assert [" ".join(call.split()) for call in calls.read_text().splitlines()] == [
        "-m askoctober serve --refresh --port 8123",
        "-m askoctober serve --refresh --host 0.0.0.0",
        "-m askoctober serve --refresh --host 0.0.0.0 --open",
        "-m askoctober serve --refresh",
    ]


def test_a_taken_port_is_said_before_the_first_install(make: Make, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = told(make("run", f"PORT={port}"))
    assert said == (
        f"make: cannot listen on 127.0.0.1 port {port} (Address already in use); choose another: make run PORT=7861"
    )
    assert not (tmp_path / ".venv").exists()


def test_the_tests_say_how_to_get_a_browser(make: Make, tmp_path: Path) -> None:
    calls = install(tmp_path)
    for name in ("sh", "make", "python3", "rm", "touch"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    done = make("test", PATH=str(tmp_path / "bin"))
    assert done.returncode == 0 and "sudo apt-get install chromium" in done.stderr and done.stderr.count("\n") == 1
    assert calls.read_text().splitlines() == [
        "-m askoctober models pull --all",
        "-m pytest -m not soak and not browser",
    ]


def test_what_takes_hours_is_asked_for_by_itself(make: Make, tmp_path: Path) -> None:
    calls = install(tmp_path)
    assert make("soak").returncode == 0
    assert calls.read_text().splitlines() == ["-m askoctober models pull --all", "-m pytest -m soak --timeout 7200"]


def test_clean_leaves_the_sources(make: Make, tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "src/a/__pycache__").mkdir(parents=True)
    (tmp_path / "src/x.egg-info").mkdir()
    (tmp_path / "src/a/x.py").touch()
    assert make("clean").returncode == 0
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"Makefile", "pyproject.toml", "constraints.txt", "src/a/x.py"}
    assert not (tmp_path / ".venv").exists() and not (tmp_path / "src/x.egg-info").exists()


def test_every_requirement_is_pinned() -> None:
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines if line[:1].isalnum()}
    extras = project["optional-dependencies"]
    for text in [*project["dependencies"], *extras["formats"], *extras["dev"]]:
        requirement = Requirement(text)
        if requirement.name == project["name"]:
            continue  # with one of its own extras
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), text
