"""The chat on a port of this computer."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from askoctober.errors import ConfigError
from askoctober.version import __version__
from askoctober.web.answerer import Answerer
from askoctober.web.app import create_chat, page
from askoctober.web.desk import Desk
from askoctober.web.guarding import Rules, guard
from askoctober.web.keeping.feedback import Feedback
from askoctober.web.observing import Observing, writing
from askoctober.web.own import LARGEST_SHELF, OwnArticles

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

ABOUT = "Answers from a shelf of articles, with the exact place behind every sentence."
GRACE_SECONDS = 1
DRAIN_SECONDS = 10.0
"""What answers that have begun may still take when the server is to end; a second Ctrl-C ends it at once."""
CONNECTIONS = 1000
"""Open connections, beyond which a new one is answered 503."""


SCRIPTS = "/askoctober"
"""Where the chat's own scripts are; `static/bridge.js` knows it too."""


def create_app(
    assistant: Answerer,
    *,
    shelf_title: str | None = None,
    examples: Sequence[str] | None = None,
    hosts: Sequence[str] | None = None,
    own: OwnArticles | None = None,
    feedback: Path | None = None,
    rules: Rules | None = None,
) -> FastAPI:
    """Return an ASGI application with the chat at `/` and the other doors beside it, to serve at an address of its own.

    The doors are the HTTP API (`api.routes`), OpenAI's at `/v1`, and, where its library is installed, MCP at `/mcp`.
    They and the chat share the line before the model, that of the `Desk` under `state.desk`.

    With `hosts`, requests under another name are refused: a web page elsewhere cannot pass for this one. With `own`
    readers may add articles; `feedback` is the file that their thumbs are appended to. The `rules` say who may come in,
    and how often.
    """
    from fastapi import FastAPI
    from fastapi.responses import FileResponse

    from askoctober.web.api.metrics import Metrics
    from askoctober.web.api.openai import create_openai
    from askoctober.web.api.problems import add_handlers_below
    from askoctober.web.api.routes import add_api
    from askoctober.web.mcp.transports import create_mcp

    rules = rules or Rules()
    metrics = Metrics()
    observing = Observing(assistant.config, metrics.take)
    desk = Desk(assistant, kept=assistant.config.answers_kept, observing=observing, tell=metrics.tell)
    chat = create_chat(
        assistant,
        line=desk.line,
        observing=observing,
        shelf_title=shelf_title,
        examples=examples,
        own=own,
        feedback=Feedback(feedback) if feedback else None,
    )
    from fastapi.staticfiles import StaticFiles
    from gradio import mount_gradio_app

    mcp = create_mcp(desk, loopback=bool(hosts) and not rules.names) if find_spec("mcp") else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with mcp.run() if mcp else nullcontext():
            yield

    # Without its own pages on the interface: their scripts come from another host.
    app = FastAPI(
        title="askoctober", version=__version__, description=ABOUT, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    app.state.desk = desk
    add_api(app, desk, metrics)
    app.include_router(create_openai(desk))
    if mcp:
        app.router.routes.insert(0, mcp.route)
    plotly = find_spec("plotly")
    assert plotly is not None and plotly.origin is not None, "plotly is one of our packages"
    script = Path(plotly.origin).parent / "package_data" / "plotly.min.js"

    @app.get(f"{SCRIPTS}/plotly.min.js", include_in_schema=False)
    def plotting() -> FileResponse:
        return FileResponse(script, media_type="text/javascript", headers={"Cache-Control": "max-age=86400"})

    # Files of the package, without their sources in Python.
    app.mount(SCRIPTS, StaticFiles(directory=Path(__file__).parent / "static"))
    mounted: FastAPI = mount_gradio_app(app, chat, path="/", **page(uploads=own is not None))
    add_handlers_below(mounted)
    guard(mounted, rules, hosts or (), LARGEST_SHELF if own is not None else 0)
    return mounted


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on exactly this host and port; port 0 is any free one.

    It is bound before anything is loaded, and then handed on, so that nobody can take the port in between.

    Raises:
        ConfigError: the port is taken, or the host is none of this computer's.
    """
    if not 0 <= port <= 65535:
        raise ConfigError(f"There is no port {port}; give one up to 65535 with --port or ASKOCTOBER_PORT.")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, proto)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"Cannot listen on {host!r}; give an address of this computer with --host.") from error
    try:
        if sys.platform != "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(128)
    except (OSError, OverflowError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"Cannot listen on {host}:{port} ({reason}); choose another port with --port or ASKOCTOBER_PORT."
        ) from error
    return bound


def settings(app: FastAPI, rules: Rules) -> uvicorn.Config:
    """Return how an application is served: quietly, in bounds of time, and believing known proxies alone."""
    import uvicorn

    from askoctober.web.guarding.connections import Connection

    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        server_header=False,
        proxy_headers=bool(rules.proxies),
        forwarded_allow_ips=list(rules.proxies),
        limit_concurrency=CONNECTIONS,
        log_level="error",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def serve(
    assistant: Answerer,
    host: str,
    port: int,
    *,
    announce: Callable[[str], None],
    own: OwnArticles | None = None,
    feedback: Path | None = None,
    rules: Rules | None = None,
) -> None:
    """Serve the chat until Ctrl-C; `announce` is given the address once it answers.

    Raises:
        ConfigError: the port is taken, the host is none of this computer's, or other computers would get in unasked.
    """
    with listen(host, port) as bound:
        import uvicorn

        address = bound.getsockname()[0]
        rules = rules or Rules()
        rules.check(address)
        app = create_app(assistant, hosts=rules.hosts(address), own=own, feedback=feedback, rules=rules)

        class Server(uvicorn.Server):  # type: ignore[misc]
            """Lets answers that have begun come to their end, or refuses them, before connections are closed."""

            async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
                await app.state.desk.drain(DRAIN_SECONDS, lambda: self.force_exit)
                await super().shutdown(sockets)

        server = Server(settings(app, rules))
        log = logging.getLogger("uvicorn.error")

        def running(_: logging.LogRecord) -> bool:
            return not server.should_exit

        # Pages that are still open at the end are cut off, and that each was is no news.
        log.addFilter(running)
        shown = f"[{host}]" if ":" in host else host
        announce(f"http://{shown}:{bound.getsockname()[1]}/")
        try:
            with writing(assistant.config.log), _terminated_as_interrupted():
                server.run(sockets=[bound])
        except KeyboardInterrupt:
            return
        finally:
            log.removeFilter(running)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Have SIGTERM end this as Ctrl-C does: uvicorn raises it again at its end, which would leave what is open."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
