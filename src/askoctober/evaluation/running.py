"""Asking every question, one JSON line each, so that a run that was stopped goes on where it was.

A line of `answers.jsonl` is `{"key", "fingerprint", "id", "answer", "evidence", "raw_hits", "evidence_ms", "usage",
"peak_mb"}`, or with `"error"` in place of what follows `id`: `key` tells what was asked (`Question.key`), `fingerprint`
what answered (`system`), `answer` is the object of `askoctober ask`. Places are `[path, start, end]`. Lines are only
ever added: going back to an earlier setting costs nothing. Questions that failed are asked again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, BinaryIO, TypeAlias

from askoctober.answering import Assistant
from askoctober.errors import AskoctoberError, ConfigError
from askoctober.evaluation.files import writable
from askoctober.evaluation.metering import Meter, peak_memory
from askoctober.evaluation.questions import Question
from askoctober.evaluation.retrieval import DEPTH, Place, searched
from askoctober.retrieval import Retriever
from askoctober.types import Answer, EvidenceFound, Hit

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""
LABEL = "Questions"


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one question; without an `answer` only retrieval was run, or it failed with `error`."""

    searched: str
    hits: tuple[Place, ...] = ()
    raw_hits: tuple[Place, ...] = ()
    answer: Mapping[str, Any] | None = None
    evidence: tuple[Place, ...] = ()
    evidence_ms: float = 0.0
    usage: Mapping[str, int] | None = None
    peak_mb: float | None = None
    error: str = ""


def retrieve_all(questions: Sequence[Question], retriever: Retriever, progress: Progress) -> list[Record]:
    """Search every question, follow-ups with the earlier question in front; no language model."""
    records = []
    for number, question in enumerate(questions):
        progress(LABEL, number, len(questions))
        wanted = searched(question.question, question.history)
        try:
            began = perf_counter()
            hits = _places(retriever.search(wanted, DEPTH))
            taken = (perf_counter() - began) * 1000
            raw = _places(retriever.search(question.question, DEPTH)) if question.history else ()
            records.append(Record(wanted, hits, raw, evidence_ms=taken))
        except AskoctoberError as error:
            records.append(Record(wanted, error=str(error)))
    progress(LABEL, len(questions), len(questions))
    return records


def answer_all(
    questions: Sequence[Question], load: Callable[[], Assistant], file: Path, fingerprint: str, progress: Progress
) -> list[Record]:
    """Answer every question that `file` does not hold yet, and return the records of all, in order.

    `load` gives the assistant; it is called only if a question is left.

    Raises:
        ConfigError: the file holds something else, or cannot be written.
    """
    known = _read(file, fingerprint)
    left = [question for question in questions if question.key not in known]
    if left:
        assistant = load()
        meter = Meter(assistant.generator)
        assistant.generator = meter
        with _opened(file) as stream:
            for number, question in enumerate(left):
                progress(LABEL, number, len(left))
                entry = {"key": question.key, "fingerprint": fingerprint, "id": question.id}
                entry |= _ask(question, assistant, meter)
                with writable(file):
                    stream.write(json.dumps(entry).encode() + b"\n")
                    stream.flush()
                known[question.key] = entry
        progress(LABEL, len(left), len(left))
    return [_record(question, known[question.key]) for question in questions]


def _ask(question: Question, assistant: Assistant, meter: Meter) -> dict[str, Any]:
    """Ask one question and return what its line says."""
    meter.take()
    evidence: list[tuple[str, int, int]] = []
    evidence_ms = 0.0
    answer: Answer | None = None
    try:
        began = perf_counter()
        for event in assistant.stream(question.question, question.history):
            if isinstance(event, EvidenceFound):
                evidence_ms = (perf_counter() - began) * 1000
                evidence = [(piece.article.path, piece.start, piece.end) for piece in event.evidence]
            elif isinstance(event, Answer):
                answer = event
        usage = meter.take()
        raw = assistant.retriever.search(question.question, DEPTH) if question.history else []
    except AskoctoberError as error:
        return {"error": str(error)}
    if answer is None:
        return {"error": "The stream ended without an answer."}
    return {
        "answer": answer.to_dict(question.id),
        "evidence": evidence,
        "raw_hits": [(place.path, place.start, place.end) for place in _places(raw)],
        "evidence_ms": round(evidence_ms, 1),
        "usage": usage.to_dict(),
        "peak_mb": peak_memory(),
    }


def _record(question: Question, entry: Mapping[str, Any]) -> Record:
    if "error" in entry:
        return Record(question.question, error=entry["error"])
    answer = entry["answer"]
    return Record(
        searched=answer["standalone_question"],
        hits=tuple(Place(hit["article"]["path"], hit["start"], hit["end"]) for hit in answer["hits"]),
        raw_hits=tuple(Place(*place) for place in entry["raw_hits"]),
        answer=answer,
        evidence=tuple(Place(*place) for place in entry["evidence"]),
        evidence_ms=entry["evidence_ms"],
        usage=entry["usage"],
        peak_mb=entry["peak_mb"],
    )


def _places(hits: Sequence[Hit]) -> tuple[Place, ...]:
    return tuple(Place(hit.chunk.article.path, hit.chunk.start, hit.chunk.end) for hit in hits)


def _read(file: Path, fingerprint: str) -> dict[str, dict[str, Any]]:
    """Return the answers of this fingerprint by key; a torn last line is no answer."""
    known: dict[str, dict[str, Any]] = {}
    if not file.exists():
        return known
    with writable(file):
        lines = file.read_bytes().split(b"\n")
    for line in lines[:-1]:
        try:
            entry = json.loads(line)
            if entry["fingerprint"] == fingerprint and "error" not in entry:
                known[entry["key"]] = entry
        except (ValueError, KeyError, TypeError):
            raise ConfigError(
                f"{file} holds something else than answers of `askoctober eval`; name another --output."
            ) from None
    return known


def _opened(file: Path) -> BinaryIO:
    """Open the file to append, behind its last whole line."""
    with writable(file):
        stream = os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
        whole = stream.read().rfind(b"\n") + 1
        stream.truncate(whole)
        stream.seek(whole)
    return stream
