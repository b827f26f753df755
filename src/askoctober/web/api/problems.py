"""Errors as RFC 9457 has them: `application/problem+json` with a title, a status and what to do next; no traces."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Mount

from askoctober.errors import AskoctoberError, QuestionError
from askoctober.web.refusals import Busy, Closing, TooLate

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

logger = logging.getLogger(__name__)
TYPE = "application/problem+json"
STATUS: Mapping[type[AskoctoberError], int] = {
    Busy: 429,
    Closing: 503,
    TooLate: 504,
    QuestionError: 422,
}
NOTHING_HERE = "There is nothing at this address; see /openapi.json."
FAILED = "The question could not be answered; ask again, or tell the keeper of this server, who finds why in the log."
UNEXPECTED = "Something went wrong that nobody foresaw; the keeper of this server finds it in the log."
ELSEWHERE = {404: NOTHING_HERE, 405: "This address takes other methods; see the header Allow."}
MOST_ERRORS = 20
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Problem(Exception):
    """A request that cannot be met, and why."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        """Say it with an HTTP status; `more` stands beside it in the answer."""
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more


def describe(error: Exception) -> Problem:
    """Return what a client is told of an error: what it can do something about, and no more."""
    if isinstance(error, Problem):
        return error
    for kind, status in STATUS.items():
        if isinstance(error, kind):
            return Problem(status, str(error))
    if isinstance(error, AskoctoberError):
        # Its words are for the keeper: they may name folders.
        logger.error("A question could not be answered: %s", error)
        return Problem(503, FAILED)
    logger.error("A request could not be met", exc_info=error)
    return Problem(500, UNEXPECTED)


def body(problem: Problem) -> dict[str, Any]:
    """Return the JSON object of a problem."""
    title = HTTPStatus(problem.status).phrase
    return {"type": "about:blank", "title": title, "status": problem.status, "detail": problem.detail, **problem.more}


def respond(error: Exception) -> JSONResponse:
    """Return the response that says what was wrong."""
    problem = describe(error)
    headers = {}
    if isinstance(error, Busy):
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    elif problem.status == 503:
        headers["Retry-After"] = "60"
    return JSONResponse(body(problem), problem.status, headers, media_type=TYPE)


class ProblemRoute(APIRoute):
    """A route that answers what nobody foresaw itself: a handler of all errors would end the connection too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which raises nothing but what the application has words for."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await handle(request)
            except (Problem, AskoctoberError, HTTPException, RequestValidationError):
                raise
            except Exception as error:
                return respond(error)

        return handler


class Nothing:
    """Answers for addresses of the API that no route has met: 405 where other methods are taken there, else 404."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        """Stand behind `routes`."""
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        taken = [method for method in METHODS if any(self._takes(route, scope, method) for route in self._routes)]
        if taken:
            response = respond(Problem(405, f"This address takes {' and '.join(taken)} alone; see /openapi.json."))
            response.headers["Allow"] = ", ".join(taken)
        else:
            response = respond(Problem(404, NOTHING_HERE))
        await response(scope, receive, send)

    @staticmethod
    def _takes(route: BaseRoute, scope: Scope, method: str) -> bool:
        return route.matches({**scope, "method": method})[0] is Match.FULL


def add_handlers(app: FastAPI) -> None:
    """Have an application answer every error as a problem."""

    async def ours(request: Request, error: Exception) -> JSONResponse:
        return respond(error)

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError), "that is what this is registered for"
        # Without what was sent: it may be no text that JSON can carry, and may be long.
        wrong = [
            {"at": ".".join(map(str, found["loc"]))[:200], "reason": str(found["msg"])[:200]}
            for found in error.errors()[:MOST_ERRORS]
        ]
        first = f"{wrong[0]['at']}: {wrong[0]['reason']}" if wrong else "it is not valid"
        detail = f"The request cannot be read ({first}); see /openapi.json."
        return respond(Problem(422, _sendable(detail), errors=[{k: _sendable(v) for k, v in w.items()} for w in wrong]))

    for kind in (Problem, AskoctoberError):
        app.add_exception_handler(kind, ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, invalid)


def add_handlers_below(app: FastAPI) -> None:
    """Have what is mounted in an application tell of unknown addresses and methods in the same way."""
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, Starlette):
            for status in ELSEWHERE:
                route.app.add_exception_handler(status, _http)
            for kind in (KeyError, UnicodeError, RequestValidationError):
                route.app.add_exception_handler(kind, _unreadable)


async def _unreadable(request: Request, error: Exception) -> JSONResponse:
    """What fails in the interface's own routes, which trust their page: half characters, parts that there are not."""
    logger.warning("A request of the page could not be read: %s", type(error).__name__)
    return respond(Problem(400, "The request cannot be read; load the page again."))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException), "that is what this is registered for"
    said = str(error.detail)
    bare = said == HTTPStatus(error.status_code).phrase
    response = respond(Problem(error.status_code, ELSEWHERE.get(error.status_code, said) if bare else said))
    response.headers.update(error.headers or {})
    return response


def _sendable(text: str) -> str:
    """The text without halves of characters, which UTF-8 cannot carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
