"""How often each judge of citations is right, on labelled pairs of a sentence and a quote.

    python benchmarks/judge.py [PAIRS.jsonl] [--model NAME] [--words-only]

A line of PAIRS is `{"kind", "supported", "sentence", "quote"}`. Accuracy is given at the threshold that ships and at
thresholds chosen by cross-validation: each fifth of the quotes is judged with the threshold that is best on the rest.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

PAIRS = Path(__file__).parent.parent / "tests" / "evaluation" / "support_pairs.jsonl"
FOLDS = 5


def best_threshold(support: np.ndarray, labels: np.ndarray) -> float:
    """Return the threshold with the highest accuracy; of several, the middle of the widest gap between supports."""
    values = np.unique(support)
    cuts = np.concatenate([[0.0], (values[1:] + values[:-1]) / 2, [1.01]])
    room = np.concatenate([[0.0], np.diff(values), [0.0]])
    right = np.array([((support >= cut) == labels).mean() for cut in cuts])
    return float(cuts[np.lexsort((room, right))[-1]])


def cross_validated(support: np.ndarray, labels: np.ndarray, groups: Sequence[str]) -> float:
    """Return accuracy where each fold of quotes is judged with the threshold of the others."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    fold = np.array([numbers[group] % FOLDS for group in groups])
    right = np.zeros(len(labels), bool)
    for each in range(FOLDS):
        inside = fold == each
        threshold = best_threshold(support[~inside], labels[~inside])
        right[inside] = (support[inside] >= threshold) == labels[inside]
    return float(right.mean())


def main() -> None:
    from askoctober.config import Config
    from askoctober.evaluation.declining import auc
    from askoctober.evaluation.judging import Judge, ModelJudge, WordsJudge
    from askoctober.generation import load_generator

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path, nargs="?", default=PAIRS)
    parser.add_argument("--model", default=Config().model)
    parser.add_argument("--words-only", action="store_true")
    options = parser.parse_args()
    pairs = [json.loads(line) for line in options.pairs.read_text(encoding="utf-8").splitlines() if line.strip()]
    labels = np.array([pair["supported"] for pair in pairs])
    judges: list[Judge] = [WordsJudge()]
    if not options.words_only:
        judges.append(ModelJudge(load_generator(Config(model=options.model))))
    print(f"{len(pairs)} pairs, {labels.sum()} supported\n")
    print("| judge | AUC | as shipped | cross-validated | best threshold | seconds a pair |\n|---|---|---|---|---|---|")
    for judge in judges:
        began = perf_counter()
        support = np.array([judge.support(pair["sentence"], [pair["quote"]]) for pair in pairs])
        taken = (perf_counter() - began) / len(pairs)
        shipped = (support >= judge.threshold) == labels
        fitted = cross_validated(support, labels, [pair["quote"] for pair in pairs])
        best = best_threshold(support, labels)
        area = auc(support, labels.astype(float))
        print(f"| {judge.name} | {area:.3f} | {shipped.mean():.3f} | {fitted:.3f} | {best:.3f} | {taken:.3f} |")
        for kind in dict.fromkeys(pair["kind"] for pair in pairs):
            of_kind = np.array([pair["kind"] == kind for pair in pairs])
            print(f"| - {kind} ({of_kind.sum()}) | | {shipped[of_kind].mean():.3f} | | | |")


if __name__ == "__main__":
    main()
