import asyncio
import threading

import anyio
import anyio.to_thread
import pytest

from askoctober.asynchrony import call, iterate


def counting(ended: list[str], last: int = 5):
    try:
        for number in range(last):
            yield None if number == 2 else number
    finally:
        ended.append(threading.current_thread().name)


def test_all_is_yielded_and_the_end_is_the_end():
    ended: list[str] = []

    async def read():
        return [item async for item in iterate(counting(ended))]

    assert anyio.run(read) == [0, 1, None, 3, 4]
    assert len(ended) == 1


def test_closing_closes_what_is_read():
    ended: list[str] = []

    async def read():
        stream = iterate(counting(ended))
        assert await anext(stream) == 0
        await stream.aclose()

    anyio.run(read)
    assert len(ended) == 1


def test_cancelling_closes_what_is_read():
    ended: list[str] = []
    go = threading.Event()

    def slow():
        try:
            yield 1
            go.wait(5)
            yield 2
        finally:
            ended.append("closed")

    async def read():
        with anyio.CancelScope() as scope:
            async for _ in iterate(slow()):
                scope.cancel()
                go.set()

    anyio.run(read)
    assert ended == ["closed"]


def test_errors_come_through():
    def broken():
        yield 1
        raise ValueError("broken")

    async def read():
        return [item async for item in iterate(broken())]

    with pytest.raises(ValueError, match="broken"):
        anyio.run(read)

    async def called():
        return await call(divmod, 7, 2)

    assert anyio.run(called) == (3, 1)


@pytest.mark.parametrize("times", [1, 3])
def test_a_task_that_asyncio_cancels_waits_for_the_step_that_has_begun(times):
    begun, go, ended = threading.Event(), threading.Event(), []

    def slow():
        try:
            begun.set()
            go.wait(5)
            yield 1
        finally:
            ended.append("closed")

    async def read():
        async for _ in iterate(slow()):
            pass

    async def main():
        task = asyncio.ensure_future(read())
        while not begun.is_set():
            await asyncio.sleep(0.001)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0.02)
        assert not task.done()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == ["closed"]

    asyncio.run(main())


def test_what_has_not_begun_is_not_waited_for():
    async def main():
        limiter = anyio.to_thread.current_default_thread_limiter()
        limiter.total_tokens = 1
        go = threading.Event()
        first = asyncio.ensure_future(call(go.wait, 5))
        await asyncio.sleep(0.02)
        called: list[int] = []
        second = asyncio.ensure_future(call(called.append, 1))
        await asyncio.sleep(0.02)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        go.set()
        assert await first
        assert called == []

    asyncio.run(main())
