"""The systems side by side, a module each, behind one small protocol.

A module's `make(folder, dimension, threads)` returns a `System`. Each runs in a process of its own (measuring.py), in
the environment of its packages, at its documented defaults for a shelf that lies on disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from typing import Any, Protocol


class System(Protocol):
    """Texts and unit vectors by row, in a folder."""

    def build(self, shelf: Any, count: int) -> None:
        """Store the first `count` chunks of a `shelf.Shelf` so that a process which comes later can search them."""

    def open(self) -> None:
        """Open what was built."""

    def search(self, vector: Any, k: int) -> list[int]:
        """Return the rows of the k nearest chunks by inner product, nearest first."""

    def update(self, article: int, texts: Sequence[str], vectors: Any) -> None:
        """Put others in the place of the chunks of an article, so that they outlive the process and are found."""

    def close(self) -> None:
        """Let go of the files."""


@dataclass(frozen=True)
class Entry:
    """A system: its module, its packages, what it does, and the steps that are measured."""

    module: str
    packages: tuple[str, ...] = ()
    licence: str = ""
    what: str = ""
    steps: tuple[str, ...] = ("build", "search", "update")


SYSTEMS = {
    "askoctober": Entry(
        "ours",
        what="the dense stage alone, as the others; the whole search apart",
        steps=("build", "search", "whole", "update"),
    ),
    "chromadb": Entry("chroma", ("chromadb",), "Apache-2.0", "HNSW, by its defaults"),
    "lancedb": Entry("lance", ("lancedb",), "Apache-2.0", "IVF_PQ by its defaults, refine_factor 10"),
    "txtai": Entry("txtai_index", ("torch", "txtai"), "Apache-2.0", "FAISS IVF by its defaults, content in SQLite"),
    "plain": Entry("plain", (), "", "exact: SQLite, and one float32 array that is mapped"),
}


def module(name: str) -> Any:
    """Import a system's module; its environment must be the one that runs."""
    return import_module(f"systems.{SYSTEMS[name].module}")


def batches(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Cut a stream into lists of `size`; the last may be shorter."""
    while batch := list(islice(rows, size)):
        yield batch
