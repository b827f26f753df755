from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import anyio
import pytest

from askoctober.config import Config
from askoctober.errors import GenerationError, QuestionError
from askoctober.types import Answer, Event, EvidenceFound, Message, Reading, TextPiece
from askoctober.web import desk as at_desk
from askoctober.web.desk import Desk, Silence, Waiting
from askoctober.web.line import Line
from askoctober.web.observing import Observing, Record
from askoctober.web.refusals import Busy, Closing, TooLate
from askoctober.web.refused import GRACE_SECONDS, MOST, Refused

from .fakes import EVIDENCE, FakeAssistant, answer


class Scripted(FakeAssistant):
    """Answers in steps that a test lets go on; counts how many answers are written at once."""

    def __init__(self) -> None:
        super().__init__(0)
        self.go = threading.Event()
        self.at_once = self.most = 0
        self.searching = self.most_searching = 0
        self.order: list[str] = []
        self.retriever.store.manifest = {"generation": 1}

    def stream(self, question: str, history: Sequence[Message] = (), config: Config | None = None) -> Iterator[Event]:
        try:
            self.searching += 1
            self.most_searching = max(self.most_searching, self.searching)
            time.sleep(0.02 if "search" in question else 0)
            self.searching -= 1
            yield EvidenceFound(question, (), ())
            yield from self._write(question)
        except GeneratorExit:
            self.closed += 1
            raise

    def _write(self, question: str) -> Iterator[Event]:
        self.order.append(question)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            if "broken" in question:
                raise GenerationError("broken; ask again.")
            if "silent" in question:
                self.go.wait(10)
            while "hold" in question and not self.go.wait(0.01):
                yield TextPiece("x")
            yield answer(question, question, f"about {question}", (), (), (), declined="far" in question)
        finally:
            self.at_once -= 1


