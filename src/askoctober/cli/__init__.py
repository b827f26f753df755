"""The command line: parses, calls, prints. Text for people, `--json` for programs, progress on stderr.

Exit status: 0 done; 1 an error of ours, in one line on stderr; 2 wrong usage; 130 stopped with Ctrl-C.
What is heavy is imported by the command that needs it, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from askoctober.cli import asking, batch, doctor, evaluate, fetch, mcp, models, password, shelf, show
from askoctober.errors import AskoctoberError

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (shelf.index, asking.search, asking.ask, batch.batch, asking.chat, shelf.serve):
    app.command()(command)
app.command("eval")(evaluate.evaluate)
app.add_typer(models.app, name="models")
app.command()(shelf.info)
app.command()(fetch.fetch)
app.command()(doctor.doctor)
app.command()(mcp.mcp)
app.command()(password.password)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        show.out.print(f"askoctober {version('askoctober')}")
        raise typer.Exit


@app.callback()
def askoctober(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Ask a shelf of articles; every sentence of the answer shows the exact place that supports it.

    Example: askoctober ask "Who voted against the insurrection?"
    """


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status; errors of ours become one line, never a traceback."""
    try:
        status = _run(args)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader has gone (`askoctober ... | head`); nothing is left to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter's last flush complains
        return 1


def _run(args: Sequence[str] | None) -> int:
    try:
        app(args=None if args is None else list(args), prog_name="askoctober")
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    except AskoctoberError as error:
        show.complain(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
