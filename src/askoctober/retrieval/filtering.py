"""What callers give as a filter: a `Filter`, or a mapping from names to values, as programs and clients write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from askoctober.errors import QuestionError
from askoctober.types import Filter

AnyFilter: TypeAlias = Filter | Mapping[str, Any] | None
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_PLURALS = {"article": "articles", "author": "authors"}
MOST_VALUES = 1000


def read_filter(given: AnyFilter) -> Filter | None:
    """Return a filter, or None where nothing is asked for.

    A mapping may hold `article`, `author` (a value or several), `since`, `until` (ISO 8601 dates or their beginnings),
    and any other field of the articles' metadata by its name. Whether there is such a field, the store knows, see
    `index.fields`.

    Raises:
        QuestionError: a value is of the wrong kind, or a date is none.
    """
    if given is None or given == Filter():
        return None
    if isinstance(given, Filter):
        return _checked(given)
    if not isinstance(given, Mapping):
        raise QuestionError(f"A filter cannot be {given!r}; give a Filter, or a mapping from names to values.")
    fields: dict[str, Any] = {}
    metadata: dict[str, tuple[str, ...]] = {}
    for name, value in given.items():
        if value is None:
            continue
        name = _PLURALS.get(str(name), str(name))
        if name in ("since", "until"):
            values = _values(name, value)
            if len(values) > 1:
                raise QuestionError(f"The filter {name!r} has {len(values)} values; give one date.")
            fields[name] = values[0]
        elif name in ("articles", "authors"):
            fields[name] = _values(name, value)
        else:
            metadata[name] = _values(name, value)
    return read_filter(Filter(**fields, metadata=tuple(sorted(metadata.items()))))


def _values(name: str, value: Any) -> tuple[str, ...]:
    many = (value,) if isinstance(value, str | int | float) else value
    if not isinstance(many, Iterable) or isinstance(many, Mapping | bytes):
        raise QuestionError(f"The filter {name!r} cannot be {value!r}; give text, or a list of texts.")
    # In one order, so that what is kept for a filter is found again.
    values = tuple(sorted({str(one) for one in many}))
    if not 0 < len(values) <= MOST_VALUES:
        raise QuestionError(f"The filter {name!r} has {len(values)} values; give 1 to {MOST_VALUES}.")
    return values


def _checked(wanted: Filter) -> Filter:
    for name in ("since", "until"):
        date = getattr(wanted, name)
        if date and not _DATE.fullmatch(date):
            raise QuestionError(
                f"The filter {name!r} cannot be {date!r}; give a date like 1917, 1917-10 or 1917-10-25."
            )
    return wanted
