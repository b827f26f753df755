"""Requests that are refused before they come to a door, each in the words that the clients of that door expect."""

from __future__ import annotations

import logging
import math
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from askoctober.web.api.openai_errors import Refusal
from askoctober.web.api.problems import Problem, describe, respond

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

logger = logging.getLogger(__name__)


def refuse(scope: Scope, status: int, detail: str, *, code: str, retry_after: float = 0.0) -> Response:
    """Return the response that refuses a request; `retry_after` is in seconds."""
    if scope["path"].startswith("/v1"):
        response = Refusal(status, detail, code=code).respond()
    else:
        response = respond(Problem(status, detail))
    if retry_after:
        response.headers["Retry-After"] = str(math.ceil(retry_after))
    return response


class NoTraces:
    """Answers what nobody foresaw in general words: neither a trace nor a path of this computer is in them."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; answer 500 where it fails before an answer has begun."""
        begun = ended = False

        async def watch(message: MutableMapping[str, Any]) -> None:
            nonlocal begun, ended
            begun = begun or message["type"] == "http.response.start"
            ended = begun and message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            if scope["type"] != "http" or (begun and not ended):
                raise  # which ends the connection, as half an answer has to be told from a whole one
            problem = describe(error)  # which writes the error itself into the log
            if ended:
                return
            await refuse(scope, problem.status, problem.detail, code="internal")(scope, receive, send)
