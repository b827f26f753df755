from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from askoctober.config import Config
from askoctober.errors import GenerationError
from askoctober.types import Event, EvidenceFound, Message, Reading, TextPiece
from askoctober.web import running
from askoctober.web.line import Line
from askoctober.web.running import run
from askoctober.web.session import Session
from askoctober.web.settings import Settings

from .fakes import CARRIED, EVIDENCE, FakeAssistant, FakeRetriever, answer, complete, hit


def begun(question: str) -> Session:
    session = Session()
    assert session.begin(question)
    return session


async def finish(assistant: Any, session: Session, line: Line) -> int:
    """Run to the end; return how often the page changed."""
    count = 0
    async for _ in run(assistant, session, line):
        count += 1
    return count


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)


class Told:
    """An assistant whose model writes when it is told to; remembers what happened in which order."""

    def __init__(self) -> None:
        self.retriever, self.generator, self.config = FakeRetriever(), SimpleNamespace(name="told"), Config()
        self.log: list[str] = []
        self.gates: dict[str, threading.Event] = {}
        self.writing = 0

    def stream(self, question: str, history: Sequence[Message] = (), config: Config | None = None) -> Iterator[Event]:
        gate = self.gates.setdefault(question, threading.Event())
        try:
            hits = (hit("rupture", CARRIED),)
            self.log.append(f"{question} found")
            yield EvidenceFound(question, hits, EVIDENCE[:1])
            self.writing += 1
            assert self.writing == 1, "the model writes one answer at a time"
            self.log.append(f"{question} writes")
            assert gate.wait(10)
            if "crash" in question:
                raise RuntimeError("boom")
            yield TextPiece("A draft")
            yield answer(question, question, "No.", (), (), hits, declined=True)
            yield TextPiece("never")
        finally:
            if f"{question} writes" in self.log:
                self.writing -= 1
            self.log.append(f"{question} closed")

    def go(self, *questions: str) -> None:
        for question in questions:
            self.gates.setdefault(question, threading.Event()).set()


def test_answer_is_brought_into_the_session_event_by_event() -> None:
    session, stages = begun("Who voted against?"), []

    async def watch() -> None:
        async for _ in run(FakeAssistant(0), session, Line()):
            assert session.last is not None
            stages.append(session.last.stage)

    complete(watch())
    assert stages[0] == "searching" and stages[1] == "reading" and stages[-1] == "done"
    assert {"writing", "checking"} <= set(stages) and "waiting" not in stages
    turn = session.last
    assert turn is not None and turn.answer is not None and len(turn.sentences) == 3 and turn.ahead == 0


def test_a_question_is_answered_once() -> None:
    fake, session, line = FakeAssistant(0), begun("Who?"), Line()

    async def twice() -> tuple[int, int, int]:
        one, two = await asyncio.gather(finish(fake, session, line), finish(fake, session, line))
        return one, two, await finish(fake, session, line)

    one, two, three = complete(twice())
    assert len(fake.asked) == 1 and min(one, two) == three == 1 and max(one, two) > 10
    assert complete(finish(fake, Session(), line)) == 1 and len(line) == 0


def test_history_and_settings_reach_the_assistant() -> None:
    fake, session = FakeAssistant(0), begun("Who voted against?")

    async def both() -> None:
        await finish(fake, session, Line())
        session.settings = Settings("ru", 16, "long")
        assert session.begin("And why?")
        await finish(fake, session, Line())

    complete(both())
    assert fake.asked[0] == ("Who voted against?", [])
    assert fake.asked[1] == ("And why?", session.before(session.last)) and len(fake.asked[1][1]) == 2
    first, second = fake.configs
    assert first == fake.config and second is not None
    assert (second.passages, second.evidence_tokens, second.answer_length) == (16, 800, "long")


def test_first_come_is_first_served_and_those_who_wait_are_told() -> None:
    told, line = Told(), Line()
    names = ["a", "b", "c", "d"]
    sessions = {name: begun(name) for name in names}
    seen: dict[str, list[int]] = {name: [] for name in names}

    async def read(name: str) -> None:
        turn = sessions[name].last
        assert turn is not None
        async for _ in run(told, sessions[name], line):
            if not seen[name] or seen[name][-1] != turn.ahead:
                seen[name].append(turn.ahead)

    async def all_of_them() -> None:
        tasks = []
        for number, name in enumerate(names):
            tasks.append(asyncio.create_task(read(name)))
            # Evidence is there before a turn comes: every one of them sees it while the first still writes.
            await until(lambda name=name: sessions[name].last.found is not None)
            await until(lambda number=number: len(line) == number + 1)
        await until(lambda: [sessions[name].last.ahead for name in names] == [0, 1, 2, 3])
        assert {f"{name} found" for name in names} <= set(told.log)
        assert "b writes" not in told.log
        for name in names:
            told.go(name)
            await until(lambda name=name: f"{name} closed" in told.log)
        await asyncio.gather(*tasks)

    complete(all_of_them())
    assert [entry for entry in told.log if "found" not in entry] == [
        f"{name} {what}" for name in names for what in ("writes", "closed")
    ]
    assert seen == {"a": [0], "b": [0, 1, 0], "c": [0, 2, 1, 0], "d": [0, 3, 2, 1, 0]}
    assert all(session.last is not None and session.last.stage == "done" for session in sessions.values())


