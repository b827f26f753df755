"""Bringing an index up to date: only new and changed articles are embedded, what is known is taken over as it is.

    files -> those that changed (states) -> articles -> new, moved, copies (this module) -> entries -> IndexWriter

Memory does not grow with the shelf, but for the paths of its files: articles are embedded and written a few at a time,
each time safely, so that a build that is killed goes on where it was.
"""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, cast

import numpy as np

from askoctober import chunking, corpus, models
from askoctober.building import duplicates
from askoctober.building.entries import Draft, Embed, LocalEmbed, Progress, digest_of
from askoctober.building.states import States, folder_of
from askoctober.config import Config
from askoctober.corpus import Corpus, Failure
from askoctober.corpus.finding import METADATA, Found
from askoctober.corpus.reading import article_id
from askoctober.embedding import load_encoder
from askoctober.errors import CorpusError, IndexFolderError
from askoctober.index import DamagedError, Entry, IndexWriter, Known, LocalStore, copy_entry, read_manifest
from askoctober.index.format import manifest_digest
from askoctober.types import Article, Chunk, Encoder

OWN = "own/"
"""Stands before the path of an article that is added to an index, so that it and its id are none of the index's."""
BESIDE_READERS = 16
"""Sentences that are embedded at once beside readers' questions, which wait for the encoder meanwhile.

Fewer at a time take no longer in all.
"""
AT_ONCE = 300_000
"""Characters of a group of articles, which is embedded between two checkpoints: some ten seconds' work."""
FIRST = 64
"""Files, from all over a large corpus, that the projection of token vectors is fitted to."""
TOLD_EVERY = 0.3
"""Seconds between two tellings of how far the reading is."""
MOST_NAMED = 200
"""Files left out that a manifest names; all are counted."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did; the counts are articles, but for `chunks` and `passed_over` (files by their endings)."""

    articles: int
    chunks: int
    embedded: int
    unchanged: int
    removed: int
    failed: tuple[Failure, ...]
    seconds: float
    copies: int = 0
    renamed: int = 0
    passed_over: Mapping[str, int] = field(default_factory=dict)


def build(
    config: Config,
    *,
    progress: Progress | None = None,
    encoder: Encoder | None = None,
    embed: Embed | None = None,
    changed: Iterable[str] | None = None,
    tell: Callable[[str], None] | None = None,
    verify: bool = False,
) -> Report:
    """Build or update the index of `config.corpus` in `config.index`; only new and changed articles are embedded.

    They are embedded where `config.embed` says, or by `embed`, which has to hold the same encoder. `changed` are the
    paths of the only files that may have changed, where these are known: no other is looked at. `tell` is told for whom
    this waits. To `verify` is to compare what the index holds with its sums, whatever its size.

    Raises:
        ConfigError: what `config.embed` names is not installed, or does not answer.
        CorpusError: there is no folder of articles, or no article in it.
        ModelError: the embedder is not here, or not where it is to embed.
        IndexFolderError: the index cannot be written, or another build holds it for too long.
    """
    began = time.perf_counter()
    progress = progress or _silent
    progress("reading", 0, 1)
    shelf = Corpus(config.corpus)
    encoder = encoder or load_encoder(models.resolve(config.embedder, config.models_dir), threads=config.threads)
    about, anew = about_of(config, encoder), False
    with ExitStack() as stack:
        embed = embed or stack.enter_context(_embed_of(config, encoder))
        while True:
            try:
                with _open_writer(config, about, anew=anew, verify=verify, tell=tell) as writer:
                    update = _Update(writer, shelf, config, embed, progress)
                    update.run(None if changed is None else frozenset(changed))
                    # Token vectors of a shelf that began very small lie in a space that suits it ill: once, all are
                    # made anew.
                    if not writer.is_outgrown or anew:
                        if not update.is_empty:
                            update.commit({"corpus": config.corpus.name})
                        break
            except DamagedError:  # sums are right, but not what they are of: nothing of it can be gone on from
                if anew:
                    raise
            changed, anew = None, True
    if update.is_empty:
        why = f": {update.failed[0]}" if update.failed else "; put .md or .txt files in it."
        kept = _kept(config, writer.manifest)
        raise CorpusError(f"The folder {config.corpus} holds no article that can be read{why}{kept}")
    return update.report(began)


