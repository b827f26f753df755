"""How fast the chat is and whether it holds: in a browser, for twenty readers at once, with a model that keeps time.

    python benchmarks/web.py [--index INDEX] [--rounds N] [--readers N] [--questions N] [--speed TOKENS] [--json FILE]

Retrieval, checking and the chat are the real ones, in a process of their own; the language model is a stand-in that
quotes what it was given at a fixed number of tokens a second. Times of pages are taken in headless Chromium (found on
the PATH, or named in CHROMIUM) by an observer in the page. The floor is what must be paid without the chat, measured in
the same run: a plain page of as many bytes, the assistant called directly, a fetch of as many bytes. The browser and
the readers share the processors with the server, so read ratios rather than milliseconds. For Linux and macOS.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "web"
sys.path.insert(0, str(FOLDER))

from readers import Told, read_together  # noqa: E402

QUESTIONS_EACH = 3
FLAT_MB = 2.0
"""What a round may add to the memory after the first: a reader's session is kept for a while, with what was found."""


@dataclass(frozen=True)
class Figure:
    """One line of the table: `values` in `unit`, what is wanted of their median or of `judged`, and a floor."""

    name: str
    values: Sequence[float]
    wanted: float | None = None
    judged: float | None = None
    floor: Sequence[float] = ()
    unit: str = "ms"

    def cells(self) -> list[str]:
        """Return the line's cells."""
        middle, low, high = statistics.median(self.values), min(self.values), max(self.values)
        wanted = "" if self.wanted is None else f"{shown(self.wanted)} {self.unit}".strip()
        met = ""
        if self.wanted is not None:
            met = "met" if (middle if self.judged is None else self.judged) <= self.wanted else "missed"
        floor = statistics.median(self.floor) if self.floor else None
        return [
            self.name,
            wanted,
            f"{shown(middle)} {self.unit}".strip(),
            f"{shown(low)} – {shown(high)}" if len(self.values) > 1 else "",
            "" if floor is None else f"{shown(floor)} {self.unit}".strip(),
            f"{middle / floor:.1f}" if floor else "",
            met,
        ]


def shown(value: float) -> str:
    """Return a number with as many digits as it deserves."""
    return f"{value:,.0f}" if abs(value) >= 20 or value == int(value) else f"{value:.1f}"


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| figure | wanted | median | spread | floor | ratio | |", "|---|---|---|---|---|---|---|"]
    return "\n".join(lines + [f"| {' | '.join(figure.cells())} |" for figure in figures])


def overtaken(arrived: Sequence[str], served: Sequence[str]) -> int:
    """Return how many were served before somebody who had come before them; all questions are different."""
    place = {question: at for at, question in enumerate(arrived)}
    order = [place[question] for question in served]
    return sum(any(later < at for later in order[here + 1 :]) for here, at in enumerate(order))


def wrong(told: Sequence[Told], questions: Sequence[Sequence[str]], right: Mapping[str, str]) -> tuple[int, int]:
    """Return how many answers were lost, and how many were another reader's, out of order, or not the assistant's."""
    lost = strange = 0
    for reader, own in zip(told, questions, strict=True):
        lost += max(len(own) - len(reader.conversation), 0)
        expected = [(question, right[question]) for question in own]
        strange += sum(pair not in expected for pair in reader.conversation)
        strange += reader.strange + ([q for q, _ in reader.conversation] != list(own)[: len(reader.conversation)])
    return lost, strange


