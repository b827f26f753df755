"""Names as a page writes them, where the library that finds them takes the points out of "B. Miller"."""

from __future__ import annotations

import html
import re

LOOKED_THROUGH = 1_000_000
"""Characters of a page in which a name is looked for: its metadata and the line under its title stand early."""
MOST_NAMES, MOST_WORDS = 20, 8
_ABBREVIATED = frozenset("dr jr mr mrs ms prof sr st".split())


def with_points(names: str, page: str) -> str:
    """Return names, which are separated by semicolons, with the points that initials and titles have in the page.

    A name stays as it is where the page does not write it with points.
    """
    parts = [name.strip() for name in names.split(";")]
    if not any(map(_is_pointed, names.replace(";", " ").split())):
        return "; ".join(parts)
    text = html.unescape(page[:LOOKED_THROUGH])
    return "; ".join(_found(name, text) if at < MOST_NAMES else name for at, name in enumerate(parts))


def _found(name: str, text: str) -> str:
    words = name.split()
    if not any(map(_is_pointed, words)) or len(words) > MOST_WORDS:
        return name
    between = [*map(_gap, words[:-1]), r"\.?" if _is_pointed(words[-1]) else ""]
    pattern = "".join(re.escape(word) + gap for word, gap in zip(words, between, strict=True))
    found = (match[0] for match in re.finditer(rf"(?<![\w.]){pattern}(?!\w)", text))
    return next((" ".join(written.split()) for written in found if "." in written), name)


def _gap(word: str) -> str:
    """What stands between a word and the next one, as a pattern; behind an initial a point without a space will do."""
    if _is_initial(word):
        return r"(?:\.\s{0,3}|\s{1,3})"
    return r"\.?\s{1,3}" if _is_pointed(word) else r"\s{1,3}"


def _is_pointed(word: str) -> bool:
    """Whether a word may be written with a point behind it."""
    return _is_initial(word) or word.casefold() in _ABBREVIATED


def _is_initial(word: str) -> bool:
    return len(word.strip("-")) == 1 and word.strip("-").isalpha()
