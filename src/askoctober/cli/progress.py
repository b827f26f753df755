"""Progress on stderr: a bar on a terminal, elsewhere a few plain lines a stage, so that a log stays readable."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from askoctober.cli.show import clean, err

Report: TypeAlias = Callable[[str, int, int], None]
"""`report(label, done, total)`: a new label is a new bar; a total of 0 is not known yet."""

INTERVAL = 10.0
"""Seconds at least between two plain lines about the same thing, its last one aside."""
SHARE = 0.1
"""Of the whole that is done at least between two such lines, ..."""
LONGEST = 600.0
"""... or that many seconds: what takes a day is not to look dead for hours."""
MEGABYTE = 1_000_000
FEW = 10
"""Things of which it is not said how many are done in a second."""


@contextmanager
def progress(*, size: bool = False) -> Iterator[Report]:
    """Give a function that shows how far something is; `size` counts in bytes."""
    if not err.is_terminal:
        yield _Lines(size)
        return
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )

    count = DownloadColumn() if size else MofNCompleteColumn()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), count, TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    # stdout stays as it is: by default it would be redirected to stderr, and a program would read nothing
    with Progress(*columns, console=err, transient=True, redirect_stdout=False, redirect_stderr=False) as bars:

        def report(label: str, done: int, total: int) -> None:
            if label not in tasks:
                tasks[label] = bars.add_task(clean(label))
            bars.update(tasks[label], completed=done, total=total or None)

        yield report


@dataclass(slots=True)
class _Stage:
    """What was told of one label: when it began, with how much done, and what was said last."""

    began: float
    first: int
    said: float
    done: int
    total: int
    finished: bool = False


class _Lines:
    """The same for a log: of each label the first report, then one with each tenth of it, the last with the rate.

    Stages may take turns, as reading and embedding do: a label that comes again goes on where it was. One that begins
    anew, as embedding does with each part of a large shelf, is told again after `LONGEST` only.
    """

    def __init__(self, size: bool) -> None:
        self.size = size
        self.stages: dict[str, _Stage] = {}

    def __call__(self, label: str, done: int, total: int) -> None:
        now = time.monotonic()
        stage = self.stages.get(label)
        begins = stage is None or done < stage.done or (stage.finished and total != stage.total)
        if stage is None or begins:
            if stage is None or now - stage.said >= LONGEST:
                self.stages[label] = _Stage(now, done, now, done, total, 0 < total <= done)
                self._say(label, self._count(done, total))
            return
        waited, ends = now - stage.said, 0 < total <= done
        moved = 0 < SHARE * total <= done - stage.done
        if not stage.finished and (ends or (waited >= INTERVAL and moved) or waited >= LONGEST):
            self._say(label, self._count(done, total) + self._pace(stage, now, done, total))
            stage.said, stage.done, stage.total, stage.finished = now, done, total, ends

    def _say(self, label: str, more: str) -> None:
        err.print(f"{clean(label)}{more}", soft_wrap=True)

    def _count(self, done: int, total: int) -> str:
        unit = ""
        if self.size:
            size, unit = (MEGABYTE, " MB") if total >= MEGABYTE else (1000, " kB")
            done, total = round(done / size), round(total / size)
        count = f"{done}/{total}" if total else str(done or "")
        return f": {count}{unit}" if count else ""

    def _pace(self, stage: _Stage, now: float, done: int, total: int) -> str:
        """How fast it was at the end, before that how long it will take; nothing where that cannot be told yet."""
        moved, spent = done - stage.first, now - stage.began
        if moved <= 0 or spent < 1:
            return ""
        if done >= total:
            rate = moved / spent / (MEGABYTE if self.size else 1)
            paced = f", {rate:,.3g}{' MB' if self.size else ''} a second" if moved >= FEW else ""
            return f" in {_duration(spent)}{paced}"
        return f", about {_duration(spent / moved * (total - done))} left"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.0f} h"
