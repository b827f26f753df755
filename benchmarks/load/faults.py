"""What goes wrong on purpose while readers ask: the model's process is killed, the index is exchanged."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import psutil
from asking import Ledger
from changing import ChangingShelf
from loopback import Client

MODEL = "paced_model.py"
QUESTIONS = "askoctober_questions_total{"
QUEUE = "askoctober_queue"
STAGE = "askoctober_stage_seconds"
STAGES = ("retrieve", "read", "generate", "check")
"""What the server counts for Prometheus."""
LOOK_AGAIN_SECONDS = 0.05
ANSWERED_WITHIN_SECONDS = 120.0


@dataclass(frozen=True)
class Fault:
    """What was done and when, and the seconds from then to the next answer, or until the new index was served.

    `answers` is how many came meanwhile, and `failed` how many questions were told that theirs does not.
    """

    kind: str
    at: float
    seconds: float
    answers: int
    failed: int


def model_of(server: psutil.Process) -> psutil.Process | None:
    """Return the process of the server's model; None while it is being started anew."""
    for child in server.children():
        try:
            if any(part.endswith(MODEL) for part in child.cmdline()):
                return child
        except psutil.NoSuchProcess:
            continue
    return None


class Faults:
    """Causes faults, and notes how each ended."""

    def __init__(self, url: str, server: psutil.Process, shelf: ChangingShelf, ledger: Ledger) -> None:
        """Disturb a server whose readers write into a ledger."""
        self._server, self._shelf, self._ledger = server, shelf, ledger
        self._client = Client(url, 999)
        self.noted: list[Fault] = []

    async def cause(self, every: float, until: float) -> None:
        """Kill the model and exchange the index in turn, so many seconds apart, until the ledger's time is `until`."""
        for number in range(1, int(until / every) + 1):
            await asyncio.sleep(max(number * every - self._ledger.now, 0))
            await (self.kill() if number % 2 else self.exchange())
        await self._client.close()

    async def kill(self) -> None:
        """Kill the model as it works, and wait for the next answer."""
        ledger = self._ledger
        while (model := model_of(self._server)) is None:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        at, answers, failed = ledger.now, len(ledger.answered), len(ledger.failed)
        model.kill()
        while len(ledger.answered) == answers and ledger.now - at < ANSWERED_WITHIN_SECONDS:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        self._note("kill", at, answers, failed)

    async def exchange(self) -> None:
        """Build the index of a changed shelf beside the server, and wait until it is served."""
        ledger = self._ledger
        at, answers, failed = ledger.now, len(ledger.answered), len(ledger.failed)
        await self._shelf.change(self._client)
        self._note("index", at, answers, failed)

    def _note(self, kind: str, at: float, answers: int, failed: int) -> None:
        ledger = self._ledger
        answered, told = len(ledger.answered) - answers, len(ledger.failed) - failed
        self.noted.append(Fault(kind, at, ledger.now - at, answered, told))


async def settled(url: str, seconds: float) -> dict[str, float]:
    """Return the server's own counts, once nobody is left in its line or the time is over."""
    client = Client(url, 998)
    for _ in range(max(int(seconds / LOOK_AGAIN_SECONDS), 1)):
        counts = read_metrics((await client.get("/metrics")).decode())
        if not counts[QUEUE]:
            break
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    await client.close()
    return counts


def answered(counts: Mapping[str, float]) -> float:
    """Return how many questions were answered by the server's own count, whichever door they came by."""
    return sum(count for name, count in counts.items() if name.startswith(QUESTIONS) and 'outcome="answered"' in name)


def stages(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return what each stage of a question took between two counts, in seconds a question, by the server's clock."""
    taken = {}
    for stage in STAGES:
        total, many = (
            after.get(name, 0.0) - before.get(name, 0.0)
            for name in (f'{STAGE}_{part}{{stage="{stage}"}}' for part in ("sum", "count"))
        )
        if many:
            taken[stage] = total / many
    return taken


def read_metrics(text: str) -> dict[str, float]:
    """Return the samples of Prometheus's text format, by name and labels as they stand there."""
    lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}
