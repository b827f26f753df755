"""Entries of an index as building makes them, but for the titles in the vectors of chunks."""

import numpy as np

from askoctober import chunking
from askoctober.index import Entry, pack
from askoctober.types import Article
from encoders import HashEncoder


def entry_of(article: Article, chunk_size: int = 40, dimension: int = 64) -> Entry:
    encoder = HashEncoder(dimension=dimension)
    pairs = tuple(chunking.split_article(article, chunk_size))
    texts = [article.text[span.start : span.end] for _, spans in pairs for span in spans]
    vectors, tokens = encoder.encode_tokens(texts)
    return Entry(
        article,
        "d" * 64,
        pairs,
        encoder.encode([chunk.text for chunk, _ in pairs]),
        vectors,
        np.concatenate([np.zeros((0, dimension), np.int8), *map(pack, tokens)]),
        np.array([len(block) for block in tokens], np.int64),
    )


def note(number: int, sentences: int = 1, dimension: int = 64) -> Entry:
    """A short article of its own number, in about as many chunks as it has sentences."""
    text = f"# Note {number}\n\n" + " ".join(f"Line {i} of the note {number}." for i in range(sentences))
    return entry_of(Article(f"n-{number}", f"{number:04}.md", f"Note {number}", text=text), dimension=dimension)
