"""One question's scores: every metric that applies to it, by name.

What the names mean stands in `METRICS`; the definitions, with their sources, in the functions that are called here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from askoctober.evaluation import answers, citations
from askoctober.evaluation.citations import Verdict
from askoctober.evaluation.claims import lower_case_words, unsupported_claims
from askoctober.evaluation.judging import Judge
from askoctober.evaluation.questions import FALSE_PREMISE, Question
from askoctober.evaluation.retrieval import CUTS, DEPTH, Fact, Place, facts_found, ndcg, needed_facts, reciprocal_rank
from askoctober.evaluation.running import Record

SEVERAL = "multi_source"
"""The kind of question of which every needed fact has to be cited."""


@dataclass(frozen=True, slots=True)
class Metric:
    """How a score is shown and summed up; for most a higher value is better."""

    label: str
    lower_is_better: bool = False
    summary: Literal["mean", "median"] = "mean"


METRICS = {
    **{f"facts@{k}": Metric(f"needed facts found @{k}") for k in CUTS},
    **{f"complete@{k}": Metric(f"every needed fact found @{k}") for k in CUTS},
    "mrr": Metric("MRR"),
    "ndcg@10": Metric("nDCG@10"),
    **{f"followup_facts@{k}": Metric(f"needed facts of follow-ups found @{k}") for k in CUTS},
    **{f"raw_facts@{k}": Metric(f"the same, searched by their last message alone, @{k}") for k in CUTS},
    "facts_read": Metric("needed facts shown to the model"),
    "right": Metric("answers right"),
    "corrected": Metric("false premises corrected"),
    "f1": Metric("token F1"),
    "exact_match": Metric("exact match"),
    "declined": Metric("declined, unanswerable"),
    "wrongly_declined": Metric("declined although answerable", lower_is_better=True),
    "quotes_exact": Metric("quotes exact"),
    "marks_resolve": Metric("marks resolve"),
    "claims_supported": Metric("sentences whose numbers, dates and names occur in their quotes or the question"),
    "facts_cited": Metric("a needed fact cited (of several sources: all)"),
    "citation_recall": Metric("citation recall"),
    "citation_precision": Metric("citation precision"),
    "evidence_s": Metric("time to evidence, s", True, "median"),
    "first_token_s": Metric("first token, s", True, "median"),
    "total_s": Metric("whole answer, s", True, "median"),
    "tokens_read": Metric("tokens read", True),
    "tokens_cached": Metric("of these from the cache"),
    "tokens_written": Metric("tokens written", True),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A question with what became of it; a score is absent where the metric does not apply."""

    question: Question
    record: Record
    facts: Sequence[Fact]
    scores: Mapping[str, float]
    verdicts: Sequence[Verdict] = ()
    claims: Sequence[tuple[str, Collection[str]]] = field(default=())
    """Sentences with the numbers and names that neither their quotes nor the question hold."""


def score(
    question: Question, record: Record, texts: Mapping[str, str], ordinary: Collection[str], judge: Judge | None
) -> Row:
    """Return the scores of a question; `texts` are the articles by path, `ordinary` their words in lower case.

    A question that failed has found nothing and is not right.
    """
    facts = needed_facts(question, texts)
    scores = _retrieval(record, facts, bool(question.history))
    if record.answer is None:
        if record.error:
            scores |= _failed(question)
        return Row(question, record, facts, scores)
    answer = record.answer
    if facts:
        scores["facts_read"] = facts_found(record.evidence, facts)
    if question.answerable:
        scores["wrongly_declined"] = float(answer["declined"])
        if question.must_have:
            name = "corrected" if question.kind == FALSE_PREMISE else "right"
            scores[name] = float(answers.answered_right(question, answer))
        references = question.answers or ((question.answer,) if question.answer else ())
        if references:
            said = "" if answer["declined"] else answers.without_marks(answer["text"])
            scores["f1"] = answers.token_f1(said, references)
            if question.answers:
                scores["exact_match"] = float(answers.exact_match(said, references))
    else:
        scores["declined"] = float(answer["declined"])
    scores["marks_resolve"] = float(answers.marks_resolve(answer))
    claims = _unsupported(question, record, ordinary)
    verdicts: list[Verdict] = []
    if answer["citations"]:
        scores["quotes_exact"] = answers.quotes_exact(answer, texts)
    if answer["sentences"]:
        scores["claims_supported"] = 1 - len(claims) / len(answer["sentences"])
        if facts:
            every = question.kind == SEVERAL
            scores["facts_cited"] = float(citations.facts_cited(answer, facts, every=every))
        if judge is not None:
            verdicts = citations.judge_sentences(answer, judge)
            scores["citation_recall"] = citations.citation_recall(verdicts)
            precision = citations.citation_precision(verdicts)
            if precision is not None:
                scores["citation_precision"] = precision
    scores |= _costs(record)
    return Row(question, record, facts, scores, verdicts, claims)


def _retrieval(record: Record, facts: Sequence[Fact], follows: bool) -> dict[str, float]:
    scores: dict[str, float] = {}
    if not record.error and not record.answer:
        scores["evidence_s"] = record.evidence_ms / 1000
    if not facts:
        return scores
    for k in CUTS:
        share = facts_found(record.hits[:k], facts)
        scores |= {f"facts@{k}": share, f"complete@{k}": float(share == 1)}
        if follows:
            scores[f"followup_facts@{k}"] = share
            scores[f"raw_facts@{k}"] = facts_found(record.raw_hits[:k], facts)
    scores["mrr"] = reciprocal_rank(record.hits[:DEPTH], facts)
    scores["ndcg@10"] = ndcg(record.hits, facts)
    return scores


def _failed(question: Question) -> dict[str, float]:
    if not question.answerable:
        return {"declined": 0.0}
    return {"corrected" if question.kind == FALSE_PREMISE else "right": 0.0} if question.must_have else {}


def _unsupported(question: Question, record: Record, ordinary: Collection[str]) -> list[tuple[str, Collection[str]]]:
    """The sentences that say a number or name which neither their quotes nor the question (or its history) hold."""
    assert record.answer is not None
    asked = [question.question, *(turn["content"] for turn in question.history)]
    quotes = {citation["mark"]: citation["quote"] for citation in record.answer["citations"]}
    known = set(ordinary) | lower_case_words(asked)
    found: list[tuple[str, Collection[str]]] = []
    for sentence in record.answer["sentences"]:
        sources = [*asked, *(quotes[mark] for mark in sentence["marks"] if mark in quotes)]
        missing = unsupported_claims(sentence["text"], sources, known)
        if missing:
            found.append((sentence["text"], sorted(missing)))
    return found


def _costs(record: Record) -> dict[str, float]:
    """Seconds and tokens; first token and whole answer only where an answer was written, for a decline is quick."""
    assert record.answer is not None
    timings = record.answer["timings"]
    costs = {"evidence_s": record.evidence_ms / 1000}
    if not record.answer["declined"]:
        costs |= {"first_token_s": timings["first_token_ms"] / 1000, "total_s": timings["total_ms"] / 1000}
    if record.usage:
        costs |= {f"tokens_{name}": float(record.usage[name]) for name in ("read", "cached", "written")}
    return costs


def places_of(facts: Sequence[Fact]) -> list[Place]:
    """Return every place of every needed fact."""
    return [place for fact in facts for place in fact]
