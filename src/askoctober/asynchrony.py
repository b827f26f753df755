"""What is written for threads, in a program of coroutines: the same verbs, none of them written twice."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
LOOK_AGAIN_SECONDS = 0.005


async def call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a function returns, called in a worker thread; once begun it is waited for, whoever gives up.

    That holds for tasks too that are cancelled by asyncio itself, which no scope of anyio can hold back.
    """
    import anyio
    import anyio.to_thread

    state = _State()

    def work() -> T:
        with state.lock:
            if state.abandoned:
                raise RuntimeError("nobody waits for it")
            state.begun = True
        try:
            return function(*args, **kwargs)
        finally:
            state.done.set()

    try:
        return await anyio.to_thread.run_sync(work)
    except anyio.get_cancelled_exc_class():
        with state.lock:
            state.abandoned = not state.begun
        while not (state.abandoned or state.done.is_set()):
            with suppress(anyio.get_cancelled_exc_class()), anyio.CancelScope(shield=True):
                await anyio.sleep(LOOK_AGAIN_SECONDS)
        raise


class _State:
    """How far a call has come."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.done = threading.Event()
        self.begun = self.abandoned = False


async def iterate(stream: Iterator[T]) -> AsyncGenerator[T]:
    """Yield what an iterator yields, each step taken in a worker thread; closing or cancelling this closes it."""
    # A list for each step, empty at the end: a stream may yield anything, None too.
    try:
        while step := await call(lambda: [*islice(stream, 1)]):
            yield step[0]
    finally:
        await close(stream)


async def close(stream: Iterator[object]) -> None:
    """Stop what an iterator is doing, whatever is cancelled meanwhile."""
    import anyio

    end = getattr(stream, "close", None)
    if end is not None:
        with anyio.CancelScope(shield=True):
            await call(end)
