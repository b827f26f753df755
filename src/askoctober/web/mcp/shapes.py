"""What the tools take and give, as the schemas that clients are shown: the JSON of `askoctober search` and `ask`.

What comes in is read by these models; what goes out is the contract's own JSON, which they describe.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from askoctober.web.contract import ArticleOut, HitOut

MOST_HITS = 50
LONGEST_READ = 20_000
"""Characters of an article that are read at once."""
Offset = Annotated[int, Field(ge=0, description="characters into the article's text")]
Dated = Annotated[str, Field(max_length=10, description="an ISO 8601 date or its beginning: 1917, 1917-10, 1917-10-25")]
Names = Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=100)]


class Given(BaseModel):
    """Arguments: what is not known is refused, so that a misspelt filter is not passed over."""

    model_config = ConfigDict(extra="forbid")


class Turn(Given):
    """An earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    content: str = Field(max_length=8000)


class SearchGiven(Given):
    """Arguments of `search`."""

    question: str = Field(max_length=4000, description="a question, or what is looked for, in words")
    k: int = Field(5, ge=1, le=MOST_HITS, description="how many passages at most")
    articles: Names = Field([], description="only these articles, by id or path")
    authors: Names = Field([], description="only articles by these authors")
    since: Dated | None = None
    until: Dated | None = None
    threshold: float = Field(-1.0, ge=-1, le=1, allow_inf_nan=False, description="least cosine with the question")


class AskGiven(Given):
    """Arguments of `ask`."""

    question: str = Field(max_length=4000, description="one question in words")
    history: list[Turn] = Field([], max_length=20, description="earlier turns, oldest first, if it follows from them")


class ReadGiven(Given):
    """Arguments of `read_article`."""

    id: str = Field(max_length=1000, description="the article's id, as hits and citations give it")
    start: Offset = 0
    end: Offset | None = Field(None, description=f"exclusive; at most {LONGEST_READ} characters are read at once")


class SearchShape(BaseModel):
    """What `search` gives: passages, best first."""

    hits: list[HitOut]


class ReadShape(BaseModel):
    """What `read_article` gives: the text from `start` to `end`, of `length` characters in all."""

    article: ArticleOut
    start: int
    end: int
    length: int
    text: str
