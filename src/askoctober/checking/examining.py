"""Whether an index is whole: manifest, every byte of every file, what stands in them, how it fits its corpus."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from askoctober.checking.findings import Finding, Progress
from askoctober.checking.fitting import Fit, check_left_out
from askoctober.checking.folder import check_folder, files_of, list_folder
from askoctober.checking.segments import check_segment
from askoctober.config import Config
from askoctober.errors import IndexFolderError
from askoctober.index.format import FORMAT, MANIFEST, SHARED, dump_manifest, read_manifest
from askoctober.index.segment import check_name, check_record
from askoctober.index.store import read_shared

BLOCK = 1 << 20
TRIES = 3
"""Times that all is checked anew because a build has ended meanwhile."""
_REFUSED = "No question can be asked of the index as it is."
_CANNOT_BE = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def check_index(
    config: Config, progress: Progress, *, own: bool = False, looked_at: list[str] | None = None
) -> list[Finding]:
    """Return what is wrong with the index of `config`, and what there is to know of it; nothing is changed.

    `own` says that it is the index of readers' own articles, which a chat brings up to date. Where a build ends
    meanwhile, what it has made is checked. What was read for it is added to `looked_at`, in words.
    """
    folder = config.index
    command = f"askoctober index {config.corpus} --index {folder}" if not own else "askoctober serve"
    found: list[Finding] = []
    read: list[str] = []
    for _ in range(TRIES):
        before = _bytes_of(folder / MANIFEST)
        examination = _Examination(config, command, own, progress)
        found, read = list(examination.run()), examination.looked_at
        if _bytes_of(folder / MANIFEST) == before:
            break
    if looked_at is not None:
        looked_at += read
    return found


class _Examination:
    """One reading of an index."""

    def __init__(self, config: Config, command: str, own: bool, progress: Progress) -> None:
        self.config, self.folder, self.command, self.own, self.progress = config, config.index, command, own, progress
        self.looked_at: list[str] = []

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
        fit = Fit(self.config, manifest, self.command, self.progress, self.looked_at)
        yield from fit.check_settings()
        if not self.own:
            yield from fit.check_corpus(f"askoctober doctor --mend --corpus {self.config.corpus} --index {self.folder}")
        yield from check_left_out(manifest, self.command)

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
        self.looked_at.append(f"{len(entries)} files of {self.folder}, {total:,} bytes")
        done = 0
        meaning = f"{_REFUSED} Where a file is very large, some answers may be wrong instead."
        for name, entry in entries.items():
            path = self.folder / name
            try:
                size, digest = path.stat().st_size, hashlib.sha256()
                if not path.is_file():  # a pipe would never end
                    raise OSError("it is no file")
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


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


__all__ = ["check_index"]
