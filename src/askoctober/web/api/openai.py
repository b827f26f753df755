"""`/v1`: the assistant as a model that OpenAI's clients talk to.

    GET /v1/models, GET /v1/models/{id}, POST /v1/chat/completions (whole, or streamed as server-sent events)

A stream holds checked sentences alone: nothing is sent that might have to be taken back. While a reader waits, comments
keep the connection open; when the reader goes away, the generation stops.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from askoctober.types import Reading
from askoctober.web.api.listening import STILL_HERE, EventStream, while_listening
from askoctober.web.api.openai_errors import Refusal, describe, refuse, refuse_invalid
from askoctober.web.api.openai_replies import Reply
from askoctober.web.api.openai_requests import MODEL, ChatRequest, request_schema
from askoctober.web.api.openai_tasks import Chore, find_chore
from askoctober.web.desk import Desk, Silence, Waiting

DONE = b"data: [DONE]\n\n"
LONGEST_BODY = 4 * 1024 * 1024
"""Bytes of a request's body."""


def create_openai(desk: Desk) -> APIRouter:
    """Return the routes, to include in an application at its root."""
    router = APIRouter(prefix="/v1", tags=["openai"])
    listed = {"id": MODEL, "object": "model", "created": 0, "owned_by": "askoctober"}

    async def models() -> dict[str, Any]:
        """List the one model there is."""
        return {"object": "list", "data": [listed]}

    async def model(id: str) -> Response:
        """Describe the model."""
        return JSONResponse(listed) if id == MODEL else _no_model(id).respond()

    async def chat(request: Request) -> Response:
        """Answer the last message from the articles, with citations as annotations, or decline."""
        try:
            return await _answer(desk, request)
        except Exception as error:
            return refuse(error).respond()

    async def nothing(rest: str) -> Response:
        """Say what there is instead."""
        method = "POST" if rest == "chat/completions" else "GET" if rest.partition("/")[0] == "models" else ""
        if method:
            response = Refusal(405, f"This address takes {method} alone.", code="method_not_allowed").respond()
            response.headers["Allow"] = method
            return response
        there = "/v1/models and /v1/chat/completions"
        return Refusal(404, f"There is nothing at this address; use {there}.", code="not_found").respond()

    router.add_api_route("/models", models, methods=["GET"])
    router.add_api_route("/models/{id}", model, methods=["GET"], response_model=None, responses=describe(404))
    router.add_api_route(
        "/chat/completions",
        chat,
        methods=["POST"],
        response_model=None,
        response_description="The completion, or with `stream` its chunks as server-sent events",
        responses=describe(400, 404, 413, 429, 500, 503)
        | {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
        openapi_extra={
            "requestBody": {"content": {"application/json": {"schema": request_schema()}}, "required": True}
        },
    )
    every = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]
    router.add_api_route("/{rest:path}", nothing, methods=every, response_model=None, include_in_schema=False)
    return router


async def _answer(desk: Desk, request: Request) -> Response:
    try:
        asked = ChatRequest.model_validate_json(await _read_body(request))
    except ValidationError as error:
        raise refuse_invalid(error) from error
    if asked.model != MODEL:
        raise _no_model(asked.model)
    if asked.n not in (None, 1):
        raise Refusal(
            400, "Only one answer is given; leave n out, or set it to 1.", param="n", code="unsupported_value"
        )
    question, history = asked.conversation()
    reply = Reply(str(request.base_url))
    if chore := find_chore(question, history):
        reply.add(chore.text)
        return EventStream(_chore_lines(reply, chore, asked)) if asked.stream else JSONResponse(reply.completion())
    client = request.client.host if request.client else ""
    events = desk.stream(question, history, client=client, door="openai", headers=request.headers)
    if not asked.stream:
        await while_listening(request, _drain(events, reply))
        return JSONResponse(reply.completion())
    # What is refused at once is refused with a status, before a stream begins.
    first = await while_listening(request, _first(events))
    return EventStream(_lines(first, events, reply, asked))


async def _first(events: AsyncGenerator[Any]) -> Any:
    return await anext(events)


async def _drain(events: AsyncGenerator[Any], reply: Reply) -> None:
    async with aclosing(events):
        async for event in events:
            if not isinstance(event, Waiting | Silence):
                reply.take(event)


async def _lines(first: Any, events: AsyncGenerator[Any], reply: Reply, asked: ChatRequest) -> AsyncGenerator[bytes]:
    """Yield a stream's lines: the role, each checked sentence, the end; an error takes the end's place."""
    async with aclosing(events):
        try:
            yield _data(reply.chunk({"role": "assistant", "content": ""}))
            event = first
            while event is not None:
                if isinstance(event, Waiting):
                    yield f": {event.position} before you\n\n".encode()
                elif isinstance(event, Silence):
                    yield STILL_HERE
                elif delta := reply.take(event):
                    yield _data(reply.chunk(delta))
                elif isinstance(event, Reading):
                    yield b": reading\n\n"
                event = await anext(events, None)
        except Exception as error:
            yield _data(refuse(error).body)
            return
        for line in _end(reply, asked):
            yield line


async def _chore_lines(reply: Reply, chore: Chore, asked: ChatRequest) -> AsyncGenerator[bytes]:
    yield _data(reply.chunk({"role": "assistant", "content": chore.text}))
    for line in _end(reply, asked):
        yield line


def _end(reply: Reply, asked: ChatRequest) -> list[bytes]:
    usage = [_data(reply.usage_chunk())] if asked.counts_usage else []
    return [_data(reply.chunk({}, "stop")), *usage, DONE]


def _data(value: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def _no_model(id: str) -> Refusal:
    return Refusal(404, f"There is no model {id[:60]!r} here; use {MODEL!r}.", param="model", code="model_not_found")


async def _read_body(request: Request) -> bytes:
    """Return a request's body.

    Raises:
        Refusal: it is too long; no more of it is read than may be.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            raise Refusal(413, f"The request is longer than {LONGEST_BODY:,} bytes; shorten it.", code="too_long")
    return bytes(body)
