"""Headers that keep a browser from doing on the chat's behalf what the chat never asks for, on every response.

And of requests: what they say of proxies is dropped where there is none, as the interface would believe it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

FIXED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
POLICY = {
    "default-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    # Gradio, plotly and the scripts place and colour what they draw by style attributes.
    "style-src": "'self' 'unsafe-inline'",
    "object-src": "'none'",
    "frame-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
"""The content security policy, but for scripts and for who may show the chat in a frame."""
SCRIPTS = "'self' 'unsafe-eval'"
"""Gradio makes functions out of the templates of its components; no script that stands in a page runs by this."""
INLINE = re.compile(rb"<script(?![^>]*\ssrc\s*=)[^>]*>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
UNKEPT = ("/api/", "/v1/", "/mcp", "/gradio_api/", "/metrics", "/login", "/config")
"""Where answers are that no cache may keep."""


class Headers:
    """Adds the headers; a page's own inline scripts are named by their hashes, so that no others run in it."""

    def __init__(self, app: ASGIApp, frames: Sequence[str] = (), proxied: bool = False) -> None:
        """Stand before an application; `frames` are the origins of pages that may show the chat in a frame.

        It is `proxied` where a reverse proxy that is known says under which name it is reached.
        """
        self.app = app
        self._proxied = proxied
        self._ancestors = " ".join(frames) or "'none'"
        self._fixed = dict(FIXED) if frames else FIXED | {"x-frame-options": "DENY"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and add to its response."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        page: list[MutableMapping[str, Any]] = []
        body = bytearray()

        async def add(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._add(message, scope["path"])
                if _content_type(message).startswith(b"text/html"):
                    page.append(message)
                    return
                self._allow(message, ())
            elif page:
                body.extend(message.get("body", b""))
                if message.get("more_body", False):
                    return
                self._allow(page[0], INLINE.findall(bytes(body)))
                await send(page[0])
                message = {"type": "http.response.body", "body": bytes(body)}
            await send(message)

        await self.app({**scope, "headers": list(self._told(scope))}, receive, add)

    def _told(self, scope: Scope) -> Iterator[tuple[bytes, bytes]]:
        """Yield the headers of a request that are heeded."""
        for name, value in scope["headers"]:
            if name.startswith(b"x-forwarded-") and not self._proxied:
                continue
            # A compressed page could not be looked through; there is one, and it is small.
            if name == b"accept-encoding" and scope["path"] == "/":
                continue
            yield name, value

    def _add(self, message: MutableMapping[str, Any], path: str) -> None:
        # None of another's rules about origins: the chat is asked by its own pages alone.
        given = [pair for pair in message.get("headers", []) if not pair[0].lower().startswith(b"access-control-")]
        named = {name.lower() for name, _ in given}
        kept = "no-store" if path.startswith(UNKEPT) or path == "/" else ""
        wanted = self._fixed | ({"cache-control": kept} if kept else {})
        given += [(name.encode(), value.encode()) for name, value in wanted.items() if name.encode() not in named]
        message["headers"] = given

    def _allow(self, message: MutableMapping[str, Any], scripts: Iterable[bytes]) -> None:
        """Add the content security policy, which allows the given inline scripts."""
        hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" for script in scripts]
        policy = POLICY | {"script-src": " ".join([SCRIPTS, *hashes]), "frame-ancestors": self._ancestors}
        text = "; ".join(f"{name} {value}" for name, value in policy.items())
        message["headers"].append((b"content-security-policy", text.encode()))


def _content_type(message: MutableMapping[str, Any]) -> bytes:
    return next((value for name, value in message["headers"] if name.lower() == b"content-type"), b"")
