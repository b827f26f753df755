"""One answer from question to end: the stream of an assistant, brought into a session as its turn in the line comes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

from askoctober.asynchrony import call, close
from askoctober.errors import AskoctoberError
from askoctober.types import Event
from askoctober.web.answerer import Answerer
from askoctober.web.line import Line
from askoctober.web.observing import Observing, Watch
from askoctober.web.session import Session, Turn

logger = logging.getLogger(__name__)

UNEXPECTED = "error-unexpected"
"""The message, by its id, for what nobody foresaw."""
MOST_WAITING = 100
"""Readers of the chat who may wait; programs have a bound of their own."""
LOOK_AGAIN_SECONDS = 0.5
"""How often a reader who waits is looked after: whether they have stopped waiting."""


async def run(
    assistant: Answerer, session: Session, line: Line, observing: Observing | None = None
) -> AsyncIterator[None]:
    """Answer the question that waits, and yield whenever the session has changed; closing it stops the answer.

    What is found is shown before the reader's turn comes, for it needs no language model; only a follow-up, which the
    model may have to rewrite, waits first.
    """
    turn = session.claim()
    if turn is None:
        yield
        return
    if line.is_closed or line.count(None) > MOST_WAITING:
        turn.fail("error-closing" if line.is_closed else "error-full")
        yield
        return
    history = session.history()
    place = line.join()
    watch = (observing or Observing()).watch(turn.question, door="chat")
    settings = replace(session.settings, passages=turn.passages) if turn.passages else session.settings
    stream = assistant.stream(turn.question, history, settings.applied(assistant.config))
    try:
        yield
        if not history and await _step(stream, turn, watch):
            yield
        while place.ahead and not turn.ended:
            turn.ahead = place.ahead
            watch.wait(turn.ahead)
            yield
            await place.moved(LOOK_AGAIN_SECONDS)
        turn.ahead = 0
        watch.turn()
        while not turn.ended and await _step(stream, turn, watch):
            yield
    except AskoctoberError as error:
        watch.fail(error)
        turn.fail(str(error))
    except Exception as error:
        watch.fail(error)
        logger.exception("The question could not be answered")
        turn.fail(UNEXPECTED)
    finally:
        watch.end()
        turn.stop()
        try:
            await close(stream)
        finally:
            place.leave()
    yield


async def _step(stream: Iterator[Event], turn: Turn, watch: Watch) -> bool:
    """Bring the turn up to date with the next event; return whether there was one."""
    # A thread, because the model works meanwhile; one that has begun is waited for, whoever gives up.
    event = await call(next, stream, None)
    if event is None:
        return False
    watch.take(event)
    turn.take(event)
    return True
