"""One environment for all peers, made once from pinned versions; a peer that cannot be installed is named as such."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from systems import SYSTEMS

PINS = Path(__file__).parent / "peers.txt"


class Missing(Exception):
    """A peer cannot be run here; the message is the reason."""


def environment(folder: Path, name: str, *, make: bool) -> Path:
    """Return the Python that runs a system; where a peer is not installed yet, `make` says whether to do it.

    torch goes first, as the only package, so that a local CPU build of it is found where there is one.

    Raises:
        Missing: it is not installed, and was not to be or could not.
    """
    if not SYSTEMS[name].packages:
        return Path(sys.executable)
    home = folder / f"environment-{hashlib.sha256(PINS.read_bytes() + sys.version.encode()).hexdigest()[:10]}"
    python, ready = home / "bin" / "python", home / f"{name}.installed"
    if not ready.exists():
        if not make:
            raise Missing("is not installed; run again with --peers")
        print(f"installing {name} into {home} ...", file=sys.stderr, flush=True)
        if not python.exists():
            _run(sys.executable, "-m", "venv", str(home))
        for package in ("numpy", "psutil", *SYSTEMS[name].packages):
            _run(str(python), "-m", "pip", "install", "--quiet", "--no-input", "--constraint", str(PINS), package)
        ready.touch()
    return python


def versions(name: str) -> str:
    """Return a peer's packages in the versions that are pinned."""
    lines = PINS.read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return ", ".join(f"{package} {pinned[package]}" for package in SYSTEMS[name].packages)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "rror" in line] or done.stderr.splitlines() or ["?"]
        raise Missing(f"could not be installed: {errors[-1].strip()}")
