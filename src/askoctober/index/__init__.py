"""Articles, chunks and vectors on disk: the only room that knows FAISS and SQLite.

    manifest.json                 format, embedder, chunking, counts, fingerprint of the corpus, segments, sums of files
    basis-HASH.f32                the projection of token vectors, for all segments
    codebook-HASH.f32             what the codes of token vectors stand for, in large indexes
    of each segment:
    articles-HASH.sqlite          articles, chunks with their sentences, and the words in FTS5
    chunks-HASH.faiss             one unit vector a chunk, 16-bit
    sentences-HASH.faiss          one unit vector a sentence, 16-bit
    tokens-HASH.u8                token vectors for late interaction, projected, in 8 bits or as codes
    lists-HASH.ivf                inverted lists over the chunks, where there are very many

A file's name holds its sum, none is ever changed, and the manifest is replaced last, in one step: whoever reads finds
the old index or the new one, whole, whenever a build is killed. What a build is making lies in `building/`, from where
the next one goes on. Nothing is pickled. docs/index-format.md describes every byte.

    Partial (partial)  a segment that grows    ->  Segment (segment)  one that is read
    IndexWriter (writing)  changes an index        LocalStore (store)  an index that is read
"""

from askoctober.index.entry import Entry, copy_entry
from askoctober.index.format import pack, read_manifest
from askoctober.index.projection import fit_basis
from askoctober.index.segment import DamagedError
from askoctober.index.store import LocalStore
from askoctober.index.writing import IndexWriter, Known, write_index

__all__ = [
    "DamagedError",
    "Entry",
    "IndexWriter",
    "Known",
    "LocalStore",
    "copy_entry",
    "fit_basis",
    "pack",
    "read_manifest",
    "write_index",
]
