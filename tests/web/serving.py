"""A chat on a free port, and what a reader does in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from askoctober.web.server import create_app, listen


class Served:
    """A chat on a free port, in a thread."""

    def __init__(self, assistant: Any, shelf_title: str, **options: Any) -> None:
        import uvicorn

        self.assistant = assistant
        self.socket = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"
        examples = ["Who voted against the insurrection?"]
        app = create_app(self.assistant, shelf_title=shelf_title, examples=examples, **options)
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self.thread.start()

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        self.socket.close()


@contextmanager
def reading(chromium: Any, served: Served, **context: Any) -> Iterator[Any]:
    """An open page of a reader of their own; at the end nothing went wrong and no other host was asked."""
    made = chromium.new_context(**({"viewport": {"width": 1280, "height": 800}} | context))
    page = made.new_page()
    page.set_default_timeout(20_000)
    page.problems, page.hosts = [], set()
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda line: page.problems.append(line.text) if line.type == "error" else None)
    page.on("request", lambda sent: page.hosts.add(sent.url.split("/")[2]) if "://" in sent.url else None)
    visit(page, served.url)
    yield page
    assert page.problems == []
    assert {host for host in page.hosts if not host.startswith("127.0.0.1:")} == set()
    assert served.url.split("/")[2] in page.hosts
    made.close()


def visit(page: Any, url: str) -> None:
    page.goto(url)
    page.wait_for_selector("body[data-ready]", state="attached")


def put(page: Any, question: str) -> None:
    page.fill("#ask-box textarea", question)
    page.press("#ask-box textarea", "Enter")


def ask(page: Any, question: str) -> None:
    put(page, question)
    page.wait_for_function(
        "(asked) => { const turn = document.querySelector('#ask-live .ask-turn');"
        " return turn && turn.querySelector('.ask-question').innerText === asked"
        " && ['done', 'failed', 'stopped'].includes(turn.dataset.stage); }",
        arg=question,
    )
    page.wait_for_selector("#ask-ask:visible")


def seen_in_pane(page: Any) -> bool:
    mark = page.locator("mark.ask-quote").first.bounding_box()
    body = page.locator(".ask-pane-body").bounding_box()
    if mark is None or body is None:  # the pane is drawn anew at this moment, at a quote like the one before
        page.locator("mark.ask-quote").first.wait_for(state="visible")
        mark = page.locator("mark.ask-quote").first.bounding_box()
        body = page.locator(".ask-pane-body").bounding_box()
    top, bottom = mark["y"], mark["y"] + mark["height"]
    return bool(body["y"] <= top and bottom <= body["y"] + body["height"] and body["x"] <= mark["x"])
