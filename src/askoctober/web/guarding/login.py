"""The page on which a reader gives the password, and the cookie that remembers that it was given."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Callable
from html import escape
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, RedirectResponse, Response

from askoctober.web.wording import preferred, wording

PATH = "/login"
COOKIE = "askoctober-session"
SESSION_SECONDS = 24 * 3600
"""How long a cookie is good for; a browser that is closed forgets it before."""
LONGEST_FORM = 4096
PAGE = """\
<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>askoctober</title>{again}
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<style>
/* The colours of static/frame.css, which is not served before the password is given. */
:root {{ color-scheme: light dark; font: 1.05rem/1.5 system-ui, sans-serif; color: light-dark(#211e1a, #ebe6de);
  background: light-dark(#f5f2ec, #171614) }}
body {{ display: grid; min-height: 90vh; place-content: center; margin: 1rem }}
form {{ display: grid; gap: .75rem; width: min(24rem, 90vw) }}
h1 {{ font: 600 1.4rem/1.3 Charter, Palatino, "Noto Serif", Georgia, serif; margin: 0 }}
input, button {{ font: inherit; padding: .6rem .75rem; box-sizing: border-box; width: 100%; border-radius: .6rem }}
input {{ color: inherit; background: light-dark(#fffdfa, #201e1c); border: 1px solid light-dark(#8c8375, #7d756a) }}
button {{ color: #fffdfa; background: light-dark(#9a2a1f, #b5432f); border: 0; font-weight: 600; cursor: pointer }}
:focus-visible {{ outline: 2px solid light-dark(#9a2a1f, #f0998a); outline-offset: 2px }}
p {{ margin: 0 }}
</style></head><body><main><form method="post" action="{path}"><h1>{title}</h1>{said}
<label for="password">{label}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
<button type="submit">{enter}</button></form></main></body></html>
"""
AGAIN = '<meta http-equiv="refresh" content="0;url=/">'
"""Asks once more from a page of our own: a browser that follows a link of another site sends no cookie."""


class Sessions:
    """Cookies that cannot be forged: signed with a key of this process, so that none outlives it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Make a new key."""
        self._key, self._clock = os.urandom(32), clock

    def begin(self) -> str:
        """Return the value of a new cookie."""
        until = str(int(self._clock()) + SESSION_SECONDS)
        return f"{until}.{self._sign(until)}"

    def holds(self, cookie: str) -> bool:
        """Whether a cookie is one of these and still good."""
        until, _, signature = cookie.partition(".")
        genuine = hmac.compare_digest(self._sign(until).encode(), signature.encode())
        return genuine and int(until) > self._clock()

    def _sign(self, until: str) -> str:
        return hmac.new(self._key, until.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def render(accepted: str, status: int, *, message: str = "", seconds: int = 0, again: bool = False) -> Response:
    """Return the page, in the language that an `Accept-Language` header wants; `message` is one of its words."""
    say = wording(preferred(accepted))
    said = f'<p role="alert">{escape(say(message, seconds=seconds))}</p>' if message else ""
    page = PAGE.format(
        language=say.language,
        again=AGAIN if again else "",
        path=PATH,
        title=escape(say("password-wanted")),
        said=said,
        label=escape(say("password")),
        enter=escape(say("password-enter")),
    )
    return HTMLResponse(page, status)


def enter(cookie: str, *, secure: bool) -> Response:
    """Return the response that sends a reader on to the chat, with a cookie."""
    response = RedirectResponse("/", 303)
    response.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", secure=secure)
    return response


def read(form: bytes) -> str:
    """Return the password of a form that was sent."""
    fields = parse_qs(form.decode("utf-8", "replace"))
    return fields.get("password", [""])[0]
