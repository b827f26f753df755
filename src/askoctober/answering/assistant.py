"""The assistant: question to checked, cited answer, as a stream of events."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from collections.abc import Generator as Stream
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from askoctober.answering import deciding
from askoctober.answering.checking import Checker
from askoctober.answering.composing import MOST_ADDED, complete
from askoctober.answering.disagreement import needs_calendars
from askoctober.answering.draft import Draft, DraftSentence
from askoctober.answering.evidence import select
from askoctober.answering.prose import plain
from askoctober.asynchrony import iterate
from askoctober.config import Config
from askoctober.generation import load_generator
from askoctober.prompts import fill, read_prompt
from askoctober.retrieval import Retriever, check_question, make_standalone, with_context
from askoctober.retrieval.language import ADVICE
from askoctober.retrieval.parts import split_parts
from askoctober.types import (
    Answer,
    Citation,
    Event,
    Evidence,
    EvidenceFound,
    Generator,
    Hit,
    Message,
    Reading,
    Sentence,
    SentenceChecked,
    TextPiece,
)

SHOWN_HITS = 10
"""How many hits an answer carries at least, whether the model reads of all of them or not."""
DECLINED = "The articles on this shelf do not say."


@dataclass(frozen=True, slots=True)
class Length:
    """How long an answer is to be: in the prompt's words, sentences written and added at most, share of the tokens."""

    words: str
    sentences: int
    added: int
    tokens: float


LENGTHS: Mapping[str, Length] = {
    "short": Length("one short sentence", 1, 1, 0.5),
    "normal": Length("one to three short sentences", 3, MOST_ADDED, 1.0),
    "long": Length("three to six sentences, with every reason, name and number", 6, 2 * MOST_ADDED, 2.0),
}
"""By the setting `answer_length`; what was measured is "normal"."""


