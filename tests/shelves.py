"""Indexes built with the hashing encoder, and all that an opened one holds, for comparison."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from askoctober.building import Report, build
from askoctober.config import Config
from askoctober.index import LocalStore
from encoders import HashEncoder


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Make a folder hold these files and no others."""
    for old in [path for path in folder.rglob("*") if path.is_file()]:
        old.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return folder


def config_of(folder: Path, **changes: Any) -> Config:
    return Config(**({"corpus": folder / "corpus", "index": folder / "index"} | changes))


def build_from(
    folder: Path, files: Mapping[str, str], encoder: HashEncoder | None = None, **changes: Any
) -> tuple[Report, HashEncoder]:
    """Build `folder/index` from these files; return the report, and an encoder that saw what was embedded."""
    encoder = encoder or HashEncoder()
    write_files(folder / "corpus", files)
    return build(config_of(folder, **changes), encoder=encoder), encoder


def contents(store: LocalStore) -> dict[str, Any]:
    """All that a store holds of each article, as plain values; vectors to three places, as 16 bits keep them."""
    held = {}
    for article in store.articles():
        entry = store.entry(article.id)
        held[article.path] = {
            "article": article,
            "digest": entry.digest,
            "chunks": entry.chunks,
            "vectors": entry.vectors.round(3).tolist(),
            "sentences": entry.sentence_vectors.round(3).tolist(),
            "counts": entry.token_counts.tolist(),
        }
    return held
