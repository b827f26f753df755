"""Every snippet of the page for other programs runs, in order, over a small shelf without models."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"

from askoctober import Assistant, Retriever
from askoctober.index import LocalStore
from askoctober.integrations.metadata import metadata_of
from encoders import HashEncoder
from fakes import FakeGenerator
from shelves import build_from
from snippets import snippets_of

PAGE = (Path(__file__).parents[1] / "docs" / "embedding.md").read_text(encoding="utf-8")
VOTE = """\
---
title: The vote on the insurrection
author: Michele Bollinger
date: 2013-08-02
---
# The vote on the insurrection

Zinoviev and Kamenev voted against the insurrection. The garrison did refuse to march against the Soviet.
"""
OTHERS = """\
---
title: The banners
author: Dan Mayer
date: 2017-03-01
---
# The banners

Nearly half a million people marched. The banners carried the slogans of the Bolsheviks.
"""
LIBRARIES = {"LangChain": "langchain_core", "LlamaIndex": "llama_index.core", "Haystack": "haystack"}


def by_section() -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    for snippet in snippets_of("embedding"):
        if snippet.language == "python":
            sections.setdefault(snippet.section, []).append(snippet.code)
    return sections


SECTIONS = by_section()


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retriever]:
    folder = tmp_path_factory.mktemp("embedding")
    build_from(folder, {"vote.md": VOTE, "banners.md": OTHERS})
    store = LocalStore.open(folder / "index")
    yield Retriever(store, HashEncoder())
    store.close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch, retriever: Retriever, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the sections before have named: the retriever's and the assistant's run before any other."""
    replies = ["Zinoviev and Kamenev voted against the insurrection. [1]"]
    monkeypatch.setattr(Retriever, "load", lambda index: retriever)
    monkeypatch.setattr(Assistant, "load", lambda index: Assistant(retriever, FakeGenerator(replies, yes=0.99)))
    names: dict[str, Any] = {}
    run([*SECTIONS["The retriever"], *SECTIONS["Answers"]], names)
    names["shown"] = capsys.readouterr().out
    return names


def run(snippets: list[str], names: dict[str, Any]) -> None:
    for code in snippets:
        exec(compile(code, "docs/embedding.md", "exec"), names)


def test_the_sections_are_those_that_are_run() -> None:
    assert set(SECTIONS) == {"The retriever", "Answers", "In a notebook", *LIBRARIES}


def test_the_retriever_and_the_assistant(names: dict[str, Any]) -> None:
    assert "1. 1.00 The vote on the insurrection" in names["shown"]
    assert "cannot be 'October'; give a date like 1917" in names["shown"]
    assert [[hit.rank for hit in found] for found in names["both"]] == [[1, 2]] * 2
    assert [hits[0].chunk.text for hits in names["in_threads"]] == [hits[0].chunk.text for hits in names["both"]]
    assert len(names["alike"]) >= 1
    assert names["answer"].citations


@pytest.mark.parametrize("section", LIBRARIES)
def test_the_examples_of_a_library(section: str, names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip(LIBRARIES[section])
    run(SECTIONS[section], names)
    assert "Zinoviev and Kamenev voted against the insurrection." in capsys.readouterr().out


def test_the_notebook(names: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    # Notebooks bring IPython along; askoctober does not need it.
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(HTML=str, display=shown.append))
    run(SECTIONS["In a notebook"], names)
    answer, hits = shown
    assert "<mark>Zinoviev and Kamenev voted against the insurrection.</mark>" in answer
    assert "1. <b><bdi>The vote on the insurrection</bdi></b>" in hits


def test_the_names_of_the_metadata_are_all_said(retriever: Retriever) -> None:
    [hit] = retriever.search("Who voted against the insurrection?", 1)
    [said] = re.findall(r"metadata has these names: (.*?);", PAGE, re.DOTALL)
    assert re.findall(r"`(\w+)`", said) == list(metadata_of(hit))


def test_files_that_the_page_names_exist() -> None:
    for name in re.findall(r"\]\(([\w./-]+)\)", PAGE):
        assert (Path(__file__).parents[1] / "docs" / name).is_file(), name
