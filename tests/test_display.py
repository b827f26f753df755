"""Answers and hits as HTML: what they say, that no data becomes markup, and that a mark opens its source."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.display import AROUND, answer_html, hit_html, hits_html
from askoctober.types import Answer, Article, Chunk, Citation, Hit, Sentence

QUOTE = "It burned rape oil until 1909."
TEXT = (
    "## How it burned\n\n"
    + "The keepers of the coast kept a book. " * 20
    + QUOTE
    + " They trimmed it every four hours. "
    "It drank five quarts between dusk and dawn. " * 20
)
START = TEXT.index(QUOTE)
LAMP = Article(
    "lamp",
    "lamp.pdf",
    "The lamp of Gull Rock",
    "E. Marsh",
    "Coast Papers",
    "1998-04",
    "https://coast.example/lamp?a=1&b=2",
    text=TEXT,
    pages=(0, START - 5),
)
OTHER = Article("other", "other.md", "Another lamp", text=f"{QUOTE} So it is told.")


def hit_of(article: Article, start: int, end: int, rank: int = 1, heading: str = "How it burned") -> Hit:
    chunk = Chunk(f"{article.id}:{start}", article.id, heading, article.text[start:end], start, end, article)
    return Hit(chunk, 0.875, rank)


def cited(mark: int, article: Article, start: int, end: int) -> Citation:
    return Citation(mark, article, start, end, article.text[start:end], 0.9)


def answer_of(sentences: tuple[Sentence, ...], citations: tuple[Citation, ...], text: str = "") -> Answer:
    hits = tuple(hit_of(LAMP, START, START + len(QUOTE), rank) for rank in range(1, 6))
    said = text or " ".join(map(str, sentences))
    return Answer("What?", "What?", said, sentences, citations, hits, not sentences, 0.9, "fake")


ANSWER = answer_of(
    (Sentence("The lamp burned rape oil.", (1,), "supported"), Sentence("So it is told.", (1, 2), "quoted")),
    (cited(1, LAMP, START, START + len(QUOTE)), cited(2, OTHER, 0, len(QUOTE))),
)


class Skeleton(HTMLParser):
    """The tags and the names of their attributes, the attributes' values, and the text outside the style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: list[tuple[str, str]] = []
        self.text = ""
        self.style = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(f"<{tag} {' '.join(name for name, _ in attrs)}>")
        self.values += [(name, value or "") for name, value in attrs]
        self.style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"</{tag}>")
        self.style = False

    def handle_data(self, data: str) -> None:
        if not self.style:
            self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    handle_decl = unknown_decl = handle_pi = handle_comment


def marked(html: str) -> list[str]:
    return re.findall(r"<mark>(.*?)</mark>", html, re.DOTALL)


def test_an_answer_shows_its_sentences_and_its_sources() -> None:
    html = answer_html(ANSWER)
    shown = Skeleton(html).text
    about = "The lamp of Gull Rock · E. Marsh · Coast Papers · 1998-04 · p. 2"
    assert shown.startswith(f"The lamp burned rape oil. [1]{about}")
    assert marked(html) == [QUOTE] * 3
    assert html.count('<details class="ask-cite">') == 3, "two sentences, of which one stands on two sources"
    assert "They trimmed it every four hours." in shown
    assert ("aria-label", "[2] source: Another lamp") in Skeleton(html).values
    assert shown.endswith(f"[1] {about}[2] Another lamp")


def test_all_places_of_a_mark_are_shown() -> None:
    twice = (cited(1, LAMP, START, START + len(QUOTE)), cited(1, LAMP, 0, 16))
    html = answer_html(answer_of((Sentence("It burned.", (1, 7), "quoted"),), twice))
    assert marked(html) == [QUOTE, "## How it burned"]
    assert "[7]" in html and html.count("<summary") == 1, "a mark without a source opens nothing"


def test_one_that_declines_shows_the_nearest_passages() -> None:
    html = answer_html(answer_of((), (), "The articles on this shelf do not say."))
    assert Skeleton(html).text.startswith("The articles on this shelf do not say.1. The lamp of Gull Rock")
    assert marked(html) == [QUOTE] * 3
    assert "ask-cite" not in html.partition("</style>")[2]


def test_a_quote_stands_in_its_surroundings() -> None:
    [passage] = re.findall(
        r'<bdi class="ask-passage">(.*?)</bdi>', hit_html(hit_of(LAMP, START, START + len(QUOTE))), re.S
    )
    before, after = passage.split(f"<mark>{QUOTE}</mark>")
    assert before.startswith("… ") and after.endswith(" …")
    assert TEXT[:START].endswith(before[2:]) and TEXT[START + len(QUOTE) :].startswith(after[:-2])
    assert AROUND - 20 <= len(before) - 2 <= AROUND and AROUND - 20 <= len(after) - 2 <= AROUND
    assert TEXT[START - len(before) + 1] == " ", "it begins with a word"