def _embed_of(config: Config, encoder: Encoder) -> AbstractContextManager[Embed]:
    """Where the articles are embedded: in this process, or by Ray."""
    if config.embed == "ray":
        from askoctober.building.on_ray import RayEmbed

        return RayEmbed(config, encoder)
    return nullcontext(LocalEmbed(encoder, config.chunk_size))


def _kept(config: Config, manifest: Mapping[str, Any] | None) -> str:
    """Say that the index in force stays where there is nothing to make another one of, and how to be rid of it."""
    with suppress(IndexFolderError):
        manifest = manifest if config.store else read_manifest(config.index)
    if not manifest:
        return ""
    place, remove = (config.store, "") if config.store else (config.index, "; delete that folder to remove it")
    return f" The index in {place} was kept as it was, with its {manifest.get('articles', 0)} articles{remove}."


def _open_writer(config: Config, about: Mapping[str, Any], **how: Any) -> AbstractContextManager[IndexWriter]:
    """Open the index for an update: the folder, or the shelf in Milvus, whose writer has the same methods."""
    memory = config.memory * 1_000_000
    if config.store:
        from askoctober.milvus import MilvusWriter

        return cast(AbstractContextManager[IndexWriter], MilvusWriter.open(config.store, about, memory=memory, **how))
    return IndexWriter.open(config.index, about, memory=memory, **how)


def extend(
    base: LocalStore,
    folder: Path,
    index: Path,
    config: Config,
    encoder: Encoder,
    *,
    progress: Progress | None = None,
    verify: bool = False,
) -> Report:
    """Build or update in `index` an index of the articles of `folder` that can be joined to `base`; report on these.

    Their paths get `OWN` put before them. Only the new and changed are embedded. Where there are none, nothing is
    written. The manifest has `own` set.

    Raises:
        CorpusError: there is no such folder.
        IndexFolderError: the index cannot be written; the one in force stays.
    """
    began = time.perf_counter()
    about, taken = about_of(config, encoder), frozenset(base.digests())
    embed = LocalEmbed(encoder, config.chunk_size, BESIDE_READERS)
    for anew in (False, True):
        try:
            with IndexWriter.open(index, about, basis=base.basis, anew=anew, verify=verify) as writer:
                update = _Update(writer, Corpus(folder), config, embed, progress or _silent, OWN, taken)
                update.run(None)
                if not update.is_empty:
                    update.commit({"own": True})
                break
        except DamagedError:  # sums are right, but not what they are of: nothing of it can be gone on from
            if anew:
                raise
    return update.report(began)


