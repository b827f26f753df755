"""A filter as an expression that Milvus evaluates. What clients write stands in it as sums, but for dates in quotes.

Each article carries labels: a sum of the name and the value of each of its fields. A filter names the same sums.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from askoctober.milvus.schema import MOST_LABELS
from askoctober.types import Article, Filter

_FIELDS = ("id", "path", "title", "author", "publisher", "date", "url", "language")
_FOLDED, _PRESENT = "\1author", "\1present"
_LAST = "\U0010ffff"
NOTHING = "id < 0"


def label(name: str, value: str) -> str:
    """The label of a field with a value, 24 hexadecimal digits."""
    return hashlib.blake2b(f"{name}\0{value}".encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def labels_of(article: Article) -> list[str]:
    """All labels of an article; of those that very many fields would give, as many as Milvus takes."""
    known = [label(name, getattr(article, name)) for name in _FIELDS]
    folded = label(_FOLDED, article.author.casefold())
    extra = [made for name, value in article.extra.items() for made in (label(_PRESENT, name), label(name, value))]
    return [*known, folded, *extra][:MOST_LABELS]


def expression_of(filter: Filter) -> str:
    """The expression that admits what the filter admits, over the fields `labels` and `date`; "" for everything."""
    parts = []
    if filter.articles:
        parts.append(_any_of(label(name, value) for value in filter.articles for name in ("id", "path")))
    if filter.authors:
        parts.append(_any_of(label(_FOLDED, name.casefold()) for name in filter.authors))
    parts += [_has_value(name, values) for name, values in filter.metadata]
    if filter.since or filter.until:
        parts.append('date != ""')
    if filter.since:
        # A date that is shorter is admitted where it is the beginning of the bound.
        beginnings = (filter.since[:length] for length in range(1, len(filter.since)))
        parts.append(f"(date >= {quoted(filter.since)} or date in [{', '.join(map(quoted, beginnings))}])")
    if filter.until:
        parts.append(f"(date <= {quoted(filter.until)} or date < {quoted(filter.until + _LAST)})")
    return " and ".join(parts)


def _has_value(name: str, values: tuple[str, ...]) -> str:
    if not values:
        return NOTHING
    found = _any_of(label(name, value) for value in values)
    if "" in values and name not in _FIELDS:  # what an article does not say is empty
        return f"({found} or not {has_field(name)})"
    return found


def has_field(name: str) -> str:
    """The expression that admits the articles which say something under a name besides their known fields."""
    return f'array_contains(labels, "{label(_PRESENT, name)}")'


def _any_of(labels: Iterable[str]) -> str:
    return "array_contains_any(labels, [{}])".format(", ".join(f'"{value}"' for value in labels))


def quoted(text: str) -> str:
    """A text as a literal of an expression."""
    sound = text.encode("utf-8", "replace").decode()
    for letter, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        sound = sound.replace(letter, escape)
    return f'"{sound}"'
