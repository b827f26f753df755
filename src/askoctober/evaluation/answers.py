"""Is the answer right? By the groups of words it must hold, and by its overlap with a reference answer."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from askoctober.evaluation.questions import Question

_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_MARK = re.compile(r"\[(\d+)\]")
_PUNCTUATION = frozenset(string.punctuation)


def without_marks(text: str) -> str:
    """Return an answer's text without its [n]."""
    return re.sub(r"\s*\[\d+\]", "", text)


def lacking(text: str, must_have: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Return the groups of which no spelling is in the text, whatever the case.

    The test is lexical, so necessary and no more: the right word can stand in a wrong sentence.
    """
    folded = text.casefold()
    return [group for group in must_have if not any(spelling.casefold() in folded for spelling in group)]


def answered_right(question: Question, answer: Mapping[str, Any]) -> bool:
    """Whether an answer was given that holds every group of `must_have`; for a false premise, that it was corrected."""
    return not answer["declined"] and not lacking(without_marks(answer["text"]), question.must_have)


def normalise(text: str) -> str:
    """Return text as SQuAD's script compares it: lower case, no punctuation, no articles, single spaces.

    Source: Rajpurkar, Zhang, Lopyrev and Liang 2016, evaluation script.
    """
    letters = "".join(letter for letter in text.lower() if letter not in _PUNCTUATION)
    return " ".join(_ARTICLE.sub(" ", letters).split())


def token_f1(text: str, references: Sequence[str]) -> float:
    """Return the best F1 of the text's words against a reference's, as multisets (Rajpurkar et al. 2016)."""
    return max(_f1(normalise(text).split(), normalise(reference).split()) for reference in references)


def exact_match(text: str, references: Sequence[str]) -> bool:
    """Whether the normalised text is one of the normalised references (Rajpurkar et al. 2016)."""
    return normalise(text) in {normalise(reference) for reference in references}


def quotes_exact(answer: Mapping[str, Any], texts: Mapping[str, str]) -> float:
    """Return the share of an answer's citations whose quote is, to a letter, what the article has there."""
    citations = answer["citations"]
    right = [texts.get(c["article"]["path"], "")[c["start"] : c["end"]] == c["quote"] != "" for c in citations]
    return float(sum(right) / len(right))


def marks_resolve(answer: Mapping[str, Any]) -> bool:
    """Whether every [n] of the text has a citation and every citation an [n]."""
    return {int(mark) for mark in _MARK.findall(answer["text"])} == {c["mark"] for c in answer["citations"]}


def _f1(said: list[str], reference: list[str]) -> float:
    if not said or not reference:
        return float(said == reference)
    shared = sum((Counter(said) & Counter(reference)).values())
    return 2 * shared / (len(said) + len(reference))
