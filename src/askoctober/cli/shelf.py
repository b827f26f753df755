"""`index`, `info` and `serve`: the shelf, what it holds, and the chat over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.text import Text

from askoctober.cli import loading, options, show

if TYPE_CHECKING:
    from askoctober.building import Report
    from askoctober.config import Config

MOST_ENDINGS = 8
"""Kinds of files passed over that are named."""


def index(
    corpus: options.Corpus = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay and follow the folder: update the index after each change.")
    ] = False,
    json: options.Json = False,
    index: options.Index = None,
    store: options.Store = None,
    embedder: options.Embedder = None,
    models_dir: options.ModelsDir = None,
    threads: options.Threads = None,
    embed: options.Embed = None,
    memory: options.Memory = None,
) -> None:
    """Build the index of a folder of articles, or bring it up to date; only what changed is embedded again.

    Read are Markdown, text, HTML, PDF, Word, OpenDocument, EPUB, RTF, e-mail, CSV, JSON Lines, SQuAD, ZIP and tar.
    A build that was stopped goes on where it was. Exit status 1 when a file could not be read: it is named, the others
    are in the index all the same, and the next run tries it again. With --watch, each change prints a line (with
    --json an object), until Ctrl-C.

    Example: askoctober index corpus
    """
    config = options.settings(
        corpus=corpus,
        index=index,
        store=store,
        embedder=embedder,
        models_dir=models_dir,
        threads=threads,
        embed=embed,
        memory=memory,
    )
    passed_over: Mapping[str, int] = {}
    for report in loading.follow(config) if watch else [loading.build(config)]:
        _tell(report, json)
        if report.passed_over != passed_over and not json:
            passed_over = report.passed_over
            _tell_passed_over(passed_over)
    if report.failed:
        raise typer.Exit(1)


def _tell(report: Report, json: bool) -> None:
    """Say what a build did."""
    if json:
        counts = ("articles", "copies", "chunks", "embedded", "unchanged", "renamed", "removed")
        show.emit(
            {name: getattr(report, name) for name in counts}
            | {"failed": [{"path": failure.path, "reason": failure.reason} for failure in report.failed]}
            | {"passed_over": dict(report.passed_over), "seconds": round(report.seconds, 3)}
        )
    else:
        show.out.print(summary(report), soft_wrap=True)
    show.out.file.flush()
    _complain_of_files(report)


def _tell_passed_over(counts: Mapping[str, int]) -> None:
    endings = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{count} {ending or 'without an ending'}" for ending, count in endings[:MOST_ENDINGS])
    show.note(f"passed over files of other kinds: {listed}{', ...' if len(endings) > MOST_ENDINGS else ''}")


def serve(
    host: options.Host = None,
    port: options.Port = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Bring the index up to date first, where it is not.")
    ] = False,
    uploads: Annotated[
        bool | None,
        typer.Option(
            "--uploads/--no-uploads",
            help="Let readers add articles of their own, and remove them again. All who reach the chat may then "
            "do so: behind a proxy, turn it off.",
            show_default="on where --host is this computer alone",
        ),
    ] = None,
    open: Annotated[
        bool, typer.Option("--open", help="Let in everybody who reaches --host, without a password.")
    ] = False,
    log: Annotated[
        Literal["off", "text", "json"] | None,
        typer.Option(
            "--log",
            help="Write a line for each question to standard error: when, how long, what became of it.",
            show_default="off",
        ),
    ] = None,
    log_questions: Annotated[
        bool, typer.Option("--log-questions", help="Put the text of the questions into logs and traces.")
    ] = False,
    answers_kept: Annotated[
        int | None,
        typer.Option("--answers-kept", min=0, help="Answers to remember while the index stays.", show_default="0"),
    ] = None,
    corpus: options.CorpusFolder = None,
    index: options.Index = None,
    store: options.Store = None,
    embedder: options.Embedder = None,
    model: options.Model = None,
    engine: options.Engine = None,
    models_dir: options.ModelsDir = None,
    threads: options.Threads = None,
) -> None:
    """Serve the chat to the browser until Ctrl-C.

    The index may be built anew meanwhile (askoctober index, or index --watch): the chat takes it up when it is done.
    Where other computers reach --host, a password has to be set first (askoctober password), or --open said.

    Example: askoctober serve --port 8080
    """
    config = options.settings(
        host=host,
        port=port,
        uploads=None if uploads is None else "on" if uploads else "off",
        open=open or None,
        log=log,
        log_questions=log_questions or None,
        answers_kept=answers_kept,
        corpus=corpus,
        index=index,
        store=store,
        embedder=embedder,
        model=model,
        engine=engine,
        models_dir=models_dir,
        threads=threads,
    )
    from askoctober.web.observing import say

    with show.logged(say if config.log == "json" else None):
        _serve(config, refresh)


def _serve(config: Config, refresh: bool) -> None:
    from askoctober.web.following import Following
    from askoctober.web.guarding import Rules
    from askoctober.web.memory import keep_few_arenas
    from askoctober.web.server import listen, serve

    # Settings that cannot be, a taken port, a password that is not set: said before anything slow.
    rules = Rules.of(config)
    with listen(config.host, config.port) as bound:
        address = bound.getsockname()[0]
    rules.check(address)
    if rules.lets_in_strangers(address):
        show.note(f"Everybody who reaches {config.host} can use this chat; askoctober password sets a password.")
    keep_few_arenas()
    if refresh and loading.freshness(config):
        report = loading.build(config)
        show.note(summary(report))
        _complain_of_files(report)
    assistant = loading.load_served(config)
    try:
        own = loading.open_own(assistant, config)
        if own:
            show.note(f"Readers can add articles of their own; these are kept in {own.folder}")
        rebase = own.rebase if own else None
        with Following(assistant, config.store or config.index, show.note, rebase):
            serve(
                assistant,
                config.host,
                config.port,
                announce=_announce,
                own=own,
                feedback=config.feedback,
                rules=rules,
            )
    finally:
        assistant.close()


def info(
    json: options.Json = False,
    corpus: options.CorpusFolder = None,
    index: options.Index = None,
    store: options.Store = None,
    embedder: options.Embedder = None,
) -> None:
    """Show what the index holds, what it was made from, how it is searched, and whether it is fresh.

    It is fresh when a build would change nothing. "Search" names the kinds of index, which depend on the size, and
    "left out" counts files that could not be read. To check the files of the index themselves: askoctober doctor.

    Example: askoctober info --json
    """
    config = options.settings(corpus=corpus, index=index, store=store, embedder=embedder)
    opened = loading.open_store(config)
    manifest, shelf = opened.manifest, opened.articles()
    stale = loading.freshness(config)
    if json:
        articles = [article.to_dict() for article in shelf]
        show.emit(
            {"index": config.store or str(config.index), "fresh": not stale, "stale": stale, "manifest": dict(manifest)}
            | {"articles": articles, "model": config.model}
        )
        return
    # A manifest of somebody else's making may lack what only people read.
    counts = ", ".join(f"{manifest.get(name, '?')} {name}" for name in ("articles", "chunks", "sentences"))
    left_out = manifest.get("left_out", 0)
    place = config.store or config.index
    mend = f"askoctober index {config.corpus} {'--store' if config.store else '--index'} {place}"
    rows = {
        "index": f"{place} ({counts})",
        "state": f"stale: {stale}; mend it: {mend}" if stale else "fresh",
        "corpus": str(manifest.get("corpus", config.corpus)),
        "embedder": str(manifest.get("embedder", {}).get("name", "not said; build the index anew to search it")),
        "model": config.model,
        "search": kinds(manifest),
        "left out": f"{left_out} files or parts of files; askoctober index names them",
        "format": str(manifest.get("format", "")),
    }
    if not left_out:
        del rows["left out"]
    if not rows["format"]:  # Milvus has it in a place of its own
        del rows["format"]
    for name, value in rows.items():
        show.out.print(Text.assemble((f"{name:10}", "cyan"), show.flat(value)), soft_wrap=True)
    show.out.print()
    for article in shelf:
        show.out.print(f"{show.flat(article.path)}  {show.byline(article)}", soft_wrap=True)
        for copy in article.copies:
            show.out.print(f"    also at {show.elsewhere(copy)}", soft_wrap=True)


def summary(report: Report) -> str:
    """Return one line about a build."""
    copies = f" (and {report.copies} {'copy' if report.copies == 1 else 'copies'} of them)" if report.copies else ""
    renamed = f"renamed {report.renamed}, " if report.renamed else ""
    return (
        f"{report.articles} articles{copies}, {report.chunks} chunks; embedded {report.embedded}, "
        f"unchanged {report.unchanged}, {renamed}removed {report.removed} in {report.seconds:.1f} s"
    )


def kinds(manifest: Mapping[str, Any]) -> str:
    """Return in words how the index is searched, which depends on its size."""
    if "segments" not in manifest:
        return "as Milvus has it: a server by an index of its own choice, milvus-lite by looking at every vector"
    parts = []
    for segment in manifest["segments"]:
        count, found = segment["chunks"] - segment["dead_chunks"], segment.get("lists")
        how = "exact"
        if found:
            how = (
                f"{found['probe']} of {found['lists']} inverted lists, codes of {found['pieces']} bytes, "
                f"ranked anew by the vectors (measured recall@10 {found['recall']:.3f})"
            )
        parts.append(f"{count} chunks {how}" + (", token vectors in codes" if segment["coded"] else ""))
    return "; ".join(parts)


def _announce(address: str) -> None:
    show.out.print(f"The chat is at {address} (Ctrl-C ends it)", soft_wrap=True)
    show.out.file.flush()


def _complain_of_files(report: Report) -> None:
    for failure in report.failed:
        show.complain(f"left out {failure.path}: {failure.reason}")
