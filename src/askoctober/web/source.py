"""The source pane as HTML: the shelf, and an article with the quoted place marked.

Article text is untrusted. It is never parsed as Markdown or HTML: it is cut into slices, and every slice is escaped
before it goes between tags of ours. No character is left out or moved, so the offsets of a citation mean on the page
what they mean in the text; the browser folds white space, and a style sheet hides the signs of a heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Literal, TypeAlias

from askoctober.types import Article, Copy, Span
from askoctober.web.citing import citation_texts, web_address
from askoctober.web.wording import Say, Wording

Kind: TypeAlias = Literal["", "quote", "other"]

HEADING = re.compile(r"\s*(#{1,6})[ \t]+")
# A block ends at a blank line, after a heading's line, and before a line that opens a heading, an item or a quotation.
BREAK = re.compile(r"\n[ \t\r]*\n\s*|\n(?=[ \t]*(?:#{1,6}[ \t]|[-*+•][ \t]|\d{1,3}[.)][ \t]|>))|(?<=\n)")
ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)]|>)[ \t]")
SHELF_SHOWN = 200
OTHERS_TAKEN = 100
COPIES_SHOWN = 20


def safe(text: str) -> str:
    """Return untrusted text as inline HTML; its direction cannot spill over into what stands beside it."""
    return f"<bdi>{escape(text)}</bdi>"


def byline(article: Article, say: Wording, pages: tuple[int, int] | None = None) -> str:
    """Return who wrote an article, where it appeared and when, as far as that is known, and which pages are meant."""
    return _dotted(article.author, article.publisher, say.day(article.date), in_pages(pages, say))


def in_pages(pages: tuple[int, int] | None, say: Say) -> str:
    """Return a page, or the first and the last of several, in words, not escaped; "" where none is known."""
    if pages is None:
        return ""
    # As texts, so that no language puts separators into a number of a page.
    first, last = map(str, pages)
    return say("on-page", page=first) if first == last else say("on-pages", first=first, last=last)


def titled(article: Article, start: int, end: int, say: Wording) -> str:
    """Return an article's title as HTML, with the pages of a place in it where there are any."""
    pages = in_pages(article.page_range(start, end), say)
    return safe(article.title) + (f' <span class="ask-pages">{escape(pages)}</span>' if pages else "")


def also_at(article: Article, say: Wording) -> str:
    """Return where else the same article was found: publisher, or else title, with the date and a link."""
    if not article.copies:
        return ""
    rows = "".join(
        f"<li>{_dotted(copy.publisher or copy.title or copy.path, say.day(copy.date))}{original(copy, say)}</li>"
        for copy in article.copies[:COPIES_SHOWN]
    )
    more = len(article.copies) - COPIES_SHOWN
    rest = f"<li>{escape(say('more-copies', count=more))}</li>" if more > 0 else ""
    return f'<div class="ask-note ask-copies"><span>{escape(say("also-at"))}</span><ul>{rows}{rest}</ul></div>'


def _dotted(*parts: str) -> str:
    return '<span class="ask-dot"> · </span>'.join(safe(part) for part in parts if part)


def original(article: Article | Copy, say: Wording) -> str:
    """Return a link to where an article came from, if that is a web address: nothing is fetched until it is pressed."""
    address = web_address(article.url)
    if not address:
        return ""
    return (
        f' <a class="ask-original" href="{escape(address)}" target="_blank" rel="noopener noreferrer">'
        f"{escape(say('original'))}</a>"
    )


def render_pane(articles: Sequence[Article], say: Wording) -> str:
    """Return the pane as it is before a source is opened: what it is for, and the articles to read."""
    rows = "".join(
        f'<li><button type="button" class="ask-open ask-shelf-item" data-article="{escape(article.id)}">'
        f'<span class="ask-title">{safe(article.title)}</span><span class="ask-byline">{byline(article, say)}</span>'
        "</button></li>"
        for article in articles[:SHELF_SHOWN]
    )
    more = len(articles) - SHELF_SHOWN
    rest = f'<p class="ask-note">{escape(say("and-more", count=more))}</p>' if more > 0 else ""
    return (
        f'<div class="ask-pane-head"><h2>{escape(say("sources"))}</h2>{_close(say)}</div>'
        f'<div class="ask-pane-body" tabindex="0" role="region" aria-label="{escape(say("on-the-shelf"))}">'
        f'<p class="ask-lead">{escape(say("pane-lead"))}</p>'
        f'<h3 class="ask-label">{escape(say("on-the-shelf"))}</h3><ul class="ask-shelf">{rows}</ul>{rest}</div>'
    )


def render_problem(message: str, say: Wording) -> str:
    """Return the pane with one line in the place of an article."""
    return _pane(f'<p class="ask-lead">{escape(message)}</p>', say("source"), say)


