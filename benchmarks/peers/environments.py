"""An environment of its own for every peer: made once from pinned requirements, reused while they stay the same."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


class Unavailable(Exception):
    """A peer cannot be installed or run here; the message is the reason."""


def prepare(name: str, needs: tuple[int, int], folder: Path) -> Path:
    """Return the Python of a peer's environment, made if it is not there (minutes, and 1 to 2 GB).

    Raises:
        Unavailable: no Python is new enough, or pip failed.
    """
    requirements = HERE / f"{name}.txt"
    python = find_python(needs)
    key = hashlib.sha256(requirements.read_bytes() + python.encode()).hexdigest()[:10]
    home = folder / f"{name}-{key}"
    ready = home / "installed"
    if not ready.exists():
        shutil.rmtree(home, ignore_errors=True)
        print(f"installing {name} into {home} ...", file=sys.stderr)
        _run(python, "-m", "venv", str(home))
        _run(str(home / "bin/python"), "-m", "pip", "install", "--quiet", "--no-input", "-r", str(requirements))
        ready.touch()
    return home / "bin/python"


def find_python(needs: tuple[int, int]) -> str:
    """Return a Python of at least this version: the running one if it will do."""
    if sys.version_info >= needs:
        return getattr(sys, "_base_executable", None) or sys.executable
    names = [shutil.which(f"python3.{minor}") for minor in range(needs[1], needs[1] + 4)]
    versions = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python"))
    for candidate in [*filter(None, names), *map(str, versions)]:
        check = f"import sys; sys.exit(sys.version_info < {needs})"
        if subprocess.run([candidate, "-c", check], capture_output=True).returncode == 0:
            return candidate
    raise Unavailable(f"it needs Python {needs[0]}.{needs[1]}, and none is on the PATH")


def pinned(name: str, packages: tuple[str, ...]) -> str:
    """Return the versions of a peer's main packages as its requirements pin them."""
    lines = (HERE / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    versions = dict(line.split("==") for line in lines if "==" in line)
    return ", ".join(f"{package} {versions[package]}" for package in packages)


def installed_mb(python: Path) -> float:
    """Return what a peer's environment takes on disk, in MB."""
    return sum(p.stat().st_size for p in python.parent.parent.rglob("*") if p.is_file() and not p.is_symlink()) / 1e6


def our_mb() -> float:
    """Return what askoctober and all that it depends on take on disk, in MB, without its development tools."""
    seen: dict[str, float] = {}
    todo = ["askoctober"]
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in seen:
            continue
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform, or another Python
        files = {Path(str(file.locate())) for file in package.files or []}
        seen[name] = sum(file.stat().st_size for file in files if file.is_file())
        wanted = [line for line in package.requires or [] if "extra ==" not in line]
        todo += [match.group() for line in wanted if (match := re.match(r"[\w.-]+", line))]
    return sum(seen.values()) / 1e6


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "ERROR" in line or "rror:" in line]
        raise Unavailable(f"it could not be installed: {(errors or done.stderr.splitlines() or ['?'])[-1].strip()}")
