"""What is written for threads, in a program of coroutines: the same verbs, none of them written twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from functools import partial
from itertools import islice
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a function returns, called in a worker thread; once begun it is waited for, whoever gives up."""
    import anyio.to_thread

    return await anyio.to_thread.run_sync(partial(function, *args, **kwargs))


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
