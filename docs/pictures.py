"""Take every picture of the web chat: it is served on a free port, asked, and photographed in its states.

python docs/pictures.py [--quick] [FOLDER]

FOLDER is docs/img where none is given. With --quick no language model is loaded: a stub writes the first sentences of
what it is given to read. Needs chromium and an index (askoctober index).
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from askoctober import Assistant, Config, Retriever
from askoctober.building import build
from askoctober.types import Message, Piece
from askoctober.web.own import OwnArticles
from askoctober.web.server import create_app, listen

WAIT_MS = 120_000
COLOURS = 160
"""In a picture's palette: enough for type on paper, at a third of the size."""
LARGEST_BYTES = 250_000
WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
QUESTION = "Who voted against the insurrection?"
FOLLOW_UP = "And why did they oppose it?"
REWRITTEN = "Why did Zinoviev and Kamenev oppose the insurrection?"
UNANSWERED = "Who directed the film October?"
DIFFER = "How many lamps did the lighthouse of Gull Rock have?"
DIFFERING = {
    "keepers.md": """\
---
title: Keepers of the northern lights
author: E. Marsh
publisher: Coast Papers
date: 1998-04-02
---
The lighthouse of Gull Rock had 240 lamps. Anna Holm, its first keeper, trimmed them every four hours for thirty \
years, and her daughter kept them after her.
""",
    "survey.md": """\
---
title: A survey of the sound
author: P. Lindqvist
publisher: Harbour Office
date: 1903-11-20
---
The lighthouse of Gull Rock had 310 lamps. Seen from the ferry they were one steady light, which the pilots of the \
sound took for their mark in every weather.
""",
    "ferry.md": """\
---
title: The ferry of Holm Sound
---
The first ferry crossed Holm Sound in June 1902. It carried forty passengers and six horses. A bridge ended it in 1964.
""",
}
"""A shelf of which two articles give different figures."""
OWN = {
    "the-bell.md": "# The bell of Gull Rock\n\nThe fog bell was cast by Peter Lindqvist in 1880. It rang every twenty "
    "seconds.\n",
    "notes/empty.txt": "",
}
"""Articles of a reader's own: one that can be read and one that cannot."""


