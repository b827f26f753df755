"""Connections that hold a place without using it are closed, and keep nobody waiting meanwhile."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from askoctober.web.guarding import Rules, connections
from askoctober.web.server import CONNECTIONS

from .guarded import Guarded, guarded

BOUND = 2.0
LATE = 20.0
"""Seconds after which something that should have happened has not, on a busy machine."""


@pytest.fixture(scope="module")
def served() -> Iterator[Guarded]:
    with guarded(Rules()) as chat:
        yield chat


@pytest.fixture
def connect(served: Guarded) -> Iterator[Callable[..., socket.socket]]:
    with ExitStack() as stack:

        def open(sent: bytes = b"") -> socket.socket:
            made = stack.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=LATE))
            made.sendall(sent)
            return made

        yield open


def is_closed(connection: socket.socket, drip: bytes = b"") -> bool:
    """Send a piece, and look whether the other side has closed the connection; what it answered is taken in."""
    try:
        if drip:
            connection.send(drip)
        connection.setblocking(False)
        return connection.recv(65536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(LATE)


def seconds_open(connection: socket.socket, drip: bytes = b"", began: float | None = None) -> float:
    """Drip a byte now and then until the connection is closed."""
    began = time.monotonic() if began is None else began
    while not is_closed(connection, drip):
        assert time.monotonic() - began < LATE, "it is still open"
        time.sleep(0.05)
    return time.monotonic() - began


def test_slow_heads_are_cut_off_and_hold_nobody_up(
    served: Guarded, connect: Callable[..., socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", BOUND)
    with served.client() as client:
        client.get("/healthz")
        slow = [connect(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ") for _ in range(50)]
        began, meanwhile = time.monotonic(), 0
        while slow:
            assert time.monotonic() - began < LATE
            assert client.get("/healthz").status_code == 200
            left = [connection for connection in slow if not is_closed(connection, b"x")]
            meanwhile += len(left) == len(slow)
            slow = left
            time.sleep(0.05)
        assert time.monotonic() - began >= BOUND * 0.5
        assert meanwhile >= 2, "others are answered while the slow ones are there"
    deadline = time.monotonic() + LATE
    while len(served.server.server_state.connections) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(served.server.server_state.connections) <= 1


def test_a_connection_that_never_asks_is_closed(
    connect: Callable[..., socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", BOUND)
    assert BOUND * 0.5 <= seconds_open(connect()) < LATE


def test_a_second_request_has_no_longer_than_the_first(
    connect: Callable[..., socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", BOUND)
    connection = connect(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    connection.sendall(b"GET /healthz HTTP/1.1\r\n")
    assert seconds_open(connection, b"x") < LATE


@pytest.mark.parametrize("path", ["/api/search", "/v1/chat/completions", "/mcp", "/gradio_api/run/predict", "/x"])
def test_slow_bodies_are_refused(
    path: str, connect: Callable[..., socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("askoctober.web.api.limits.BODY_SECONDS", BOUND / 2)
    monkeypatch.setattr(connections, "LATE_SECONDS", BOUND / 2)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n".encode()
    connection = connect(head + b"{")
    began = time.monotonic()
    while not is_ready(connection, 0.05):
        connection.send(b" ")
        assert time.monotonic() - began < LATE
    assert connection.recv(65536).startswith(b"HTTP/1.1 408")
    assert seconds_open(connection, b" ") < LATE


def is_ready(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except TimeoutError:
        return False
    finally:
        connection.settimeout(LATE)


def test_slow_uploads_end(connect: Callable[..., socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_SECONDS", BOUND)
    head = b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
    form = b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
    assert seconds_open(connect(head + form), b"-") < LATE


def test_a_body_that_nobody_reads_any_more_ends(
    connect: Callable[..., socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LATE_SECONDS", BOUND)
    connection = connect(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
    assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    assert seconds_open(connection, b"x") < LATE


def test_an_answer_that_nobody_takes_is_dropped(
    served: Guarded, connect: Callable[..., socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "UNREAD_SECONDS", BOUND)
    held = set(served.server.server_state.connections)
    with ExitStack() as stack:
        greedy = []
        for _ in range(10):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(LATE)
            connection.connect(("127.0.0.1", served.port))
            connection.sendall(b"GET /askoctober/plotly.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
            greedy.append(connection)
        assert len(served.server.server_state.connections - held) == 10
        began = time.monotonic()
        while served.server.server_state.connections - held:
            assert time.monotonic() - began < LATE
            time.sleep(0.05)


def test_an_answer_that_is_read_slowly_comes_whole(served: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "UNREAD_SECONDS", BOUND)
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    with served.client() as client, client.stream("GET", "/askoctober/plotly.min.js") as reply:
        length, began = 0, time.monotonic()
        for piece in reply.iter_bytes(200_000):
            length += len(piece)
            time.sleep(0.2)
    assert length == int(reply.headers["content-length"]) and time.monotonic() - began > BOUND


def test_one_client_cannot_have_all_connections(
    connect: Callable[..., socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connections.MOST_PER_CLIENT <= CONNECTIONS / 2
    monkeypatch.setattr(connections, "MOST_PER_CLIENT", 5)
    monkeypatch.setattr(connections, "is_here", lambda address: False)
    time.sleep(0.2)  # for those of other tests to go
    held = [connect() for _ in range(8)]
    time.sleep(0.5)
    assert sum(is_closed(connection) for connection in held) >= 3
    assert not is_closed(held[0])


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000,
        b"\x16\x03\x01\x02\x00\x01\x00" + b"\x00" * 200 + b"\r\n\r\n",
        b"GET  HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /api/ask HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET ",
    ],
)
def test_what_is_no_http_is_refused_in_a_word(sent: bytes, connect: Callable[..., socket.socket]) -> None:
    connection = connect(sent)
    said = b""
    while piece := connection.recv(65536):
        said += piece
        if said.startswith(b"HTTP/1.1 4") and b"\r\n\r\n" in said:
            break
    assert said.startswith(b"HTTP/1.1 4") and len(said) < 2000
    assert b"Traceback" not in said and b".py" not in said and b"/src/" not in said


def test_websockets_are_no_door(connect: Callable[..., socket.socket]) -> None:
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n"
    connection = connect(b"GET /mcp HTTP/1.1\r\nHost: localhost\r\n" + upgrade + b"Sec-WebSocket-Version: 13\r\n\r\n")
    assert not connection.recv(65536).startswith(b"HTTP/1.1 101")
