"""What a user may write where a model is asked for, and what it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from askoctober.errors import ModelError
from askoctober.models.local import cache_dir, locate
from askoctober.models.table import TABLE, Model, find, unknown

SERVER = "openai:"
"""How the address of a server begins where a model may be named."""
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


def resolve(name_or_path: str, models_dir: Path | None = None, *, table: Mapping[str, Model] = TABLE) -> Path | str:
    """Return the local path of a model, or the text itself where it names a hub id or an `openai:` server.

    Raises:
        ModelError: a known model that is not here, or a name that means nothing; the message says what to do.
    """
    if name_or_path.startswith(SERVER):
        return name_or_path
    if name_or_path.lower() in {name.lower() for name in table}:
        path = locate(name_or_path, models_dir, table=table)
        if path is None:
            model = find(name_or_path, table)
            where = cache_dir(models_dir)
            raise ModelError(f"{model.name} is not complete in {where}; run `askoctober models pull {model.name}`.")
        return path
    given = Path(name_or_path).expanduser()
    is_gguf = given.suffix.lower() == ".gguf"
    if name_or_path and (given.is_dir() or (is_gguf and given.is_file())):
        return given
    if given.is_file():
        raise ModelError(f"{given} is not a model that can be loaded; give a .gguf file or a folder.")
    if is_gguf:
        raise ModelError(f"There is no file {given}; correct the path or give one of {', '.join(table)}.")
    if _HUB_ID.fullmatch(name_or_path):
        return name_or_path
    raise unknown(name_or_path, table)
