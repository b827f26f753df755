"""Servers in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

FOLDER = Path(__file__).parent
END_SECONDS = 30.0


@contextmanager
def started(script: str, arguments: Sequence[str], log: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Give the address that a script of this folder prints and its process; what else it says goes into a file."""
    command = [sys.executable, str(FOLDER / script), *arguments]
    with log.open("w", encoding="utf-8") as said:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        with child:
            try:
                assert child.stdout is not None, "it is opened with a pipe"
                url = child.stdout.readline().strip()
                if not url:
                    raise RuntimeError(f"{script} did not start: {log.read_text(encoding='utf-8')[-500:]}")
                yield url, psutil.Process(child.pid)
            finally:
                child.terminate()
                try:
                    child.wait(END_SECONDS)
                except subprocess.TimeoutExpired:
                    child.kill()
