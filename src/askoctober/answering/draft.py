"""The model's draft, cut into sentences with their marks while it is being written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from askoctober.chunking import sentence_spans

_MARKED = re.compile(r"(?P<body>.*?)\s*(?P<marks>\[\d{1,3}\](?:[.,;!?]*\s*\[\d{1,3}\])*+)(?P<stop>[.!?]*+)", re.DOTALL)
# What follows tells whether the marks are complete: "[1]" may go on as "[1] [2]", and a bracket may be no mark.
_COMPLETE = re.compile(_MARKED.pattern + r"(?=[.,;!?]*+\s*(?:[^.,;!?\s\[]|\[(?:\]|\d{0,3}[^\d\]]|\d{4})))", re.DOTALL)
_GOES_ON = re.compile(r"\s*[,;:)–—]|\s+[a-zß-öø-ÿ]")
_ENDED = re.compile(r"[.!?…][\"'”’)]*$")
_NOT_PROSE = re.compile(r"\[[\d\s,;–-]*(?:\]|$)|[\[\]]")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """A sentence as the model wrote it, and the numbers of the evidence that it named for it."""

    text: str
    marks: tuple[int, ...]


class Draft:
    """Collects pieces of text and gives out sentences as soon as their marks are complete."""

    def __init__(self) -> None:
        self._rest = ""
        self._body = ""
        self._marks: list[int] = []

    def add(self, text: str) -> list[DraftSentence]:
        """Take a piece of text; return the sentences that it completes."""
        self._rest += text
        return self._take(_COMPLETE)

    def finish(self) -> list[DraftSentence]:
        """Return what is left, but for a last sentence that was cut off before its full stop and its marks."""
        found = self._take(_MARKED)
        rest = _NOT_PROSE.sub(" ", self._rest).rstrip()
        self._body += rest
        if rest and not _ENDED.search(rest):
            spans = sentence_spans(self._body)
            self._body = self._body[: spans[-1].start] if spans else ""
        self._rest = ""
        return found + self._close()

    def _take(self, pattern: re.Pattern[str]) -> list[DraftSentence]:
        found: list[DraftSentence] = []
        while match := pattern.match(self._rest):
            self._rest = self._rest[match.end() :]
            self._marks += [int(number) for number in _NUMBER.findall(match["marks"])]
            ended = _ENDED.search(match["body"])
            self._body += match["body"] + ("" if ended else match["stop"])
            # A mark in mid sentence does not end it: the sentence is checked whole, with all of its marks.
            if ended or match["stop"] or not _GOES_ON.match(self._rest):
                found += self._close()
        return found

    def _close(self) -> list[DraftSentence]:
        """Split what was collected up to a mark; every sentence in it carries the marks, in order and once each."""
        marks = tuple(dict.fromkeys(self._marks))
        text = " ".join(_NOT_PROSE.sub(" ", self._body).split())
        self._body, self._marks = "", []
        return [
            DraftSentence(text[span.start : span.end], marks)
            for span in sentence_spans(text)
            if any(letter.isalnum() for letter in text[span.start : span.end])
        ]
