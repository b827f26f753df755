"""A chat behind its guards on a free port, as `serve` starts it; clients of other addresses come through a proxy."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import uvicorn

from askoctober.web.guarding import Rules
from askoctober.web.guarding.secret import Secret, _hash
from askoctober.web.server import create_app, listen, settings

from ..fakes import FakeAssistant, on_a_loop

PASSWORD = "eight ten-tailed otters ü"
SALT = bytes(range(16))
SECRET = Secret(4, 8, 1, SALT, _hash(PASSWORD, 4, 8, 1, SALT))
"""A hash that costs little."""
ELSEWHERE = "203.0.113.7"
"""The address of another computer."""


class Guarded:
    """A chat on a free port, in a thread, until it is closed."""

    def __init__(self, rules: Rules, hosts: Sequence[str] = (), assistant: Any = None, **options: Any) -> None:
        self.assistant = assistant or FakeAssistant(0)
        self.rules = replace(rules, proxies=rules.proxies or ("127.0.0.1",))
        self.socket = listen("127.0.0.1", 0)
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.app = create_app(self.assistant, examples=(), hosts=hosts, rules=self.rules, **options)
        self.server = uvicorn.Server(settings(self.app, self.rules))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self.thread.start()

    def client(self, address: str = ELSEWHERE, **headers: str) -> httpx.Client:
        """A client that asks from an address."""
        given: Mapping[str, str] = {"X-Forwarded-For": address} | headers
        return httpx.Client(base_url=self.url, headers=given, timeout=60, trust_env=False)

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        self.socket.close()


@contextmanager
def guarded(rules: Rules, **options: Any) -> Iterator[Guarded]:
    try:
        asyncio.get_running_loop()  # a browser's
        served = Guarded(rules, **options)
    except RuntimeError:
        served = on_a_loop(lambda: Guarded(rules, **options))
    try:
        yield served
    finally:
        served.close()
