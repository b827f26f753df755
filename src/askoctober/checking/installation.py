"""Whether this installation can work: Python, packages, models, disk and memory."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from askoctober import models
from askoctober.checking.findings import Finding, Progress
from askoctober.config import Config
from askoctober.errors import ModelError
from askoctober.models.local import damaged_or_missing

PACKAGE = "askoctober"
LEAST_DISK = 1_000_000_000
"""Bytes that shall be free beside what the index takes, which a rebuild takes once more."""
LEAST_MEMORY = 3_000_000_000
"""Bytes of memory that the default models and a page of evidence need."""
INSTALL = 'pip install --upgrade "askoctober"'


def check_installation(config: Config, progress: Progress) -> Iterator[Finding]:
    """Yield what is wrong with Python, the packages, the models of the settings, the disk and the memory."""
    yield from check_packages()
    for use, name in (("embedder", config.embedder), ("language model", config.model)):
        progress(f"reading the {use}", 0, 1)
        yield from check_model(use, name, config.models_dir)
        progress(f"reading the {use}", 1, 1)
    yield from check_space(config.index)


def check_packages(package: str = PACKAGE) -> Iterator[Finding]:
    """Yield the packages that are missing or of a version that this program was not made for."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    try:
        about = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        meaning = "What it needs cannot be compared with what is here."
        yield Finding("notice", "", f"{package} is not installed, but run from a folder", meaning, INSTALL)
        return
    python = Version(".".join(map(str, sys.version_info[:3])))
    wanted = ",".join(about.get_all("Requires-Python") or ())
    if python not in SpecifierSet(wanted):
        meaning = "It may stop with errors of Python itself."
        yield Finding("wrong", "", f"Python is {python}, {package} needs {wanted}", meaning, "install a newer Python")
    for text in metadata.requires(package) or ():
        requirement = Requirement(text)
        extras = [""] if requirement.marker is None else ["", *about.get_all("Provides-Extra", [])]
        asked = [
            extra for extra in extras if requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        ]
        if not asked:
            continue
        try:
            found = Version(metadata.version(requirement.name))
        except metadata.PackageNotFoundError:
            if "" in asked:
                meaning = "What needs it stops with an error."
                yield Finding("wrong", "", f"the package {requirement} is missing", meaning, INSTALL)
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            needed = f"{requirement.name} is {found}, {package} was made for {requirement.specifier}"
            mend = f'pip install "{requirement.name}{requirement.specifier}"'
            yield Finding("wrong" if "" in asked else "notice", "", needed, "What needs it may fail.", mend)


def check_model(use: str, name: str, models_dir: Path | None) -> Iterator[Finding]:
    """Yield whether a model is here, and whether each byte of it is as it was published, where that is known."""
    known = {key.lower(): model for key, model in models.TABLE.items()}
    model = known.get(name.lower())
    if model is None:
        try:
            models.resolve(name, models_dir)
        except ModelError as error:
            yield Finding("wrong", "", f"the {use} {name} is not here", str(error), "askoctober models list")
        return
    mend = f"askoctober models pull {model.name}"
    folder = models.cache_dir(models_dir) / model.name
    lacking = [file for file in model.files if not (folder / file.name).is_file()]
    if len(lacking) == len(model.files):
        meaning = f"It is fetched ({model.size / 1e6:,.0f} MB) when it is first needed, which takes a network."
        yield Finding("notice", "", f"the {use} {model.name} is not here", meaning, mend)
        return
    meaning = "The model is not used as long as it is so."
    for file in damaged_or_missing(model, folder, trust=False):
        what = "is missing" if file in lacking else "has other bytes than were published"
        yield Finding("wrong", str(folder / file.name), f"{file.name} of the {use} {model.name} {what}", meaning, mend)


def check_space(index: Path) -> Iterator[Finding]:
    """Yield whether the disk and the memory are small for what there is to do."""
    place = next((path for path in (index, *index.resolve().parents) if path.is_dir()), Path.cwd())
    held = _size(list(index.iterdir()) if index.is_dir() else [])
    free = shutil.disk_usage(place).free
    if free < held + LEAST_DISK:
        what = f"{free / 1e9:.1f} GB are free on the disk of {place}"
        meaning = (
            f"A rebuild of the index ({held / 1e9:.1f} GB) takes that much once more; the old one stays meanwhile."
        )
        yield Finding("notice", "", what, meaning, "free some space, or choose another folder with --index")
    total = _memory()
    if 0 < total < LEAST_MEMORY:
        meaning = "The default language model may not fit, or be slow."
        mend = "askoctober ask --model smollm2-135m-instruct"
        yield Finding("notice", "", f"this computer has {total / 1e9:.1f} GB of memory", meaning, mend)


def _memory() -> int:
    """Return the bytes of memory of this computer, 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0


def _size(paths: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file())
