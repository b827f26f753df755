"""Names that a browser gives for files, and where such a file can safely be kept."""

from __future__ import annotations

import os
import re
import unicodedata

from askoctober.errors import CorpusError

LONGEST_PART = 200
LONGEST_PATH = 400
"""Of a name, in bytes of UTF-8: file systems allow 255 for a part, and some of them fewer."""

ON_WINDOWS = os.name == "nt"

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)", re.IGNORECASE)
"""What Windows takes for a device, whatever ending it has."""
_FORBIDDEN = re.compile(r'[<>:"|?*]')
"""What Windows does not allow in a name, or takes for something else."""


def safe_path(name: str) -> str:
    """Return the relative POSIX path under which a file with this untrusted name can be kept on any system.

    Raises:
        CorpusError: there is none; the message goes on after the name.
    """
    path = unicodedata.normalize("NFC", name).replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts:
        raise CorpusError("has no name; give it one.")
    if path.startswith("/") or path[1:2] == ":":
        raise CorpusError("has an absolute path for a name; give it without the folders around it.")
    if ".." in parts:
        raise CorpusError("has a name that leads out of its folder; rename it.")
    if any(unicodedata.category(character) in _UNSEEN for character in path):
        raise CorpusError("has invisible or control characters in its name; rename it.")
    for part in parts:
        if part.startswith("."):
            raise CorpusError("has a hidden name, which begins with a dot; rename it.")
        if _RESERVED.match(part) or part.endswith((".", " ")) or (ON_WINDOWS and _FORBIDDEN.search(part)):
            raise CorpusError(f"has a name that is not possible on every system ({part}); rename it.")
    if max(len(part.encode()) for part in parts) > LONGEST_PART or len("/".join(parts).encode()) > LONGEST_PATH:
        raise CorpusError("has too long a name; shorten it.")
    return "/".join(parts)
