"""Figures that are wanted, from a TOML file, against those that were reached.

[[target]]
label = "declined: unanswerable near"
metric = "declined"               # a name of `scoring.METRICS` or `summary.CONFIDENCE`
kinds = ["unanswerable_near"]     # optional: of these kinds alone
at_least = 0.85                   # or at_most
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askoctober.errors import ConfigError
from askoctober.evaluation.scoring import METRICS, Row
from askoctober.evaluation.summary import CONFIDENCE, figure

BOUNDS = ("at_least", "at_most")
_KEYS = {"label", "metric", "kinds", *BOUNDS}


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that is wanted: at least or at most so much."""

    label: str
    metric: str
    kinds: tuple[str, ...]
    bound: str
    wanted: float


def read_targets(path: Path) -> list[Target]:
    """Return the targets of a file, in order.

    Raises:
        ConfigError: the file cannot be read, or a target names no known metric or not one bound.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["target"]
        return [_target(entry, path) for entry in entries]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path} holds no targets that can be read ({error}); correct it.") from error


def reached(target: Target, rows: Sequence[Row], confidence: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the JSON object of a target: wanted, reached with its interval, whether met, by how much it was missed.

    What was not measured in this run has neither figure nor verdict.
    """
    found: Mapping[str, Any] | None = confidence.get(target.metric)
    if target.metric in METRICS:
        estimate = figure(rows, target.metric, target.kinds)
        found = estimate.to_dict() if estimate else None
    result = {"label": target.label, "metric": target.metric, "wanted": target.wanted, "bound": target.bound}
    if found is None:
        return result | {"reached": None, "low": None, "high": None, "n": 0, "met": None, "missed_by": None}
    gap = target.wanted - found["value"] if target.bound == "at_least" else found["value"] - target.wanted
    interval = {name: found[name] for name in ("low", "high", "n")}
    return result | {"reached": found["value"], **interval, "met": gap <= 1e-9, "missed_by": round(max(gap, 0.0), 4)}


def _target(entry: Mapping[str, Any], path: Path) -> Target:
    bounds = [bound for bound in BOUNDS if bound in entry]
    metric = entry.get("metric")
    if set(entry) - _KEYS or len(bounds) != 1 or metric not in {**METRICS, **CONFIDENCE}:
        known = ", ".join([*METRICS, *CONFIDENCE])
        raise ConfigError(
            f"{path}: the target {entry} needs a known metric and either at_least or at_most; known: {known}."
        )
    kinds = entry.get("kinds", [])
    if not isinstance(kinds, list):
        raise TypeError(f"kinds is {kinds!r}, not a list")
    return Target(str(entry.get("label", metric)), str(metric), tuple(kinds), bounds[0], float(entry[bounds[0]]))
