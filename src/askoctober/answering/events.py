"""The events of an answer as JSON: what `askoctober ask --json --stream` prints and the server sends."""

from __future__ import annotations

from typing import Any

from askoctober.types import Answer, Event, EvidenceFound, Reading, SentenceChecked, TextPiece


def to_dict(event: Event) -> dict[str, Any]:
    """Return the JSON object of an event."""
    match event:
        case EvidenceFound():
            return {
                "type": "evidence",
                "standalone_question": event.standalone_question,
                "hits": [hit.to_dict() for hit in event.hits],
                "evidence": [
                    {
                        "mark": evidence.mark,
                        "article": evidence.article.to_dict(),
                        "start": evidence.start,
                        "end": evidence.end,
                        "text": evidence.text,
                    }
                    for evidence in event.evidence
                ],
            }
        case Reading():
            return {"type": "reading", "done": event.done, "total": event.total}
        case TextPiece():
            return {"type": "piece", "text": event.text}
        case SentenceChecked():
            return {
                "type": "sentence",
                "sentence": event.sentence.to_dict() if event.sentence else None,
                "citations": [citation.to_dict() for citation in event.citations],
            }
        case Answer():
            return {"type": "answer", "answer": event.to_dict()}
