"""A shelf in Milvus: the only room that knows `pymilvus`. Needs the extra: pip install "askoctober[milvus]".

    address (address)  where a shelf lies          Connection (connecting)  a server or a file, its errors in our words
    records (records)  an entry as Milvus's rows   words (words)            stems, as the local index makes them
    filtering          a filter as an expression   schema (schema)          the collections and their fields
    MilvusWriter (writing)  changes a shelf        MilvusStore (store)      a shelf that is read

Both are used as `IndexWriter` and `LocalStore` are. docs/milvus.md describes what lies where.
"""

from askoctober.milvus.address import Address, is_address
from askoctober.milvus.store import MilvusStore, published
from askoctober.milvus.writing import MilvusWriter

__all__ = ["Address", "MilvusStore", "MilvusWriter", "is_address", "published"]