@dataclass
class Quoting:
    """A stand-in for the language model: it writes the first sentences it was given to read, slowly enough to see."""

    name: str = "qwen2.5-coder-1.5b-instruct"
    pause: float = 0.04

    def generate(self, messages: Sequence[Message], *, grammar: str = "", max_tokens: int = 256) -> Iterator[Piece]:
        """Yield the first sentence of each of the first two excerpts; a follow-up question rewritten."""
        prompt = messages[-1]["content"]
        excerpts = re.findall(r"^\[(\d+)\] (.*?[.!?])(?:\s|$)", prompt, re.MULTILINE)
        reply = " ".join(f"{text} [{mark}]" for mark, text in excerpts[:2]) or REWRITTEN
        for piece in re.findall(r"\s*\S+", reply):
            time.sleep(self.pause)
            yield Piece(piece)
        yield Piece("", 100, 40, 50)

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Read in ten steps."""
        for done in range(1, 11):
            time.sleep(3 * self.pause)
            yield done * 60, 600

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        """Be sure of everything but the question that the shelf does not answer."""
        yes = 0.02 if UNANSWERED in messages[-1]["content"] else 0.98
        return {options[0]: yes} | {option: (1 - yes) / (len(options) - 1) for option in options[1:]}

    def close(self) -> None:
        """Free nothing."""


@contextmanager
def served(assistant: Assistant, **options: Any) -> Iterator[str]:
    """Serve a chat in a thread; the address of it."""
    import uvicorn

    with listen("127.0.0.1", 0) as bound:
        app = create_app(assistant, **options)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join(20)


class Camera:
    """Opens pages of a served chat and keeps pictures of them in a folder."""

    def __init__(self, browser: Any, folder: Path) -> None:
        self.browser = browser
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def reader(self, url: str, kept: dict[str, dict[str, str]] | None = None, **look: Any) -> Iterator[Page]:
        """A page of a reader of their own, who may already have what another kept in the browser."""
        context = self.browser.new_context(**({"locale": "en-GB"} | WIDE | look))
        for storage, items in (kept or {}).items():
            for name, value in items.items():
                context.add_init_script(f"{storage}.setItem({name!r}, {value!r})")
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(url)
        page.wait_for_selector("body[data-ready]", state="attached")
        if kept:
            page.wait_for_selector("[data-stage=done]")
        yield page
        context.close()

    def take(self, page: Page, name: str, settle_ms: int = 400) -> None:
        """Keep a picture of a page as a small PNG of few colours."""
        from PIL import Image

        page.wait_for_timeout(settle_ms)
        path = self.folder / f"{name}.png"
        page.screenshot(path=path)
        with Image.open(path) as image:
            few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        size = path.stat().st_size
        sys.stdout.write(f"{path}: {size // 1000} kB{', too large' if size > LARGEST_BYTES else ''}\n")
        sys.stdout.flush()


def put(page: Page, question: str) -> None:
    """Ask, without waiting for the answer."""
    page.fill("#ask-box textarea", question)
    page.press("#ask-box textarea", "Enter")
    page.wait_for_function(
        "(asked) => document.querySelector('#ask-live .ask-question')?.innerText === asked", arg=question
    )


def finish(page: Page) -> None:
    """Wait for the answer."""
    page.wait_for_selector("#ask-live [data-stage=done]")
    page.wait_for_selector("#ask-ask:visible")


def go(page: Page, view: str) -> None:
    """Turn to another page of the chat, and wait for its chart where it has one."""
    page.locator(f".ask-tab[data-view={view}]").click()
    page.mouse.move(2, 2)
    page.wait_for_selector(f"body[data-view={view}] .ask-page-title")
    page.wait_for_selector({"map": ".ask-plot .scatterlayer", "timeline": ".ask-dated"}.get(view, ".ask-articles"))


def open_source(page: Page) -> None:
    """Open the first source of the last answer at its quote."""
    page.locator("#ask-live .ask-cite").first.click()
    page.locator("mark.ask-quote").first.wait_for()
    page.mouse.move(2, 2)


def kept(page: Page) -> dict[str, dict[str, str]]:
    """What the browser keeps of a conversation, to be given to another reader."""
    return {name: dict(page.evaluate(f"Object.entries({name})")) for name in ("localStorage", "sessionStorage")}


def conversation(camera: Camera, url: str) -> dict[str, dict[str, str]]:
    """Take a conversation from its empty page on; what the browser kept of its first answer."""
    with camera.reader(url) as page:
        camera.take(page, "welcome")
        put(page, QUESTION)
        page.wait_for_selector(".ask-card-button")
        camera.take(page, "evidence", 100)
        page.wait_for_function("document.querySelector('.ask-draft')?.innerText.length > 30")
        camera.take(page, "writing", 0)
        finish(page)
        first = kept(page)
        open_source(page)
        camera.take(page, "answer", 1800)
        page.locator("#ask-live .ask-cite").first.hover()
        page.wait_for_selector(".ask-tip")
        camera.take(page, "preview")
        page.mouse.move(2, 2)
        put(page, FOLLOW_UP)
        finish(page)
        camera.take(page, "follow-up")
        page.click("[data-tool=new]")
        page.wait_for_selector(".ask-example")
        put(page, UNANSWERED)
        finish(page)
        camera.take(page, "declined")
        page.click("[data-tool=kept]")
        page.wait_for_selector("#ask-kept-dialog li")
        camera.take(page, "conversations")
        page.keyboard.press("Escape")
        page.click("[data-tool=settings]")
        page.wait_for_selector("#ask-settings-dialog select")
        camera.take(page, "settings")
    return first


def pages(camera: Camera, url: str, first: dict[str, dict[str, str]], suffix: str = "", **look: Any) -> None:
    """Take the pages beside the conversation."""
    with camera.reader(url, first, **look) as page:
        for view, name in (("shelf", "articles"), ("map", "map"), ("timeline", "timeline")):
            go(page, view)
            camera.take(page, name + suffix, 900)
        if suffix:
            return
        go(page, "shelf")
        page.locator(".ask-articles .ask-whole").first.click()
        page.wait_for_selector(".ask-reader")
        page.fill("#ask-within-box", "soviet")
        page.press("#ask-within-box", "Enter")
        camera.take(page, "article")


def looks(camera: Camera, url: str, first: dict[str, dict[str, str]]) -> None:
    """Take the answer and the welcome again: in the dark, on a phone, on a large screen, in other languages."""
    for name, look in (("dark", {"color_scheme": "dark"}), ("phone", PHONE)):
        with camera.reader(url, **look) as page:
            camera.take(page, f"welcome-{name}")
    with camera.reader(url, first, **PHONE) as page:
        camera.take(page, "answer-phone")
        open_source(page)
        camera.take(page, "source-phone", 1800)
    for name, look in (
        ("dark", {"color_scheme": "dark"}),
        ("large", {"viewport": {"width": 1920, "height": 1080}}),
        ("german", {"locale": "de-DE"}),
        ("russian", {"locale": "ru-RU"}),
    ):
        with camera.reader(url, first, **look) as page:
            open_source(page)
            camera.take(page, f"answer-{name}", 1800)


def own_articles(camera: Camera, url: str) -> None:
    """Take the page of articles when a reader has dropped two of their own."""
    with camera.reader(url) as page, tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, Path(name).name) for name in OWN]
        for path, text in zip(paths, OWN.values(), strict=True):
            path.write_text(text, encoding="utf-8")
        go(page, "shelf")
        page.set_input_files(".ask-files >> nth=0", paths)
        page.wait_for_selector(".ask-progress li[data-kind=done]")
        camera.take(page, "own-articles", 900)


def disagreement(camera: Camera, assistant: Assistant) -> None:
    """Take an answer from two articles that do not agree."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config(corpus=Path(folder, "corpus"), index=Path(folder, "index"))
        config.corpus.mkdir()
        for name, text in DIFFERING.items():
            (config.corpus / name).write_text(text, encoding="utf-8")
        build(config)
        differing = Assistant(Retriever.load(config.index, config), assistant.generator, config)
        with served(differing, shelf_title="Lights of the coast") as url:
            with camera.reader(url) as page:
                put(page, DIFFER)
                finish(page)
                first = kept(page)
                camera.take(page, "disagree")
            with camera.reader(url, first, color_scheme="dark") as page:
                camera.take(page, "disagree-dark")


def main() -> None:
    """Take them all."""
    given = [word for word in sys.argv[1:] if word != "--quick"]
    config = Config.load()
    quick = "--quick" in sys.argv
    assistant = (
        Assistant(Retriever.load(config.index, config), Quoting(), config) if quick else Assistant.load(config=config)
    )
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        camera = Camera(browser, Path(given[0] if given else "docs/img"))
        with served(assistant, own=OwnArticles(assistant, Path(folder), config)) as url:
            first = conversation(camera, url)
            looks(camera, url, first)
            pages(camera, url, first)
            pages(camera, url, first, "-dark", color_scheme="dark")
            pages(camera, url, first, "-phone", **PHONE)
            own_articles(camera, url)
        disagreement(camera, assistant)
        browser.close()
    assistant.close()


if __name__ == "__main__":
    main()
