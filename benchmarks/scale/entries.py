"""The chunks of a made shelf as askoctober stores them: articles with sentences, sentence vectors and token vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from making import COSINES, Pool, origins
from shelf import BLOCK, CHUNKS_AN_ARTICLE, Shelf, perturb

from askoctober.index import Entry
from askoctober.types import Article, Chunk, Span

BETWEEN = "\n\n"


class EntryShelf(Shelf):
    """A shelf that gives its articles with all that belongs to them.

    Sentence vectors of perturbed chunks are perturbed too; their token vectors are those of the chunk they come from.
    """

    def entries(self, count: int, seed: int = 1917) -> Iterator[Entry]:
        """Yield the articles of the first `count` chunks, in order."""
        pool = Pool(self.folder / "real")
        names = ("vectors", "sentences", "tokens", "starts", "token_starts")
        arrays = {name: pool.array(name) for name in names}
        texts = self.sentences(count)
        vectors = self.vectors(count)
        for block in range(-(-count // BLOCK)):
            chosen = origins(pool.size, seed, block).tolist()
            random = np.random.default_rng([seed, 4, block])
            for at in range(0, BLOCK, CHUNKS_AN_ARTICLE):
                row = block * BLOCK + at
                if row >= count:
                    return
                sentences = list(islice(texts, CHUNKS_AN_ARTICLE))
                own = chosen[at : at + len(sentences)]
                noisy = [row + place >= pool.size for place in range(len(own))]
                yield _entry(row, sentences, vectors[row : row + len(own)], arrays, own, noisy, random)


def article_of(
    number: int, chunks: Sequence[Sequence[str]]
) -> tuple[Article, tuple[tuple[Chunk, tuple[Span, ...]], ...]]:
    """Return an article of chunks that are given as sentences, and those with their places."""
    text = BETWEEN.join(" ".join(sentences) for sentences in chunks)
    article = Article(f"a{number}", f"a{number}.md", f"Made {number}", text=text)
    pairs, start = [], 0
    for sentences in chunks:
        spans, at = [], start
        for sentence in sentences:
            spans.append(Span(at, at + len(sentence)))
            at += len(sentence) + 1
        end = spans[-1].end
        chunk = Chunk(f"{article.id}:{start}-{end}", article.id, "", text[start:end], start, end, article)
        pairs.append((chunk, tuple(spans)))
        start = end + len(BETWEEN)
    return article, tuple(pairs)


def _entry(
    row: int,
    sentences: Sequence[Sequence[str]],
    vectors: Any,
    arrays: dict[str, Any],
    own: Sequence[int],
    noisy: Sequence[bool],
    random: np.random.Generator,
) -> Entry:
    article, pairs = article_of(row // CHUNKS_AN_ARTICLE, sentences)
    of_sentences, tokens, counts = [], [], []
    for origin, is_noisy in zip(own, noisy, strict=True):
        first, last = arrays["starts"][origin : origin + 2].tolist()
        found = np.asarray(arrays["sentences"][first:last], np.float32)
        of_sentences.append(perturb(found, COSINES, random) if is_noisy else found)
        places = arrays["token_starts"][first : last + 1]
        tokens.append(arrays["tokens"][places[0] : places[-1]])
        counts.append(np.diff(places))
    return Entry(
        article,
        f"{row}",
        pairs,
        np.array(vectors),
        np.concatenate(of_sentences),
        np.concatenate(tokens),
        np.concatenate(counts).astype(np.int64),
        article.path,
    )