class Counting(Observing):
    """Remembers what became of the questions."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        super().__init__(None, self.records.append)

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(record.outcome for record in self.records)


def run(test: Any, *args: Any) -> Any:
    return anyio.run(test, *args)


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not condition():
            await anyio.sleep(0.002)


def test_answers_come_one_after_another_and_are_not_mixed():
    async def ask():
        assistant, counting = Scripted(), Counting()
        desk = Desk(assistant, waiting=99, per_client=99, observing=counting)
        found: dict[str, Answer] = {}

        async def one(number: int) -> None:
            found[f"q{number}"] = await desk.ask(f"q{number}", client=f"c{number % 7}")

        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(one, number)
        assert {q: a.text for q, a in found.items()} == {f"q{n}": f"about q{n}" for n in range(40)}
        assert assistant.most == 1 and len(desk) == 0 and counting.outcomes == {"answered": 40}

    run(ask)


def test_clients_take_turns():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant, waiting=99, per_client=99)
        async with anyio.create_task_group() as group:
            for number, client in enumerate("aaaabbc"):
                group.start_soon(lambda n=number, c=client: desk.ask(f"hold {c}{n}", client=c))
                await anyio.sleep(0.01)
            assistant.go.set()
        assert [q.split()[1] for q in assistant.order] == ["a0", "b4", "c6", "a1", "b5", "a2", "a3"]

    run(ask)


def test_beyond_the_bounds_a_question_is_refused_with_a_time():
    async def ask():
        assistant, counting = Scripted(), Counting()
        desk = Desk(assistant, waiting=3, per_client=2, observing=counting)
        async with anyio.create_task_group() as group:
            for client in ("a", "a", "b", "c"):
                group.start_soon(lambda c=client: desk.ask("hold", client=c))
            await anyio.sleep(0.05)
            for client in ("a", "d"):
                with pytest.raises(Busy) as caught:
                    await desk.ask("more", client=client)
                assert caught.value.retry_after >= 1
            assert counting.outcomes["refused"] == 2
            assistant.go.set()
        assert (await desk.ask("again", client="a")).text == "about again"

    run(ask)


def test_a_place_that_comes_free_is_theirs_who_were_refused_first():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant, waiting=4, per_client=9)
        async with anyio.create_task_group() as group:
            cancelled = anyio.CancelScope()

            async def leave() -> None:
                with cancelled:
                    await desk.ask("hold", client="leaves")

            group.start_soon(lambda: desk.ask("hold", client="a"))
            await until(lambda: len(desk) == 1)
            group.start_soon(leave)
            for client in "bcd":
                group.start_soon(lambda c=client: desk.ask("hold", client=c))
            await until(lambda: len(desk) == 5)
            waits = []
            for client in ("first", "second", "first"):
                with pytest.raises(Busy) as caught:
                    await desk.ask("one", client=client)
                waits.append(caught.value.retry_after)
            assert waits == [at_desk.USUAL_SECONDS * times for times in (1, 2, 1)], "as many as come before them"
            cancelled.cancel()
            await until(lambda: len(desk) == 4)
            for client in ("new", "second"):
                with pytest.raises(Busy):
                    await desk.ask("one", client=client)
            group.start_soon(lambda: desk.ask("one", client="first"))
            await until(lambda: len(desk) == 5)
            assistant.go.set()
            await until(lambda: len(desk) == 0)
        assert (await desk.ask("again", client="late")).text == "about again", "while there is room, it is for anyone"

    run(ask)


def test_the_chats_readers_take_no_place_of_programs():
    async def ask():
        desk = Desk(Scripted(), waiting=0)
        places = [desk.line.join() for _ in range(3)]
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: desk.ask("one", client="a"))
            await until(lambda: len(desk) == 4)
            with pytest.raises(Busy):
                await desk.ask("two", client="b")
            for place in places:
                place.leave()

    run(ask)


def test_a_network_is_one_client():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant, per_client=1)
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: desk.ask("hold", client="2001:db8::1"))
            await until(lambda: len(desk) == 1)
            with pytest.raises(Busy):
                await desk.ask("more", client="2001:db8::2")
            assistant.go.set()

    run(ask)


def test_searches_are_bounded_and_no_question_waits_for_them():
    async def ask():
        assistant, going = Scripted(), threading.Event()
        assistant.retriever.search = lambda *args, **more: going.wait(10) and []
        desk = Desk(assistant)
        async with anyio.create_task_group() as group:
            for _ in range(at_desk.MOST_OF_ONE):
                group.start_soon(lambda: desk.search("one", client="192.0.2.1"))
            await until(lambda: desk._searching.total() == at_desk.MOST_OF_ONE)
            with pytest.raises(Busy):
                await desk.search("one", client="192.0.2.1")
            for _ in range(at_desk.MOST_SEARCHES - at_desk.MOST_OF_ONE):
                group.start_soon(lambda: desk.search("one", client="127.0.0.1"))
            await until(lambda: desk._searching.total() == at_desk.MOST_SEARCHES)
            with pytest.raises(Busy):
                await desk.search("one", client="127.0.0.1")
            assert (await desk.ask("meanwhile", client="192.0.2.2")).text == "about meanwhile"
            group.start_soon(desk.drain, 10.0)
            await anyio.sleep(0.1)
            assert not desk._cut, "they are waited for"
            going.set()
        assert not desk._searching and desk._cut

    run(ask)


def test_nobody_is_told_to_come_back_later_than_a_place_is_kept():
    desk = Desk(Scripted(), per_client=1)
    desk._usual = 2 * at_desk.LONGEST_RETRY
    desk.line.join("mine")
    with pytest.raises(Busy) as caught:
        desk._admit("mine")
    assert caught.value.retry_after == at_desk.LONGEST_RETRY
    desk = Desk(Scripted(), waiting=0)
    desk.line.join("a")
    for number in range(20):
        with pytest.raises(Busy) as caught:
            desk._admit(f"c{number}")
    assert caught.value.retry_after == at_desk.LONGEST_RETRY


def test_who_does_not_come_back_in_time_is_behind_everybody_again():
    now = [0.0]
    refused = Refused(lambda: now[0])
    refused.refuse("a", 5)
    refused.refuse("b", 50)
    assert [refused.before(client) for client in "abc"] == [0, 1, 2]
    now[0] = 5 + GRACE_SECONDS + 1
    assert [refused.before(client) for client in "bac"] == [0, 1, 1]
    refused.forget("b")
    assert refused.before("c") == 0
    for number in range(2 * MOST):
        refused.refuse(number, 5)
    assert refused.before("c") == MOST


def test_what_is_found_is_there_before_the_turn_and_who_waits_is_told_the_place():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant)
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: desk.ask("hold one", client="a"))
            await anyio.sleep(0.05)
            seen: list[Any] = []
            async for event in desk.stream("two", client="b"):
                seen.append(event)
                if isinstance(event, Waiting):
                    assistant.go.set()
        assert isinstance(seen[0], EvidenceFound) and seen[1] == Waiting(1) and isinstance(seen[-1], Answer)

    run(ask)


def test_a_follow_up_waits_first():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant)
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: desk.ask("hold one", client="a"))
            await anyio.sleep(0.05)
            seen: list[Any] = []
            async for event in desk.stream("two", [{"role": "user", "content": "before"}], client="b"):
                seen.append(event)
                assistant.go.set()
        assert seen[0] == Waiting(1) and isinstance(seen[1], EvidenceFound) and isinstance(seen[-1], Answer)

    run(ask)


def test_only_a_few_searches_run_at_once():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant, waiting=99, per_client=99)
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(desk.ask, f"search {number}")
        assert 1 < assistant.most_searching <= at_desk.SEARCHES_AT_ONCE and assistant.most == 1

    run(ask)


def test_a_client_that_goes_away_stops_the_model_within_half_a_second():
    async def ask():
        assistant, counting = Scripted(), Counting()
        desk = Desk(assistant, observing=counting)
        with anyio.move_on_after(0.1):
            await desk.ask("hold for ever")
        began = time.monotonic()
        assert (await desk.ask("next")).text == "about next"
        assert time.monotonic() - began < 0.5
        assert assistant.at_once == 0 and assistant.most == 1
        assert counting.outcomes == {"stopped": 1, "answered": 1} and len(desk) == 0

    run(ask)


def test_a_client_that_goes_away_is_not_held_by_a_silent_model():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant)
        began = time.monotonic()
        with anyio.move_on_after(0.1):
            await desk.ask("silent")
        assert time.monotonic() - began < 2 and assistant.at_once == 1
        async with anyio.create_task_group() as group:
            group.start_soon(desk.ask, "next")
            await anyio.sleep(0.1)
            assert assistant.order == ["silent"], "the next one waits until the model listens"
            assistant.go.set()
        assert assistant.order == ["silent", "next"] and assistant.most == 1 and assistant.closed == 1

    run(ask)


@pytest.mark.parametrize("question", ["hold for ever", "silent"])
def test_an_answer_that_takes_too_long_is_given_up_at_once(question):
    async def ask():
        assistant, counting = Scripted(), Counting()
        desk = Desk(assistant, seconds=0.1, observing=counting)
        began = time.monotonic()
        with pytest.raises(TooLate):
            await desk.ask(question)
        assert time.monotonic() - began < 5
        assistant.go.set()
        await until(lambda: len(desk) == 0)
        assert assistant.closed == 1
        (record,) = counting.records
        assert (record.outcome, record.error) == ("failed", "TooLate")

    run(ask)


def test_while_the_model_is_silent_that_is_told(monkeypatch):
    monkeypatch.setattr(at_desk, "TOLD_EVERY", 0.05)

    async def ask():
        assistant = Scripted()
        seen: list[Any] = []
        async for event in Desk(assistant).stream("silent"):
            seen.append(event)
            if seen.count(Silence()) == 3:
                assistant.go.set()
        assert isinstance(seen[0], EvidenceFound) and isinstance(seen[-1], Answer)
        assert set(map(type, seen[1:-1])) == {Silence} and len(seen) >= 5

    run(ask)


def test_a_failure_is_one_questions_own():
    async def ask():
        counting = Counting()
        desk = Desk(Scripted(), observing=counting)
        with pytest.raises(GenerationError):
            await desk.ask("broken")
        with pytest.raises(QuestionError):
            await desk.ask("  ")
        assert (await desk.ask("far")).declined and len(desk) == 0
        told = [(record.outcome, record.error) for record in counting.records]
        assert told == [("failed", "GenerationError"), ("refused", "QuestionError"), ("declined", "")]

    run(ask)


@pytest.mark.parametrize("question", ["Who\x00?", "\x1b[2J who", "who\x7f", "who\x9b", "\ud800 who", "who \udfff"])
def test_what_is_no_text_is_refused(question):
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant)
        for ask in (desk.ask, desk.search):
            with pytest.raises(QuestionError, match="control character U\\+00|half a character"):
                await ask(question)
        assert assistant.order == []
        assert (await desk.ask("two\nlines\tand more")).text

    run(ask)


@pytest.mark.parametrize("question", ["hold", "silent"])
def test_at_the_end_each_question_is_finished_or_refused(question):
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant)
        told: list[Any] = []

        async def one(question: str) -> None:
            try:
                told.append((await desk.ask(question, client=question)).text)
            except Closing as error:
                told.append(error)

        assert desk.state == "ready"
        began = time.monotonic()
        async with anyio.create_task_group() as group:
            group.start_soon(one, f"{question} one")
            group.start_soon(one, f"{question} two")
            await anyio.sleep(0.05)
            await desk.drain(0.1)
            assert desk.state == "closing"
        assert time.monotonic() - began < 5
        assert len(told) == 2 and all(isinstance(error, Closing) for error in told)
        for refused in (lambda: desk.ask("new"), lambda: desk.search("new")):
            with pytest.raises(Closing):
                await refused()
        assistant.go.set()
        counting = Counting()
        quick = Desk(Scripted(), observing=counting)
        async with anyio.create_task_group() as group:
            group.start_soon(quick.ask, "soon done")
            await anyio.sleep(0)
            await quick.drain(5)
        assert counting.outcomes["answered"] + counting.outcomes["refused"] == 1

    run(ask)


def test_kept_answers_are_those_of_the_same_index_question_and_history():
    async def ask():
        assistant, counting = Scripted(), Counting()
        desk = Desk(assistant, kept=2, observing=counting)
        first = await desk.ask("one")
        assert await desk.ask("one") is first and assistant.order == ["one"]
        assert [record.is_kept for record in counting.records] == [False, True]
        await desk.ask("one", [{"role": "user", "content": "before"}])
        await desk.ask("one", config=Config(passages=3))
        assert await desk.ask("one", config=Config(passages=3), door="mcp", client="b")
        assert assistant.order == ["one"] * 3
        assert await desk.ask("one") is not first, "two are kept"
        assistant.retriever.store.manifest = {"generation": 2}
        await desk.ask("one")
        assert len(assistant.order) == 5

    run(ask)


def test_answers_are_not_kept_where_the_index_or_the_model_may_be_another():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant, kept=9)
        first = await desk.ask("one")
        other = Scripted().retriever  # opened anew, under the same manifest: articles may have joined it
        assistant.retriever = other
        assert await desk.ask("one") is not first
        assistant.generator.name = "another"
        await desk.ask("one")
        assert len(assistant.order) == 3
        await desk.ask("one")
        assert len(assistant.order) == 3
        del other.store.manifest
        await desk.ask("one")
        await desk.ask("one")
        assert len(assistant.order) == 5, "what cannot be known is not kept"

    run(ask)


def test_an_answer_from_an_index_that_went_meanwhile_is_not_kept():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant, kept=9)
        async with anyio.create_task_group() as group:
            group.start_soon(desk.ask, "hold")
            await until(lambda: bool(assistant.order))
            assistant.retriever.store.manifest = {"generation": 2}
            assistant.go.set()
        await desk.ask("hold")
        assert assistant.order == ["hold", "hold"]

    run(ask)


def test_who_fails_before_anything_stands_in_nobodys_way():
    class Broken(FakeAssistant):
        def stream(self, *asked: Any) -> Iterator[Event]:
            raise GenerationError("broken; ask again.")

    async def ask():
        desk = Desk(Broken(0))
        with pytest.raises(GenerationError):
            await desk.ask("one")
        assert len(desk) == 0

    run(ask)


def test_the_line_may_be_shared():
    async def ask():
        line, counting = Line(), Counting()
        place = line.join()
        desk = Desk(Scripted(), line=line, observing=counting)
        async with anyio.create_task_group() as group:
            group.start_soon(desk.ask, "one")
            await anyio.sleep(0.05)
            assert counting.records == []
            place.leave()
        (record,) = counting.records
        assert (record.outcome, record.position) == ("answered", 1)
        assert record.stages["wait"] > 0.03 and list(record.stages)[:2] == ["wait", "retrieve"]

    run(ask)


def test_the_state_is_that_of_the_model():
    assistant = Scripted()
    desk = Desk(assistant)
    assert desk.state == "ready"
    assistant.generator.state = "starting"
    assert desk.state == "starting"


def test_a_stream_may_be_left_at_any_event():
    async def ask():
        for count in range(1, 6):
            assistant, counting = Told(), Counting()
            desk = Desk(assistant, observing=counting)
            events = desk.stream("who")
            for _ in range(count):
                await anext(events)
            await events.aclose()
            await until(lambda desk=desk: len(desk) == 0)
            assert counting.outcomes == {"stopped": 1} and assistant.ended == 1

    run(ask)


class Told(FakeAssistant):
    """Has something to tell for ever."""

    ended = 0

    def stream(self, question: str, history: Sequence[Message] = (), config: Config | None = None) -> Iterator[Event]:
        try:
            yield EvidenceFound(question, (), EVIDENCE)
            yield Reading(1, 2)
            while True:
                yield TextPiece("x ")
        finally:
            self.ended += 1
