from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from askoctober.web.stepping import Steps

from .fakes import complete


class Gated:
    """Numbers, each of which comes when it is let through; remembers what became of it."""

    def __init__(self, last: int = 3) -> None:
        self.last = last
        self.gate = threading.Semaphore(0)
        self.taken: list[str] = []

    def stream(self) -> Iterator[int]:
        try:
            for number in range(self.last):
                assert self.gate.acquire(timeout=10)
                yield number
        finally:
            self.taken.append("closed")


def test_who_waits_waits_no_longer_than_it_wants_and_misses_nothing() -> None:
    async def read() -> None:
        gated = Gated()
        steps = Steps(gated.stream())
        began = time.monotonic()
        assert await steps.next(0.01) is None and await steps.next(0) is None
        assert time.monotonic() - began < 5
        for number in range(3):
            gated.gate.release()
            assert await steps.next(10) == [number]
        assert await steps.next(10) == [] and gated.taken == ["closed"]

    complete(read())


def test_what_is_raised_comes_through() -> None:
    async def broken() -> None:
        steps = Steps(1 // number for number in (1, 0))
        assert await steps.next(10) == [1]
        with pytest.raises(ZeroDivisionError):
            await steps.next(10)
        left: list[str] = []
        steps.leave(lambda: left.append("at once"))
        assert left == ["at once"]

    complete(broken())


@pytest.mark.parametrize("how", ["cancelled", "left"])
def test_who_leaves_does_not_wait_and_the_step_is_closed_when_it_is_done(how: str) -> None:
    async def leave() -> None:
        gated, left = Gated(), asyncio.Event()
        steps = Steps(gated.stream())
        if how == "left":
            assert await steps.next(0.01) is None
        else:
            task = asyncio.ensure_future(steps.next(10))
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        began = time.monotonic()
        steps.leave(left.set)
        await asyncio.sleep(0.02)
        assert time.monotonic() - began < 5 and not left.is_set() and gated.taken == []
        gated.gate.release()
        async with asyncio.timeout(10):
            await left.wait()
        assert gated.taken == ["closed"]

    complete(leave())


def test_what_has_not_begun_is_closed_too_and_an_iterator_needs_no_end() -> None:
    async def leave() -> None:
        for stream in (Gated().stream(), iter([1, 2])):
            steps, left = Steps(stream), asyncio.Event()
            steps.leave(left.set)
            async with asyncio.timeout(10):
                await left.wait()

    complete(leave())


def test_the_loop_may_end_in_the_middle() -> None:
    gated = Gated()

    async def begin() -> None:
        steps = Steps(gated.stream())
        assert await steps.next(0.01) is None
        steps.leave(lambda: None)
        await asyncio.sleep(0.01)
        threading.Timer(0.1, gated.gate.release).start()

    complete(begin())
    assert gated.taken == ["closed"]
