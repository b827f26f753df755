"""The memory of the server and of its model's process over time, and how fast it grows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

import numpy as np
import psutil
from faults import model_of

MEANS = 20
"""Neighbouring samples hang together, so the line is laid through the means of so many stretches of time."""
LEAST_SECONDS = 240.0
"""What is watched for less says nothing about an hour."""


@dataclass(frozen=True)
class Sample:
    """Resident memory in MB, so many seconds after the start; `life` is the number of the process."""

    at: float
    life: int
    megabytes: float


async def watch(server: psutil.Process, every: float, seconds: float) -> dict[str, list[Sample]]:
    """Return samples of the "server" and of its "model", for so long."""
    began = monotonic()
    taken: dict[str, list[Sample]] = {"server": [], "model": []}
    while (at := monotonic() - began) < seconds:
        for name, process in (("server", server), ("model", model_of(server))):
            try:
                if process is not None:
                    taken[name].append(Sample(at, process.pid, process.memory_info().rss / 1e6))
            except psutil.NoSuchProcess:
                continue
        await asyncio.sleep(every)
    return taken


def last_life(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples of the process that was there at the end."""
    return [sample for sample in samples if sample.life == samples[-1].life]


def growth(samples: Sequence[Sample], warming: float = 0.2) -> tuple[float, float]:
    """Return MB an hour and the standard error of it, by least squares, without the first share of the time.

    Both are not numbers where that was too short.
    """
    if not samples:
        return float("nan"), float("nan")
    first, last = samples[0].at, samples[-1].at
    kept = [sample for sample in samples if sample.at >= first + warming * (last - first)]
    if len(kept) < 2 * MEANS or last - first < LEAST_SECONDS:
        return float("nan"), float("nan")
    stretches = [
        (np.array([(s.at, s.megabytes) for s in kept])[part]) for part in np.array_split(range(len(kept)), MEANS)
    ]
    hours, megabytes = np.array([stretch.mean(axis=0) for stretch in stretches]).T
    (slope, _), covariance = np.polyfit(hours / 3600, megabytes, 1, cov=True)
    return float(slope), float(np.sqrt(covariance[0, 0]))
