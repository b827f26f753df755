"""A connection to Milvus: one client of a server or a file, whose errors are said in our words."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from askoctober.errors import IndexFolderError
from askoctober.milvus.address import TOKEN, Address
from askoctober.milvus.schema import ARTICLES, OF_DIMENSION, TEXTS

SECONDS = 10.0
"""How long a server may take to accept a connection."""
READ_SECONDS, WRITE_SECONDS, LOAD_SECONDS = 30.0, 120.0, 600.0
"""How long it may take over a request, or to load a collection into its memory; of its own accord the client would try
for minutes, or wait without end."""
MOST = 16_384
"""Rows that Milvus gives at once."""
LEAST = (2, 5)
"""The first version of Milvus that has BM25."""
_VERSION = re.compile(r"v?(\d+)\.(\d+)")
_BATCH_BYTES = 16_000_000
"""What is sent at once, well below the 64 MB that a server takes."""
_users: dict[str, int] = {}
_users_lock = threading.RLock()  # again: a connection may be let go of while another is being made


class Connection:
    """The collections of a shelf; safe to share between threads."""

    def __init__(self, address: Address) -> None:
        """Connect.

        Raises:
            IndexFolderError: `pymilvus` is not installed, or nothing answers; says what to do.
        """
        self.address = address
        self._is_open = False
        # gRPC writes of each closed connection to standard error; errors are raised all the same.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        try:
            from pymilvus import MilvusClient
        except ImportError as error:
            raise _missing(error) from error
        if address.file is not None:
            try:
                import milvus_lite  # noqa: F401 - pymilvus says less clearly that it is missing
            except ImportError as error:
                raise _missing(error) from error
            address.file.parent.mkdir(parents=True, exist_ok=True)
        # What they log of an error is raised as well, and said in our words.
        for name in ("pymilvus", "milvus_lite"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._loaded: set[str] = set()
        with self._translating(), _users_lock:
            self.client: Any = MilvusClient(address.uri, token=os.environ.get(TOKEN, ""), timeout=SECONDS)
            version = "" if address.file is not None else str(self.client.get_server_version())
            if (number := _VERSION.match(version)) and tuple(map(int, number.groups())) < LEAST:
                self.client.close()
                raise IndexFolderError(
                    f"{address} is served by Milvus {version}, which has no full text; update the server to "
                    f"{'.'.join(map(str, LEAST))} or later."
                )
            _users[address.uri] = _users.get(address.uri, 0) + 1
            self._is_open = True

    def __del__(self) -> None:
        # A served shelf that was built anew lets go of the old store when its last reader does.
        with suppress(Exception):
            self.close()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Say what Milvus's errors mean for the shelf."""
        if not self._is_open:
            raise IndexFolderError(f"{self.address} was closed; open it again.")
        with self._translating():
            yield

    @contextmanager
    def _translating(self) -> Iterator[None]:
        from grpc import FutureTimeoutError, RpcError
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except (MilvusException, RpcError, FutureTimeoutError) as error:
            reason = " ".join(str(getattr(error, "message", "") or error).split())[:200]
            raise IndexFolderError(f"Milvus does not serve {self.address} ({reason}); {self._mend()}") from error

    def _mend(self) -> str:
        if self.address.file is not None:
            return "close whatever else has the file open, or choose another one with --store."
        return f"start the server, correct --store, or set {TOKEN} where it asks for a token."

    def has(self, collection: str) -> bool:
        """Whether a collection is there, with a partition for this shelf; it is loaded then."""
        with self.translated():
            client, shelf = self.client, self.address.shelf
            read = {"timeout": READ_SECONDS}
            if not (client.has_collection(collection, **read) and client.has_partition(collection, shelf, **read)):
                return False
            if collection not in self._loaded:
                client.load_collection(collection, timeout=LOAD_SECONDS)
                self._loaded.add(collection)
            return True

    def prepare(self, schemas: Callable[[Any, bool], Mapping[str, tuple[Any, Any]]]) -> None:
        """Make collections, and in each a partition for this shelf, where they are not there.

        `schemas` gives schema and indexes by name for a client, and for whether every vector is looked at.
        """
        with self.translated():
            for name, (schema, indexes) in schemas(self.client, self.address.file is not None).items():
                if not self.client.has_collection(name, timeout=READ_SECONDS):
                    self.client.create_collection(name, schema=schema, timeout=WRITE_SECONDS)
                    # Not waited for: there is nothing to index yet, and milvus-lite knows no timestamps to wait by.
                    self.client.create_index(name, indexes, sync=False, timeout=WRITE_SECONDS)
                if not self.client.has_partition(name, self.address.shelf, timeout=READ_SECONDS):
                    self.client.create_partition(name, self.address.shelf, timeout=WRITE_SECONDS)
                self.has(name)

    def query(self, collection: str, expression: str, fields: Sequence[str], *, strong: bool = False) -> list[Any]:
        """The rows of this shelf that an expression selects, at most `MOST`; `strong` sees every write before it."""
        with self.translated():
            more = {"consistency_level": "Strong"} if strong else {}
            return list(
                self.client.query(
                    collection,
                    filter=expression,
                    output_fields=list(fields),
                    partition_names=[self.address.shelf],
                    timeout=READ_SECONDS,
                    **more,
                )
            )

    def count(self, collection: str, expression: str, *, strong: bool = False) -> int:
        """How many rows of this shelf an expression selects."""
        return int(self.query(collection, expression, ["count(*)"], strong=strong)[0]["count(*)"])

    def search(
        self, collection: str, field: str, query: Any, k: int, expression: str, fields: Sequence[str], metric: str
    ) -> list[tuple[Mapping[str, Any], float]]:
        """The k best rows of this shelf, with their fields and scores, best first."""
        with self.translated():
            (found,) = self.client.search(
                collection,
                data=[query],
                anns_field=field,
                limit=min(k, MOST),
                filter=expression,
                output_fields=list(fields),
                search_params={"metric_type": metric},
                partition_names=[self.address.shelf],
                timeout=READ_SECONDS,
            )
            return [({**hit["entity"], "id": hit["id"]}, float(hit["distance"])) for hit in found]

    def search_hybrid(
        self, collection: str, vector: Any, text: str, k: int, expression: str
    ) -> list[tuple[int, float]]:
        """Ids and scores of the k best chunks by cosine and BM25 together, in reciprocal rank fusion by Milvus."""
        from pymilvus import AnnSearchRequest, RRFRanker

        asked = [(vector, "vector", "IP"), (text, "sparse", "BM25")]
        requests = [
            AnnSearchRequest([query], field, {"metric_type": metric}, min(k, MOST), expr=expression)
            for query, field, metric in asked
        ]
        with self.translated():
            (found,) = self.client.hybrid_search(
                collection,
                requests,
                RRFRanker(),
                limit=min(k, MOST),
                output_fields=["id"],
                partition_names=[self.address.shelf],
                timeout=READ_SECONDS,
            )
            return [(int(hit["id"]), float(hit["distance"])) for hit in found]

    def upsert(self, collection: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows of this shelf, in batches that a server takes."""
        batch: list[Mapping[str, Any]] = []
        size = 0
        where = {"partition_name": self.address.shelf, "timeout": WRITE_SECONDS}
        with self.translated():
            for row in rows:
                batch.append(row)
                size += sum(_bytes_of(value) for value in row.values())
                if size > _BATCH_BYTES or len(batch) >= 1000:
                    self.client.upsert(collection, batch, **where)
                    batch, size = [], 0
            if batch:
                self.client.upsert(collection, batch, **where)

    def delete(self, collection: str, expression: str) -> None:
        """Remove the rows of this shelf that an expression selects."""
        with self.translated():
            where = {"partition_name": self.address.shelf, "timeout": WRITE_SECONDS}
            self.client.delete(collection, filter=expression, **where)

    def delete_everywhere(self, expression: str) -> None:
        """Remove what belongs to some articles of this shelf, whatever its dimension; `{article}` is their number."""
        with self.translated():
            names = [str(name) for name in self.client.list_collections(timeout=READ_SECONDS)]
        # Articles first: what is left of one that has no row is no part of the shelf.
        for name in sorted(names, key=lambda name: (name != ARTICLES, name)):
            if (name in (ARTICLES, TEXTS) or name.startswith(OF_DIMENSION)) and self.has(name):
                self.delete(name, expression.format(article="id" if name == ARTICLES else "article"))

    def close(self) -> None:
        """Close the client, and with the last one of a file the server that milvus-lite started for it."""
        if not self._is_open:
            return
        self._is_open = False
        with _users_lock:
            self.client.close()
            _users[self.address.uri] -= 1
            if self.address.file is not None and not _users[self.address.uri]:
                from milvus_lite.server_manager import server_manager_instance

                server_manager_instance.release_server(self.address.uri)


def _bytes_of(value: Any) -> int:
    if isinstance(value, str):
        return 4 * len(value)
    return 4 * len(value) if hasattr(value, "__len__") else 8


def _missing(error: ImportError) -> IndexFolderError:
    return IndexFolderError(f'Milvus needs a library that is not here ({error}); pip install "askoctober[milvus]"')
