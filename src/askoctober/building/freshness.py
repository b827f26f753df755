"""Whether an index still is what its corpus and its settings would give."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from askoctober import corpus
from askoctober.building.entries import Progress
from askoctober.building.states import States, folder_of
from askoctober.building.updating import chunking_of, model_name
from askoctober.config import Config
from askoctober.corpus import Corpus
from askoctober.corpus.finding import Found
from askoctober.errors import CorpusError, IndexFolderError
from askoctober.index import read_manifest
from askoctober.index.format import manifest_digest


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comes of comparing an index with its corpus: why it is stale, "" where it is not, and what was looked at.

    `overlooked` are the files that have other contents than the index, but the size and the times of when they were
    read: a build takes them for unchanged.
    """

    why: str
    files: int = 0
    bytes: int = 0
    overlooked: tuple[str, ...] = ()


def freshness(config: Config) -> str:
    """Return "" if the index matches the corpus, the embedder and the settings, else why not. Loads no model.

    The corpus is compared where `config.corpus` has the name of the folder that the index was built from.
    """
    return compare(config).why


def compare(config: Config, *, thorough: bool = False, progress: Progress | None = None) -> Comparison:
    """Compare the index with the corpus, the embedder and the settings, as `freshness` does.

    A file whose size and times are those of its last reading counts as unchanged, but where this is to be `thorough`:
    then each byte of each file is read, and `progress` is told of how many there are.
    """
    try:
        manifest = published(config)
    except IndexFolderError as error:
        return Comparison(str(error))
    if manifest.get("embedder", {}).get("name") != model_name(config.embedder):
        what = f"it was embedded with {manifest.get('embedder', {}).get('name')}, the setting is {config.embedder}"
        return Comparison(what)
    if manifest.get("chunking") != chunking_of(config):
        return Comparison("its articles were chunked in another way")
    if manifest.get("corpus") != config.corpus.name or not config.corpus.is_dir():
        return Comparison("")  # a shelf of its own, whose folder is not at hand to be compared
    shelf = Corpus(config.corpus)
    states = States(folder_of(config), manifest_digest(manifest))
    sizes = [_size(entry) for entry in shelf.entries]
    total, done = sum(sizes), 0
    for entry, size in zip(shelf.entries, sizes, strict=True):
        if progress:
            progress("reading the corpus", done, total)
        with suppress(CorpusError):  # what cannot be read is no part of the index either
            states.of(shelf, entry, anew=thorough)
        done += size
    if progress:
        progress("reading the corpus", total, total)
    is_same = manifest.get("corpus_fingerprint") == corpus.combine(states.items())
    why = "" if is_same else f"articles in {config.corpus} have changed since it was built"
    return Comparison(why, len(shelf.entries), total, tuple(states.overlooked))


def published(config: Config) -> Mapping[str, Any]:
    """Return the manifest that is in force where the settings say: in the index folder, or in Milvus.

    Raises:
        IndexFolderError: there is none, or it is damaged, or nothing answers.
    """
    if config.store:
        from askoctober.milvus import published

        return published(config.store)
    return read_manifest(config.index)


def _size(entry: Found) -> int:
    try:
        return entry.location.stat().st_size
    except OSError:
        return 0
