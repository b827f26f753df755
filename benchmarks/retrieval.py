"""What each part of retrieval is worth: needed facts found, with rankers alone, all together, and one left out.

    python benchmarks/retrieval.py ARTICLES QUESTIONS.jsonl [--chunk-size 900 1200]

A question's `gold` names the quotes that state its facts: `file`, `quote`, and `alt_group` where several quotes state
the same fact. A fact is found @k if one of the first k passages covers at least half of one of its quotes. Follow-up
questions are searched with the earlier question in front, so that no language model is needed.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from askoctober.evaluation.questions import Question, read_questions
from askoctober.evaluation.retrieval import CUTS, DEPTH, Place, facts_found, needed_facts, searched

BUDGETS = (300, 400, 450, 500, 600)
NONE = {"dense": 0.0, "words": 0.0, "sentence": 0.0, "late": 0.0}
ALONE = {"dense alone": "dense", "BM25 alone": "words", "best sentence alone": "sentence"}
WITHOUT = {"without dense": "dense", "without BM25": "words", "without sentence": "sentence", "without late": "late"}
SWITCHED_OFF: dict[str, tuple[str, Any]] = {
    "without parts of a question": ("askoctober.retrieval.retriever.split_parts", lambda question: ()),
    "late interaction over whole chunks": ("askoctober.retrieval.late.WINDOW", 10_000),
    "question words all weigh the same": (
        "askoctober.retrieval.late.TokenWeights.of",
        lambda self, text, count: np.ones(count, np.float32),
    ),
}
"""What is put in the place of a part of retrieval that has no weight, to see what it is worth."""


def measure(articles: Path, questions: Sequence[Question], chunk_size: int, say: Callable[[str], None]) -> None:
    """Build an index of the articles and say what is found in it."""
    from askoctober import Config, Retriever
    from askoctober.answering.evidence import select_evidence
    from askoctober.building import build

    with tempfile.TemporaryDirectory() as folder:
        config = Config(corpus=articles, index=Path(folder), chunk_size=chunk_size)
        report = build(config)
        retriever = Retriever.load(config=config)
        texts = {article.path: article.text for article in retriever.store.articles()}
        needed = [needed_facts(question, texts) for question in questions]
        say(f"\n{report.chunks} chunks of at most {chunk_size} characters, {len(questions)} questions\n")
        say("| ranking | " + " | ".join(f"@{cut}" for cut in CUTS) + " |\n|---|" + "---|" * len(CUTS))
        shipped = config.weights
        rows = {"all four, as shipped": shipped}
        rows |= {label: dataclasses.replace(shipped, **(NONE | {name: 1.0})) for label, name in ALONE.items()}
        rows |= {label: dataclasses.replace(shipped, **{name: 0.0}) for label, name in WITHOUT.items()}

        def tell(label: str) -> None:
            shares = []
            for question, fact in zip(questions, needed, strict=True):
                chunks = [hit.chunk for hit in retriever.search(searched(question.question, question.history), DEPTH)]
                places = [Place(chunk.article.path, chunk.start, chunk.end) for chunk in chunks]
                shares.append([facts_found(places[:cut], fact) for cut in CUTS])
            say(f"| {label} | " + " | ".join(f"{share:.3f}" for share in np.mean(shares, axis=0)) + " |")

        for label, weights in rows.items():
            retriever.weights = weights
            tell(label)
        retriever.weights = shipped
        for label, changed in SWITCHED_OFF.items():
            with mock.patch(*changed):
                tell(label)
        say("\n| evidence budget, tokens | " + " | ".join(map(str, BUDGETS)) + " |\n|---|" + "---|" * len(BUDGETS))
        shares = []
        for question, fact in zip(questions, needed, strict=True):
            text = searched(question.question, question.history)
            hits = retriever.search(text, config.passages)
            pieces = [select_evidence(text, hits, retriever, budget) for budget in BUDGETS]
            shares.append(
                [facts_found([Place(e.article.path, e.start, e.end) for e in piece], fact) for piece in pieces]
            )
        say("| needed facts in it | " + " | ".join(f"{share:.3f}" for share in np.mean(shares, axis=0)) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--chunk-size", type=int, nargs="+", default=[1200])
    options = parser.parse_args()
    questions = [question for question in read_questions(options.questions) if question.gold]
    for size in options.chunk_size:
        measure(options.articles, questions, size, print)


if __name__ == "__main__":
    main()
