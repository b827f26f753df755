"""`models`: which open models are known, and bringing them here."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from askoctober.cli import loading, options, show
from askoctober.errors import ModelError

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Names as `models list` shows them.")]

app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


@app.callback()
def models(context: typer.Context) -> None:
    """List, fetch and verify the open models; alone it lists them.

    Example: askoctober models pull
    """
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_(json: options.Json = False, models_dir: options.ModelsDir = None) -> None:
    """List the known models: name, use, size, licence, and where each is.

    Example: askoctober models list --json
    """
    from askoctober import models

    folder = options.settings(models_dir=models_dir).models_dir
    rows: list[dict[str, Any]] = []
    for name, model in models.TABLE.items():
        path = models.locate(name, folder)
        rows.append(
            {
                "name": name,
                "use": model.use,
                "size": model.size,
                "licence": model.licence,
                "path": str(path) if path else None,
            }
        )
    if json:
        show.emit(rows)
        return
    table = Table("Name", "Use", "Size", "Licence", "Here", box=None, pad_edge=False)
    for row in rows:
        size = f"{row['size'] / 1_000_000:,.0f} MB"
        table.add_row(row["name"], row["use"], size, row["licence"], Text("yes" if row["path"] else "no"))
    show.out.print(table)


@app.command()
def pull(
    names: Names = None,
    every: Annotated[bool, typer.Option("--all", help="All known models.")] = False,
    models_dir: options.ModelsDir = None,
) -> None:
    """Fetch models that are not here; without names the two that the settings ask for.

    Example: askoctober models pull smollm2-135m-instruct
    """
    from askoctober import models

    config = options.settings(models_dir=models_dir)
    for name in names or (models.TABLE if every else (config.embedder, config.model)):
        loading.fetch_absent(config, name)
        show.out.print(f"{name}: {models.resolve(name, config.models_dir)}", soft_wrap=True)


@app.command()
def verify(names: Names = None, models_dir: options.ModelsDir = None) -> None:
    """Read every byte of the models that are here and compare with the known sums.

    Example: askoctober models verify
    """
    from askoctober import models

    folder = options.settings(models_dir=models_dir).models_dir
    wanted = names or list(models.installed(folder))
    if not wanted:
        raise ModelError("No known model is here; fetch the default ones with `askoctober models pull`.")
    for name in wanted:
        with show.status(f"Reading {name}"):
            models.verify(name, folder)
        show.out.print(f"{name}: good")
