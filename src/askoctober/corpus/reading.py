"""A folder of files to articles, and what could not be read."""

from __future__ import annotations

import hashlib
import posixpath
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from askoctober.corpus import markdown, plaintext
from askoctober.corpus.encoding import decode
from askoctober.corpus.finding import MARKDOWN, METADATA, PLAIN_TEXT, Found, find_files
from askoctober.corpus.furniture import blank_furniture
from askoctober.corpus.metadata import Metadata, parse_articles_toml
from askoctober.errors import CorpusError
from askoctober.types import Article

LARGEST_FILE = 20_000_000
"""Bytes; more is a dump of many articles, not an article."""

LONGEST_SLUG = 60


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was left out (or, for `articles.toml`, left unused), and why; `reason` says what to do about it."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path} {self.reason}"


@dataclass(frozen=True, slots=True)
class Reading:
    """The articles of a folder in order of path, and the files that failed; one bad file does not stop the others."""

    articles: tuple[Article, ...]
    failed: tuple[Failure, ...]


def read_corpus(folder: Path | str, *, may_be_empty: bool = False) -> Reading:
    """Read every article below a folder: Markdown and plain text, with what `articles.toml` or front matter says.

    Raises:
        CorpusError: the folder is missing, is not a folder, or (unless it `may_be_empty`) holds no article that can be
            read.
    """
    found = find_files(folder)
    failed: list[Failure] = []
    known: dict[str, dict[str, Metadata]] = {}
    for entry in found:
        if posixpath.basename(entry.path) == METADATA:
            known[posixpath.dirname(entry.path)] = _read_metadata(entry, failed)
    articles: dict[str, Article] = {}
    for entry in found:
        parent, name = posixpath.split(entry.path)
        if name == METADATA:
            continue
        try:
            article = _read_article(entry, known.get(parent, {}).get(name, {}))
            if article.id in articles:
                raise CorpusError(f"comes to the same id as {articles[article.id].path}; rename one of them.")
            articles[article.id] = article
        except CorpusError as error:
            failed.append(Failure(entry.path, str(error)))
    if not articles and not may_be_empty:
        why = f": {failed[0]}" if failed else "; put .md or .txt files in it."
        raise CorpusError(f"The folder {folder} holds no article that can be read{why}")
    failed.sort(key=lambda failure: failure.path)
    return Reading(tuple(articles.values()), tuple(failed))


def check_file(location: Path, path: str) -> None:
    """Check that a corpus would use a file, were it at the relative POSIX `path` there.

    Raises:
        CorpusError: it would be left out or, an `articles.toml`, be of no use; the message goes on after its name.
    """
    name = posixpath.basename(path)
    problem = "" if location.is_file() else "is not a regular file; give a regular file in its place."
    entry = Found(path, location, problem)
    if name == METADATA:
        failed: list[Failure] = []
        if not _read_metadata(entry, failed) and failed:
            raise CorpusError(failed[0].reason)
    elif name.lower().endswith(MARKDOWN + PLAIN_TEXT):
        _read_article(entry, {})
    else:
        raise CorpusError("is neither Markdown nor plain text; give a .md, .markdown or .txt file.")


def fingerprint(folder: Path | str) -> str:
    """Return a SHA-256 that changes when a file of the corpus is added, removed, renamed or altered.

    It covers names and bytes, and is cheap beside reading: nothing is decoded or parsed.

    Raises:
        CorpusError: the folder is missing or is not a folder.
    """
    total = hashlib.sha256()
    for entry in find_files(folder):
        try:
            digest = hashlib.sha256(_read_bytes(entry)).hexdigest()
        except CorpusError:
            continue  # it is no part of the index either
        total.update(f"{entry.path}\0{digest}\n".encode())
    return total.hexdigest()


def article_id(path: str) -> str:
    """Return the id of the article at a relative POSIX path: readable, and told apart by a hash of the path."""
    ascii_path = unicodedata.normalize("NFKD", posixpath.splitext(path)[0]).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_path).strip("-")[:LONGEST_SLUG].strip("-") or "article"
    return f"{slug}-{hashlib.sha256(path.encode()).hexdigest()[:8]}"


def _read_article(entry: Found, known: Metadata) -> Article:
    data = _read_bytes(entry)
    if not data:
        raise CorpusError("is empty; fill or remove it.")
    text = decode(data)
    if entry.path.lower().endswith(MARKDOWN):
        own, text = markdown.split_front_matter(text)
        known = known | own  # the file itself knows best
        blanked = blank_furniture(text)
        title = known.get("title") or markdown.find_title(blanked)
    else:
        blanked = blank_furniture(text)
        title = known.get("title") or plaintext.find_title(text, blanked)
    if not any(character.isalpha() for character in blanked):
        raise CorpusError("holds no words of an article; fill or remove it.")
    fields = known | {"title": title or _readable(entry.path)}
    return Article(id=article_id(entry.path), path=entry.path, text=blanked, **fields)


def _read_bytes(entry: Found) -> bytes:
    if entry.problem:
        raise CorpusError(entry.problem)
    try:
        with entry.location.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise CorpusError(
            f"cannot be read ({error.strerror or error}); correct its permissions or remove it."
        ) from error
    if len(data) > LARGEST_FILE:
        raise CorpusError(f"is larger than {LARGEST_FILE // 1_000_000} MB; split it into its articles.")
    return data


def _read_metadata(entry: Found, failed: list[Failure]) -> dict[str, Metadata]:
    try:
        try:
            text = _read_bytes(entry).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CorpusError("is not UTF-8, as TOML must be; save it as UTF-8.") from error
        known, problems = parse_articles_toml(text)
    except CorpusError as error:
        known, problems = {}, [str(error)]
    failed += [Failure(entry.path, problem) for problem in problems]
    return known


def _readable(path: str) -> str:
    """Return a title made of the file name, for an article that gives none."""
    name = posixpath.splitext(posixpath.basename(path))[0]
    words = " ".join(re.sub(r"[-_\s]+", " ", name).split()) or name
    return words[:1].upper() + words[1:]
