"""The desk between many clients and the one language model: a fair line with a bound, deadlines, and a graceful end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import anyio

from askoctober.asynchrony import call
from askoctober.config import Config
from askoctober.errors import IndexFolderError
from askoctober.retrieval.filtering import AnyFilter
from askoctober.types import Answer, Article, Event, Hit, Message
from askoctober.web.answerer import Answerer
from askoctober.web.guarding.clients import is_here, network_of
from askoctober.web.kept import KeptAnswers
from askoctober.web.line import Line, Place
from askoctober.web.observing import Observing, Watch
from askoctober.web.observing.watching import NOTHING
from askoctober.web.refusals import Busy, Closing, TooLate, check_asked
from askoctober.web.refused import Refused
from askoctober.web.stepping import Steps

SEARCHES_AT_ONCE = 4
FOUND_AT_ONCE = 2
"""Questions whose evidence is sought at once; no search makes them wait."""
MOST_SEARCHES, MOST_OF_ONE = 512, 16
"""Searches that may wait or run: of all, and of one client elsewhere."""
TOLD_EVERY = 10.0
"""Seconds after which a client that has heard nothing is told something, so that nobody takes the line for dead."""
LOOK_AGAIN_SECONDS = 0.25
LONGEST_RETRY = 60.0
"""Seconds after which whoever is refused may come back at the latest; no place is kept longer for who does not."""
USUAL_SECONDS = 10.0
"""What an answer takes, as long as none has been timed."""
ENDED = "The server has ended before the answer was there; ask again in a minute."


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question waits; `position` questions come first."""

    position: int


