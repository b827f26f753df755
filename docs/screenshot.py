"""Take the README's picture: a served chat answers a real question, its first source open.

askoctober serve &
python docs/screenshot.py [ADDRESS] [QUESTION] [docs/img/answer.png]
"""

from __future__ import annotations

import shutil
import sys

from playwright.sync_api import sync_playwright

WAIT_MS = 120_000


def main() -> None:
    """Ask, open the first source, save the picture."""
    given = sys.argv[1:]
    defaults = ["http://127.0.0.1:7860", "Who voted against the insurrection?", "docs/img/answer.png"]
    address, question, path = given + defaults[len(given) :]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        page.wait_for_selector(".ask-clock", state="attached")
        page.fill("#ask-box textarea", question)
        page.press("#ask-box textarea", "Enter")
        page.wait_for_selector("[data-stage=done]", timeout=WAIT_MS)
        page.locator("button.ask-cite, button.ask-card-button").last.click()
        page.locator("mark").first.wait_for()
        page.wait_for_timeout(1500)
        page.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    main()
