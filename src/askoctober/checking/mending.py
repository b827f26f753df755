"""Mending what can be mended without loss: left-overs removed, damaged parts made anew from the corpus."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from askoctober import models
from askoctober.building import Report, build, extend, published
from askoctober.building.states import FILE, folder_of
from askoctober.checking.findings import Finding, Progress
from askoctober.checking.fitting import is_at_hand
from askoctober.checking.folder import remove_leftovers
from askoctober.config import Config
from askoctober.embedding import load_encoder
from askoctober.errors import IndexFolderError
from askoctober.index import LocalStore
from askoctober.index.disk import hold
from askoctober.index.format import HOLDER, LOCK
from askoctober.types import Encoder

WAIT = 30
"""Seconds to wait for a build that is under way before nothing is removed."""


def needs_rebuild(findings: Iterable[Finding]) -> bool:
    """Whether some of it is mended by making from the corpus what is not whole."""
    return any(finding.cure == "rebuild" for finding in findings)


def mend(
    config: Config, findings: Iterable[Finding], progress: Progress, *, encoder: Encoder | None = None
) -> list[str]:
    """Mend what `check_index` found in the index of `config`; return in words what was done.

    What is whole is kept: only the articles of damaged segments are embedded again. Files that are not ours are never
    touched.

    Raises:
        IndexFolderError: the folder of articles is not at hand, another build holds the index, or it cannot be written.
        CorpusError, ModelError: there is no article, or no embedder to make the index anew with.
    """
    findings = list(findings)
    done = _remove(config.index, findings)
    if needs_rebuild(findings):
        _need_corpus(config)
        if config.store and any(finding.file == FILE for finding in findings):
            (folder_of(config) / FILE).unlink(missing_ok=True)  # it hides what has changed
        report = build(config, progress=progress, encoder=encoder, verify=True)
        done.append(_said(config.store or config.index, report))
    return done


def mend_own(
    config: Config,
    folder: Path,
    findings: Iterable[Finding],
    progress: Progress,
    *,
    encoder: Encoder | None = None,
) -> list[str]:
    """Do the same for the index of readers' own articles in `folder`, which goes with the index of `config`."""
    findings = list(findings)
    index = folder / "index"
    done = _remove(index, findings)
    if needs_rebuild(findings) and (folder / "articles").is_dir():
        base = LocalStore.open(config.index)
        try:
            encoder = encoder or load_encoder(
                models.resolve(config.embedder, config.models_dir), threads=config.threads
            )
            report = extend(base, folder / "articles", index, config, encoder, progress=progress, verify=True)
        finally:
            base.close()
        done.append(_said(index, report))
    return done


def _remove(folder: Path, findings: Iterable[Finding]) -> list[str]:
    names = [finding.file for finding in findings if finding.cure == "remove"]
    if not names:
        return []
    with hold(folder / LOCK, folder / HOLDER, wait=WAIT):
        gone = remove_leftovers(folder, [name for name in names if name != HOLDER])
    # The note of a process that is gone was written over and taken away with the lock.
    gone += [name for name in names if name == HOLDER]
    return [f"removed {folder / name}" for name in gone]


def _need_corpus(config: Config) -> None:
    """Refuse to make an index anew from another folder than it was made from: that would lose it."""
    try:
        manifest = published(config)
    except IndexFolderError:
        manifest = None  # what it was made from is not known any more, and nothing of it can be used
    if not is_at_hand(config, manifest):
        known = f"the folder {str(manifest.get('corpus'))!r} that it was built from" if manifest else "the articles"
        raise IndexFolderError(
            f"{config.store or config.index} cannot be mended without {known}; name it: "
            "askoctober doctor --mend --corpus FOLDER"
        )


def _said(folder: Path | str, report: Report) -> str:
    return f"mended {folder}: {report.embedded} articles embedded anew, {report.unchanged} kept as they were"
