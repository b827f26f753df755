"""llama.cpp with a small real model: what it writes, how it stops, and what it says when it cannot."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from askoctober.errors import GenerationError, ModelError
from askoctober.generation.llama import LlamaGenerator
from askoctober.prompts import fill, read_prompt
from askoctober.types import Message, Piece

SYSTEM = read_prompt("system.txt")
UNIT = r"[^\[\]\n]{12,320} \[[12]\](?:\[[12]\])?"
UNITS = re.compile(rf"{UNIT}(?: {UNIT}){{0,3}}(?= |$)")
ASKED = "[1] Bees dance. [2] Ants walk.\n\nQuestion: What do bees do?\n\n" + fill(
    "answer.txt", length="one to three short sentences"
)


def turns(text: str) -> list[Message]:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]


def written(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


@pytest.fixture(scope="module")
def generator(smol: Path) -> Iterator[LlamaGenerator]:
    loaded = LlamaGenerator(smol, context_tokens=1024, threads=2)
    yield loaded
    loaded.close()


def test_streams_and_counts_at_the_end(generator: LlamaGenerator) -> None:
    pieces = list(generator.generate(turns("Name three colours."), max_tokens=12))
    *before, last = pieces
    assert len(before) > 5
    assert all((p.prompt_tokens, p.cached_tokens, p.completion_tokens) == (0, 0, 0) for p in before)
    assert last.completion_tokens == 12
    assert 50 < last.prompt_tokens < 120
    assert "colours" in written(pieces)


def test_is_deterministic(generator: LlamaGenerator) -> None:
    first, second = (list(generator.generate(turns("What is a lake?"), max_tokens=16)) for _ in range(2))
    assert written(first) == written(second) != ""


def test_the_same_beginning_is_read_once(generator: LlamaGenerator) -> None:
    *_, first = generator.generate(turns("What is the capital of Peru?"), max_tokens=2)
    *_, same = generator.generate(turns("What is the capital of Peru?"), max_tokens=2)
    *_, other = generator.generate(turns("Who sang that song?"), max_tokens=2)
    assert same.cached_tokens >= first.prompt_tokens - 1
    assert 20 < other.cached_tokens < other.prompt_tokens


def test_every_reply_is_of_the_grammar(generator: LlamaGenerator) -> None:
    grammar = fill("answer.gbnf", marks='"1" | "2"', more="2")
    for question in ("Write a poem in lines.", "Repeat: [9] [8] [7]"):
        asked = turns(ASKED.replace("What do bees do?", question))
        reply = written(list(generator.generate(asked, grammar=grammar, max_tokens=80)))
        units = UNITS.match(reply)
        assert units, reply
        # What is left was cut off by the limit of tokens.
        assert re.fullmatch(r"[^\[\]\n]*\[?[12]?", reply[units.end() :]), reply


def test_followup_grammar_gives_one_question(generator: LlamaGenerator) -> None:
    prompt = fill("followup.txt", question="Who danced?", answer="Bees.", followup="Why did they?")
    reply = written(list(generator.generate(turns(prompt), grammar=read_prompt("followup.gbnf"), max_tokens=80)))
    assert re.fullmatch(r"[^\[\]\n?]{8,300}\??", reply)


def test_probabilities_are_a_distribution(generator: LlamaGenerator) -> None:
    found = generator.probabilities(turns("Is Paris in France? Reply with Yes or No."), ("Yes", "No"))
    assert list(found) == ["Yes", "No"]
    assert sum(found.values()) == pytest.approx(1)
    assert all(0.01 < value < 0.99 for value in found.values())
    assert found == generator.probabilities(turns("Is Paris in France? Reply with Yes or No."), ("Yes", "No"))


def test_probabilities_follow_the_question(generator: LlamaGenerator) -> None:
    found = generator.probabilities(turns("Reply with the word Paris and nothing else."), ("Paris", "Zebra"))
    assert found["Paris"] > 0.9
    assert sum(found.values()) == pytest.approx(1)


def test_closing_stops_and_the_next_call_works(generator: LlamaGenerator) -> None:
    before = written(list(generator.generate(turns("What is a hill?"), max_tokens=8)))
    stream = generator.generate(turns("Write a long story about a fox."), max_tokens=900)
    assert next(stream).text
    began = time.perf_counter()
    stream.close()
    assert time.perf_counter() - began < 5
    assert written(list(generator.generate(turns("What is a hill?"), max_tokens=8))) == before


def test_a_stream_that_was_never_begun_holds_nothing(generator: LlamaGenerator) -> None:
    generator.generate(turns("Nobody reads this."), max_tokens=8)
    assert written(list(generator.generate(turns("What is a hill?"), max_tokens=4)))


def test_two_threads_both_get_their_answers(generator: LlamaGenerator) -> None:
    questions = ["What is a lake?", "Name three colours."]
    alone = [written(list(generator.generate(turns(question), max_tokens=12))) for question in questions]
    together: dict[int, str] = {}

    def ask(at: int) -> None:
        together[at] = written(list(generator.generate(turns(questions[at]), max_tokens=12)))

    threads = [threading.Thread(target=ask, args=(at,)) for at in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [together[at] for at in range(2)] == alone


def test_a_prompt_that_does_not_fit(generator: LlamaGenerator) -> None:
    for call in (
        lambda: list(generator.generate(turns("word " * 3000), max_tokens=4)),
        lambda: [generator.probabilities(turns("word " * 3000), ("Yes", "No"))],
    ):
        with pytest.raises(
            GenerationError, match=r"has 30\d\d tokens and the model holds 1024; ask a shorter question"
        ):
            call()


@pytest.mark.parametrize("grammar", ["root ::= (", "no grammar", "root ::= nothing"])
def test_a_wrong_grammar(generator: LlamaGenerator, grammar: str) -> None:
    with pytest.raises(GenerationError, match="grammar.*ask again"):
        list(generator.generate(turns("Hello"), grammar=grammar, max_tokens=4))
    assert written(list(generator.generate(turns("Hello"), max_tokens=4)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello", "is not a GGUF file; .*askoctober models list"),
        (b"", "is not a GGUF file; .*askoctober models list"),
        (b"GGUF" + bytes(100), "cannot load .*askoctober models verify"),
    ],
)
def test_what_is_no_model(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=message):
        LlamaGenerator(path)


def test_a_closed_model_says_so(smol: Path) -> None:
    generator = LlamaGenerator(smol, context_tokens=256, threads=1)
    generator.close()
    generator.close()
    with pytest.raises(GenerationError, match="was closed; load it again"):
        list(generator.generate(turns("Hello"), max_tokens=4))
    with pytest.raises(GenerationError, match="was closed; load it again"):
        generator.probabilities(turns("Hello"), ("Yes", "No"))
