from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import anyio
import pytest

from askoctober.config import Config
from askoctober.errors import GenerationError, QuestionError
from askoctober.types import Answer, Event, EvidenceFound, Message, TextPiece
from askoctober.web.desk import Busy, Closing, Desk, TooLate, Waiting
from askoctober.web.line import Line

from .fakes import FakeAssistant, answer


class Scripted(FakeAssistant):
    """Answers in steps that a test lets go on; counts how many answers are written at once."""

    def __init__(self) -> None:
        super().__init__(0)
        self.go = threading.Event()
        self.at_once = self.most = 0
        self.order: list[str] = []

    def stream(self, question: str, history: Sequence[Message] = (), config: Config | None = None) -> Iterator[Event]:
        self.order.append(question)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            yield EvidenceFound(question, (), ())
            if "broken" in question:
                raise GenerationError("broken; ask again.")
            while "hold" in question and not self.go.wait(0.01):
                yield TextPiece("x")
            yield answer(question, question, f"about {question}", (), (), (), declined="far" in question)
        except GeneratorExit:
            self.closed += 1
            raise
        finally:
            self.at_once -= 1


def run(test: Any, *args: Any) -> Any:
    return anyio.run(test, *args)


def test_answers_come_one_after_another_and_are_not_mixed():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant, waiting=99, per_client=99)
        found: dict[str, Answer] = {}

        async def one(number: int) -> None:
            found[f"q{number}"] = await desk.ask(f"q{number}", client=f"c{number % 7}")

        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(one, number)
        assert {q: a.text for q, a in found.items()} == {f"q{n}": f"about q{n}" for n in range(40)}
        assert assistant.most == 1 and len(desk) == 0 and desk.outcomes["answered"] == 40

    run(ask)


def test_clients_take_turns():
    async def ask():
        assistant, desk = Scripted(), None
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
        assistant = Scripted()
        desk = Desk(assistant, waiting=3, per_client=2)
        async with anyio.create_task_group() as group:
            for client in ("a", "a", "b", "c"):
                group.start_soon(lambda c=client: desk.ask("hold", client=c))
            await anyio.sleep(0.05)
            for client in ("a", "d"):
                with pytest.raises(Busy) as caught:
                    await desk.ask("more", client=client)
                assert caught.value.retry_after >= 1
            assert desk.outcomes["refused"] == 2
            assistant.go.set()
        assert (await desk.ask("again", client="a")).text == "about again"

    run(ask)


def test_who_waits_is_told_the_place():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant)
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: desk.ask("hold one", client="a"))
            await anyio.sleep(0.05)
            seen: list[Any] = []
            async for event in desk.stream("two", client="b"):
                seen.append(event)
                assistant.go.set()
        assert seen[0] == Waiting(1) and isinstance(seen[-1], Answer)

    run(ask)


def test_a_client_that_goes_away_stops_the_model_within_half_a_second():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant)
        with anyio.move_on_after(0.1):
            await desk.ask("hold for ever")
        began = time.monotonic()
        assert (await desk.ask("next")).text == "about next"
        assert time.monotonic() - began < 0.5
        assert assistant.at_once == 0 and assistant.most == 1
        assert desk.outcomes["stopped"] == 1 and len(desk) == 0

    run(ask)


def test_an_answer_that_takes_too_long_is_given_up():
    async def ask():
        desk = Desk(Scripted(), seconds=0.1)
        with pytest.raises(TooLate):
            await desk.ask("hold for ever")
        assert len(desk) == 0

    run(ask)


def test_a_failure_is_one_questions_own():
    async def ask():
        desk = Desk(Scripted())
        with pytest.raises(GenerationError):
            await desk.ask("broken")
        with pytest.raises(QuestionError):
            await desk.ask("  ")
        assert (await desk.ask("far")).declined
        assert dict(desk.outcomes) == {"answered": 0, "declined": 1, "failed": 2, "stopped": 0, "refused": 0}

    run(ask)


def test_at_the_end_each_question_is_finished_or_refused():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant)
        told: list[Any] = []

        async def one(question: str) -> None:
            try:
                told.append((await desk.ask(question, client=question)).text)
            except Closing as error:
                told.append(error)

        async with anyio.create_task_group() as group:
            group.start_soon(one, "hold one")
            group.start_soon(one, "hold two")
            await anyio.sleep(0.05)
            await desk.drain(0.1)
            assert desk.is_closing
        assert len(told) == 2 and all(isinstance(error, Closing) for error in told)
        for refused in (lambda: desk.ask("new"), lambda: desk.search("new")):
            with pytest.raises(Closing):
                await refused()
        quick = Desk(Scripted())
        async with anyio.create_task_group() as group:
            group.start_soon(quick.ask, "soon done")
            await anyio.sleep(0)
            await quick.drain(5)
        assert quick.outcomes["answered"] + quick.outcomes["refused"] == 1

    run(ask)


def test_kept_answers_are_those_of_the_same_index_question_and_history():
    async def ask():
        assistant = Scripted()
        desk = Desk(assistant, kept=2)
        first = await desk.ask("one")
        assert await desk.ask("one") is first and assistant.order == ["one"]
        await desk.ask("one", [{"role": "user", "content": "before"}])
        await desk.ask("one", config=Config(passages=3))
        assert assistant.order == ["one"] * 3
        assert await desk.ask("one") is not first, "two are kept"
        assistant.retriever.store.manifest = {"another": "index"}
        await desk.ask("one")
        assert len(assistant.order) == 5

    run(ask)


def test_the_line_may_be_shared():
    async def ask():
        line = Line()
        place = line.join()
        desk = Desk(Scripted(), line=line)
        async with anyio.create_task_group() as group:
            group.start_soon(desk.ask, "one")
            await anyio.sleep(0.05)
            assert desk.outcomes["answered"] == 0
            place.leave()
        assert desk.outcomes["answered"] == 1

    run(ask)
