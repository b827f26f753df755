"""What was measured, as lines of a table with what is wanted of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from asking import Ledger
from faults import QUEUE, Fault
from memory import Sample, growth, last_life
from searching import Round, as_json

SEARCH_RATIO = 0.25
"""Of the floor's rate: four signals stand where the floor has one."""
ASK_RATIO = 0.8
"""Of the model's own speed: a fifth of a second-long answer may go to finding, checking and handing over."""
FLAT = 10.0
"""MB an hour, beyond the error of the line, that still count as flat."""
CALM_SECONDS = 10.0
"""A kill or an exchange is over within this: the model loads, or the server looks at its index."""


@dataclass(frozen=True)
class Figure:
    """A line: what was measured as text, what is wanted of it, and whether that was met where anything is wanted."""

    name: str
    measured: str
    wanted: str = ""
    met: bool | None = None

    def cells(self) -> list[str]:
        """Return the line's cells."""
        return [self.name, self.measured, self.wanted, "" if self.met is None else "met" if self.met else "missed"]


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table."""
    lines = [["figure", "measured", "wanted", ""], ["---"] * 4, *(figure.cells() for figure in figures)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def at(percent: float, values: Sequence[float]) -> float:
    """Return a percentile; not a number where there are no values."""
    return float(np.percentile(values, percent)) if len(values) else float("nan")


def seconds(values: Sequence[float]) -> str:
    """Return the median, the 99th percentile and the largest of times."""
    shown = (
        f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        for value in (at(50, values), at(99, values), at(100, values))
    )
    return f"{' / '.join(shown)} s"


def none(name: str, found: int | Mapping[str, int]) -> Figure:
    """A line of which nothing is wanted; kinds are named where there are any."""
    count = found if isinstance(found, int) else sum(found.values())
    kinds = "" if isinstance(found, int) else "; ".join(f"{kind}: {many}" for kind, many in found.items())
    return Figure(name, f"{count}{f' ({kinds})' if kinds else ''}", "0", count == 0)


def of_searches(ours: Sequence[Round], floor: Sequence[Round], idle: float) -> list[Figure]:
    """Return the lines of the searches; rounds stand in pairs."""
    # A floor that answered nothing in its round is none to compare with.
    ratios = [one.rate / other.rate for one, other in zip(ours, floor, strict=True) if other.rate]
    middle = at(50, ratios)
    times, bare = ([time for one in rounds for time in one.times] for rounds in (ours, floor))
    answered = sum(len(one.times) for one in ours)
    rates = [at(50, [one.rate for one in rounds]) for rounds in (ours, floor)]
    return [
        Figure(
            "search: rate over the floor's, median of the rounds",
            f"{middle:.2f} ({at(0, ratios):.2f} – {at(100, ratios):.2f})",
            f"{SEARCH_RATIO}",
            middle >= SEARCH_RATIO,
        ),
        Figure("– answers a second, and the floor's", f"{rates[0]:.0f}, {rates[1]:.0f}"),
        Figure("– of a request that does nothing, a second", f"{idle:.0f}"),
        Figure("– wait p50 / p99 / longest", seconds(times)),
        Figure("– the floor's", seconds(bare)),
        Figure("– p99 over the floor's", f"{at(99, times) / at(99, bare):.1f}"),
        none(f"– lost, of {answered}", sum(one.lost for one in ours)),
        none("– not the question's own", sum(one.mixed for one in ours)),
    ]


def of_asking(ledger: Ledger, taken: Mapping[str, float], model_seconds: float) -> list[Figure]:
    """Return the lines of undisturbed asking."""
    ratio = ledger.rate * model_seconds
    share = ledger.refused / max(len(ledger.answered), 1)
    return [
        Figure("ask: rate over the model's own", f"{ratio:.2f}", f"{ASK_RATIO}", ratio >= ASK_RATIO),
        Figure(
            f"– of {model_seconds:g} s for an answer, the means by the server's clock",
            ", ".join(f"{stage} {mean:.2f}" for stage, mean in taken.items()) + " s",
        ),
        Figure("– wait from the first try, p50 / p99 / longest", seconds(ledger.waits)),
        Figure("– first evidence from the first try, p50 / p99 / longest", seconds(ledger.evidence)),
        Figure("– refusals with Retry-After, an answer", f"{share:.1f}"),
        *of_answers(ledger),
    ]


def of_answers(ledger: Ledger) -> list[Figure]:
    """Return the lines of what went astray."""
    return [
        none(f"– lost, of {len(ledger.answered)}", ledger.lost),
        none("– mixed up: another's, or a quote out of place", ledger.mixed),
    ]


def of_faults(
    ledger: Ledger,
    searched: Round,
    faults: Sequence[Fault],
    counts: Mapping[str, float],
    answered: float,
    model_seconds: float,
) -> list[Figure]:
    """Return the lines of asking while things go wrong."""
    # A reader who goes away as the answer is sent is counted as answered by the server.
    unread = int(max(answered - len(ledger.answered) - ledger.dropped, 0))
    kills, indexes = ([fault for fault in faults if fault.kind == kind] for kind in ("kill", "index"))
    return [
        Figure("with faults: rate over the model's own", f"{ledger.rate * model_seconds:.2f}"),
        Figure("– wait from the first try, p50 / p99 / longest", seconds(ledger.waits)),
        *of_answers(ledger),
        Figure(
            f"– model killed {len(kills)} times: questions that were told so",
            f"{len(ledger.failed)}",
            f"at most {len(kills)}",
            len(ledger.failed) <= len(kills),
        ),
        _over("– – to the next answer, p50 / p99 / longest", kills, CALM_SECONDS + 2 * model_seconds),
        _over(f"– index exchanged {len(indexes)} times: build and take-up, the same", indexes, None),
        none("– – exchanges during which nothing was answered", sum(not fault.answers for fault in indexes)),
        Figure("– readers who went away", f"{ledger.dropped}"),
        none(f"– searches meanwhile: lost or out of place, of {len(searched.times)}", searched.lost + searched.mixed),
        Figure("– – wait p50 / p99 / longest", seconds(searched.times)),
        none("– questions left in the line at the end", int(counts[QUEUE])),
        none("– answers by the server's own count that no reader has, beyond those who went away", unread),
    ]


def _over(name: str, faults: Sequence[Fault], wanted: float | None) -> Figure:
    times = [fault.seconds for fault in faults]
    if wanted is None or not times:
        return Figure(name, seconds(times))
    return Figure(name, seconds(times), f"{wanted:.0f} s", max(times) <= wanted)


def of_memory(samples: Mapping[str, Sequence[Sample]]) -> list[Figure]:
    """Return the lines of memory: the server's over the whole time, the model's since it was last killed."""
    figures = []
    for name, kept in (("server", list(samples["server"])), ("model's process", last_life(samples["model"]))):
        held = [sample.megabytes for sample in kept]
        if not held:
            continue
        slope, error = growth(kept)
        minutes = (kept[-1].at - kept[0].at) / 60
        figures.append(Figure(f"memory of the {name}, first and last", f"{held[0]:.0f}, {held[-1]:.0f} MB"))
        said = f"{slope:+.1f} ± {error:.1f} MB/h" if slope == slope else "too short to say"
        met = None if slope != slope else slope - 2 * error <= FLAT
        wanted = "" if met is None else f"{FLAT:.0f} MB/h"
        figures.append(Figure(f"– growth after the first fifth of {minutes:.0f} min", said, wanted, met))
    return figures


def everything(
    ours: Sequence[Round],
    floor: Sequence[Round],
    ledgers: Mapping[str, Ledger],
    faults: Sequence[Fault],
    samples: Mapping[str, Sequence[Sample]],
    counts: Mapping[str, float],
) -> dict[str, Any]:
    """Return all that was measured, for JSON."""
    return {
        "searches": {"ours": [as_json(one) for one in ours], "floor": [as_json(one) for one in floor]},
        "asking": {name: vars(ledger) for name, ledger in ledgers.items()},
        "faults": [asdict(fault) for fault in faults],
        "memory": {name: [[s.at, s.life, s.megabytes] for s in kept] for name, kept in samples.items()},
        "counts": dict(counts),
    }
