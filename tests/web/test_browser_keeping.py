"""What lasts, in a real browser: conversations, exports, links, thumbs, settings; edited and continued questions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askoctober.evaluation.questions import read_questions

from .fakes import CARRIED, GARRISON, VOTED, FakeAssistant
from .serving import Served, ask, put, reading, visit

pytestmark = [
    pytest.mark.browser,
    # The interface's own dependencies warn of each other's next versions.
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture(scope="module")
def thumbs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept") / "feedback.jsonl"


@pytest.fixture(scope="module")
def served(thumbs: Path) -> Iterator[Served]:
    made = Served(FakeAssistant(0.02), "Test shelf", feedback=thumbs)
    yield made
    made.close()


@pytest.fixture
def page(chromium: Any, served: Served) -> Iterator[Any]:
    with reading(chromium, served, permissions=["clipboard-read", "clipboard-write"], locale="en-GB") as opened:
        yield opened


def act(page: Any, name: str) -> None:
    page.locator(f"#ask-live [data-act={name}]").first.click()


def open_kept(page: Any) -> Any:
    page.click("[data-tool=kept]")
    page.wait_for_selector("#ask-kept-dialog[open]")
    return page.locator("#ask-kept-dialog")


def saved(page: Any, button: Any) -> str:
    with page.expect_download() as download:
        button.click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def on_screen(page: Any) -> list[str]:
    """The sentences of all answers without their marks and signs, as they stand on the screen."""
    return page.evaluate(
        "[...document.querySelectorAll('.ask-sentence')].map((one) => { const copy = one.cloneNode(true);"
        " copy.querySelectorAll('button, .ask-support').forEach((part) => part.remove()); return copy.textContent; })"
    )


def test_a_conversation_survives_a_reload_and_goes_on(page: Any, served: Served) -> None:
    ask(page, "Who voted against?")
    ask(page, "And why?")
    before = page.locator(".ask-answer").all_inner_texts()
    page.reload()
    page.wait_for_selector("#ask-past .ask-turn")
    assert page.locator(".ask-answer").all_inner_texts() == before
    page.locator("#ask-live .ask-cite").first.click()
    page.wait_for_selector("mark.ask-quote")
    assert page.locator("mark.ask-quote").inner_text() == VOTED
    ask(page, "And then?")
    _, history = served.assistant.asked[-1]
    assert [message["content"] for message in history if message["role"] == "user"] == [
        "Who voted against?",
        "And why?",
    ]


def test_conversations_are_found_renamed_opened_and_deleted(page: Any) -> None:
    assert "Nothing is kept yet" in open_kept(page).inner_text()
    page.keyboard.press("Escape")
    ask(page, "Who voted against?")
    page.click("[data-tool=new]")
    page.wait_for_selector(".ask-example")
    ask(page, "What was the weather?")
    kept = open_kept(page)
    assert kept.locator(".ask-kept-name bdi").all_inner_texts() == ["What was the weather?", "Who voted against?"]
    kept.locator("input[type=search]").fill("GARRISON")
    assert kept.locator(".ask-kept-name bdi").all_inner_texts() == ["Who voted against?"]
    kept.locator("input[type=search]").fill("no such thing")
    assert "No conversation matches" in kept.inner_text()
    kept.locator("input[type=search]").fill("")

    kept.locator("[data-does=rename]").nth(1).click()
    kept.locator(".ask-rename input").fill("The vote <b>")
    page.keyboard.press("Enter")
    assert kept.locator(".ask-kept-name bdi").all_inner_texts() == ["What was the weather?", "The vote <b>"]
    kept.locator(".ask-kept-name").nth(1).click()
    page.wait_for_selector(".ask-cite")
    assert page.locator(".ask-question").all_inner_texts() == ["Who voted against?"]
    ask(page, "And why?")
    kept = open_kept(page)
    assert kept.locator(".ask-kept-name bdi").first.inner_text() == "The vote <b>"

    kept.locator("[data-does=delete]").nth(1).click()
    assert kept.locator(".ask-kept li").count() == 2, "asked once more"
    kept.locator("[data-does=delete]").nth(1).click()
    assert kept.locator(".ask-kept-name bdi").all_inner_texts() == ["The vote <b>"]


def test_exports_hold_what_was_on_the_screen(page: Any) -> None:
    ask(page, "Who voted against?")
    ask(page, "What was the weather?")
    kept = open_kept(page)
    record = json.loads(saved(page, kept.locator("[data-does=json]")))
    first, second = record["turns"]
    assert [sentence["text"] for sentence in first["sentences"]] == on_screen(page)
    assert [citation["quote"] for citation in first["citations"]] == [VOTED, CARRIED, GARRISON]
    assert all({"start", "end", "article"} <= citation.keys() for citation in first["citations"])
    assert second["declined"] and [turn["question"] for turn in record["turns"]] == [
        "Who voted against?",
        "What was the weather?",
    ]
    text = saved(page, kept.locator("[data-does=markdown]"))
    assert text.startswith("# Who voted against?")
    places = [text.index(words) for words in (*on_screen(page), "Sources", VOTED, "What was the weather?")]
    assert places == sorted(places)
    assert "The articles on this shelf do not say." in text and "Socialist Quarterly" in text


def test_a_link_asks_its_question_once(page: Any, served: Served) -> None:
    ask(page, "Who voted against? 100% & more")
    act(page, "link")
    page.wait_for_selector(".ask-toast[data-shown]")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{served.url}?q=Who+voted+against%3F+100%25+%26+more"
    before = len(served.assistant.asked)
    page.evaluate("sessionStorage.clear()")
    visit(page, link)
    page.wait_for_selector("#ask-live [data-stage=done]")
    assert served.assistant.asked[before:] == [("Who voted against? 100% & more", [])]
    page.reload()
    page.wait_for_selector("#ask-live [data-stage=done]")
    assert len(served.assistant.asked) == before + 1 and page.url == served.url


def test_an_edited_question_leaves_the_old_conversation_as_it_was(page: Any, served: Served) -> None:
    ask(page, "Who voted against?")
    ask(page, "And why?")
    page.locator("#ask-past [data-act=edit]").click()
    page.locator(".ask-edit textarea").fill("Who was there?")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#ask-live .ask-question')?.textContent === 'Who was there?'")
    page.wait_for_selector("#ask-live [data-stage=done]")
    assert page.locator(".ask-question").all_inner_texts() == ["Who was there?"]
    assert served.assistant.asked[-1] == ("Who was there?", [])
    kept = open_kept(page)
    assert kept.locator(".ask-kept-name bdi").all_inner_texts() == ["Who was there?", "Who voted against?"]
    kept.locator(".ask-kept-name").nth(1).click()
    page.wait_for_selector("#ask-past .ask-turn")
    assert page.locator(".ask-question").all_inner_texts() == ["Who voted against?", "And why?"]


def test_a_stopped_answer_goes_on(page: Any) -> None:
    put(page, "Who voted against?")
    page.wait_for_selector("#ask-live .ask-sentence")
    page.click("#ask-stop")
    page.wait_for_selector("[data-stage=stopped]")
    kept = on_screen(page)
    assert 1 <= len(kept) < 3
    page.reload()
    page.wait_for_selector("[data-stage=stopped]")
    assert on_screen(page) == kept
    act(page, "continue")
    page.wait_for_selector("#ask-live .ask-turn:not([data-stage=stopped])")
    assert on_screen(page)[: len(kept)] == kept, "what was checked stays in view"
    page.wait_for_selector("[data-stage=done]")
    assert len(on_screen(page)) == 3


def test_thumbs_become_questions_for_the_evaluation(page: Any, thumbs: Path) -> None:
    ask(page, "Who voted against?")
    act(page, "down")
    page.locator(".ask-word input").fill("It is\nincomplete “really”")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Thank you. It is kept on this computer.")
    assert page.locator("[data-act=down]").get_attribute("aria-pressed") == "true"
    asked = {question.question: question for question in read_questions(thumbs)}["Who voted against?"]
    assert asked.gold == ()
    last = json.loads(thumbs.read_text(encoding="utf-8").splitlines()[-1])
    assert (last["rating"], last["word"]) == ("down", "It is incomplete “really”")
    act(page, "up")
    page.wait_for_selector("[data-act=up][aria-pressed=true]")
    asked = {question.question: question for question in read_questions(thumbs)}["Who voted against?"]
    assert [gold.quote for gold in asked.gold] == [VOTED, CARRIED, GARRISON]


def test_settings_are_remembered_and_reach_the_assistant(page: Any, served: Served) -> None:
    ask(page, "Who voted against?")
    page.click("[data-tool=settings]")
    page.select_option("dialog [name=language]", "de")
    page.select_option("dialog [name=length]", "long")
    page.select_option("dialog [name=passages]", "12")
    page.click("dialog [type=submit]")
    page.wait_for_selector("html[lang=de]", state="attached")
    assert page.locator("#ask-ask").inner_text() == "Fragen"
    assert page.locator(".ask-foot").first.inner_text().startswith("Die Artikel")
    assert page.locator(".ask-question").all_inner_texts() == ["Who voted against?"]
    page.reload()
    page.wait_for_selector("html[lang=de]", state="attached")
    page.wait_for_selector("[data-act=retry]")
    ask(page, "And why?")
    config = served.assistant.configs[-1]
    assert (config.passages, config.evidence_tokens, config.answer_length) == (12, 600, "long")


def test_the_browsers_language_is_spoken(chromium: Any, served: Served) -> None:
    with reading(chromium, served, locale="ru-RU") as page:
        assert page.evaluate("document.documentElement.lang") == "ru"
        assert page.locator("#ask-box textarea").get_attribute("placeholder").startswith("Задайте")


def test_a_full_storage_is_told(page: Any) -> None:
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }; }")
    put(page, "Who voted against?")
    page.wait_for_selector("text=This browser keeps nothing")
    page.wait_for_selector("[data-stage=done]")
