"""The pages beside the conversation, in a real browser over a real index: articles, one article, map, timeline, own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askoctober import Assistant, Config, Retriever
from askoctober.building import Progress, Report, build
from askoctober.types import Encoder
from askoctober.web.own import LARGEST_SHELF, OwnArticles
from corpus.readers.papers import make_pdf
from fakes import FakeGenerator

from .serving import Served, ask, reading, seen_in_pane

pytestmark = [
    pytest.mark.browser,
    # The interface's own dependencies warn of each other's next versions.
    pytest.mark.filterwarnings("default"),
]

LIGHT = """\
---
title: The light on Gull Rock
author: E. Marsh
publisher: Coast Papers
date: 1998-04-02
url: https://example.org/gull-rock
---
## How it was built

The tower on Gull Rock was begun in May 1871 and lit on 3 October 1874. Its first keeper was Anna Holm, who stayed for \
thirty years. The lamp burned rape oil.

## The storm

On 12 January 1887 a storm broke the lantern. Anna Holm kept a fire of driftwood on the gallery for two nights.
"""
FERRY = """\
---
title: The ferry of Holm Sound
---
The first ferry crossed Holm Sound in June 1902. It carried forty passengers and six horses. A bridge ended it in 1964.
"""
OWN = """\
# The bell of Gull Rock

