"""What a reader's browser sees and when: times are taken in the page, by an observer of its changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
TIMEOUT_MS = 60_000
SETTLING_MS = 500
OBSERVER = """
window.bench = {
  since: 0, at: 0, seen: null,
  // Resolves as soon as `test` holds; the clock runs from the first `event` that comes after.
  wait(event, test) {
    this.since = this.at = 0;
    const start = (given) => { if (!this.since) this.since = given.timeStamp; };
    if (event) document.addEventListener(event, start, { capture: true, once: true });
    this.seen = new Promise((resolve) => {
      const look = () => {
        if ((event && !this.since) || !test()) return;
        this.at = performance.now();
        observer.disconnect();
        document.removeEventListener("scroll", look, true);
        resolve({ ms: this.at - this.since, since: performance.timeOrigin + this.since });
      };
      const observer = new MutationObserver(look);
      observer.observe(document, { childList: true, subtree: true, attributes: true, characterData: true });
      document.addEventListener("scroll", look, true);
      look();
    });
  },
};
"""
READY = """
bench.wait(null, () => document.body && "ready" in document.body.dataset);
"""
EVIDENCE = """(asked) => bench.wait("keydown", () => {
  const turn = document.querySelector("#ask-live .ask-turn");
  return turn?.querySelector(".ask-question")?.textContent === asked && turn.querySelector(".ask-card-button");
})"""
QUOTE = """() => {
  document.querySelectorAll("mark.ask-quote").forEach((one) => { one.dataset.old = ""; });
  bench.wait("click", () => {
    const mark = document.querySelector("mark.ask-quote:not([data-old])");
    const body = mark?.closest(".ask-pane-body")?.getBoundingClientRect();
    const box = mark?.getBoundingClientRect();
    return box && box.height && box.top >= body.top && box.top < body.bottom;
  });
}"""
STOPPED = """() => {
  const shown = (id) => document.getElementById(id)?.checkVisibility();
  bench.wait("click", () => shown("ask-ask") && !shown("ask-stop") && !document.querySelector(".ask-status[data-run]"));
}"""
DRAFT = "() => document.querySelector('#ask-live .ask-draft')"
DONE = """(asked) => {
  const turn = document.querySelector("#ask-live .ask-turn");
  return turn?.dataset.stage === "done" && turn.querySelector(".ask-question").textContent === asked
    && document.getElementById("ask-ask")?.checkVisibility();
}"""
BYTES = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
FETCHED = """async (bytes) => {
  const began = performance.now();
  await (await fetch(`bench/plain?bytes=${bytes}`, { cache: "no-store" })).text();
  return performance.now() - began;
}"""
CALLED = """() => performance.getEntriesByType("resource").filter((one) => one.name.includes("component_server"))
  .map((one) => [one.duration, one.decodedBodySize]).at(-1)"""


def opened(browser: Any, url: str) -> Any:
    """Return a new page in a context of its own: nothing is in its cache."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.add_init_script(OBSERVER + READY)
    page.goto(url, wait_until="commit")
    return page


def time_pages(browser: Any, url: str, count: int) -> dict[str, list[float]]:
    """Return in milliseconds how long the page and a plain one of as many bytes take, in turn; and those bytes."""
    taken: dict[str, list[float]] = {"page": [], "plain": [], "bytes": []}
    for _ in range(count):
        page = opened(browser, url)
        taken["page"].append(page.evaluate("bench.seen")["ms"])
        # The page never falls silent: it tells the server that it is still open.
        page.wait_for_timeout(SETTLING_MS)
        taken["bytes"].append(page.evaluate(BYTES))
        page.context.close()
        bare = opened(browser, f"{url}bench/plain?bytes={round(taken['bytes'][0])}")
        taken["plain"].append(bare.evaluate("bench.seen")["ms"])
        bare.context.close()
    return taken


def time_answers(browser: Any, url: str, questions: Sequence[str]) -> dict[str, list[float]]:
    """Return in milliseconds how long evidence and quotes take; the first question warms everything up."""
    taken: dict[str, list[float]] = {"evidence": [], "quote": [], "call": [], "fetch": []}
    page = opened(browser, url)
    page.evaluate("bench.seen")
    for question in questions:
        page.fill("#ask-box textarea", question)
        page.evaluate(EVIDENCE, question)
        page.press("#ask-box textarea", "Enter")
        taken["evidence"].append(page.evaluate("bench.seen")["ms"])
        page.wait_for_function(DONE, arg=question)
        page.evaluate(QUOTE)
        page.evaluate("performance.clearResourceTimings()")
        page.locator("#ask-live .ask-cite").first.click()
        taken["quote"].append(page.evaluate("bench.seen")["ms"])
        if called := page.evaluate(CALLED):
            taken["call"].append(called[0])
            taken["fetch"].append(page.evaluate(FETCHED, called[1]))
    page.context.close()
    return {name: values[1:] for name, values in taken.items()}


def time_stops(browser: Any, url: str, questions: Sequence[str]) -> dict[str, list[float]]:
    """Return in milliseconds how long the composer takes to be ready again, and when Stop was clicked, in seconds."""
    taken: dict[str, list[float]] = {"stop": [], "clicked": []}
    page = opened(browser, url)
    page.evaluate("bench.seen")
    for question in questions:
        page.fill("#ask-box textarea", question)
        page.press("#ask-box textarea", "Enter")
        page.evaluate(STOPPED)
        page.wait_for_function(DRAFT, polling=20)
        # Pressed in the page: a moment later the answer would be whole.
        page.evaluate("document.querySelector('#ask-stop').click()")
        seen = page.evaluate("bench.seen")
        taken["stop"].append(seen["ms"])
        taken["clicked"].append(seen["since"] / 1000)
        page.wait_for_timeout(300)
    page.context.close()
    return taken
