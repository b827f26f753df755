"""Chunks and vectors on disk: the only room that knows FAISS and SQLite.

    manifest.json                 format, embedder, chunking, counts, fingerprint of the corpus, sums of every file
    articles-HASH.sqlite          articles, chunks, sentence spans, and the words in FTS5
    chunks-HASH.faiss             one unit vector a chunk, exact inner product
    sentences-HASH.faiss          one unit vector a sentence, 16-bit
    tokens-HASH.npy               token vectors for late interaction, projected and in 8 bits
    basis-HASH.npy                the projection

A file's name holds its sum, and the manifest is replaced last, in one step: whoever reads finds the old index or the
new one, whole, whenever a build is killed. Nothing is pickled.
"""

from askoctober.index.format import pack, read_manifest
from askoctober.index.store import LocalStore
from askoctober.index.write import Entry, fit_basis, write_index

__all__ = ["Entry", "LocalStore", "fit_basis", "pack", "read_manifest", "write_index"]
