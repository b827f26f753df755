"""The JSON contract of `askoctober search` and `ask`, as the schemas that clients of the API and of MCP are shown."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class CopyOut(BaseModel):
    """Another place where the same article was found."""

    path: str
    title: str
    author: str
    publisher: str
    date: str
    url: str


class ArticleOut(CopyOut):
    """What a reader needs to find an article again."""

    id: str
    copies: list[CopyOut] | None = None


class HitOut(BaseModel):
    """A passage; `text` is characters `start` to `end` of its article."""

    rank: int
    score: float
    chunk_id: str
    start: int
    end: int
    text: str
    heading: str
    article: ArticleOut
    page: int | list[int] | None = None


class CitationOut(BaseModel):
    """The exact place behind a sentence; `quote` is characters `start` to `end` of the article."""

    mark: int
    article: ArticleOut
    start: int
    end: int
    quote: str
    support: float
    page: int | list[int] | None = None


class SentenceOut(BaseModel):
    """A checked sentence, and the marks of its citations."""

    text: str
    marks: list[int]
    support: Literal["quoted", "supported", "repaired"]


class AnswerBody(BaseModel):
    """A checked answer; where the articles do not say, `declined` is true and there are no citations."""

    question: str
    standalone_question: str
    text: str
    declined: bool
    confidence: float
    sentences: list[SentenceOut]
    citations: list[CitationOut]
    hits: list[HitOut]
    model: str
    timings: dict[str, float]
