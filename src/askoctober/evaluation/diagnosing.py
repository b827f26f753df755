"""What became of a question, in a word and in sentences: where on the way from shelf to answer it went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from askoctober.evaluation.answers import lacking, without_marks
from askoctober.evaluation.questions import FALSE_PREMISE
from askoctober.evaluation.retrieval import DEPTH, facts_found
from askoctober.evaluation.scoring import Row

Outcome: TypeAlias = Literal[
    "right", "wrong", "declined rightly", "declined wrongly", "answered wrongly", "answered", "failed",
    "found", "found in part", "not found", "searched",
]  # fmt: skip
"""The last four without a language model; "answered" where no label says what is right."""
GOOD: frozenset[Outcome] = frozenset({"right", "declined rightly", "found"})
NEUTRAL: frozenset[Outcome] = frozenset({"answered", "searched"})
SHORTEST_CUT = 5


def outcome(row: Row) -> Outcome:
    """Return what became of a question."""
    scores = row.scores
    if row.record.error:
        return "failed"
    if row.record.answer is None:
        if not row.facts:
            return "searched"
        share = scores[f"facts@{DEPTH}"]
        return "found" if share == 1 else "found in part" if share else "not found"
    if "declined" in scores:
        return "declined rightly" if scores["declined"] else "answered wrongly"
    if scores["wrongly_declined"]:
        return "declined wrongly"
    right = scores.get("right", scores.get("corrected"))
    return "answered" if right is None else "right" if right else "wrong"


def faults(row: Row) -> list[str]:
    """Return what went wrong, in words, the first cause first; nothing where all is well."""
    if row.record.error:
        return [row.record.error]
    if row.record.answer is None:
        return _retrieval(row)
    what = outcome(row)
    said: list[str] = []
    if what == "answered wrongly":
        said.append("Answered although the articles do not say.")
    elif what == "declined wrongly":
        said.append("Declined although the articles answer it.")
        said += _retrieval(row)
    elif what == "wrong":
        missing = lacking(without_marks(row.record.answer["text"]), row.question.must_have)
        if row.question.kind == FALSE_PREMISE:
            said.append("The false premise is not corrected.")
        said += _retrieval(row)
        said += [f"The answer lacks {_either(group)}." for group in missing]
    elif row.facts and row.scores.get("facts_cited") == 0:
        said.append("Right, but its quotes do not hold what was needed.")
    return said + _citations(row)


def _retrieval(row: Row) -> list[str]:
    """On which step a needed fact got lost."""
    if not row.facts:
        return []
    if any(place.start < 0 for fact in row.facts for place in fact):
        return ["A gold quote does not stand in the indexed articles."]
    missed = [fact for fact in row.facts if not facts_found(row.record.hits[:DEPTH], [fact])]
    found = len(row.facts) - len(missed)
    if missed and found:
        return [f"{len(missed)} of {len(row.facts)} needed facts not retrieved among the first {DEPTH} passages."]
    if missed:
        return [f"Needed fact not retrieved among the first {DEPTH} passages."]
    if row.record.answer is None:
        late = row.scores[f"facts@{SHORTEST_CUT}"] < 1
        return [f"Retrieved, but not among the first {SHORTEST_CUT}."] if late else []
    if facts_found(row.record.evidence, row.facts) < 1:
        return ["Needed fact retrieved, but its sentences were not shown to the model."]
    if outcome(row) == "wrong":
        return ["Needed fact retrieved and shown to the model, but not in the answer."]
    return ["Needed fact retrieved and shown to the model."]


def _citations(row: Row) -> list[str]:
    said = []
    if row.scores.get("quotes_exact", 1.0) < 1:
        said.append("A quote is not what stands in the article at its place.")
    if not row.scores.get("marks_resolve", 1.0):
        said.append("A mark has no citation, or a citation no mark.")
    said += [f"Neither quote nor question says {', '.join(missing)}: “{text}”" for text, missing in row.claims]
    said += [f"Not supported by its quotes: “{verdict.text}”" for verdict in row.verdicts if not verdict.supported]
    return said


def _either(group: Sequence[str]) -> str:
    words = [f"“{spelling}”" for spelling in group[:4]]
    return " or ".join(words)
