"""Questions that ask two things, cut into their clauses without a model.

A conjunction before a question word starts a clause of its own ("What was X, and in which year did Y?"). Each clause
is searched beside the whole question, because one vector of two subjects lies near neither.
"""

from __future__ import annotations

import re

FEWEST_WORDS = 5
"""A clause of fewer words ("and when?") says too little to be searched by itself."""
MOST_PARTS = 4
"""A question of more clauses is a text, and is searched whole."""
_QUESTION_WORD = "who|whom|whose|what|which|when|where|why|how"
_PREPOSITION = (
    "in|on|at|to|from|by|for|with|of|about|against|under|after|before|between|into|through|during|since|until|over"
)
_CUT = re.compile(
    rf"(?:\s*[,;:]\s*|\s+)(?:and|but|or)\s+(?:also\s+)?(?=(?:(?:{_PREPOSITION})\s+)?(?:{_QUESTION_WORD})\b)", re.I
)
_WORD = re.compile(r"[^\W_]+")


def split_parts(question: str) -> tuple[str, ...]:
    """Return the clauses of a question that asks several things, in order; nothing where it asks one."""
    pieces = [piece.strip(" ,;:") for piece in _CUT.split(question, maxsplit=MOST_PARTS)]
    if not 2 <= len(pieces) <= MOST_PARTS or any(len(_WORD.findall(piece)) < FEWEST_WORDS for piece in pieces):
        return ()
    return tuple(pieces)
