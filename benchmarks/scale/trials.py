"""Run systems over shelves of several sizes, each step in a process of its own with a time limit, and keep the figures.

A trial that was done is not done again, so that a run which was stopped goes on from there; one that failed or did not
end within the limit is tried again by the next run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from installing import PINS, Missing, environment
from shelf import Shelf, Vectors
from systems import SYSTEMS

HERE = Path(__file__).parent
K = 10
EXACT_BLOCK = 50_000
TAIL = 300
"""Characters of a system's error that are kept."""


@dataclass(frozen=True)
class Trial:
    """One system over one size; `work` is where it builds, and is emptied when it is over."""

    system: str
    count: int
    shelf: Path
    work: Path
    limit: float = 1200
    threads: int = 2
    peers: bool = False
    embedder: Path | None = None

    @property
    def key(self) -> str:
        """A digest of all that makes the figures what they are, the machine apart."""
        sources = [HERE / "measuring.py", HERE / "systems" / f"{SYSTEMS[self.system].module}.py", PINS]
        if not SYSTEMS[self.system].packages and self.system != "plain":
            import askoctober

            sources[-1:] = sorted(Path(askoctober.__file__).parent.rglob("*.py"))
        digest = hashlib.sha256(json.dumps([str(self.shelf), self.threads]).encode())
        for source in sources:
            digest.update(source.read_bytes())
        return digest.hexdigest()[:12]


def offline(threads: int) -> dict[str, str]:
    """Return what keeps systems from calling out, and to so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "LANCE_CPU_THREADS")
    limits = dict.fromkeys((*names, "TOKIO_WORKER_THREADS", "LANCE_IO_THREADS"), str(threads))
    silent = {"HF_HUB_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False", "DO_NOT_TRACK": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    return limits | silent


def run(trial: Trial) -> dict[str, Any]:
    """Return the figures of a trial; under `failed` stands why it has none, or not all."""
    figures: dict[str, Any] = {"system": trial.system, "count": trial.count}
    try:
        python = environment(trial.work.parent, trial.system, make=trial.peers)
    except Missing as error:
        return figures | {"failed": str(error)}
    folder = trial.work / f"{trial.system}-{trial.count}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    out = trial.work / f"{trial.system}-{trial.count}.json"
    deadline = time.monotonic() + trial.limit
    try:
        for step in SYSTEMS[trial.system].steps:
            command = [str(python), str(HERE / "measuring.py"), step, trial.system, str(folder), str(trial.shelf)]
            command += [str(trial.count), str(out), "--threads", str(trial.threads)]
            command += ["--embedder", str(trial.embedder)] if trial.embedder else []
            if failed := within(command, deadline - time.monotonic(), offline(trial.threads)):
                return figures | {"failed": f"{step}: {failed}"}
            figures |= json.loads(out.read_text(encoding="utf-8"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        out.unlink(missing_ok=True)
    return figures


def within(command: Sequence[str], seconds: float, environment: dict[str, str]) -> str:
    """Run a command in a session of its own; return why it failed, or nothing where it did not."""
    began = time.monotonic()
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=os.environ | environment,
        start_new_session=True,
    ) as process:
        try:
            told, _ = process.communicate(timeout=max(seconds, 0.01))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return f"not done within the limit, stopped after {time.monotonic() - began:.0f} s"
    if process.returncode:
        last = (told.strip().splitlines() or ["it said nothing"])[-1]
        return f"ended with {process.returncode}: {last[:TAIL]}"
    return ""


def exact(vectors: Vectors, queries: Vectors, k: int = K) -> np.ndarray:
    """Return the rows of the k nearest by inner product, shape (queries, k), looking at every vector, in blocks."""
    best = np.full((len(queries), k), -np.inf, np.float32)
    rows = np.zeros((len(queries), k), np.int64)
    for at in range(0, len(vectors), EXACT_BLOCK):
        scores = queries @ np.asarray(vectors[at : at + EXACT_BLOCK]).T
        few = min(k, scores.shape[1])
        near = np.argpartition(-scores, few - 1, axis=1)[:, :few]
        together = np.concatenate([best, np.take_along_axis(scores, near, axis=1)], axis=1)
        numbers = np.concatenate([rows, near + at], axis=1)
        order = np.argsort(-together, axis=1, kind="stable")[:, :k]
        best, rows = np.take_along_axis(together, order, axis=1), np.take_along_axis(numbers, order, axis=1)
    return rows


def recall(found: Sequence[Sequence[int]], right: np.ndarray) -> float:
    """Return the share of the nearest that were found, on average over the queries."""
    pairs = zip(found, right.tolist(), strict=True)
    return float(np.mean([len(set(rows) & set(nearest)) / len(nearest) for rows, nearest in pairs]))


def measure(trial: Trial, kept: Path) -> dict[str, Any]:
    """Return a trial's figures with its recall: those that are kept, or new ones, which are then kept."""
    path = kept / f"{trial.system}-{trial.count}-{trial.key}.json"
    if path.exists():
        figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if "failed" not in figures:
            return figures
    figures = run(trial)
    if "found" in figures:
        figures["recall"] = recall(figures.pop("found"), nearest(Shelf(trial.shelf), trial.count))
    kept.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures), encoding="utf-8")
    return figures


def nearest(shelf: Shelf, count: int) -> np.ndarray:
    """Return the rows of the nearest of every query, computed once for a size."""
    path = shelf.folder / f"exact-{count}.npy"
    if not path.exists():
        np.save(path, exact(shelf.vectors(count), shelf.queries()))
    return np.load(path)
