"""How a server that runs for days keeps the memory that it once needed from adding up."""

from __future__ import annotations

import ctypes
import sys

ARENAS = 2
"""Of its own accord glibc opens eight for each core."""
_M_ARENA_MAX = -8


def keep_few_arenas(count: int = ARENAS) -> bool:
    """Let all threads of this process take their memory from so few pools of glibc's; return whether they will.

    Each pool keeps what was freed in it for its own next need. The embedder takes some hundred MB for the length of a
    batch, in whichever thread a question is answered, so that one pool after the other would come to keep as much.
    Pools that threads have opened already stay: call it before a model is loaded. Other C libraries have no such
    setting, and are left as they are (mallopt(3)).
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, count))
    except (OSError, AttributeError):
        return False
