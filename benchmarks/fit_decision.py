"""Fit the decision to answer or to decline on labelled questions about several shelves, with cross-validated figures.

    askoctober index ARTICLES --index INDEX
    python benchmarks/fit_decision.py --shelf QUESTIONS.jsonl INDEX --shelf MORE.jsonl OTHER_INDEX --signals FOLDER

QUESTIONS holds an object a line with `id`, `kind`, `question` and `history`; kinds that begin with "unanswerable" are
the ones to decline. The signals of each question are kept in a file a shelf in the folder named by --signals, so that
a second run is a matter of seconds and an interrupted one goes on where it stopped. Delete it when models or prompts
have changed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np

from askoctober.evaluation.declining import calibration_error

SIGNALS = (("yes",), ("cosine",), ("cover",), ("yes", "cosine"), ("yes", "cover"), ("yes", "late", "cover"))
SHIPPED = ("yes", "cosine", "cover")
SHRINKAGE = 10.0
"""Inverse of the ridge penalty: hardly any, since there are three weights."""


def collect(questions: Path, index: Path, signals: Path) -> list[dict[str, object]]:
    """Return the signals of every question, computing those that the file `signals` does not hold yet.

    Every question is answered, whatever its confidence, since the draft is one of the signals.
    """
    from askoctober import Assistant
    from askoctober.answering import deciding

    rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    lines = signals.read_text(encoding="utf-8").splitlines() if signals.exists() else []
    known = {row["id"]: row for row in map(json.loads, lines)}
    missing = [row for row in rows if row["id"] not in known]
    if missing:
        assistant = Assistant.load(index)
    for number, row in enumerate(missing, start=1):
        seen: list[deciding.Signals] = []

        def note(found: deciding.Signals, seen: list[deciding.Signals] = seen) -> float:
            seen.append(found)
            return 1.0

        with mock.patch.object(deciding, "confidence", note):
            answer = assistant.ask(row["question"], row["history"])
        last = seen[-1]
        known[row["id"]] = {
            "id": row["id"],
            "kind": row["kind"],
            "yes": last.yes,
            "cosine": last.cosine,
            "cover": last.cover,
            "late": max((hit.signals["late"] for hit in answer.hits), default=0.0),
        }
        with signals.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(known[row["id"]]) + "\n")
        print(f"{questions.name}: {number} of {len(missing)}", file=sys.stderr)
    return [known[row["id"]] for row in rows]


def features(rows: list[dict[str, object]], names: tuple[str, ...]) -> np.ndarray:
    """Return the named signals, shape (rows, names); the model's yes as a logit."""
    table = {name: np.array([float(row[name]) for row in rows]) for name in ("yes", "cosine", "cover", "late")}
    yes = np.clip(table["yes"], 1e-4, 1 - 1e-4)
    table["yes"] = np.log(yes / (1 - yes))
    return np.stack([table[name] for name in names], axis=1)


def main() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shelf", nargs=2, type=Path, action="append", required=True, metavar=("QUESTIONS", "INDEX"))
    parser.add_argument("--signals", type=Path, default=Path("signals"))
    options = parser.parse_args()
    options.signals.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    shelf: list[int] = []
    for number, (questions, index) in enumerate(options.shelf):
        found = collect(questions, index, options.signals / f"{number}-{questions.stem}.jsonl")
        rows += found
        shelf += [number] * len(found)
    shelves = np.array(shelf)
    kinds = np.array([str(row["kind"]) for row in rows])
    answerable = np.array([not kind.startswith("unanswerable") for kind in kinds])
    near = answerable | (kinds == "unanswerable_near")
    strata = answerable + 2 * shelves
    model = LogisticRegression(C=SHRINKAGE)

    def crossed(names: tuple[str, ...]) -> np.ndarray:
        """Mean over five seeds of 10-fold cross-validated probabilities, shape (rows,)."""
        runs = []
        for seed in range(5):
            folds = StratifiedKFold(10, shuffle=True, random_state=seed).split(rows, strata)
            runs.append(cross_val_predict(model, features(rows, names), answerable, cv=folds, method="predict_proba"))
        return np.mean(runs, axis=0)[:, 1]

    def other_shelf(names: tuple[str, ...]) -> np.ndarray:
        """Probabilities from the other shelves alone, shape (rows,)."""
        inputs, scores = features(rows, names), np.zeros(len(rows))
        for held_out in set(shelf):
            out = shelves == held_out
            scores[out] = model.fit(inputs[~out], answerable[~out]).predict_proba(inputs[out])[:, 1]
        return scores

    print("area under the ROC curve: all questions, those on the topic; then fitted on the other shelves alone")
    for names in (*SIGNALS, SHIPPED):
        line = [f"  {' + '.join(names):22}"]
        for scores in (crossed(names), other_shelf(names)) if len(options.shelf) > 1 else (crossed(names),):
            line += [f"{roc_auc_score(answerable, scores):.3f} {roc_auc_score(answerable[near], scores[near]):.3f}"]
        print("  ".join(line))
    scores = crossed(SHIPPED)
    print(f"expected calibration error: {calibration_error(scores, answerable, by='mass'):.3f}")
    print("threshold: declined unanswerable far, near, although answerable (cross-validated), all and each shelf")
    for threshold in np.arange(0.5, 0.91, 0.05):
        declined = scores < threshold
        cells = []
        for here in [np.ones(len(rows), bool), *(shelves == number for number in sorted(set(shelf)))]:
            parts = (kinds == "unanswerable_far", kinds == "unanswerable_near", answerable)
            cells.append(" ".join(f"{declined[here & part].mean():.2f}" for part in parts))
        print(f"  {threshold:.2f}: " + " | ".join(cells))
    model.fit(features(rows, SHIPPED), answerable)
    print(f"INTERCEPT = {model.intercept_[0]:.3f}")
    for name, weight in zip(SHIPPED, model.coef_[0], strict=True):
        print(f"{name.upper()}_WEIGHT = {weight:.3f}")


if __name__ == "__main__":
    main()
