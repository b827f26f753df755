"""Milvus against the index folder: needed facts found by the same retriever, and what a search takes.

    python benchmarks/milvus.py ARTICLES QUESTIONS.jsonl [--store milvus://localhost:19530/bench]

The folder is built first, then its entries are written to the shelf as they are (by default in a file of milvus-lite),
so that both hold the same vectors. Facts are counted as in benchmarks/retrieval.py.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from askoctober import Config, Retriever
from askoctober.building import build
from askoctober.building.updating import about_of
from askoctober.evaluation.questions import Question, read_questions
from askoctober.evaluation.retrieval import Place, facts_found, needed_facts, searched
from askoctober.index import LocalStore
from askoctober.milvus import MilvusStore, MilvusWriter

CUTS = (1, 3, 5, 10)
RANKERS = ("as shipped", "BM25 alone")


def publish(folder: LocalStore, address: str, config: Config, encoder: Any) -> float:
    """Write every article of an index folder to a shelf; return the seconds that it took."""
    began = time.perf_counter()
    with MilvusWriter.open(address, about_of(config, encoder), basis=folder.basis) as writer:
        kept = folder.digests()
        for known in list(writer.all()):
            if kept.get(known.id) != known.digest:
                writer.drop(known)
        for article_id, digest in kept.items():
            known_now = writer.known_id(article_id)
            if known_now is None or known_now.digest != digest:
                writer.add(folder.entry(article_id))
        writer.commit({"corpus": config.corpus.name})
    return time.perf_counter() - began


def measure(retriever: Retriever, questions: Sequence[Question]) -> tuple[list[float], list[float], float]:
    """Shares of needed facts found at each cut by all rankers and by BM25 alone, and milliseconds of a search."""
    texts = {article.path: article.text for article in retriever.store.articles()}
    shares: list[list[float]] = []
    words: list[list[float]] = []
    took: list[float] = []
    for question in questions:
        fact = needed_facts(question, texts)
        text = searched(question.question, question.history)
        began = time.perf_counter()
        hits = retriever.search(text, max(CUTS))
        took.append(time.perf_counter() - began)
        rows, _ = retriever.store.search_words(text, max(CUTS))
        for kept, chunks in ((shares, [h.chunk for h in hits]), (words, [retriever.store.chunk(int(r)) for r in rows])):
            places = [Place(chunk.article.path, chunk.start, chunk.end) for chunk in chunks]
            kept.append([facts_found(places[:cut], fact) for cut in CUTS])
    return np.mean(shares, axis=0).tolist(), np.mean(words, axis=0).tolist(), 1000 * float(np.median(took))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--store", default="", help="a shelf of Milvus; by default a file of milvus-lite")
    options = parser.parse_args()
    questions = [question for question in read_questions(options.questions) if question.gold]
    with tempfile.TemporaryDirectory() as folder:
        config = Config(corpus=options.articles, index=Path(folder) / "index")
        address = options.store or f"milvus:{folder}/shelf.db/bench"
        report = build(config)
        local = Retriever.load(config=config)
        assert isinstance(local.store, LocalStore)
        seconds = publish(local.store, address, config, local.encoder)
        print(f"{report.chunks} chunks, {len(questions)} questions; written to {address} in {seconds:.1f} s\n")
        print("| store | ranking | " + " | ".join(f"@{cut}" for cut in CUTS) + " | median search |")
        print("|---|---|" + "---|" * (len(CUTS) + 1))
        began = time.perf_counter()
        store = MilvusStore.open(address)
        opened = time.perf_counter() - began
        for name, retriever in (("index folder", local), ("Milvus", local.over(store))):
            *found, took = measure(retriever, questions)
            for ranking, shares in zip(RANKERS, found, strict=True):
                time_taken = f"{took:.0f} ms" if ranking == RANKERS[0] else ""
                print(
                    f"| {name} | {ranking} | " + " | ".join(f"{share:.3f}" for share in shares) + f" | {time_taken} |"
                )
        print(f"\nThe shelf opened in {opened:.2f} s.")
        store.close()
        local.store.close()


if __name__ == "__main__":
    main()
