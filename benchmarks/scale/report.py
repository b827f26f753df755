"""The figures of all trials as a table, as lines of what was wanted, and as a log-log plot with fitted exponents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

WANTED = {"p50_ratio": 4.0, "recall": 0.95, "memory": 700.0}
"""Of askoctober at a million chunks: p50 over that of the smallest, recall@10, bytes of memory a chunk."""
COLOURS = {
    "askoctober": "#b3261e",
    "chromadb": "#1b6ca8",
    "lancedb": "#2e7d32",
    "txtai": "#8e5bb5",
    "plain": "#6b6b6b",
}
PANELS = (
    ("p50 of a search, ms", lambda f: quantile(f["search_s"], 50) * 1e3),
    ("build, s", lambda f: f["build_s"]),
    ("memory, MB: own and mapped", lambda f: in_memory(f) / 1e6),
)
HEAD = (
    "chunks",
    "system",
    "build, chunks/s",
    "disk, B/chunk",
    "own memory, B/chunk",
    "with mapped, B/chunk",
    "p50, ms",
    "p99, ms",
    "first pass p50, ms",
    "recall@10",
    "update, ms",
)


def quantile(seconds: Sequence[float], percent: float) -> float:
    """Return a percentile of times."""
    return float(np.percentile(seconds, percent))


def in_memory(figures: Mapping[str, Any]) -> float:
    """Return the bytes that the index takes in memory, of its own and mapped, no less than one page."""
    held = figures["memory"]
    return float(max(held["anonymous"] + held["mapped"], 4096))


def digits(value: float) -> str:
    """Return a number with three digits, or whole where it has more."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def line(figures: Mapping[str, Any]) -> list[str]:
    """Return the cells of a trial."""
    count = figures["count"]
    cells = [f"{count:,}", figures["system"]]
    if "build_s" in figures:
        cells += [digits(count / figures["build_s"]), digits(figures["disk"] / count)]
    if "search_s" in figures:
        cells += [digits(max(figures["memory"]["anonymous"], 0) / count), digits(in_memory(figures) / count)]
        cells += [digits(1e3 * quantile(figures["search_s"], percent)) for percent in (50, 99)]
        cells += [digits(1e3 * quantile(figures["cold_s"], 50)), f"{figures['recall']:.3f}"]
    if "update_s" in figures:
        found = "" if figures["updates_found"] == len(figures["update_s"]) else " (not all found)"
        cells.append(digits(1e3 * quantile(figures["update_s"], 50)) + found)
    if "failed" in figures:
        cells += ["–"] * (len(HEAD) - 1 - len(cells)) + [figures["failed"].replace("|", "/")]
    return cells


def table(trials: Sequence[Mapping[str, Any]]) -> str:
    """Return the trials as a Markdown table, by size."""
    ordered = sorted(trials, key=lambda figures: figures["count"])
    lines = [list(HEAD), ["---:", "---", *["---:"] * (len(HEAD) - 2)], *map(line, ordered)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def exponent(counts: Sequence[float], values: Sequence[float]) -> float:
    """Return b of `a * count ** b`, fitted by least squares on logarithms."""
    return float(np.polyfit(np.log(counts), np.log(values), 1)[0])


def series(trials: Sequence[Mapping[str, Any]], value: Any, needs: str) -> dict[str, list[tuple[int, float]]]:
    """Return each system's values by size, where it has them."""
    found: dict[str, list[tuple[int, float]]] = {}
    for figures in sorted(trials, key=lambda figures: figures["count"]):
        if needs in figures:
            found.setdefault(figures["system"], []).append((figures["count"], value(figures)))
    return found


def exponents(trials: Sequence[Mapping[str, Any]]) -> str:
    """Return the fitted exponents as a Markdown table: 0 is no growth with the shelf, 1 is growth in proportion."""
    columns = [series(trials, value, "search_s") for _, value in PANELS]
    lines = [["exponent of", *(name for name, _ in PANELS)], ["---", *["---:"] * len(PANELS)]]
    for system in dict.fromkeys(figures["system"] for figures in trials):
        points = [column.get(system, []) for column in columns]
        lines.append([system, *(f"{exponent(*zip(*p, strict=True)):z.2f}" if len(p) > 1 else "–" for p in points)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def verdict(trials: Sequence[Mapping[str, Any]]) -> str:
    """Return what is wanted of askoctober at its largest size beside what was measured."""
    ours = sorted((f for f in trials if f["system"] == "askoctober" and "search_s" in f), key=lambda f: f["count"])
    if not ours:
        return "askoctober: nothing measured"
    first, last = ours[0], ours[-1]
    ratio = quantile(last["search_s"], 50) / quantile(first["search_s"], 50)
    held = max(last[name]["anonymous"] for name in ("memory", "whole_memory") if name in last) / last["count"]
    said = [
        (f"p50 over that at {first['count']:,}", ratio, WANTED["p50_ratio"], ratio <= WANTED["p50_ratio"]),
        ("recall@10", last["recall"], WANTED["recall"], last["recall"] >= WANTED["recall"]),
        ("bytes of own memory a chunk", held, WANTED["memory"], held <= WANTED["memory"]),
    ]
    if "whole_s" in last and "whole_s" in first:
        whole = quantile(last["whole_s"], 50) / quantile(first["whole_s"], 50)
        name = f"p50 of the whole search over that at {first['count']:,}"
        said.append((name, whole, WANTED["p50_ratio"], whole <= WANTED["p50_ratio"]))
    lines = [f"| at {last['count']:,} chunks | measured | wanted | |", "|---|---:|---:|---|"]
    lines += [f"| {n} | {digits(v)} | {digits(w)} | {'met' if met else 'missed'} |" for n, v, w, met in said]
    return "\n".join(lines)


def whole(trials: Sequence[Mapping[str, Any]]) -> str:
    """Return the times of askoctober's whole search: the question embedded, words, sentences, late interaction."""
    head = ("chunks", "whole search p50, ms", "p99, ms", "first pass p50, ms", "own memory, B/chunk", "mapped, B/chunk")
    lines = [f"| {' | '.join(head)} |", "|" + "---:|" * len(head)]
    for figures in sorted((f for f in trials if "whole_s" in f), key=lambda f: f["count"]):
        values = [quantile(figures["whole_s"], 50), quantile(figures["whole_s"], 99)]
        values.append(quantile(figures["whole_cold_s"], 50))
        held = [max(figures["whole_memory"][name], 0) / figures["count"] for name in ("anonymous", "mapped")]
        cells = [f"{figures['count']:,}", *(digits(1e3 * value) for value in values), *map(digits, held)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) if len(lines) > 2 else ""


def plot(trials: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw the values of `PANELS` against size, both on logarithmic axes, each system with its exponent."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.6, 4.2), layout="constrained")
    for axes, (title, value) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        for system, points in series(trials, value, "search_s").items():
            counts, values = zip(*points, strict=True)
            fitted = f" $n^{{{exponent(counts, values):z.2f}}}$" if len(points) > 1 else ""
            axes.loglog(counts, values, "o-", markersize=4, color=COLOURS.get(system, "black"), label=system + fitted)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("chunks")
        axes.grid(True, which="major", linewidth=0.3)
        if axes.lines:
            axes.legend(fontsize=8, frameon=False)
    figure.savefig(path, dpi=110)
