"""askoctober in Haystack: the retriever as a component of a pipeline, which can be saved and loaded with it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

try:
    from haystack import Document, component, default_from_dict, default_to_dict
except ImportError as error:
    from askoctober.errors import ConfigError

    raise ConfigError(f'Haystack is not here ({error}); install it: pip install "askoctober[haystack]"') from error

from askoctober.asynchrony import call
from askoctober.errors import ConfigError, QuestionError
from askoctober.integrations.metadata import metadata_of
from askoctober.retrieval import Retriever
from askoctober.types import Hit


@component
class AskoctoberRetriever:
    """Documents for a query, best first, from an index folder that is opened when the first are wanted.

    `filters` is a mapping as `Retriever.search` takes it, such as {"author": "Reed", "since": "1917-10"}; the filters
    of a run stand in the place of the component's own.
    """

    def __init__(
        self,
        index: str | Path = "index",
        top_k: int = 5,
        filters: Mapping[str, Any] | None = None,
        threshold: float = -1.0,
        retriever: Retriever | None = None,
    ) -> None:
        """Search the index in a folder; a `retriever` that is open already is used instead, and cannot be saved."""
        self.index = str(index)
        self.top_k = top_k
        self.filters = _plain(filters)
        self.threshold = threshold
        self._given = retriever is not None
        self._retriever = retriever
        self._opening = threading.Lock()

    def warm_up(self) -> None:
        """Open the index; a pipeline does so before it runs."""
        self._opened()

    async def warm_up_async(self) -> None:
        """`warm_up` beside the event loop."""
        await call(self._opened)

    @component.output_types(documents=list[Document])
    def run(self, query: str, top_k: int | None = None, filters: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return {"documents": ...}.

        Raises:
            QuestionError: the query is empty or too long, or the filter is none.
            IndexFolderError: there is no index in the folder, or it cannot be used.
        """
        hits = self._opened().search(query, **self._options(top_k, filters))
        return {"documents": [_document(hit) for hit in hits]}

    @component.output_types(documents=list[Document])
    async def run_async(
        self, query: str, top_k: int | None = None, filters: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """`run` for pipelines of coroutines."""
        retriever = await call(self._opened)
        hits = await retriever.asearch(query, **self._options(top_k, filters))
        return {"documents": [_document(hit) for hit in hits]}

    def to_dict(self) -> dict[str, Any]:
        """Return what a pipeline saves: the folder and the options, no article.

        Raises:
            ConfigError: a retriever was given, and no folder that it could be opened from again.
        """
        if self._given:
            raise ConfigError("A retriever that is open cannot be saved; give the component its folder: index=...")
        options = {"top_k": self.top_k, "filters": self.filters, "threshold": self.threshold}
        return dict(default_to_dict(self, index=self.index, **options))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> AskoctoberRetriever:
        """Return the component that was saved; its index is opened when it is wanted."""
        made: AskoctoberRetriever = default_from_dict(cls, data)
        return made

    def _opened(self) -> Retriever:
        with self._opening:
            if self._retriever is None:
                self._retriever = Retriever.load(self.index)
            return self._retriever

    def _options(self, top_k: int | None, filters: dict[str, Any] | None) -> dict[str, Any]:
        wanted = self.filters if filters is None else _plain(filters)
        return {"k": self.top_k if top_k is None else top_k, "filter": wanted, "threshold": self.threshold}


def _plain(filters: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a filter as it is saved; Haystack's own conditions would be taken for names of metadata."""
    if filters is None:
        return None
    if {"operator", "conditions"} & filters.keys():
        raise QuestionError('Filters with operators are not known here; give a mapping such as {"author": "Reed"}.')
    return dict(filters)


def _document(hit: Hit) -> Document:
    return Document(id=hit.chunk.id, content=hit.chunk.text, meta=metadata_of(hit), score=hit.score)
