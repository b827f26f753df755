"""The prompts, as files: `NAME.txt` beside this module, filled in by `str.format`-like `{name}` fields."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

_FIELD = re.compile(r"\{(\w+)\}")
_CONTROL = re.compile(r"<[|\uff5c]|[|\uff5c]>|(?<=<)(?=/?[A-Za-z_]\w*>)|(?<=\[)(?=/?[A-Z_]{3,}\d*\])")
"""`<|im_end|>` with either bar, a name alone in angle brackets (`</s>`, `<tool_call>`), `[INST]`."""


@lru_cache(maxsize=32)
def read_prompt(name: str) -> str:
    """Return the text of a prompt file, without its final line break."""
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8").rstrip("\n")


def fill(name: str, **values: str) -> str:
    """Return a prompt with its fields filled; braces in a value mean nothing.

    Values are texts of strangers: what engines would read as a token of control, not as text, is broken up.
    """
    return _FIELD.sub(lambda match: _CONTROL.sub(" ", values[match[1]]), read_prompt(name))
