"""What lies in the folder of an index: its files, what killed builds left, and what is not ours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askoctober.building.states import FILE, is_sound
from askoctober.checking.findings import Finding
from askoctober.index.disk import holder
from askoctober.index.format import BUILDING, HOLDER, LOCK, MANIFEST
from askoctober.index.partial import RECORD
from askoctober.index.writing import GENERATION

OWN_FILES = {MANIFEST, LOCK, HOLDER, FILE, BUILDING}
DRAFTS = {f".{MANIFEST}.draft", f"{FILE}.draft"}
"""Files that are written in full before they take the place of another."""
MEANS_ROOM = "It takes room and does nothing else."


@dataclass(frozen=True, slots=True)
class Listing:
    """The names in a folder, sorted by what they are."""

    drafts: tuple[str, ...]
    generations: tuple[str, ...]
    foreign: tuple[str, ...]
    building: bool
    note: bool
    states: bool


def list_folder(folder: Path, manifest: Mapping[str, Any] | None) -> Listing:
    """Sort the names in a folder; `manifest` tells which files are in force, None where there is none."""
    named = {str(entry["name"]) for entry in files_of(manifest)} if manifest else set()
    named |= _unfinished(folder)
    names = sorted(path.name for path in folder.iterdir())
    others = [name for name in names if name not in named | OWN_FILES | DRAFTS]
    return Listing(
        drafts=tuple(name for name in names if name in DRAFTS),
        generations=tuple(name for name in others if GENERATION.fullmatch(name)),
        foreign=tuple(name for name in others if not GENERATION.fullmatch(name)),
        building=(folder / BUILDING).is_dir(),
        note=HOLDER in names,
        states=FILE in names,
    )


def _unfinished(folder: Path) -> set[str]:
    """Names that a killed build had given already: the next one takes these files back and goes on from there."""
    try:
        moves = json.loads((folder / BUILDING / RECORD).read_text(encoding="utf-8"))["moves"]
        return {str(name) for name in moves.values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return set()


def files_of(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what a manifest says of each of its files, those that all segments share first."""
    yield from manifest["files"].values()
    for record in manifest["segments"]:
        yield from record["files"].values()


def is_held(folder: Path) -> bool:
    """Whether a build is under way; the system knows, whatever a note says. Waits for nobody, and writes nothing."""
    from filelock import FileLock, Timeout

    if not (folder / LOCK).exists():
        return False
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # a folder that cannot be written is built by nobody
        return False
    lock.release()
    return False


def check_folder(folder: Path, listing: Listing, command: str) -> Iterator[Finding]:
    """Yield what lies in the folder beside the index; `command` is what builds it."""
    doctor = f"askoctober doctor --mend --index {folder}"
    if is_held(folder):
        who = holder(folder / HOLDER) or "another process"
        meaning = "What is unfinished in the folder belongs to it; the index as it was answers meanwhile."
        yield Finding("notice", LOCK, f"{who} is building this index", meaning, "wait for it, then check again")
    else:
        yield from _leftovers(folder, listing, command, doctor)
    if listing.states and not is_sound(folder / FILE):
        meaning = "The next build reads every file of the corpus again; no answer depends on it."
        yield Finding("notice", FILE, "is not as it was written", meaning, doctor, "remove")
    for name in listing.foreign:
        meaning = "It is no part of the index and is left alone."
        yield Finding("notice", name, "is not a file of askoctober", meaning, "move it out of the folder, or leave it")


def _leftovers(folder: Path, listing: Listing, command: str, doctor: str) -> Iterator[Finding]:
    if listing.building:
        meaning = (
            "A build was ended before it was done; what it had embedded waits here, and the next one goes on from it."
        )
        yield Finding("notice", BUILDING, "holds an unfinished build", meaning, command, "rebuild")
    if listing.note:
        meaning = "A build was ended before it was done; nobody waits for it."
        yield Finding("notice", HOLDER, "names a process that is gone", meaning, doctor, "remove")
    for name in listing.drafts:
        yield Finding("notice", name, "was never finished", MEANS_ROOM, doctor, "remove")
    for name in listing.generations:
        yield Finding("notice", name, "belongs to an index that has been replaced", MEANS_ROOM, doctor, "remove")


def remove_leftovers(folder: Path, names: Iterable[str]) -> list[str]:
    """Remove files that killed or earlier builds left, and return the names of those that are gone.

    Only what has a name that this program gives is removed, and never a folder.
    """
    gone = []
    for name in names:
        ours = name in DRAFTS or name in (HOLDER, FILE) or GENERATION.fullmatch(name)
        path = folder / name
        if not ours or path.is_dir():
            continue
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError:  # a reader on Windows has it open
            continue
        gone.append(name)
    return gone
