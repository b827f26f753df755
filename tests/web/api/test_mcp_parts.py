"""The parts behind the protocol's server: the articles as resources."""

from __future__ import annotations

import json
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st
from mcp import Client

from askoctober.types import Article
from askoctober.web.desk import Desk
from askoctober.web.mcp.articles import LIST, PAGE, address, read_uri
from askoctober.web.mcp.server import create_server

from ..fakes import FakeAssistant, complete


def shelf(articles: tuple[Article, ...]) -> Desk:
    """A desk over other articles."""
    assistant = FakeAssistant()
    by_id = {article.id: article for article in articles}
    assistant.retriever.store = SimpleNamespace(articles=lambda: articles, article=by_id.__getitem__)
    return Desk(assistant)


def test_resources_are_listed_in_pages() -> None:
    articles = tuple(Article(f"id {number}", f"{number}.txt", f"Title {number}") for number in range(2 * PAGE + 1))

    async def listing() -> list[str]:
        uris: list[str] = []
        cursor = None
        async with Client(create_server(shelf(articles))) as client:
            while True:
                page = await client.list_resources(cursor=cursor)
                uris += [str(resource.uri) for resource in page.resources]
                cursor = page.next_cursor
                if cursor is None:
                    return uris

    assert complete(listing()) == [LIST, *(f"{LIST}/id%20{number}" for number in range(2 * PAGE + 1))]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30), st.text(max_size=30))
def test_every_article_is_found_at_its_address(id: str, text: str) -> None:
    article = Article(id, "a.txt", "A", text=text)
    desk = shelf((Article("", "", ""), article))
    assert read_uri(desk, address(article)) == (text, "text/plain")
    listed, kind = read_uri(desk, LIST) or ("", "")
    assert kind == "application/json" and json.loads(listed)["articles"][1]["uri"] == address(article)
