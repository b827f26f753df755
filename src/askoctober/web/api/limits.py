"""How long, and how long on its way, a request may be; checked before anything of it is parsed."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import anyio

from askoctober.web.guarding.refusing import refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

UPLOADS = "/gradio_api/upload"
"""Where files come in, which Gradio measures each by itself while it writes them to the disk, and nothing else."""
AROUND = 64_000
"""Bytes that an upload may have beside its files."""
LONGEST_BODY = 2_000_000
"""Bytes: fifty turns of a conversation, each of the longest."""
LONGER = {"/v1/": 4 * 1024 * 1024, "/gradio_api/": 16_000_000}
"""Bytes, where conversations are longer; the chat's own come back whole when they are opened again, or exported."""
BODY_SECONDS = 20.0
EMPTY = ("GET", "HEAD", "OPTIONS")


class BodyLimit:
    """Takes in the whole body of a request first, within limits of size and time; then hands it on."""

    def __init__(self, app: ASGIApp, uploads: int = 0) -> None:
        """Stand before an application that takes files of so many bytes together."""
        self.app = app
        self._uploads = uploads + AROUND

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 or 408 where a body is beyond the limits; pass everything else on."""
        if scope["type"] != "http" or scope["method"] in EMPTY:
            await self.app(scope, receive, send)
            return
        if scope["path"].rstrip("/") == UPLOADS:
            await self.app(scope, _at_most(self._uploads, receive), send)
            return
        longest = next((most for door, most in LONGER.items() if scope["path"].startswith(door)), LONGEST_BODY)
        body = bytearray()
        last: MutableMapping[str, Any] = {"more_body": True}
        with anyio.move_on_after(BODY_SECONDS) as within:
            while last.get("more_body", False):
                last = await receive()
                if last["type"] != "http.request":
                    return
                body += last.get("body", b"")
                if len(body) > longest:
                    detail = f"The request is longer than {longest:,} bytes; shorten it."
                    await refuse(scope, 413, detail, code="too_long")(scope, receive, send)
                    return
        if within.cancelled_caught:
            detail = f"The request was not there within {BODY_SECONDS:.0f} s; send it again."
            await refuse(scope, 408, detail, code="too_slow")(scope, receive, send)
            return
        given = False

        async def replay() -> MutableMapping[str, Any]:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self.app(scope, replay, send)


def _at_most(longest: int, receive: Receive) -> Receive:
    """Hand on what is received, to so many bytes; 413 is the answer to more."""
    from starlette.exceptions import HTTPException

    left = longest

    async def counted() -> MutableMapping[str, Any]:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413, f"The upload is longer than {longest:,} bytes; send less at once.")
        return message

    return counted
