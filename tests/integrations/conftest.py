"""A small shelf with the hashing encoder, and an assistant over it that speaks from a script."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before Haystack is imported, which would report its use.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"

from askoctober import Assistant, Retriever  # noqa: E402
from askoctober.index import LocalStore  # noqa: E402
from encoders import HashEncoder  # noqa: E402
from fakes import FakeGenerator  # noqa: E402
from shelves import build_from  # noqa: E402

BEES = """\
---
title: Why honeybees dance
author: T. Okafor
date: 1973-05-02
shelfmark: QL 568
---
# Why honeybees dance

## The figure of eight

A forager that has found nectar runs a figure of eight on the comb. The bees that follow her fly to the same flowers.
"""
LAMP = """\
---
title: The lamp of Gull Rock
author: E. Marsh
date: 1998-04
---
## How it burned

The lamp of Gull Rock was lit in 1874. It burned rape oil until 1909. The keepers trimmed it every four hours.

## What it cost

A year of oil cost ninety crowns in 1880. The keepers were paid twice a year, in March and in September.
"""
CLOCK = """\
The longitude clock

John Harrison built a timekeeper that kept its rate at sea. His fourth was the size of a large watch.
"""
FILES = {"bees.md": BEES, "clock.txt": CLOCK, "lamp.md": LAMP}
QUESTION = "What did the lamp of Gull Rock burn?"
BURNED = "It burned rape oil until 1909."


def pytest_configure(config: pytest.Config) -> None:
    """Know the marks in LangChain's standard tests: the plugins that they belong to are left out."""
    for mark in ("benchmark", "vcr"):
        config.addinivalue_line("markers", f"{mark}: a mark of LangChain's own")


@pytest.fixture(scope="session")
def small_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("integrations")
    build_from(folder, FILES, chunk_size=200)
    return folder / "index"


@pytest.fixture(scope="session")
def small_shelf(small_index: Path) -> Iterator[Retriever]:
    store = LocalStore.open(small_index)
    yield Retriever(store, HashEncoder())
    store.close()


@pytest.fixture
def retriever(small_shelf: Retriever) -> Retriever:
    return small_shelf


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator([f"{BURNED} [1]"], yes=0.99)


@pytest.fixture
def assistant(small_shelf: Retriever, generator: FakeGenerator) -> Assistant:
    return Assistant(small_shelf, generator)
