"""What one reader has asked and been told: plain state, changed by the events of an answer and by the buttons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypeAlias
from uuid import uuid4

from askoctober.types import (
    Answer,
    Citation,
    Event,
    EvidenceFound,
    Message,
    Reading,
    Sentence,
    SentenceChecked,
    TextPiece,
)
from askoctober.web.settings import Settings
from askoctober.web.wording import DEFAULT, Wording, wording

Stage: TypeAlias = Literal["waiting", "searching", "reading", "writing", "checking", "done", "stopped", "failed"]

ENDED: tuple[Stage, ...] = ("done", "stopped", "failed")
SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?:\s*\[\d+\])*(?:\s+|$)")


@dataclass
class Turn:
    """One question and as much of its answer as there is; `number` tells the runs of a session apart.

    `ahead` readers come first, `read` of `to_read` tokens are read; `passages` is how many are read of, where that is
    not as the reader has set it; `complaint` says why a thumb could not be kept; `moved` are the marks of restored
    citations whose source is no longer what it was; `kept` is what stood there when an answer was stopped that now
    goes on.
    """

    question: str
    number: int
    stage: Stage = "waiting"
    found: EvidenceFound | None = None
    draft: str = ""
    sentences: list[Sentence] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    answer: Answer | None = None
    error: str = ""
    ahead: int = 0
    read: int = 0
    to_read: int = 0
    passages: int = 0
    rating: str = ""
    word: str = ""
    complaint: str = ""
    moved: frozenset[int] = frozenset()
    kept: tuple[Sentence, ...] = ()
    kept_citations: tuple[Citation, ...] = ()

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
            case Reading(done=done, total=total):
                self.read, self.to_read = done, total
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
                self.kept = self.kept_citations = ()

    @property
    def shown(self) -> tuple[Sequence[Sentence], Sequence[Citation]]:
        """The checked sentences and their citations: those from before a stop until as many are there again."""
        if len(self.kept) > len(self.sentences):
            return self.kept, self.kept_citations
        return self.sentences, self.citations

    def resume(self) -> None:
        """Wait for the answer again, holding on to what was checked of it: the model writes the same again."""
        sentences, citations = self.shown
        self.kept, self.kept_citations = tuple(sentences), tuple(citations)
        self.sentences, self.citations = [], []
        self.stage, self.draft, self.error, self.found = "waiting", "", "", None
        self.ahead = self.read = self.to_read = 0

    def stop(self) -> None:
        """End the turn with what has been checked so far."""
        if not self.ended:
            self.stage, self.draft = "stopped", ""
            self._settle()

    def _settle(self) -> None:
        """Take what is shown for what there is."""
        sentences, citations = self.shown
        self.sentences, self.citations = list(sentences), list(citations)
        self.kept = self.kept_citations = ()

    def fail(self, message: str) -> None:
        """End the turn with a line for the reader."""
        if not self.ended:
            self.stage, self.draft, self.error = "failed", "", message
            self._settle()


def clean(text: str) -> str:
    """Return a text without half characters, which JSON can carry and no page can show."""
    return text.encode("utf-8", "replace").decode()


def now() -> str:
    """Return the time as ISO 8601 has it, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


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
    """The conversation of one browser tab; it is changed in place, so a stop reaches the answer that is running.

    The browser keeps it under its `id`; `name` is empty where it is called after its first question.
    """

    id: str = field(default_factory=lambda: uuid4().hex)
    name: str = ""
    created: str = field(default_factory=lambda: now())
    turns: list[Turn] = field(default_factory=list)
    count: int = 0
    examples: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)
    language: str = DEFAULT

    @property
    def say(self) -> Wording:
        """What the interface says to this reader."""
        return wording(self.language)

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
        question = clean(question).strip()
        if self.busy or not question:
            return False
        self.count += 1
        self.turns.append(Turn(question, self.count))
        return True

    def claim(self) -> Turn | None:
        """Return the turn that waits, now searching, so that exactly one run answers it."""
        if self.last is None or self.last.stage != "waiting":
            return None
        self.last.stage = "searching"
        return self.last

    def turn(self, number: int) -> Turn | None:
        """Return the turn of that number."""
        return next((turn for turn in self.turns if turn.number == number), None)

    def ask_again(self, number: int, question: str = "") -> bool:
        """Ask a turn's question again, or another in its place.

        Where other turns come after it, a new conversation begins there: the browser still has the old one.
        """
        turn = self.turn(number)
        if turn is None or self.busy or not (question.strip() or turn.question):
            return False
        if turn is not self.last:
            self._renew()
        del self.turns[self.turns.index(turn) :]
        return self.begin(question.strip() or turn.question)

    def go_on(self) -> bool:
        """Let the last answer go on where it was stopped, or failed."""
        if self.last is None or self.last.stage not in ("stopped", "failed"):
            return False
        self.last.resume()
        return True

    def stop(self) -> None:
        """End what is running."""
        if self.last is not None:
            self.last.stop()

    def clear(self) -> None:
        """Begin a new conversation."""
        self.stop()
        self.turns.clear()
        self._renew()

    def _renew(self) -> None:
        self.id, self.name, self.created = uuid4().hex, "", now()

    def history(self) -> list[Message]:
        """Return the messages before the last turn."""
        return self.before(self.last)

    def before(self, last: Turn | None) -> list[Message]:
        """Return the messages before a turn; questions that got no answer are left out."""
        messages: list[Message] = []
        for turn in self.turns:
            if turn is last:
                break
            if turn.text:
                messages.append({"role": "user", "content": turn.question})
                messages.append({"role": "assistant", "content": turn.text})
        return messages
