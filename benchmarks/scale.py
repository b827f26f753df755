"""How askoctober grows, beside chromadb, lancedb, txtai and plain SQLite with NumPy: same texts, vectors, queries.

    python benchmarks/scale.py [--sizes N ...] [--only SYSTEM ...] [--peers] [--limit S] [--json FILE] [--plot FILE]

At each size: chunks built a second, bytes a chunk on disk and in memory, times of a search, recall@10 against an exact
search, time to replace one article; then exponents fitted to all sizes. Texts are recombined from sentences and words
of corpus/. The vectors of the first 10,000 chunks are real embeddings; beyond, they are those with noise, at a cosine
of 0.85 to 0.95. All systems are given vectors, so that no embedder is measured, and at most --threads threads. They run
one after the other, each step in a process of its own; times compare only within one run, on a machine that does
nothing else meanwhile. Run again, it goes on where it stopped. The peers are installed with --peers, pinned in
benchmarks/scale/peers.txt; pip takes whatever build of torch it finds: have it find the CPU build first, or gigabytes
for GPUs are fetched. Apart from pip nothing uses the network. A million chunks take some 15 GB below --work.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "scale"
# The folder's modules are imported by their plain names, because the peers' environment imports some of them too.
sys.path.insert(0, str(FOLDER))

import report  # noqa: E402
from installing import versions  # noqa: E402
from systems import SYSTEMS  # noqa: E402
from trials import Trial, measure  # noqa: E402

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), metavar="N", help="chunks, in thousands")
    parser.add_argument("--only", nargs="+", choices=sorted(SYSTEMS), default=list(SYSTEMS), metavar="SYSTEM")
    parser.add_argument("--peers", action="store_true", help="install peers that are not installed yet")
    parser.add_argument("--limit", type=float, default=1200, help="seconds for a system and size, all steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--real", type=int, default=10_000, help="chunks that are embedded")
    parser.add_argument("--corpus", type=Path, default=FOLDER.parent.parent / "corpus")
    parser.add_argument("--work", type=Path, default=Path.home() / ".cache" / "askoctober" / "scale")
    parser.add_argument("--json", type=Path, help="write every figure into this file")
    parser.add_argument("--plot", type=Path, help="write the log-log plot into this file (PNG)")
    options = parser.parse_args(arguments)
    if any(size < 1000 or size % 1000 for size in options.sizes):
        parser.error("--sizes are whole thousands of chunks; give 1000, 10000 and so on")
    for name in ("limit", "threads", "real"):
        if getattr(options, name) <= 0:
            parser.error(f"--{name} must be more than 0")
    if not any(options.corpus.glob("*.md")):
        parser.error(f"{options.corpus} holds no Markdown; name the folder of the corpus")
    return options


def notes(systems: Sequence[str], options: argparse.Namespace) -> str:
    """Return what has to be known beside the figures."""
    said = [
        f"chunks up to {options.real:,} have real embeddings, those beyond are these with noise (cosine 0.85 to 0.95); "
        "texts are recombined from sentences and words of the corpus, with made-up words; half of the queries are new "
        "sentences, half are chunks with noise",
        f"at most {options.threads} threads, on {platform.machine()} with {platform.system()}; times are of this "
        "machine: read ratios within a table",
        "own memory: what is there after all searches less what was before the index was opened; with mapped: and the "
        "pages of files that the process maps, which the system takes back when it needs them",
        "first pass: every query once, right after opening; the other times are of two more passes; of an update, the "
        "median of five",
    ]
    for name in systems:
        entry = SYSTEMS[name]
        what = [versions(name) if entry.packages else "", entry.licence, entry.what]
        said.append(f"{name}: {'; '.join(filter(None, what))}")
    return "\n".join(f"- {line}" for line in said)


def main() -> None:
    options = parse()
    from askoctober import models
    from askoctober.config import Config
    from askoctober.errors import AskoctoberError

    try:
        embedder = Path(models.resolve(Config().embedder))
    except AskoctoberError as error:
        raise SystemExit(f"error: {error}") from error
    from making import Making, make

    making = Making(options.corpus, options.work / f"shelf-{options.real}", embedder, options.real)
    shelf = make(making, max(options.sizes))
    kept = options.work / "figures"
    trials: list[dict[str, Any]] = []
    for size in sorted(options.sizes):
        for name in options.only:
            trial = Trial(
                name,
                size,
                shelf.folder,
                options.work / "trials",
                options.limit,
                options.threads,
                options.peers,
                embedder,
            )
            trials.append(measure(trial, kept))
            print("  ".join(report.line(trials[-1])), file=sys.stderr, flush=True)
    parts = [report.table(trials), report.exponents(trials), report.whole(trials), report.verdict(trials)]
    print("\n\n".join([*filter(None, parts), notes(options.only, options)]))
    if options.json:
        options.json.write_text(json.dumps(trials, indent=1), encoding="utf-8")
    if options.plot:
        report.plot(trials, options.plot)


if __name__ == "__main__":
    main()
