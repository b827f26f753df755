"""What clients send and get, as the OpenAPI document shows it; answers are the JSON contract of the command line."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from askoctober.web.contract import AnswerBody, ArticleOut

LONGEST_QUESTION = 4000
LONGEST_TURN = 20_000
MOST_TURNS = 50
MOST_HITS = 100
MOST_VALUES = 100
MOST_FIELDS = 20
LONGEST_NAME = 100
LONGEST_VALUE = 500
_WHO = "Who voted against the insurrection?"


Value: TypeAlias = Annotated[str, Field(max_length=LONGEST_VALUE)]
Values: TypeAlias = Annotated[list[Value], Field(max_length=MOST_VALUES)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class Asked(BaseModel):
    """Read strictly: an unknown name is a mistake, and said to be one."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class Turn(Asked):
    """An earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: str = Field(max_length=LONGEST_TURN)


class AskRequest(Asked):
    """A question, and how it is to be answered."""

    question: str = Field(min_length=1, max_length=LONGEST_QUESTION, examples=[_WHO])
    history: list[Turn] = Field(default=[], max_length=MOST_TURNS, description="Earlier messages, oldest first.")
    passages: int | None = Field(None, ge=1, le=50, description="Passages that the model reads of.")
    answer_length: Literal["short", "normal", "long"] | None = None
    stream: bool = Field(False, description="Send server-sent events, as with `Accept: text/event-stream`.")

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"question": _WHO}, {"question": _WHO, "stream": True}]}
    )


class FilterFields(Asked):
    """Which articles are searched: those for which all that is given holds; of several values, any."""

    articles: Values = Field(default=[], description="Ids or paths.")
    authors: Values = []
    since: str | None = Field(None, pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$", examples=["1917-10"])
    until: str | None = Field(None, pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$", examples=["1918"])
    metadata: dict[Name, Value | Values] = Field(
        default={}, max_length=MOST_FIELDS, description="Other fields, by name."
    )

    def as_filter(self) -> dict[str, Any]:
        """Return it as `Retriever.search` takes it."""
        named = {"articles": self.articles or None, "authors": self.authors or None}
        return {**self.metadata, **named, "since": self.since, "until": self.until}


class SearchRequest(Asked):
    """A question, and which passages are wanted."""

    question: str = Field(min_length=1, max_length=LONGEST_QUESTION, examples=[_WHO])
    k: int = Field(5, ge=1, le=MOST_HITS, description="How many passages at most.")
    threshold: float = Field(-1.0, ge=-1, le=1, allow_inf_nan=False, description="Least cosine with the question.")
    filter: FilterFields | None = None

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"question": _WHO, "k": 3, "filter": {"since": "2013"}}]}
    )


class ArticleText(ArticleOut):
    """An article with its text, or the part of it that was asked for; offsets are characters of the whole text."""

    language: str
    metadata: dict[str, str]
    start: int
    end: int
    length: int
    text: str


class ArticleList(BaseModel):
    """A page of the shelf, in order of path."""

    total: int
    offset: int
    articles: list[ArticleOut]


class AnswerOut(AnswerBody):
    """A checked answer; `id` is always null here."""

    id: str | None = None


class ProblemOut(BaseModel):
    """What was wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None


class State(BaseModel):
    """How the server is."""

    status: Literal["ok", "ready", "closing"]
