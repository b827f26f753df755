"""Hits to evidence: the sentences that the model is shown, numbered, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from askoctober.retrieval import Retriever
from askoctober.retrieval.fusion import max_sim, min_max
from askoctober.types import Evidence, FloatArray, Hit, Span

CHARACTERS_PER_TOKEN = 4.3
"""English prose in the tokens of current language models; only used to spend the budget, never to cut text."""
TOKENS_PER_MARK = 6
HIT_WEIGHT = 1.0
"""What the hit's score counts for in a sentence's, beside its late interaction with the question."""
NEIGHBOUR = 0.9
"""A sentence beside a better one takes this share of its score: what stands around the best sentence explains it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a hit that may be shown."""

    hit: Hit
    place: int
    span: Span


@dataclass(frozen=True, slots=True)
class Selection:
    """The evidence, and how well each of its sentences answers the question and each part of it.

    `relevance` has shape (1 + parts, sentences), the question first; sentences in the order of the evidence. Values
    are in [0, 1] and compare within one row.
    """

    evidence: tuple[Evidence, ...]
    relevance: FloatArray


def select_evidence(question: str, hits: Sequence[Hit], retriever: Retriever, budget: int) -> tuple[Evidence, ...]:
    """Return the best sentences of the hits, adjoining ones as one piece, within `budget` tokens; see `select`."""
    return select(question, hits, retriever, budget).evidence


def select(
    question: str, hits: Sequence[Hit], retriever: Retriever, budget: int, parts: Sequence[str] = ()
) -> Selection:
    """Return the best sentences of the hits, adjoining ones as one piece, within `budget` tokens.

    A sentence counts as what it is worth to the question, or to the part of the question that it answers best. Pieces
    are numbered from 1, in the order of their hits and of the text. At least one sentence is returned where there is a
    hit at all.
    """
    candidates, relevance = _candidates((question, *parts), hits, retriever)
    best = _beside(candidates, relevance.max(axis=0))
    chosen: set[int] = set()
    spent = 0.0
    for at in np.argsort(-best, kind="stable").tolist():
        span = candidates[at].span
        cost = (span.end - span.start) / CHARACTERS_PER_TOKEN
        # A neighbour joins its piece and needs no number of its own.
        if not any(candidates[beside].hit is candidates[at].hit for beside in {at - 1, at + 1} & chosen):
            cost += TOKENS_PER_MARK
        if spent + cost <= budget or not chosen:
            chosen.add(at)
            spent += cost
    kept = sorted(chosen)
    return Selection(_number([candidates[at] for at in kept]), relevance[:, kept])


def _candidates(asked: Sequence[str], hits: Sequence[Hit], retriever: Retriever) -> tuple[list[Candidate], FloatArray]:
    """Return every sentence of the hits, in order, and what it is worth to each question, shape (asked, sentences)."""
    store = retriever.store
    _, tokens = retriever.encoder.encode_tokens(list(asked))
    queries = [store.project_tokens(vectors) for vectors in tokens]
    candidates: list[Candidate] = []
    late: list[list[float]] = []
    for hit in hits:
        row = store.row(hit.chunk.id)
        ends = np.cumsum(store.token_counts(row))
        blocks = np.split(store.token_vectors(row), ends[:-1])
        for place, (span, block) in enumerate(zip(store.sentences(row), blocks, strict=True)):
            candidates.append(Candidate(hit, place, span))
            late.append([max_sim(query, block) for query in queries])
    if not candidates:
        return [], np.zeros((len(asked), 0), np.float32)
    of_hit = min_max(np.array([candidate.hit.score for candidate in candidates], np.float32))
    of_sentence = np.stack([min_max(np.array(values, np.float32)) for values in zip(*late, strict=True)])
    return candidates, (HIT_WEIGHT * of_hit + of_sentence) / (HIT_WEIGHT + 1)


def _beside(candidates: Sequence[Candidate], scores: FloatArray) -> FloatArray:
    """Raise the score of a sentence beside a better one of the same hit."""
    best = scores.copy()
    for at in range(1, len(candidates)):
        if candidates[at].hit is candidates[at - 1].hit:
            best[at] = max(best[at], NEIGHBOUR * scores[at - 1])
            best[at - 1] = max(best[at - 1], NEIGHBOUR * scores[at])
    return best


def _number(chosen: Sequence[Candidate]) -> tuple[Evidence, ...]:
    """Join adjoining sentences and number the pieces."""
    pieces: list[list[Candidate]] = []
    for candidate in chosen:
        last = pieces[-1][-1] if pieces else None
        if last and last.hit is candidate.hit and last.place + 1 == candidate.place:
            pieces[-1].append(candidate)
        else:
            pieces.append([candidate])
    evidence = []
    for mark, piece in enumerate(pieces, start=1):
        start, end = piece[0].span.start, piece[-1].span.end
        hit = piece[0].hit
        text = hit.chunk.article.text[start:end]
        evidence.append(Evidence(mark, hit, start, end, text, tuple(c.span for c in piece)))
    return tuple(evidence)
