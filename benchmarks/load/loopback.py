"""A reader's connection to a server of this computer, from an address of the reader's own.

The line before the model takes turns by address. On Linux the whole of 127.0.0.0/8 is this computer, so that two
hundred readers are two hundred clients, as they would be over a network. Spoken is HTTP as httpcore has it, beneath
httpx: a load that is made on the machine that bears it must cost little.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpcore

KEPT_SECONDS = 4.0
"""An idle connection is used again for so long: less than the server keeps it, so that none is closed in our hands."""
SILENT_SECONDS = 60.0
"""A server that says nothing for so long has lost the question."""
TIMEOUT = {"timeout": {"connect": 30.0, "write": 30.0, "pool": 30.0, "read": SILENT_SECONDS}}
HEADERS = {"Content-Type": "application/json"}
LOST = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)
"""What is raised where no answer came, or half of one."""


class Refused(Exception):
    """The server took no question, and said why; `retry_after` is in seconds, 0 where it did not say."""

    def __init__(self, status: int, retry_after: float, problem: Any) -> None:
        super().__init__(f"{status} {problem}")
        self.status, self.retry_after = status, retry_after
        self.is_clear = isinstance(problem, dict) and bool(problem.get("detail"))


class Client:
    """One reader's way to one server; one request at a time."""

    def __init__(self, url: str, number: int = 0) -> None:
        """Come to `url` from the loopback address with a number."""
        self._url = url.rstrip("/")
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=1, keepalive_expiry=KEPT_SECONDS, local_address=address_of(number)
        )

    async def get(self, path: str) -> bytes:
        """Return the body of what is at a path."""
        found = await self._pool.request("GET", self._url + path, extensions=TIMEOUT)
        return bytes(found.content)

    async def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, bytes]:
        """Return the status and the body of the answer."""
        sent = json.dumps(body).encode()
        found = await self._pool.request("POST", self._url + path, headers=HEADERS, content=sent, extensions=TIMEOUT)
        return found.status, bytes(found.content)

    async def events(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[tuple[str, str]]:
        """Yield the name and the data of each server-sent event; closing this closes the connection.

        Raises:
            Refused: the answer is no stream.
        """
        sent = json.dumps(body).encode()
        url = self._url + path
        async with self._pool.stream("POST", url, headers=HEADERS, content=sent, extensions=TIMEOUT) as answer:
            if answer.status != 200:
                told = dict(answer.headers)
                raise Refused(answer.status, float(told.get(b"retry-after", 0)), parsed(await answer.aread()))
            rest = b""
            async for piece in answer.aiter_stream():
                *blocks, rest = (rest + piece).split(b"\n\n")
                for block in blocks:
                    fields = dict(
                        line.split(": ", 1) for line in block.decode().split("\n") if line[:1] not in (":", "")
                    )
                    if fields:
                        yield fields.get("event", ""), fields.get("data", "")

    async def close(self) -> None:
        """Close the connection."""
        await self._pool.aclose()


def address_of(number: int) -> str:
    """Return a loopback address for a reader, from 127.1.0.1 on."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


def parsed(body: bytes) -> Any:
    """Return what a body holds as JSON; None where that cannot be read."""
    try:
        return json.loads(body)
    except ValueError:
        return None
