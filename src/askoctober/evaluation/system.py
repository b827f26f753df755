"""What answers, as a fingerprint: answers of another index, model, setting or program are not mixed with these."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import askoctober
from askoctober.config import Config
from askoctober.index import read_manifest

PLACES_AND_DOORS = frozenset({"corpus", "index", "models_dir", "threads", "host", "port"})
"""Settings that change no answer."""
NOT_ANSWERING = frozenset({"cli", "web", "evaluation", "integrations", "models", "__main__.py", "judge.txt"})
"""Parts of the program that change none either."""


def describe(config: Config) -> dict[str, Any]:
    """Return what answers: the index by its sum, the models, the settings and the program by its files' sum."""
    settings = {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if field.name not in PLACES_AND_DOORS
    }
    manifest = read_manifest(config.index)
    return {
        "version": askoctober.__version__,
        "code": _code(),
        "index": hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest(),
        "corpus": manifest.get("corpus_fingerprint", ""),
        "embedder": manifest["embedder"]["name"],
        "model_file": _file(config.model),
        "settings": json.loads(json.dumps(settings, default=_plain)),
    }


def fingerprint(system: dict[str, Any]) -> str:
    """Return a short digest of what `describe` returns."""
    return hashlib.sha256(json.dumps(system, sort_keys=True).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else str(value)


def _file(model: str) -> list[int]:
    """Size and date of a model that is given as a file; a name of the table stands for one file only."""
    path = Path(model).expanduser()
    return [path.stat().st_size, path.stat().st_mtime_ns] if path.is_file() else []


def _code() -> str:
    """The digest of every file of the program that has to do with an answer."""
    package = Path(askoctober.__file__).parent
    total = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package)
        if path.suffix in (".py", ".txt", ".gbnf") and not NOT_ANSWERING & {name.parts[0], name.name}:
            total.update(f"{name.as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()[:16]
