"""Progress on stderr: a bar on a terminal, elsewhere a plain line now and then, so that a log stays readable."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from askoctober.cli.show import clean, err

Report: TypeAlias = Callable[[str, int, int], None]
"""`report(label, done, total)`: a new label is a new bar; a total of 0 is not known yet."""

INTERVAL = 10.0
"""Seconds between two plain lines about the same thing."""
MEGABYTE = 1_000_000


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


class _Lines:
    """The same for a log: the first report of a label, one every `INTERVAL` seconds with the time left, the last."""

    def __init__(self, size: bool) -> None:
        self.size = size
        self.label = ""
        self.began = self.said = 0.0
        self.first = 0
        self.finished = False

    def __call__(self, label: str, done: int, total: int) -> None:
        now = time.monotonic()
        new = label != self.label
        if new:
            self.label, self.began, self.first, self.finished = label, now, done, False
        ends = 0 < total <= done and not self.finished
        if not (new or ends or (now - self.said >= INTERVAL and not self.finished)):
            return
        self.said, self.finished = now, self.finished or ends
        err.print(f"{clean(label)}{self._count(done, total)}{self._left(now, done, total)}", soft_wrap=True)

    def _count(self, done: int, total: int) -> str:
        if self.size:
            done, total = round(done / MEGABYTE), round(total / MEGABYTE)
        count = f"{done}/{total}" if total else str(done or "")
        return f": {count} MB" if count and self.size else f": {count}" if count else ""

    def _left(self, now: float, done: int, total: int) -> str:
        moved = done - self.first
        if moved <= 0 or done >= total or now - self.began < 1:
            return ""
        seconds = (now - self.began) / moved * (total - done)
        return f", about {seconds:.0f} s left" if seconds < 90 else f", about {seconds / 60:.0f} min left"
