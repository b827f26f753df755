"""transformers with the same small model file: the same protocol."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from askoctober.errors import GenerationError, ModelError
from askoctober.generation.hf import TransformersGenerator
from askoctober.types import Message, Piece


def turns(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def written(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


@pytest.fixture(scope="module")
def generator(smol: Path) -> Iterator[TransformersGenerator]:
    loaded = TransformersGenerator(smol)
    yield loaded
    loaded.close()
    with pytest.raises(GenerationError, match="was closed; load it again"):
        list(loaded.generate(turns("Hello"), max_tokens=4))


def test_streams_the_same_text_each_time(generator: TransformersGenerator) -> None:
    first, second = (list(generator.generate(turns("Name three colours."), max_tokens=8)) for _ in range(2))
    assert first == second
    *before, last = first
    assert len(before) > 2 and all(piece.text and not piece.completion_tokens for piece in before)
    assert (last.text, last.cached_tokens, last.completion_tokens) == ("", 0, 8)
    assert 20 < last.prompt_tokens < 60


def test_probabilities_are_a_distribution(generator: TransformersGenerator) -> None:
    found = generator.probabilities(turns("Is Paris in France? Reply with Yes or No."), ("Yes", "No"))
    assert list(found) == ["Yes", "No"]
    assert sum(found.values()) == pytest.approx(1)
    assert all(0.01 < value < 0.99 for value in found.values())


def test_closing_stops_and_the_next_call_works(generator: TransformersGenerator) -> None:
    stream = generator.generate(turns("Write a long story about a fox."), max_tokens=900)
    assert next(stream).text
    began = time.perf_counter()
    stream.close()
    assert time.perf_counter() - began < 10
    assert written(list(generator.generate(turns("Name three colours."), max_tokens=4)))


@pytest.mark.parametrize("name", ["folder", "model.gguf"])
def test_what_is_no_model(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix:
        path.write_bytes(b"hello")
    else:
        path.mkdir()
    with pytest.raises(ModelError, match="transformers cannot load .*askoctober models list"):
        TransformersGenerator(path)
