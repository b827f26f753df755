"""Readers who ask, come back when they are refused, and look at every answer: whether it came, and whose it is."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from loopback import LOST, Client, Refused, parsed

PATH = "/api/ask"
READER = re.compile(r"[Rr]eader (\d{7})")
MOST_EVENTS = 60
"""A reader who goes away does so after one to so many events: while waiting, while the model reads, or writes."""
Check = Callable[[Sequence[Mapping[str, Any]]], str]
"""What is wrong with passages or citations of one answer."""


@dataclass
class Ledger:
    """What became of all that was asked; times are seconds since the start, and waits are in seconds.

    A question ends answered, failed with an error that says so, dropped by its reader, given up because the time was
    over while its reader was kept waiting outside, or lost. An answer that is not its reader's own is mixed up.
    """

    seconds: float
    began: float = field(default_factory=monotonic)
    answered: list[float] = field(default_factory=list, repr=False)
    waits: list[float] = field(default_factory=list, repr=False)
    evidence: list[float] = field(default_factory=list, repr=False)
    failed: list[float] = field(default_factory=list, repr=False)
    refused: int = 0
    dropped: int = 0
    given_up: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    mixed: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list, repr=False)

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return monotonic() - self.began

    @property
    def rate(self) -> float:
        """Answers a second, while all readers asked."""
        return sum(at <= self.seconds for at in self.answered) / self.seconds


class Reader:
    """One reader, who asks one question after another."""

    def __init__(self, client: Client, number: int, ledger: Ledger, check: Check, dropping: float) -> None:
        """Ask as reader `number`, and go away from a share `dropping` of the questions; `check` finds fault."""
        self._client, self._number, self._ledger = client, number, ledger
        self._check, self._dropping = check, dropping
        self._chance = random.Random(number)  # noqa: S311
        self._turn = 0

    async def run(self, subjects: Sequence[str]) -> None:
        """Ask about one subject after another until the time is over."""
        while self._ledger.now < self._ledger.seconds:
            self._turn += 1
            own = f"{self._number:03d}{self._turn:04d}"
            subject = subjects[(self._number + self._turn * 37) % len(subjects)]
            question = f"Reader {own} asks what the articles say of this: {subject}?"
            leaves = self._chance.randint(1, MOST_EVENTS) if self._chance.random() < self._dropping else 0
            await self._ask_until_admitted(question, own, leaves)
        await self._client.close()

    async def _ask_until_admitted(self, question: str, own: str, leaves: int) -> None:
        ledger = self._ledger
        asked = ledger.now
        while True:
            try:
                await self._ask(question, own, leaves, asked)
                return
            except Refused as refused:
                if not refused.is_clear or refused.status not in (429, 503):
                    ledger.lost[f"answered with status {refused.status}"] += 1
                    return
                ledger.refused += refused.status == 429
                if refused.status == 503:
                    ledger.failed.append(ledger.now)
                    return
                if not refused.retry_after:
                    ledger.lost["refused without Retry-After"] += 1
                    return
                left = ledger.seconds - ledger.now
                await asyncio.sleep(min(refused.retry_after, max(left, 0)))
                if refused.retry_after >= left:
                    ledger.given_up += 1
                    return
            except LOST as error:
                ledger.lost[type(error).__name__] += 1
                return

    async def _ask(self, question: str, own: str, leaves: int, asked: float) -> None:
        """Follow one stream to its end, or for `leaves` events."""
        ledger = self._ledger
        heard, draft = 0, ""
        body = {"question": question, "stream": True}
        async with aclosing(self._client.events(PATH, body)) as events:
            async for name, data in events:
                heard += 1
                if set(READER.findall(data)) - {own}:
                    ledger.mixed[f"another reader's {name}"] += 1
                if name == "text":
                    draft += (parsed(data) or {}).get("text", "")
                if name == "answer":
                    self._take(data, draft, question, own, asked)
                    return
                if name == "error":
                    if not (parsed(data) or {}).get("detail"):
                        ledger.lost["an error that says nothing"] += 1
                    ledger.failed.append(ledger.now)
                    return
                if name == "evidence":
                    ledger.evidence.append(ledger.now - asked)
                if heard == leaves:
                    ledger.dropped += 1
                    return
        ledger.lost["the stream ended without an answer"] += 1

    def _take(self, data: str, draft: str, question: str, own: str, asked: float) -> None:
        """Note an answer, and what is wrong with it: the model's draft has the question's number, and so has the text.

        Only where the check has put a sentence back to its source's words the number is gone from the text.
        """
        ledger = self._ledger
        now = ledger.now
        answer = (parsed(data) or {}).get("answer") or {}
        fault = self._check([*answer.get("citations", ()), *answer.get("hits", ())])
        if answer.get("question") != question:
            fault = "another question's answer"
        elif own not in draft:
            fault = "another draft"
        elif own not in answer["text"] and "repaired" not in [said["support"] for said in answer["sentences"]]:
            fault = "declined" if answer["declined"] else "a text that is not the question's own"
        if fault:
            ledger.mixed[fault] += 1
            ledger.examples.append(data)
        ledger.answered.append(now)
        ledger.waits.append(now - asked)


async def ask_together(
    url: str, subjects: Sequence[str], readers: int, ledger: Ledger, check: Check, dropping: float = 0.0
) -> None:
    """Have readers ask until the ledger's time is over, and until what is asked by then has come to its end."""
    asking = [Reader(Client(url, number), number, ledger, check, dropping) for number in range(readers)]
    await asyncio.gather(*(reader.run(subjects) for reader in asking))
