"""Answers and hits as HTML for notebooks: the text with marks `[n]`, and each mark opens its source in place.

A fragment stands for itself: no script, nothing fetched, its style within. A mark is the summary of a `<details>`, so
it opens by mouse and keyboard without scripts, which notebooks that are not trusted do not run. Colours are those of
the page, light or dark: grey and yellow that let it shine through.

All text of articles, questions and models is untrusted: it is escaped before it goes between tags of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Protocol
from urllib.parse import urlsplit

AROUND = 300
"""How many characters of the article are shown on either side of a quote."""
NEAREST = 3
"""How many passages are shown beside the statement that the articles do not say."""

_STYLE = """<style>
.askoctober{max-width:46rem;line-height:1.5}
.askoctober details{display:inline}
.askoctober .ask-list>details{display:block;margin:.25rem 0}
.askoctober summary{cursor:pointer}
.askoctober .ask-cite>summary{display:inline;list-style:none;text-decoration:underline;font-size:.85em}
.askoctober .ask-cite>summary::-webkit-details-marker{display:none}
.askoctober .ask-cite:not([open])::details-content{display:none}
.askoctober summary:focus-visible{outline:2px solid;outline-offset:2px}
.askoctober .ask-source{display:block;margin:.4rem 0;padding:.5rem .8rem;border:1px solid rgba(128,128,128,.5);\
border-left-width:4px;border-radius:4px}
.askoctober .ask-passage{display:block;white-space:pre-line;overflow-wrap:anywhere}
.askoctober a{color:inherit}
.askoctober mark{background:rgba(245,197,24,.35);color:inherit}
.askoctober .ask-list{margin:.6rem 0 0;padding:0}
</style>"""


class _Article(Protocol):
    @property
    def title(self) -> str: ...
    @property
    def author(self) -> str: ...
    @property
    def publisher(self) -> str: ...
    @property
    def date(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def text(self) -> str: ...


class _Chunk(Protocol):
    @property
    def article(self) -> _Article: ...
    @property
    def heading(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class _Hit(Protocol):
    @property
    def chunk(self) -> _Chunk: ...
    @property
    def score(self) -> float: ...
    @property
    def rank(self) -> int: ...
    @property
    def pages(self) -> tuple[int, int] | None: ...


class _Citation(Protocol):
    @property
    def mark(self) -> int: ...
    @property
    def article(self) -> _Article: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def pages(self) -> tuple[int, int] | None: ...


class _Sentence(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def marks(self) -> tuple[int, ...]: ...


class _Answer(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def sentences(self) -> Sequence[_Sentence]: ...
    @property
    def citations(self) -> Sequence[_Citation]: ...
    @property
    def hits(self) -> Sequence[_Hit]: ...
    @property
    def declined(self) -> bool: ...


def answer_html(answer: _Answer) -> str:
    """Return an answer whose marks open their sources; the nearest passages stand below one that declines."""
    if answer.declined:
        return _framed(f"<div>{_safe(answer.text)}</div>{_passages(answer.hits[:NEAREST], 'The nearest passages')}")
    sources: dict[int, list[_Citation]] = {}
    for citation in answer.citations:
        sources.setdefault(citation.mark, []).append(citation)
    sentences = (
        _safe(sentence.text) + "".join(f" {_cite(mark, sources.get(mark, []))}" for mark in sentence.marks)
        for sentence in answer.sentences
    )
    # No paragraph: it cannot hold a <details>.
    return _framed(f"<div>{' '.join(sentences)}</div>{_sources(answer.citations)}")


def hit_html(hit: _Hit) -> str:
    """Return a retrieved chunk, with its article and within the text around it."""
    return _framed(_passage(hit))


def hits_html(hits: Iterable[_Hit]) -> str:
    """Return retrieved chunks as a list, best first, each to be opened."""
    return _framed(_passages(list(hits), "Passages") or "<div>No passages.</div>")


def _framed(inner: str) -> str:
    # JupyterLab sets formulas in what it shows, and an article's dollar signs are none.
    return f'{_STYLE}<div class="askoctober tex2jax_ignore mathjax_ignore">{inner}</div>'


def _cite(mark: int, citations: Sequence[_Citation]) -> str:
    """A mark with its sources; one that has none opens nothing."""
    if not citations:
        return f"[{mark}]"
    name = _attribute(f"[{mark}] source: {citations[0].article.title}")
    inner = "".join(
        f'<div class="ask-source">{_about(citation.article, citation.pages)}'
        f"{_within(citation.article.text, citation.start, citation.end)}</div>"
        for citation in citations
    )
    return f'<details class="ask-cite"><summary aria-label="{name}">[{mark}]</summary>{inner}</details>'


def _sources(citations: Sequence[_Citation]) -> str:
    """Where the quotes stand, for paper too, on which nothing opens."""
    rows = {f"<div>[{one.mark}] {_about(one.article, one.pages)}</div>": None for one in citations}
    return f'<div class="ask-list" role="group" aria-label="Sources">{"".join(rows)}</div>' if rows else ""


def _passages(hits: Sequence[_Hit], name: str) -> str:
    rows = "".join(
        f"<details><summary>{hit.rank}. {_about(hit.chunk.article, hit.pages, link=False)}</summary>"
        f"{_passage(hit)}</details>"
        for hit in hits
    )
    return f'<div class="ask-list" role="group" aria-label="{name}">{rows}</div>' if rows else ""


def _passage(hit: _Hit) -> str:
    chunk = hit.chunk
    heading = f"<div><i>{_safe(chunk.heading)}</i></div>" if chunk.heading else ""
    return (
        f'<div class="ask-source">{_about(chunk.article, hit.pages)} · score {hit.score:.2f}{heading}'
        f"{_within(chunk.article.text, chunk.start, chunk.end)}</div>"
    )


def _about(article: _Article, pages: tuple[int, int] | None, *, link: bool = True) -> str:
    """Title, author, publisher, date and pages, as far as they are known."""
    title = f"<b>{_safe(article.title)}</b>"
    if link and (address := _address(article.url)):
        title = f'<a href="{address}" target="_blank" rel="noopener noreferrer">{title}</a>'
    known = [_safe(part) for part in (article.author, article.publisher, article.date) if part]
    if pages:
        first, last = pages
        known.append(f"p. {first}" if first == last else f"pp. {first}–{last}")
    return " · ".join([title, *known])


def _within(text: str, start: int, end: int) -> str:
    """The quote `text[start:end]`, marked, with what stands around it, cut between words."""
    first = max(start - AROUND, 0)
    if first and (space := text.find(" ", first, start)) >= 0:
        first = space + 1
    last = min(end + AROUND, len(text))
    if last < len(text) and (space := text.rfind(" ", end, last)) >= 0:
        last = space
    before, after = text[first:start], text[end:last]
    if not first:
        before = before.lstrip()
    if last == len(text):
        after = after.rstrip()
    return (
        f'<bdi class="ask-passage">{"… " if first else ""}{_escaped(before)}<mark>{_escaped(text[start:end])}</mark>'
        f"{_escaped(after)}{' …' if last < len(text) else ''}</bdi>"
    )


def _address(url: str) -> str:
    """A web address as the value of an attribute; nothing for any other."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return ""
    return _attribute(url) if good else ""


def _safe(text: str) -> str:
    """Untrusted text as inline HTML; its direction cannot spill over into what stands beside it."""
    return f"<bdi>{_escaped(text)}</bdi>"


def _attribute(text: str) -> str:
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    """Text that is no markup; half characters and NUL, which no page can hold, are replaced."""
    return escape(text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd"))
