"""The component in Haystack's own pipelines: run, saved, loaded."""

from __future__ import annotations

import asyncio
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

haystack = pytest.importorskip("haystack")

from haystack import Pipeline  # noqa: E402
from haystack.components.builders import PromptBuilder  # noqa: E402
from haystack.core.errors import DeserializationError  # noqa: E402

from askoctober import ConfigError, IndexFolderError, QuestionError, Retriever  # noqa: E402
from askoctober.integrations import haystack as module  # noqa: E402
from askoctober.integrations.haystack import AskoctoberRetriever  # noqa: E402

from .conftest import BURNED, QUESTION  # noqa: E402

PROMPT = "{% for document in documents %}{{ document.content }}\n{% endfor %}{{ query }}"


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch, retriever: Retriever) -> list[str]:
    """Open the small shelf in the place of any folder, whose name is kept."""
    asked: list[str] = []

    def load(index: str) -> Retriever:
        asked.append(index)
        return retriever

    monkeypatch.setattr(Retriever, "load", load)
    return asked


def test_documents_are_the_hits(retriever: Retriever) -> None:
    hits = retriever.search(QUESTION, 3)
    ours = AskoctoberRetriever(retriever=retriever, top_k=3)
    documents = ours.run(QUESTION)["documents"]
    assert [(d.id, d.content, d.score) for d in documents] == [
        (hit.chunk.id, hit.chunk.text, hit.score) for hit in hits
    ]
    assert documents[0].meta["title"] == "The lamp of Gull Rock"
    assert ours.run(QUESTION, top_k=1)["documents"] == documents[:1]
    assert asyncio.run(ours.run_async(QUESTION))["documents"] == documents


def test_filters_of_a_run_stand_in_the_place_of_its_own(retriever: Retriever) -> None:
    ours = AskoctoberRetriever(retriever=retriever, filters={"author": "T. Okafor"})
    assert {document.meta["path"] for document in ours.run(QUESTION)["documents"]} == {"bees.md"}
    given = ours.run(QUESTION, filters={"author": "E. Marsh"})["documents"]
    assert {document.meta["path"] for document in given} == {"lamp.md"}
    assert AskoctoberRetriever(retriever=retriever, threshold=1.0).run(QUESTION) == {"documents": []}


@pytest.mark.parametrize(
    "filters", [{"field": "meta.author", "operator": "==", "value": "x"}, {"operator": "AND", "conditions": []}]
)
def test_conditions_are_refused_rather_than_misread(retriever: Retriever, filters: dict[str, Any]) -> None:
    with pytest.raises(QuestionError, match="give a mapping such as"):
        AskoctoberRetriever(retriever=retriever).run(QUESTION, filters=filters)


def test_a_pipeline_runs_and_is_saved(loads: list[str]) -> None:
    pipeline = Pipeline()
    ours = AskoctoberRetriever("shelf/index", top_k=2, filters={"author": "E. Marsh"}, threshold=-0.5)
    pipeline.add_component("retriever", ours)
    pipeline.add_component("prompt", PromptBuilder(PROMPT, required_variables=["documents", "query"]))
    pipeline.connect("retriever.documents", "prompt.documents")
    asked = {"retriever": {"query": QUESTION}, "prompt": {"query": QUESTION}}
    prompt = pipeline.run(asked)["prompt"]["prompt"]
    assert BURNED in prompt and prompt.endswith(QUESTION)
    assert loads == ["shelf/index"]

    saved = pipeline.dumps()
    assert BURNED not in saved
    with pytest.raises(DeserializationError, match="trusted-module allowlist"):
        Pipeline.loads(saved)
    again = Pipeline.loads(saved, allowed_modules=["askoctober.integrations.haystack"])
    assert loads == ["shelf/index"], "nothing is opened before it is wanted"
    assert again.run(asked)["prompt"]["prompt"] == prompt
    assert again.to_dict() == pipeline.to_dict()
    assert pipeline.run(asked)["prompt"]["prompt"] == prompt
    assert loads == ["shelf/index"] * 2, "each opens it once"


def test_a_component_is_what_it_was(loads: list[str]) -> None:
    ours = AskoctoberRetriever(Path("a") / "b", 7, {"since": "1900"}, 0.2)
    assert ours.to_dict() == {
        "type": "askoctober.integrations.haystack.AskoctoberRetriever",
        "init_parameters": {
            "index": str(Path("a") / "b"),
            "top_k": 7,
            "filters": {"since": "1900"},
            "threshold": 0.2,
        },
    }
    again = AskoctoberRetriever.from_dict(ours.to_dict())
    assert again.to_dict() == ours.to_dict()
    ours.warm_up()
    ours.warm_up()
    assert loads == [str(Path("a") / "b")]
    assert ours.to_dict() == again.to_dict(), "an open component is saved like a closed one"


def test_an_open_retriever_cannot_be_saved(retriever: Retriever) -> None:
    with pytest.raises(ConfigError, match="index=..."):
        AskoctoberRetriever(retriever=retriever).to_dict()


def test_nothing_is_reported_to_anybody() -> None:
    from haystack.telemetry import _telemetry

    assert _telemetry.telemetry is None, "the tests have switched it off"
    assert not re.search("TELEMETRY|posthog", inspect.getsource(module), re.IGNORECASE), (
        "whether it is on is the user's"
    )


def test_a_missing_index_is_said_when_it_is_wanted(tmp_path: Path) -> None:
    ours = AskoctoberRetriever(tmp_path / "none")
    with pytest.raises(IndexFolderError):
        ours.run(QUESTION)
