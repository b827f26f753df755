"""The server's two transports: the standard streams of a process, and streamable HTTP inside an application."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from askoctober.web.answerer import Answerer
from askoctober.web.desk import Desk
from askoctober.web.mcp.server import create_server
from askoctober.web.observing import Observing, writing

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

PATH = "/mcp"
LONGEST_BODY = 1024 * 1024
"""Bytes of a request's body."""
MOST_SESSIONS = 256
IDLE_SECONDS = 600.0
"""After which a session that asks nothing is ended."""


@dataclass(frozen=True, slots=True)
class Door:
    """The protocol over HTTP: put `route` before others that would match it, and `run()` around the application."""

    route: BaseRoute
    run: Callable[[], AbstractAsyncContextManager[None]]


def create_mcp(desk: Desk, *, loopback: bool = True) -> Door:
    """Return the protocol at `/mcp`; `run` may be entered once, in the application's lifespan.

    On the loopback interface only requests under this computer's own names are taken, and none that a web page
    elsewhere sends; beyond it the application has to see to that.

    Raises:
        ConfigError: the protocol's library is not installed.
    """
    server = create_server(desk)
    from mcp.server.transport_security import TransportSecuritySettings

    checks = None if loopback else TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=LONGEST_BODY,
        max_sessions=MOST_SESSIONS,
        session_idle_timeout=IDLE_SECONDS,
        transport_security=checks,
    )
    (route,) = app.routes
    return Door(route, server.session_manager.run)


def serve_stdio(assistant: Answerer) -> None:
    """Serve the protocol on standard input and output until the input ends.

    While it serves, what anything else prints goes to standard error.

    Raises:
        ConfigError: the protocol's library is not installed.
    """
    server = create_server(Desk(assistant, observing=Observing(assistant.config)))
    from mcp.server.stdio import stdio_server

    async def serve() -> None:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    with writing(assistant.config.log):
        anyio.run(serve)
