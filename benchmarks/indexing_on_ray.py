"""A build in one process against the same build by actors of Ray: seconds, and whether the indexes are equal.

    python benchmarks/indexing_on_ray.py [CORPUS] [--articles 300] [--actors 2]

The articles are made of the sentences of CORPUS, in new order. What a build takes beside embedding (reading, finding
copies, writing) is done by one process however many actors there are, so it says how far more of them help.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from askoctober import models
from askoctober.building import build
from askoctober.building.entries import Draft, Embed, LocalEmbed
from askoctober.building.on_ray import RayEmbed
from askoctober.chunking import split_article
from askoctober.config import Config
from askoctober.corpus import read_corpus
from askoctober.embedding import load_encoder
from askoctober.index import Entry
from askoctober.types import FloatArray

PARAGRAPHS, SENTENCES = 4, 6


class Timed:
    """Another way to embed, and the seconds that it took."""

    def __init__(self, embed: Embed) -> None:
        self.embed, self.seconds = embed, 0.0

    def at_once(self) -> int:
        began = time.perf_counter()
        count = self.embed.at_once()
        self.seconds += time.perf_counter() - began
        return count

    def __call__(
        self, groups: Sequence[Sequence[Draft]], basis: FloatArray | None, tell: Callable[[int, int], None]
    ) -> Iterator[tuple[list[Entry], FloatArray]]:
        embedded = self.embed(groups, basis, tell)
        for _ in groups:
            began = time.perf_counter()
            found = next(embedded)
            self.seconds += time.perf_counter() - began
            yield found


def write_shelf(folder: Path, corpus: Path, articles: int) -> None:
    pairs = [pair for article in read_corpus(corpus).articles for pair in split_article(article, Config().chunk_size)]
    sentences = [chunk.article.text[span.start : span.end] for chunk, spans in pairs for span in spans]
    draw = random.Random(1917)
    folder.mkdir()
    for number in range(articles):
        body = "\n\n".join(" ".join(draw.sample(sentences, SENTENCES)) for _ in range(PARAGRAPHS))
        (folder / f"{number:05}.md").write_text(f"# Article {number}\n\n{body}\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?", default=Path("corpus"))
    parser.add_argument("--articles", type=int, default=300)
    parser.add_argument("--actors", type=int, default=2)
    options = parser.parse_args()
    encoder = load_encoder(models.resolve(Config().embedder))
    manifests = []
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_shelf(folder / "shelf", options.corpus, options.articles)
        for where in ("this process", f"Ray, {options.actors} actors"):
            config = Config(corpus=folder / "shelf", index=folder / where, ray_actors=options.actors)
            with ExitStack() as stack:
                on_ray = where.startswith("Ray")
                local = LocalEmbed(encoder, config.chunk_size)
                timed = Timed(stack.enter_context(RayEmbed(config, encoder)) if on_ray else local)
                report = build(config, encoder=encoder, embed=timed)
            rows.append((where, report.seconds, timed.seconds))
            manifests.append(json.loads((config.index / "manifest.json").read_text(encoding="utf-8")))
    print(f"{report.articles} articles, {report.chunks} chunks\n")
    print("| embedded by | build | embedding, with its start | the rest | against one process |")
    print("|---|---:|---:|---:|---:|")
    for where, took, embedding in rows:
        print(f"| {where} | {took:.0f} s | {embedding:.0f} s | {took - embedding:.1f} s | {took / rows[0][1]:.2f} |")
    print(f"\nThe indexes are {'equal to the byte' if manifests[0] == manifests[1] else 'not equal'}.")


if __name__ == "__main__":
    main()
