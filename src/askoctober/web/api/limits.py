"""How long, and how long on its way, a request of the API may be; checked before anything of it is parsed."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import anyio

from askoctober.web.api.problems import Problem, respond

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PATHS = "/api/"
LONGEST_BODY = 2_000_000
"""Bytes: fifty turns of a conversation, each of the longest."""
BODY_SECONDS = 20.0


class BodyLimit:
    """Takes in the whole body of a request first, within limits of size and time; then hands it on."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 or 408 where a body of the API is beyond the limits; pass everything else on."""
        if scope["type"] != "http" or not scope["path"].startswith(PATHS):
            await self.app(scope, receive, send)
            return
        body = bytearray()
        last: MutableMapping[str, Any] = {"more_body": True}
        with anyio.move_on_after(BODY_SECONDS) as within:
            while last.get("more_body", False):
                last = await receive()
                if last["type"] != "http.request":
                    return
                body += last.get("body", b"")
                if len(body) > LONGEST_BODY:
                    refusal = Problem(413, f"The request is longer than {LONGEST_BODY:,} bytes; shorten it.")
                    await respond(refusal)(scope, receive, send)
                    return
        if within.cancelled_caught:
            refusal = Problem(408, f"The request was not there within {BODY_SECONDS:.0f} s; send it again.")
            await respond(refusal)(scope, receive, send)
            return
        given = False

        async def replay() -> MutableMapping[str, Any]:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self.app(scope, replay, send)
