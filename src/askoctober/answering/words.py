"""The words of a sentence that carry weight, in a form in which two sentences can be compared."""

from __future__ import annotations

import re

from askoctober.answering.facts import fold

LIGHT = frozenset(
    "a an the of to in on at by for from with and or but as is are was were be been being it its this that these those "
    "he she they him her them his their who which what when where did do does had has have will would could should can "
    "may might must any ever yet only just even more most so very all some than then there not never no".split()
)
"""Words that link, point or weigh: they say nothing by themselves."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_ENDINGS = ("ing", "ed", "es", "s", "e")
_SHORTEST_STEM = 3


def stem(word: str) -> str:
    """Return a word without case and its commonest English ending; for comparing, not for reading."""
    folded = fold(word)
    ending = next((e for e in _ENDINGS if folded.endswith(e) and len(folded) - len(e) >= _SHORTEST_STEM), "")
    return folded.removesuffix(ending).removesuffix("y")


def content(text: str) -> frozenset[str]:
    """Return the stems of a text's words of weight."""
    return frozenset(stem(word) for word in _WORD.findall(text) if fold(word) not in LIGHT)
