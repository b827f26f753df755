"""Answers as OpenAI's chat completions: whole, or in chunks of checked sentences.

A citation is an annotation on its mark: `content[start_index:end_index]` is the `[n]`, in characters. The whole answer,
with its exact quotes, stands besides under `askoctober`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

from askoctober.types import Answer, Citation, Event, Reading, Sentence, SentenceChecked, TextPiece, in_pages
from askoctober.web.api.openai_requests import MODEL

CHARACTERS_A_TOKEN = 4
"""By which the tokens that were written are estimated: engines do not report them with an answer."""


@dataclass(slots=True)
class Reply:
    """One completion while it is made; `base` is where this server's own pages are, ending in "/"."""

    base: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))
    content: str = ""
    annotations: list[dict[str, Any]] = field(default_factory=list)
    answer: Answer | None = None
    read: int = 0
    """Tokens that the engine said it was to read."""
    drafted: int = 0
    """Characters that the language model wrote, those that were dropped included."""
    _citations: dict[int, Citation] = field(default_factory=dict)

    def take(self, event: Event) -> dict[str, Any] | None:
        """Take in an event of an answer; return what is new of the message, None where nothing is.

        The unchecked draft is only counted. The pieces of content make up the answer's text.
        """
        match event:
            case Reading():
                self.read = max(self.read, event.total)
            case TextPiece():
                self.drafted += len(event.text)
            case SentenceChecked(sentence=Sentence() as sentence):
                return self._add_sentence(sentence, event.citations)
            case Answer():
                self.answer = event
                return self._complete(event)
        return None

    def add(self, text: str) -> dict[str, Any]:
        """Add text that cites nothing; return it as what is new."""
        self.content += text
        return {"content": text}

    def _add_sentence(self, sentence: Sentence, citations: tuple[Citation, ...]) -> dict[str, Any]:
        self._citations |= {citation.mark: citation for citation in citations}
        space = " " if self.content else ""
        at = len(self.content) + len(space) + len(sentence.text) + 1
        new = self.add(space + str(sentence))
        annotations = []
        for mark in sentence.marks:
            end = at + len(f"[{mark}]")
            if mark in self._citations:
                annotations.append(annotate(self._citations[mark], at, end, self.base))
            at = end
        self.annotations += annotations
        return new | ({"annotations": annotations} if annotations else {})

    def _complete(self, answer: Answer) -> dict[str, Any] | None:
        """What the answer's text holds beyond its sentences: that it declines, say."""
        if answer.text == self.content:
            return None
        if not self.content:
            return self.add(answer.text)
        rest = answer.text.removeprefix(self.content)
        return self.add(rest if rest != answer.text else f"\n\n{answer.text}")

    def usage(self) -> dict[str, Any]:
        """The tokens read, as the engine counted them (0 where it did not), and those written, estimated."""
        written = -(-self.drafted // CHARACTERS_A_TOKEN)
        return {
            "prompt_tokens": self.read,
            "completion_tokens": written,
            "total_tokens": self.read + written,
            "estimated": ["completion_tokens"],
        }

    def completion(self) -> dict[str, Any]:
        """The whole completion, once the answer is there."""
        message = {"role": "assistant", "content": self.content, "refusal": None, "annotations": self.annotations}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return self._frame("chat.completion", [choice]) | {"usage": self.usage()} | self._whole()

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        """A chunk of a stream; the last one carries the whole answer besides."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return self._frame("chat.completion.chunk", [choice]) | (self._whole() if finish else {})

    def usage_chunk(self) -> dict[str, Any]:
        """The chunk behind the last one, for clients that ask for the usage."""
        return self._frame("chat.completion.chunk", []) | {"usage": self.usage()}

    def _frame(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": MODEL, "choices": choices}

    def _whole(self) -> dict[str, Any]:
        return {"askoctober": self.answer.to_dict(self.id) if self.answer else None}


def annotate(citation: Citation, start: int, end: int, base: str) -> dict[str, Any]:
    """Return the annotation of the mark at `content[start:end]`."""
    title = ", ".join(filter(None, (citation.article.title or citation.article.id, in_pages(citation.pages))))
    cited = {"start_index": start, "end_index": end, "title": title, "url": locate(citation, base)}
    return {"type": "url_citation", "url_citation": cited}


def locate(citation: Citation, base: str) -> str:
    """Return the article's own address, or where this server shows the cited span of an article that has none."""
    url = citation.article.url
    try:
        known = urlsplit(url)
        if known.scheme in ("http", "https") and known.netloc:
            return url
    except ValueError:
        pass
    return f"{base}api/articles/{quote(citation.article.id, safe='')}?start={citation.start}&end={citation.end}"
