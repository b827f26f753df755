"""Whether a shelf in Milvus is whole: its manifest, every article of it, how it goes with settings and corpus."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from askoctober.building.entries import digest_of
from askoctober.building.states import FILE, folder_of
from askoctober.checking.findings import Finding, Progress
from askoctober.checking.fitting import MOST_NAMED, Fit, check_left_out
from askoctober.config import Config
from askoctober.errors import IndexFolderError

if TYPE_CHECKING:
    from askoctober.milvus import MilvusStore


def check_shelf(config: Config, progress: Progress, *, looked_at: list[str] | None = None) -> list[Finding]:
    """Return what is wrong with the shelf of `config.store`, and what there is to know of it; nothing is changed.

    Every article is read and compared with the sum that it was written with; of vectors and words only that they are
    there, and how many. What was read is added to `looked_at`, in words.
    """
    from askoctober.milvus import MilvusStore

    command = f"askoctober index {config.corpus} --store {config.store}"
    looked_at = [] if looked_at is None else looked_at
    try:
        store = MilvusStore.open(config.store)
    except IndexFolderError as error:
        return [Finding("wrong", "", str(error), "No question can be asked of the shelf as it is.", command)]
    with closing(store):
        damaged = _damaged(store, progress)
        looked_at.append(f"{len(store.digests())} articles of {config.store}")
        mend = f"askoctober index {config.corpus} --store, with another name for the shelf"
        found = [
            Finding("wrong", "", f"{name} is not as it was written", "Answers from it may be wrong.", mend)
            for name in damaged[:MOST_NAMED]
        ]
        if damaged[MOST_NAMED:]:
            what = f"{len(damaged) - MOST_NAMED} more articles are not as they were written"
            found.append(Finding("wrong", "", what, "Answers from them may be wrong.", mend))
        fit = Fit(config, store.manifest, command, progress, looked_at)
        found += fit.check_settings()
        for finding in fit.check_corpus(f"remove {folder_of(config) / FILE}, then: {command}"):
            # That file lies in no folder that `mend` is given.
            found.append(replace(finding, cure="") if finding.cure == "remove" else finding)
        found += check_left_out(store.manifest, command)
    return found


def _damaged(store: MilvusStore, progress: Progress) -> list[str]:
    """The ids of the articles whose text, or what is said of them, does not have its sum."""
    digests = store.digests()
    damaged = []
    for number, (name, digest) in enumerate(digests.items()):
        progress("reading the shelf", number, len(digests))
        try:
            if digest_of(store.article(name)) != digest:
                damaged.append(name)
        except IndexFolderError:
            damaged.append(name)
    progress("reading the shelf", len(digests), len(digests))
    return damaged
