"""What the embedder's number format costs and gains on this machine: sentences of a corpus in float32 and in bfloat16.

python benchmarks/embedding.py [CORPUS]
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np

ROUNDS = 3


def main() -> None:
    from askoctober import models
    from askoctober.chunking import split_article
    from askoctober.config import Config
    from askoctober.corpus import read_corpus
    from askoctober.embedding import SentenceEncoder

    corpus = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("corpus")
    articles = read_corpus(corpus).articles
    pairs = [pair for article in articles for pair in split_article(article, Config().chunk_size)]
    texts = [chunk.article.text[span.start : span.end] for chunk, spans in pairs for span in spans]
    path = models.resolve(Config().embedder)
    encoders = {dtype: SentenceEncoder(path, dtype=dtype) for dtype in ("float32", "bfloat16")}
    vectors = {dtype: encoder.encode(texts) for dtype, encoder in encoders.items()}
    seconds: dict[str, list[float]] = {dtype: [] for dtype in encoders}
    for _ in range(ROUNDS):
        for dtype, encoder in encoders.items():
            began = time.perf_counter()
            encoder.encode(texts)
            seconds[dtype].append(time.perf_counter() - began)
    print(f"{len(texts)} sentences of {corpus}, median of {ROUNDS} rounds in turn")
    for dtype, times in seconds.items():
        print(f"  {dtype:9} {len(texts) / statistics.median(times):7.0f} sentences a second")
    cosines = (vectors["float32"] * vectors["bfloat16"]).sum(axis=1)
    print(f"  cosine between the two: mean {cosines.mean():.5f}, least {cosines.min():.5f}")
    near = vectors["float32"] @ vectors["float32"].T, vectors["bfloat16"] @ vectors["bfloat16"].T
    for similarity in near:
        np.fill_diagonal(similarity, -1)
    same = (near[0].argmax(axis=1) == near[1].argmax(axis=1)).mean()
    print(f"  same nearest other sentence: {same:.3f}")


if __name__ == "__main__":
    main()