def render_article(article: Article, say: Wording, quote: Span | None = None, places: Sequence[Span] = ()) -> str:
    """Return the pane with a whole article, `quote` marked and, more quietly, the other cited places."""
    pages = article.page_range(quote.start, quote.end) if quote else None
    head = (
        f'<h2 class="ask-article-title" dir="auto">{safe(article.title)}</h2>'
        f'<p class="ask-byline">{byline(article, say, pages)}{original(article, say)}</p>'
        f"{also_at(article, say)}{_copying(article, quote, say)}"
    )
    others = [span for span in places if span != quote]
    body = render_text(article.text, quote, others)
    steps = _steps(sorted({quote, *others}, key=lambda span: (span.start, span.end)), quote, say) if quote else ""
    return _pane(f'<article class="ask-article">{head}{body}</article>', article.title, say, article.id, steps)


def _copying(article: Article, quote: Span | None, say: Wording) -> str:
    """Return the buttons that copy a citation in three forms."""
    pages = article.page_range(quote.start, quote.end) if quote else None
    texts = citation_texts(article, article.text[quote.start : quote.end] if quote else "", pages=pages)
    buttons = "".join(
        f'<button type="button" class="ask-act ask-copy" data-text="{escape(texts[form])}">{name}</button>'
        for form, name in (("plain", escape(say("copy-plain"))), ("markdown", "Markdown"), ("bibtex", "BibTeX"))
    )
    label = escape(say("copy-citation"))
    return f'<div class="ask-copying" role="group" aria-label="{label}"><span>{label}</span>{buttons}</div>'


def _steps(places: Sequence[Span], quote: Span, say: Wording) -> str:
    """Return the buttons that step from one cited place of an article to the next."""
    if len(places) < 2:
        return ""
    at = places.index(quote)
    buttons = "".join(
        f'<button type="button" class="ask-step" aria-label="{escape(say(name))}" title="{escape(say(name))}"'
        f' data-start="{to.start}" data-end="{to.end}">{sign}</button>'
        for name, sign, to in (
            ("quote-before", "‹", places[at - 1]),
            ("quote-after", "›", places[(at + 1) % len(places)]),
        )
    )
    said = escape(say("quote-of", number=at + 1, count=len(places)))
    return f'<span class="ask-steps" role="group" aria-label="{said}"><span>{said}</span>{buttons}</span>'


def render_text(text: str, quote: Span | None = None, others: Sequence[Span] = (), anchor: str = "") -> str:
    """Return text as headings and paragraphs; what the marks hold, unescaped, is exactly `text[start:end]`.

    With an `anchor` each heading gets an id of that and its offset.
    """
    return "".join(_block(text, block, quote, others, anchor) for block in blocks(text))


def headings(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield offset, depth and words of each heading of a text."""
    for block in blocks(text):
        if heading := HEADING.match(text, block.start, block.end):
            yield block.start, len(heading.group(1)), " ".join(text[heading.end() : block.end].split()).rstrip("# ")


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


def _block(text: str, block: Span, quote: Span | None, others: Sequence[Span], anchor: str) -> str:
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
    at = f' id="{escape(anchor)}{block.start}" tabindex="-1"' if heading and anchor else ""
    return f'<{tag} class="{name}" dir="auto"{at}>{inner}</{tag}>'


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


def _pane(body: str, label: str, say: Wording, article: str = "", steps: str = "") -> str:
    """Return the frame around what is being read."""
    whole = (
        f'<button type="button" class="ask-whole" data-article="{escape(article)}">{escape(say("read-whole"))}</button>'
        if article
        else ""
    )
    titled = f'<span class="ask-pane-title" aria-hidden="true">{safe(label)}</span>' if article else ""
    tools = f'<div class="ask-pane-tools">{steps}{whole}</div>' if article else ""
    return (
        f'<div class="ask-pane-head"><button type="button" class="ask-back">← {escape(say("all-articles"))}</button>'
        f"{titled}{_close(say)}{tools}</div>"
        f'<div class="ask-pane-body" tabindex="0" role="region" aria-label="{escape(say("source"))}: {escape(label)}">'
        f"{body}</div>"
    )


def _close(say: Wording) -> str:
    return f'<button type="button" class="ask-close" aria-label="{escape(say("close-sources"))}">×</button>'


def open_source(articles: Mapping[str, Article], request: Any, say: Wording) -> str:
    """Return the pane for what a browser asks to open; anything that does not name a place on the shelf is refused."""
    wanted = request if isinstance(request, dict) else {}
    name = wanted.get("article")
    article = articles.get(name) if isinstance(name, str) else None
    if article is None:
        return render_problem(say("no-article"), say)
    if wanted.get("start") is None and wanted.get("end") is None:
        return render_article(article, say)
    quote = _span(article, wanted.get("start"), wanted.get("end"))
    if quote is None:
        return render_problem(say("no-place"), say)
    listed = wanted.get("others")
    pairs = listed[:OTHERS_TAKEN] if isinstance(listed, list) else []
    found = [_span(article, *pair) for pair in pairs if isinstance(pair, list) and len(pair) == 2]
    return render_article(article, say, quote, [span for span in found if span is not None])


def _span(article: Article, start: Any, end: Any) -> Span | None:
    """Return the span if both ends are whole numbers within the article, in order."""
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(article.text):
        return None
    return Span(start, end)
