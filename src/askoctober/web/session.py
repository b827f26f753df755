"""What one reader has asked and been told: plain state, changed by the events of an answer and by the buttons."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from askoctober.types import (
    Answer,
    Article,
    Citation,
    Event,
    EvidenceFound,
    Message,
    Sentence,
    SentenceChecked,
    TextPiece,
)

Stage: TypeAlias = Literal["waiting", "searching", "reading", "writing", "checking", "done", "stopped", "failed"]

ENDED: tuple[Stage, ...] = ("done", "stopped", "failed")
SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?:\s*\[\d+\])*(?:\s+|$)")


class Shelf(Protocol):
    """What the chat needs of an opened index."""

    def articles(self) -> Sequence[Article]:
        """Every article of the shelf."""
        ...


class ShelfHolder(Protocol):
    """What the chat needs of a retriever."""

    @property
    def store(self) -> Shelf:
        """The opened index."""
        ...


class Answerer(Protocol):
    """What the chat needs of an assistant."""

    @property
    def retriever(self) -> ShelfHolder:
        """Where the answers come from."""
        ...

    def stream(self, question: str, history: Sequence[Message] = ()) -> Iterator[Event]:
        """Yield the events of an answer; closing the iterator stops the generation."""
        ...


@dataclass
class Turn:
    """One question and as much of its answer as there is; `number` tells the runs of a session apart."""

    question: str
    number: int
    stage: Stage = "waiting"
    found: EvidenceFound | None = None
    draft: str = ""
    sentences: list[Sentence] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    answer: Answer | None = None
    error: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.stage in ENDED

    @property
    def text(self) -> str:
        """What was answered, as it goes into the history of the next question."""
        return self.answer.text if self.answer else " ".join(str(sentence) for sentence in self.sentences)

    def take(self, event: Event) -> None:
        """Bring the turn up to date with one event of the stream; a turn that has ended stays as it is."""
        if self.ended:
            return
        match event:
            case EvidenceFound():
                self.found, self.stage = event, "reading"
            case TextPiece(text=text):
                self.draft += text
                complete = SENTENCE_END.search(self.draft) and not unchecked(self.draft)
                self.stage = "checking" if complete else "writing"
            case SentenceChecked(sentence=sentence, citations=citations):
                self.draft = unchecked(self.draft)
                self.stage = "writing"
                if sentence is not None:
                    self.sentences.append(sentence)
                    self.citations = merged(self.citations, citations)
            case Answer():
                self.answer, self.stage, self.draft = event, "done", ""
                self.sentences, self.citations = list(event.sentences), list(event.citations)

    def stop(self) -> None:
        """End the turn with what has been checked so far."""
        if not self.ended:
            self.stage, self.draft = "stopped", ""

    def fail(self, message: str) -> None:
        """End the turn with a line for the reader."""
        if not self.ended:
            self.stage, self.draft, self.error = "failed", "", message


def unchecked(draft: str) -> str:
    """Return what follows the last complete sentence of a draft: the part that the next check will be about."""
    ends = [match.end() for match in SENTENCE_END.finditer(draft)]
    return draft[ends[-1] :] if ends else ""


def merged(citations: Sequence[Citation], more: Sequence[Citation]) -> list[Citation]:
    """Return both lists in the order of their marks; the later of two under one mark holds the earlier's quote too."""
    by_mark = {citation.mark: citation for citation in (*citations, *more)}
    return [by_mark[mark] for mark in sorted(by_mark)]


@dataclass
class Session:
    """The conversation of one browser tab; it is changed in place, so a stop reaches the answer that is running."""

    turns: list[Turn] = field(default_factory=list)
    count: int = 0
    examples: tuple[str, ...] = ()

    @property
    def last(self) -> Turn | None:
        """The turn that is running or was the last to run."""
        return self.turns[-1] if self.turns else None

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self.last is not None and not self.last.ended

    def begin(self, question: str) -> bool:
        """Add a question that waits for its answer, unless it is empty or one is being answered."""
        if self.busy or not question.strip():
            return False
        self.count += 1
        self.turns.append(Turn(question.strip(), self.count))
        return True

    def claim(self) -> Turn | None:
        """Return the turn that waits, now searching, so that exactly one run answers it."""
        if self.last is None or self.last.stage != "waiting":
            return None
        self.last.stage = "searching"
        return self.last

    def retry(self) -> bool:
        """Ask the last question again in place of its answer."""
        if self.last is None or self.busy:
            return False
        return self.begin(self.turns.pop().question)

    def stop(self) -> None:
        """End what is running."""
        if self.last is not None:
            self.last.stop()

    def clear(self) -> None:
        """Forget the conversation."""
        self.stop()
        self.turns.clear()

    def history(self) -> list[Message]:
        """Return the messages before the last turn; questions that got no answer are left out."""
        messages: list[Message] = []
        for turn in self.turns[:-1]:
            if turn.text:
                messages.append({"role": "user", "content": turn.question})
                messages.append({"role": "assistant", "content": turn.text})
        return messages
