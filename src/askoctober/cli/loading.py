"""Bringing up what a command needs: models that are absent are fetched first, heavy rooms are imported last.

Everything heavy that the commands touch is loaded by a function of this module: tests replace these, and no others.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from askoctober.cli import show
from askoctober.cli.progress import progress
from askoctober.config import Config
from askoctober.errors import AskoctoberError, IndexFolderError

if TYPE_CHECKING:
    from askoctober import Assistant, Retriever
    from askoctober.building import Report
    from askoctober.index import LocalStore
    from askoctober.milvus import MilvusStore
    from askoctober.web.own import OwnArticles


def fetch_absent(config: Config, *names: str) -> None:
    """Fetch those of the models `names` that are in the table and not on this machine; others are left alone."""
    from askoctober import models

    known = {name.lower(): name for name in models.TABLE}
    for wanted in names:
        name = known.get(wanted.lower())
        if name and models.locate(name, config.models_dir) is None:
            with progress(size=True) as report:
                models.fetch(name, config.models_dir, report)


def load_retriever(config: Config) -> Retriever:
    """Open the index with its embedder; no language model."""
    _need_index(config)
    fetch_absent(config, config.embedder)
    from askoctober import Retriever

    return Retriever.load(config.index, config=config)


def load_assistant(config: Config) -> Assistant:
    """Open the index and load both models."""
    return _load(config, isolated=False)


def load_served(config: Config) -> Assistant:
    """Open the index and load both models, the language model in a process of its own: a crash costs one answer."""
    return _load(config, isolated=True)


def _load(config: Config, *, isolated: bool) -> Assistant:
    _need_index(config)
    fetch_absent(config, config.embedder, config.model)
    from askoctober import Assistant, Retriever
    from askoctober.generation import is_local, load_generator

    with show.status("Loading the models"):
        retriever = Retriever.load(config.index, config)
        if isolated and is_local(config):
            from askoctober.generation.isolated import IsolatedGenerator

            return Assistant(retriever, IsolatedGenerator(config), config)
        return Assistant(retriever, load_generator(config), config)


def open_own(assistant: Assistant, config: Config) -> OwnArticles | None:
    """Add to the shelf what readers added before, or return None where they may not add anything."""
    from askoctober.web import own

    if config.store or not own.are_allowed(config):
        return None
    articles = own.OwnArticles(assistant, own.folder_of(config), config)
    with progress() as tell:
        articles.open(tell)
    return articles


def open_store(config: Config) -> LocalStore | MilvusStore:
    """Open the index alone, without any model."""
    if config.store:
        from askoctober.milvus import MilvusStore

        return MilvusStore.open(config.store)
    from askoctober.index import LocalStore

    return LocalStore.open(config.index)


def freshness(config: Config) -> str:
    """Return why the index needs a build, or "" when it does not."""
    from askoctober import building

    return building.freshness(config)


def build(config: Config) -> Report:
    """Bring the index up to date and return what was done."""
    from askoctober import building

    report = _unchanged(config)
    if report is None:
        fetch_absent(config, config.embedder)
        with progress() as tell:
            report = building.build(config, progress=tell, tell=show.note)
    return report


def follow(config: Config) -> Iterator[Report]:
    """Bring the index up to date, then with each change of the folder of articles; yield what was done each time."""
    from askoctober import building, models
    from askoctober.embedding import load_encoder

    batches = building.watch(config.corpus)  # from here on: nothing that changes during the first build is missed
    yield build(config)
    encoder = load_encoder(models.resolve(config.embedder, config.models_dir), threads=config.threads)
    show.note(f"following {config.corpus}; Ctrl-C ends it")
    for changed in batches:
        try:
            yield building.build(config, encoder=encoder, changed=changed, tell=show.note)
        except AskoctoberError as error:  # the folder is empty or gone for now: the index stays as it was
            show.complain(str(error))


def _unchanged(config: Config) -> Report | None:
    """Return what a build of a fresh and undamaged index would report, found without loading the embedder."""
    from askoctober import building, corpus

    began = time.perf_counter()
    if building.freshness(config) or building.published(config).get("corpus") != config.corpus.name:
        return None
    if building.published(config).get("left_out"):
        return None  # what failed is tried again each time: a file is not skipped for ever in silence
    shelf = corpus.Corpus(config.corpus)
    try:
        store = open_store(config)
    except IndexFolderError:
        return None
    count, copies = len(store.articles()), int(store.manifest["copies"])
    done = (0, count, 0, shelf.failed, time.perf_counter() - began, copies, 0, shelf.passed_over)
    report = building.Report(count, store.size, *done)
    store.close()
    return report


def _need_index(config: Config) -> None:
    """Say that there is no index before a gigabyte is fetched to ask it."""
    if config.store:
        return
    from askoctober.index import read_manifest

    read_manifest(config.index)
