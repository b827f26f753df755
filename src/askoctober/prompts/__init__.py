"""The prompts, as files: `NAME.txt` beside this module, filled in by `str.format`-like `{name}` fields."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

_FIELD = re.compile(r"\{(\w+)\}")


@lru_cache(maxsize=32)
def read_prompt(name: str) -> str:
    """Return the text of a prompt file, without its final line break."""
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8").rstrip("\n")


def fill(name: str, **values: str) -> str:
    """Return a prompt with its fields filled; a value is inserted as it is, braces in it mean nothing."""
    return _FIELD.sub(lambda match: values[match[1]], read_prompt(name))
