"""Errors as OpenAI's clients know them: `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import ValidationError

from askoctober.errors import GenerationError, QuestionError
from askoctober.web.api.listening import ClientGone
from askoctober.web.refusals import Busy, Closing, TooLate

log = logging.getLogger(__name__)


class Refusal(Exception):
    """A request that is answered with an error; nobody but this door sees it raised."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None, retry_after: float = 0
    ) -> None:
        """Refuse with an HTTP status; `retry_after` is in seconds."""
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        kind = {429: "rate_limit_error"}.get(status, "server_error" if status >= 500 else "invalid_request_error")
        self.body: dict[str, Any] = {"error": {"message": message, "type": kind, "param": param, "code": code}}

    def respond(self) -> JSONResponse:
        """Return the HTTP response."""
        headers = {"Retry-After": str(max(1, round(self.retry_after)))} if self.retry_after else None
        return JSONResponse(self.body, self.status, headers=headers)


def refuse(error: Exception) -> Refusal:
    """Return how an error is told to the client: our own advice, but nothing of this computer's insides."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, ClientGone):
        return Refusal(499, "The client has gone.", code="gone")
    if isinstance(error, QuestionError):
        return Refusal(400, str(error), param="messages", code="invalid_question")
    if isinstance(error, Busy):
        return Refusal(429, str(error), code="busy", retry_after=error.retry_after)
    if isinstance(error, Closing):
        return Refusal(503, str(error), code="closing", retry_after=5)
    if isinstance(error, TooLate):
        return Refusal(503, str(error), code="timeout", retry_after=5)
    # Their messages are for the keeper: they may name files.
    log.error("A chat completion failed", exc_info=error)
    if isinstance(error, GenerationError):
        return Refusal(503, "The language model failed while it was writing; ask again.", code="generation")
    return Refusal(500, "The server failed; ask again, and if it stays so tell whoever keeps it.", code="internal")


def refuse_invalid(error: ValidationError) -> Refusal:
    """Return how a body that is not a chat request is told: where, and what is wrong there, without what was sent."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    # Names of classes and kinds stand between the fields where a field may be of several kinds.
    where = ".".join(str(part) for part in first["loc"] if not str(part)[:1].isupper() and "[" not in str(part))
    return Refusal(400, f"{where or 'body'}: {first['msg']}", param=where[:200] or None, code="invalid_request")


def describe(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the API's description says of responses with these statuses."""
    text = {"type": "string"}
    fields = {
        "message": text,
        "type": text,
        "param": {"type": ["string", "null"]},
        "code": {"type": ["string", "null"]},
    }
    error = {"type": "object", "properties": fields, "required": list(fields)}
    schema = {"type": "object", "properties": {"error": error}, "required": ["error"]}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {"application/json": {"schema": schema}}}
        for status in statuses
    }
