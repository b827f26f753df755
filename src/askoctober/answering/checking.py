"""Each sentence of a draft against the evidence: supported and cited exactly, repaired from its source, or dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from askoctober.answering.contradiction import contradicts
from askoctober.answering.deciding import disclaims
from askoctober.answering.draft import DraftSentence
from askoctober.answering.facts import ordinary_words, unsupported
from askoctober.answering.prose import plain
from askoctober.answering.words import content
from askoctober.types import Citation, Encoder, Evidence, FloatArray, Sentence, SentenceSupport, Span

CLOSE = 0.55
"""Cosine from which a sentence means what the cited sentence says, if its names and numbers agree."""
NEARLY = 0.5
"""Cosine from which it does if, besides, every word of weight is the quote's or the question's."""
COVER = 0.6
"""A sentence in the model's words shares at least this share of its words of weight with its quotes. That it repeats
the question does not count: a question with a name of the source put in is near to it, whatever it claims."""
LEAST_COVER = 0.4
"""The same, where the sentence is as near to its quote as `NEAREST`."""
NEAREST = 0.75
NEAR = 0.4
"""Cosine from which a second quote may add what the first lacks."""
FEWEST_WORDS = 4
FEWEST_CHARACTERS = 16
"""A scrap is shorter; characters count where a language writes no spaces."""
LONGEST_REPAIR = 400
"""A longer source sentence is not put into an answer."""


@dataclass(frozen=True, slots=True)
class Source:
    """One sentence of the evidence: where it stands, and under which mark."""

    evidence: Evidence
    place: int
    span: Span

    @property
    def text(self) -> str:
        """The sentence as the article has it."""
        return self.evidence.article.text[self.span.start : self.span.end]


class Checker:
    """Checks the sentences of one answer, one after another; remembers what it has already let through."""

    def __init__(self, question: str, evidence: Sequence[Evidence], encoder: Encoder) -> None:
        """Check against `evidence`; names and numbers of `question` need no support."""
        self._question = question
        self._encoder = encoder
        self._sources = [Source(e, i, s) for e in evidence for i, s in enumerate(e.sentences)]
        self._matrix = encoder.encode([source.text for source in self._sources])
        self._ordinary = ordinary_words({e.article.text for e in evidence} | {question})
        self._said: set[str] = set()
        self._checked = False
        self.cover = 0.0
        """The share of the first sentence's words of weight that its quotes hold, or, where that was too small, would
        have held; 0 where its names or numbers stand nowhere."""
        self._short = 0.0
        self.gave_up = False
        """Whether the draft began by saying that the evidence does not answer."""
        self._quotes: dict[int, Citation] = {}

    def check(self, draft: DraftSentence) -> tuple[Sentence | None, tuple[Citation, ...]]:
        """Return the sentence as it may be shown with its citations, or None where nothing supports it.

        A sentence is supported by quotes that hold all its numbers and names (unless the question does) and of which
        one is close to it in meaning. The evidence that the model named is tried first, then the rest; then two
        quotes together. What fails is replaced by the nearest sentence of the evidence, in its own words. A sentence
        about the evidence itself, that it does not say, is dropped.
        """
        sentence, citations = self._check(draft)
        if not self._checked and sentence is not None:
            quoted = " ".join(citation.quote for citation in citations)
            self.cover = self._short if sentence.support == "repaired" else _share(sentence.text, quoted)
        self._checked = True
        return sentence, citations

    def _check(self, draft: DraftSentence) -> tuple[Sentence | None, tuple[Citation, ...]]:
        key = _words(draft.text)
        if disclaims(draft.text):
            self.gave_up = not self._said
            return None, ()
        if key in self._said or not self._sources:
            return None, ()
        near = self.nearness(draft.text)
        disputing = [at for at in np.flatnonzero(near >= CLOSE).tolist() if contradicts(draft.text, self.text_of(at))]
        if disputing:
            # One place says the opposite: it is shown, and others that merely hold the words support nothing.
            self._short = max(_share(draft.text, self.text_of(at)) for at in disputing)
            near[[at for at in range(len(near)) if at not in disputing]] = 0.0
            return self._repair(near)
        quotes = self._find_quotes(draft, near)
        if quotes:
            self._said.add(key)
            verbatim = any(key in _words(citation.quote) for citation in quotes)
            support = "quoted" if verbatim else "supported"
            return Sentence(draft.text, tuple(c.mark for c in quotes), support), self._merge(quotes)  # type: ignore[arg-type]
        return self._repair(near)

    def quote(self, at: int) -> tuple[Sentence | None, tuple[Citation, ...]]:
        """Return the evidence's sentence number `at` in its own words, or None where it is unfit or was said already.

        Sentences are counted from 0 through all pieces of the evidence.
        """
        return self._in_its_own_words(at, "quoted")

    def text_of(self, at: int) -> str:
        """The evidence's sentence number `at` as prose."""
        return plain(self._sources[at].text)

    @property
    def sentence_vectors(self) -> FloatArray:
        """Unit vectors of the evidence's sentences, shape (sentences, dimension)."""
        return self._matrix

    @property
    def said(self) -> str:
        """The words of all that was let through so far."""
        return " ".join(self._said)

    def remark(self, text: str, about: Sequence[int]) -> tuple[Sentence | None, tuple[Citation, ...]]:
        """Return a sentence of the program's own about quotes that are cited, or None where one is not."""
        if not about or not all(self.is_cited(at) for at in about):
            return None, ()
        marks = tuple(dict.fromkeys(self._sources[at].evidence.mark for at in about))
        return Sentence(text, marks, "supported"), tuple(self._quotes[mark] for mark in marks)

    def places_of(self, mark: int) -> list[int]:
        """The numbers of the sentences that are cited under a mark."""
        return [at for at, source in enumerate(self._sources) if source.evidence.mark == mark and self.is_cited(at)]

    def is_cited(self, at: int) -> bool:
        """Whether the quotes so far hold the evidence's sentence number `at`."""
        source = self._sources[at]
        cited = self._quotes.get(source.evidence.mark)
        return cited is not None and cited.start <= source.span.start and source.span.end <= cited.end

    def nearness(self, text: str) -> FloatArray:
        """Return the cosine of a text with each sentence of the evidence, shape (sentences,)."""
        return np.asarray(self._matrix @ self._encoder.encode([text])[0], np.float32)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """What was cited so far, by mark; a mark's quote spans all that was cited under it."""
        return tuple(self._quotes[mark] for mark in sorted(self._quotes))

    def _find_quotes(self, draft: DraftSentence, near: FloatArray) -> tuple[Citation, ...]:
        best = self._best_of_each_mark(near)
        named = [at for mark, at in best.items() if mark in draft.marks]
        others = [at for mark, at in best.items() if mark not in draft.marks]
        ranked = sorted(named, key=lambda at: -near[at]) + sorted(others, key=lambda at: -near[at])
        close = [at for at in ranked if near[at] >= CLOSE or (near[at] >= NEARLY and self._holds_words(draft.text, at))]
        for at in close:
            if (quote := self._smallest_quote(draft.text, at, "", near)) is not None:
                return (self._cite(at, quote, near),)
        for i, first in enumerate(close[:4]):
            for second in ranked[:6]:
                if second in close[: i + 1] or near[second] < NEAR:
                    continue
                if quotes := self._quote_both(draft.text, first, second, near):
                    return quotes
        return ()

    def _quote_both(self, claim: str, first: int, second: int, near: FloatArray) -> tuple[Citation, ...]:
        """Quotes from two pieces of evidence that hold the claim's names and numbers between them, or none."""
        one = self._smallest_quote(claim, first, self._sources[second].evidence.text, near)
        if one is None:
            return ()
        cited = self._cite(first, one, near)
        other = self._smallest_quote(claim, second, cited.quote, near)
        return (cited, self._cite(second, other, near)) if other else ()

    def _best_of_each_mark(self, near: FloatArray) -> dict[int, int]:
        best: dict[int, int] = {}
        for at, source in enumerate(self._sources):
            mark = source.evidence.mark
            if mark not in best or near[at] > near[best[mark]]:
                best[mark] = at
        return best

    def _smallest_quote(self, claim: str, at: int, beside: str, near: FloatArray) -> Span | None:
        """The shortest run of sentences around a source that, with `beside`, holds the claim's names and numbers."""
        source = self._sources[at]
        text = source.evidence.article.text
        for span in _growing(source.evidence.sentences, source.place):
            quote = f"{text[span.start : span.end]} {beside}"
            if self._missing(claim, quote) or contradicts(claim, quote):
                continue
            share = _share(claim, quote)
            if share >= (LEAST_COVER if near[at] >= NEAREST else COVER):
                return span
            self._short = max(self._short, share)
        return None

    def _holds_words(self, claim: str, at: int) -> bool:
        """Whether a source has every word of weight of a claim that the question does not have."""
        return content(claim) <= content(self._sources[at].text) | content(self._question)

    def _missing(self, claim: str, source: str) -> set[str]:
        return unsupported(claim, f"{source} {self._question}", self._ordinary)

    def _cite(self, at: int, span: Span, near: FloatArray) -> Citation:
        source = self._sources[at]
        article = source.evidence.article
        quote = article.text[span.start : span.end]
        return Citation(source.evidence.mark, article, span.start, span.end, quote, float(np.clip(near[at], 0, 1)))

    def _repair(self, near: FloatArray) -> tuple[Sentence | None, tuple[Citation, ...]]:
        for at in np.argsort(-near, kind="stable").tolist():
            if near[at] < NEARLY:
                break
            if self.is_fit(at):
                return self._in_its_own_words(at, "repaired")
        return None, ()

    def is_fit(self, at: int) -> bool:
        """Whether the evidence's sentence number `at` can stand in an answer: neither a scrap nor a page."""
        text = self.text_of(at)
        long_enough = len(text.split()) >= FEWEST_WORDS or (" " not in text and len(text) >= FEWEST_CHARACTERS)
        return len(text) <= LONGEST_REPAIR and long_enough

    def _in_its_own_words(self, at: int, support: SentenceSupport) -> tuple[Sentence | None, tuple[Citation, ...]]:
        source = self._sources[at]
        text = self.text_of(at)
        key = _words(text)
        if not self.is_fit(at) or key in self._said:
            return None, ()
        self._said.add(key)
        evidence, span = source.evidence, source.span
        citation = Citation(evidence.mark, evidence.article, span.start, span.end, source.text, 1.0)
        return Sentence(text, (citation.mark,), support), self._merge((citation,))

    def _merge(self, quotes: Sequence[Citation]) -> tuple[Citation, ...]:
        """Widen what is already cited under a mark to hold the new quote too; return the citations in force."""
        merged = []
        for new in quotes:
            old = self._quotes.get(new.mark)
            if old is not None:
                start, end = min(old.start, new.start), max(old.end, new.end)
                new = Citation(
                    new.mark, new.article, start, end, new.article.text[start:end], min(old.support, new.support)
                )
            self._quotes[new.mark] = new
            merged.append(new)
        return tuple(merged)


def _growing(sentences: Sequence[Span], place: int) -> Iterator[Span]:
    """Yield the sentence at `place`, then runs around it that grow by one sentence, the one before it first."""
    first = last = place
    yield sentences[place]
    while first > 0 or last + 1 < len(sentences):
        if first > 0:
            first -= 1
            yield Span(sentences[first].start, sentences[last].end)
        if last + 1 < len(sentences):
            last += 1
            yield Span(sentences[first].start, sentences[last].end)


def _share(claim: str, quote: str) -> float:
    """The share of a claim's words of weight that a quote holds."""
    words = content(claim)
    return len(words & content(quote)) / max(len(words), 1)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
