"""Whether an index goes with the settings and with its corpus, and what of that was left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from askoctober.building import compare
from askoctober.building.states import FILE
from askoctober.building.updating import chunking_of, model_name
from askoctober.checking.findings import Finding, Progress
from askoctober.config import Config
from askoctober.errors import AskoctoberError
from askoctober.index.format import MANIFEST

MOST_NAMED = 20
"""Files, or articles, that are named one by one."""


@dataclass(frozen=True, slots=True)
class Fit:
    """An index, by its manifest, beside the settings and the corpus; `command` builds it.

    What was read is added to `looked_at`, in words.
    """

    config: Config
    manifest: Mapping[str, Any]
    command: str
    progress: Progress
    looked_at: list[str]

    def check_settings(self) -> Iterator[Finding]:
        """Compare with the settings; no model is loaded."""
        name = self._embedder()
        if name != model_name(self.config.embedder):
            what = f"was embedded with {name}, the setting is {self.config.embedder}"
            mend = f"askoctober ask --embedder {name}, or embed anew: {self.command}"
            yield Finding("wrong", MANIFEST, what, "Questions are refused until the two agree.", mend)
        if self.manifest.get("chunking") != chunking_of(self.config):
            meaning = "It answers; the next build chunks and embeds every article anew."
            yield Finding("notice", MANIFEST, "its articles were chunked in another way", meaning, self.command)

    def check_corpus(self, mend: str) -> Iterator[Finding]:
        """Compare with every byte of the corpus, where it is at hand, whatever the files' sizes and times say.

        `mend` is the command for files that a build would take for unchanged.
        """
        name, chunking = self._embedder(), self.manifest.get("chunking")
        if not isinstance(name, str) or not isinstance(chunking, dict) or type(chunking.get("chunk_size")) is not int:
            return
        if not is_at_hand(self.config, self.manifest):
            what = f"was built from a folder {str(self.manifest.get('corpus'))!r}, which the setting does not name"
            if self.manifest.get("corpus") == self.config.corpus.name:
                what = f"was built from the folder {self.config.corpus}, which is not there"
            meaning = "Whether its articles have changed cannot be told, and damage could not be mended from here."
            yield Finding("notice", MANIFEST, what, meaning, "askoctober doctor --corpus FOLDER")
            return
        config = dataclasses.replace(self.config, embedder=name, chunk_size=chunking["chunk_size"])
        if chunking != chunking_of(config):
            return
        try:
            found = compare(config, thorough=True, progress=self.progress)
        except AskoctoberError as error:
            yield _moved_on(str(error), self.command)
            return
        if found.files:
            self.looked_at.append(f"{found.files} files of {config.corpus}, {found.bytes:,} bytes")
        if found.overlooked:
            files = ", ".join(found.overlooked[:MOST_NAMED]) + (", ..." if found.overlooked[MOST_NAMED:] else "")
            what = f"takes files for unchanged that have other contents now, but their old size and times: {files}"
            meaning = "A build passes them over as long as it goes by this file."
            yield Finding("notice", FILE, what, meaning, mend, "remove")
        if found.why:
            yield _moved_on(found.why, mend if found.overlooked else self.command)

    def _embedder(self) -> Any:
        embedder = self.manifest.get("embedder")
        return embedder.get("name") if isinstance(embedder, dict) else None


def _moved_on(why: str, command: str) -> Finding:
    return Finding("notice", MANIFEST, why, "Answers come from the articles as they were.", command, "rebuild")


def check_left_out(manifest: Mapping[str, Any], command: str) -> Iterator[Finding]:
    """Say which files the last build could not read."""
    failed, count = manifest.get("failed", []), manifest.get("left_out", 0)
    pairs = [pair for pair in failed if isinstance(pair, list) and len(pair) == 2] if isinstance(failed, list) else []
    meaning = "No answer comes from it; each build tries it again."
    for path, reason in pairs[:MOST_NAMED]:
        what = f"says that {path} was left out: {reason}"
        yield Finding("notice", MANIFEST, what, meaning, f"mend the file, then: {command}")
    more = count - len(pairs[:MOST_NAMED]) if type(count) is int else 0
    if more > 0:
        yield Finding("notice", "", f"{more} more files were left out", meaning, command)


def is_at_hand(config: Config, manifest: Mapping[str, Any] | None) -> bool:
    """Whether the folder that an index was built from is there, so that what is damaged can be made anew from it."""
    return config.corpus.is_dir() and (manifest is None or manifest.get("corpus") == config.corpus.name)
