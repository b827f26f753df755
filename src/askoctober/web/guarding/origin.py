"""Requests that a page of another site has a reader's browser make; none of them may drive the chat."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from askoctober.web.guarding.refusing import refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

SAFE = ("GET", "HEAD", "OPTIONS")
OURS = ("same-origin", "none")
"""What browsers say of requests that our own pages make, and their readers (Fetch Metadata)."""


class SameOrigin:
    """Refuses what browsers ask on behalf of other sites, but for following a link to the chat.

    Programs that are no browsers say nothing of the kind, and are not refused.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to the requests of other sites; pass everything else on."""
        if scope["type"] != "http" or self._is_ours(scope["method"], Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        detail = "A page of another site has sent this request; open the chat at its own address."
        await refuse(scope, 403, detail, code="cross_origin")(scope, receive, send)

    def _is_ours(self, method: str, headers: Headers) -> bool:
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            follows = method in SAFE and headers.get("sec-fetch-mode") == "navigate"
            return site in OURS or follows
        # Browsers say nothing of the site to a server without TLS that is not on their own computer.
        if origin is None or method in SAFE:
            return True
        try:
            return urlsplit(origin).netloc.casefold() == headers.get("host", "").casefold()
        except ValueError:  # it is no address
            return False
