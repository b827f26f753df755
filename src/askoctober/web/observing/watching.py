"""One question, watched from its coming to its end: which stages it went through, and what became of it."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType, TracebackType
from uuid import uuid4

from askoctober.config import Config
from askoctober.errors import QuestionError
from askoctober.types import Answer, Event, EvidenceFound, Reading, SentenceChecked, TextPiece
from askoctober.web.observing import logs
from askoctober.web.observing.traces import find_tracing
from askoctober.web.refusals import Busy, Closing

OUTCOMES = ("answered", "declined", "failed", "stopped", "refused")
STAGES = ("wait", "retrieve", "read", "generate", "check")
"""What a question's time is spent on: each moment of it is one stage's."""
REFUSED = (Busy, Closing, QuestionError)
PARENT = ("traceparent", "tracestate")
"""Headers of W3C Trace Context."""
NOTHING: Mapping[str, str] = MappingProxyType({})
_SALT = secrets.token_bytes(16)
"""So that clients can be told apart as long as the server runs, and not found out."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time that one stage took, in seconds since the question came."""

    stage: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a question when it is over; times are seconds since it came, at `began` of the system's clock.

    `read` are the tokens that the engine said it had read, 0 where it does not say; `written` are the pieces that it
    wrote: tokens with llama.cpp, perhaps several tokens each with a server. `error` names the class of what was raised.
    `question` is empty unless its text is asked for; `parent` are the headers that name the trace it belongs to.
    """

    id: str
    began: float
    door: str
    client: str
    question: str
    parent: Mapping[str, str]
    outcome: str = ""
    error: str = ""
    spans: tuple[Span, ...] = ()
    first_token: float | None = None
    total: float = 0.0
    position: int = 0
    read: int = 0
    written: int = 0
    is_kept: bool = False
    answer: Answer | None = field(default=None, repr=False)

    @property
    def stages(self) -> dict[str, float]:
        """How long each stage took that there was, in seconds."""
        return {
            stage: sum(span.end - span.start for span in self.spans if span.stage == stage)
            for stage in STAGES
            if any(span.stage == stage for span in self.spans)
        }


Observer = Callable[[Record], None]


class Observing:
    """Watches questions, and tells of each when it is over: to the log, as a trace, and whom else it was given."""

    def __init__(self, config: Config | None = None, *observers: Observer) -> None:
        """Tell as the settings say: texts of questions only where they are asked for."""
        self._observers = observers
        self._tracing = find_tracing()
        self._tells_questions = config is not None and config.log_questions

    def watch(self, question: str, *, door: str = "", client: str = "", headers: Mapping[str, str] = NOTHING) -> Watch:
        """Begin to watch a question that comes by a door: "chat", "api", "openai" or "mcp"."""
        told = question if self._tells_questions else ""
        known = hashlib.blake2b(client.encode(), key=_SALT, digest_size=6).hexdigest() if client else ""
        # The others may hold passwords.
        parent = {name: headers[name] for name in PARENT if name in headers}
        return Watch(self._tell, Record(uuid4().hex[:12], time.time(), door, known, told, parent))

    def _tell(self, record: Record) -> None:
        trace = self._tracing(record) if self._tracing else ""
        logs.tell(record, trace)
        for observer in self._observers:
            observer(record)


class Watch:
    """Follows one question; as a context it takes in what is raised, and ends."""

    def __init__(self, tell: Observer, record: Record) -> None:
        """Begin; `tell` is told once."""
        self._tell = tell
        self._record = record
        self._began = time.perf_counter()
        self._at = 0.0
        self._spans: list[Span] = []
        self._answer: Answer | None = None
        self._error: Exception | None = None
        self._first: float | None = None
        self._is_kept = False
        self._position = self._read = self._written = 0

    def wait(self, position: int) -> None:
        """Take in how many questions come first."""
        self._position = max(self._position, position)

    def turn(self) -> None:
        """The question's turn at the model has come."""
        self._pass("wait")

    def keep(self, answer: Answer) -> None:
        """The answer was there already."""
        self._answer, self._is_kept = answer, True

    def take(self, event: Event) -> None:
        """Take in an event of the answer as it comes: the time before it was that of the stage that it ends."""
        match event:
            case EvidenceFound():
                self._pass("retrieve")
            case Reading(done=done):
                self._read = max(self._read, done)
                self._pass("read")
            case TextPiece():
                self._pass("generate" if self._written else "read")
                self._written += 1
                if self._first is None:
                    self._first = self._at
            case SentenceChecked():
                self._pass("check")
            case Answer():
                checked = any(span.stage == "check" for span in self._spans)
                self._pass("check" if self._written or checked else "read")
                self._answer = event

    def fail(self, error: Exception) -> None:
        """Take in what was raised in place of an answer."""
        self._error = error

    def end(self) -> None:
        """Tell what became of the question."""
        try:
            self._tell(self._seen())
        except Exception:
            # Whoever keeps count is no reason for a question to fail.
            logger.exception("What became of a question could not be told")

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            self.fail(error)
        self.end()

    def _pass(self, stage: str) -> None:
        now = time.perf_counter() - self._began
        if self._spans and self._spans[-1].stage == stage:
            self._spans[-1] = Span(stage, self._spans[-1].start, now)
        else:
            self._spans.append(Span(stage, self._at, now))
        self._at = now

    def _seen(self) -> Record:
        if self._answer is None and self._spans:
            # What was going on when it broke off.
            turned = any(span.stage == "wait" for span in self._spans)
            found = any(span.stage == "retrieve" for span in self._spans)
            self._pass("wait" if not turned else "retrieve" if not found else "generate" if self._written else "read")
        return replace(
            self._record,
            outcome=self._outcome(),
            error=type(self._error).__name__ if self._error else "",
            spans=tuple(self._spans),
            first_token=self._first,
            total=time.perf_counter() - self._began,
            position=self._position,
            read=self._read,
            written=self._written,
            is_kept=self._is_kept,
            answer=self._answer,
        )

    def _outcome(self) -> str:
        if self._answer is not None:
            return "declined" if self._answer.declined else "answered"
        if self._error is None:
            return "stopped"
        if isinstance(self._error, REFUSED):
            return "stopped" if self._spans else "refused"
        return "failed"