def test_follow_up_waits_first() -> None:
    told, line = Told(), Line()
    first, follow = begun("a"), begun("one")
    told.go("one")

    async def both() -> None:
        await finish(told, follow, Line())
        assert follow.begin("b")
        told.log.clear()
        tasks = [asyncio.create_task(finish(told, first, line))]
        await until(lambda: "a writes" in told.log)
        tasks.append(asyncio.create_task(finish(told, follow, line)))
        await until(lambda: follow.last is not None and follow.last.ahead == 1)
        await asyncio.sleep(0.02)
        assert follow.last is not None and follow.last.found is None and told.log == ["a found", "a writes"]
        told.go("a", "b")
        await asyncio.gather(*tasks)

    complete(both())
    assert told.log == ["a found", "a writes", "a closed", "b found", "b writes", "b closed"]


@pytest.mark.parametrize("how", ["stop", "aclose", "cancel"])
def test_who_leaves_while_waiting_makes_room(how: str) -> None:
    told, line = Told(), Line()
    sessions = [begun(name) for name in "abc"]

    async def leave() -> None:
        first = asyncio.create_task(finish(told, sessions[0], line))
        await until(lambda: "a writes" in told.log)
        stream = run(told, sessions[1], line)
        second: Any = None
        if how == "aclose":
            while sessions[1].last is None or sessions[1].last.ahead == 0:
                await anext(stream)
        else:
            second = asyncio.create_task(finish(told, sessions[1], line))
            await until(lambda: sessions[1].last is not None and sessions[1].last.ahead == 1)
        third = asyncio.create_task(finish(told, sessions[2], line))
        await until(lambda: sessions[2].last is not None and sessions[2].last.ahead == 2)
        if how == "aclose":
            await stream.aclose()
        elif how == "stop":
            sessions[1].stop()
        else:
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
        await until(lambda: sessions[2].last is not None and sessions[2].last.ahead == 1)
        if how == "stop":
            await second
        told.go("a", "c")
        await asyncio.gather(first, third)

    complete(leave())
    assert "b writes" not in told.log and "b closed" in told.log
    assert [session.last.stage for session in sessions if session.last] == ["done", "stopped", "done"]
    assert len(line) == 0 and told.writing == 0


@pytest.mark.parametrize("how", ["stop", "aclose", "cancel"])
def test_who_leaves_while_the_model_writes_makes_room(how: str) -> None:
    told, line = Told(), Line()
    sessions = [begun(name) for name in "ab"]

    async def leave() -> None:
        stream = run(told, sessions[0], line)
        first: Any = None
        if how == "aclose":
            told.go("a")
            while sessions[0].last is None or not sessions[0].last.draft:
                await anext(stream)
        else:
            first = asyncio.create_task(finish(told, sessions[0], line))
            await until(lambda: "a writes" in told.log)
        second = asyncio.create_task(finish(told, sessions[1], line))
        await until(lambda: sessions[1].last is not None and sessions[1].last.ahead == 1)
        if how == "aclose":
            await stream.aclose()
        elif how == "stop":
            sessions[0].stop()
        else:
            first.cancel()
        # The model is in the middle of a word: it is waited for, and the next one does not begin before.
        told.go("a", "b")
        await second
        if how == "stop":
            await first
        elif how == "cancel":
            with pytest.raises(asyncio.CancelledError):
                await first

    complete(leave())
    writing = [entry for entry in told.log if "found" not in entry]
    assert writing == ["a writes", "a closed", "b writes", "b closed"] and told.writing == 0
    assert sessions[0].last is not None and sessions[0].last.stage == "stopped" and len(line) == 0
    assert sessions[1].last is not None and sessions[1].last.stage == "done"


def test_closing_a_run_closes_the_stream() -> None:
    fake, session, line = FakeAssistant(0), begun("Who?"), Line()

    async def close() -> None:
        stream = run(fake, session, line)
        for _ in range(4):
            await anext(stream)
        await stream.aclose()

    complete(close())
    assert fake.closed == 1 and session.last is not None and session.last.stage == "stopped" and len(line) == 0


def test_stop_ends_a_run_at_its_next_event() -> None:
    fake, session, line = FakeAssistant(0), begun("Who?"), Line()

    async def stop() -> None:
        count = 0
        async for _ in run(fake, session, line):
            count += 1
            if count == 15:
                session.stop()

    complete(stop())
    assert fake.closed == 1 and session.last is not None
    assert session.last.stage == "stopped" and len(session.last.sentences) == 1


