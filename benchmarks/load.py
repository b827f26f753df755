"""Whether the server holds under load, and what it costs: two hundred readers, a model that keeps time, faults.

    python benchmarks/load.py [--readers N] [--seconds S] [--rounds N] [--minutes M] [--every S] [--json FILE]

Four parts, each with readers of this script's own, each reader a client with a loopback address of its own:

1. Searches at full rate, in turn with the floor: a plain FastAPI application that embeds the question with the same
   encoder and searches the same vectors in a flat FAISS index.
2. Questions, as server-sent events. The real server answers them with real retrieval and checking; its model, in a
   process of its own, takes exactly --answer seconds for an answer. The line before it is bounded: who is refused
   comes back after the time that Retry-After gives.
3. The same for --minutes with faults, every --every seconds of the first two thirds: the model is killed, the index of
   a changed shelf is exchanged, in turn; one reader in ten goes away in the middle; one in ten searches.
4. The memory of the server and of its model during that.

Every answer is looked at. A question carries a number that the model repeats: an answer that lacks it, or has another,
was mixed up; so was one with a quote that does not stand in its place in one version of its article. A search is
compared with what the same server says when nobody else asks.

The readers are our own: locust counts what came but would need the same code to look into it, and wrk cannot read a
stream. Readers and server share the processors, so the rates are of both; the floor is measured by the same readers in
the same run, and the ratio is what means something. For Linux. The docs page has the figures: docs/load.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "load"
sys.path.insert(0, str(FOLDER))

import outcome  # noqa: E402
from asking import Ledger, ask_together  # noqa: E402
from changing import ChangingShelf  # noqa: E402
from faults import Fault, Faults, answered, settled, stages  # noqa: E402
from memory import Sample, watch  # noqa: E402
from processes import started  # noqa: E402
from searching import Round, ask_alone, idle_rate, search_now_and_then, search_together  # noqa: E402

SUBJECT = re.compile(r"(?<=[.] )[A-Z]\w+(?: [\w'’]+){5,9}(?=[ ,;])")
DROPPING = 0.1
SEARCHING = 0.1
"""The shares of questions whose readers go away, and of readers who search beside those who ask."""
PAUSE_SECONDS = 5.0
"""Between two searches of a reader who searches beside those who ask."""
SETTLE_SECONDS = 60.0
MOST_QUESTIONS = 50
"""That are searched; each is first asked alone."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3, help="of searches, each with one of the floor")
    parser.add_argument("--seconds", type=float, default=20.0, help="of a round of searches; ten times that is asked")
    parser.add_argument("--minutes", type=float, default=5.0, help="with faults, in which memory is watched")
    parser.add_argument("--every", type=float, default=60.0, help="seconds from fault to fault")
    parser.add_argument("--answer", type=float, default=1.0, help="seconds that an answer takes the model")
    parser.add_argument("--corpus", type=Path, default=FOLDER.parent.parent / "corpus")
    parser.add_argument("--json", type=Path, help="write all that was measured into this file")
    options = parser.parse_args(arguments)
    for name in ("readers", "rounds", "seconds", "minutes", "every", "answer"):
        if getattr(options, name) <= 0:
            parser.error(f"--{name} must be more than 0")
    if not any(options.corpus.glob("*.md")):
        parser.error(f"{options.corpus} holds no Markdown; name the folder of the corpus")
    return options


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


async def measure_searches(
    url: str, floor_url: str, questions: Sequence[str], options: argparse.Namespace
) -> tuple[list[Round], list[Round]]:
    """Return the rounds of the server and those of the floor, which alternate."""
    say(f"searches: {len(questions)} questions, each first asked alone")
    right = [await ask_alone(each, questions) for each in (url, floor_url)]
    rounds: tuple[list[Round], list[Round]] = ([], [])
    for number in range(options.rounds):
        for told, each, expected in zip(rounds, (url, floor_url), right, strict=True):
            told.append(await search_together(each, questions, expected, options.readers, options.seconds))
        say(f"searches {number + 1}: {rounds[0][-1].rate:.1f}/s, floor {rounds[1][-1].rate:.1f}/s")
    return rounds


async def measure_faults(
    url: str, server: Any, shelf: ChangingShelf, subjects: Sequence[str], options: argparse.Namespace
) -> tuple[Ledger, Round, list[Fault], dict[str, list[Sample]]]:
    """Return what readers who ask and who search wrote down while things went wrong, the faults, and the memory."""
    seconds = options.minutes * 60
    ledger = Ledger(seconds)
    faults = Faults(url, server, shelf, ledger)
    searching = max(round(options.readers * SEARCHING), 1)
    asking = max(options.readers - searching, 1)
    _, samples, searched, _ = await asyncio.gather(
        ask_together(url, subjects, asking, ledger, shelf.find_fault, DROPPING),
        watch(server, min(2.0, seconds / 100), seconds),
        search_now_and_then(url, subjects, searching, seconds, PAUSE_SECONDS, shelf.find_fault),
        faults.cause(min(options.every, seconds / 4), seconds * 2 / 3),
    )
    return ledger, searched, faults.noted, samples


async def measure(options: argparse.Namespace, work: Path) -> tuple[list[outcome.Figure], dict[str, Any]]:
    """Run all parts with everything below a folder; return the lines of the table, and all that was measured."""
    shelf = ChangingShelf(options.corpus, work)
    subjects = SUBJECT.findall(shelf.words)
    await shelf.build()
    index = ["--index", str(shelf.index)]
    paced = [*index, "--seconds", str(options.answer)]
    with started("chat_server.py", paced, work / "server.log") as (url, server):
        with started("floor_server.py", index, work / "floor.log") as (floor_url, _):
            idle = await idle_rate(url, options.readers, options.seconds / 4)
            ours, floor = await measure_searches(url, floor_url, subjects[:MOST_QUESTIONS], options)
        calm, earlier = Ledger(options.seconds * 10), await settled(url, SETTLE_SECONDS)
        await ask_together(url, subjects, options.readers, calm, shelf.find_fault)
        say(f"asked: {calm.rate:.2f} answers a second, {calm.refused} refusals")
        say(f"went astray: {dict(calm.lost)} {dict(calm.mixed)}")
        before = await settled(url, SETTLE_SECONDS)
        disturbed, searched, faults, samples = await measure_faults(url, server, shelf, subjects, options)
        say(f"with faults: {disturbed.rate:.2f} answers a second, {len(faults)} faults")
        counts = await settled(url, SETTLE_SECONDS)
        given = answered(counts) - answered(before)
    figures = [
        *outcome.of_searches(ours, floor, idle),
        *outcome.of_asking(calm, stages(earlier, before), options.answer),
        *outcome.of_faults(disturbed, searched, faults, counts, given, options.answer),
        *outcome.of_memory(samples),
    ]
    ledgers = {"calm": calm, "disturbed": disturbed}
    return figures, outcome.everything(ours, floor, ledgers, faults, samples, counts)


def main() -> None:
    options = parse()
    # However this is ended, the servers end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="askoctober-load-") as work:
        figures, measured = asyncio.run(measure(options, Path(work)))
    print(outcome.table(figures))
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
