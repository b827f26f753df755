"""What people and programs read: the two consoles, and how hits, sources and answers look on them.

Article text is untrusted: control characters, which could move the cursor or rewrite the terminal, are replaced
before anything is shown to people.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:  # these bring numpy, which `--help` need not wait for
    from askoctober.types import Answer, Article, Citation, Copy, Hit

out = Console(highlight=False, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, markup=False, emoji=False)

Log: TypeAlias = Callable[[str, int], None]
"""Takes a message and how grave it is, by the levels of `logging`."""
_log: Log | None = None
NEAREST = 3
"""How many passages a decline shows."""
GLIMPSE = 300
"""How much of each, in characters."""
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """Return `text` without characters that steer a terminal: controls, escapes, changes of writing direction."""
    return _UNSEEN.sub("\ufffd", text.replace("\r\n", "\n"))


def flat(text: str) -> str:
    """Return `text` cleaned and on one line."""
    return clean(" ".join(text.split()))


def complain(message: str) -> None:
    """Print one line about an error on stderr."""
    if _log:
        _log(message, logging.WARNING)
    else:
        err.print(f"askoctober: {flat(message)}", soft_wrap=True)


def note(message: str) -> None:
    """Print one line of status on stderr."""
    if _log:
        _log(message, logging.INFO)
    else:
        err.print(flat(message), soft_wrap=True)


@contextmanager
def logged(log: Log | None) -> Iterator[None]:
    """Hand notes and complaints to a log meanwhile, where there is one."""
    global _log
    before, _log = _log, log
    try:
        yield
    finally:
        _log = before


def status(message: str) -> AbstractContextManager[Any]:
    """Show that something is going on while it is; nothing where stderr is no terminal."""
    return err.status(f"{message} ...") if err.is_terminal else nullcontext()


def line(value: Any) -> str:
    """Return a value as one line of JSON that stdout's encoding can carry."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def emit(value: Any) -> None:
    """Print a value as one line of JSON on stdout, at once."""
    sys.stdout.write(line(value) + "\n")
    sys.stdout.flush()


def byline(article: Article, pages: tuple[int, int] | None = None) -> str:
    """Return title, author, publisher and date as they are known, and the pages where there are any."""
    from askoctober.types import in_pages

    details = ", ".join(part for part in (article.author, article.publisher, article.date) if part)
    named = f"{article.title} ({details})" if details else article.title
    return flat(f"{named}, {in_pages(pages)}" if pages else named)


def elsewhere(copy: Copy) -> str:
    """Return where else an article was found: path, publisher, date and address as they are known."""
    details = ", ".join(part for part in (copy.publisher, copy.date, copy.url) if part)
    return flat(f"{copy.path} ({details})" if details else copy.path)


def hits(found: Iterable[Hit], longest: int | None = None) -> None:
    """Print hits for people: rank, score, title, heading, and under them the text or its first `longest` characters."""
    for hit in found:
        title = byline(hit.chunk.article, hit.pages)
        heading = f" > {flat(hit.chunk.heading)}" if hit.chunk.heading else ""
        out.print(Text.assemble((f"{hit.rank:2}  {hit.score:.3f}  ", "cyan"), (title, "bold"), heading))
        text = flat(hit.chunk.text)
        _indented(Text(text if longest is None or len(text) <= longest else text[:longest].rstrip() + " ..."))
        out.print()


def sources(citations: Iterable[Citation]) -> None:
    """Print the numbered list of sources with their quotes."""
    out.print(Text("Sources", style="bold"))
    for citation in citations:
        out.print(Text.assemble((f"[{citation.mark}] ", "cyan"), byline(citation.article, citation.pages)))
        _indented(Text(f'"{flat(citation.quote)}"', style="italic"))


def below(answer: Answer) -> None:
    """Print what belongs under an answer's text: its sources, or under a decline the nearest passages."""
    if answer.citations:
        out.print()
        sources(answer.citations)
    elif answer.hits:
        out.print()
        out.print(Text("Nearest passages", style="bold"))
        hits(answer.hits[:NEAREST], GLIMPSE)


def _indented(text: Text) -> None:
    """Print wrapped text under its heading, without the trailing blanks that padding would add."""
    for part in text.wrap(out, max(20, out.width - 4)):
        out.print(Text("    ") + part)
