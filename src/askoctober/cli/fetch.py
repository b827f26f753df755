"""`fetch`: pages of the web onto the shelf."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from askoctober.cli import options, show
from askoctober.cli.progress import progress
from askoctober.errors import ConfigError

if TYPE_CHECKING:
    from askoctober.fetching import Report


def fetch(
    addresses: Annotated[
        list[str], typer.Argument(metavar="ADDRESS...", help="Web addresses of pages.", show_default=False)
    ],
    into: Annotated[Path, typer.Option("--into", help="Folder for the pages, below that of the articles.")] = Path(
        "corpus/web"
    ),
    sitemap: Annotated[
        bool,
        typer.Option("--sitemap", help="The addresses are sitemaps, or sites that have some: fetch what these list."),
    ] = False,
    most: Annotated[
        int, typer.Option("--most", min=1, metavar="N", help="With --sitemap: at most so many pages for each address.")
    ] = 1000,
    since: Annotated[
        datetime.datetime | None,
        typer.Option(
            "--since",
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="With --sitemap: leave out pages that did not change since this day, for example 2026-01-31.",
            show_default=False,
        ),
    ] = None,
    delay: Annotated[
        float, typer.Option("--delay", min=0, max=3600, help="Seconds between two requests to a host, 1 or more.")
    ] = 1.0,
    private: Annotated[
        bool, typer.Option("--private", help="Allow hosts in private networks, and any port; only if you trust them.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Fetch pages of the web into a folder of the shelf, so that the index can be built without the network.

    Sites are asked as they wish (robots.txt, one request at a time), links are not followed, and a page is fetched
    again only if it changed. When it is stopped, the same command goes on within a day. Exit status 1 when a page
    could not be fetched. Afterwards askoctober index brings the index up to date.

    Example: askoctober fetch https://example.org/page --into corpus/web
    """
    if not (delay >= 1 or private):
        raise ConfigError(f"--delay {delay:g} is too quick for a site of others; give 1 second or more.")
    if since and not sitemap:
        raise ConfigError("--since needs the dates that a sitemap gives; add --sitemap, or leave it out.")
    from askoctober.fetching import Getter, Report
    from askoctober.fetching import fetch as run

    report = Report()
    day = since.date() if since else None
    try:
        with Getter(delay=delay, private=private) as getter, progress() as advance:
            run(
                addresses,
                into,
                getter=getter,
                sitemap=sitemap,
                most=most,
                since=day,
                progress=advance,
                report=report,
            )
    except KeyboardInterrupt:
        show.note(f"{summary(report)}; stopped. Give the command again within a day to go on.")
        raise
    if json:
        pages = [
            {"address": page.address, "outcome": page.outcome, "file": page.file, "reason": page.reason}
            for page in report.pages
        ]
        counts = report.count() | {"elsewhere": report.elsewhere, "more": report.more}
        show.emit({"into": str(into), **counts, "pages": pages})
    else:
        show.out.print(summary(report), soft_wrap=True)
    _complain(report, most)
    if any(report.count()[name] for name in ("new", "changed")):
        show.note("Now `askoctober index` brings the index up to date.")
    if report.count()["failed"]:
        raise typer.Exit(1)


def summary(report: Report) -> str:
    """Return one line about a run."""
    counts = report.count()
    return f"{sum(counts.values())} addresses: " + ", ".join(f"{count} {name}" for name, count in counts.items())


def _complain(report: Report, most: int) -> None:
    for page in report.troubles():
        show.complain(f"{page.address} {page.reason}")
    if report.elsewhere:
        show.note(f"{report.elsewhere} pages of other hosts were left out; give these hosts themselves.")
    if report.more:
        show.note(f"Sitemaps list more than {most} pages; give a larger --most for the others.")
