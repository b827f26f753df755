"""The desk between many clients and the one language model: a fair line with a bound, deadlines, and a graceful end."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import anyio

from askoctober.asynchrony import call, iterate
from askoctober.config import Config
from askoctober.errors import AskoctoberError, IndexFolderError, QuestionError
from askoctober.retrieval import check_question
from askoctober.retrieval.filtering import AnyFilter
from askoctober.types import Answer, Article, Event, Hit, Message
from askoctober.web.answerer import Answerer
from askoctober.web.line import Line, Place

SEARCHES_AT_ONCE = 4
TOLD_EVERY = 10.0
"""Seconds after which a client that waits is told its place again, so that nothing between takes the line for dead."""
LOOK_AGAIN_SECONDS = 0.25
USUAL_SECONDS = 10.0
"""What an answer takes, as long as none has been timed."""
OUTCOMES = ("answered", "declined", "failed", "stopped", "refused")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question waits; `position` questions come first."""

    position: int


class Busy(AskoctoberError):
    """As many questions wait as may; `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        """Ask the client to come back later."""
        super().__init__(f"Too many questions are waiting; ask again in {retry_after:.0f} seconds.")
        self.retry_after = retry_after


class Closing(AskoctoberError):
    """The server is about to stop and takes no new questions."""


class TooLate(AskoctoberError):
    """The answer was not there within the time that a question is given."""


TOLD = (QuestionError, Busy, Closing, TooLate)
"""Errors that clients can do something about; the words of all others are for the keeper, and may name files."""


class Desk:
    """Takes questions of many clients, and has them answered in turn; lives on one event loop.

    Clients take turns: one who asks ten questions at once does not keep another waiting for all ten.
    """

    def __init__(
        self,
        assistant: Answerer,
        *,
        line: Line | None = None,
        waiting: int = 32,
        per_client: int = 4,
        seconds: float = 300.0,
        kept: int = 0,
        tell: Callable[[str, float], None] | None = None,
    ) -> None:
        """Answer with `assistant`; at most `waiting` questions wait, `per_client` of any one client.

        A question has `seconds` from its turn on. `kept` answers are remembered as long as the index is the same.
        `tell` is told how long each stage took, by name ("retrieve", "first_token", "total"), in seconds. The `line`
        may be shared with others who use the same model.
        """
        self.assistant = assistant
        self.outcomes: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
        self.line = Line() if line is None else line
        self._waiting, self._per_client, self._seconds = waiting, per_client, seconds
        self._mine: Counter[Hashable] = Counter()
        self._searches = anyio.Semaphore(SEARCHES_AT_ONCE)
        self._usual = USUAL_SECONDS
        self._closing = self._cut = False
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._most_kept = kept
        self._tell = tell or (lambda stage, seconds: None)

    def __len__(self) -> int:
        """How many questions wait or are being answered."""
        return len(self.line)

    @property
    def is_closing(self) -> bool:
        """Whether no new questions are taken."""
        return self._closing

    async def stream(
        self, question: str, history: Sequence[Message] = (), *, client: str = "", config: Config | None = None
    ) -> AsyncGenerator[Event | Waiting]:
        """Yield the place in the line while it changes, then the events of the answer; closing it stops the model.

        Raises:
            Busy: as many questions wait as may.
            Closing: the server is about to end.
            TooLate: the question has had its time.
            AskoctoberError: as `Assistant.stream`.
        """
        outcome = "refused"
        try:
            check_question(question)
            key = self._key(question, history, config)
            if answer := self._kept.get(key):
                outcome = "declined" if answer.declined else "answered"
                yield answer
                return
            self._admit(client)
            outcome = "stopped"
            async with aclosing(self._answer(question, history, client, config)) as events:
                async for event in events:
                    if isinstance(event, Answer):
                        outcome = "declined" if event.declined else "answered"
                        self._keep(key, event)
                    yield event
        except (Busy, Closing):
            raise
        except Exception:
            outcome = "failed"
            raise
        finally:
            self.outcomes[outcome] += 1

    async def ask(
        self, question: str, history: Sequence[Message] = (), *, client: str = "", config: Config | None = None
    ) -> Answer:
        """Return the answer; raises as `stream` does, and cancelling it stops the model."""
        async with aclosing(self.stream(question, history, client=client, config=config)) as events:
            async for event in events:
                if isinstance(event, Answer):
                    return event
        raise AssertionError("a stream ends with its answer")

    async def search(self, question: str, k: int = 5, filter: AnyFilter = None, threshold: float = -1.0) -> list[Hit]:
        """Return at most k hits, best first; a few searches run at once, and wait for no answer."""
        if self._closing:
            raise Closing("The server is about to end; ask again in a minute.")
        async with self._searches:
            began = time.perf_counter()
            hits = await call(self.assistant.retriever.search, question, k, filter=filter, threshold=threshold)
            self._tell("search", time.perf_counter() - began)
            return hits

    def find_article(self, id: str) -> Article | None:
        """Return an article of the shelf by its id; None where there is none."""
        try:
            return self.assistant.retriever.store.article(id)
        except IndexFolderError:
            return None

    async def drain(self, seconds: float, hurry: Callable[[], bool] = lambda: False) -> None:
        """Take no new questions; return when all are answered.

        Those that take longer than `seconds`, or are not done when there is reason to `hurry`, are refused.
        """
        self._closing = True
        with anyio.move_on_after(seconds):
            while len(self) and not hurry():
                await anyio.sleep(LOOK_AGAIN_SECONDS / 5)
        self._cut = True

    def _admit(self, client: str) -> None:
        if self._closing:
            raise Closing("The server is about to end; ask again in a minute.")
        ahead = len(self.line)
        if ahead > self._waiting or self._mine[client] >= self._per_client:
            raise Busy(max(1.0, self._usual * min(ahead, self._mine[client] or ahead)))

    async def _answer(
        self, question: str, history: Sequence[Message], client: str, config: Config | None
    ) -> AsyncGenerator[Event | Waiting]:
        place = self.line.join(client)
        self._mine[client] += 1
        try:
            async for position in self._wait(place):
                yield Waiting(position)
            began = time.perf_counter()
            async with aclosing(iterate(self.assistant.stream(question, history, config))) as events:
                async for event in events:
                    if self._cut:
                        raise Closing("The server has ended before the answer was there; ask again in a minute.")
                    passed = time.perf_counter() - began
                    if passed > self._seconds:
                        raise TooLate(f"The answer was not there within {self._seconds:.0f} s; ask again.")
                    if isinstance(event, Answer):
                        self._usual += 0.2 * (passed - self._usual)
                        for name, milliseconds in event.timings.items():
                            self._tell(name.removesuffix("_ms"), milliseconds / 1000)
                    yield event
        finally:
            place.leave()
            self._mine[client] -= 1
            if not self._mine[client]:
                del self._mine[client]

    async def _wait(self, place: Place) -> AsyncGenerator[int]:
        """Yield how many come first, whenever that changes and every now and then, until it is nobody."""
        told, last = -1, 0.0
        while ahead := place.ahead:
            if self._cut:
                raise Closing("The server has ended before the question had its turn; ask again in a minute.")
            if ahead != told or time.perf_counter() - last > TOLD_EVERY:
                told, last = ahead, time.perf_counter()
                yield ahead
            await place.moved(LOOK_AGAIN_SECONDS)

    def _key(self, question: str, history: Sequence[Message], config: Config | None) -> Hashable:
        """What an answer depends on besides the model; the index by the sums of its files."""
        if not self._most_kept:
            return None
        store: Any = self.assistant.retriever.store
        turns = tuple((turn["role"], turn["content"]) for turn in history)
        return repr(getattr(store, "manifest", id(store))), question, turns, config

    def _keep(self, key: Hashable, answer: Answer) -> None:
        if self._most_kept:
            self._kept[key] = answer
            while len(self._kept) > self._most_kept:
                self._kept.popitem(last=False)
