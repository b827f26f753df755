"""The script that draws the figures, in a browser on a bare page: colours, clicks, names, and no other host."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any

import pytest

from askoctober.types import Hit
from askoctober.web.charts.dating import find_dated
from askoctober.web.charts.mapping import map_figure
from askoctober.web.charts.projection import project
from askoctober.web.charts.timeline import timeline_figure

from .shelf import MemoryStore, PlainStore, say

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror='window.hacked=1'> <a href='javascript:window.hacked=2'>link</a> &amp;"
PAGE = """<!doctype html><html lang="de"><meta charset="utf-8"><title>t</title><link rel="icon" href="data:,"><style>
:root { --ask-ink: #112233; --ask-quiet: #445566; --ask-line: #ddd6c9; --ask-surface: #fffdfa; --ask-accent: #9a2a1f }
@media (prefers-color-scheme: dark) { :root { --ask-ink: #ebe6de; --ask-surface: #201e1c; --ask-accent: #f0998a } }
#plot { height: 420px }</style><div id="plot"></div>
<script type="module">import * as figures from "./figures.js"; window.figures = figures; window.opened = [];</script>"""
DRAW = """async (figure) => { await window.figures.draw(document.getElementById("plot"), figure, {
  open: (...place) => window.opened.push(place), plotlyUrl: "plotly.min.js", label: "A <map>" }); }"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    import plotly

    files = {
        "/": (PAGE.encode(), "text/html"),
        "/figures.js": (
            resources.files("askoctober").joinpath("web/static/figures.js").read_bytes(),
            "text/javascript",
        ),
        "/plotly.min.js": (
            resources.files(plotly).joinpath("package_data/plotly.min.js").read_bytes(),
            "text/javascript",
        ),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, kind = files.get(self.path, (b"", "text/plain"))
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def draw(chromium: Any, address: str) -> Iterator[Callable[[dict[str, Any]], Any]]:
    context = chromium.new_context(viewport={"width": 1000, "height": 700})
    page = context.new_page()
    page.set_default_timeout(20_000)
    problems, asked = [], set()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type in ("error", "warning") else None)
    page.on("request", lambda sent: asked.add(sent.url))
    page.goto(address)
    page.wait_for_function("window.figures")

    def put(figure: dict[str, Any]) -> Any:
        page.evaluate(DRAW, json.loads(json.dumps(figure)))
        return page

    yield put
    assert problems == []
    assert {url for url in asked if not url.startswith("data:")} == {
        address,
        f"{address}figures.js",
        f"{address}plotly.min.js",
    }
    context.close()


def a_map(title: str = "Title") -> dict[str, Any]:
    store = PlainStore([6, 5], title=title)
    hits = [Hit(store.chunk(row), 1.0, rank) for rank, row in enumerate((2, 7), start=1)]
    return map_figure(store, project(store), say, question=f"Why {title}?", hits=hits, cited=[("a000", 0, 400)])


def fill(page: Any, selector: str) -> str:
    return str(page.locator(selector).first.evaluate("(it) => getComputedStyle(it).fill"))


def test_a_point_opens_its_passage_and_the_picture_has_a_name(draw: Callable[..., Any]) -> None:
    page = draw(a_map())
    assert page.locator("svg[role=img]").get_attribute("aria-label") == "A <map>"
    assert page.locator("#plot .trace.scatter").count() == 5
    box = page.locator("#plot .trace.scatter").nth(2).locator("path.point").first.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 11)
    page.mouse.click(box["x"] + 5, box["y"] + 11)
    page.wait_for_function("window.opened.length")
    assert page.evaluate("window.opened") == [a_map()["data"][2]["customdata"][0]]
    names = [button.get_attribute("aria-label") for button in page.locator(".modebar-btn").all()]
    assert len(names) == 5 and all(names)


def test_colours_are_those_of_the_page_by_day_and_by_night(draw: Callable[..., Any]) -> None:
    page = draw(a_map())
    assert fill(page, "#plot .legendtext") == "rgb(17, 34, 51)"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "getComputedStyle(document.querySelector('#plot .legendtext')).fill === 'rgb(235, 230, 222)'"
    )
    assert page.locator("svg[role=img]").count() == 1


def test_titles_are_text(draw: Callable[..., Any]) -> None:
    page = draw(a_map(HOSTILE))
    assert page.locator("#plot a, #plot img").count() == 0
    assert "<img src=x" in page.locator("#plot .legendtext").first.text_content()
    assert page.evaluate("window.hacked") is None


def test_the_timeline_speaks_the_pages_language_and_fits_a_phone(draw: Callable[..., Any]) -> None:
    texts = [f"On {day} {month} 1917 it rained." for month in ("March", "May", "October") for day in (3, 9, 20)]
    page = draw(timeline_figure(find_dated(MemoryStore({"a": " ".join(texts) + " In 1917 it rained."})), say))
    assert "Mai" in page.locator("#plot .xaxislayer-above").text_content()
    page.set_viewport_size({"width": 360, "height": 700})
    page.wait_for_function("document.querySelector('#plot .main-svg').getBoundingClientRect().width < 361")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("#plot path.point").count() == 9


def test_drawing_again_replaces_and_purging_leaves_nothing(draw: Callable[..., Any]) -> None:
    page = draw(a_map())
    page.evaluate(f"(figure) => Promise.all([({DRAW})(figure), ({DRAW})(figure)])", a_map())
    assert page.locator("#plot svg[role=img]").count() == 1
    page.evaluate("window.figures.purge(document.getElementById('plot'))")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 500, "height": 700})
    page.wait_for_timeout(200)
    assert page.locator("#plot > *").count() == 0
    assert page.evaluate("document.querySelectorAll('script[src]').length") == 1
