"""Connections that hold a place without using it: requests that drip in, and answers that nobody takes.

uvicorn bounds neither the time that a request takes to arrive nor that in which a client reads its answer.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from askoctober.web.guarding.clients import is_here, network_of

HEAD_SECONDS = 10.0
"""Until the head of a request is there."""
BODY_SECONDS = 600.0
"""Until its body is, which may be an upload over a slow line; what is no upload has less (`api.limits`)."""
LATE_SECONDS = 10.0
"""What a body may still take that is not read any more, as its answer has been given."""
UNREAD_SECONDS = 60.0
"""For which a client may take nothing of an answer that waits for it."""
MOST_PER_CLIENT = 400
"""Open connections of one client, two fifths of what the server has; a browser opens six."""


class Connection(H11Protocol):  # type: ignore[misc]
    """An HTTP connection that is closed when a request is not there in time, or an answer is not taken."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._awaited: tuple[Any, bool] | None = None
        self._arriving = Timer()
        self._leaving = Timer()

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for a request; close at once where the client has too many connections."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if not is_here(address):
            network = network_of(address)
            others = sum(1 for one in self.connections if one.client and network_of(one.client[0]) == network)
            if others > MOST_PER_CLIENT:
                transport.abort()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take in what has arrived."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Go on to the next request, or see the last answer off."""
        super().on_response_complete()
        self._watch()
        if self.transport.is_closing():
            self._see_off()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, whether or not the client has taken all of its last answer."""
        super().timeout_keep_alive_handler()
        self._see_off()

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._see_off()

    def resume_writing(self) -> None:
        """Wait no more: the client reads."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._leaving.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        self._arriving.stop()
        self._leaving.stop()

    def _watch(self) -> None:
        """Give the part of a request that is awaited its time, from the moment when it is first awaited."""
        theirs, answered = self.conn.their_state, self.conn.our_state is h11.DONE
        if (theirs, answered) == self._awaited:
            return
        self._awaited = theirs, answered
        self._arriving.stop()
        if theirs is h11.IDLE:
            self._arriving.start(self, HEAD_SECONDS)
        elif theirs is h11.SEND_BODY:
            self._arriving.start(self, LATE_SECONDS if answered else BODY_SECONDS)

    def _see_off(self) -> None:
        """Give the client a time in which to take what waits for it."""
        self._leaving.start(self, UNREAD_SECONDS)


class Timer:
    """Cuts a connection off after a time, unless it is stopped before."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    def start(self, connection: Connection, seconds: float) -> None:
        """Begin, unless it has begun."""
        if self._handle is None:
            self._handle = connection.loop.call_later(seconds, connection.transport.abort)

    def stop(self) -> None:
        """Forget it."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
