"""What is known of an article: the same six fields, from `articles.toml` or from front matter."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from askoctober.errors import CorpusError

FIELDS = ("title", "author", "publisher", "date", "url", "language")
MOST_DOTS = 8
"""Dots in a file's name that is looked for among the tables."""
MOST_OTHERS, LONGEST_OTHER = 100, 1000
"""Fields that are kept besides ours, and characters of each."""
Metadata: TypeAlias = dict[str, str]
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def clean(table: Mapping[Any, Any]) -> Metadata:
    """Return the fields that are given, as one-line texts; other keys are somebody else's and ignored.

    Raises:
        CorpusError: a field whose value is not text, a number, a date, or (authors) a list of these.
    """
    metadata = {}
    for name in FIELDS:
        value = table.get(name)
        items = value if name == "author" and isinstance(value, list) else [value]
        text = ", ".join(filter(None, (_line(name, item) for item in items)))
        if text:
            metadata[name] = text
    return metadata


def other_fields(table: Mapping[Any, Any]) -> dict[str, str]:
    """Return what a table says besides the fields, by name, as one-line texts; what is neither text nor a list is not.

    Nobody promised how these are written, so nothing is wrong with those that are left out.
    """
    others: dict[str, str] = {}
    for name, value in list(table.items())[:MOST_OTHERS]:
        items = value if isinstance(value, list) else [value]
        simple = all(isinstance(item, str | int | float | datetime.date | datetime.time) for item in items)
        if isinstance(name, str) and name not in FIELDS and simple:
            texts = (str(item).lower() if isinstance(item, bool) else _line(name, item) for item in items)
            text = ", ".join(filter(None, texts))[:LONGEST_OTHER]
            others |= {name: text} if text else {}
    return others


def _line(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):  # YAML reads a bare `no` as false, also where it means Norwegian
        raise CorpusError(f"gives {name} as {str(value).lower()}; put the value in quotes.")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return " ".join(_UNPRINTABLE.sub(" ", str(value)).split())
    raise CorpusError(f"gives {name} as something other than text; put the value in quotes.")


def parse_articles_toml(text: str) -> tuple[dict[str, Metadata], list[str]]:
    """Return the fields by file name, and what is wrong with single tables; the sound ones still count.

    Raises:
        CorpusError: the file as a whole is not TOML.
    """
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CorpusError(f"is not valid TOML ({_one_line(error)}); correct it.") from error
    known: dict[str, Metadata] = {}
    problems = []
    for name, table in tables.items():
        if not isinstance(table, dict):
            continue
        try:
            known[name] = clean(table)
        except CorpusError as error:
            problems.append(f'in ["{name}"] {error}')
        problems += [f'names a file without quotes; write ["{file}"].' for file in _unquoted(name, table)]
    return known, problems


def _unquoted(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files that are meant by tables inside a table: [a.tar.gz] is TOML for a, in it tar, in it gz."""
    from askoctober.corpus.formats import format_of  # which imports, by way of the documents, this module

    waiting = [] if format_of(name) else [(name, table, 0)]  # a file's own tables are its settings
    while waiting:
        above, table, depth = waiting.pop()
        for key, value in table.items():
            if not isinstance(value, dict):
                continue
            inner = [key for key, table in value.items() if isinstance(table, dict)]
            if format_of(f"a.{key}") and not any(format_of(f"a.{key}") for key in inner):
                yield f"{above}.{key}"
            elif depth < MOST_DOTS:
                waiting.append((f"{above}.{key}", value, depth + 1))


def parse_yaml(block: str) -> Any:
    """Return the value of a YAML block, read without running anything.

    Raises:
        CorpusError: it is not YAML.
    """
    from frontmatter import YAMLHandler

    try:
        return YAMLHandler().load(block)
    except Exception as error:  # besides its own errors PyYAML lets through ValueError, TypeError and RecursionError
        raise CorpusError(f"has front matter that is not valid YAML ({_one_line(error)}); correct it.") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
