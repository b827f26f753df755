"""What stands before the chat and its doors, from the outside in.

    connections (what drips or is not read is cut off) -> headers -> refusing (no traces) -> names -> origin
    -> access (password; login) -> rates -> bodies (api.limits) -> fetching -> the chat and its doors

`rules` holds what a keeper decides; `secret` the password's hash; `clients` who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from askoctober.web.guarding.rules import LOOPBACK, Rules

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["LOOPBACK", "Rules", "guard"]


def guard(app: FastAPI, rules: Rules, hosts: Sequence[str], uploads: int = 0) -> None:
    """Put everything that guards an application before it; with `hosts`, it answers to these names alone.

    At most so many bytes of `uploads` come in at once.
    """
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from askoctober.web.api.limits import BodyLimit
    from askoctober.web.guarding.access import Access
    from askoctober.web.guarding.fetching import NoFetching
    from askoctober.web.guarding.headers import Headers
    from askoctober.web.guarding.origin import SameOrigin
    from askoctober.web.guarding.rates import RateLimit
    from askoctober.web.guarding.refusing import NoTraces

    # Each that is added stands before those that were.
    app.add_middleware(NoFetching)
    app.add_middleware(BodyLimit, uploads=uploads)
    app.add_middleware(RateLimit, questions=rules.questions, requests=rules.requests)
    app.add_middleware(Access, secret=rules.secret)
    app.add_middleware(SameOrigin)
    if hosts:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    app.add_middleware(NoTraces)
    app.add_middleware(Headers, frames=rules.frames, proxied=bool(rules.proxies))
