"""The shelf that ships, the default models, nothing fake: questions to answers whose every quote is exact."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from askoctober.answering import DECLINED, Assistant
from askoctober.building import build
from askoctober.config import Config
from askoctober.generation import load_generator
from askoctober.index import LocalStore
from askoctober.retrieval import Retriever
from askoctober.types import Answer, Encoder, Message

pytestmark = pytest.mark.llm

CORPUS = Path(__file__).parent.parent / "corpus"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder, qwen: Path) -> Iterator[Assistant]:
    config = Config(corpus=CORPUS, index=tmp_path_factory.mktemp("october") / "index", model=str(qwen))
    build(config, encoder=encoder)
    loaded = Assistant(Retriever(LocalStore.open(config.index), encoder), load_generator(config), config)
    yield loaded
    loaded.close()


def ask(assistant: Assistant, question: str, *history: Message) -> Answer:
    """Ask, and check what holds of every answer: its marks resolve, and its quotes stand in the files of the shelf."""
    answer = assistant.ask(question, history)
    print(f"{question}\n{answer}\n")  # noqa: T201
    marks = {int(number) for number in re.findall(r"\[(\d+)\]", answer.text)}
    assert marks == {citation.mark for citation in answer.citations}
    assert answer.declined == (not marks) == (answer.text == DECLINED)
    for citation in answer.citations:
        file = (CORPUS / citation.article.path).read_text(encoding="utf-8")
        assert file[citation.start : citation.end] == citation.quote
        assert citation.article.title.startswith("Digest: ")
    assert answer.hits and answer.timings["first_token_ms"] > 0
    return answer


def says(answer: Answer, *words: str) -> bool:
    """Whether the answer and the quotes it rests on both hold the words."""
    quotes = " ".join(citation.quote for citation in answer.citations)
    return all(word in answer.text and word in quotes for word in words)


def test_who(assistant: Assistant) -> None:
    answer = ask(assistant, "Which two Bolsheviks opposed the insurrection on the Central Committee?")
    assert says(answer, "Zinoviev", "Kamenev")
    assert answer.confidence > 0.5


def test_how_many(assistant: Assistant) -> None:
    answer = ask(assistant, "By what vote did the Central Committee pass Lenin's resolution on October 10?")
    assert "10-2" in " ".join(citation.quote for citation in answer.citations)
    assert re.search(r"10-2|10 to 2|ten (votes )?to two", answer.text)


def test_why(assistant: Assistant) -> None:
    answer = ask(assistant, "Why did the Bolsheviks oppose a rising in July?")
    assert re.search(r"fail|isolated|beaten", answer.text)
    assert re.search(r"fail|isolated|beaten", " ".join(citation.quote for citation in answer.citations))


def test_a_followup(assistant: Assistant) -> None:
    history = [
        {"role": "user", "content": "By what vote did the Central Committee pass Lenin's resolution on October 10?"},
        {"role": "assistant", "content": "The Central Committee passed Lenin's resolution by 10-2. [1]"},
    ]
    answer = ask(assistant, "Who opposed it?", *history)
    assert answer.question == "Who opposed it?"
    assert re.search("Lenin's resolution", answer.standalone_question)
    assert says(answer, "Zinoviev", "Kamenev")


@pytest.mark.parametrize(
    "question", ["What is the boiling point of water on Mars?", "Who won the football world cup in 1998?"]
)
def test_what_the_shelf_does_not_say(assistant: Assistant, question: str) -> None:
    answer = ask(assistant, question)
    assert answer.declined and answer.confidence < 0.5
