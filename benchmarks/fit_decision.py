"""Fit the decision to answer or to decline on labelled questions, with cross-validated figures.

    askoctober index ARTICLES --index INDEX
    python benchmarks/fit_decision.py QUESTIONS.jsonl --index INDEX --signals signals.jsonl

QUESTIONS holds an object a line with `id`, `kind`, `question` and `history`; kinds that begin with "unanswerable" are
the ones to decline. The signals of each question are kept in the file named by --signals, so that a second run is a
matter of seconds and an interrupted one goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np


def collect(questions: Path, index: Path, signals: Path) -> list[dict[str, object]]:
    """Return the signals of every question, computing those that `signals` does not hold yet."""
    from askoctober import Assistant
    from askoctober.answering.checking import Checker
    from askoctober.answering.evidence import select_evidence
    from askoctober.retrieval import make_standalone, with_context

    rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    lines = signals.read_text(encoding="utf-8").splitlines() if signals.exists() else []
    known = {row["id"]: row for row in map(json.loads, lines)}
    missing = [row for row in rows if row["id"] not in known]
    if missing:
        assistant = Assistant.load(index)
    for number, row in enumerate(missing, start=1):
        asked = row["question"]
        if row["history"]:
            asked = make_standalone(asked, row["history"], assistant.generator)
        wanted = with_context(row["question"], asked, row["history"])
        hits = assistant.retriever.search(wanted, assistant.config.passages)
        evidence = select_evidence(wanted, hits, assistant.retriever, assistant.config.evidence_tokens)
        found = assistant.signals(asked, evidence, Checker(asked, evidence, assistant.retriever.encoder))
        known[row["id"]] = {
            "id": row["id"],
            "kind": row["kind"],
            "asked": asked,
            "yes": found.yes,
            "cosine": found.cosine,
            "late": max(hit.signals["late"] for hit in hits),
            "words": max(hit.signals["words"] for hit in hits),
        }
        with signals.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(known[row["id"]]) + "\n")
        print(f"{number} of {len(missing)}", file=sys.stderr)
    return [known[row["id"]] for row in rows]


def features(rows: list[dict[str, object]], names: tuple[str, ...]) -> np.ndarray:
    """Return the named signals, shape (rows, names); the model's yes as a logit."""
    table = {name: np.array([float(row[name]) for row in rows]) for name in ("yes", "cosine", "late", "words")}
    yes = np.clip(table["yes"], 1e-4, 1 - 1e-4)
    table["yes"] = np.log(yes / (1 - yes))
    return np.stack([table[name] for name in names], axis=1)


def main() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--signals", type=Path, default=Path("signals.jsonl"))
    options = parser.parse_args()
    rows = collect(options.questions, options.index, options.signals)
    kinds = np.array([str(row["kind"]) for row in rows])
    answerable = np.array([not kind.startswith("unanswerable") for kind in kinds])
    near = answerable | (kinds == "unanswerable_near")
    folds = StratifiedKFold(10, shuffle=True, random_state=1917)
    model = LogisticRegression(C=10.0)
    print("10-fold cross-validated area under the ROC curve, all questions and those on the topic")
    for names in (("yes",), ("cosine",), ("late",), ("yes", "cosine"), ("yes", "late"), ("yes", "cosine", "late")):
        scores = cross_val_predict(model, features(rows, names), answerable, cv=folds, method="predict_proba")[:, 1]
        print(
            f"  {' + '.join(names):22} {roc_auc_score(answerable, scores):.3f}"
            f" {roc_auc_score(answerable[near], scores[near]):.3f}"
        )
    names = ("yes", "cosine")
    inputs = features(rows, names)
    scores = cross_val_predict(model, inputs, answerable, cv=folds, method="predict_proba")[:, 1]
    print("threshold: declined unanswerable far, near, although answerable (cross-validated)")
    for threshold in (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85):
        declined = scores < threshold
        shares = [declined[kinds == kind].mean() for kind in ("unanswerable_far", "unanswerable_near")]
        print(f"  {threshold:.2f}: {shares[0]:.2f} {shares[1]:.2f} {declined[answerable].mean():.2f}")
    model.fit(inputs, answerable)
    print(f"INTERCEPT = {model.intercept_[0]:.3f}")
    for name, weight in zip(names, model.coef_[0], strict=True):
        print(f"{name.upper()}_WEIGHT = {weight:.3f}")


if __name__ == "__main__":
    main()
