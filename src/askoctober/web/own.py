"""A reader's own articles: added to the shelf that is served, asked about a moment later, and removed again.

    <own>/articles/   the files as they came
    <own>/index/      the index of these articles, joined to that of the shelf, see `building.extend`

The index that is served and the corpus it was built from are only read.
"""

from __future__ import annotations

import gc
import hashlib
import ipaddress
import os
import posixpath
import shutil
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Protocol

from askoctober.building import OWN, Progress, Report, extend
from askoctober.config import Config
from askoctober.corpus.finding import METADATA, Found, find_files
from askoctober.corpus.reading import article_id, check_file
from askoctober.errors import ConfigError, CorpusError, IndexFolderError
from askoctober.index import LocalStore, read_manifest
from askoctober.retrieval import Retriever
from askoctober.web.naming import safe_path

MOST_FILES = 500
LARGEST_SHELF = 100_000_000
"""Bytes of all files together, and so of one: more would take this computer weeks to embed."""
DRAFT = ".taking-"
"""Begins the name of a file that is being written: hidden, so that no article is read before it is whole."""


class Serving(Protocol):
    """What answers readers: its retriever is exchanged when the shelf has changed."""

    retriever: Retriever


class OwnArticles:
    """The articles that were added to a served shelf; safe to share between threads, one of which works at a time."""

    def __init__(self, assistant: Serving, folder: Path, config: Config) -> None:
        """Keep articles in `folder` and serve them beside those that `assistant` has now; touches no file yet.

        Raises:
            ConfigError: `folder` would mix with the corpus or the index that is served, or holds another index.
        """
        self.folder = folder
        self._articles = folder / "articles"
        self._index = folder / "index"
        self._assistant = assistant
        self._config = config
        self._base = self._joined = assistant.retriever
        self._ids: frozenset[str] = frozenset()
        self._added: LocalStore | None = None
        self._lock = threading.Lock()
        self._check_folder()

    def open(self, progress: Progress | None = None) -> None:
        """Serve what was added before, with its index brought up to date; raises as `update` does."""
        with self._lock:
            for draft in self._articles.rglob(DRAFT + "*"):
                draft.unlink(missing_ok=True)
        self.update(progress)

    def ids(self) -> frozenset[str]:
        """The ids of the articles in force that were added, and so can be removed; never waits."""
        return self._ids

    def files(self) -> dict[str, int]:
        """How many of these articles each file that was added holds, by its name."""
        return dict(Counter(self._file_of(identity).removeprefix(OWN) for identity in self._ids))

    def take(self, source: Path, name: str) -> str | None:
        """Check a file and keep it under its name, in place of one of that name; return None, or why it was not kept.

        `name` may hold folders. The reason goes on after the name: "is empty; fill or remove it." What is kept is
        asked about from the next `update` on.
        """
        try:
            path = safe_path(name)
            check_file(source, path)
            with self._lock:
                self._keep(source, path)
        except CorpusError as error:
            return str(error)
        return None

    def update(self, progress: Progress | None = None) -> Report:
        """Bring the index up to date with what is kept, serve it, and return what was done to the own articles.

        Whoever reads from the index before it may go on. Where this fails, that one stays in force.

        Raises:
            CorpusError: the folder of articles has become something else.
            IndexFolderError: the index cannot be written or opened.
        """
        with self._lock:
            began = time.perf_counter()
            base = self._base
            if self._articles.is_dir():
                assert isinstance(base.store, LocalStore), "only an index in a folder is extended"
                report = extend(base.store, self._articles, self._index, self._config, base.encoder, progress=progress)
            else:
                report = Report(0, 0, 0, 0, len(self._ids), (), time.perf_counter() - began)
            if not report.articles:
                self._serve(base, None)
                shutil.rmtree(self._index, ignore_errors=True)
            elif self._added is None or self._joined is not base or self._added.manifest != read_manifest(self._index):
                assert isinstance(base.store, LocalStore)
                added = LocalStore.open(self._index)
                self._serve(base.over(base.store.joined(added)), added)
        return report

    def rebase(self, base: Retriever) -> None:
        """Serve what was added beside another retriever of the shelf, which has been built anew; raises as `update`."""
        with self._lock:
            self._base = base
        self.update()

    def remove(self, article_id: str) -> bool:
        """Delete the file of an own article, and return whether there was one; `update` then takes it off the shelf.

        What `articles.toml` says of a folder goes with the folder's last article.

        Raises:
            CorpusError: the file cannot be deleted.
        """
        with self._lock:
            kept = self._kept()
            file = self._file_of(article_id)
            entry = next((entry for entry in kept if file == OWN + entry.path or _id_of(entry) == article_id), None)
            if entry is None:
                return False
            parent = posixpath.dirname(entry.path)
            beside = [other for other in kept if posixpath.dirname(other.path) == parent and other is not entry]
            gone = [entry, *([] if any(map(_id_of, beside)) else beside)]
            try:
                for place in gone:
                    place.location.unlink(missing_ok=True)
            except OSError as error:
                raise CorpusError(
                    f"{entry.path} cannot be removed ({error.strerror or error}); correct its permissions in "
                    f"{self._articles}, or delete it there."
                ) from error
            self._prune(self._articles / parent)
            return True

    def _file_of(self, article_id: str) -> str:
        """The file of an article that was added, where the index knows it."""
        try:
            return self._added.file_of(article_id) if self._added else ""
        except IndexFolderError:
            return ""

    def _serve(self, retriever: Retriever, added: LocalStore | None) -> None:
        if self._assistant.retriever is not retriever:
            self._assistant.retriever = retriever
            # A store refers to itself through its caches: once no reader has it, only the collector frees it.
            gc.collect()
        self._added, self._joined = added, self._base
        self._ids = added.ids() if added else frozenset()

    def _kept(self) -> list[Found]:
        return find_files(self._articles) if self._articles.is_dir() else []

    def _keep(self, source: Path, path: str) -> None:
        target = self._articles / path
        others = [entry for entry in self._kept() if entry.path != path]
        if len(others) >= MOST_FILES:
            raise CorpusError(f"is one more than the {MOST_FILES} files that can be kept; remove another first.")
        try:
            if not target.parent.resolve().is_relative_to(self._articles.resolve()):
                raise CorpusError("has a name that leads out of its folder; rename it.")
            sizes = [entry.location.stat().st_size for entry in others if not entry.problem]
            if sum(sizes) + source.stat().st_size > LARGEST_SHELF:
                raise CorpusError(
                    f"makes more than {LARGEST_SHELF // 1_000_000} MB of articles together; remove another first."
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(source, target)
        except OSError as error:
            raise CorpusError(f"cannot be kept ({error.strerror or error}); rename it, or free some space.") from error
        finally:
            self._prune(target.parent)

    def _prune(self, folder: Path) -> None:
        """Remove a folder of articles that holds nothing any more, and those around it."""
        while folder != self._articles:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                return
            folder = folder.parent

    def _check_folder(self) -> None:
        corpus, index = self._config.corpus.resolve(), self._config.index.resolve()
        for ours in (self._articles.resolve(), self._index.resolve()):
            if any(_lies_in(ours, theirs) or _lies_in(theirs, ours) for theirs in (corpus, index)):
                raise ConfigError(
                    f"Added articles cannot be kept in {self.folder}, among the files of the shelf itself; "
                    "choose another folder with the setting 'own', or serve with --no-uploads."
                )
        try:
            foreign = not read_manifest(self._index).get("own")
        except IndexFolderError:
            return
        if foreign:
            raise ConfigError(
                f"Added articles cannot be kept in {self.folder}, which holds another shelf; "
                "choose another folder with the setting 'own', or serve with --no-uploads."
            )


def are_allowed(config: Config) -> bool:
    """Whether readers may add articles: as the setting `uploads` says, which by itself means on this computer only."""
    if config.uploads == "auto":
        return _is_loopback(config.host)
    return config.uploads == "on"


def folder_of(config: Config) -> Path:
    """Return the folder for what is added to the configured index: the setting `own`, else one in the user's data."""
    if config.own is not None:
        return config.own
    from platformdirs import user_data_path

    index = config.index.resolve()
    name = f"{index.name}-{hashlib.sha256(os.fsencode(index)).hexdigest()[:8]}"
    return user_data_path("askoctober") / "shelves" / name


def _id_of(entry: Found) -> str:
    """The id of the article in a kept file; nothing for a file that is none."""
    return "" if posixpath.basename(entry.path) == METADATA else article_id(OWN + entry.path)


def _copy(source: Path, target: Path) -> None:
    """Put a copy in place in one step."""
    handle, name = tempfile.mkstemp(prefix=DRAFT, dir=target.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as copy, source.open("rb") as file:
            shutil.copyfileobj(file, copy)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _is_loopback(host: str) -> bool:
    try:
        return host.casefold() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _lies_in(inner: Path, outer: Path) -> bool:
    """Whether a folder is part of another one: the same, or below it and not hidden there."""
    if not inner.is_relative_to(outer):
        return False
    return not any(part.startswith(".") for part in inner.relative_to(outer).parts)
