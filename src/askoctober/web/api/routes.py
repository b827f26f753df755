"""The HTTP API: ask, search, articles, and how the server is. Errors are problems (RFC 9457); see /openapi.json."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.routing import Route

from askoctober.answering.events import to_dict
from askoctober.config import Config
from askoctober.errors import QuestionError
from askoctober.types import Article, Event, Message
from askoctober.web.api import schemas
from askoctober.web.api.listening import STILL_HERE, ClientGone, EventStream, while_listening
from askoctober.web.api.metrics import TYPE, Metrics
from askoctober.web.api.problems import Nothing, Problem, ProblemRoute, add_handlers, body, describe, respond
from askoctober.web.contract import HitOut
from askoctober.web.desk import Desk, Silence, Waiting

if TYPE_CHECKING:
    from fastapi import FastAPI

Told: TypeAlias = Event | Waiting | Silence
NAMES = {"piece": "text"}
"""Events that the stream calls otherwise than `askoctober ask --json --stream`."""
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.ProblemOut, "content": {"application/problem+json": {}}, "description": why}
    for status, why in {
        404: "There is no such article.",
        413: "The request is too long.",
        422: "The request cannot be read, or is no question.",
        429: "Too many questions or searches wait; see Retry-After.",
        500: "Nobody foresaw this.",
        503: "The model failed, or the server is about to end; see Retry-After.",
        504: "The answer took too long.",
    }.items()
}


UNREADY = {
    "closing": "The server is about to end.",
    "starting": "The language model is being started; ask again in a minute.",
    "down": "The language model has ended, and is started anew; ask again in a minute.",
}
"""Why no questions are taken, by the desk's state."""


def add_api(app: FastAPI, desk: Desk, metrics: Metrics) -> None:
    """Add the API's routes to an application, and have it answer errors as problems."""
    metrics.desk = desk
    add_handlers(app)
    before = len(app.router.routes)
    app.include_router(_asking(desk), prefix="/api", tags=["questions"])
    app.include_router(_articles(desk), prefix="/api/articles", tags=["articles"])
    app.include_router(_state(desk, metrics), tags=["server"])
    nothing = Nothing(app.router.routes[before:])
    for path in ("/api/{rest:path}", "/healthz", "/readyz", "/metrics"):
        app.router.routes.append(Route(path, nothing, include_in_schema=False))


def client_of(request: Request) -> str:
    """Return who asks, as the line before the model tells clients apart: by their address."""
    return request.client.host if request.client else ""


def _asking(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=ProblemRoute)

    @router.post(
        "/ask",
        response_model=schemas.AnswerOut,
        responses=_problems(422, 429, 500, 503, 504) | {200: {"content": {"text/event-stream": {}}}},
    )
    async def ask(request: Request, asked: schemas.AskRequest) -> Response:
        """Answer a question, with the exact place behind every sentence, or say that the articles do not say.

        As JSON, or as server-sent events, each with a JSON object: `evidence`, `waiting`, `reading`, `text`,
        `sentence`, `answer` or `error`. What `text` brings is a draft that nobody has checked: `sentence` replaces it.
        """
        history: list[Message] = [{"role": turn.role, "content": turn.content} for turn in asked.history]
        config = _settings(desk.assistant.config, asked)
        how: dict[str, Any] = {"client": client_of(request), "config": config}
        how |= {"door": "api", "headers": request.headers}
        try:
            if asked.stream or "text/event-stream" in request.headers.get("accept", ""):
                events = desk.stream(asked.question, history, **how)
                # A refusal comes before anything else, and has a status of its own.
                return EventStream(_events(await while_listening(request, _first(events)), events))
            answer = await while_listening(request, desk.ask(asked.question, history, **how))
            return JSONResponse(answer.to_dict())
        except ClientGone:
            return Response(status_code=499)  # nobody reads it

    @router.post("/search", response_model=list[HitOut], responses=_problems(422, 429, 500, 503))
    async def search(request: Request, asked: schemas.SearchRequest) -> Response:
        """Find the passages nearest to a question; no language model."""
        wanted = asked.filter.as_filter() if asked.filter else None
        found = desk.search(asked.question, asked.k, wanted, asked.threshold, client=client_of(request))
        try:
            hits = await while_listening(request, found)
        except ClientGone:
            return Response(status_code=499)  # nobody reads it
        return JSONResponse([hit.to_dict() for hit in hits])

    return router


