"""Who may come in: whoever gives the password, as a reader on a page or as a program in a header."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import os
from typing import TYPE_CHECKING

import anyio
from starlette.datastructures import Headers
from starlette.requests import Request

from askoctober.web.guarding import login
from askoctober.web.guarding.clients import Buckets, client_of, is_here
from askoctober.web.guarding.refusing import refuse
from askoctober.web.guarding.secret import Secret

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

FREE = ("/healthz", "/manifest.json", "/favicon.ico")
"""What is answered without: that the server runs, and what browsers fetch without cookies."""
FIGURES = ("/metrics", "/readyz")
"""What is for the keeper; without a password only this computer may ask for it."""
DOORS = ("/api/", "/v1/", "/mcp", "/gradio_api/", "/openapi.json", *FIGURES)
"""Where programs ask, which are told so in their own way and not by a page."""
ATTEMPTS = 10
"""Wrong passwords that an address may give in a minute."""
FORM_SECONDS = 10.0
WANTED = "This server asks for a password; send it as `Authorization: Bearer PASSWORD`, or open the chat and give it."
WRONG = "That is not the password of this server; ask whoever keeps it."
OFTEN = "Too many wrong passwords came from your address; try again in {} s."


class Access:
    """Lets in who has the password; without one everybody, but to the keeper's figures."""

    def __init__(self, app: ASGIApp, secret: Secret | None) -> None:
        """Stand before an application with the hash of its password."""
        self.app = app
        self._secret = secret
        self._sessions = login.Sessions()
        self._attempts = Buckets(ATTEMPTS)
        self._hashing = anyio.CapacityLimiter(1)
        # To hash a password takes long, and programs send theirs each time: the last right one is known again.
        self._key, self._right = os.urandom(32), b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, or 429 where too many wrong passwords came from an address; pass everything else on."""
        refusal = await self._refusal(scope, receive) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send)

    async def _refusal(self, scope: Scope, receive: Receive) -> Response | None:
        path, headers = scope["path"], Headers(scope=scope)
        if self._secret is None:
            if path in FIGURES and not is_here(client_of(scope)):
                return refuse(scope, 403, "This is told on the server's own computer alone.", code="forbidden")
            return None
        if path in FREE:
            return None
        if path.rstrip("/") == login.PATH:
            return await self._log_in(scope, receive, headers)
        request = Request(scope)
        if self._sessions.holds(request.cookies.get(login.COOKIE, "")):
            return None
        given = password_of(headers.get("authorization", ""))
        if given is None:
            if _is_page(scope, headers):
                again = headers.get("sec-fetch-site") in ("cross-site", "same-site")
                return _challenge(login.render(headers.get("accept-language", ""), 401, again=again))
            return _challenge(refuse(scope, 401, WANTED, code="password_wanted"))
        wait = await self._try(given, client_of(scope))
        if wait is None:
            return _challenge(refuse(scope, 401, WRONG, code="wrong_password"))
        return refuse(scope, 429, OFTEN.format(wait), code="too_many_attempts", retry_after=wait) if wait else None

    async def _try(self, password: str, address: str) -> int | None:
        """Return 0 where a password is right, None where it is wrong, else for how many seconds none is tried."""
        assert self._secret is not None, "where there is none, everybody is let in"
        mark = hmac.digest(self._key, password.encode("utf-8", "replace"), hashlib.sha256)
        if hmac.compare_digest(mark, self._right):
            return 0
        wait = self._attempts.take(address)
        if wait:
            return math.ceil(wait)
        if not await anyio.to_thread.run_sync(self._secret.matches, password, limiter=self._hashing):
            return None
        self._right = mark
        self._attempts.give_back(address)
        return 0

    async def _log_in(self, scope: Scope, receive: Receive, headers: Headers) -> Response:
        accepted = headers.get("accept-language", "")
        if scope["method"] != "POST":
            return login.render(accepted, 200)
        form = await _read(receive)
        if form is None:
            return refuse(scope, 413, "That is no password; open the chat and give it there.", code="too_long")
        wait = await self._try(login.read(form), client_of(scope))
        if wait is None:
            return _challenge(login.render(accepted, 401, message="password-wrong"))
        if wait:
            response = login.render(accepted, 429, message="password-too-often", seconds=wait)
            response.headers["Retry-After"] = str(wait)
            return response
        return login.enter(self._sessions.begin(), secure=scope.get("scheme") == "https")


def password_of(authorization: str) -> str | None:
    """Return the password of an `Authorization` header, Bearer or Basic with any name; None where it has none."""
    scheme, _, given = authorization.partition(" ")
    if scheme.casefold() == "bearer":
        return given.strip().encode("latin-1", "replace").decode("utf-8", "replace")
    if scheme.casefold() == "basic":
        try:
            return base64.b64decode(given.strip(), validate=True).decode("utf-8", "replace").partition(":")[2]
        except ValueError:
            return ""
    return None


async def _read(receive: Receive) -> bytes | None:
    """Return a form that was sent; None where it is too long, or too long on its way."""
    form = bytearray()
    with anyio.move_on_after(FORM_SECONDS):
        while len(form) <= login.LONGEST_FORM:
            message = await receive()
            form += message.get("body", b"")
            if not message.get("more_body", False):
                return bytes(form) if len(form) <= login.LONGEST_FORM else None
    return None


def _is_page(scope: Scope, headers: Headers) -> bool:
    """Whether a browser asks for a page to show."""
    return (
        scope["method"] in ("GET", "HEAD")
        and "text/html" in headers.get("accept", "")
        and not scope["path"].startswith(DOORS)
    )


def _challenge(response: Response) -> Response:
    # Not Basic, although that is taken: browsers would ask in a window of their own, again and again.
    response.headers["WWW-Authenticate"] = 'Bearer realm="askoctober"'
    return response
