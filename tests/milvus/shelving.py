"""Shelves of Milvus in files of milvus-lite, built with the hashing encoder from the same files as an index folder."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from askoctober.building import Report, updating
from askoctober.milvus import MilvusWriter
from encoders import HashEncoder
from shelves import build_from


def address_of(folder: Path, shelf: str = "bees") -> str:
    return f"milvus:{folder / 'shelf.db'}/{shelf}"


def build_milvus(
    folder: Path,
    files: Mapping[str, str],
    encoder: HashEncoder | None = None,
    *,
    shelf: str = "bees",
    **changes: Any,
) -> tuple[Report, HashEncoder]:
    """Build the shelf from these files, as `build_from` builds an index folder."""

    def open_writer(_: Path, about: Mapping[str, Any], **more: Any) -> Any:
        return MilvusWriter.open(address_of(folder, shelf), about, **more)

    with mock.patch.object(updating, "IndexWriter", SimpleNamespace(open=open_writer)):
        return build_from(folder, files, encoder, **changes)
