"""The shelf as pages: the articles with what is known of them, one article to read, passages found without a question.

Article text is untrusted; see `source`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from html import escape

from askoctober.types import Article, Hit
from askoctober.web.render import place
from askoctober.web.source import also_at, byline, headings, original, render_text, safe
from askoctober.web.wording import Wording

WORDS_A_MINUTE = 220
"""How fast an adult reads prose (Brysbaert, 2019: 238 words a minute, somewhat less on a screen)."""
MOST_SHOWN = 500
"""Articles on the page; the search above them reaches all."""
MOST_TOPICS = 6
FEWEST_HEADINGS = 2
PASSAGE = 320
ANCHOR = "ask-at-"
_WORD = re.compile(r"[^\W\d_][\w’'-]*")


def render_shelf(articles: Sequence[Article], say: Wording, own: Collection[str] | None = None) -> str:
    """Return the page of articles; `own` are the ids that readers added, which stand first; None where none can be."""
    articles = sorted(articles, key=lambda article: article.id not in (own or ()))
    topics = topics_of(articles[:MOST_SHOWN])
    rows = "".join(_card(article, topics[article.id], say, own or ()) for article in articles[:MOST_SHOWN])
    more = len(articles) - MOST_SHOWN
    rest = f'<p class="ask-note">{escape(say("and-more", count=more))}</p>' if more > 0 else ""
    return (
        f'<h2 class="ask-page-title" tabindex="-1">{escape(say("articles"))}</h2>'
        f'<form class="ask-find" role="search"><label for="ask-find-box">{escape(say("find-passages"))}</label>'
        f'<div><input id="ask-find-box" type="search" name="text" maxlength="1000" autocomplete="off">'
        f'<button type="submit" class="ask-way">{escape(say("find"))}</button></div></form>'
        f'<div class="ask-found" aria-live="polite"></div>'
        f'{"" if own is None else _drop(say)}<ul class="ask-articles">{rows}</ul>{rest}'
    )


def render_found(hits: Sequence[Hit], say: Wording) -> str:
    """Return passages as a list of buttons that open them."""
    if not hits:
        return f'<p class="ask-note">{escape(say("found-none"))}</p>'
    rows = "".join(
        place(hit.chunk.article, hit.chunk.start, hit.chunk.end, hit.chunk.text, say, length=PASSAGE) for hit in hits
    )
    return f'<p class="ask-label">{escape(say("found", passages=len(hits)))}</p><ol class="ask-cards">{rows}</ol>'


def render_reader(article: Article, say: Wording) -> str:
    """Return an article to be read whole: its headings to go to, a search within it, and its text."""
    entries = "".join(
        f'<li class="ask-depth-{min(depth, 4)}"><a href="#{ANCHOR}{start}">{safe(words)}</a></li>'
        for start, depth, words in headings(article.text)
    )
    contents = (
        f'<nav aria-label="{escape(say("contents"))}"><p class="ask-label">{escape(say("contents"))}</p>'
        f"<ol>{entries}</ol></nav>"
        if entries
        else ""
    )
    within = escape(say("search-within"))
    return (
        f'<div class="ask-reader"><aside class="ask-reader-side">'
        f'<button type="button" class="ask-way" data-view="shelf">← {escape(say("all-articles"))}</button>'
        f'<form class="ask-within" role="search"><label for="ask-within-box">{within}</label>'
        '<div><input id="ask-within-box" type="search" maxlength="200" autocomplete="off">'
        f'<button type="button" class="ask-step" data-within="-1" aria-label="{escape(say("match-before"))}">‹</button>'
        f'<button type="button" class="ask-step" data-within="1" aria-label="{escape(say("match-after"))}">›</button>'
        f'</div><p class="ask-note" role="status" aria-live="polite"></p></form>{contents}</aside>'
        f'<article class="ask-article" data-article="{escape(article.id)}">'
        f'<h2 class="ask-article-title" tabindex="-1" dir="auto">{safe(article.title)}</h2>'
        f'<p class="ask-byline">{byline(article, say)}{original(article, say)}</p>{also_at(article, say)}'
        f"{render_text(article.text, anchor=ANCHOR)}</article></div>"
    )


def topics_of(articles: Sequence[Article]) -> dict[str, list[str]]:
    """Return for each article, by id, what it covers: its headings, or where it has none the words that set it apart.

    Words are weighed by tf-idf over these articles (Salton and Buckley, 1988); names and numbers count like any other.
    """
    topics = {article.id: [words for _, _, words in headings(article.text) if words] for article in articles}
    topics = {
        article.id: [words for words in topics[article.id] if words.casefold() != article.title.casefold()]
        for article in articles
    }
    bare = [article for article in articles if len(topics[article.id]) < FEWEST_HEADINGS]
    if bare and len(articles) > 1:
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(token_pattern=r"[^\W\d_]{4,}", max_df=0.6, sublinear_tf=True)
        try:
            matrix = vectorizer.fit_transform(article.text for article in articles)
        except ValueError:  # no word is left, as on a shelf of two copies
            return topics
        names = vectorizer.get_feature_names_out()
        rows = {article.id: row for row, article in enumerate(articles)}
        for article in bare:
            row = matrix[rows[article.id]]
            best = sorted(zip(row.data, row.indices, strict=True), key=lambda pair: -pair[0])[:MOST_TOPICS]
            topics[article.id] = [str(names[at]) for _, at in best]
    return topics


def _card(article: Article, topics: Sequence[str], say: Wording, own: Collection[str]) -> str:
    words = sum(1 for _ in _WORD.finditer(article.text))
    length = say("length", words=words, minutes=max(round(words / WORDS_A_MINUTE), 1))
    covers = "".join(f"<li>{safe(topic)}</li>" for topic in topics[:MOST_TOPICS])
    covered = f'<ul class="ask-topics" aria-label="{escape(say("covers"))}">{covers}</ul>' if covers else ""
    removing = (
        f'<button type="button" class="ask-act ask-remove" data-article="{escape(article.id)}"'
        f' aria-label="{escape(say("remove-article", title=article.title))}">{escape(say("remove"))}</button>'
        if article.id in own
        else ""
    )
    about = " · ".join(filter(None, (byline(article, say), escape(length))))
    return (
        f'<li><h3><button type="button" class="ask-whole" data-article="{escape(article.id)}">{safe(article.title)}'
        f'</button></h3><p class="ask-byline">{about}{original(article, say)}</p>'
        f"{also_at(article, say)}{covered}{removing}</li>"
    )


def _drop(say: Wording) -> str:
    """Return where a reader puts articles of their own."""
    return (
        f'<section class="ask-drop" aria-label="{escape(say("own-articles"))}"><p><strong>{escape(say("own-articles"))}'
        f'</strong> {escape(say("own-lead"))}</p><p><label class="ask-way">{escape(say("own-files"))}'
        '<input type="file" class="ask-files ask-heard" multiple></label> '
        f'<label class="ask-way">{escape(say("own-folder"))}'
        '<input type="file" class="ask-files ask-heard" webkitdirectory></label></p>'
        '<ul class="ask-progress" aria-live="polite"></ul></section>'
    )
