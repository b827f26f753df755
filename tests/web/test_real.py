from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askoctober import Assistant, Config
from askoctober.building import build

from .serving import Served, put, seen_in_pane

pytestmark = [
    pytest.mark.browser,
    pytest.mark.llm,
    # The interface's own dependencies warn of each other's next versions.
    pytest.mark.filterwarnings("default"),
]

ROOT = Path(__file__).parents[2]
ANSWER_MS = 180_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, minilm: Path, qwen: Path) -> Iterator[Served]:
    config = Config(corpus=ROOT / "corpus", index=tmp_path_factory.mktemp("index"))
    build(config)
    assistant = Assistant.load(config=config)
    made = Served(assistant, "October 1917")
    yield made
    made.close()
    assistant.close()


def test_a_real_answer_streams_and_its_first_source_shows_the_quote(chromium: Any, served: Served) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(ANSWER_MS)
    page.goto(served.url)
    page.wait_for_selector(".ask-clock", state="attached")
    put(page, "Who voted against the insurrection?")
    page.wait_for_selector(".ask-card-button")
    page.wait_for_selector("#ask-live .ask-draft")
    page.wait_for_selector("[data-stage=done]")
    answer = page.locator("#ask-live .ask-answer").inner_text()
    assert "Zinoviev" in answer and "Kamenev" in answer
    page.locator("#ask-live .ask-cite").first.click()
    page.wait_for_selector("mark.ask-quote")
    assert seen_in_pane(page)
    quote = " ".join(page.locator("mark.ask-quote").all_inner_texts())
    texts = [article.text for article in served.assistant.retriever.store.articles()]
    assert any(" ".join(quote.split()) in " ".join(text.split()) for text in texts)
