"""Bringing an index up to date: only new and changed articles are embedded, what is known is taken over as it is."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from askoctober import chunking, corpus, models
from askoctober.building.entries import Progress, digest_of, embed
from askoctober.config import Config
from askoctober.corpus.reading import article_id
from askoctober.embedding import load_encoder
from askoctober.errors import IndexFolderError
from askoctober.index import Entry, LocalStore, read_manifest, write_index
from askoctober.index.format import manifest_digest
from askoctober.types import Article, Encoder

OWN = "own/"
"""Stands before the path of an article that is added to an index, so that it and its id are none of the index's."""
BESIDE_READERS = 16
"""Sentences that are embedded at once beside readers' questions, which wait for the encoder meanwhile.

Fewer at a time take no longer in all.
"""


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did; the counts are articles, but for `chunks`."""

    articles: int
    chunks: int
    embedded: int
    unchanged: int
    removed: int
    failed: tuple[corpus.Failure, ...]
    seconds: float


def build(config: Config, *, progress: Progress | None = None, encoder: Encoder | None = None) -> Report:
    """Build or update the index of `config.corpus` in `config.index`; only new and changed articles are embedded.

    Raises:
        CorpusError: there is no folder of articles.
        ModelError: the embedder is not here.
        IndexFolderError: the index cannot be written.
    """
    began = time.perf_counter()
    tell = progress or _silent
    tell("reading", 0, 1)
    fingerprint = corpus.fingerprint(config.corpus)
    reading = corpus.read_corpus(config.corpus)
    encoder = encoder or load_encoder(models.resolve(config.embedder, config.models_dir), threads=config.threads)
    about = _about(config, encoder)

    old = _open_old(config.index, about)
    digests = {article.id: digest_of(article) for article in reading.articles}
    known = old.digests() if old else {}
    changed = [article for article in reading.articles if known.get(article.id) != digests[article.id]]
    if old and 2 * len(changed) > len(digests):
        # The projection of token vectors was fitted to what is now the lesser part of the shelf: fit it anew.
        old.close()
        old, changed = None, list(reading.articles)
    if old and not changed and set(known) == set(digests) and old.manifest["corpus_fingerprint"] == fingerprint:
        chunks = old.size
        old.close()
    else:
        basis = old.basis if old else None
        fresh, basis = embed(changed, digests, config.chunk_size, encoder, basis, tell)
        entries = _with_kept(reading.articles, fresh, old)
        if old:
            old.close()
        tell("writing", 0, 1)
        about |= {"corpus": config.corpus.name, "corpus_fingerprint": fingerprint}
        manifest = write_index(config.index, entries, basis, about)
        chunks = int(manifest["chunks"])
    removed = len(set(known) - set(digests))
    return _report(reading.articles, chunks, changed, removed, reading.failed, began)


def extend(
    base: LocalStore,
    folder: Path,
    index: Path,
    config: Config,
    encoder: Encoder,
    *,
    progress: Progress | None = None,
) -> Report:
    """Build or update in `index` the index that holds all of `base` and the articles of `folder`; report on these.

    What `base` holds is taken over as it is. Of the articles of `folder`, whose paths get `OWN` put before them, only
    the new and changed are embedded. The manifest has under `base` the sum of the manifest that was extended, so that
    another one is noticed, and under `own` the ids of what was added. Where there is none to add, nothing is written.

    Raises:
        CorpusError: there is no such folder.
        IndexFolderError: the index cannot be written; the one in force stays.
    """
    began = time.perf_counter()
    tell = progress or _silent
    articles, failed = _own_articles(folder, frozenset(base.digests()))
    digests = {article.id: digest_of(article) for article in articles}
    about = _about(config, encoder)
    old = _open_old(index, about)
    known = _added(old)
    removed = len(set(known) - set(digests))
    if old and not np.array_equal(old.basis, base.basis):
        old.close()
        old, known = None, {}  # its token vectors lie in another space
    changed = [article for article in articles if known.get(article.id) != digests[article.id]]
    about |= {"base": manifest_digest(base.manifest), "own": sorted(digests)}
    try:
        if not articles:
            chunks = 0
        elif old and not changed and all(old.manifest.get(key) == value for key, value in about.items()):
            chunks = old.size - base.size
        else:
            fresh, basis = embed(changed, digests, config.chunk_size, encoder, base.basis, tell, BESIDE_READERS)
            entries = [*(base.entry(article.id) for article in base.articles()), *_with_kept(articles, fresh, old)]
            tell("writing", 0, 1)
            chunks = int(write_index(index, entries, basis, about)["chunks"]) - base.size
    finally:
        if old:
            old.close()
    return _report(articles, chunks, changed, removed, failed, began)


def freshness(config: Config) -> str:
    """Return "" if the index matches the corpus, the embedder and the settings, else why not. Loads no model.

    The corpus is compared where `config.corpus` has the name of the folder that the index was built from.
    """
    try:
        manifest = read_manifest(config.index)
    except IndexFolderError as error:
        return str(error)
    if manifest.get("embedder", {}).get("name") != _model_name(config.embedder):
        return f"it was embedded with {manifest.get('embedder', {}).get('name')}, the setting is {config.embedder}"
    if manifest.get("chunking") != _chunking(config):
        return "its articles were chunked in another way"
    if manifest.get("corpus") != config.corpus.name or not config.corpus.is_dir():
        return ""  # a shelf of its own, whose folder is not at hand to be compared
    if manifest.get("corpus_fingerprint") != corpus.fingerprint(config.corpus):
        return f"articles in {config.corpus} have changed since it was built"
    return ""


def _own_articles(folder: Path, shelf: frozenset[str]) -> tuple[list[Article], tuple[corpus.Failure, ...]]:
    """Return the articles to be added to a shelf of these ids, under their paths there, and what cannot be added."""
    reading = corpus.read_corpus(folder, may_be_empty=True)
    articles, failed = [], list(reading.failed)
    for article in reading.articles:
        path = OWN + article.path
        moved = dataclasses.replace(article, id=article_id(path), path=path)
        if moved.id in shelf:
            failed.append(corpus.Failure(article.path, "comes to the same id as an article of the shelf; rename it."))
        else:
            articles.append(moved)
    return articles, tuple(failed)


def _added(extended: LocalStore | None) -> dict[str, str]:
    """The digests, by id, of what was added to the index that this one extends."""
    if extended is None:
        return {}
    ids = set(extended.manifest.get("own", ()))
    return {key: digest for key, digest in extended.digests().items() if key in ids}


def _about(config: Config, encoder: Encoder) -> dict[str, Any]:
    """The part of the manifest that says how vectors came about: indexes that differ in it cannot be mixed."""
    return {
        "created_by": "askoctober",
        "embedder": {"name": _model_name(config.embedder), "fingerprint": encoder.fingerprint},
        "chunking": _chunking(config),
    }


def _chunking(config: Config) -> dict[str, Any]:
    return {"version": chunking.VERSION, "chunk_size": config.chunk_size}


def _model_name(name: str) -> str:
    """The part of a model's name or path that is the same on every machine."""
    return name.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1].lower()


def _open_old(index: Path, about: Mapping[str, Any]) -> LocalStore | None:
    """The index in force if its vectors can be used again; a damaged or foreign one is simply built anew."""
    try:
        old = LocalStore.open(index)
    except IndexFolderError:
        return None
    if any(old.manifest.get(key) != value for key, value in about.items()):
        old.close()
        return None
    return old


def _with_kept(articles: Sequence[Article], fresh: Mapping[str, Entry], old: LocalStore | None) -> list[Entry]:
    """The entry of each article: the fresh one, or that of the old index."""
    entries = []
    for article in articles:
        entry = fresh.get(article.id)
        if entry is None:
            assert old is not None, "an article is either fresh or in the old index"
            entry = old.entry(article.id)
        entries.append(entry)
    return entries


def _report(
    articles: Sequence[Article],
    chunks: int,
    changed: Sequence[Article],
    removed: int,
    failed: tuple[corpus.Failure, ...],
    began: float,
) -> Report:
    count, embedded = len(articles), len(changed)
    return Report(count, chunks, embedded, count - embedded, removed, failed, time.perf_counter() - began)


def _silent(label: str, done: int, total: int) -> None:
    """Progress that nobody follows."""
