"""Where a shelf lies: `milvus://host:port/shelf` on a server, `milvus:path.db/shelf` in a file of milvus-lite."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from askoctober.errors import ConfigError

PORT = 19530
TOKEN = "MILVUS_TOKEN"  # noqa: S105 - its name, not what it holds
"""The variable of the environment that holds the server's token: "user:password", or a key."""

_SERVER = re.compile(r"milvus(s?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?/([^/]+)/?")
_FILE = re.compile(r"milvus:(?!//)(.+\.db)/([^/]+)/?")
_SHELF = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Address:
    """A shelf of Milvus: `uri` is what `pymilvus` connects to, `file` the database where there is no server."""

    uri: str
    shelf: str
    file: Path | None = None

    @classmethod
    def read(cls, text: str) -> Address:
        """Return the address that a text gives; `milvuss://` is a server behind TLS.

        Raises:
            ConfigError: it gives none.
        """
        if match := _FILE.fullmatch(text):
            path, shelf = Path(match[1]).expanduser(), match[2]
            address = cls(str(path), shelf, path)
        elif match := _SERVER.fullmatch(text):
            secure, host, port, shelf = match.groups()
            if port and not 0 < int(port) < 65536:
                raise ConfigError(f"{text!r} names port {port}; ports run from 1 to 65535.")
            address = cls(f"http{secure}://{host}:{port or PORT}", shelf)
        else:
            raise ConfigError(
                f"{text!r} is no address of a shelf; give milvus://host:port/shelf, or milvus:path.db/shelf for a file"
            )
        if not _SHELF.fullmatch(shelf):
            raise ConfigError(
                f"A shelf cannot be named {shelf!r}; use at most 64 letters, digits and underscores, no digit first."
            )
        return address

    def __str__(self) -> str:
        if self.file is not None:
            return f"milvus:{self.uri}/{self.shelf}"
        scheme, _, rest = self.uri.partition("://")
        return f"milvus{'s' if scheme == 'https' else ''}://{rest}/{self.shelf}"


def is_address(text: str) -> bool:
    """Whether a setting means a shelf of Milvus and not a folder."""
    return text.startswith(("milvus:", "milvuss:"))
