"""`doctor`: whether all is well, what it means where it is not, and the command that mends it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from askoctober.cli import loading, options, show
from askoctober.cli.progress import progress
from askoctober.config import Config

if TYPE_CHECKING:
    from askoctober.checking import Finding

MOST = 40
"""Findings that are shown to people; `--json` has all."""


def doctor(
    mend: Annotated[
        bool,
        typer.Option(
            "--mend",
            help="Mend what can be mended without loss: remove left-overs of killed builds, and make damaged parts of "
            "the index anew from the corpus. Files that are not askoctober's are never touched.",
        ),
    ] = False,
    json: options.Json = False,
    corpus: options.CorpusFolder = None,
    index: options.Index = None,
    store: options.Store = None,
    embedder: options.Embedder = None,
    model: options.Model = None,
    models_dir: options.ModelsDir = None,
) -> None:
    """Check the installation, the models and every byte of the index; say what is wrong and what mends it.

    The files of the corpus are read too, to see whether they are what the index was made from. Nothing is changed
    without --mend. Exit status 1 when something is wrong; a notice is nothing wrong.

    Example: askoctober doctor --mend
    """
    config = options.settings(
        corpus=corpus, index=index, store=store, embedder=embedder, model=model, models_dir=models_dir
    )
    parts, looked_at = _check(config)
    done = _mend(config, parts) if mend else []
    if done:
        parts, looked_at = _check(config)
    found = [finding for findings in parts.values() for finding in findings]
    wrong = sum(finding.level == "wrong" for finding in found)
    if json:
        listed = {part: [finding.to_dict() for finding in findings] for part, findings in parts.items()}
        about = {"ok": not wrong, "index": config.store or str(config.index), "looked_at": looked_at, "mended": done}
        show.emit(about | {"findings": listed})
    else:
        _print(config, parts, done, looked_at)
    if wrong:
        raise typer.Exit(1)


def _check(config: Config) -> tuple[dict[str, list[Finding]], list[str]]:
    """Return what was found, by what was checked, and what was looked at for it."""
    from askoctober.checking import check_index, check_installation, check_shelf

    own = _own_folder(config)
    looked_at = ["Python, its packages and the models"]
    with progress() as tell:
        parts = {"installation": list(check_installation(config, tell))}
    with progress(size=True) as tell:
        check = check_shelf if config.store else check_index
        parts["index"] = check(config, tell, looked_at=looked_at)
        if own is not None:
            theirs = dataclasses.replace(config, index=own / "index", corpus=own / "articles")
            parts["own"] = check_index(theirs, tell, own=True, looked_at=looked_at)
    return parts, looked_at


def _mend(config: Config, parts: dict[str, list[Finding]]) -> list[str]:
    """Mend what was found, and return in words what was done."""
    from askoctober import checking

    own = _own_folder(config)
    if any(map(checking.needs_rebuild, parts.values())):
        loading.fetch_absent(config, config.embedder)
    with progress() as tell:
        done = checking.mend(config, parts["index"], tell)
        if own is not None:
            done += checking.mend_own(config, own, parts.get("own", []), tell)
    return done


def _own_folder(config: Config) -> Path | None:
    """The folder of readers' own articles for this index, where they have an index."""
    if config.store:
        return None  # no readers' articles are added to it
    from askoctober.web import own

    folder = own.folder_of(config)
    return folder if (folder / "index").is_dir() else None


def _print(config: Config, parts: dict[str, list[Finding]], done: list[str], looked_at: list[str]) -> None:
    """Print all for people: what was mended, each finding in three lines, what was looked at, and the sum of it."""
    for deed in done:
        show.out.print(show.flat(deed), soft_wrap=True)
    own = _own_folder(config)
    folders: dict[str, Any] = {"index": config.index, "own": own / "index" if own else ""}
    found = [(part, finding) for part, findings in parts.items() for finding in findings]
    found.sort(key=lambda pair: pair[1].level == "notice")
    for part, finding in found[:MOST]:
        place = Path(folders[part]) / finding.file if part in folders and finding.file else finding.file
        where = f"{place} " if part in folders and finding.file else ""
        style = "red" if finding.level == "wrong" else "yellow"
        line = Text.assemble((f"{finding.level:8}", style), show.flat(f"{where}{finding.what}"))
        show.out.print(line, soft_wrap=True)
        show.out.print(f"        {show.flat(finding.meaning)}", soft_wrap=True)
        show.out.print(f"        mend it: {show.flat(finding.mend)}", soft_wrap=True)
    if len(found) > MOST:
        show.out.print(f"{len(found) - MOST} more are in --json")
    show.out.print(show.flat(f"Looked at: {'; '.join(looked_at)}."), soft_wrap=True)
    wrong = sum(finding.level == "wrong" for _, finding in found)
    notices = len(found) - wrong
    said = f"{wrong} wrong" if wrong else "Nothing is wrong"
    show.out.print(said + (f"; {notices} notice{'s' * (notices > 1)}" if notices else "") + ".")
