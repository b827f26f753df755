"""Models on this computer: where they lie, whether they are complete, whether a byte has changed. Never the network.

Hashing a gigabyte takes seconds, so a small stamp beside the files remembers the size and time of what was hashed: an
untouched file is trusted, a touched one is hashed again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from askoctober.errors import ModelError
from askoctober.models.table import TABLE, Model, ModelFile, find

STAMP = ".verified.json"


def cache_dir(config_dir: Path | None = None) -> Path:
    """Return the folder of models: the given one, else this user's cache."""
    return user_cache_path("askoctober") / "models" if config_dir is None else Path(config_dir)


def locate(name: str, models_dir: Path | None = None, *, table: Mapping[str, Model] = TABLE) -> Path | None:
    """Return the local path of a model if it is there, complete and unchanged: its folder or its one file."""
    model = find(name, table)
    folder = cache_dir(models_dir) / model.name
    if damaged_or_missing(model, folder):
        return None
    return folder if model.folder else folder / model.files[0].name


def installed(models_dir: Path | None = None, *, table: Mapping[str, Model] = TABLE) -> dict[str, Path]:
    """Return the models that `locate` finds, by name."""
    found = {name: locate(name, models_dir, table=table) for name in table}
    return {name: path for name, path in found.items() if path is not None}


def verify(name: str, models_dir: Path | None = None, *, table: Mapping[str, Model] = TABLE) -> None:
    """Hash every file of a model, whatever its stamp says; a wrong one is removed so that the next fetch mends it.

    Raises:
        ModelError: a file is missing or was wrong; the message names it.
    """
    model = find(name, table)
    folder = cache_dir(models_dir) / model.name
    cure = f"run `askoctober models pull {model.name}`."
    missing = [file.name for file in model.files if not (folder / file.name).is_file()]
    if len(missing) == len(model.files):
        raise ModelError(f"{model.name} is not in {folder.parent}; {cure}")
    wrong = [file.name for file in damaged_or_missing(model, folder, trust=False) if file.name not in missing]
    try:
        for file in wrong:
            (folder / file).unlink(missing_ok=True)
    except OSError as error:
        cure = f"remove {'it' if len(wrong) == 1 else 'them'} from {folder} ({error.strerror}), then {cure}"
        raise ModelError(f"{model.name}: wrong bytes in {', '.join(wrong)}; {cure}") from error
    if wrong:
        raise ModelError(f"{model.name}: wrong bytes in {', '.join(wrong)}, now removed; {cure}")
    if missing:
        raise ModelError(f"{model.name}: {', '.join(missing)} missing in {folder}; {cure}")


def damaged_or_missing(model: Model, folder: Path, *, trust: bool = True) -> list[ModelFile]:
    """Return the files that still have to be fetched, hashing only what a trusted stamp does not vouch for."""
    before = _read_stamp(folder / STAMP) if trust else {}
    after = {file.name: _intact(folder / file.name, file, before.get(file.name)) for file in model.files}
    stamp = {name: entry for name, entry in after.items() if entry is not None}
    if stamp and stamp != before:
        _write_stamp(folder / STAMP, stamp)
    return [file for file in model.files if after[file.name] is None]


def _intact(path: Path, file: ModelFile, known: Any) -> list[str | int] | None:
    """Return the stamp of a file that holds the published bytes, else None."""
    try:
        stat = path.stat()
        entry: list[str | int] = [file.sha256, stat.st_size, stat.st_mtime_ns]
        if stat.st_size != file.size:
            return None
        if entry != known:
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
                    return None
    except OSError:
        return None
    return entry


def _read_stamp(path: Path) -> dict[str, Any]:
    """Return what was hashed before; a damaged stamp only costs another hashing."""
    try:
        stamp = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(path: Path, stamp: Mapping[str, Any]) -> None:
    """Record what was hashed; in a folder that cannot be written the files are simply hashed each time."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