def test_hits_are_listed_best_first() -> None:
    html = hits_html([hit_of(LAMP, START, START + len(QUOTE)), hit_of(OTHER, 0, len(QUOTE), 2, "")])
    shown = Skeleton(html).text
    assert shown.index("1. The lamp of Gull Rock") < shown.index("2. Another lamp")
    assert "score 0.88How it burned" in shown
    assert Skeleton(hits_html([])).text == "No passages."


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://coast.example/a?b=1&c=2", True),
        ("HTTP://coast.example", True),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://", False),
        ("http://[x", False),
        ("", False),
    ],
)
def test_only_web_addresses_are_links(url: str, linked: bool) -> None:
    html = hit_html(hit_of(Article("a", "a.md", "A", url=url, text="Words."), 0, 6))
    assert [value for name, value in Skeleton(html).values if name == "href"] == ([url] if linked else [])


HOSTILE = st.one_of(
    st.text(),
    st.text("<>&\"'=/ -!abc\n\0\ud800\u202e$`{}", min_size=1),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "</bdi></details></div><img src=x onerror=alert(1)>",
            "</style><style>*{display:none}",
            '" onmouseover="alert(1)',
            "' autofocus onfocus='alert(1)",
            "<!-- ",
            "&lt;b&gt;",
            "<![CDATA[",
            "\ud800<b>",
        ]
    ),
)


def shown_with(title: str, author: str, text: str, said: str, url: str) -> list[str]:
    article = Article(
        "a", "a.md", title, author, author, author, f"https://x.example/{url}", text=f"{text}|{text}|{text}"
    )
    start, end = len(text) + 1, 2 * len(text) + 1
    hit = hit_of(article, start, end, heading=f"h{title}")
    answer = answer_of((Sentence(said, (1,), "quoted"),), (cited(1, article, start, end),))
    declined = Answer("q", "q", said, (), (), (hit,), True, 0.1, "fake")
    return [answer_html(answer), answer_html(declined), hit_html(hit), hits_html([hit])]


PLAIN = [Skeleton(html).tags for html in shown_with("a", "a", "a", "a", "a")]


@given(HOSTILE, HOSTILE.filter(bool), HOSTILE, HOSTILE, HOSTILE)
def test_nothing_of_the_data_becomes_markup(title: str, author: str, text: str, said: str, url: str) -> None:
    for html, plain in zip(shown_with(title, author, text, said, url), PLAIN, strict=True):
        html.encode("utf-8")
        shown = Skeleton(html)
        assert shown.tags == plain
        assert title.encode("utf-8", "replace").decode().replace("\0", "\ufffd") in shown.text
        for name, value in shown.values:
            assert name != "href" or value.startswith("https://x.example/")


PAGES = {"light": "background:#fff;color:#111", "dark": "background:#111;color:#eee"}


@pytest.fixture(params=PAGES)
def page(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A notebook's cell, without scripts, on a light or a dark page."""
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 700, "height": 700})
    opened = context.new_page()
    opened.set_content(
        f'<!doctype html><html lang="en"><title>Cell</title><body style="{PAGES[request.param]}">'
        f"<main>{answer_html(ANSWER)}</main></body></html>"
    )
    yield opened
    if folder := os.environ.get("SCREENSHOTS"):
        opened.screenshot(path=f"{folder}/display-{request.node.name}.png")
    context.close()


@pytest.mark.browser
def test_a_mark_opens_its_source(page: Any) -> None:
    sources = page.locator(".ask-source")
    assert [sources.nth(at).is_visible() for at in range(3)] == [False] * 3
    lines = {round(page.locator(".ask-cite").nth(at).bounding_box()["y"]) for at in range(3)}
    assert len(lines) == 1, "closed, a mark does not break the line"
    page.get_by_text("[2]").first.click()
    assert [sources.nth(at).is_visible() for at in range(3)] == [False, False, True]
    assert sources.nth(2).locator("mark").inner_text() == QUOTE
    page.get_by_text("[2]").first.click()
    assert not sources.nth(2).is_visible()


@pytest.mark.browser
def test_the_keyboard_opens_a_source(page: Any) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    source = page.locator(".ask-source").first
    assert source.is_visible()
    box, around = source.bounding_box(), page.locator(".askoctober").bounding_box()
    assert box["x"] >= around["x"] and box["x"] + box["width"] <= around["x"] + around["width"]
    page.keyboard.press("Space")
    assert not source.is_visible()


@pytest.mark.browser
@pytest.mark.parametrize("colours", PAGES)
def test_axe_finds_nothing(chromium: Any, colours: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    opened = chromium.new_page()
    html = re.sub("<details", "<details open", answer_html(ANSWER) + hits_html(ANSWER.hits))
    opened.set_content(
        f'<!doctype html><html lang="en"><title>Cell</title><body style="{PAGES[colours]}"><main><h1>A notebook</h1>'
        f"{html}</main></body></html>"
    )
    found = axe.Axe().run(opened).response["violations"]
    opened.close()
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
