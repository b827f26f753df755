"""Articles as resources: `askoctober://articles/{id}`, and `askoctober://articles`, which lists them."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote

from askoctober.types import Article
from askoctober.web.desk import Desk

LIST = "askoctober://articles"
TEMPLATE = LIST + "/{id}"
PAGE = 100
"""How many resources are listed at once."""
MOST_LISTED = 5000
"""How many articles the list holds; a larger shelf is searched."""


def address(article: Article) -> str:
    """Return an article's URI."""
    return f"{LIST}/{quote(article.id, safe='')}"


def list_page(desk: Desk, first: int) -> tuple[list[Article], bool]:
    """Return a page of articles, from the one at a position, and whether there are more."""
    page = list(islice(desk.assistant.retriever.store.articles(), first, first + PAGE + 1))
    return page[:PAGE], len(page) > PAGE


def read_uri(desk: Desk, uri: str) -> tuple[str, str] | None:
    """Return what a URI names, as text and media type; None where it names nothing."""
    if uri.rstrip("/") == LIST:
        articles = desk.assistant.retriever.store.articles()
        listed: list[dict[str, Any]] = [
            {"uri": address(article), "length": len(article.text), **article.to_dict()}
            for article in islice(articles, MOST_LISTED)
        ]
        return json.dumps({"articles": listed, "total": len(articles)}, ensure_ascii=False), "application/json"
    if not uri.startswith(f"{LIST}/"):
        return None
    article = desk.find_article(unquote(uri.removeprefix(f"{LIST}/")))
    return (article.text, media_type(article)) if article else None


def media_type(article: Article) -> str:
    """Return the media type of an article's text."""
    return "text/markdown" if article.path.lower().endswith((".md", ".markdown")) else "text/plain"
