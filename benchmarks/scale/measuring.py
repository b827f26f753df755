"""One system over one shelf, in a process of its own: built, searched or updated, as the arguments say.

    python measuring.py build|search|whole|update SYSTEM FOLDER SHELF COUNT OUT.json [--threads N] [--embedder PATH]

The steps are processes apart, so that what a build leaves in memory is not taken for what a search needs. Imported
libraries count for nothing: memory is what is there after all searches less what was there before the index was opened.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import systems
from shelf import Shelf, article_rows

K = 10
ROUNDS = 3
"""Times that every query is searched for; the first is the warming up, and is told apart."""
UPDATES = 5


class Clocked:
    """A shelf that keeps the seconds that reading it took, so that they are not taken for the system's."""

    def __init__(self, shelf: Any) -> None:
        self._shelf = shelf
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._shelf, name)
        return self._clocked(found) if name in ("rows", "entries") else found

    def _clocked(self, read: Callable[[int], Iterator[Any]]) -> Callable[[int], Iterator[Any]]:
        def reading(count: int) -> Iterator[Any]:
            stream = read(count)
            while True:
                began = time.perf_counter()
                found = next(stream, None)
                self.seconds += time.perf_counter() - began
                if found is None:
                    return
                yield found

        return reading


def memory() -> dict[str, int]:
    """Return the bytes of this process: its own (`anonymous`), files it maps (`mapped`), and what no other shares."""
    process = psutil.Process()
    found = {"unique": int(process.memory_full_info().uss)}
    status = Path("/proc/self/status")
    if status.exists():
        names = {"RssAnon": "anonymous", "RssFile": "mapped"}
        for line in status.read_text().splitlines():
            name, _, value = line.partition(":")
            if name in names:
                found[names[name]] = int(value.split()[0]) * 1024
    return {"anonymous": found["unique"], "mapped": 0} | found


def peak() -> int:
    """Return the most bytes that this process held."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says is there of the process that started this one, too
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def size(folder: Path) -> int:
    """Return the bytes of all files in a folder, as long as they are."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def build(system: Any, folder: Path, shelf: Any, count: int) -> dict[str, Any]:
    """Build; return seconds, bytes on disk and the most memory held."""
    clocked = Clocked(shelf)
    before = peak()
    seconds = timed(system.build, clocked, count)[0] - clocked.seconds
    return {"build_s": seconds, "reading_s": clocked.seconds, "disk": size(folder), "build_peak": peak() - before}


def search(system: Any, folder: Path, shelf: Any, count: int) -> dict[str, Any]:
    """Search for every query; return what was found, the seconds of each search, and the memory."""
    queries = np.array(shelf.queries())
    before = memory()
    opened, _ = timed(system.open)
    rounds = []
    for _ in range(ROUNDS):
        pairs = [timed(system.search, query, K) for query in queries]
        rounds.append([seconds for seconds, _ in pairs])
    found = [rows for _, rows in pairs]
    after = memory()
    system.close()
    held = {name: after[name] - before[name] for name in before}
    return {"open_s": opened, "cold_s": rounds[0], "search_s": sum(rounds[1:], []), "memory": held, "found": found}


def whole(system: Any, shelf: Any, embedder: Path, threads: int) -> dict[str, Any]:
    """Search for the questions, words first; return the seconds of each search, and memory without the embedder's."""
    questions = shelf.questions()
    start, ask = system.whole(embedder, threads, questions)
    before = memory()
    start()
    rounds = [[timed(ask, question)[0] for question in questions] for _ in range(ROUNDS)]
    after = memory()
    system.close()
    held = {name: after[name] - before[name] for name in before}
    return {"whole_cold_s": rounds[0], "whole_s": sum(rounds[1:], []), "whole_memory": held}


def timed(call: Callable[..., Any], *given: Any) -> tuple[float, Any]:
    """Return how many seconds a call took, and what it returned."""
    began = time.perf_counter()
    found = call(*given)
    return time.perf_counter() - began, found


def update(system: Any, folder: Path, shelf: Any, count: int) -> dict[str, Any]:
    """Replace a few articles one after the other; return the seconds of each and how many are found afterwards."""
    random = np.random.default_rng(1917)
    system.open()
    seconds, found = [], 0
    for article in random.choice(count // len(article_rows(0)), UPDATES, replace=False).tolist():
        rows = article_rows(article)
        vectors = random.standard_normal((len(rows), shelf.dimension), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        texts = [f"What stood here of chunk {row} was written again. It is another text now." for row in rows]
        seconds.append(timed(system.update, article, texts, vectors)[0])
        found += system.search(vectors[0], 1)[:1] == [rows[0]]
    system.close()
    return {"update_s": seconds, "updates_found": found, "disk_after": size(folder)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("build", "search", "whole", "update"))
    parser.add_argument("system", choices=sorted(systems.SYSTEMS))
    for name in ("folder", "shelf"):
        parser.add_argument(name, type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--embedder", type=Path)
    options = parser.parse_args()
    module = systems.module(options.system)
    shelf = getattr(module, "shelf", Shelf)(options.shelf)
    system = module.make(options.folder, shelf.dimension, options.threads)
    if options.step == "whole":
        figures = whole(system, shelf, options.embedder, options.threads)
    else:
        step = {"build": build, "search": search, "update": update}[options.step]
        figures = step(system, options.folder, shelf, options.count)
    options.out.write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
