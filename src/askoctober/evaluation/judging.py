"""Do quotes support a sentence? Judges that are not the code under test.

A judge gives the probability that the quotes alone, without the question, support the sentence. A sentence that
stands word for word in its quotes is supported without asking. How often each judge is right on labelled pairs is
measured by `benchmarks/judge.py`: the default model mostly, words not much more often than chance where the wrong
sentences are made of the same words as the right ones. Take "words" for a rough look only.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Protocol

from askoctober.evaluation.claims import lower_case_words, unsupported_claims
from askoctober.evaluation.files import writable
from askoctober.prompts import fill, read_prompt
from askoctober.types import Generator, Message

YES, NO = "Yes", "No"
MODEL_THRESHOLD = 0.67
"""Probability of Yes from which the default model's judgement is most often right (`benchmarks/judge.py`)."""
WORDS_THRESHOLD = 0.6
_WORD = re.compile(r"[^\W_]+")
_LEAST = 4
"""Shorter words carry little of what is said."""
_STEM = 5
_NEGATION = re.compile(r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|\w+n['’]t)\b", re.IGNORECASE)


class Judge(Protocol):
    """Says how likely it is that quotes support a sentence."""

    name: str
    threshold: float

    def support(self, sentence: str, quotes: Sequence[str]) -> float:
        """Return the probability, in [0, 1], that the quotes together support the sentence."""
        ...


def is_verbatim(sentence: str, quotes: Sequence[str]) -> bool:
    """Whether the words of a sentence stand in one quote, one after the other."""
    words = _words(sentence)
    return bool(words) and any(f" {words} " in f" {_words(quote)} " for quote in quotes)


def supports(judge: Judge, sentence: str, quotes: Sequence[str]) -> bool:
    """Whether the quotes support the sentence, by the judge's threshold."""
    if not quotes:
        return False
    return is_verbatim(sentence, quotes) or judge.support(sentence, quotes) >= judge.threshold


class WordsJudge:
    """Counts words: the share of a sentence's longer words whose stem is in the quotes; no model.

    A number or a name that no quote holds makes it 0, and so does a negation on one side only, for the nearest thing
    to a contradiction that words show. Blind to who did what to whom.
    """

    name = "words"
    threshold = WORDS_THRESHOLD

    def __init__(self, ordinary: Collection[str] = ()) -> None:
        """`ordinary` are words that are no names though they begin with a capital (see `claims`)."""
        self._ordinary = frozenset(ordinary)

    def support(self, sentence: str, quotes: Sequence[str]) -> float:
        """Return the share of the sentence's content words that the quotes hold."""
        ordinary = self._ordinary | lower_case_words([sentence, *quotes])
        together = " ".join(quotes)
        if unsupported_claims(sentence, quotes, ordinary):
            return 0.0
        if _NEGATION.search(sentence) and not _NEGATION.search(together):
            return 0.0
        wanted, held = _stems(sentence), _stems(together)
        return len(wanted & held) / len(wanted) if wanted else 1.0


class ModelJudge:
    """Asks a language model whether the quotes support the sentence, and takes its probability of Yes."""

    threshold = MODEL_THRESHOLD

    def __init__(self, generator: Generator) -> None:
        """Ask `generator`, which may be the one that wrote the sentence: it is shown the quotes alone."""
        self.name = f"model {generator.name}"
        self._generator = generator

    def support(self, sentence: str, quotes: Sequence[str]) -> float:
        """Return the probability of Yes against No as the first word of the reply."""
        task = fill("judge.txt", quotes="\n".join(quotes), sentence=sentence)
        messages: list[Message] = [{"role": "user", "content": task}]
        return self._generator.probabilities(messages, (YES, NO))[YES]


class RememberingJudge:
    """Asks another judge, and keeps what it said in a file, so that an interrupted run goes on."""

    def __init__(self, judge: Judge, file: Path) -> None:
        """Keep judgements in `file`, one JSON object a line; lines that were torn are asked again."""
        self.name, self.threshold = judge.name, judge.threshold
        self._judge, self._file = judge, file
        self._prompt = hashlib.sha256(read_prompt("judge.txt").encode()).hexdigest()[:8]
        self._known: dict[str, float] = {}
        if file.exists():
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    entry = json.loads(line)
                    self._known[entry["key"]] = float(entry["support"])
                except (ValueError, KeyError, TypeError):
                    continue

    def support(self, sentence: str, quotes: Sequence[str]) -> float:
        """Return what was judged before, or ask and write it down."""
        asked = json.dumps([self.name, self._prompt, sentence, *quotes])
        key = hashlib.sha256(asked.encode()).hexdigest()[:24]
        if key not in self._known:
            self._known[key] = self._judge.support(sentence, quotes)
            entry = json.dumps({"key": key, "support": self._known[key]})
            with writable(self._file), self._file.open("a", encoding="utf-8") as stream:
                stream.write(f"\n{entry}")  # a line break first: whatever was torn before is a line of its own
        return self._known[key]


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD.findall(text.casefold()) if len(word) >= _LEAST}
