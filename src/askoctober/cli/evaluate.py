"""`eval`: labelled questions to figures, on the terminal, as JSON, and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from askoctober.cli import loading, options, show
from askoctober.cli.progress import progress

if TYPE_CHECKING:
    from askoctober.evaluation import Evaluation

WIDTH = 120
"""Columns of the tables in a file or a pipe, which have no width of their own."""


def evaluate(
    questions: Annotated[
        Path, typer.Argument(metavar="QUESTIONS", exists=True, dir_okay=False, help="JSON lines of ours, or SQuAD 2.0.")
    ],
    index: options.Index = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", file_okay=False, help="Folder of results.", show_default="eval/ and its name"),
    ] = None,
    sample: Annotated[int | None, typer.Option("--sample", min=1, help="Ask so many, of each kind its share.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Which sample.")] = 0,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="KIND", help="Only this kind; again.")] = None,
    retrieval_only: Annotated[
        bool, typer.Option("--retrieval-only", help="Search, without a language model; seconds.")
    ] = False,
    judge: Annotated[
        Literal["model", "words", "none"], typer.Option("--judge", help="Who says whether quotes support a sentence.")
    ] = "model",
    compare: Annotated[
        Path | None, typer.Option("--compare", exists=True, dir_okay=False, metavar="OLD.json", help="An older report.")
    ] = None,
    targets: Annotated[
        Path | None, typer.Option("--targets", exists=True, dir_okay=False, metavar="FILE.toml", help="What is wanted.")
    ] = None,
    json: options.Json = False,
    embedder: options.Embedder = None,
    model: options.Model = None,
    engine: options.Engine = None,
    models_dir: options.ModelsDir = None,
    threads: options.Threads = None,
) -> None:
    """Measure answers on labelled questions; run again with the same --output, it goes on where it stopped.

    Writes report.json and report.html (with --retrieval-only: retrieval.json and retrieval.html).

    Example: askoctober eval questions.jsonl --retrieval-only
    """
    config = options.settings(
        index=index, embedder=embedder, model=model, engine=engine, models_dir=models_dir, threads=threads
    )
    from askoctober import evaluation
    from askoctober.evaluation.report import check_libraries
    from askoctober.evaluation.squad import is_squad

    check_libraries()
    if index is not None and is_squad(questions):
        raise typer.BadParameter("questions of SQuAD bring their articles along; leave it out.", param_hint="--index")
    settings = evaluation.Settings(
        questions=questions,
        output=output or Path("eval") / questions.stem,
        sample=sample,
        seed=seed,
        only=tuple(only or ()),
        retrieval_only=retrieval_only,
        judge=judge,
        compare=compare,
        targets=targets,
    )
    loads = evaluation.Loads(loading.load_retriever, loading.load_assistant, loading.build)
    with progress() as report:
        done = evaluation.evaluate(settings, config, loads, report)
    _write(done, settings.output / ("retrieval" if retrieval_only else "report"))
    if json:
        show.emit(done.report)
    else:
        _print(done)


def _write(done: Evaluation, stem: Path) -> None:
    """Write the JSON first: the page can fail for want of a library."""
    import json

    from askoctober.evaluation.files import replace_text
    from askoctober.evaluation.report import render

    replace_text(stem.with_suffix(".json"), json.dumps(done.report, indent=1) + "\n")
    page = stem.with_suffix(".html")
    replace_text(page, render(done))
    show.note(f"The questions one by one: {page}")


def _print(done: Evaluation) -> None:
    from askoctober.evaluation.tables import tables

    for warning in done.report["warnings"]:
        show.note(f"Note: {warning}")
    out = show.out if show.out.is_terminal else Console(width=WIDTH, highlight=False, markup=False, emoji=False)
    for table in tables(done.report):
        out.print(table)
        out.print()
    if done.report["peak_memory_mb"]:
        out.print(f"At most {done.report['peak_memory_mb']:.0f} MB of memory were in use.")
    for change in done.report.get("comparison", {}).get("changes", []):
        show.out.print(show.flat(f"{change['id']} ({change['kind']}): {change['old']} → {change['new']}"))
