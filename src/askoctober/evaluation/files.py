"""The files of an evaluation's output folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from askoctober.errors import ConfigError


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turn what the system says about a file of the output into one line.

    Raises:
        ConfigError: the file or folder cannot be read or written.
    """
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name another --output, or free some space.") from error


def replace_text(file: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        ConfigError: it cannot be written.
    """
    part = file.with_name(f"{file.name}.part")
    with writable(file):
        part.write_text(text, encoding="utf-8", errors="backslashreplace")
        part.replace(file)