@dataclass(frozen=True, slots=True)
class Silence:
    """The model is at work, and has had nothing to tell for a while."""


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
        observing: Observing | None = None,
        tell: Callable[[str, float], None] | None = None,
    ) -> None:
        """Answer with `assistant`; at most `waiting` questions wait, `per_client` of any one client.

        A question has `seconds` from its turn on. `kept` answers are remembered as long as the index is the same.
        Questions are watched by `observing`; `tell` is told of each search, by the name "search", how many seconds it
        took. The `line` may be shared with others who use the same model.
        """
        self.assistant = assistant
        self.line = Line() if line is None else line
        self._waiting, self._per_client, self._seconds = waiting, per_client, seconds
        self._searches = anyio.Semaphore(SEARCHES_AT_ONCE)
        self._finding = anyio.Semaphore(FOUND_AT_ONCE)
        self._searching: Counter[str] = Counter()
        self._refused = Refused()
        self._usual = USUAL_SECONDS
        self._cut = False
        self._kept = KeptAnswers(assistant, kept)
        self._observing = observing or Observing()
        self._tell = tell or (lambda stage, seconds: None)

    def __len__(self) -> int:
        """How many questions wait or are being answered."""
        return len(self.line)

    @property
    def state(self) -> str:
        """How the desk is: "ready", "closing" where it takes no new questions, or as its language model is.

        A model in a process of its own may be "starting" or "down"; others are ready as long as the desk is.
        """
        return "closing" if self.line.is_closed else str(getattr(self.assistant.generator, "state", "ready"))

    async def stream(
        self,
        question: str,
        history: Sequence[Message] = (),
        *,
        client: str = "",
        config: Config | None = None,
        door: str = "",
        headers: Mapping[str, str] = NOTHING,
    ) -> AsyncGenerator[Event | Waiting | Silence]:
        """Yield the events of the answer, the place in the line while it changes, and now and then that nothing is new.

        What is found for a question without history comes before its turn does. Closing this stops the model, as soon
        as that listens; nobody waits for it. The `door` by which the question came and the `headers` of its request are
        for those who observe.

        Raises:
            Busy: as many questions wait as may.
            Closing: the server is about to end.
            TooLate: the question has had its time.
            AskoctoberError: as `Assistant.stream`.
        """
        client = network_of(client)
        with self._observing.watch(question, door=door, client=client, headers=headers) as watch:
            check_asked(question)
            key = self._kept.key(question, history, config)
            if answer := self._kept.get(key):
                watch.keep(answer)
                yield answer
                return
            self._admit(client)
            async with aclosing(self._answer(question, history, client, config, watch)) as events:
                async for event in events:
                    # The index may have been exchanged before the first look at it.
                    if isinstance(event, Answer) and key == self._kept.key(question, history, config):
                        self._kept.put(key, event)
                    yield event

    async def ask(
        self,
        question: str,
        history: Sequence[Message] = (),
        *,
        client: str = "",
        config: Config | None = None,
        door: str = "",
        headers: Mapping[str, str] = NOTHING,
    ) -> Answer:
        """Return the answer; raises as `stream` does, and cancelling it stops the model."""
        stream = self.stream(question, history, client=client, config=config, door=door, headers=headers)
        async with aclosing(stream) as events:
            async for event in events:
                if isinstance(event, Answer):
                    return event
        raise AssertionError("a stream ends with its answer")

    async def search(
        self, question: str, k: int = 5, filter: AnyFilter = None, threshold: float = -1.0, *, client: str = ""
    ) -> list[Hit]:
        """Return at most k hits, best first; a few searches run at once, and wait for no answer.

        Raises:
            Busy: as many searches wait as may.
            Closing: the server is about to end.
            AskoctoberError: as `Retriever.search`.
        """
        self._check_open()
        check_asked(question)
        is_elsewhere, client = not is_here(client), network_of(client)
        if self._searching.total() >= MOST_SEARCHES or (is_elsewhere and self._searching[client] >= MOST_OF_ONE):
            raise Busy(1.0)
        self._searching[client] += 1
        try:
            async with self._searches:
                began = time.perf_counter()
                hits = await call(self.assistant.retriever.search, question, k, filter=filter, threshold=threshold)
                self._tell("search", time.perf_counter() - began)
                return hits
        finally:
            self._searching[client] -= 1
            self._searching += Counter()  # forgets who has none

    def find_article(self, id: str) -> Article | None:
        """Return an article of the shelf by its id; None where there is none."""
        try:
            return self.assistant.retriever.store.article(id)
        except IndexFolderError:
            return None

    async def drain(self, seconds: float, hurry: Callable[[], bool] = lambda: False) -> None:
        """Take no new questions and searches; return when all are answered.

        Those that take longer than `seconds`, or are not done when there is reason to `hurry`, are refused.
        """
        self.line.is_closed = True
        with anyio.move_on_after(seconds):
            while (len(self) or self._searching) and not hurry():
                await anyio.sleep(LOOK_AGAIN_SECONDS / 5)
        self._cut = True

    def _check_open(self) -> None:
        if self.line.is_closed:
            raise Closing("The server is about to end; ask again in a minute.")

    def _seconds_of(self, answers: int) -> float:
        """When to come back after so many answers, within bounds."""
        return min(max(1.0, self._usual * answers), LONGEST_RETRY)

    def _admit(self, client: str) -> None:
        self._check_open()
        mine = self.line.count(client)
        if mine >= self._per_client:
            raise Busy(self._seconds_of(mine))
        # The chat's readers are nobody's clients, and have a bound of their own.
        waiting = len(self.line) - self.line.count(None)
        free, before = self._waiting + 1 - waiting, self._refused.before(client)
        # Places are kept for those who were refused first, but for no longer than the line is more than half full.
        if free <= 0 or (free <= before and 2 * free <= self._waiting):
            seconds = self._seconds_of(before + 1 - max(free, 0))
            self._refused.refuse(client, seconds)
            raise Busy(seconds)
        self._refused.forget(client)

    async def _answer(
        self, question: str, history: Sequence[Message], client: str, config: Config | None, watch: Watch
    ) -> AsyncGenerator[Event | Waiting | Silence]:
        steps = Steps(self.assistant.stream(question, history, config))
        place = self.line.join(client)
        try:
            if not history:
                # Finding needs no language model; only what a follow-up asks may have to be made out by it.
                async with self._finding:
                    found = await self._next(steps)
                for event in found or ():
                    watch.take(event)
                    yield event
            async for position in self._wait(place):
                watch.wait(position)
                yield Waiting(position)
            watch.turn()
            async with aclosing(self._work(steps, watch)) as events:
                async for more in events:
                    if isinstance(more, Answer):
                        steps.leave(place.leave)
                    yield more
        finally:
            steps.leave(place.leave)

    async def _work(self, steps: Steps[Event], watch: Watch) -> AsyncGenerator[Event | Silence]:
        """Yield what the model makes of a question within its time, to the answer."""
        began = heard = time.perf_counter()
        while True:
            event = await self._next(steps, min(heard + TOLD_EVERY, began + self._seconds))
            now = time.perf_counter()
            if now - began > self._seconds:
                raise TooLate(f"The answer was not there within {self._seconds:.0f} s; ask again.")
            heard = now
            if event is None:
                yield Silence()
                continue
            if not event:
                return
            watch.take(event[0])
            if isinstance(event[0], Answer):
                self._usual += 0.2 * (now - began - self._usual)
                # The stream comes to its own end, and the model is free, before anybody has read the answer.
                await steps.next(LOOK_AGAIN_SECONDS)
                yield event[0]
                return
            yield event[0]

    async def _next(self, steps: Steps[Event], until: float = float("inf")) -> list[Event] | None:
        """Return the next event in a list, an empty one at the end, or None where there is none `until` then.

        Raises:
            Closing: the server ends.
        """
        while not self._cut:
            left = until - time.perf_counter()
            event = await steps.next(max(min(LOOK_AGAIN_SECONDS, left), 0))
            if event is not None or left <= 0:
                return event
        raise Closing(ENDED)

    async def _wait(self, place: Place) -> AsyncGenerator[int]:
        """Yield how many come first, whenever that changes and every now and then, until it is nobody."""
        told, last = -1, 0.0
        while ahead := place.ahead:
            if self._cut:
                raise Closing(ENDED)
            if ahead != told or time.perf_counter() - last > TOLD_EVERY:
                told, last = ahead, time.perf_counter()
                yield ahead
            await place.moved(LOOK_AGAIN_SECONDS)
