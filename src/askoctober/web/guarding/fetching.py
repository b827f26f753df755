"""Ways of the interface that the chat does not use, and that would do work for a stranger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

FETCHING = re.compile(r"/(?:file[=/]\s*[a-z][a-z0-9+.-]*:|proxy=|process_recording/?$|gradio_api/call/)", re.IGNORECASE)
"""Addresses on other hosts, the conversion of videos, and a second way to the chat's events, which nobody counts."""


class NoFetching:
    """Closes the interface's ways to have this computer fetch an address, convert a video or work uncounted."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404 where the path is one of these ways; pass everything else on."""
        if scope["type"] == "http" and FETCHING.search(scope["path"]):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self.app(scope, receive, send)
