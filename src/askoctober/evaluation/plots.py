"""The plots of a report as inline SVG, drawn by matplotlib without a screen.

Colours come from the page, so that they suit a light and a dark one: what is drawn in one of `INKS` is replaced by a
variable of the page's style.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

INKS = {"#000001": "var(--ink)", "#000002": "var(--one)", "#000003": "var(--two)", "#000004": "var(--faint)"}
INK, ONE, TWO, FAINT = INKS
SIZE = (4.6, 3.2)
"""Inches; the page scales them."""
BINS = 20
LABELS = {"evidence_s": "evidence on screen", "first_token_s": "first token", "total_s": "whole answer"}


def plots(curves: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return title, caption and SVG of each plot that the curves have points for."""
    import matplotlib

    matplotlib.use("Agg")
    found = []
    if curves["recall"]:
        caption = "Share of the needed facts that the first k passages hold."
        found.append(("Recall@k", caption, _recall(curves)))
    if curves.get("risk_coverage"):
        caption = "Share of wrong answers when only the most confident share of the questions is answered."
        found.append(("Risk and coverage", caption, _risk(curves["risk_coverage"])))
    if curves.get("reliability"):
        caption = "What came true against what confidence said, in groups of equally many questions."
        found.append(("Reliability", caption, _reliability(curves["reliability"])))
    if any(curves["seconds"].values()):
        found.append(("Latency", "How many questions took so long.", _latency(curves["seconds"])))
    return found


def _recall(curves: Mapping[str, Any]) -> str:
    figure, axes = _axes("k", "needed facts found")
    lines = {"recall": ("all questions", ONE, "-"), "followup_recall": ("follow-ups", TWO, "-")}
    lines["raw_recall"] = ("follow-ups, last message alone", TWO, ":")
    for name, (label, colour, style) in lines.items():
        if curves.get(name):
            k, share = zip(*curves[name], strict=True)
            axes.plot(k, share, style, color=colour, marker="o", markersize=3, label=label)
    axes.set_ylim(0, 1.02)
    axes.set_xticks(range(1, 11))
    return _svg(figure, axes)


def _risk(points: Sequence[Sequence[float]]) -> str:
    figure, axes = _axes("coverage", "risk")
    coverage, risk = zip(*points, strict=True)
    axes.plot(coverage, risk, color=ONE)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, max(0.05, max(risk) * 1.1))
    return _svg(figure, axes)


def _reliability(bins: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    figure, axes = _axes("confidence", "share that came true")
    axes.plot([0, 1], [0, 1], "--", color=FAINT, linewidth=1)
    for name, label, colour in (("answerable", "the articles answer it", ONE), ("right", "answered right", TWO)):
        points = bins[name]
        axes.plot(
            [each["confidence"] for each in points],
            [each["accuracy"] for each in points],
            color=colour,
            marker="o",
            markersize=4,
            label=label,
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.02, 1.02)
    return _svg(figure, axes)


def _latency(seconds: Mapping[str, Sequence[float]]) -> str:
    figure, axes = _axes("seconds", "questions")
    longest = max(max(values) for values in seconds.values() if values)
    edges = [longest * at / BINS for at in range(BINS + 1)] if longest else [0.0, 1.0]
    colours = {"evidence_s": FAINT, "first_token_s": TWO, "total_s": ONE}
    for name, values in seconds.items():
        if values:
            axes.hist(values, edges, histtype="step", linewidth=1.6, color=colours[name], label=LABELS[name])
    return _svg(figure, axes)


def _axes(x: str, y: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.tick_params(colors=INK)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(FAINT)
    axes.patch.set_visible(False)
    figure.patch.set_visible(False)
    return figure, axes


def _svg(figure: Any, axes: Any) -> str:
    """The figure as an SVG element for a page: text stays text, nothing points elsewhere."""
    import matplotlib

    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, labelcolor=INK, fontsize="small")
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "font.family": "sans-serif", "svg.hashsalt": "askoctober"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg [^>]*?)width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg [^>]*?)height="[^"]*"', r"\1", svg, count=1)
    for ink, variable in INKS.items():
        svg = svg.replace(ink, variable)
    return svg
