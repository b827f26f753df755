"""An iterator that works in threads, waited for step by step and never longer than one wants to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

from askoctober.asynchrony import call

T = TypeVar("T")
_closing: set[asyncio.Task[None]] = set()
"""The loop itself holds on to no task."""


class Steps(Generic[T]):
    """The steps of an iterator, each taken in a worker thread; lives on one event loop, and has one reader."""

    def __init__(self, stream: Iterator[T]) -> None:
        """Take no step yet."""
        self._stream = stream
        self._lock = threading.Lock()
        self._step: asyncio.Task[list[T]] | None = None
        self._ended = False

    async def next(self, seconds: float) -> list[T] | None:
        """Return a list of the next item, empty at the end, or None where it is not there within `seconds`.

        The step then goes on, as it does when the reader is cancelled, and the next call waits for it. Raises what the
        iterator raised.
        """
        if self._step is None:
            self._step = asyncio.ensure_future(call(self._take))
            self._step.add_done_callback(_look_at)
        await asyncio.wait({self._step}, timeout=seconds)
        if not self._step.done():
            return None
        step, self._step = self._step, None
        self._ended = step.exception() is not None or not step.result()
        return step.result()

    def leave(self, then: Callable[[], None]) -> None:
        """Have the iterator closed as soon as its step is done, and `then` called; who leaves does not wait for it."""
        if self._ended:
            then()
            return
        task = asyncio.ensure_future(call(self._close))
        _closing.add(task)
        task.add_done_callback(_closing.discard)
        task.add_done_callback(_look_at)
        task.add_done_callback(lambda _: then())

    def _take(self) -> list[T]:
        with self._lock:
            return [*islice(self._stream, 1)]

    def _close(self) -> None:
        # A generator cannot be closed while it works.
        with self._lock:
            end = getattr(self._stream, "close", None)
            if end is not None:
                end()


def _look_at(task: asyncio.Task[Any]) -> None:
    """Take in what a task raised, for the loop complains of what nobody looks at."""
    if not task.cancelled():
        task.exception()