@contextmanager
def served(index: Path, speed: float) -> Iterator[tuple[str, Any]]:
    """Give the address of the chat in a process of its own, and that process."""
    import psutil

    command = [sys.executable, str(FOLDER / "measured.py"), "--index", str(index), "--speed", str(speed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            url = child.stdout.readline().strip()
            if not url:
                sys.exit("benchmarks/web.py: the chat did not start; the lines above say why")
            yield url, psutil.Process(child.pid)
        finally:
            child.terminate()


@contextmanager
def chromium() -> Iterator[Any]:
    """Give a headless browser."""
    from browser import ARGUMENTS
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        sys.exit("benchmarks/web.py: no Chromium; install one or name it in CHROMIUM")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


def in_browser(url: str, get: Any, count: int) -> list[Figure]:
    """Measure what one reader sees."""
    from browser import time_answers, time_pages, time_stops

    # Half of them for the chat and half for the floor: what was asked before is found faster.
    both = get("questions", count=2 * count + 2)
    questions = both[::2]
    alone = [get("alone", question=question) for question in both[1::2]][1:]
    with chromium() as browser:
        pages = time_pages(browser, url, count)
        answers = time_answers(browser, url, questions)
        stops = time_stops(browser, url, questions[1:])
    closed = get("log")["closed"]
    later = [min((at - click for at in closed if at >= click), default=float("nan")) for click in stops["clicked"]]
    print(f"page: {statistics.median(pages['bytes']) / 1e6:.2f} MB in {len(pages['page'])} cold loads", file=sys.stderr)
    evidence, quote = answers["evidence"], answers["quote"]
    searched = [one["search_ms"] for one in alone]
    found = [one["evidence_ms"] for one in alone]
    return [
        Figure("page interactive", pages["page"], 1500, floor=pages["plain"]),
        Figure("Enter to first evidence", evidence, 300, floor=found),
        Figure("– the slowest", [max(evidence)], 300, floor=[max(found)]),
        Figure("– a bare search, of the floor", searched),
        Figure("click on [n] to quote in view", quote, 100, floor=answers["fetch"]),
        Figure("– the slowest", [max(quote)], 100, floor=[max(answers["fetch"], default=0.0)]),
        Figure("– the server's answer, of these", answers["call"] or [float("nan")]),
        Figure("Stop to composer ready", stops["stop"]),
        Figure("Stop to model stopped", [1000 * one for one in later if one == one] or [float("nan")]),
    ]


def together(url: str, get: Any, process: Any, readers: int, rounds: int) -> list[Figure]:
    """Measure what many readers at once are told, in rounds; in each they are new readers."""
    questions = get("questions", count=readers * QUESTIONS_EACH)
    if len(questions) < readers * QUESTIONS_EACH:
        sys.exit(f"benchmarks/web.py: the shelf gives {len(questions)} questions; use fewer --readers")
    each = [questions[at::readers] for at in range(readers)]
    alone = {question: get("alone", question=question) for question in questions}
    right = {question: one["text"] for question, one in alone.items()}
    memory = [process.memory_info().rss / 1e6]
    lost = strange = passed_over = 0
    waits: list[float] = []
    unfair: list[float] = []
    seconds: list[float] = []
    for number in range(rounds):
        before = get("log")
        told = asyncio.run(read_together(url, each))
        after = get("log")
        arrived, begun = (after[name][len(before[name]) :] for name in ("arrived", "served"))
        passed_over += overtaken(arrived, begun)
        bad = wrong(told, each, right)
        lost, strange = lost + bad[0], strange + bad[1]
        mine = [wait for reader in told for wait in reader.waits]
        waits += mine
        unfair.append(max(mine) / statistics.mean(mine))
        seconds.append((after["now"] - before["now"]) / len(questions))
        memory.append(process.memory_info().rss / 1e6)
        change = f"{memory[-2]:.0f} -> {memory[-1]:.0f} MB, {sum(after['sessions'])} sessions kept"
        print(f"round {number + 1}: {after['now'] - before['now']:.1f} s, memory {change}", file=sys.stderr)
    grown = [after - before for before, after in zip(memory[1:], memory[2:], strict=False)]
    asked = rounds * len(questions)
    return [
        Figure(f"{readers} readers: answers lost, of {asked}", [lost], 0, unit=""),
        Figure("– not their own, or not in order", [strange], 0, unit=""),
        Figure("– begun before one that had come earlier", [passed_over], 0, unit=""),
        Figure("– longest wait over mean wait", unfair, unit=""),
        Figure("– wait for an answer", waits, unit="s"),
        Figure(
            "– an answer of the server", [1000 * one for one in seconds], floor=[o["answer_ms"] for o in alone.values()]
        ),
        Figure("– memory after each round", memory[1:], unit="MB"),
        Figure("– memory, growth a round after the first", grown or [float("nan")], FLAT_MB, unit="MB"),
    ]


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--rounds", type=int, default=4, help="of the readers who read at once")
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--questions", type=int, default=12, help="asked in the browser, and pages opened")
    parser.add_argument("--speed", type=float, default=100.0, help="tokens a second of the stand-in for a model")
    parser.add_argument("--json", type=Path, help="write every single value into this file")
    options = parser.parse_args(arguments)
    for name in ("rounds", "readers", "questions", "speed"):
        if getattr(options, name) <= 0:
            parser.error(f"--{name} must be more than 0")
    return options


def main() -> None:
    import httpx

    options = parse()
    with served(options.index, options.speed) as (url, process), httpx.Client(base_url=url, timeout=120) as client:

        def get(name: str, **given: Any) -> Any:
            return client.get(f"bench/{name}", params=given).raise_for_status().json()

        figures = in_browser(url, get, options.questions)
        figures += together(url, get, process, options.readers, options.rounds)
    print(table(figures))
    if options.json:
        options.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
