"""Article text as prose, for prompts and answers; quotes are never touched by this."""

from __future__ import annotations

import re

_NOTE = re.compile(r"(?<=[^\W\d_][.!?])([\"'”’)]*)\d{1,4}$|\s*\[\d{1,4}\]")
_MARKUP = re.compile(r"(?<!\w)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?!\w)|^(?:[#>]+|[-*])\s+")


def plain(sentence: str) -> str:
    """Return a sentence of an article without notes' numbers, Markdown emphasis and line breaks.

    Brackets become round: nothing in an article can pass for a mark.
    """
    prose = _MARKUP.sub("", _NOTE.sub(r"\1", sentence.strip()))
    return " ".join(prose.replace("[", "(").replace("]", ")").split())
