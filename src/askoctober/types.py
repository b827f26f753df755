"""What passes between the rooms: plain frozen records, and the protocols that the engines behind them satisfy.

Offsets are Unicode characters into `Article.text`, start inclusive, end exclusive. Scores: higher is better.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from askoctober.display import answer_html, hit_html

FloatArray: TypeAlias = NDArray[np.float32]
IntArray: TypeAlias = NDArray[np.int64]
Message: TypeAlias = Mapping[str, str]
"""One turn of a conversation: `{"role": "system" | "user" | "assistant", "content": ...}`."""

SentenceSupport: TypeAlias = Literal["quoted", "supported", "repaired"]
"""How a sentence stands: in its source's own words, in the model's words and checked, or put back to the source's."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Another place where the same article was found, all but word for word."""

    path: str
    title: str
    author: str = ""
    publisher: str = ""
    date: str = ""
    url: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the JSON object of an article's `copies`."""
        return {name: getattr(self, name) for name in ("path", "title", "author", "publisher", "date", "url")}


@dataclass(frozen=True, slots=True)
class Article:
    """One article of the shelf; `text` is what was indexed.

    For Markdown and plain text its offsets are those of the file. `pages` holds the offset at which each page begins,
    the first at 0, where the file has pages. `copies` are the places where the same article was found besides. `extra`
    is what else the file says of it, by name.
    """

    id: str
    path: str
    title: str
    author: str = ""
    publisher: str = ""
    date: str = ""
    url: str = ""
    language: str = ""
    text: str = field(default="", repr=False)
    pages: tuple[int, ...] = field(default=(), repr=False)
    copies: tuple[Copy, ...] = field(default=(), repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    def page(self, offset: int) -> int | None:
        """Return the number of the page, from 1, that holds the character at `offset`; None where there are none."""
        return bisect_right(self.pages, offset) or None

    def page_range(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the numbers of the first and the last page of `text[start:end]`; None where there are no pages."""
        first, last = self.page(start), self.page(max(start, end - 1))
        return (first, last) if first and last else None

    def to_dict(self) -> dict[str, Any]:
        """Return what a reader needs to find the article again (the JSON contract; no text).

        "copies" stands there only where there are any.
        """
        names = ("id", "path", "title", "author", "publisher", "date", "url")
        copies = {"copies": [copy.to_dict() for copy in self.copies]} if self.copies else {}
        return {name: getattr(self, name) for name in names} | copies


def in_pages(pages: tuple[int, int] | None) -> str:
    """Return "p. 12" or "pp. 12-13"; "" where no page is known."""
    if pages is None:
        return ""
    first, last = pages
    return f"p. {first}" if first == last else f"pp. {first}-{last}"


def _page_key(pages: tuple[int, int] | None) -> dict[str, Any]:
    """Return the optional key of the JSON contract: a page, or the first and the last."""
    if pages is None:
        return {}
    return {"page": pages[0] if pages[0] == pages[1] else list(pages)}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of an article's text, in characters."""

    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        """Whether the two share at least one character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage that is retrieved as one; `article.text[start:end] == text`."""

    id: str
    article_id: str
    heading: str
    text: str
    start: int
    end: int
    article: Article = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved chunk; `rank` runs from 1, `score` falls with it, `signals` says what each ranker gave."""

    chunk: Chunk
    score: float
    rank: int
    signals: Mapping[str, float] = field(default_factory=dict)

    @property
    def pages(self) -> tuple[int, int] | None:
        """The first and the last page of the chunk; None where its article has no pages."""
        return self.chunk.article.page_range(self.chunk.start, self.chunk.end)

    def _repr_html_(self) -> str:
        """Return the passage as a notebook shows it."""
        return hit_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of `askoctober search`; "page" only where pages are known."""
        chunk = self.chunk
        return {
            "rank": self.rank,
            "score": round(self.score, 6),
            "chunk_id": chunk.id,
            "start": chunk.start,
            "end": chunk.end,
            "text": chunk.text,
            "heading": chunk.heading,
            "article": chunk.article.to_dict(),
            **_page_key(self.pages),
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentences that were shown to the model under the number `mark`; `article.text[start:end] == text`."""

    mark: int
    hit: Hit
    start: int
    end: int
    text: str
    sentences: tuple[Span, ...] = ()

    @property
    def article(self) -> Article:
        """The article the sentences stand in."""
        return self.hit.chunk.article


@dataclass(frozen=True, slots=True)
class Citation:
    """The exact place that supports a sentence; `article.text[start:end] == quote`.

    `support` is the cosine similarity of the sentence with the closest sentence of the quote, in [0, 1].
    """

    mark: int
    article: Article
    start: int
    end: int
    quote: str
    support: float

    @property
    def pages(self) -> tuple[int, int] | None:
        """The first and the last page of the quote; None where its article has no pages."""
        return self.article.page_range(self.start, self.end)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of an answer's `citations`; "page" only where pages are known."""
        return {
            "mark": self.mark,
            "article": self.article.to_dict(),
            "start": self.start,
            "end": self.end,
            "quote": self.quote,
            "support": round(self.support, 4),
            **_page_key(self.pages),
        }


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer after its check, without its marks; `text` is plain, untrusted prose."""

    text: str
    marks: tuple[int, ...]
    support: SentenceSupport

    def __str__(self) -> str:
        return self.text + (" " + "".join(f"[{mark}]" for mark in self.marks) if self.marks else "")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of an answer's `sentences`."""
        return {"text": self.text, "marks": list(self.marks), "support": self.support}


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer: every `[n]` in `text` has a citation, every citation an `[n]`; declined means no citations.

    `confidence` is the estimated probability, in [0, 1], that the articles answer the question.
    """

    question: str
    standalone_question: str
    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    declined: bool
    confidence: float
    model: str
    timings: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.citations:
            return self.text
        sources = [
            f'[{c.mark}] {", ".join(filter(None, (c.article.title, in_pages(c.pages))))}: "{" ".join(c.quote.split())}"'
            for c in self.citations
        ]
        return "\n".join([self.text, "", *sources])

    def _repr_html_(self) -> str:
        """Return the answer as a notebook shows it: each mark opens its source."""
        return answer_html(self)

    def to_dict(self, id: str | None = None) -> dict[str, Any]:
        """Return the JSON object of `askoctober ask`, under the caller's `id`."""
        return {
            "id": id,
            "question": self.question,
            "standalone_question": self.standalone_question,
            "text": self.text,
            "declined": self.declined,
            "confidence": round(self.confidence, 4),
            "sentences": [sentence.to_dict() for sentence in self.sentences],
            "citations": [citation.to_dict() for citation in self.citations],
            "hits": [hit.to_dict() for hit in self.hits],
            "model": self.model,
            "timings": {name: round(value, 1) for name, value in self.timings.items()},
        }


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """First event of a stream: what was asked in the end, what was found, and what the model is about to read."""

    standalone_question: str
    hits: tuple[Hit, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The model has read `done` of the `total` tokens that it reads before it writes."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A piece of the draft as the model writes it; unchecked, to be replaced by `SentenceChecked`."""

    text: str


@dataclass(frozen=True, slots=True)
class SentenceChecked:
    """A sentence of the draft has been checked: the final one with its citations, or None where it was dropped."""

    sentence: Sentence | None
    citations: tuple[Citation, ...] = ()


Event: TypeAlias = EvidenceFound | Reading | TextPiece | SentenceChecked | Answer
"""What `Assistant.stream` yields: EvidenceFound, how far reading is, pieces and checked sentences, then the Answer."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of generated text; the counts are known on the last one of a generation and zero before."""

    text: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Filter:
    """Which articles are searched: those that satisfy every field that is given; a field of several values, any.

    `articles` are ids or paths; `authors` are compared whole, in any case; `since` and `until` are ISO 8601 dates or
    their beginnings ("1917", "1917-10"), both inclusive: an article dated by its year alone is admitted by any date in
    that year, one without a date by none. `metadata` names other fields, those of `Article.extra` included.
    """

    articles: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    metadata: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def admits(self, article: Article) -> bool:
        """Whether an article is searched."""
        return (
            (not self.articles or bool({article.id, article.path} & set(self.articles)))
            and (not self.authors or article.author.casefold() in {name.casefold() for name in self.authors})
            and self._spans(article.date)
            and all(_field(article, name) in values for name, values in self.metadata)
        )

    def _spans(self, date: str) -> bool:
        first, last = (date[: min(len(date), len(bound))] for bound in (self.since, self.until))
        return not (self.since or self.until) or bool(
            date and first >= self.since[: len(first)] and last <= (self.until[: len(last)] if self.until else last)
        )


def _field(article: Article, name: str) -> str:
    known = name in ("id", "path", "title", "author", "publisher", "date", "url", "language")
    return str(getattr(article, name)) if known else article.extra.get(name, "")


class Encoder(Protocol):
    """Text to unit vectors."""

    name: str
    fingerprint: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors of shape (len(texts), dimension)."""
        ...

    def encode_tokens(self, texts: Sequence[str]) -> tuple[FloatArray, list[FloatArray]]:
        """Return the same vectors, and for each text the unit vectors of its tokens, shape (tokens, dimension)."""
        ...


class Generator(Protocol):
    """Messages to streamed text. Implementations are safe to call from several threads, one call at a time."""

    @property
    def name(self) -> str:
        """What answers say wrote them."""
        ...

    def generate(self, messages: Sequence[Message], *, grammar: str = "", max_tokens: int = 256) -> Iterator[Piece]:
        """Yield the reply piece by piece, greedily; closing the iterator stops the generation.

        `grammar` is GBNF; an engine without constrained decoding ignores it.
        """
        ...

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Read a prompt ahead, so that what follows it begins at once; yield how many tokens are read, of how many.

        Closing the iterator stops the reading. An engine that keeps nothing of what it read yields nothing.
        """
        ...

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        """Return the probability that the reply's first token is each of `options`, renormalised to sum to 1."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


class Store(Protocol):
    """An opened index. Rows are positions of chunks, from 0; a reader keeps what it opened."""

    @property
    def size(self) -> int:
        """How many chunks there are."""
        ...

    def articles(self) -> Sequence[Article]:
        """Every article of the shelf, in order of path."""
        ...

    def article(self, article_id: str) -> Article:
        """The article of an id; raises IndexFolderError where there is none."""
        ...

    def filtered(self, filter: Filter) -> Store:
        """The part of the index that a filter admits, as an index of its own, with rows of its own; cheap to ask for.

        It shares what is open, and is closed with the whole. Word frequencies are those of the part. Raises
        QuestionError where the filter names a field that no article has.
        """
        ...

    def chunk(self, row: int) -> Chunk:
        """The chunk at a row."""
        ...

    def row(self, chunk_id: str) -> int:
        """The row of a chunk."""
        ...

    def sentences(self, row: int) -> tuple[Span, ...]:
        """The sentence spans of a chunk, in the article's offsets."""
        ...

    def search_dense(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """Rows and cosines of the k chunks nearest to a unit vector of shape (dimension,)."""
        ...

    def search_sentences(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """Rows of the chunks that hold the k nearest sentences, with the cosines of those sentences."""
        ...

    def best_sentences(self, rows: IntArray, vector: FloatArray) -> FloatArray:
        """The cosine of each chunk's nearest sentence with a unit vector, shape (len(rows),); 0 where it has none."""
        ...

    def search_words(self, text: str, k: int) -> tuple[IntArray, FloatArray]:
        """Rows and BM25 scores (higher is better) of the k best chunks for the words of a text."""
        ...

    def word_frequency(self, word: str) -> int:
        """How many chunks hold a word, in any form that the word search takes for the same."""
        ...

    def chunk_vectors(self, rows: IntArray) -> FloatArray:
        """Unit vectors of chunks, shape (len(rows), dimension)."""
        ...

    def sentence_vectors(self, row: int) -> FloatArray:
        """Unit vectors of a chunk's sentences, shape (sentences, dimension)."""
        ...

    def token_vectors(self, row: int) -> FloatArray:
        """Token vectors of a chunk for late interaction, shape (tokens, token dimension), sentence after sentence."""
        ...

    def token_counts(self, row: int) -> IntArray:
        """How many of the token vectors belong to each sentence of a chunk, shape (sentences,)."""
        ...

    def project_tokens(self, vectors: FloatArray) -> FloatArray:
        """Bring token vectors of a query, shape (tokens, dimension), into the space of `token_vectors`."""
        ...
