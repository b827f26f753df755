"""One file to its articles, whatever its format."""

from __future__ import annotations

import hashlib
import posixpath
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.finding import METADATA, Found
from askoctober.corpus.formats import (
    EPUB,
    LARGEST_FILE,
    OPENDOCUMENT,
    PACKED,
    TAR,
    WORD,
    ZIP,
    Format,
    check_size,
    format_of,
    recognise,
    take_head,
)
from askoctober.corpus.isolation import read_isolated
from askoctober.corpus.metadata import clean, parse_articles_toml
from askoctober.corpus.parsing import INSTALL, parse
from askoctober.errors import CorpusError
from askoctober.types import Article

LONGEST_SLUG = 60
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BODY = re.compile(r"^(?!#{1,6}\s)[^\n]*\w", re.MULTILINE)
"""A line that is no heading, as `chunking` takes headings."""

Settings = Mapping[str, Any]
"""What `articles.toml` says of one file."""

__all__ = ["LARGEST_FILE", "Settings", "article_id", "check_file", "open_file", "read_file", "read_settings"]


def read_file(entry: Found, settings: Settings) -> Iterator[Article | Failure]:
    """Yield the articles of a file one after another, and of what failed, the file itself or a part of it, why."""
    empty = True
    missing: set[str] = set()
    try:
        with open_file(entry) as stream:
            known = recognise(entry.path, take_head(stream))
            check_size(known, stream)
            source = Source(entry.path, stream, settings)
            found = (
                read_isolated(entry.path, entry.location, settings)
                if known.isolated
                else parse(source, known.reader, known.name)
            )
            for item in found:
                empty = False
                result = _to_article(entry, known, settings, item)
                if isinstance(result, Failure) and INSTALL in result.reason:
                    if result.reason in missing:
                        continue  # one line that tells what to install is enough
                    missing.add(result.reason)
                yield result
    except CorpusError as error:
        yield Failure(entry.path, str(error))
        return
    except OSError as error:
        yield Failure(entry.path, cannot_read(error))
        return
    if empty:
        yield Failure(entry.path, "holds no article; fill or remove it.")


def check_file(location: Path, path: str) -> None:
    """Check that a corpus would use a file, were it at the relative POSIX `path` there: one article of it is enough.

    Raises:
        CorpusError: it would be left out or, an `articles.toml`, be of no use; the message goes on after its name.
    """
    name = posixpath.basename(path)
    problem = "" if location.is_file() else "is not a regular file; give a regular file in its place."
    entry = Found(path, location, problem)
    if name == METADATA:
        failed: list[Failure] = []
        if not read_settings(entry, failed) and failed:
            raise CorpusError(failed[0].reason)
        return
    if not format_of(name):
        raise CorpusError("is in no format that is read; give .md, .txt, .html, .pdf, .docx, .epub, .csv or .zip.")
    first: Failure | None = None
    items = read_file(entry, {})
    try:
        for item in items:
            if isinstance(item, Article):
                return
            first = first or item
    finally:
        items.close()  # type: ignore[attr-defined]
    if first:
        raise CorpusError(first.reason if first.path == path else f"holds no article that can be read: {first}")


def article_id(path: str) -> str:
    """Return the id of the article at a relative POSIX path: readable, and told apart by a hash of the path."""
    ascii_path = unicodedata.normalize("NFKD", posixpath.splitext(path)[0]).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_path).strip("-")[:LONGEST_SLUG].strip("-") or "article"
    return f"{slug}-{hashlib.sha256(path.encode()).hexdigest()[:8]}"


def open_file(entry: Found) -> BinaryIO:
    """Open a file of the corpus.

    Raises:
        CorpusError: it cannot be opened.
    """
    if entry.problem:
        raise CorpusError(entry.problem)
    try:
        return entry.location.open("rb")
    except OSError as error:
        raise CorpusError(cannot_read(error)) from error


def cannot_read(error: OSError) -> str:
    """Return the reason for a file that the system does not give."""
    return f"cannot be read ({error.strerror or error}); correct its permissions or remove it."


def read_settings(entry: Found, failed: list[Failure]) -> dict[str, Settings]:
    """Return the tables of an `articles.toml` by file name, and add what is wrong with it to `failed`."""
    import tomllib

    try:
        with open_file(entry) as stream:
            data = stream.read(LARGEST_FILE + 1)
            if len(data) > LARGEST_FILE:
                raise CorpusError(f"is larger than {LARGEST_FILE // 1_000_000} MB; split it into its articles.")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CorpusError("is not UTF-8, as TOML must be; save it as UTF-8.") from error
        known, problems = parse_articles_toml(text)
    except OSError as error:
        known, problems = {}, [cannot_read(error)]
    except CorpusError as error:
        known, problems = {}, [str(error)]
    failed += [Failure(entry.path, problem) for problem in problems]
    tables = tomllib.loads(text) if known else {}
    return {name: tables[name] for name in known}


def _to_article(entry: Found, known: Format, settings: Settings, item: Document | Failure) -> Article | Failure:
    """Return the article of a document, under a path that names its part of the file."""
    join = f"{entry.path}/" if _is_archive(entry.path, known) else f"{entry.path}#"
    if isinstance(item, Failure):
        is_whole = item.path == entry.path or item.path.startswith((f"{entry.path}#", f"{entry.path}/"))
        return item if is_whole else Failure(join + item.path if item.path else entry.path, item.reason)
    path = _printable(join + item.part if item.part else entry.path)
    text = _SURROGATE.sub("\ufffd", item.text)
    if not any(character.isalpha() for character in text):
        return Failure(path, "holds no words of an article; fill or remove it.")
    if not _BODY.search(text):
        return Failure(path, "holds headings alone, without a text that could be cited; fill or remove it.")
    ours, own = clean(settings), clean(item.metadata)
    fields = ours | own if item.part or known.knows_best else own | ours
    return Article(
        id=article_id(path),
        path=path,
        title=fields.get("title") or _title(entry.path, item.part),
        author=fields.get("author", ""),
        publisher=fields.get("publisher", ""),
        date=fields.get("date", ""),
        url=fields.get("url", ""),
        language=fields.get("language", ""),
        text=text,
        pages=item.pages,
        extra={name: _printable(value) for name, value in item.extra.items()},
    )


def _is_archive(path: str, known: Format) -> bool:
    return known in (ZIP, TAR, PACKED) and format_of(path) not in (WORD, OPENDOCUMENT, EPUB)


def _printable(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)


def _title(path: str, part: str) -> str:
    """Return a title made of the part's name or of the file's, for an article that gives none."""
    own = _readable(part) if part else ""
    if any(character.isalpha() for character in own):
        return own
    return f"{_readable(path)} {own}".strip()


def _readable(path: str) -> str:
    name = posixpath.splitext(posixpath.basename(path))[0]
    words = " ".join(re.sub(r"[-_\s]+", " ", name).split()) or name
    return words[:1].upper() + words[1:]
