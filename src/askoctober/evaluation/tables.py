"""The tables that a terminal shows: figures by kind of question, targets, what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

RETRIEVAL = {"facts@1": "@1", "facts@3": "@3", "facts@5": "@5", "facts@10": "@10", "mrr": "MRR", "ndcg@10": "nDCG"}
ANSWERS = {
    "right": "right",
    "corrected": "corrected",
    "f1": "F1",
    "exact_match": "exact",
    "declined": "declined",
    "wrongly_declined": "wrongly",
}
CITATIONS = {
    "facts_cited": "gold cited",
    "citation_recall": "recall",
    "citation_precision": "precision",
    "claims_supported": "names, nos.",
    "quotes_exact": "exact",
    "marks_resolve": "marks",
}
COSTS = {
    "evidence_s": "evidence, s",
    "first_token_s": "first token, s",
    "total_s": "answer, s",
    "tokens_read": "read",
    "tokens_cached": "cached",
    "tokens_written": "written",
}
CUTS = ("@1", "@3", "@5", "@10")


ANSWERS_TITLE = (
    "Answers (right: holds the words it must, a necessary test; declined: unanswerable; wrongly: answerable)"
)


def tables(report: Mapping[str, Any]) -> list[Table]:
    """Return the tables of a report, those without a figure left out."""
    searched = report["mode"] == "retrieval"
    how = "follow-ups behind the question before them" if searched else "follow-ups rewritten"
    shown = [
        by_kind(report, f"Needed facts found among the first k passages ({how})", RETRIEVAL),
        follow_ups(report),
        by_kind(report, ANSWERS_TITLE, ANSWERS),
        by_kind(report, f"Citations, judged by: {report['judge'] or 'nobody'}", CITATIONS),
        by_kind(report, "Medians of seconds, means of tokens", COSTS),
    ]
    found = [table for table in shown if table is not None]
    if report["confidence"]:
        found.append(confidence(report["confidence"]))
    if report.get("comparison"):
        found.append(comparison(report["comparison"]))
    if report.get("targets"):
        found.append(targets(report["targets"]))
    return found


def by_kind(report: Mapping[str, Any], title: str, columns: Mapping[str, str]) -> Table | None:
    """Return a row for each kind and one for all, with bootstrap intervals; None without a figure."""
    figures = {name: report["figures"][name] for name in columns if name in report["figures"]}
    if not figures:
        return None
    table = _table(title, ["kind", "n"], [columns[name] for name in figures])
    for kind, count in report["questions"]["kinds"].items():
        cells = [each["kinds"].get(kind) for each in figures.values()]
        if any(cells):
            table.add_row(kind, str(count), *(_value(cell) for cell in cells))
    table.add_section()
    overall = [each["overall"] for each in figures.values()]
    table.add_row("all", str(report["questions"]["count"]), *(_value(cell) for cell in overall))
    table.add_row("95 %", "", *(_interval(cell) for cell in overall))
    return table


def follow_ups(report: Mapping[str, Any]) -> Table | None:
    """Return how follow-ups are found as they are searched, against the raw last message; None without any."""
    ways = {"behind the question before" if report["mode"] == "retrieval" else "rewritten": "followup_facts"}
    ways |= {"raw last message": "raw_facts"}
    if f"raw_facts{CUTS[0]}" not in report["figures"]:
        return None
    table = _table(f"Follow-ups: {' against '.join(ways)}", ["searched", "n"], CUTS)
    for way, name in ways.items():
        cells = [report["figures"][f"{name}{cut}"]["overall"] for cut in CUTS]
        table.add_row(way, str(cells[0]["n"]), *map(_value, cells))
        table.add_row("95 %", "", *map(_interval, cells))
    return table


def confidence(figures: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return how well confidence tells what will be answered right."""
    table = _table("Confidence", ["measure"], ["value", "95 %", "n"])
    for each in figures.values():
        table.add_row(each["label"], _value(each), _interval(each), str(each["n"]))
    return table


def targets(reached: Sequence[Mapping[str, Any]]) -> Table:
    """Return what was wanted and what was reached."""
    table = _table("Targets", ["figure"], ["wanted", "reached", "95 %", "n", "missed by"])
    for each in reached:
        sign = "≥" if each["bound"] == "at_least" else "≤"
        verdict = "not measured" if each["met"] is None else "met" if each["met"] else f"{each['missed_by']:.3f}"
        value, interval = (_value({"value": each["reached"]}), _interval(each)) if each["n"] else ("", "")
        table.add_row(each["label"], f"{sign} {each['wanted']:g}", value, interval, str(each["n"] or ""), verdict)
    return table


def comparison(found: Mapping[str, Any]) -> Table:
    """Return the metrics that moved, with their tests, and how many questions went up and down."""
    table = _table(
        f"Against {found['old']['file']} ({found['pairs']} questions in both)",
        ["metric"],
        ["before", "now", "difference", "95 %", "better", "worse", "p"],
    )
    for each in found["metrics"]:
        if each["better"] or each["worse"]:
            numbers = (_value({"value": each[name]}) for name in ("old", "new"))
            p = f"{each['p']:.3f}"
            changed = (f"{each['difference']:+.3f}", _interval(each), str(each["better"]), str(each["worse"]))
            table.add_row(each["label"], *numbers, *changed, p)
    return table


def _table(title: str, words: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", title_style="bold")
    for at, name in enumerate(words):
        table.add_column(name, justify="right" if at else "left", overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _value(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return ""
    return f"{cell['value']:.3f}" if abs(cell["value"]) < 100 else f"{cell['value']:.0f}"


def _interval(cell: Mapping[str, Any]) -> str:
    low, high = cell["low"], cell["high"]
    return f"{low:.2f}–{high:.2f}" if abs(high) < 100 else f"{low:.0f}–{high:.0f}"
