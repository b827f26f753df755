from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from askoctober.errors import ConfigError
from askoctober.web.server import listen

from .fakes import ARTICLES, IMAGE, RUPTURE, SCRIPT, VOTED, FakeAssistant
from .serving import Served, ask, put, reading, seen_in_pane, visit

pytestmark = [
    pytest.mark.browser,
    # The interface's own dependencies warn of each other's next versions.
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    made = Served(FakeAssistant(0.02), "Test <shelf>")
    yield made
    made.close()


@pytest.fixture
def page(chromium: Any, served: Served, request: pytest.FixtureRequest) -> Iterator[Any]:
    width, height = getattr(request, "param", (1280, 800))
    with reading(chromium, served, viewport={"width": width, "height": height}) as opened:
        yield opened


def test_draft_becomes_checked_sentences_and_a_citation_opens_its_source(page: Any, served: Served) -> None:
    put(page, "Who voted against?")
    page.wait_for_selector("#ask-live .ask-draft")
    assert page.locator(".ask-cards .ask-card-button").count() == 4
    assert page.locator("#ask-stop").is_visible()
    page.wait_for_selector("[data-stage=done]")
    assert "Draft:" not in page.locator("#ask-live").inner_text()
    assert page.locator("#ask-live .ask-cite").all_inner_texts() == ["1", "2", "3"]
    assert page.locator(".ask-status").inner_text() == "Answer ready: 3 sentences, 3 sources."
    assert page.locator("#ask-box textarea").input_value() == ""

    page.locator(".ask-cite").first.click()
    page.wait_for_selector("mark.ask-quote")
    assert page.locator("mark.ask-quote").all_inner_texts() == [VOTED]
    assert page.locator("mark.ask-other").count() == 2
    assert seen_in_pane(page)

    page.locator(".ask-cite").nth(2).focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('mark.ask-quote').textContent.startsWith('Trotsky')")
    assert seen_in_pane(page)
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Source 3:")


def test_a_late_passage_is_scrolled_into_view(page: Any) -> None:
    ask(page, "Who voted against?")
    words = RUPTURE[RUPTURE.index("In the tenth days") :][:60]
    start = RUPTURE.index(words)
    page.evaluate(
        "([start, end]) => { const cite = document.querySelector('.ask-cite');"
        " cite.dataset.start = start; cite.dataset.end = end; cite.click(); }",
        [start, start + len(words)],
    )
    page.wait_for_selector("mark.ask-quote")
    assert page.locator(".ask-pane-body").evaluate("(body) => body.scrollTop") > 300
    assert page.locator("mark.ask-quote").inner_text() == words
    assert seen_in_pane(page)


def test_decline_is_a_card_whose_passages_open(page: Any) -> None:
    ask(page, "What was the weather?")
    assert page.locator(".ask-declined .ask-answer").inner_text() == "The articles on this shelf do not say."
    page.locator(".ask-declined .ask-card-button").first.click()
    page.wait_for_selector("mark.ask-quote")
    assert seen_in_pane(page)


def test_stop_keeps_what_is_checked(page: Any, served: Served) -> None:
    closed = served.assistant.closed
    put(page, "Who voted against?")
    page.wait_for_selector("#ask-live .ask-sentence")
    page.click("#ask-stop")
    page.wait_for_selector("[data-stage=stopped]")
    page.wait_for_selector("#ask-ask:visible")
    kept = page.locator("#ask-live .ask-sentence").count()
    assert 1 <= kept < 3 and page.locator("#ask-live .ask-draft").count() == 0
    assert page.locator("#ask-live .ask-tag").last.inner_text() == "stopped"
    deadline = time.monotonic() + 5
    while served.assistant.closed == closed and time.monotonic() < deadline:
        time.sleep(0.05)
    assert served.assistant.closed == closed + 1
    page.wait_for_timeout(500)
    assert page.locator("#ask-live .ask-turn").get_attribute("data-stage") == "stopped"
    assert page.locator("#ask-live .ask-sentence").count() == kept


def test_follow_up_ask_again_and_begin_anew(page: Any, served: Served) -> None:
    put(page, "   ")
    page.wait_for_timeout(1000)
    assert page.locator("#ask-live .ask-turn").count() == 0
    page.locator(".ask-example").first.click()
    page.wait_for_selector("[data-stage=done]")
    page.wait_for_selector("#ask-ask:visible")
    assert served.assistant.asked[-1] == ("Who voted against the insurrection?", [])
    ask(page, "And why?")
    question, history = served.assistant.asked[-1]
    assert question == "And why?"
    assert [message["role"] for message in history] == ["user", "assistant"]
    assert history[0]["content"] == "Who voted against the insurrection?" and "[1]" in history[1]["content"]
    assert page.locator(".ask-searched").inner_text() == "Searched for: And why? (about the vote)"
    assert page.locator("#ask-past .ask-turn").count() == 1

    before = len(served.assistant.asked)
    page.locator("#ask-live [data-act=retry]").click()
    page.wait_for_selector("#ask-stop:visible")
    page.wait_for_selector("#ask-live [data-stage=done]")
    assert served.assistant.asked[before:] == [(question, history)]

    page.locator("#ask-live .ask-cite").first.click()
    page.wait_for_selector("mark.ask-quote")
    page.click("[data-tool=new]")
    page.wait_for_selector(".ask-example")
    page.wait_for_function("!document.querySelector('.ask-pane-body .ask-article')")
    assert page.locator(".ask-turn").count() == 0
    ask(page, "Who voted against?")
    assert served.assistant.asked[-1] == ("Who voted against?", [])


def test_two_readers_do_not_mix(page: Any, chromium: Any, served: Served) -> None:
    ask(page, "Who voted against?")
    context = chromium.new_context()
    other = context.new_page()
    visit(other, served.url)
    assert other.locator(".ask-turn").count() == 0
    ask(other, "Who was there?")
    assert served.assistant.asked[-1] == ("Who was there?", [])
    assert page.locator(".ask-question").all_inner_texts() == ["Who voted against?"]
    context.close()


def test_the_model_serves_one_reader_at_a_time_and_sources_open_meanwhile(
    page: Any, chromium: Any, served: Served
) -> None:
    context = chromium.new_context()
    other = context.new_page()
    visit(other, served.url)
    put(page, "Who voted against?")
    page.wait_for_selector(".ask-card-button")
    put(other, "Who was there?")
    # What is found is shown while another is being answered.
    other.wait_for_selector(".ask-card-button")
    assert other.locator(".ask-status").inner_text() == "Waiting: 1 reader comes first"
    page.locator(".ask-card-button").first.click()
    page.wait_for_selector("mark.ask-quote")
    other.wait_for_selector("[data-stage=done]")
    assert page.locator("[data-stage=done]").count() == 1
    context.close()


def test_hostile_article_runs_nothing_and_reads_as_written(page: Any) -> None:
    ask(page, "Show the hostile one")
    assert SCRIPT in page.locator(".ask-answer").inner_text()
    assert "{{value}} and ${value}" in page.locator(".ask-answer").inner_text()
    for number, quote in enumerate((SCRIPT, IMAGE)):
        page.locator(".ask-cite").nth(number).click()
        page.wait_for_function("(quote) => document.querySelector('mark.ask-quote')?.textContent === quote", arg=quote)
    page.locator(".ask-back").click()
    page.locator(".ask-shelf-item").nth(1).click()
    page.wait_for_selector(".ask-article")
    assert page.locator(".ask-article-title").inner_text() == ARTICLES[1].title
    assert page.evaluate("window.hacked") is None
    assert page.locator("#ask-pane img, #ask-pane script, #ask-scroll img, #ask-pane a").count() == 0


def test_errors_are_one_line(page: Any) -> None:
    ask(page, "a long one")
    assert page.locator(".ask-error").inner_text() == "The question is too long; ask in at most 2,000 characters."
    ask(page, "a crash")
    assert page.locator("#ask-live .ask-error").inner_text() == "Something went wrong; the terminal says more."


@pytest.mark.parametrize("page", [(360, 740), (768, 1024), (1920, 1080)], indirect=True)
def test_nothing_is_wider_than_the_screen(page: Any) -> None:
    def fits() -> bool:
        inner = "['#ask-scroll', '.ask-pane-body'].every((s) => { const e = document.querySelector(s); "
        inner += "return e.scrollWidth <= e.clientWidth; })"
        return bool(page.evaluate(f"document.documentElement.scrollWidth <= innerWidth && {inner}"))

    assert fits()
    ask(page, "Show the hostile one")
    assert fits()
    page.locator(".ask-cite").first.click()
    page.wait_for_selector("mark.ask-quote")
    page.wait_for_timeout(400)
    assert fits() and seen_in_pane(page)
    if page.viewport_size["width"] < 800:
        page.locator(".ask-close").click()
        page.wait_for_function("getComputedStyle(document.getElementById('ask-pane')).visibility === 'hidden'")
        page.locator(".ask-shelf-button").click()
        page.wait_for_selector(".ask-shelf-item:visible")
        page.keyboard.press("Escape")
        page.wait_for_function("getComputedStyle(document.getElementById('ask-pane')).visibility === 'hidden'")
        assert page.evaluate("document.activeElement.className") == "ask-shelf-button"


def test_no_page_names_another_host_for_loading(page: Any) -> None:
    links = page.evaluate("[...document.querySelectorAll('link[href], script[src]')].map((e) => e.href || e.src)")
    assert links and {link.split("/")[2] for link in links} == page.hosts
    assert page.locator("footer:visible").count() == 0
    assert page.title() == "Test <shelf> · askoctober"


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"127\.0\.0\.1:{port} .*--port or ASKOCTOBER_PORT\.$"):
            listen("127.0.0.1", port)
    with pytest.raises(ConfigError, match="--host"):
        listen("no.such.host.invalid", 7860)
    with listen("127.0.0.1", 0) as bound:
        assert bound.getsockname()[0] == "127.0.0.1"
