import sys
import threading
import time
from pathlib import Path

import pytest

from askoctober.config import Config
from askoctober.errors import GenerationError, ModelError
from askoctober.generation import isolated
from askoctober.generation.isolated import IsolatedGenerator

CHILD = (sys.executable, str(Path(__file__).with_name("model_child.py")))


@pytest.fixture(scope="module")
def model():
    generator = IsolatedGenerator(Config(model="a"), CHILD)
    yield generator
    generator.close()


def asked(text: str):
    return [{"role": "user", "content": text}]


def written(generator, text: str = "count") -> str:
    return "".join(piece.text for piece in generator.generate(asked(text)))


def test_what_the_model_says_comes_through(model):
    assert model.name == "scripted a"
    pieces = list(model.generate(asked("count"), grammar="g", max_tokens=9))
    assert "".join(piece.text for piece in pieces).endswith(". [1]")
    assert (pieces[-1].prompt_tokens, pieces[-1].cached_tokens) == (100, 40) and pieces[-1].completion_tokens
    assert list(model.prefill(asked("x"))) == [(50, 100), (100, 100)]
    found = model.probabilities(asked("x"), ("Yes", "No"))
    assert sum(found.values()) == pytest.approx(1) and found["Yes"] == pytest.approx(0.9)


@pytest.mark.parametrize(("word", "reason"), [("fail", "does not fit"), ("break", r"failed \(foreign\)")])
def test_a_failure_is_that_of_its_answer_alone(model, word, reason):
    before = model.restarts
    with pytest.raises(GenerationError, match=reason):
        written(model, word)
    assert written(model) == "Ünd again. [1]"
    assert model.restarts == before


def test_a_model_that_dies_costs_one_answer(model):
    before = model.restarts
    with pytest.raises(GenerationError, match="started anew; ask again"):
        written(model, "die")
    assert written(model) == "ä One, two. [1]", "a new one begins its script anew"
    assert model.restarts == before + 1


def test_a_model_that_hangs_is_replaced(model, monkeypatch):
    monkeypatch.setattr(isolated, "SECONDS_OF_SILENCE", 0.3)
    with pytest.raises(GenerationError, match="hung"):
        written(model, "hang")
    monkeypatch.setattr(isolated, "SECONDS_OF_SILENCE", 30)
    assert written(model)


def test_one_that_is_closed_stops_writing(model):
    written(model)
    stream = model.generate(asked("slow"))
    next(stream)
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < 0.5
    assert written(model).endswith("[1]")


def test_threads_wait_for_each_other(model):
    written(model)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(written(model, "slow"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["Ünd again. [1]"] * 4


@pytest.mark.parametrize(("name", "reason"), [("broken", "give another"), ("crash", "ended while it loaded")])
def test_a_model_that_does_not_load_is_an_error(name, reason):
    with pytest.raises(ModelError, match=reason):
        IsolatedGenerator(Config(model=name), CHILD)


def test_closing_ends_the_child():
    generator = IsolatedGenerator(Config(model="b"), CHILD)
    generator.close()
    assert generator._child.poll() is not None
    with pytest.raises(GenerationError, match="closed"):
        written(generator)
