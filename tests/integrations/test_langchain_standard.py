"""LangChain's own standard tests for retrievers, run on ours."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("langchain_core")
standard = pytest.importorskip("langchain_tests.integration_tests")

from askoctober import Assistant, Retriever  # noqa: E402
from askoctober.integrations.langchain import AskoctoberRetriever  # noqa: E402

from .conftest import QUESTION  # noqa: E402


@pytest.mark.anyio
class TestStandard(standard.RetrieversIntegrationTests):  # type: ignore[misc,name-defined]
    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @pytest.fixture(autouse=True)
    def over_the_small_shelf(self, assistant: Assistant) -> None:
        # The fixture `retriever` of these tests is LangChain's.
        self.ours: Retriever = assistant.retriever

    @property
    def retriever_constructor(self) -> type[AskoctoberRetriever]:
        return AskoctoberRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"retriever": self.ours}

    @property
    def retriever_query_example(self) -> str:
        return QUESTION
