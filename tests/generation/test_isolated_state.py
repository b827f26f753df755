"""What a model's process is at each moment, and that one that dies is replaced without being asked for."""

from __future__ import annotations

import errno
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from askoctober.config import Config
from askoctober.errors import GenerationError
from askoctober.generation import isolated
from askoctober.generation.isolated import IsolatedGenerator

CHILD = Path(__file__).with_name("model_child.py")
SLOWLY = (
    "import runpy, sys, time; time.sleep(0.5); sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], None, '__main__')"
)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def say(generator: IsolatedGenerator, text: str) -> str:
    return "".join(piece.text for piece in generator.generate([{"role": "user", "content": text}]))


@pytest.fixture
def model() -> Iterator[IsolatedGenerator]:
    generator = IsolatedGenerator(Config(model="a"), (sys.executable, "-c", SLOWLY, str(CHILD)))
    yield generator
    generator.close()


def test_a_model_that_dies_is_started_anew_at_once(model: IsolatedGenerator) -> None:
    assert model.state == "ready"
    with pytest.raises(GenerationError):
        say(model, "die")
    until(lambda: model.state == "starting")
    until(lambda: model.state == "ready")
    assert model.restarts == 1 and say(model, "count")
    assert model.restarts == 1, "it was there already"


def test_one_that_dies_while_nobody_asks_is_started_anew_too(model: IsolatedGenerator) -> None:
    model._child.kill()
    until(lambda: model.state != "ready")
    until(lambda: model.state == "ready" and model.restarts == 1)
    assert say(model, "count")


def test_who_asks_meanwhile_waits_for_it(model: IsolatedGenerator) -> None:
    model._child.kill()
    until(lambda: model.state == "starting")
    assert say(model, "count") and model.restarts == 1


def test_one_that_does_not_load_is_tried_again(
    model: IsolatedGenerator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(isolated, "PAUSES", (0.0, 0.1))
    sound, model._settings = model._settings, model._settings | {"model": "broken"}
    model._child.kill()
    until(lambda: "cannot be started anew" in caplog.text)
    until(lambda: model.state == "down")
    model._settings = sound
    until(lambda: model.state == "ready")
    assert model.restarts == 1 and say(model, "count")


def test_one_that_no_process_starts_for_is_tried_again(
    model: IsolatedGenerator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object, **more: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(isolated, "PAUSES", (0.0, 0.1))
    with monkeypatch.context() as patch:
        patch.setattr(isolated.subprocess, "Popen", fail)
        model._child.kill()
        until(lambda: "No process starts for the model (Too many open files)" in caplog.text)
    until(lambda: model.state == "ready")
    assert say(model, "count")


@pytest.mark.skipif(sys.platform == "win32", reason="of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_meant_for_all_of_a_group_leaves_the_model_to_its_parent(number: int) -> None:
    generator = IsolatedGenerator(Config(model="a"), (sys.executable, str(CHILD)))
    generator._child.send_signal(number)
    assert say(generator, "count") and generator.restarts == 0
    generator.close()
    assert generator._child.poll() is not None


def test_one_that_is_closed_stays_down(model: IsolatedGenerator) -> None:
    model.close()
    assert model.state == "down"
    time.sleep(0.05)
    assert model.state == "down" and model.restarts == 0
    until(lambda: not any(thread.name == "model" for thread in threading.enumerate()))


def test_one_that_is_closed_while_it_starts_is_ended() -> None:
    generator = IsolatedGenerator(Config(model="a"), (sys.executable, "-c", SLOWLY, str(CHILD)))
    generator._child.kill()
    until(lambda: generator.state == "starting")
    generator.close()
    until(lambda: not any(thread.name == "model" for thread in threading.enumerate()))
    assert generator.state == "down"
