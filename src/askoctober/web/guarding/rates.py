"""How often a client may ask in a minute: of the language model, and of anything else that is worked out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from askoctober.web.guarding.clients import Buckets, client_of, is_here
from askoctober.web.guarding.refusing import refuse
from askoctober.web.refusals import TooOften

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

QUESTIONS = ("/api/ask", "/v1/chat/completions", "/gradio_api/queue/join")
"""Where the language model is asked; the last is the chat's own."""
TAKE_QUESTION = "askoctober.take_question"
"""What takes one of the client's questions, in a request's scope, and returns the seconds until there is one, or 0: for
a door that sees only in a request's body whether the language model is asked."""
FILES = ("/assets/", "/static/", "/askoctober/", "/theme.css", "/favicon.ico", "/manifest.json", "/healthz")
"""What is not counted: a class of readers behind one address opens the chat at once."""


class RateLimit:
    """Refuses clients that ask too often; those on this computer are its owner's, and not counted."""

    def __init__(self, app: ASGIApp, questions: int, requests: int) -> None:
        """Let each client ask so many questions, and make so many requests, a minute; 0 is as many as it likes."""
        self.app = app
        self._questions, self._requests = Buckets(questions), Buckets(requests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 429 where a client has asked too often; pass everything else on."""
        address = client_of(scope)
        if scope["type"] != "http" or is_here(address) or scope["path"].startswith(FILES):
            await self.app(scope, receive, send)
            return
        scope = {**scope, TAKE_QUESTION: partial(self._questions.take, address)}
        wait, what = self._requests.take(address), "requests"
        if not wait and scope["method"] == "POST" and scope["path"].rstrip("/") in QUESTIONS:
            wait, what = self._questions.take(address), "questions"
        if wait:
            detail = str(TooOften(wait, what))
            response = refuse(scope, 429, detail, code="rate_limit_exceeded", retry_after=wait)
            await response(scope, receive, send)
            return
        await self.app(scope, receive, send)
