"""A shelf of small files as disks really hold them, made here, each with what is to be read of it or told about it."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "readers"))  # making and collecting, which make files of each format


@dataclass(frozen=True)
class Want:
    """An article that is to be read: only what is given is compared; `says` must stand in its text, `hides` must not.

    `path` is that of its part, the file's own where it is empty.
    """

    says: str
    path: str = ""
    title: str | None = None
    author: str | None = None
    date: str | None = None
    url: str | None = None
    language: str | None = None
    pages: int | None = None
    hides: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """A file of the shelf: its bytes, or what puts it in place, and what comes of it.

    `fails` are pairs of a path, "" for the file's own, and words of its reason. A file with neither articles nor
    failures is passed over, under the name `passed` in the count. `unsound` says what is not yet as it should be.
    """

    path: str
    data: bytes | Callable[[Path], None]
    articles: tuple[Want, ...] = ()
    fails: tuple[tuple[str, str], ...] = ()
    passed: str = ""
    unsound: str = ""


def good(path: str, data: bytes, says: str, **more: object) -> File:
    """A file that is one article."""
    return File(path, data, (Want(says, **more),))  # type: ignore[arg-type]


def bad(path: str, data: bytes | Callable[[Path], None], reason: str, **more: object) -> File:
    """A file that fails as a whole."""
    return File(path, data, (), (("", reason),), **more)  # type: ignore[arg-type]


def passed(path: str, data: bytes, name: str) -> File:
    """A file that is passed over and counted."""
    return File(path, data, passed=name)


_NOUNS = (
    "lamp bell ledger cutter pilot harbour bakery orchard printer ferry mill signal bridge lock barge quarry".split()
)
_PLACES = "Aldmoor Brackwater Corley Dunhythe Eastwick Farrow Gannet Holm Inverlea Jessop Kelm Lorne".split()
_VERBS = "counted carried mended sold measured painted borrowed weighed stored ordered repaired promised".split()
_THINGS = "casks ropes letters lanterns sacks planks nets coins maps wheels herrings barrels stones hides".split()
_PEOPLE = "the keeper,the mate,her sister,a clerk,the miller,two boys,the widow,a surveyor,the cook,nobody".split(",")
_ENDINGS = (
    "before the ice came,after the auction,without a receipt,in plain sight,for a wager,as the tide turned".split(",")
)


def prose(key: str, sentences: int = 4) -> str:
    """Sentences that no other key has."""
    dice = random.Random(key)
    pick = dice.choice
    return " ".join(
        f"In {dice.randrange(1700, 1990)} the {pick(_NOUNS)} at {pick(_PLACES)} {pick(_VERBS)} "
        f"{dice.randrange(2, 999)} {pick(_THINGS)}, and {pick(_PEOPLE)} {pick(_VERBS)} "
        f"the {pick(_NOUNS)} {pick(_ENDINGS)}."
        for _ in range(sentences)
    )


def first(key: str) -> str:
    """The first sentence of `prose`."""
    return prose(key, 1)


def put(root: Path, files: Iterable[File]) -> None:
    """Write the files below a folder."""
    for file in files:
        place = root / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if callable(file.data):
            file.data(place)
        else:
            place.write_bytes(file.data)


def tells_names_apart(folder: Path, one: str, other: str) -> bool:
    """Whether a file system keeps two names for two files."""
    (folder / one).write_bytes(b"")
    apart = not (folder / other).exists()
    os.unlink(folder / one)
    return apart