The fog bell of Gull Rock was cast by Peter Lindqvist in 1880. It rang every twenty seconds.
"""
SENTENCE = "Its first keeper was Anna Holm, who stayed for thirty years."
BELL = "The fog bell of Gull Rock was cast by Peter Lindqvist in 1880."


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Assistant:
    folder = tmp_path_factory.mktemp("shelf")
    config = Config(corpus=folder / "corpus", index=folder / "index")
    config.corpus.mkdir()
    (config.corpus / "light.md").write_text(LIGHT, encoding="utf-8")
    (config.corpus / "ferry.md").write_text(FERRY, encoding="utf-8")
    build(config, encoder=encoder)
    return Assistant(Retriever.load(config.index, config), FakeGenerator([f"{SENTENCE} [1]"], yes=0.99), config)


@pytest.fixture(scope="module")
def served(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    own = OwnArticles(assistant, tmp_path_factory.mktemp("own"), assistant.config)
    made = Served(assistant, "Lights", own=own)
    yield made
    made.close()


@pytest.fixture
def page(chromium: Any, served: Served) -> Iterator[Any]:
    with reading(chromium, served) as opened:
        yield opened


def go(page: Any, view: str) -> None:
    page.click(f".ask-tab[data-view={view}]")
    page.wait_for_selector(f"body[data-view={view}] .ask-page-title")


def test_articles_are_described_and_passages_found(page: Any) -> None:
    go(page, "shelf")
    light = page.locator(".ask-articles > li").filter(has_text="Gull Rock")
    assert "E. Marsh · Coast Papers · 2 April 1998" in light.inner_text() and " words, 1 minute" in light.inner_text()
    assert light.locator(".ask-topics li").all_inner_texts() == ["How it was built", "The storm"]
    assert light.locator("a").get_attribute("href") == "https://example.org/gull-rock"
    page.fill("#ask-find-box", "lantern broken in a storm")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ask-found .ask-card-button")
    page.locator(".ask-found .ask-card-button").first.click()
    page.wait_for_selector("mark.ask-quote")
    assert "12 January 1887" in page.locator("mark.ask-quote").first.inner_text() and seen_in_pane(page)


def test_an_article_is_read_whole_and_searched(page: Any) -> None:
    go(page, "shelf")
    page.click(".ask-articles .ask-whole:has-text('Gull Rock')")
    page.wait_for_selector(".ask-reader")
    assert page.evaluate("getComputedStyle(document.getElementById('ask-page')).overflowY") == "auto"
    assert page.url.endswith(f"#article={page.locator('.ask-reader article').get_attribute('data-article')}")
    assert page.evaluate("document.activeElement.textContent") == "The light on Gull Rock"
    page.click(".ask-reader nav a:has-text('The storm')")
    assert page.evaluate("document.activeElement.textContent").split() == ["##", "The", "storm"]
    page.fill("#ask-within-box", "anna   HOLM")
    status = page.locator(".ask-within [role=status]")
    assert status.inner_text() == "1 of 2"
    page.keyboard.press("Enter")
    assert status.inner_text() == "2 of 2"
    page.click("[data-within='1']")
    assert status.inner_text() == "1 of 2"
    found = "[...CSS.highlights.get('ask-found')].map((range) => range.toString())"
    assert page.evaluate(found) == ["Anna Holm", "Anna Holm"]
    page.fill("#ask-within-box", "(no such")
    assert status.inner_text() == "not found"
    page.reload()
    page.wait_for_selector(".ask-reader")
    page.go_back()
    page.wait_for_selector(".ask-articles")


def test_the_map_shows_the_question_and_opens_passages(page: Any) -> None:
    ask(page, "Who was the first keeper of the light?")
    go(page, "map")
    page.wait_for_selector(".ask-plot .scatterlayer")
    names = page.evaluate("document.querySelector('.js-plotly-plot').data.map((trace) => trace.name)")
    assert {"Your question", "The light on Gull Rock", "The ferry of Holm Sound"} <= set(names)
    assert page.locator(".ask-plot [role=img]").first.get_attribute("aria-label").startswith("Map of the passages")
    page.evaluate(
        "() => { const plot = document.querySelector('.js-plotly-plot');"
        " const trace = plot.data.find((one) => one.name === 'The ferry of Holm Sound');"
        " plot.emit('plotly_click', { points: [{ customdata: trace.customdata[0], data: trace }] }); }"
    )
    page.wait_for_selector("mark.ask-quote")
    assert "forty passengers" in page.locator("mark.ask-quote").first.inner_text()


def test_the_timeline_lists_dated_sentences(page: Any) -> None:
    go(page, "timeline")
    page.wait_for_selector(".ask-plot .scatterlayer")
    dated = page.locator(".ask-dated")
    years = page.locator(".ask-year").all_inner_texts()
    assert years == sorted(years) and {"1871", "1874", "1887", "1902", "1964"} <= {year[:4] for year in years}
    dated.filter(has_text="storm broke the lantern").click()
    page.wait_for_selector("mark.ask-quote")
    assert "12 January 1887" in page.locator("mark.ask-quote").inner_text() and seen_in_pane(page)


def test_an_article_of_ones_own_is_dropped_asked_about_and_removed(page: Any, served: Served, tmp_path: Path) -> None:
    bell, empty, picture = tmp_path / "bell.md", tmp_path / "empty.txt", tmp_path / "photo.png"
    bell.write_text(OWN, encoding="utf-8")
    empty.write_text("", encoding="utf-8")
    picture.write_bytes(b"\x89PNG")
    go(page, "shelf")
    page.set_input_files(".ask-files >> nth=0", [bell, empty, picture])
    page.wait_for_selector(".ask-progress li[data-kind=done]")
    told = dict(line.split("\n", 1) for line in page.locator(".ask-progress li").all_inner_texts())
    assert told["bell.md"] == "ready to be asked about"
    assert told["empty.txt"].startswith("is empty") and told["photo.png"] == "is in no format that is read"
    page.wait_for_selector(".ask-articles li:has-text('The bell of Gull Rock')")
    assert page.locator(".ask-name p").inner_text().startswith("3 articles")

    served.assistant.generator.replies = [f"{BELL} [1]"]
    page.click(".ask-tab[data-view=chat]")
    ask(page, "Who cast the fog bell of Gull Rock?")
    assert "Peter Lindqvist" in page.locator(".ask-answer").inner_text()
    page.locator(".ask-cite").first.click()
    page.wait_for_selector("mark.ask-quote")
    assert page.locator("mark.ask-quote").inner_text() == BELL

    go(page, "shelf")
    page.click(".ask-remove")
    page.wait_for_function("document.querySelectorAll('.ask-articles > li').length === 2")
    page.click(".ask-tab[data-view=chat]")
    page.locator(".ask-cite").first.click()
    page.wait_for_selector("text=That article is not on this shelf.")
    page.reload()
    page.wait_for_selector(".ask-cite[data-moved]")
    assert "no longer on the shelf" in page.locator(".ask-source").first.inner_text()


def test_files_of_other_formats_are_dropped(page: Any, served: Served, tmp_path: Path) -> None:
    table, report, old, huge = (tmp_path / name for name in ("bells.csv", "report.pdf", "old.doc", "huge.zip"))
    rows = [f"{name},The bell of {name} was cast by Peter Lindqvist and rings every hour." for name in ("Ey", "Oe")]
    table.write_text("\n".join(["title,text", *rows, "Empty,"]), encoding="utf-8")
    report.write_bytes(
        make_pdf([["The quay of Holm Sound was built of granite."], ["It was widened in 1931 by the parish."]])
    )
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000))
    with huge.open("wb") as file:
        file.truncate(LARGEST_SHELF + 1)
    go(page, "shelf")
    page.set_input_files(".ask-files >> nth=0", [table, report, old, huge])
    page.wait_for_selector(".ask-progress li[data-kind=done]")
    told = dict(line.split("\n", 1) for line in page.locator(".ask-progress li").all_inner_texts())
    assert told == {
        "bells.csv": "ready to be asked about: 2 articles; 1 left out, the first: 3 has no text in row 3; "
        "fill or remove it.",
        "report.pdf": "ready to be asked about",
        "old.doc": "is an old Word file, which is not read; save it as .docx.",
        "huge.zip": "is larger than 100 MB; split it.",
    }
    widened = "It was widened in 1931 by the parish."
    served.assistant.generator.replies = [f"{widened} [1]"]
    page.click(".ask-tab[data-view=chat]")
    ask(page, "When was the quay of Holm Sound widened?")
    assert page.locator(".ask-source .ask-pages").first.inner_text() == "pp. 1–2"
    page.locator(".ask-cite").first.click()
    page.wait_for_selector("mark.ask-quote")
    assert "pp. 1–2" in page.locator("#ask-pane .ask-byline").first.inner_text()
    go(page, "shelf")
    page.click(".ask-articles li:has-text('Ey') .ask-remove")  # the articles of one file go together
    page.wait_for_function("document.querySelectorAll('.ask-articles > li').length === 3")
    page.click(".ask-remove")
    page.wait_for_function("document.querySelectorAll('.ask-articles > li').length === 2")


def test_how_far_the_indexing_is_stands_below_the_files(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "bells.csv"
    rows = [f"Bell {year},The bell of {year} was cast for the chapel of town {year}." for year in range(1801, 1821)]
    table.write_text("\n".join(["title,text", *rows]), encoding="utf-8")
    seen, update = threading.Event(), OwnArticles.update

    def wait(self: OwnArticles, progress: Progress) -> Report:
        progress("embedding", 1234, 5000)
        seen.wait(20)
        return update(self, progress)

    monkeypatch.setattr(OwnArticles, "update", wait)
    go(page, "shelf")
    page.set_input_files(".ask-files >> nth=0", [table])
    page.wait_for_selector(".ask-so-far")
    assert page.locator(".ask-so-far").inner_text() == "1,234 sentences indexed so far"
    assert page.locator(".ask-so-far").get_attribute("aria-hidden") == "true"
    seen.set()
    page.wait_for_selector(".ask-progress li[data-kind=done]")
    assert page.locator(".ask-progress li").all_inner_texts() == ["bells.csv\nready to be asked about: 20 articles"]
    monkeypatch.undo()
    page.locator(".ask-remove").first.click()
    page.wait_for_function("document.querySelectorAll('.ask-articles > li').length === 2")


def test_a_folder_is_dropped(page: Any) -> None:
    go(page, "shelf")
    page.evaluate(
        """(text) => {
          const file = new File([text], "bell.md", { type: "text/markdown" });
          const entry = { isFile: true, fullPath: "/notes/deep/bell.md", file: (done) => done(file) };
          let given = false;
          const reader = { readEntries: (done) => { done(given ? [] : [entry]); given = true; } };
          const folder = { isFile: false, fullPath: "/notes", createReader: () => reader };
          const event = new Event("drop", { bubbles: true, cancelable: true });
          event.dataTransfer = { items: [{ webkitGetAsEntry: () => folder }] };
          document.querySelector(".ask-drop").dispatchEvent(event);
        }""",
        OWN,
    )
    page.wait_for_selector(".ask-progress li[data-kind=done]")
    assert page.locator(".ask-progress bdi").inner_text() == "notes/deep/bell.md"
    page.click(".ask-remove")
    page.wait_for_function("document.querySelectorAll('.ask-articles > li').length === 2")


def test_nothing_can_be_added_where_it_is_not_allowed(chromium: Any, assistant: Assistant) -> None:
    closed = Served(assistant, "Closed")
    try:
        with reading(chromium, closed) as page:
            go(page, "shelf")
            page.wait_for_selector(".ask-articles")
            assert page.locator(".ask-drop, .ask-files, .ask-remove").count() == 0
    finally:
        closed.close()
