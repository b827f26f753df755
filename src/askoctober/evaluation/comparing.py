"""Two runs on the same questions: what changed, question by question, and whether it is more than chance.

A comparison is `{"old": {"file", "mode"}, "pairs", "metrics": [METRIC], "changes": [CHANGE]}`. METRIC is {"metric",
"label", "old", "new", "difference", "low", "high", "n", "better", "worse", "p", "test"}: the mean difference with its
bootstrap 95 % interval over the questions that have the metric in both; the test is McNemar's where the scores are
right or wrong, else the paired bootstrap. CHANGE is {"id", "kind", "question", "old", "new"}: outcomes in words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from askoctober.errors import ConfigError
from askoctober.evaluation.scoring import METRICS
from askoctober.evaluation.statistics import mcnemar, paired_bootstrap
from askoctober.evaluation.summary import FORMAT


def read_report(path: Path) -> dict[str, Any]:
    """Return an older report.

    Raises:
        ConfigError: the file is no report of this format.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        if report["format"] == FORMAT and isinstance(report["rows"], list):
            return dict(report)
        reason = f"it has format {report['format']}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = repr(error)
    raise ConfigError(f"{path} is no report of this version of `askoctober eval` ({reason}); name its report.json.")


def compare(old: Mapping[str, Any], new: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Return what changed from an older report to these rows; questions pair up if they and their history are the same.

    Raises:
        ConfigError: they have no question in common.
    """
    before = {row["key"]: row for row in old["rows"]}
    pairs = [(before[row["key"]], row) for row in new if row["key"] in before]
    if not pairs:
        raise ConfigError(f"{name} is a report on other questions; compare with one on these.")
    metrics = [each for metric in METRICS if (each := _metric(metric, pairs)) is not None]
    changes = [
        {
            "id": row["id"],
            "kind": row["kind"],
            "question": row["question"],
            "old": was["outcome"],
            "new": row["outcome"],
        }
        for was, row in pairs
        if was["outcome"] != row["outcome"]
    ]
    return {"old": {"file": name, "mode": old["mode"]}, "pairs": len(pairs), "metrics": metrics, "changes": changes}


def _metric(metric: str, pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> dict[str, Any] | None:
    both = [(was["scores"], now["scores"]) for was, now in pairs]
    scores = [(was[metric], now[metric]) for was, now in both if metric in was and metric in now]
    if not scores:
        return None
    old, new = [was for was, _ in scores], [now for _, now in scores]
    difference, p = paired_bootstrap(old, new)
    test = "paired bootstrap"
    if all(score in (0.0, 1.0) for pair in scores for score in pair):
        p, test = mcnemar([bool(was) for was in old], [bool(now) for now in new]), "McNemar"
    up = sum(now > was for was, now in scores)
    down = sum(now < was for was, now in scores)
    better, worse = (down, up) if METRICS[metric].lower_is_better else (up, down)
    found = difference.to_dict()
    return {
        "metric": metric,
        "label": METRICS[metric].label,
        "old": round(sum(old) / len(old), 4),
        "new": round(sum(new) / len(new), 4),
        "difference": found["value"],
        **{name: found[name] for name in ("low", "high", "n")},
        "better": better,
        "worse": worse,
        "p": round(p, 4),
        "test": test,
    }
