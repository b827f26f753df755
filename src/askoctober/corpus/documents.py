"""What a reader of one format is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeAlias

from askoctober.corpus.metadata import Metadata


@dataclass(frozen=True, slots=True)
class Failure:
    """A file, or a part of one, that was left out (or, an `articles.toml`, left unused); `reason` says what to do."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path} {self.reason}"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is to be read: its POSIX path below the corpus, its bytes, and what `articles.toml` says of it.

    `stream` can be sought and is at its beginning; the reader does not close it. `depth` counts the archives around it.
    """

    path: str
    stream: BinaryIO
    settings: Mapping[str, Any] = field(default_factory=dict)
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """One article as its reader found it.

    `part` names it within a file that holds several ("row-3", "inner/a.md"), and is empty where a file is one article.
    `pages` holds where each page begins in `text`, the first at 0, and is empty where there are none. `extra` is what
    else is known of it, by name.
    """

    text: str
    metadata: Metadata
    part: str = ""
    pages: tuple[int, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)


Reader: TypeAlias = Callable[[Source], Iterator[Document | Failure]]
"""Yields the articles of a file, and of the parts that fail why; raises CorpusError where the file as a whole fails."""
