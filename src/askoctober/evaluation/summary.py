"""Rows to figures: every metric overall and by kind with its interval, the curves, and the JSON that keeps them.

`report.json` (or `retrieval.json`):

    format              2
    questions           {"file", "count", "kinds": {kind: count}, "sample", "seed", "only"}
    system              what answered (see `system.describe`); null for what was only searched is "model_file"
    mode                "answers" or "retrieval"
    judge               the name of the judge of citations, "" for none
    figures             {metric: {"label", "overall": FIGURE, "kinds": {kind: FIGURE}}}
                        FIGURE is {"value", "low", "high", "n"}: bootstrap 95 % interval, number of questions
    confidence          {measure: FIGURE}, absent without answers
    curves              {"recall": [[k, share]], "raw_recall": ..., "risk_coverage": [[coverage, risk]],
                        "reliability": {"answerable" | "right": [{"n", "confidence", "accuracy"}]},
                        "seconds": {"evidence_s" | "first_token_s" | "total_s": [seconds]}}
    peak_memory_mb      the most that the process had in use, null where it is not known
    targets             [{"label", "metric", "wanted", "bound", "reached", "low", "high", "n", "met", "missed_by"}]
    comparison          see `comparing`, absent without an older report
    warnings            [text]
    rows                [{"id", "key", "kind", "question", "outcome", "faults", "scores", "text", "confidence"}]
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from askoctober.evaluation import declining
from askoctober.evaluation.diagnosing import faults, outcome
from askoctober.evaluation.retrieval import DEPTH, facts_found
from askoctober.evaluation.scoring import METRICS, Row
from askoctober.evaluation.statistics import Estimate, Values, estimate, mean, median

FORMAT = 2
CONFIDENCE = {
    "auc_answerable": "AUC of confidence, the articles answer it",
    "auc_right": "AUC of confidence, answered right",
    "aurc": "area under risk-coverage (lower is better)",
    "ece_answerable": "ECE, the articles answer it, bins of equal width",
    "ece_answerable_mass": "ECE, the articles answer it, bins of equal mass",
    "ece_right": "ECE, answered right, bins of equal width",
    "ece_right_mass": "ECE, answered right, bins of equal mass",
    "coverage": "share of the questions that were answered",
    "risk": "share of the answers that are wrong",
}


def figure(rows: Sequence[Row], metric: str, kinds: Collection[str] = ()) -> Estimate | None:
    """Return a metric over the questions that have it (of these kinds, if any are given); None where none has."""
    values = [row.scores[metric] for row in rows if metric in row.scores and (not kinds or row.question.kind in kinds)]
    return estimate(values, median if METRICS[metric].summary == "median" else mean)


def kinds_of(rows: Sequence[Row]) -> list[str]:
    """Return the kinds of questions in the order in which they first come."""
    return list(dict.fromkeys(row.question.kind for row in rows))


def figures(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Return every metric that some question has, overall and by kind."""
    found: dict[str, dict[str, Any]] = {}
    for name, metric in METRICS.items():
        overall = figure(rows, name)
        if overall is not None:
            by_kind = {kind: figure(rows, name, (kind,)) for kind in kinds_of(rows)}
            found[name] = {
                "label": metric.label,
                "overall": overall.to_dict(),
                "kinds": {kind: each.to_dict() for kind, each in by_kind.items() if each is not None},
            }
    return found


def confidence_table(rows: Sequence[Row]) -> Values:
    """Return what is known of confidence: columns confidence, answerable, right, answered; shape (questions, 4).

    Right is an answer that holds what it must; a decline and an answer to what cannot be answered are not. Questions
    that failed, or whose right answer no label tells, are left out.
    """
    table = []
    for row in rows:
        answer = row.record.answer
        right = row.scores.get("right", row.scores.get("corrected", None if row.question.answerable else 0.0))
        if answer is not None and right is not None:
            table.append([answer["confidence"], float(row.question.answerable), right, float(not answer["declined"])])
    return np.array(table, np.float64).reshape(-1, 4)


def confidence_figures(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Return how well confidence tells what will be answered right; empty without answers."""
    table = confidence_table(rows)
    error = declining.calibration_error
    measures = {
        "auc_answerable": lambda t: declining.auc(t[:, 0], t[:, 1]),
        "auc_right": lambda t: declining.auc(t[:, 0], t[:, 2]),
        "aurc": lambda t: declining.area_under_risk_coverage(t[:, 0], t[:, 2]),
        "ece_answerable": lambda t: error(t[:, 0], t[:, 1]),
        "ece_answerable_mass": lambda t: error(t[:, 0], t[:, 1], by="mass"),
        "ece_right": lambda t: error(t[:, 0], t[:, 2]),
        "ece_right_mass": lambda t: error(t[:, 0], t[:, 2], by="mass"),
        "coverage": lambda t: float(t[:, 3].mean()),
        "risk": lambda t: float(1 - t[t[:, 3] == 1, 2].mean()) if t[:, 3].any() else float("nan"),
    }
    found = {name: estimate(table, measure) for name, measure in measures.items()}
    return {name: {"label": CONFIDENCE[name], **each.to_dict()} for name, each in found.items() if each is not None}


def curves(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the points of the plots."""
    found: dict[str, Any] = {"recall": _recall(rows)}
    follow_ups = [row for row in rows if row.question.history]
    if any(row.facts for row in follow_ups):
        found |= {"followup_recall": _recall(follow_ups), "raw_recall": _recall(follow_ups, raw=True)}
    seconds = ("evidence_s", "first_token_s", "total_s")
    found["seconds"] = {name: [row.scores[name] for row in rows if name in row.scores] for name in seconds}
    table = confidence_table(rows)
    if len(table):
        coverage, risk = declining.risk_coverage(table[:, 0], table[:, 2])
        found["risk_coverage"] = np.column_stack([coverage, risk]).round(4).tolist()
        found["reliability"] = {
            name: [
                {"n": bin.n, "confidence": round(bin.confidence, 4), "accuracy": round(bin.accuracy, 4)}
                for bin in declining.reliability(table[:, 0], table[:, column], by="mass")
            ]
            for name, column in (("answerable", 1), ("right", 2))
        }
    return found


def row_to_dict(row: Row) -> dict[str, Any]:
    """Return what `rows` of the JSON holds of a question."""
    answer = row.record.answer or {}
    return {
        "id": row.question.id,
        "key": row.question.key,
        "kind": row.question.kind,
        "question": row.question.question,
        "outcome": outcome(row),
        "faults": faults(row),
        "scores": {name: round(value, 4) for name, value in row.scores.items()},
        "text": answer.get("text", ""),
        "confidence": answer.get("confidence"),
    }


def _recall(rows: Sequence[Row], *, raw: bool = False) -> list[list[float]]:
    """Needed facts found among the first k passages, k from 1."""
    labelled = [row for row in rows if row.facts]
    points = []
    for k in range(1, DEPTH + 1):
        shares = [facts_found((row.record.raw_hits if raw else row.record.hits)[:k], row.facts) for row in labelled]
        if shares:
            points.append([k, round(float(np.mean(shares)), 4)])
    return points
