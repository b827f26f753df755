"""The source pane as HTML: the shelf, and an article with the quoted place marked.

Article text is untrusted. It is never parsed as Markdown or HTML: it is cut into slices, and every slice is escaped
before it goes between tags of ours. No character is left out or moved, so the offsets of a citation mean on the page
what they mean in the text; the browser folds white space, and a style sheet hides the signs of a heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from html import escape
from typing import Any, Literal, TypeAlias

from askoctober.types import Article, Span

Kind: TypeAlias = Literal["", "quote", "other"]

HEADING = re.compile(r"\s*(#{1,6})[ \t]+")
# A block ends at a blank line, after a heading's line, and before a line that opens a heading, an item or a quotation.
BREAK = re.compile(r"\n[ \t\r]*\n\s*|\n(?=[ \t]*(?:#{1,6}[ \t]|[-*+•][ \t]|\d{1,3}[.)][ \t]|>))|(?<=\n)")
ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)]|>)[ \t]")
SHELF_SHOWN = 200
OTHERS_TAKEN = 100


def safe(text: str) -> str:
    """Return untrusted text as inline HTML; its direction cannot spill over into what stands beside it."""
    return f"<bdi>{escape(text)}</bdi>"


def readable_date(value: str) -> str:
    """Return an ISO date as a reader writes it, anything else as it is."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return value
    return f"{day.day} {day:%B %Y}"


def byline(article: Article) -> str:
    """Return who wrote an article, where it appeared and when, as far as that is known."""
    parts = (article.author, article.publisher, readable_date(article.date))
    return '<span class="ask-dot"> · </span>'.join(safe(part) for part in parts if part)


def render_shelf(articles: Sequence[Article]) -> str:
    """Return the pane as it is before a source is opened: what it is for, and the articles to read."""
    rows = "".join(
        f'<li><button type="button" class="ask-open ask-shelf-item" data-article="{escape(article.id)}">'
        f'<span class="ask-title">{safe(article.title)}</span><span class="ask-byline">{byline(article)}</span>'
        "</button></li>"
        for article in articles[:SHELF_SHOWN]
    )
    more = len(articles) - SHELF_SHOWN
    rest = f'<p class="ask-note">and {more} more, which answers can cite.</p>' if more > 0 else ""
    return (
        '<div class="ask-pane-head"><h2>Sources</h2>'
        '<button type="button" class="ask-close" aria-label="Close the sources">×</button></div>'
        '<div class="ask-pane-body" tabindex="0" role="region" aria-label="The articles on the shelf">'
        '<p class="ask-lead">Choose a number in an answer: the article opens here, at the very words it rests on.</p>'
        f'<h3 class="ask-label">On the shelf</h3><ul class="ask-shelf">{rows}</ul>{rest}</div>'
    )


def render_problem(message: str) -> str:
    """Return the pane with one line in the place of an article."""
    return _pane(f'<p class="ask-lead">{escape(message)}</p>', "Source")


def render_article(article: Article, quote: Span | None = None, others: Sequence[Span] = ()) -> str:
    """Return the pane with a whole article, `quote` marked and, more quietly, the other cited places."""
    head = f'<h2 class="ask-article-title">{safe(article.title)}</h2><p class="ask-byline">{byline(article)}</p>'
    body = render_text(article.text, quote, others)
    return _pane(f'<article class="ask-article">{head}{body}</article>', article.title)


def render_text(text: str, quote: Span | None = None, others: Sequence[Span] = ()) -> str:
    """Return text as headings and paragraphs; what the marks hold, unescaped, is exactly `text[start:end]`."""
    return "".join(_block(text, block, quote, others) for block in blocks(text))


def blocks(text: str) -> Iterator[Span]:
    """Yield the spans of the headings and paragraphs; together they are the whole text."""
    start = 0
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    for match in BREAK.finditer(text):
        end = match.end()
        if end == start or not first < end < last:
            continue
        if match.group() == "" and not HEADING.match(text, start):
            continue
        yield Span(start, end)
        start = end
    if first < last:
        yield Span(start, len(text))


def _block(text: str, block: Span, quote: Span | None, others: Sequence[Span]) -> str:
    """Return one heading or paragraph."""
    heading = HEADING.match(text, block.start, block.end)
    if heading:
        tag, name = ("h3" if len(heading.group(1)) < 3 else "h4"), "ask-heading"
        signs = Span(block.start, heading.end())
        inner = f'<span class="ask-signs" aria-hidden="true">{_slices(text, signs, quote, others)}</span>'
        inner += _slices(text, Span(signs.end, block.end), quote, others)
    else:
        tag, name = "p", "ask-item" if ITEM.match(text, block.start, block.end) else "ask-paragraph"
        inner = _slices(text, block, quote, others)
    return f'<{tag} class="{name}" dir="auto">{inner}</{tag}>'


def _slices(text: str, span: Span, quote: Span | None, others: Sequence[Span]) -> str:
    """Return the escaped text of a span, cut where a mark begins or ends."""
    marks = [mark for mark in (quote, *others) if mark is not None and mark.overlaps(span)]
    ends = {at for mark in marks for at in (mark.start, mark.end) if span.start < at < span.end}
    cuts = sorted(ends | {span.start, span.end})
    parts: list[tuple[Kind, str]] = []
    for start, end in zip(cuts, cuts[1:], strict=False):
        piece = Span(start, end)
        kind: Kind = ""
        if quote is not None and quote.overlaps(piece):
            kind = "quote"
        elif any(other.overlaps(piece) for other in others):
            kind = "other"
        if parts and parts[-1][0] == kind:
            parts[-1] = (kind, parts[-1][1] + text[start:end])
        else:
            parts.append((kind, text[start:end]))
    return "".join(f'<mark class="ask-{kind}">{escape(part)}</mark>' if kind else escape(part) for kind, part in parts)


def _pane(body: str, label: str) -> str:
    """Return the frame around what is being read."""
    return (
        '<div class="ask-pane-head"><button type="button" class="ask-back">← All articles</button>'
        '<button type="button" class="ask-close" aria-label="Close the source">×</button></div>'
        f'<div class="ask-pane-body" tabindex="0" role="region" aria-label="Source: {escape(label)}">{body}</div>'
    )


def open_source(articles: Mapping[str, Article], request: Any) -> str:
    """Return the pane for what a browser asks to open; anything that does not name a place on the shelf is refused."""
    wanted = request if isinstance(request, dict) else {}
    name = wanted.get("article")
    article = articles.get(name) if isinstance(name, str) else None
    if article is None:
        return render_problem("That article is not on this shelf.")
    if wanted.get("start") is None and wanted.get("end") is None:
        return render_article(article)
    quote = _span(article, wanted.get("start"), wanted.get("end"))
    if quote is None:
        return render_problem("That place is not in the article.")
    listed = wanted.get("others")
    pairs = listed[:OTHERS_TAKEN] if isinstance(listed, list) else []
    found = [_span(article, *pair) for pair in pairs if isinstance(pair, list) and len(pair) == 2]
    return render_article(article, quote, [span for span in found if span is not None])


def _span(article: Article, start: Any, end: Any) -> Span | None:
    """Return the span if both ends are whole numbers within the article, in order."""
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(article.text):
        return None
    return Span(start, end)