class _Update:
    """One update of an index: what was seen, and what became of it."""

    def __init__(
        self,
        writer: IndexWriter,
        shelf: Corpus,
        config: Config,
        embed: Embed,
        progress: Progress,
        prefix: str = "",
        taken: frozenset[str] = frozenset(),
    ) -> None:
        """Bring the index up to date with a corpus, with `prefix` before its paths; ids that are `taken` fail."""
        self.failed: list[Failure] = list(shelf.failed)
        self._writer, self._shelf, self._embed = writer, shelf, embed
        self._progress, self._prefix, self._taken = progress, prefix, taken
        self._states = States(writer.folder if prefix else folder_of(config), _digest(writer.manifest))
        self._files = {entry.path for entry in shelf.entries}
        self._waiting: dict[str, Draft] = {}
        self._characters = self._groups = 0
        self._seen: set[str] = set()
        self._kept: set[str] = set()
        self._again: list[Known] = []
        self._embedded = self._renamed = self._removed = 0
        self._manifest: Mapping[str, Any] = writer.manifest or {}
        self.is_empty = False

    def run(self, changed: frozenset[str] | None) -> None:
        """Read what is new and changed, and put what is gone out of force."""
        if self._writer.damaged:
            changed = None  # what was in the part that is lost may be in any file
        entries = self._entries(changed)
        told = time.perf_counter()
        for number, entry in enumerate(entries):
            if time.perf_counter() - told > TOLD_EVERY:
                self._progress("reading", number, len(entries))
                told = time.perf_counter()
            self._take_file(entry)
        self._flush()
        self._drop_gone(changed)
        while self._again:  # copies of articles that are gone: one of them becomes the article
            self._read_again()
            self._flush()
        self.is_empty = next(self._writer.all(), None) is None
        self.failed.sort(key=lambda failure: failure.path)

    def commit(self, about: Mapping[str, Any]) -> None:
        """Put what was done in force."""
        if self._writer.is_changed:
            self._progress("writing", 0, 1)
        named = [[failure.path, failure.reason] for failure in self.failed[:MOST_NAMED]]
        more = {"corpus_fingerprint": corpus.combine(self._states.items()), "failed": named}
        self._manifest = self._writer.commit({**about, **more, "left_out": len(self.failed)})
        self._states.save(_digest(self._manifest))

    def report(self, began: float) -> Report:
        """Say what was done."""
        count = 0 if self.is_empty else int(self._manifest.get("articles", 0))
        chunks, copies = (0, 0) if self.is_empty else (int(self._manifest[key]) for key in ("chunks", "copies"))
        unchanged = max(count - self._embedded - self._renamed, 0)
        done = (self._embedded, unchanged, self._removed, tuple(self.failed), time.perf_counter() - began)
        return Report(count, chunks, *done, copies, self._renamed, self._shelf.passed_over)

    def _entries(self, changed: frozenset[str] | None) -> list[Found]:
        """The files to look at; of a large new shelf some from all over first, as the projection is fitted to them."""
        # What articles.toml says may be about any file beside it.
        if changed is not None and not any(PurePosixPath(name).name == METADATA for name in changed):
            some = []
            for entry in self._shelf.entries:
                # What failed is tried again each time, and so is named each time.
                if entry.path in changed or self._states.has_failed(entry.path):
                    some.append(entry)
                elif not self._states.keep(entry.path):
                    break  # nothing is known of it: look at all
            else:
                return some
        entries = list(self._shelf.entries)
        if self._writer.basis is not None or len(entries) <= 2 * FIRST:
            return entries
        first = entries[:: -(-len(entries) // FIRST)]
        chosen = {entry.path for entry in first}
        return first + [entry for entry in entries if entry.path not in chosen]

    def _take_file(self, entry: Found) -> None:
        try:
            state = self._states.of(self._shelf, entry)
        except CorpusError as error:
            self.failed.append(Failure(entry.path, str(error)))
            return
        # Where a part of the index is lost, so may be some of a file's articles: it is read to see which.
        is_whole = self._states.is_indexed(entry.path, state) and not self._writer.damaged
        if is_whole and self._writer.in_file(self._prefix + entry.path):
            self._kept.add(self._prefix + entry.path)
            return
        self._states.set_indexed(entry.path, wholly=self._read(entry))

    def _read(self, entry: Found) -> bool:
        """Take in the articles of a file; return whether no part of it failed."""
        wholly = True
        try:
            for item in self._shelf.read(entry):
                if isinstance(item, Failure):
                    self.failed.append(item)
                    wholly = False
                else:
                    wholly &= self._take(item, self._prefix + entry.path)
        except CorpusError as error:
            self.failed.append(Failure(entry.path, str(error)))
            wholly = False
        return wholly

    def _take(self, article: Article, file: str) -> bool:
        """Take in one article: keep what is in force, or have it embedded; return whether it found a place."""
        if self._prefix:
            path = self._prefix + article.path
            article = dataclasses.replace(article, id=article_id(path), path=path)
        other = self._writer.known_id(article.id)
        twin = self._waiting.get(article.id)
        clash = (other.path if other else "") or (twin.article.path if twin else "")
        if (
            article.id in self._taken
            or (clash and clash != article.path and self._is_there(clash))
            or article.path in self._seen
        ):
            what = clash or "another part of its file"
            mend = (
                f"{what}; rename one of them."
                if article.id not in self._taken
                else "an article of the shelf; rename it."
            )
            path = article.path.removeprefix(self._prefix)
            self.failed.append(Failure(path, f"comes to the same id as {mend}"))
            return False
        self._seen.add(article.path)
        digest = digest_of(article)
        known = self._writer.known(article.path)
        if known and known.digest == digest and known.file == file:
            return True
        if known:
            self._drop(known)
        signature = duplicates.signature(article.text)
        self._waiting[article.id] = Draft(article, digest, file, signature.tobytes(), _keys(signature))
        self._characters += len(article.text)
        if self._characters >= AT_ONCE:
            self._characters, self._groups = 0, self._groups + 1
            # The projection is fitted to the first group, whoever embeds the others.
            if self._writer.basis is None or self._groups >= self._embed.at_once():
                self._flush()
        return True

    def _flush(self) -> None:
        """Put in force what is waiting: moved or copied where its text is known, else embedded."""
        groups = self._planned()
        self._waiting, self._characters, self._groups = {}, 0, 0
        basis = self._writer.basis
        embedded = self._embed([drafts for drafts, _ in groups if drafts], basis, partial(self._progress, "embedding"))
        for drafts, copies in groups:
            if drafts:
                entries, fitted = next(embedded)
                if basis is None:
                    self._writer.set_basis(fitted, sum(len(entry.tokens) for entry in entries))
                for entry in entries:
                    self._writer.add(entry)
                self._embedded += len(entries)
            for copy in copies:  # after what they repeat: a new index needs its projection before its first article
                self._writer.add(copy)
            self._writer.checkpoint()

    def _planned(self) -> list[tuple[list[Draft], list[Entry]]]:
        """Move what was only moved; of each group of the others, return what is to be embedded, and the copies."""
        groups: list[tuple[list[Draft], list[Entry]]] = []
        earlier: list[Draft] = []
        meeting: dict[bytes, list[int]] = {}
        for group in _grouped(self._waiting.values()):
            drafts: list[Draft] = []
            copies: list[Entry] = []
            for draft in group:
                if self._move(draft):
                    continue
                near = sorted({place for key in draft.bands for place in meeting.get(key, ())})
                copied = self._copied(draft, (earlier[place] for place in near))
                if copied:
                    copies.append(copy_entry(draft.article, draft.digest, draft.file, copied))
                else:
                    for key in draft.bands:
                        meeting.setdefault(key, []).append(len(earlier))
                    earlier.append(draft)
                    drafts.append(draft)
            groups.append((drafts, copies))
        return groups

    def _move(self, draft: Draft) -> bool:
        """Take over the vectors of an article that has only changed its path."""
        for known in self._writer.known_digest(draft.digest):
            if not known.copy_of and not self._is_there(known.path) and self._writer.is_finished(known):
                entry = self._writer.entry(known)
                self._drop(known)
                self._writer.add(_renamed(entry, draft))
                self._renamed += 1
                return True
        return False

    def _copied(self, draft: Draft, others: Iterable[Draft]) -> str:
        """The id of the article that this one repeats, in force or among `others`; nothing if it repeats none.

        The `others` are about to be in force, and share a key with this one.
        """
        for known, signature in self._writer.signed(draft.bands):
            if known.path == draft.article.path or known.copy_of or not self._is_there(known.path):
                continue
            if _is_copy(draft.signature, signature):
                return known.id
        for other in others:
            if _is_copy(draft.signature, other.signature):
                return other.article.id
        return ""

    def _is_there(self, path: str) -> bool:
        """Whether the article at a path is still one of the corpus: seen now, or in a file that is there."""
        if path in self._seen:
            return True
        known = self._writer.known(path)
        return known is not None and known.file.removeprefix(self._prefix) in self._files

    def _drop_gone(self, changed: frozenset[str] | None) -> None:
        if changed is None:
            held = self._writer.all()
        else:
            held = (known for path in changed for known in self._writer.in_file(self._prefix + path))
        gone = [known for known in held if known.file not in self._kept and known.path not in self._seen]
        for known in gone:
            self._drop(known)
            self._removed += not known.copy_of

    def _drop(self, known: Known) -> None:
        self._writer.drop(known)
        if not known.copy_of:
            self._again += self._writer.copies_of(known.id)

    def _read_again(self) -> None:
        """Take in anew what repeated articles that are no longer there, or no longer the same."""
        again, self._again = self._again, []
        by_path = {self._prefix + entry.path: entry for entry in self._shelf.entries}
        for file in sorted({known.file for known in again}):
            paths = {known.path for known in again if known.file == file}
            for known in again:
                if known.file == file:
                    self._writer.drop(known)
            if file not in by_path:
                continue
            for item in self._shelf.read(by_path[file]):
                if isinstance(item, Article) and self._prefix + item.path in paths:
                    self._seen.discard(self._prefix + item.path)
                    self._take(item, file)


def _grouped(drafts: Iterable[Draft]) -> list[list[Draft]]:
    """Part drafts into groups of `AT_ONCE` characters each, the last one smaller."""
    groups: list[list[Draft]] = []
    characters = AT_ONCE
    for draft in drafts:
        if characters >= AT_ONCE:
            groups.append([])
            characters = 0
        groups[-1].append(draft)
        characters += len(draft.article.text)
    return groups


def _keys(signature: duplicates.Signature) -> tuple[bytes, ...]:
    """The keys under which near-duplicates meet, in 8 bytes each."""
    return tuple(hashlib.blake2b(key, digest_size=8).digest() for key in duplicates.bands(signature))


def _is_copy(one: bytes, other: bytes) -> bool:
    if len(one) != len(other):
        return False
    return duplicates.is_copy(*(np.frombuffer(signature, np.uint32) for signature in (one, other)))


def _renamed(entry: Entry, draft: Draft) -> Entry:
    """The entry of an article under its new path."""
    article = draft.article
    chunks = tuple(
        (Chunk(f"{article.id}:{c.start}-{c.end}", article.id, c.heading, c.text, c.start, c.end, article), spans)
        for c, spans in entry.chunks
    )
    return dataclasses.replace(entry, article=article, chunks=chunks, file=draft.file)


def about_of(config: Config, encoder: Encoder) -> dict[str, Any]:
    """The part of the manifest that says how vectors came about: indexes that differ in it cannot be mixed."""
    return {
        "created_by": "askoctober",
        "embedder": {"name": model_name(config.embedder), "fingerprint": encoder.fingerprint},
        "chunking": chunking_of(config),
    }


def chunking_of(config: Config) -> dict[str, Any]:
    """How articles are chunked, for the manifest."""
    return {"version": chunking.VERSION, "chunk_size": config.chunk_size}


def model_name(name: str) -> str:
    """The part of a model's name or path that is the same on every machine."""
    return name.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1].lower()


def _digest(manifest: Mapping[str, Any] | None) -> str:
    return manifest_digest(manifest) if manifest else ""


def _silent(label: str, done: int, total: int) -> None:
    """Progress that nobody follows."""


__all__ = ["OWN", "Report", "about_of", "build", "chunking_of", "extend", "model_name"]
