"""What a peer's answers are worth: facts found, answers right, citations, declines; the same rules for all.

The measures are those of `askoctober eval`; here they are applied to rows as `protocol.py` writes them, whose citations
may also be made for a whole answer. A question is one of `askoctober.evaluation.questions`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from askoctober.chunking import sentence_spans
from askoctober.evaluation.answers import answered_right
from askoctober.evaluation.claims import lower_case_words
from askoctober.evaluation.judging import Judge, WordsJudge, supports
from askoctober.evaluation.questions import FALSE_PREMISE, Question
from askoctober.evaluation.retrieval import Fact, Place, facts_found, needed_facts

SEVERAL = "multi_source"
"""The kind of question of which an answer must cite every needed fact, not only one."""
MARKS = re.compile(r"\[(\d+(?:\s*,\s*\d+)*)\]")
FAILED = {"text": "", "retrieved": [], "cited": [], "declined": False}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Share:
    """A share with what it is a share of; `value` is None of nothing."""

    got: float
    of: int

    @property
    def value(self) -> float | None:
        """The share, in [0, 1]."""
        return self.got / self.of if self.of else None

    def __str__(self) -> str:
        return "–" if self.value is None else f"{self.value:.2f} ({self.got:g}/{self.of})"


@dataclass
class Citations:
    """Counts over answers: sentences, those that are supported, citations, those that are precise."""

    sentences: int = 0
    supported: int = 0
    cited: int = 0
    precise: int = 0

    def add(self, row: Row, texts: Mapping[str, str], judge: Judge) -> None:
        """Count an answer, after ALCE (Gao et al. 2023, section 3.3).

        A sentence is supported if all that it cites supports it together. A citation of a supported sentence is precise
        if it supports it alone, or if the rest does not without it. A passage that is cited for the whole answer counts
        for every sentence, and is precise if it is for one. A mark that names no source is a citation, and not precise.
        """
        by_mark: dict[int, list[str]] = {}
        whole: list[str] = []
        for passage in row["cited"]:
            text = texts[passage["file"]][passage["start"] : passage["end"]]
            (whole if passage["mark"] is None else by_mark.setdefault(passage["mark"], [])).append(text)
        precise_whole: set[int] = set()
        for sentence in sentences(row["text"]):
            named = {int(mark) for marks in MARKS.findall(sentence) for mark in marks.split(",")}
            named = named if by_mark or not whole else set()
            sources = whole + ["\n".join(by_mark[mark]) for mark in sorted(named) if mark in by_mark]
            said = MARKS.sub("", sentence).strip()
            self.sentences += 1
            self.cited += len(named)
            if not supports(judge, said, sources):
                continue
            self.supported += 1
            for place, source in enumerate(sources):
                others = sources[:place] + sources[place + 1 :]
                if supports(judge, said, [source]) or not supports(judge, said, others):
                    if place < len(whole):
                        precise_whole.add(place)
                    else:
                        self.precise += 1
        self.cited += len(whole)
        self.precise += len(precise_whole)


def sentences(text: str) -> list[str]:
    """Return the sentences of an answer; marks that stand by themselves belong to the sentence before them."""
    found: list[str] = []
    for span in sentence_spans(text):
        sentence = text[span.start : span.end]
        if found and not MARKS.sub("", sentence).strip(" ."):
            found[-1] += f" {sentence}"
        else:
            found.append(sentence)
    return found


def score(questions: Sequence[Question], rows: Mapping[str, Row], texts: Mapping[str, str]) -> dict[str, str]:
    """Return a peer's column of the table. An answer that is an error counts as neither right, cited nor declined."""
    pairs: list[tuple[Question, Row]] = [(question, {**FAILED, **rows[question.id]}) for question in questions]
    answerable = [(question, row) for question, row in pairs if question.answerable]
    unanswerable = [row for question, row in pairs if not question.answerable]
    given = [(question, row) for question, row in pairs if row["text"] and not row["declined"]]
    labelled = [(row, facts) for question, row in answerable if (facts := needed_facts(question, texts))]
    found = [facts_found(places(row["retrieved"]), facts) for row, facts in labelled]
    cites = [
        _cites(row, facts, every=question.kind == SEVERAL)
        for question, row in given
        if question.answerable and (facts := needed_facts(question, texts))
    ]
    ordinary = lower_case_words([*texts.values(), *(question.question for question in questions)])
    counts, judge = Citations(), WordsJudge(ordinary)
    for _, row in given:
        counts.add(row, texts, judge)
    first = [row["first_token_s"] for _, row in given if row.get("first_token_s") is not None]
    return {
        "needed facts found @5": f"{mean(found):.2f} (of {len(found)} questions)" if found else "–",
        "characters of a retrieved passage, p50": _length(row["retrieved"] for _, row in pairs),
        "answers right": _right(answerable),
        "of these, several sources": _right(answerable, SEVERAL),
        "of these, false premises": _right(answerable, FALSE_PREMISE),
        "citation recall (of sentences)": str(Share(counts.supported, counts.sentences)),
        "citation precision": str(Share(counts.precise, counts.cited)),
        "answers that cite what is needed": str(Share(sum(cites), len(cites))),
        "characters of a citation, p50": _length(row["cited"] for _, row in given),
        "declined, unanswerable": str(Share(sum(row["declined"] for row in unanswerable), len(unanswerable))),
        "declined, answerable": str(Share(sum(row["declined"] for _, row in answerable), len(answerable))),
        "ended in an error": str(Share(sum("error" in row for _, row in pairs), len(pairs))),
        "first token of answers p50, s": f"{median(first):.1f}" if first else "not streamed",
        "whole reply p50, s": f"{median(row['total_s'] for _, row in pairs):.1f}",
    }


def remarks(rows: Sequence[Row]) -> list[str]:
    """Return what a peer's script remarked on its replies, each with how often."""
    counts = Counter(remark for row in rows for remark in row.get("remarks", ()))
    return [f"{remark}: {count} of {len(rows)}" for remark, count in sorted(counts.items())]


def places(passages: Sequence[Mapping[str, Any]]) -> list[Place]:
    """Return passages of a row as places in the articles."""
    return [Place(passage["file"], passage["start"], passage["end"]) for passage in passages]


def _cites(row: Row, facts: Sequence[Fact], *, every: bool) -> bool:
    share = facts_found(places(row["cited"]), facts)
    return share == 1.0 if every else share > 0


def _right(pairs: Sequence[tuple[Question, Row]], kind: str = "") -> str:
    chosen = [(q, row) for q, row in pairs if q.must_have and kind in ("", q.kind)]
    return str(Share(sum(answered_right(question, row) for question, row in chosen), len(chosen)))


def _length(lists: Any) -> str:
    lengths = [passage["end"] - passage["start"] for passages in lists for passage in passages]
    return f"{median(lengths):.0f}" if lengths else "–"
