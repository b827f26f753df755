"""The guards in a browser: the chat obeys its policy, other sites can do nothing with it, the password opens it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from askoctober import Assistant, Retriever
from askoctober.index import LocalStore
from askoctober.web.guarding import LOOPBACK, Rules
from encoders import HashEncoder
from fakes import FakeGenerator
from shelves import build_from, config_of

from ..fakes import FakeAssistant
from ..serving import ask, put, visit
from .guarded import PASSWORD, SECRET, Guarded, guarded

pytestmark = [
    pytest.mark.browser,
    # The interface's own dependencies warn of each other's next versions.
    pytest.mark.filterwarnings("default"),
]

HEARD = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
SENTENCE = "The tower on Gull Rock was begun in May 1871 and lit on 3 October 1874."
SHELF = {
    "light.md": f"# The light on Gull Rock\n\n{SENTENCE} Its first keeper was Anna Holm, who stayed for thirty years.",
    "ferry.md": "# The ferry\n\nThe first ferry crossed Holm Sound in June 1902. A bridge ended it in 1964.",
}
HANDLER = "document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\" onerror=\"window.hacked = 7\">')"
SCRIPT = """
const script = document.createElement('script');
script.textContent = 'window.hacked = 8';
document.body.append(script);
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("shelf")
    build_from(folder, SHELF)
    config = config_of(folder)
    store = LocalStore.open(config.index)
    retriever = Retriever(store, HashEncoder())
    assistant = Assistant(retriever, FakeGenerator([f"{SENTENCE} [1]"], yes=0.99), config)
    with guarded(Rules(secret=SECRET), assistant=assistant) as chat:
        yield chat
    store.close()


@contextmanager
def reading(chromium: Any, **context: Any) -> Iterator[Any]:
    """A page of a reader of their own, which hears what the policy forbids."""
    made = chromium.new_context(**context)
    made.add_init_script(HEARD)
    page = made.new_page()
    page.set_default_timeout(20_000)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda line: page.problems.append(line.text) if line.type == "error" else None)
    yield page
    made.close()


def test_the_password_opens_a_chat_that_obeys_its_policy(chromium: Any, served: Guarded) -> None:
    with reading(chromium, locale="de-DE") as page:
        page.goto(served.url)
        assert page.locator("h1").inner_text() == "Dieser Chat verlangt ein Passwort"
        page.get_by_label("Passwort").fill("falsch geraten")
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()
        page.get_by_label("Passwort").fill(PASSWORD)
        page.get_by_role("button").click()
        page.wait_for_selector("body[data-ready]", state="attached")
        page.problems.clear()  # a browser counts the 401 before
        assert page.context.cookies()[0]["httpOnly"] and page.evaluate("document.cookie") == ""

        visit(page, served.url)
        ask(page, "When was the tower on Gull Rock lit?")
        page.locator("#ask-live .ask-cite").first.click()
        page.wait_for_selector("mark.ask-quote")
        for view, drawn in (("shelf", ".ask-articles"), ("map", ".js-plotly-plot"), ("timeline", ".js-plotly-plot")):
            page.click(f".ask-tab[data-view={view}]")
            page.wait_for_selector(f"body[data-view={view}] {drawn}")
        page.click("[data-tool=settings]")
        page.wait_for_selector(".ask-settings")
        page.keyboard.press("Escape")
        page.wait_for_timeout(500)
        assert page.evaluate("window.violations") == [] and page.problems == []


def test_no_script_runs_but_those_of_the_chat(chromium: Any) -> None:
    with guarded(Rules(), hosts=LOOPBACK) as served, reading(chromium) as page:
        visit(page, served.url)
        ask(page, "Say something hostile")
        page.locator("#ask-live .ask-cite").first.click()
        page.wait_for_selector("mark.ask-quote")
        page.wait_for_timeout(300)
        assert page.evaluate("window.violations") == [] and page.evaluate("window.hacked") is None
        # What would get past the escaping is stopped by the policy.
        page.evaluate(HANDLER)
        page.evaluate(SCRIPT)
        page.wait_for_function("window.violations.length == 2")
        assert page.evaluate("window.hacked") is None
        assert {said.split()[0] for said in page.evaluate("window.violations")} == {
            "script-src-attr",
            "script-src-elem",
        }


def test_a_chat_that_is_asked_too_often_says_so(chromium: Any) -> None:
    elsewhere = {"X-Forwarded-For": "203.0.113.9"}
    with (
        guarded(Rules(is_open=True, questions=1)) as served,
        reading(chromium, extra_http_headers=elsewhere) as page,
    ):
        visit(page, served.url)
        ask(page, "Who voted against?")
        put(page, "And who for?")
        page.get_by_text("Too many questions came from your address").first.wait_for()
        page.click("#ask-stop")
        page.wait_for_selector("#ask-ask:visible")


EVIL = """<!doctype html><title>evil</title><iframe id="frame" src="{url}"></iframe>
<form id="form" method="post" enctype="text/plain" target="sink" action="{url}api/ask">
<input name='{{"question": "Who is driven", "x": "' value='"}}'></form><iframe name="sink"></iframe><script>
window.told = [];
for (const [path, how] of [
  ["api/ask", {{ method: "POST", body: '{{"question": "Who is driven?"}}', mode: "no-cors" }}],
  ["api/ask", {{ method: "POST", body: '{{"question": "Who is driven?"}}',
                headers: {{ "Content-Type": "application/json" }} }}],
  ["gradio_api/queue/join", {{ method: "POST", body: "{{}}", mode: "no-cors" }}],
  ["api/articles", {{}}],
  ["config", {{}}],
])
  fetch("{url}" + path, how).then(
    (reply) => reply.text().then((text) => window.told.push(reply.type + text.slice(0, 20))),
    () => window.told.push("refused"));
document.getElementById("form").submit();
</script>"""


def test_another_site_cannot_drive_read_or_frame_the_chat(chromium: Any, tmp_path: Path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    handler.func.log_message = lambda *args: None  # type: ignore[method-assign]
    assistant = FakeAssistant(0)
    with (
        guarded(Rules(), hosts=LOOPBACK, assistant=assistant) as served,
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as site,
        reading(chromium) as page,
    ):
        threading.Thread(target=site.serve_forever, daemon=True).start()
        (tmp_path / "evil.html").write_text(EVIL.format(url=served.url), encoding="utf-8")
        for host in ("127.0.0.1", "localhost"):  # the same site on another port, and another site
            page.goto(f"http://{host}:{site.server_address[1]}/evil.html")
            page.wait_for_function("window.told.length == 5")
            page.wait_for_timeout(500)
            assert [said for said in page.evaluate("window.told") if said not in ("refused", "opaque")] == []
            assert page.frame_locator("#frame").locator("gradio-app").count() == 0
        assert assistant.asked == []
        site.shutdown()
