"""The options that several commands share, and how they become a `Config`.

The defaults are those of `Config`, shown in the help from there; an option that is not given is None and leaves
what `askoctober.toml` and the environment say.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import typer

from askoctober.config import Config

_DEFAULT = Config()


def _question(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter('it is empty; give a question, for example "Who voted against the insurrection?"')
    try:
        text.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("it is not valid text in the terminal's encoding.") from None
    return text


Question: TypeAlias = Annotated[
    str, typer.Argument(metavar="QUESTION", callback=_question, help="What to ask, in quotes.", show_default=False)
]
Where: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="NAME=VALUE",
        help="Only articles of which this holds: article, author, since, until (dates), or other metadata. Repeatable.",
        show_default=False,
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Corpus: TypeAlias = Annotated[
    Path | None,
    typer.Argument(
        metavar="[CORPUS]",
        help=f"Folder of articles [default: {_DEFAULT.corpus}].",
        show_default=False,
    ),
]
CorpusFolder: TypeAlias = Annotated[
    Path | None, typer.Option("--corpus", help="Folder of articles.", show_default=str(_DEFAULT.corpus))
]
Index: TypeAlias = Annotated[
    Path | None, typer.Option("--index", help="Folder of the index.", show_default=str(_DEFAULT.index))
]
Store: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="Shelf in Milvus, instead of --index: milvus://HOST:PORT/SHELF, or milvus:FILE.db/SHELF.",
        show_default=False,
    ),
]
Embedder: TypeAlias = Annotated[
    str | None,
    typer.Option("--embedder", help="Embedding model: a name, a folder, a hub id.", show_default=_DEFAULT.embedder),
]
Model: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="Language model: a name, a .gguf file, a folder, or a hub id.",
        show_default=_DEFAULT.model,
    ),
]
Engine: TypeAlias = Annotated[
    Literal["auto", "llama.cpp", "transformers"] | None,
    typer.Option("--engine", help="What runs the language model.", show_default=_DEFAULT.engine),
]
ModelsDir: TypeAlias = Annotated[
    Path | None, typer.Option("--models-dir", help="Folder of model files.", show_default="the user's cache")
]
Threads: TypeAlias = Annotated[
    int | None, typer.Option("--threads", min=0, help="Processor threads; 0 picks them.", show_default="0")
]
Embed: TypeAlias = Annotated[
    Literal["local", "ray"] | None,
    typer.Option(
        "--embed",
        help="Where articles are embedded: in this process, or by actors of Ray, on this computer or on the cluster "
        "that RAY_ADDRESS names.",
        show_default=_DEFAULT.embed,
    ),
]
Memory: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--memory",
        min=0,
        metavar="MB",
        help="For indexes of 100,000 chunks and more: megabytes of memory that the codes of all chunks may take in a "
        "search. Less makes them smaller, and search less exact.",
        show_default="0, which is 72 bytes a chunk",
    ),
]
Host: TypeAlias = Annotated[
    str | None, typer.Option("--host", help="Address to listen on.", show_default=_DEFAULT.host)
]
Port: TypeAlias = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Port to listen on.", show_default=str(_DEFAULT.port))
]


def settings(**flags: Any) -> Config:
    """Return the settings in force here with these flags on top; None means not given."""
    return Config.load(**flags)


def filter_of(where: Sequence[str]) -> dict[str, list[str]] | None:
    """Return what is given with --where as a filter; a name that is given twice admits both values."""
    found: dict[str, list[str]] = {}
    for given in where:
        name, equals, value = given.partition("=")
        if not (name and equals and value):
            raise typer.BadParameter(f"--where {given!r}: give a name and a value, for example --where author=Reed")
        found.setdefault(name, []).append(value)
    return found or None
