"""Readers without a browser: they speak with the chat as its page does, over Gradio's queue."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from html import unescape
from time import perf_counter
from typing import Any
from uuid import uuid4

import httpx
from gradio_client.utils import apply_diff

RECORD = re.compile(r'data-record="([^"]*)"')
API = "gradio_api"
WAIT_SECONDS = 600.0


@dataclass
class Told:
    """What one reader was told: their own conversation as their page would keep it, and how long each answer took."""

    conversation: list[tuple[str, str]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    strange: int = 0
    """Updates that showed somebody else's question."""


@dataclass(frozen=True)
class Page:
    """Which function of the chat answers which event, and where in its outputs the parts of the page stand."""

    begin: int
    answer: int
    greet: int
    box: int
    live: int
    record: int

    @classmethod
    def of(cls, config: Any) -> Page:
        """Read it from the configuration that the page itself is given."""
        parts = {component["props"].get("elem_id"): component["id"] for component in config["components"]}
        functions = config["dependencies"]

        def triggered(part: int, event: str) -> Any:
            return next(one for one in functions if [part, event] in [list(target) for target in one["targets"]])

        begin = triggered(parts["ask-box"], "submit")
        answer = next(one for one in functions if one.get("trigger_after") == begin["id"])
        greet = next(one for one in functions if any(target[1] == "load" for target in one["targets"]))
        outputs = answer["outputs"]
        live, record = outputs.index(parts["ask-live"]), outputs.index(parts["ask-record"])
        return cls(begin["id"], answer["id"], greet["id"], begin["inputs"].index(parts["ask-box"]), live, record)


class Reader:
    """One reader with a session of their own."""

    def __init__(self, client: httpx.AsyncClient, page: Page) -> None:
        self.client, self.page = client, page
        self.session = uuid4().hex
        self.told = Told()

    async def run(self, questions: list[str]) -> Told:
        """Open the page, ask each question after the answer to the one before, and close the page."""
        open_page = asyncio.create_task(self._stay())
        await self._call(self.page.greet, [{}, None])
        for question in questions:
            began = perf_counter()
            data: list[Any] = [None, None]
            data[self.page.box] = question
            await self._call(self.page.begin, data)
            await self._answer(question)
            self.told.waits.append(perf_counter() - began)
        open_page.cancel()
        return self.told

    async def _stay(self) -> None:
        """Keep the session alive, as an open page does."""
        async with self.client.stream("GET", f"{API}/heartbeat/{self.session}") as beats:
            async for _ in beats.aiter_lines():
                pass

    async def _call(self, function: int, data: list[Any]) -> None:
        body = {"data": data, "fn_index": function, "session_hash": self.session}
        (await self.client.post(f"{API}/run/predict", json=body)).raise_for_status()

    async def _answer(self, question: str) -> None:
        body = {"data": [None], "fn_index": self.page.answer, "session_hash": self.session}
        (await self.client.post(f"{API}/queue/join", json=body)).raise_for_status()
        shown: list[Any] = []
        async with self.client.stream("GET", f"{API}/queue/data", params={"session_hash": self.session}) as stream:
            async for line in stream.aiter_lines():
                message = json.loads(line[5:]) if line.startswith("data:") else {}
                if message.get("msg") == "process_generating":
                    # The first is whole, those that follow are differences.
                    new = message["output"]["data"]
                    shown = [apply_diff(*both) for both in zip(shown, new, strict=True)] if shown else new
                    self._look(shown[self.page.live], question)
                elif message.get("msg") in ("process_completed", "close_stream", "unexpected_error"):
                    if message["msg"] == "unexpected_error" or message.get("success") is False:
                        raise RuntimeError(f"The chat failed a reader: {message}")
                    if message["msg"] == "close_stream":
                        break
        if shown and isinstance(shown[self.page.record], str):
            found = RECORD.search(shown[self.page.record])
            turns = json.loads(unescape(found.group(1)))["turns"] if found else []
            self.told.conversation = [(turn["question"], turn["text"]) for turn in turns]

    def _look(self, live: Any, question: str) -> None:
        if isinstance(live, str) and live and question not in unescape(live):
            self.told.strange += 1


async def read_together(url: str, questions: list[list[str]]) -> list[Told]:
    """Let as many readers as there are lists ask theirs at the same time."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=WAIT_SECONDS, limits=limits) as client:
        page = Page.of((await client.get("config")).json())
        return await asyncio.gather(*(Reader(client, page).run(own) for own in questions))
