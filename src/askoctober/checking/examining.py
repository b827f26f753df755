"""Whether an index is whole: manifest, every byte of every file, what stands in them, how it fits its corpus."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from askoctober.building import freshness
from askoctober.building.updating import chunking_of, model_name
from askoctober.checking.findings import Finding, Progress
from askoctober.checking.folder import check_folder, files_of, list_folder
from askoctober.checking.segments import check_segment
from askoctober.config import Config
from askoctober.errors import AskoctoberError, IndexFolderError
from askoctober.index.format import FORMAT, MANIFEST, SHARED, dump_manifest, read_manifest
from askoctober.index.segment import check_name, check_record
from askoctober.index.store import read_shared

BLOCK = 1 << 20
MOST_NAMED = 20
"""Files left out that are named one by one."""
TRIES = 3
"""Times that all is checked anew because a build has ended meanwhile."""
_REFUSED = "No question can be asked of the index as it is."
_CANNOT_BE = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def check_index(config: Config, progress: Progress, *, own: bool = False) -> list[Finding]:
    """Return what is wrong with the index of `config`, and what there is to know of it; nothing is changed.

    `own` says that it is the index of readers' own articles, which a chat brings up to date. Where a build ends
    meanwhile, what it has made is checked.
    """
    folder = config.index
    command = f"askoctober index {config.corpus} --index {folder}" if not own else "askoctober serve"
    found: list[Finding] = []
    for _ in range(TRIES):
        before = _bytes_of(folder / MANIFEST)
        found = list(_Examination(config, command, own, progress).run())
        if _bytes_of(folder / MANIFEST) == before:
            break
    return found


class _Examination:
    """One reading of an index."""

    def __init__(self, config: Config, command: str, own: bool, progress: Progress) -> None:
        self.config, self.folder, self.command, self.own, self.progress = config, config.index, command, own, progress

    def run(self) -> Iterator[Finding]:
        if not self.folder.is_dir():
            yield Finding("wrong", "", f"there is no index in {self.folder}", _REFUSED, self.command)
            return
        try:
            manifest = read_manifest(self.folder)
            self._check_names(manifest)
        except IndexFolderError as error:
            yield self._of_manifest(str(error))
            yield from check_folder(self.folder, list_folder(self.folder, None), self.command)
            return
        except _CANNOT_BE:
            yield self._of_manifest("is not what this program writes")
            return
        if (self.folder / MANIFEST).read_bytes() != dump_manifest(manifest).encode():
            what = "is not written as this program writes it"
            yield Finding("wrong", MANIFEST, what, "It answers, but was changed by somebody.", self.command, "rebuild")
        yield from check_folder(self.folder, list_folder(self.folder, manifest), self.command)
        damaged = set()
        for finding in self._check_sums(manifest):
            damaged.add(finding.file)
            yield finding
        yield from self._check_contents(manifest, damaged)
        yield from self._check_settings(manifest)
        yield from self._check_left_out(manifest)

    def _of_manifest(self, error: str) -> Finding:
        """What stands in the way of reading a manifest: it is not there, of another format, or damaged."""
        try:
            number = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))["format"]
        except FileNotFoundError:
            return Finding(
                "wrong", MANIFEST, "is not there", "There is no index in this folder.", self.command, "rebuild"
            )
        except (OSError, RecursionError, *_CANNOT_BE):
            number = FORMAT
        if type(number) is int and number > FORMAT:
            what = f"is of format {number}, which a newer askoctober has made; this one reads {FORMAT}"
            mend = f'pip install --upgrade "askoctober", or make the index anew: {self.command}'
            return Finding("wrong", MANIFEST, what, _REFUSED, mend)
        if type(number) is int and number < FORMAT:
            what = f"is of the older format {number}; this askoctober reads {FORMAT}"
            meaning = f"{_REFUSED} It is made anew from the articles."
            return Finding("wrong", MANIFEST, what, meaning, self.command, "rebuild")
        what = f"is damaged: {error.partition('; rebuild')[0]}"
        return Finding("wrong", MANIFEST, what, _REFUSED, self.command, "rebuild")

    def _check_names(self, manifest: Mapping[str, Any]) -> None:
        """Check that the manifest names our files alone, before one is opened."""
        for kind, entry in manifest["files"].items():
            check_name(self.folder, kind, SHARED[kind], entry)
        for record in manifest["segments"]:
            check_record(self.folder, record)
        if type(manifest["dimension"]) is not int or "basis" not in manifest["files"]:
            raise ValueError("no dimension")

    def _check_sums(self, manifest: Mapping[str, Any]) -> Iterator[Finding]:
        """Read every file through."""
        entries = {str(entry["name"]): entry for entry in files_of(manifest)}
        total = sum(int(entry["bytes"]) for entry in entries.values())
        done = 0
        meaning = f"{_REFUSED} Where a file is very large, some answers may be wrong instead."
        for name, entry in entries.items():
            path = self.folder / name
            try:
                size, digest = path.stat().st_size, hashlib.sha256()
                with path.open("rb") as stream:
                    while block := stream.read(BLOCK):
                        digest.update(block)
                        self.progress("reading the index", done + stream.tell(), total)
            except FileNotFoundError:
                yield Finding("wrong", name, "is missing", meaning, self.command, "rebuild")
            except OSError as error:
                what = f"cannot be read ({error.strerror or error})"
                yield Finding("wrong", name, what, meaning, self.command, "rebuild")
            else:
                if size != entry["bytes"]:
                    what = f"has {size} bytes in place of {entry['bytes']}"
                    yield Finding("wrong", name, what, meaning, self.command, "rebuild")
                elif digest.hexdigest() != entry["sha256"]:
                    what = "has changed since it was built: its bytes do not have the sum that the manifest says"
                    yield Finding("wrong", name, what, meaning, self.command, "rebuild")
            done += int(entry["bytes"])
        self.progress("reading the index", total, total)

    def _check_contents(self, manifest: Mapping[str, Any], damaged: set[str]) -> Iterator[Finding]:
        """Look into the segments whose files have the right sums."""
        if damaged & {str(entry["name"]) for entry in manifest["files"].values()}:
            return
        meaning = "It was written so, by a fault of the program or by somebody else; answers may be wrong."
        mend = f"remove the folder {self.folder}, then: {self.command}"
        try:
            basis, codebook = read_shared(self.folder, manifest)
        except (OSError, *_CANNOT_BE) as error:
            yield Finding("wrong", MANIFEST, f"has files for all segments that cannot be so ({error})", meaning, mend)
            return
        total = sum(int(entry["bytes"]) for entry in files_of(manifest))
        seen = 0

        def tell(more: int) -> None:
            nonlocal seen
            seen += more
            self.progress("looking into the index", min(seen, total), total)

        tell(0)
        for record in manifest["segments"]:
            if damaged & {str(entry["name"]) for entry in record["files"].values()}:
                continue
            for name, fault in check_segment(self.folder, record, basis, codebook, tell):
                yield Finding("wrong", name, fault, meaning, mend)
        tell(total)

    def _check_settings(self, manifest: Mapping[str, Any]) -> Iterator[Finding]:
        """Compare with the settings and, where it is at hand, with the corpus; no model is loaded."""
        embedder, chunking = manifest.get("embedder"), manifest.get("chunking")
        name = embedder.get("name") if isinstance(embedder, dict) else None
        if name != model_name(self.config.embedder):
            what = f"was embedded with {name}, the setting is {self.config.embedder}"
            mend = f"askoctober ask --embedder {name}, or embed anew: {self.command}"
            yield Finding("wrong", MANIFEST, what, "Questions are refused until the two agree.", mend)
        if chunking != chunking_of(self.config):
            meaning = "It answers; the next build chunks and embeds every article anew."
            yield Finding("notice", MANIFEST, "its articles were chunked in another way", meaning, self.command)
        if (
            self.own
            or not isinstance(name, str)
            or not isinstance(chunking, dict)
            or type(chunking.get("chunk_size")) is not int
        ):
            return
        if not is_at_hand(self.config, manifest):
            what = f"was built from a folder {str(manifest.get('corpus'))!r}, which the setting does not name"
            if manifest.get("corpus") == self.config.corpus.name:
                what = f"was built from the folder {self.config.corpus}, which is not there"
            meaning = "Whether its articles have changed cannot be told, and damage could not be mended from here."
            yield Finding("notice", MANIFEST, what, meaning, "askoctober doctor --corpus FOLDER")
            return
        config = dataclasses.replace(self.config, embedder=name, chunk_size=chunking["chunk_size"])
        self.progress("reading the corpus", 0, 1)
        try:
            why = freshness(config) if chunking == chunking_of(config) else ""
        except AskoctoberError as error:
            why = str(error)
        self.progress("reading the corpus", 1, 1)
        if why:
            yield Finding(
                "notice", MANIFEST, why, "Answers come from the articles as they were.", self.command, "rebuild"
            )

    def _check_left_out(self, manifest: Mapping[str, Any]) -> Iterator[Finding]:
        """Say which files the last build could not read."""
        failed, count = manifest.get("failed", []), manifest.get("left_out", 0)
        pairs = (
            [pair for pair in failed if isinstance(pair, list) and len(pair) == 2] if isinstance(failed, list) else []
        )
        meaning = "No answer comes from it; each build tries it again."
        for path, reason in pairs[:MOST_NAMED]:
            yield Finding(
                "notice",
                MANIFEST,
                f"says that {path} was left out: {reason}",
                meaning,
                f"mend the file, then: {self.command}",
            )
        more = count - len(pairs[:MOST_NAMED]) if type(count) is int else 0
        if more > 0:
            yield Finding("notice", "", f"{more} more files were left out", meaning, self.command)


def is_at_hand(config: Config, manifest: Mapping[str, Any] | None) -> bool:
    """Whether the folder that an index was built from is there, so that what is damaged can be made anew from it."""
    return config.corpus.is_dir() and (manifest is None or manifest.get("corpus") == config.corpus.name)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


__all__ = ["check_index", "is_at_hand"]
