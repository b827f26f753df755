"""Find the files of a corpus, in an order that does not depend on the machine."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from askoctober.corpus.beside import JSON_HEAD, PARTS, SETTINGS, folders_of_parts, is_settings
from askoctober.corpus.formats import ending_of, format_of
from askoctober.errors import CorpusError

METADATA = "articles.toml"


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the corpus under its POSIX path relative to the folder; `problem` says why it cannot be opened."""

    path: str
    location: Path
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """The files of a folder in order of path, and how many others were passed over.

    These are counted by the ending of their names, or by what they are (`PARTS`, `SETTINGS`) where that decides.
    """

    files: tuple[Found, ...]
    passed_over: Mapping[str, int]


def find_files(folder: Path | str) -> list[Found]:
    """Return the files that `find` finds."""
    return list(find(folder).files)


def find(folder: Path | str) -> Finding:
    """Return the articles and the `articles.toml` files below a folder, sorted by relative path.

    Every name of a known format is taken, also of one that cannot be read, so that it is told; others are counted,
    and so are what `beside` tells from articles: the parts of a saved page, and JSON without texts. Hidden names are
    passed over uncounted. A symbolic link is followed only to a place inside the folder, and what it leads to is taken
    once, under its own name rather than the link's: so no loop can arise and no article appears twice.

    Raises:
        CorpusError: the folder is missing or is not a folder.
    """
    root = Path(folder)
    if not root.exists():
        raise CorpusError(f"The folder {root} does not exist; give the folder that holds the articles.")
    if not root.is_dir():
        raise CorpusError(f"{root} is not a folder; give the folder that holds it.")
    root = root.resolve()
    walk = _Walk(root)
    links = list(walk.visit(root, ""))
    while links:
        links = [nested for name, link in sorted(links) for nested in walk.follow(name, link)]
    return Finding(tuple(sorted(walk.found, key=lambda entry: entry.path)), dict(sorted(walk.passed_over.items())))


class _Walk:
    """What was found so far, and which real folders and files it covers."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.found: list[Found] = []
        self.folders: set[Path] = set()
        self.files: set[Path] = set()
        self.passed_over: Counter[str] = Counter()

    def visit(self, folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
        """Take what lies below a real folder, and yield the links met there for later."""
        waiting = [(folder, prefix, False)]
        while waiting:
            folder, prefix, is_parts = waiting.pop()
            self.folders.add(folder)
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError as error:
                self.found.append(Found(_printable(prefix.rstrip("/")) or ".", folder, _cannot_open(error)))
                continue
            parts = folders_of_parts(entry.name for entry in entries)
            for entry in entries:
                name, path = prefix + entry.name, folder / entry.name
                if entry.name.startswith("."):
                    continue
                is_part = is_parts or entry.name in parts
                if entry.is_dir(follow_symlinks=False):
                    if path not in self.folders:
                        waiting.append((path, name + "/", is_part))
                elif is_part and (is_parts or entry.is_symlink()):
                    self.passed_over[PARTS] += 1
                elif entry.is_symlink():
                    yield name, path
                elif _is_wanted(entry.name):
                    self.take(name, path)
                else:
                    self.passed_over[_printable(ending_of(entry.name))] += 1

    def follow(self, name: str, link: Path) -> list[tuple[str, Path]]:
        """Take what a link leads to unless it is taken already, and return the links met behind it."""
        try:
            target = Path(os.path.realpath(link, strict=True))
        except OSError:
            if _is_wanted(link.name):
                self.found.append(Found(_printable(name), link, "is a link that leads nowhere; mend or remove it."))
            return []
        if not target.is_relative_to(self.root):
            if target.is_dir() or _is_wanted(link.name):
                problem = "is a link that leads out of the folder; put a copy of what it leads to in its place."
                self.found.append(Found(_printable(name), link, problem))
        elif target.is_dir():
            if target not in self.folders:
                return list(self.visit(target, name + "/"))
        elif _is_wanted(link.name) and target not in self.files:
            self.take(name, target)
        return []

    def take(self, name: str, location: Path) -> None:
        """Add one file, with what stands in the way of opening it."""
        if location in self.files:
            return
        self.files.add(location)
        problem = ""
        if _printable(name) != name:
            problem = "has a name that is not UTF-8; rename it."
        elif not location.is_file():
            problem = "is not a regular file; put a regular file in its place or remove it."
        elif _is_settings(location):
            self.passed_over[SETTINGS] += 1
            return
        self.found.append(Found(_printable(name), location, problem))


def _is_wanted(name: str) -> bool:
    return name == METADATA or format_of(name) is not None


def _is_settings(location: Path) -> bool:
    if not location.name.lower().endswith(".json"):
        return False
    try:
        with location.open("rb") as file:
            return is_settings(location.name, file.read(JSON_HEAD))
    except OSError:
        return False  # it is told when it is to be read


def _printable(name: str) -> str:
    """Return a name that can be written as UTF-8; undecodable bytes in file names arrive as lone surrogates."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _cannot_open(error: OSError) -> str:
    return f"cannot be opened ({error.strerror or error}); correct its permissions or remove it."