def _articles(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=ProblemRoute)

    @router.get("", response_model=schemas.ArticleList, responses=_problems(422, 500))
    def articles(
        offset: Annotated[int, Query(ge=0, le=2**31)] = 0, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> Response:
        """List the shelf, in order of path."""
        shelf = desk.assistant.retriever.store.articles()
        listed = [article.to_dict() for article in shelf[offset : offset + limit]]
        return JSONResponse({"total": len(shelf), "offset": offset, "articles": listed})

    @router.get("/{id:path}", response_model=schemas.ArticleText, responses=_problems(404, 422, 500))
    def article(
        id: Annotated[str, Path(max_length=500)],
        start: Annotated[int, Query(ge=0, le=2**31)] = 0,
        end: Annotated[int | None, Query(ge=0, le=2**31)] = None,
    ) -> Response:
        """Give an article's text, or the characters from `start` to `end` of it."""
        found = desk.find_article(id)
        if found is None:
            raise Problem(404, "The shelf holds no such article; see /api/articles.")
        return JSONResponse(_text_of(found, start, end))

    return router


def _state(desk: Desk, metrics: Metrics) -> APIRouter:
    router = APIRouter(route_class=ProblemRoute)

    @router.get("/healthz", response_model=schemas.State)
    async def healthz() -> Response:
        """Say that the server runs."""
        return JSONResponse({"status": "ok"})

    @router.get("/readyz", response_model=schemas.State, responses=_problems(503))
    async def readyz() -> Response:
        """Say whether the server takes questions."""
        state = desk.state
        if state != "ready":
            return respond(Problem(503, UNREADY[state], state=state))
        return JSONResponse({"status": "ready"})

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    def figures() -> Response:
        """Give what is counted and timed, for Prometheus."""
        return Response(metrics.text(), media_type=TYPE)

    return router


async def _first(events: AsyncGenerator[Told]) -> Told:
    return await anext(events)


async def _events(first: Told, rest: AsyncGenerator[Told]) -> AsyncGenerator[bytes]:
    """Yield the events of an answer as server-sent events; an error is the last of them."""
    number = 0

    def event(name: str, data: Mapping[str, Any]) -> bytes:
        nonlocal number
        number += 1
        return f"id: {number}\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=True)}\n\n".encode()

    def described(given: Told) -> bytes:
        if isinstance(given, Silence):
            return STILL_HERE
        if isinstance(given, Waiting):
            return event("waiting", {"position": given.position})
        told = to_dict(given)
        kind = told.pop("type")
        return event(NAMES.get(kind, kind), told)

    try:
        async with aclosing(rest):
            yield described(first)
            async for given in rest:
                yield described(given)
    except Exception as error:
        yield event("error", body(describe(error)))


def _settings(config: Config, asked: schemas.AskRequest) -> Config:
    return dataclasses.replace(
        config, passages=asked.passages or config.passages, answer_length=asked.answer_length or config.answer_length
    )


def _text_of(article: Article, start: int, end: int | None) -> dict[str, Any]:
    length = len(article.text)
    first, last = min(start, length), length if end is None else min(end, length)
    if first > last:
        raise QuestionError("The part of the article ends before it begins; give an end that is not below the start.")
    more = {"language": article.language, "metadata": dict(article.extra), "length": length}
    return {**article.to_dict(), **more, "start": first, "end": last, "text": article.text[first:last]}


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: PROBLEMS[status] for status in statuses}
