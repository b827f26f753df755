"""A folder of files as a corpus: what is in it, whether it has changed, and its articles, one after another."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from askoctober.corpus.documents import Failure
from askoctober.corpus.finding import METADATA, Found, find
from askoctober.corpus.formats import check_size, recognise, take_head
from askoctober.corpus.frames import plain
from askoctober.corpus.reading import Settings, cannot_read, open_file, read_file, read_settings
from askoctober.errors import CorpusError
from askoctober.types import Article

VERSION = 3
"""Of all readers together; raised when what one of them makes of a file changes, so that files are read again."""
BLOCK = 1 << 20
"""Bytes that are hashed at once."""
_MODULUS = 1 << 256


@dataclass(frozen=True, slots=True)
class Reading:
    """The articles of a folder in order of path, and the files that failed; one bad file does not stop the others."""

    articles: tuple[Article, ...]
    failed: tuple[Failure, ...]


class Corpus:
    """The files of a folder as they were when it was opened; memory does not grow with what stands in them.

    `entries` are the files of articles in order of path; `failed` is what is wrong with the `articles.toml` files;
    `passed_over` counts the other files by the ending of their names.
    """

    def __init__(self, folder: Path | str) -> None:
        """Find the files, and read what the `articles.toml` files say of them.

        Raises:
            CorpusError: the folder is missing or is not a folder.
        """
        finding = find(folder)
        failed: list[Failure] = []
        self._known: dict[str, Mapping[str, Settings]] = {}
        for entry in finding.files:
            parent, name = posixpath.split(entry.path)
            if name == METADATA:
                self._known[parent] = read_settings(entry, failed)
        self.folder = Path(folder)
        self.entries: tuple[Found, ...] = tuple(e for e in finding.files if posixpath.basename(e.path) != METADATA)
        self.failed: tuple[Failure, ...] = tuple(failed)
        self.passed_over: Mapping[str, int] = finding.passed_over

    def settings(self, entry: Found) -> Settings:
        """Return what `articles.toml` says of a file."""
        parent, name = posixpath.split(entry.path)
        return self._known.get(parent, {}).get(name, {})

    def state(self, entry: Found) -> str:
        """Return a SHA-256 over a file's bytes, what `articles.toml` says of it, and VERSION, in hex.

        Files of one path and one state have the same articles, unless a library that reads them has changed.

        Raises:
            CorpusError: the file cannot be read, or would not be.
        """
        with open_file(entry) as stream:
            try:
                check_size(recognise(entry.path, take_head(stream)), stream)
                content = hashlib.sha256()
                while block := stream.read(BLOCK):
                    content.update(block)
            except OSError as error:
                raise CorpusError(cannot_read(error)) from error
        about = json.dumps([VERSION, self.settings(entry)], sort_keys=True, default=plain)
        return hashlib.sha256(about.encode() + b"\0" + content.digest()).hexdigest()

    def read(self, entry: Found) -> Iterator[Article | Failure]:
        """Yield the articles of a file as they are read, and what failed, the file itself or parts of it.

        A file that breaks its reader half-way is told last; what came before it counts.
        """
        return read_file(entry, self.settings(entry))


def read_corpus(folder: Path | str, *, may_be_empty: bool = False) -> Reading:
    """Read every article below a folder at once, with what `articles.toml` or the files themselves say of them.

    Raises:
        CorpusError: the folder is missing, is not a folder, or (unless it `may_be_empty`) holds no article that can be
            read.
    """
    corpus = Corpus(folder)
    failed = list(corpus.failed)
    articles: dict[str, Article] = {}
    for entry in corpus.entries:
        for item in corpus.read(entry):
            if isinstance(item, Failure):
                failed.append(item)
            elif item.id in articles:
                reason = f"comes to the same id as {articles[item.id].path}; rename one of them."
                failed.append(Failure(item.path, reason))
            else:
                articles[item.id] = item
    if not articles and not may_be_empty:
        why = f": {failed[0]}" if failed else "; put .md or .txt files in it."
        raise CorpusError(f"The folder {folder} holds no article that can be read{why}")
    failed.sort(key=lambda failure: failure.path)
    return Reading(tuple(articles.values()), tuple(failed))


def fingerprint(folder: Path | str) -> str:
    """Return what `combine` makes of the states of a folder's files; those that cannot be read are no part of it.

    It changes when a file is added, removed, renamed or altered, or when `articles.toml` says something else of it.

    Raises:
        CorpusError: the folder is missing or is not a folder.
    """
    return combine(_states(Corpus(folder)))


def combine(states: Iterable[tuple[str, str]]) -> str:
    """Return one hash of pairs of path and state, whatever their order, in hex.

    It is the sum modulo 2**256 of the SHA-256 of each pair (AdHash, Bellare and Micciancio 1997): so it follows a
    change of one file by subtracting the old pair's hash and adding the new one's. It is to notice change, not to
    withstand somebody who looks for two shelves of one hash.
    """
    total = 0
    for path, state in states:
        total += int.from_bytes(hashlib.sha256(f"{path}\0{state}".encode()).digest(), "big")
    return f"{total % _MODULUS:064x}"


def _states(corpus: Corpus) -> Iterator[tuple[str, str]]:
    for entry in corpus.entries:
        try:
            yield entry.path, corpus.state(entry)
        except CorpusError:
            continue
