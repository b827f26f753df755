"""askoctober in LlamaIndex: the retriever as a `BaseRetriever`, for query engines, chat engines and agents."""

from __future__ import annotations

from typing import Any

try:
    from llama_index.core.callbacks import CallbackManager
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode
except ImportError as error:
    from askoctober.errors import ConfigError

    raise ConfigError(f'LlamaIndex is not here ({error}); install it: pip install "askoctober[llama-index]"') from error

from askoctober.integrations.metadata import metadata_of
from askoctober.retrieval import Retriever
from askoctober.retrieval.filtering import AnyFilter
from askoctober.types import Hit

SHOWN = ("title", "author", "date", "heading")
"""What of a node's metadata LlamaIndex shows to a language model beside its text; the rest is for programs."""


class AskoctoberRetriever(BaseRetriever):
    """Nodes for a question, best first; `k`, `filter` and `threshold` are those of `Retriever.search`."""

    def __init__(
        self,
        retriever: Retriever,
        k: int = 5,
        filter: AnyFilter = None,
        threshold: float = -1.0,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        """Search with a retriever, which stays the caller's."""
        super().__init__(callback_manager=callback_manager)
        self._retriever = retriever
        self._options: dict[str, Any] = {"k": k, "filter": filter, "threshold": threshold}

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(hit) for hit in self._retriever.search(query_bundle.query_str, **self._options)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(hit) for hit in await self._retriever.asearch(query_bundle.query_str, **self._options)]


def _node(hit: Hit) -> NodeWithScore:
    """A hit as a node of its article; its offsets are those of the chunk."""
    chunk, said = hit.chunk, metadata_of(hit)
    hidden = [name for name in said if name not in SHOWN or not said[name]]
    node = TextNode(
        id_=chunk.id,
        text=chunk.text,
        metadata=said,
        start_char_idx=chunk.start,
        end_char_idx=chunk.end,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=chunk.article_id)},
    )
    return NodeWithScore(node=node, score=hit.score)