class Assistant:
    """Answers questions from a shelf, with an exact quote for every sentence, or declines; safe to share."""

    def __init__(self, retriever: Retriever, generator: Generator, config: Config | None = None) -> None:
        """Answer with `generator` from what `retriever` finds."""
        self.retriever = retriever
        self.generator = generator
        self.config = config or Config()

    @classmethod
    def load(cls, index: Path | str | None = None, config: Config | None = None) -> Assistant:
        """Open an index folder (default: the configured one, `index`) and load the configured language model.

        Raises:
            IndexFolderError: the index is missing, damaged, or built with another embedder.
            ModelError: a model is not on this machine or does not load.
        """
        config = config or Config.load()
        return cls(Retriever.load(index, config), load_generator(config), config)

    def ask(self, question: str, history: Sequence[Message] = ()) -> Answer:
        """Return the answer to a question; `history` holds the earlier turns, oldest first.

        Raises:
            QuestionError: the question is empty or too long.
            GenerationError: the language model failed.
        """
        for event in self.stream(question, history):
            if isinstance(event, Answer):
                return event
        raise AssertionError("a stream ends with its answer")

    async def aask(self, question: str, history: Sequence[Message] = ()) -> Answer:
        """`ask` for programs of coroutines; when it is cancelled, the language model stops."""
        async with aclosing(self.astream(question, history)) as events:
            async for event in events:
                if isinstance(event, Answer):
                    return event
        raise AssertionError("a stream ends with its answer")

    def astream(
        self, question: str, history: Sequence[Message] = (), config: Config | None = None
    ) -> AsyncGenerator[Event]:
        """`stream` for programs of coroutines; closing it or cancelling what reads it stops the language model."""
        return iterate(self.stream(question, history, config))

    def stream(self, question: str, history: Sequence[Message] = (), config: Config | None = None) -> Iterator[Event]:
        """Yield the evidence, the draft as it is written, each sentence as it is checked, and at last the answer.

        `config` says for this question alone how much is read and how long the answer may be. The retriever may be
        exchanged meanwhile: an answer that has begun keeps to the one it began with. Closing the iterator stops the
        language model. Raises as `ask` does.
        """
        question = check_question(question)
        began = time.perf_counter()
        retriever, config = self.retriever, config or self.config
        length = LENGTHS[config.answer_length]
        if language := retriever.foreign_language(question):
            yield from self._not_understood(question, language, began)
            return
        asked = make_standalone(question, history, self.generator)
        standalone = retriever.with_other_dates(asked)
        wanted = retriever.corrected(with_context(question, standalone, history))
        hits = tuple(retriever.search(wanted, max(SHOWN_HITS, config.passages)))
        read = hits[: config.passages]
        selection = select(wanted, read, retriever, config.evidence_tokens, split_parts(standalone))
        evidence = selection.evidence
        timings = {"retrieve_ms": _since(began)}
        yield EvidenceFound(standalone, hits, evidence)

        # A date that was put in beside the reader's own needs support like any other.
        checker = Checker(asked, evidence, retriever.encoder)
        if evidence:
            deciding_on = self._messages(standalone, evidence, read_prompt("decide.txt"))
            yield from itertools.starmap(Reading, self.generator.prefill(deciding_on))
        signals = self.signals(standalone, evidence, checker)
        sentences: list[Sentence] = []
        probability: float | None = None
        if deciding.answers(deciding.confidence(signals)):
            calendars = retriever.calendars if needs_calendars(standalone) else None
            written = self._write(standalone, evidence, checker, began, timings, length, config.answer_tokens)
            rest = complete(standalone, selection, checker, calendars, length.added)
            for event in itertools.chain(written, rest):
                if isinstance(event, SentenceChecked) and probability is None:
                    # The first sentence decides, before it is shown as checked.
                    probability = deciding.confidence(replace(signals, cover=checker.cover))
                    if checker.gave_up:
                        probability = min(probability, deciding.DISCLAIMED)
                    if not deciding.answers(probability):
                        written.close()
                        yield SentenceChecked(None)
                        break
                if isinstance(event, SentenceChecked) and event.sentence is not None:
                    sentences.append(event.sentence)
                yield event
        if probability is None:
            probability = deciding.confidence(replace(signals, cover=deciding.UNWRITTEN_COVER))
        timings.setdefault("first_token_ms", _since(began))
        timings["total_ms"] = _since(began)
        yield self._answer(question, standalone, sentences, checker.citations, hits, probability, timings)

    def _not_understood(self, question: str, language: str, began: float) -> Iterator[Event]:
        """Yield what a stream holds for a question that the embedder cannot read."""
        yield EvidenceFound(question, (), ())
        passed = _since(began)
        timings = {"retrieve_ms": passed, "first_token_ms": passed, "total_ms": passed}
        text = ADVICE.format(language=language)
        yield Answer(question, question, text, (), (), (), True, 0.0, self.generator.name, timings)

    def close(self) -> None:
        """Free the language model."""
        self.generator.close()

    def _write(
        self,
        question: str,
        evidence: Sequence[Evidence],
        checker: Checker,
        began: float,
        timings: dict[str, float],
        length: Length,
        answer_tokens: int,
    ) -> Stream[Event, None, None]:
        """Yield the draft's pieces and the sentences that become of it."""
        draft = Draft()
        marks = " | ".join(f'"{piece.mark}"' for piece in evidence)
        pieces = self.generator.generate(
            self._messages(question, evidence, fill("answer.txt", length=length.words)),
            grammar=fill("answer.gbnf", marks=marks, more=str(length.sentences - 1)),
            max_tokens=int(answer_tokens * length.tokens),
        )
        for piece in pieces:
            if not piece.text:
                continue
            timings.setdefault("first_token_ms", _since(began))
            yield TextPiece(piece.text)
            for sentence in draft.add(piece.text):
                yield _checked(sentence, checker)
        for sentence in draft.finish():
            yield _checked(sentence, checker)

    def signals(self, question: str, evidence: Sequence[Evidence], checker: Checker) -> deciding.Signals:
        """Return what the decision to answer is taken from, for a standalone question."""
        if not evidence:
            return deciding.Signals(yes=0.0, cosine=-1.0)
        cosine = float(checker.nearness(question).max())
        yes = self.generator.probabilities(
            self._messages(question, evidence, read_prompt("decide.txt")), ("Yes", "No")
        )["Yes"]
        return deciding.Signals(yes, cosine)

    def _messages(self, question: str, evidence: Sequence[Evidence], task: str) -> list[Message]:
        """The prompt of a task; everything before the task is the same for all, so that it is read once."""
        excerpts = "\n".join(f"[{piece.mark}] {_read(piece)}" for piece in evidence)
        prompt = fill("question.txt", excerpts=excerpts, question=question, task=task)
        return [{"role": "system", "content": read_prompt("system.txt")}, {"role": "user", "content": prompt}]

    def _answer(
        self,
        question: str,
        standalone: str,
        sentences: Sequence[Sentence],
        citations: Sequence[Citation],
        hits: tuple[Hit, ...],
        probability: float,
        timings: dict[str, float],
    ) -> Answer:
        return Answer(
            question=question,
            standalone_question=standalone,
            text=" ".join(str(sentence) for sentence in sentences) if sentences else DECLINED,
            sentences=tuple(sentences),
            citations=tuple(citations) if sentences else (),
            hits=hits,
            declined=not sentences,
            confidence=probability,
            model=self.generator.name,
            timings=timings,
        )


def _read(evidence: Evidence) -> str:
    """The sentences of a piece of evidence as prose."""
    text = evidence.article.text
    return " ".join(plain(text[span.start : span.end]) for span in evidence.sentences)


def _checked(draft: DraftSentence, checker: Checker) -> SentenceChecked:
    return SentenceChecked(*checker.check(draft))


def _since(began: float) -> float:
    """Milliseconds since `began`."""
    return (time.perf_counter() - began) * 1000
