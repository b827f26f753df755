"""Requests whose clients may go away at any moment: what is made for them stops then."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from fastapi.responses import StreamingResponse

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.types import Receive, Scope, Send

T = TypeVar("T")
STILL_HERE = b": still here\n\n"
"""A line of server-sent events that no client hands on: it keeps a connection open, and shows who has gone."""


class ClientGone(Exception):
    """The client has gone; nobody will read what is answered."""


async def while_listening(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what is made for a client whose request has been read; stop making it when the client goes away.

    Raises:
        ClientGone: the client has gone.
        Exception: what the work raised.
    """
    made: list[T] = []
    raised: list[Exception] = []

    async def working() -> None:
        # Kept and raised outside: a task group would wrap it.
        try:
            made.append(await work)
        except Exception as error:
            raised.append(error)
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(working)
        await _gone(request.receive)
        group.cancel_scope.cancel()
    if raised:
        raise raised[0]
    if not made:
        raise ClientGone
    return made[0]


class EventStream(StreamingResponse):
    """Server-sent events; when the client goes away, what makes them is closed, wherever it stands."""

    def __init__(self, lines: AsyncGenerator[bytes]) -> None:
        """Send lines as they are made."""
        super().__init__(
            lines, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the lines until their end, or until the client goes away."""

        async def sending() -> None:
            try:
                await self.stream_response(send)
            except OSError:
                pass
            group.cancel_scope.cancel()

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(sending)
                await _gone(receive)
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._lines.aclose()


async def _gone(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