def test_what_was_stopped_goes_on() -> None:
    fake, session, line = FakeAssistant(0), begun("Who?"), Line()
    shown: list[int] = []

    async def both() -> None:
        async for _ in run(fake, session, line):
            if session.last is not None and len(session.last.sentences) == 2:
                session.stop()
        assert session.go_on()
        async for _ in run(fake, session, line):
            assert session.last is not None
            shown.append(len(session.last.shown[0]))

    complete(both())
    assert shown[0] == 2 and shown == sorted(shown) and shown[-1] == 3
    assert session.last is not None and session.last.stage == "done" and len(fake.asked) == 2


def test_what_fails_does_not_stop_the_line(caplog: pytest.LogCaptureFixture) -> None:
    told, line = Told(), Line()
    sessions = [begun(name) for name in ("crash", "b", "c")]

    async def all_of_them() -> None:
        tasks = []
        for number, session in enumerate(sessions):
            tasks.append(asyncio.create_task(finish(told, session, line)))
            await until(lambda number=number: len(line) == number + 1)
        told.go("crash", "b", "c")
        await asyncio.gather(*tasks)

    complete(all_of_them())
    assert [session.last.stage for session in sessions if session.last] == ["failed", "done", "done"]
    assert sessions[0].last is not None and sessions[0].last.error == "error-unexpected"
    assert caplog.records[-1].exc_info and str(caplog.records[-1].exc_info[1]) == "boom"
    assert len(line) == 0


@pytest.mark.parametrize(
    ("question", "error"),
    [("a long one", "The question is too long; ask in at most 2,000 characters."), ("crash", "error-unexpected")],
)
def test_failure_before_anything_is_found_is_said(question: str, error: str, caplog: pytest.LogCaptureFixture) -> None:
    session, line = begun(question), Line()
    complete(finish(FakeAssistant(0), session, line))
    assert session.last is not None and (session.last.stage, session.last.error) == ("failed", error)
    assert len(line) == 0 and bool(caplog.records) == (question == "crash")


def test_failure_in_the_middle_keeps_what_was_checked() -> None:
    class Failing(FakeAssistant):
        def _events(self, question: str, history: Sequence[Message]) -> Iterator[Event]:
            for number, event in enumerate(super()._events(question, history)):
                if number == 13:
                    raise GenerationError("The model failed; ask again.")
                yield event

    session = begun("Who?")
    complete(finish(Failing(0), session, Line()))
    turn = session.last
    assert turn is not None and (turn.stage, turn.error) == ("failed", "The model failed; ask again.")
    assert len(turn.shown[0]) == 1 and session.go_on() and len(turn.shown[0]) == 1


def test_stream_that_ends_without_an_answer_counts_as_stopped() -> None:
    class Silent(FakeAssistant):
        def _events(self, question: str, history: Sequence[Message]) -> Iterator[Event]:
            yield EvidenceFound(question, (), ())
            yield Reading(1, 2)

    session, line = begun("Who?"), Line()
    complete(finish(Silent(0), session, line))
    assert session.last is not None and session.last.stage == "stopped" and len(line) == 0


def test_page_is_alive_while_the_model_works() -> None:
    told, line, session = Told(), Line(), begun("a")

    async def both() -> float:
        task = asyncio.create_task(finish(told, session, line))
        await until(lambda: "a writes" in told.log)
        began = time.perf_counter()
        await asyncio.sleep(0.01)
        took = time.perf_counter() - began
        told.go("a")
        await task
        return took

    assert complete(both()) < 2


def test_beyond_the_bound_and_at_the_end_of_the_server_nobody_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST_WAITING", 1)
    line, session = Line(), begun("Who voted?")
    places = [line.join(), line.join()]
    complete(finish(FakeAssistant(), session, line))
    assert session.last is not None and (session.last.stage, session.last.error) == ("failed", "error-full")
    for place in places:
        place.leave()
    line.is_closed = True
    session = begun("Who voted?")
    complete(finish(FakeAssistant(), session, line))
    assert session.last is not None and session.last.error == "error-closing" and len(line) == 0


def test_fifty_readers_at_once_are_all_served_one_after_the_other() -> None:
    class Counted(FakeAssistant):
        writing = 0
        most = 0
        order: list[str] = []

        def _events(self, question: str, history: Sequence[Message]) -> Iterator[Event]:
            events = super()._events(question, history)
            yield next(events)
            self.writing += 1
            self.most = max(self.most, self.writing)
            self.order.append(question)
            try:
                yield from events
            finally:
                self.writing -= 1

    fake, line = Counted(0), Line()
    sessions = [begun(f"Question {number}?") for number in range(50)]

    async def all_of_them() -> None:
        async with asyncio.timeout(60):
            await asyncio.gather(*(finish(fake, session, line) for session in sessions))

    complete(all_of_them())
    assert fake.most == 1 and fake.order == [f"Question {number}?" for number in range(50)] and len(line) == 0
    for number, session in enumerate(sessions):
        turn = session.last
        assert turn is not None and turn.answer is not None and turn.stage == "done"
        assert turn.answer.question == f"Question {number}?" and len(turn.sentences) == 3 and turn.ahead == 0
