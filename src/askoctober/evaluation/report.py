"""The page of an evaluation: one HTML file that asks nothing of any server.

Questions, answers and articles are strangers' texts: the template escapes all of them (Jinja2 with autoescape), and
only the plots, which hold none of their words, go in as they are. Controls and changes of writing direction are
replaced, as everywhere that articles are shown.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from askoctober.errors import ConfigError
from askoctober.evaluation.diagnosing import GOOD, NEUTRAL, faults, outcome
from askoctober.evaluation.evaluating import Evaluation
from askoctober.evaluation.plots import plots
from askoctober.evaluation.retrieval import DEPTH, Place, facts_found
from askoctober.evaluation.scoring import Row
from askoctober.evaluation.tables import ANSWERS, CITATIONS, COSTS, CUTS, RETRIEVAL

AROUND = 240
"""Characters of an article that are shown on each side of a quote."""
SHOWN_HITS = 5
LIBRARIES = ("jinja2", "matplotlib")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MARKS = re.compile(r"(\[\d+\])")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of an article with what surrounds it."""

    label: str
    title: str
    before: str
    text: str
    after: str
    note: str = ""


def check_libraries() -> None:
    """Say that the page cannot be made before an hour is spent on what it would show.

    Raises:
        ConfigError: matplotlib or Jinja2 is not installed.
    """
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(f"An evaluation needs {' and '.join(missing)}; run: pip install 'askoctober[eval]'")


def render(evaluation: Evaluation) -> str:
    """Return the page; `check_libraries` tells beforehand whether it can be made."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, finalize=_seen)
    template = environment.from_string(
        resources.files("askoctober.evaluation").joinpath("report.html").read_text(encoding="utf-8")
    )
    report = evaluation.report
    return template.render(
        report=report,
        plots=plots(report["curves"]),
        tables=_tables(report),
        rows=[_row(row, evaluation) for row in evaluation.rows],
        outcomes=sorted({outcome(row) for row in evaluation.rows}),
        kinds=list(report["questions"]["kinds"]),
    )


def _seen(value: Any) -> Any:
    """Text without characters that steer what is around it; everything else as it is."""
    return _UNSEEN.sub("\ufffd", value) if type(value) is str else value


def _tables(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tables by kind of question, each figure with its interval."""
    parts = {"Retrieval": RETRIEVAL, "Follow-ups by their last message alone": {f"raw_facts{cut}": cut for cut in CUTS}}
    parts |= {"Answers": ANSWERS}
    parts |= {f"Citations, judged by: {report['judge'] or 'nobody'}": CITATIONS, "Costs": COSTS}
    found = []
    for title, columns in parts.items():
        figures = {label: report["figures"][name] for name, label in columns.items() if name in report["figures"]}
        if not figures:
            continue
        lines = [("all", [each["overall"] for each in figures.values()])]
        lines += [
            (kind, [each["kinds"].get(kind) for each in figures.values()]) for kind in report["questions"]["kinds"]
        ]
        headings = [(label, each["label"]) for label, each in figures.items()]
        found.append({"title": title, "headings": headings, "lines": [line for line in lines if any(line[1])]})
    return found


def _row(row: Row, evaluation: Evaluation) -> dict[str, Any]:
    """What the template shows of a question."""
    what = outcome(row)
    answer = row.record.answer
    supported = {verdict.text: verdict.supported for verdict in row.verdicts}
    sentences = [
        {"text": each["text"], "marks": each["marks"], "support": each["support"], "ok": supported.get(each["text"])}
        for each in (answer["sentences"] if answer else [])
    ]
    return {
        "id": row.question.id,
        "kind": row.question.kind,
        "question": row.question.question,
        "history": row.question.history,
        "searched": row.record.searched if row.record.searched != row.question.question else "",
        "outcome": what,
        "mood": "good" if what in GOOD else "plain" if what in NEUTRAL else "bad",
        "faults": faults(row),
        "answer": answer,
        "sentences": sentences,
        "citations": _citations(answer, evaluation) if answer else [],
        "reference": row.question.answer,
        "must_have": [" / ".join(group) for group in row.question.must_have],
        "gold": [
            _passage(place, evaluation, f"fact {number}", _where(row, place))
            for number, fact in enumerate(row.facts, 1)
            for place in fact
        ],
        "hits": [
            _passage(place, evaluation, str(rank), _holds(row, place), around=0)
            for rank, place in enumerate(row.record.hits[:SHOWN_HITS], 1)
        ],
        "scores": {name: round(value, 3) for name, value in row.scores.items()},
    }


def _citations(answer: Mapping[str, Any], evaluation: Evaluation) -> list[Passage]:
    found = []
    for citation in answer["citations"]:
        place = Place(citation["article"]["path"], citation["start"], citation["end"])
        passage = _passage(place, evaluation, f"[{citation['mark']}]", "")
        exact = passage.text == citation["quote"]
        found.append(
            passage if exact else Passage(passage.label, passage.title, "", citation["quote"], "", "not exact")
        )
    return found


def _passage(place: Place, evaluation: Evaluation, label: str, note: str, around: int = AROUND) -> Passage:
    """A place with what stands around it, cut at spaces."""
    text = evaluation.texts.get(place.path, "")
    title = evaluation.titles.get(place.path, place.path)
    if place.start < 0 or not text:
        return Passage(label, title, "", "", "", "not in the indexed articles")
    first, last = max(0, place.start - around), min(len(text), place.end + around)
    before, after = text[first : place.start], text[place.end : last]
    if first > 0 and around:
        before = "… " + before.partition(" ")[2]
    if last < len(text) and around:
        after = after.rpartition(" ")[0] + " …"
    return Passage(label, title, before, text[place.start : place.end], after, note)


def _where(row: Row, quote: Place) -> str:
    """On which rank a gold quote was found, and whether the model was shown it."""
    rank = next((rank for rank, place in enumerate(row.record.hits[:DEPTH], 1) if place.covers(quote)), 0)
    found = f"passage {rank}" if rank else f"not among the first {DEPTH} passages"
    if row.record.answer is None or not rank:
        return found
    shown = any(place.covers(quote) for place in row.record.evidence)
    return f"{found}, {'shown' if shown else 'not shown'} to the model"


def _holds(row: Row, place: Place) -> str:
    held: Sequence[int] = [number for number, fact in enumerate(row.facts, 1) if facts_found([place], [fact])]
    return f"holds fact {', '.join(map(str, held))}" if held else ""
