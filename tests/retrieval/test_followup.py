from collections.abc import Iterator, Sequence

import pytest

from askoctober.errors import QuestionError
from askoctober.prompts import read_prompt
from askoctober.retrieval import make_standalone, with_context
from askoctober.retrieval.followup import stands_alone
from askoctober.types import Message, Piece

HISTORY = [
    {"role": "user", "content": "Who built the clock H4?"},
    {"role": "assistant", "content": "John Harrison built it in 1759. [1][2]"},
]


class Rewriter:
    """A generator that always writes the same, in small pieces, and keeps what it was asked."""

    name = "rewriter"

    def __init__(self, reply: str) -> None:
        self.reply = reply
        self.asked: list[tuple[Sequence[Message], str, int]] = []

    def generate(self, messages: Sequence[Message], *, grammar: str = "", max_tokens: int = 256) -> Iterator[Piece]:
        self.asked.append((messages, grammar, max_tokens))
        for at in range(0, len(self.reply), 5):
            yield Piece(self.reply[at : at + 5])

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        raise AssertionError("a rewriting is not read ahead")

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        raise AssertionError("a rewriting asks for no probabilities")

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "history", [[], [{"role": "assistant", "content": "Ask me."}], [{"role": "user", "content": " \n"}]]
)
def test_the_first_question_stands_as_it_is(history):
    generator = Rewriter("Never asked?")
    assert make_standalone("And who  opposed it?", history, generator) == "And who  opposed it?"
    assert generator.asked == []


@pytest.mark.parametrize(
    ("question", "rewritten"),
    [
        ("And who opposed it?", "Who opposed the clock H4?"),
        ("And who opposed him?", "Who opposed John Harrison in 1759?"),
        ("And what did Maskelyne say?", "What did Maskelyne say about the clock H4?"),
        ("What happened in 1761?", "What happened to the clock H4 in 1761?"),
    ],
)
def test_a_faithful_rewriting_is_taken(question, rewritten):
    assert make_standalone(question, HISTORY, Rewriter(f" {rewritten}\n")) == rewritten


@pytest.mark.parametrize(
    ("question", "rewritten"),
    [
        ("And who opposed it?", "Who opposed Kepler?"),
        ("And who opposed it?", "Who opposed it in 1714?"),
        ("And who opposed it?", "Who opposed it in 17?"),
        ("And who opposed it?", "Who opposed the Lock?"),
        ("And what did Maskelyne say?", "What did John Harrison say?"),
        ("What happened in 1761?", "What happened to John Harrison?"),
        ("And who opposed it?", "It was opposed by the astronomers."),
        ("And who opposed it?", "Who?"),
        ("And who opposed it?", ""),
    ],
)
def test_an_unfaithful_rewriting_gives_way_to_both_questions(question, rewritten):
    assert make_standalone(question, HISTORY, Rewriter(rewritten)) == f"Who built the clock H4? {question}"


def test_the_model_is_shown_the_last_turns_without_marks_and_shortened():
    history = [{"role": "user", "content": "An older one?"}, *HISTORY]
    history[-2] = {"role": "user", "content": "Who built   the clock\nH4? " + "x" * 1000}
    generator = Rewriter("Who opposed it?")
    make_standalone("And {who} opposed it?", history, generator)
    ((messages, grammar, max_tokens),) = generator.asked
    system, user = messages
    assert system == {"role": "system", "content": read_prompt("system.txt")}
    assert "Earlier question: Who built the clock H4? xxx" in user["content"]
    assert user["content"].count("x") < 420
    assert "Earlier answer: John Harrison built it in 1759.\n" in user["content"]
    assert "New question: And {who} opposed it?" in user["content"]
    assert "An older one?" not in user["content"]
    assert grammar == read_prompt("followup.gbnf")
    assert max_tokens == 80


def test_a_long_question_after_another_is_still_within_the_limit():
    question = "And what " + "more " * 790 + "then?"
    standalone = make_standalone(question, [{"role": "user", "content": "Who built it? " * 50}], Rewriter(""))
    assert standalone.startswith("Who built it?")
    assert standalone.endswith(question[-100:])
    assert len(standalone) <= 4000


def test_a_question_that_is_too_long_by_itself_is_refused():
    with pytest.raises(QuestionError, match="ask one of at most 4000"):
        make_standalone("word " * 1000, HISTORY, Rewriter(""))


@pytest.mark.parametrize(
    "question",
    [
        "Who built the clock of Longitude fame?",
        "Why did Harrison leave before he was paid?",
        "how long do sourdough loaves prove overnight in winter",
    ],
)
def test_a_new_subject_is_left_alone(question):
    generator = Rewriter("Never asked?")
    assert stands_alone(question)
    assert make_standalone(question, HISTORY, generator) == question
    assert with_context(question, question, HISTORY) == question


@pytest.mark.parametrize(
    "question",
    ["And Kamenev?", "Why did he leave before Harrison was paid?", "How did that end?", "what about the cadets?"],
)
def test_what_leans_on_the_conversation_is_searched_with_it(question):
    assert not stands_alone(question)
    asked = HISTORY[-2]["content"]
    assert with_context(question, question, HISTORY) == " ".join(f"{asked} {question}".split())
