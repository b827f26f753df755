"""The retriever in LlamaIndex's own query engine, with its mock language model."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.llms import MockLLM  # noqa: E402
from llama_index.core.postprocessor import SimilarityPostprocessor  # noqa: E402
from llama_index.core.query_engine import RetrieverQueryEngine  # noqa: E402
from llama_index.core.schema import MetadataMode, NodeRelationship, QueryBundle  # noqa: E402

from askoctober import QuestionError, Retriever  # noqa: E402
from askoctober.integrations.llama_index import AskoctoberRetriever  # noqa: E402
from askoctober.types import Filter  # noqa: E402

from .conftest import BURNED, QUESTION  # noqa: E402


def test_nodes_are_the_hits(retriever: Retriever) -> None:
    hits = retriever.search(QUESTION, 3)
    nodes = AskoctoberRetriever(retriever, k=3).retrieve(QUESTION)
    assert [(node.node_id, node.text, node.score) for node in nodes] == [
        (hit.chunk.id, hit.chunk.text, hit.score) for hit in hits
    ]
    first, chunk = nodes[0].node, hits[0].chunk
    assert (first.start_char_idx, first.end_char_idx) == (chunk.start, chunk.end)
    assert first.relationships[NodeRelationship.SOURCE].node_id == chunk.article_id
    assert first.metadata["title"] == "The lamp of Gull Rock"


def test_coroutines_and_bundles_find_the_same(retriever: Retriever) -> None:
    ours = AskoctoberRetriever(retriever, k=3)
    nodes = ours.retrieve(QueryBundle(QUESTION))
    assert asyncio.run(ours.aretrieve(QUESTION)) == nodes == ours.retrieve(QUESTION)


@pytest.mark.parametrize("filter", [{"author": "T. Okafor"}, Filter(authors=("T. Okafor",))])
def test_a_filter_narrows_the_search(retriever: Retriever, filter: Any) -> None:
    nodes = AskoctoberRetriever(retriever, filter=filter).retrieve(QUESTION)
    assert {node.metadata["path"] for node in nodes} == {"bees.md"}
    assert AskoctoberRetriever(retriever, threshold=1.0).retrieve(QUESTION) == []


def test_what_cannot_be_searched_for_is_refused(retriever: Retriever) -> None:
    with pytest.raises(QuestionError, match="ask for at least 1"):
        AskoctoberRetriever(retriever, k=0).retrieve(QUESTION)


def test_a_model_is_shown_what_matters_of_the_metadata(retriever: Retriever) -> None:
    [node] = AskoctoberRetriever(retriever, k=1).retrieve(QUESTION)
    shown = node.node.get_content(MetadataMode.LLM)
    assert "title: The lamp of Gull Rock" in shown and "author: E. Marsh" in shown
    assert "chunk_id" not in shown and "score" not in shown and "publisher" not in shown


@pytest.mark.parametrize("mode", ["compact", "refine"])
def test_a_query_engine_answers_from_it(retriever: Retriever, mode: str) -> None:
    engine = RetrieverQueryEngine.from_args(
        AskoctoberRetriever(retriever, k=3),
        llm=MockLLM(),
        response_mode=mode,
        node_postprocessors=[SimilarityPostprocessor(similarity_cutoff=0.0)],
    )
    response = engine.query(QUESTION)
    # The mock says again what it was given to read.
    assert BURNED in str(response)
    assert [node.text for node in response.source_nodes] == [hit.chunk.text for hit in retriever.search(QUESTION, 3)]
