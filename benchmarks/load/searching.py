"""Searches at full rate: many connections, each of which sends its next question as soon as it has its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from asking import Check
from loopback import LOST, Client, parsed

PATH = "/api/search"
K = 5
FIRST = 500
"""The number of the first reader who searches beside those who ask."""


@dataclass
class Round:
    """What became of the searches of a round: how many were answered within it, and each answer's time in seconds."""

    seconds: float
    done: int = 0
    lost: int = 0
    mixed: int = 0
    times: list[float] = field(default_factory=list, repr=False)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.done / self.seconds


def texts_of(body: bytes) -> list[str] | None:
    """Return the texts of an answer's passages, best first; None where it is no answer."""
    found = parsed(body)
    return [hit["text"] for hit in found] if isinstance(found, list) else None


async def ask_alone(url: str, questions: Sequence[str]) -> list[bytes]:
    """Return the answer to each question, asked one after another: what is right for a server that is hurried."""
    client = Client(url)
    answers = []
    for question in questions:
        status, body = await client.post(PATH, {"question": question, "k": K})
        if status != 200:
            raise RuntimeError(f"The server does not search: {status} {body[:200]!r}")
        answers.append(body)
    await client.close()
    return answers


async def search_together(
    url: str, questions: Sequence[str], right: Sequence[bytes], readers: int, seconds: float
) -> Round:
    """Have readers search at once for so many seconds, and compare each answer with the right one."""
    told = Round(seconds)
    end = monotonic() + seconds

    async def read(number: int) -> None:
        client = Client(url, number)
        at = number
        while (began := monotonic()) < end:
            at = (at + readers + 1) % len(questions)
            try:
                status, body = await client.post(PATH, {"question": questions[at], "k": K})
            except LOST:
                told.lost += 1
                continue
            ended = monotonic()
            if status != 200:
                told.lost += 1
                continue
            told.mixed += body != right[at] and texts_of(body) != texts_of(right[at])
            told.done += ended <= end
            told.times.append(ended - began)
        await client.close()

    await asyncio.gather(*(read(number) for number in range(readers)))
    return told


async def search_now_and_then(
    url: str, questions: Sequence[str], readers: int, seconds: float, pause: float, check: Check
) -> Round:
    """Have readers search every `pause` seconds while others ask; `check` finds fault with what is found."""
    told = Round(seconds)
    end = monotonic() + seconds

    async def read(number: int) -> None:
        client = Client(url, number)
        at = number
        while (began := monotonic()) < end:
            at = (at + readers + 1) % len(questions)
            try:
                status, body = await client.post(PATH, {"question": questions[at], "k": K})
            except LOST:
                status, body = 0, b""
            found = parsed(body)
            if status == 200 and isinstance(found, list):
                told.done += 1
                told.mixed += bool(check(found))
                told.times.append(monotonic() - began)
            else:
                told.lost += 1
            await asyncio.sleep(min(pause, max(end - monotonic(), 0)))
        await client.close()

    await asyncio.gather(*(read(FIRST + number) for number in range(readers)))
    return told


async def idle_rate(url: str, readers: int, seconds: float) -> float:
    """Return how often a second readers are told that the server runs: what the clients and HTTP alone can do."""
    done = 0
    end = monotonic() + seconds

    async def read(number: int) -> None:
        nonlocal done
        client = Client(url, number)
        while monotonic() < end:
            await client.get("/healthz")
            done += 1
        await client.close()

    await asyncio.gather(*(read(number) for number in range(readers)))
    return done / seconds


def as_json(one: Round) -> dict[str, Any]:
    """Return a round without its single times."""
    kept = ("seconds", "done", "lost", "mixed", "rate")
    return {name: getattr(one, name) for name in kept} | {"answered": len(one.times)}
