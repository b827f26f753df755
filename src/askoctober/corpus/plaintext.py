"""Plain text: which of its lines is the title."""

from __future__ import annotations

import re

LONGEST_TITLE = 120
_LINE = re.compile(r"[^\r\n]+")


def find_title(text: str, blanked: str) -> str:
    """Return the first short line that is no sentence, no furniture and no beginning of a paragraph, or nothing.

    `blanked` is the same text without its furniture. A line that lost a part is passed over whole: what is left of it
    belonged to the page. The search ends with the first long line, since a short one after it heads a section.
    """
    for line in _LINE.finditer(text):
        title = line[0].strip()
        if len(title) > LONGEST_TITLE:
            return ""
        is_furniture = blanked[line.start() : line.end()] != line[0]
        if is_furniture or title.endswith(".") or not any(character.isalpha() for character in title):
            continue
        following = re.match(r"(?:\r\n?|\n)[ \t]*(\w)", text[line.end() :][:200])
        if following and following[1].islower():
            continue
        return " ".join(title.split())
    return ""
