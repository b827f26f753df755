from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askoctober.web.line import MOST_PASSED, Line

from .fakes import complete


def test_first_come_is_first() -> None:
    line = Line()
    places = [line.join() for _ in range(4)]
    assert [place.ahead for place in places] == [0, 1, 2, 3] and len(line) == 4
    places[1].leave()
    assert [place.ahead for place in (places[0], places[2], places[3])] == [0, 1, 2] and len(line) == 3
    places[0].leave()
    assert line.join().ahead == 2 and places[2].ahead == 0


def test_leaving_twice_changes_nothing() -> None:
    line = Line()
    first, second = line.join(), line.join()
    first.leave()
    first.leave()
    assert second.ahead == 0 and len(line) == 1


def test_nobody_stands_ahead_of_who_has_left() -> None:
    place = Line().join()
    place.leave()
    with pytest.raises(ValueError):
        _ = place.ahead


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=40))
def test_order_is_that_of_coming_whoever_leaves(steps: list[int]) -> None:
    line, standing = Line(), []
    for step in steps:
        if step < 5 or not standing:
            standing.append(line.join())
        else:
            standing.pop(step % len(standing)).leave()
        assert [place.ahead for place in standing] == list(range(len(standing))) and len(line) == len(standing)


def test_everybody_who_waits_hears_that_one_has_left() -> None:
    async def wait() -> list[int]:
        line = Line()
        places = [line.join() for _ in range(20)]

        async def heard(number: int) -> int:
            await places[number].moved(30)
            return places[number].ahead

        waiting = [asyncio.create_task(heard(number)) for number in range(1, 20)]
        await asyncio.sleep(0)
        places[0].leave()
        return await asyncio.gather(*waiting)

    began = time.perf_counter()
    assert complete(wait()) == list(range(19))
    assert time.perf_counter() - began < 5


def test_each_leaving_is_heard() -> None:
    async def wait() -> list[int]:
        line = Line()
        places = [line.join() for _ in range(4)]
        seen = [places[3].ahead]

        async def watch() -> None:
            while places[3].ahead:
                await places[3].moved(30)
                seen.append(places[3].ahead)

        watching = asyncio.create_task(watch())
        for place in (places[1], places[0], places[2]):
            await asyncio.sleep(0.01)
            place.leave()
        await watching
        return seen

    assert complete(wait()) == [3, 2, 1, 0]


def test_clients_that_ask_again_and_again_keep_nobody_waiting_for_ever() -> None:
    line = Line()
    busy = [line.join("a"), line.join("b"), line.join()]
    second = line.join("a")
    answers = 0
    while second.ahead:
        first = min(busy, key=lambda place: place.ahead)
        busy.remove(first)
        first.leave()
        busy.append(line.join(first.client))
        answers += 1
    assert MOST_PASSED <= answers <= MOST_PASSED + len(busy)
    assert line.join("d").ahead and not second.ahead


def test_waiting_ends_after_its_time_without_news() -> None:
    async def wait() -> int:
        line = Line()
        line.join()
        last = line.join()
        await last.moved(0.01)
        return last.ahead

    assert complete(wait()) == 1
