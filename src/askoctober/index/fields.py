"""The names that a filter may give: those of every article, and those of what articles of a shelf say besides."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection

from askoctober.errors import QuestionError
from askoctober.index.segment import Segment
from askoctober.types import Filter

OF_ARTICLES = ("author", "title", "publisher", "date", "url", "language", "id", "path")
"""Fields of every article that are filtered by their own names."""
KNOWN = ("article", "since", "until", *OF_ARTICLES)
"""What every shelf can be filtered by."""
MOST_NAMED = 40
"""Names that an error lists."""


def other_fields(filter: Filter) -> list[str]:
    """The names of a filter that are none of the known ones: slips, where no article has them."""
    return [name for name, _ in filter.metadata if name not in OF_ARTICLES]


def names_in(segment: Segment, dead: Collection[int]) -> set[str]:
    """The names of what the articles of a segment, but for the dead ones, say besides their known fields."""
    names: set[str] = set()
    for row, extra in segment.stream("SELECT row, extra FROM article WHERE copy_of = '' AND extra <> '{}'"):
        try:
            names |= set() if row in dead else set(map(str, json.loads(extra).keys()))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise segment.damaged(f"article {row} is not whole") from error
    return names


def no_such_field(name: str, others: Collection[str] | None = None) -> QuestionError:
    """Return the error for a name that no article has; `others` are those that there are besides the known ones."""
    # What articles say stands in an error that programs pass on: each name short, on one line.
    names = [*KNOWN, *sorted({" ".join(other[:80].split()) for other in others or ()} - set(KNOWN))]
    near = difflib.get_close_matches(name[:80], names, 1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    listed = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if names[MOST_NAMED:] else "")
    more = ", or by another field that an article has" if others is None else ""
    return QuestionError(f"No article has a field {name[:80]!r} to filter by; {meant}Filter by one of: {listed}{more}.")
