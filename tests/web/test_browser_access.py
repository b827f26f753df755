"""For everyone, in a real browser: keyboard alone, names, roles, announcements, contrast, small and zoomed screens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from askoctober import Assistant, Config, Retriever
from askoctober.building import build
from askoctober.types import Encoder
from askoctober.web.own import OwnArticles
from fakes import FakeGenerator

from .serving import Served, ask, put, reading, seen_in_pane

pytestmark = [
    pytest.mark.browser,
    # The interface's own dependencies warn of each other's next versions.
    pytest.mark.filterwarnings("default"),
]

LAMP = """\
---
title: The lamp of Gull Rock
author: E. Marsh
date: 1998-04-02
---
## How it burned

The lamp of Gull Rock was lit in 1874. It burned rape oil until 1909. The keepers trimmed it every four hours.

## What it cost

A year of oil cost ninety crowns in 1880. The keepers were paid twice a year, in March and in September.
"""
QUESTION = "What did the lamp of Gull Rock burn?"
ANSWER = "It burned rape oil until 1909."


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("shelf")
    config = Config(corpus=folder / "corpus", index=folder / "index")
    config.corpus.mkdir()
    (config.corpus / "lamp.md").write_text(LAMP, encoding="utf-8")
    build(config, encoder=encoder)
    replies = [f"{ANSWER} [1] The keepers trimmed it every four hours. [1]"]
    assistant = Assistant(Retriever.load(config.index, config), FakeGenerator(replies, yes=0.99), config)
    own = OwnArticles(assistant, folder / "own", config)
    made = Served(assistant, "Lamps", own=own)
    yield made
    made.close()


def asked(page: Any) -> None:
    ask(page, QUESTION)
    page.locator(".ask-cite").first.click()
    page.wait_for_selector("mark.ask-quote")


def declined(page: Any) -> None:
    ask(page, "Welche Lampe brannte auf dem Felsen im Meer?")


def edited(page: Any) -> None:
    ask(page, QUESTION)
    page.click("[data-act=down]")
    page.wait_for_selector(".ask-word")
    page.click("[data-act=edit]")


def viewed(view: str, selector: str) -> Callable[[Any], None]:
    def show(page: Any) -> None:
        page.click(f".ask-tab[data-view={view}]")
        page.wait_for_selector(selector)

    return show


def read(page: Any) -> None:
    viewed("shelf", ".ask-articles")(page)
    page.click(".ask-articles .ask-whole")
    page.wait_for_selector(".ask-reader")


def opened(tool: str) -> Callable[[Any], None]:
    def show(page: Any) -> None:
        ask(page, QUESTION)
        page.click(f"[data-tool={tool}]")
        page.wait_for_selector("dialog[open]")

    return show


STATES: dict[str, Callable[[Any], None]] = {
    "welcome": lambda page: None,
    "answer": asked,
    "declined": declined,
    "edited": edited,
    "articles": viewed("shelf", ".ask-articles"),
    "reader": read,
    "map": viewed("map", ".ask-plot .scatterlayer"),
    "timeline": viewed("timeline", ".ask-plot .scatterlayer"),
    "conversations": opened("kept"),
    "settings": opened("settings"),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_that_is_more_than_minor(chromium: Any, served: Served, state: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with reading(chromium, served, color_scheme=scheme, reduced_motion="reduce") as page:
        STATES[state](page)
        page.wait_for_timeout(300)
        found = axe.run(page).response["violations"]
        assert {one["id"]: [node["target"] for node in one["nodes"]] for one in found if one["impact"] != "minor"} == {}


def test_the_keyboard_alone_does_everything(chromium: Any, served: Served) -> None:
    with reading(chromium, served) as page:

        def tab_to(selector: str, key: str = "Tab") -> None:
            for _ in range(80):
                if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
                    return
                page.keyboard.press(key)
            raise AssertionError(f"{selector} was not reached")

        tab_to("#ask-box textarea")
        page.keyboard.type(QUESTION)
        page.keyboard.press("Enter")
        page.wait_for_selector("#ask-live [data-stage=done]")
        tab_to(".ask-cite", "Shift+Tab")
        page.wait_for_selector("[role=tooltip]")
        assert ANSWER in page.locator("[role=tooltip]").inner_text()
        assert page.locator(".ask-cite").last.get_attribute("aria-describedby") == "ask-tip"
        page.keyboard.press("Escape")
        assert page.locator("[role=tooltip]").count() == 0
        page.keyboard.press("Enter")
        page.wait_for_selector("mark.ask-quote")
        assert seen_in_pane(page)
        assert page.evaluate("document.activeElement.className") == "ask-pane-body"
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.matches('.ask-cite')")

        tab_to("[data-tool=settings]", "Shift+Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog[open]")
        assert page.evaluate("document.activeElement.closest('dialog') !== null")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog[open]", state="detached")
        assert page.evaluate("document.activeElement.dataset.tool") == "settings"

        tab_to(".ask-tab[data-view=timeline]", "Shift+Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector(".ask-dated")
        tab_to(".ask-dated")
        page.keyboard.press("Enter")
        page.wait_for_selector("mark.ask-quote:has-text('1874')")
        page.wait_for_function("document.activeElement.className === 'ask-pane-body'")
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.matches('.ask-dated')")

        tab_to("[data-tool=new]", "Shift+Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector(".ask-welcome")
        assert page.evaluate("document.activeElement.matches('#ask-box textarea')")


def test_the_answer_is_announced_once(chromium: Any, served: Served) -> None:
    with reading(chromium, served) as page:
        ask(page, QUESTION)
        log = page.locator("[role=log]")
        said = log.locator("p").all_inner_texts()
        assert len(said) == page.locator("#ask-live .ask-sentence").count() and said[0].startswith(ANSWER)
        assert page.locator(".ask-status").get_attribute("role") == "status"
        page.locator(".ask-cite").first.click()
        page.wait_for_selector("mark.ask-quote")
        assert log.locator("p").all_inner_texts() == said
        assert page.evaluate("document.querySelector('.ask-clock').getAttribute('aria-hidden')") == "true"


def test_motion_is_reduced_where_it_is_asked_for(chromium: Any, served: Served) -> None:
    with reading(chromium, served, reduced_motion="reduce") as page:
        put(page, QUESTION)
        page.wait_for_selector("#ask-live .ask-turn")
        moving = page.evaluate(
            "[...document.querySelectorAll('[id^=ask-] *')].filter((one) => { const style = getComputedStyle(one);"
            " return style.animationName !== 'none' || !/^(0s(, )?)+$/.test(style.transitionDuration); })"
            ".map((one) => one.className)"
        )
        assert moving == []


@pytest.mark.parametrize(("width", "height", "scale"), [(360, 740, 1), (640, 400, 2), (768, 1024, 1), (1920, 1080, 1)])
@pytest.mark.parametrize("state", STATES)
def test_everything_fits(chromium: Any, served: Served, state: str, width: int, height: int, scale: int) -> None:
    """At 360 and 1920 pixels, and at 1280 by 800 zoomed to 200 %, which is a page of 640 by 400."""
    with reading(chromium, served, viewport={"width": width, "height": height}, device_scale_factor=scale) as page:
        STATES[state](page)
        page.wait_for_timeout(350)
        wide = page.evaluate(
            "(parts) => [document.documentElement, ...document.querySelectorAll(parts)]"
            ".filter((one) => one.scrollWidth > one.clientWidth + 1)"
            ".map((one) => one.id || one.className || one.tagName)",
            "#ask-scroll, #ask-page, .ask-pane-body, dialog[open]",
        )
        assert wide == []
        if state == "answer":
            assert seen_in_pane(page)
