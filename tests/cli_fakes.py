"""A small shelf and an assistant over it that answers from a script, in place of what the command line loads.

`python cli_fakes.py ARGS` is the command line with these in place, for tests that need a process of its own.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from types import SimpleNamespace

from askoctober.cli import loading, main
from askoctober.config import Config
from askoctober.errors import GenerationError, ModelError, QuestionError
from askoctober.retrieval.filtering import AnyFilter, read_filter
from askoctober.types import (
    Answer,
    Article,
    Chunk,
    Citation,
    Event,
    Evidence,
    EvidenceFound,
    Hit,
    Message,
    Sentence,
    SentenceChecked,
    TextPiece,
)

TEXT = "Ten members voted for the rising. Kamenev and Zinoviev voted against it. \x1b[31mRed\x1b[0m \u202eback."
QUOTE = "Kamenev and Zinoviev voted against it."
START = TEXT.index(QUOTE)
ARTICLE = Article(
    "vote-1", "vote.md", "The vote", "A. Author", "The Paper", "1917-10-23", "https://x.example", "en", TEXT
)
CHUNK = Chunk("vote-1:0", "vote-1", "October", TEXT, 0, len(TEXT), ARTICLE)
HIT = Hit(CHUNK, 0.9, 1, {"dense": 0.9})
SENTENCES = ("Kamenev and Zinoviev voted against.", "Ten voted for.")


def answer_to(question: str, *, declined: bool = False) -> Answer:
    citation = Citation(1, ARTICLE, START, START + len(QUOTE), QUOTE, 0.95)
    sentences = tuple(Sentence(text, (1,), "supported") for text in SENTENCES)
    return Answer(
        question,
        question,
        "The articles do not say." if declined else " ".join(map(str, sentences)),
        () if declined else sentences,
        () if declined else (citation,),
        (HIT,),
        declined,
        0.1 if declined else 0.9,
        "fake",
        {"retrieve_ms": 1.0, "first_token_ms": 2.0, "total_ms": 3.0},
    )


class FakeRetriever:
    store: object = None

    def foreign_language(self, question: str) -> str:
        return "German" if question == "Wer da?" else ""

    def search(self, question: str, k: int = 5, *, filter: AnyFilter = None, threshold: float = -1.0) -> list[Hit]:
        return [HIT] if k and question != "nothing" and self.admits(filter) and threshold <= HIT.score else []

    def admits(self, filter: AnyFilter) -> bool:
        wanted = read_filter(filter)
        return wanted is None or wanted.admits(HIT.chunk.article)


class FakeAssistant:
    """Words in the question choose what happens: unknown, fail, long, slow, forever, revised."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Message, ...]]] = []
        self.stopped = self.closed = False
        self.retriever = FakeRetriever()

    def stream(self, question: str, history: Sequence[Message] = ()) -> Iterator[Event]:
        self.asked.append((question, tuple(history)))
        if "long" in question:
            raise QuestionError("The question is too long; shorten it.")
        if "fail" in question:
            raise GenerationError("The model failed; ask again.")
        try:
            yield EvidenceFound(question, (HIT,), (Evidence(1, HIT, 0, len(TEXT), TEXT),))
            while "forever" in question:
                yield TextPiece("and on ")
                time.sleep(0.05)
            answer = answer_to(question, declined="unknown" in question)
            for sentence in answer.sentences:
                yield TextPiece("A draft that is not right. ")
                time.sleep(0.4 if "slow" in question else 0)
                yield SentenceChecked(sentence, answer.citations)
            yield SentenceChecked(None)
            yield answer_to(question, declined=True) if "revised" in question else answer
        finally:
            self.stopped = True

    def ask(self, question: str, history: Sequence[Message] = ()) -> Answer:
        *_, answer = self.stream(question, history)
        assert isinstance(answer, Answer)
        return answer

    def close(self) -> None:
        self.closed = True


def no_model(config: Config) -> FakeAssistant:
    raise ModelError("No model;\nfetch one with `askoctober models pull`.")


REPORT = SimpleNamespace(
    articles=5,
    chunks=131,
    embedded=1,
    unchanged=4,
    removed=0,
    failed=(SimpleNamespace(path="bad.txt", reason="it is empty"),),
    copies=0,
    renamed=0,
    passed_over={".png": 12},
    seconds=3.21,
)

if __name__ == "__main__":
    loading.load_retriever = lambda config: FakeRetriever()
    loading.load_assistant = loading.load_served = lambda config: FakeAssistant()
    sys.exit(main())
