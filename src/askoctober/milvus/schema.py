"""The collections of Milvus and their fields. Every shelf has a partition of its own in each.

    askoctober1_shelves       head, manifest, projection and lock of each shelf, in pieces
    askoctober1_articles      one row an article or copy: what is looked up and filtered by
    askoctober1_texts         an article with its text, as JSON, in pieces
    askoctober1_chunks_D      one row a chunk: vector of D dimensions, stems for BM25, spans, token vectors
    askoctober1_sentences_D   one row a sentence: its vector

Chunks have the id `article << 20 | position`, sentences `chunk << 12 | position`, pieces as chunks: so whatever belongs
to an article is found, and removed, by its number. Numbers are given in order and never twice: those below the number
that the manifest names next are in force, those from it on are still being made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FORMAT = 1
SHELVES, ARTICLES, TEXTS = (f"askoctober{FORMAT}_{name}" for name in ("shelves", "articles", "texts"))
OF_DIMENSION = tuple(f"askoctober{FORMAT}_{name}_" for name in ("chunks", "sentences"))
LONGEST = 65_535
"""Bytes of a text field of Milvus."""
CHUNK_BITS, SENTENCE_BITS = 20, 12
MOST_ARTICLES = 1 << (63 - CHUNK_BITS - SENTENCE_BITS)
MOST_LABELS = 1024


@dataclass(frozen=True, slots=True)
class Collections:
    """The collections that shelves of a dimension use."""

    dimension: int

    @property
    def chunks(self) -> str:
        """The collection of the chunks."""
        return f"askoctober{FORMAT}_chunks_{self.dimension}"

    @property
    def sentences(self) -> str:
        """The collection of the sentences."""
        return f"askoctober{FORMAT}_sentences_{self.dimension}"

    @property
    def of_articles(self) -> tuple[str, ...]:
        """The collections whose rows belong to an article, those that make it visible last."""
        return (TEXTS, self.sentences, self.chunks, ARTICLES)

    def schemas(self, client: Any, exact: bool) -> dict[str, tuple[Any, Any]]:
        """Schema and indexes of each collection; `exact` looks at every vector, else Milvus chooses an index."""
        made = schemas_of_shelves(client)
        made[ARTICLES] = _articles(client)
        made[TEXTS] = _texts(client)
        made[self.chunks] = _chunks(client, self.dimension, exact)
        made[self.sentences] = _sentences(client, self.dimension, exact)
        return made


def schemas_of_shelves(client: Any) -> dict[str, tuple[Any, Any]]:
    """Schema and indexes of the one collection that is read before a dimension is known."""
    schema, indexes = _begin(client, "VARCHAR")
    _text(schema, "content")
    return {SHELVES: _with_dummy(schema, indexes)}


def _begin(client: Any, key: str) -> tuple[Any, Any]:
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    more = {"max_length": 256} if key == "VARCHAR" else {}
    schema.add_field("id", getattr(DataType, key), is_primary=True, **more)
    return schema, client.prepare_index_params()


def _text(schema: Any, name: str, **more: Any) -> None:
    from pymilvus import DataType

    schema.add_field(name, DataType.VARCHAR, max_length=LONGEST, **more)


def _numbers(schema: Any, *names: str) -> None:
    from pymilvus import DataType

    for name in names:
        schema.add_field(name, DataType.INT64)


def _labels(schema: Any, name: str) -> None:
    from pymilvus import DataType

    schema.add_field(name, DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=MOST_LABELS, max_length=32)


def _vector(schema: Any, indexes: Any, dimension: int, exact: bool) -> None:
    from pymilvus import DataType

    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    # Unit vectors: their inner product is their cosine.
    indexes.add_index("vector", index_type="FLAT" if exact else "AUTOINDEX", metric_type="IP")


def _with_dummy(schema: Any, indexes: Any) -> tuple[Any, Any]:
    """Milvus has no collection without a vector; rows that have none are given `records.NO_VECTOR`."""
    _vector(schema, indexes, 2, exact=True)
    return schema, indexes


def _articles(client: Any) -> tuple[Any, Any]:
    schema, indexes = _begin(client, "INT64")
    _numbers(schema, "chunks", "sentences", "token_total")
    for name in ("identity", "path", "file", "digest", "copy_of", "signature", "date"):
        _text(schema, name)
    _labels(schema, "bands")
    _labels(schema, "labels")
    return _with_dummy(schema, indexes)


def _texts(client: Any) -> tuple[Any, Any]:
    schema, indexes = _begin(client, "INT64")
    _numbers(schema, "article")
    _text(schema, "content")
    return _with_dummy(schema, indexes)


def _chunks(client: Any, dimension: int, exact: bool) -> tuple[Any, Any]:
    from pymilvus import DataType, Function, FunctionType

    schema, indexes = _begin(client, "INT64")
    _numbers(schema, "article", "start", "stop")
    for name in ("heading", "spans", "tokens", "more_tokens", "date"):
        _text(schema, name)
    _labels(schema, "labels")
    # The words are stems already: Milvus has but to part them.
    _text(schema, "words", enable_analyzer=True, enable_match=True, analyzer_params={"tokenizer": "standard"})
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(
        Function(
            name="bm25",
            function_type=FunctionType.BM25,
            input_field_names=["words"],
            output_field_names=["sparse"],
        )
    )
    indexes.add_index(
        "sparse",
        index_type="SPARSE_INVERTED_INDEX",
        metric_type="BM25",
        params={"bm25_k1": 1.2, "bm25_b": 0.75},  # as the local index has them
    )
    _vector(schema, indexes, dimension, exact)
    return schema, indexes


def _sentences(client: Any, dimension: int, exact: bool) -> tuple[Any, Any]:
    schema, indexes = _begin(client, "INT64")
    _numbers(schema, "article", "chunk")
    _text(schema, "date")
    _labels(schema, "labels")
    _vector(schema, indexes, dimension, exact)
    return schema, indexes
