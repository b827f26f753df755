"""The model's draft, cut into sentences with their marks while it is being written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from askoctober.chunking import sentence_spans

_MARKED = re.compile(r"(?P<body>[^\[\]]*?)\s*(?P<marks>(?:\[\d{1,3}\]\s*)+)[.!?]?(?=\s|$|[^\s\[])")
_BRACKETS = re.compile(r"\[[^\]]*\]?")
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

    def add(self, text: str) -> list[DraftSentence]:
        """Take a piece of text; return the sentences that it completes."""
        self._rest += text
        found: list[DraftSentence] = []
        # A mark counts as complete when something follows it: "[1]" may go on as "[1][2]".
        while (match := _MARKED.match(self._rest)) and match.end() < len(self._rest):
            found += _sentences(match["body"], match["marks"])
            self._rest = self._rest[match.end() :]
        return found

    def finish(self) -> list[DraftSentence]:
        """Return what is left: the last sentences, the very last without marks if the text ended there."""
        found: list[DraftSentence] = []
        at = 0
        for match in _MARKED.finditer(self._rest):
            found += _sentences(match["body"], match["marks"])
            at = match.end()
        found += _sentences(self._rest[at:], "")
        self._rest = ""
        return found


def _sentences(body: str, marks: str) -> list[DraftSentence]:
    """Split a marked stretch; every sentence in it carries its marks, in order and once each."""
    numbers = tuple(dict.fromkeys(int(number) for number in _NUMBER.findall(marks)))
    text = " ".join(_BRACKETS.sub(" ", body).split())
    return [
        DraftSentence(text[span.start : span.end], numbers)
        for span in sentence_spans(text)
        if any(letter.isalnum() for letter in text[span.start : span.end])
    ]
