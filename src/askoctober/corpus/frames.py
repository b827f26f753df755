"""What passes between `isolation` and its `worker`: JSON, each message after its length in four bytes.

JSON rather than pickle: a reader that a hostile file has taken over can send wrong articles, and nothing that runs.
"""

from __future__ import annotations

import datetime
import json
from typing import Any, BinaryIO

from askoctober.corpus.documents import Document, Failure

LARGEST_FRAME = 1 << 28
"""Bytes; more is no message of ours."""


def write_frame(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Write one message, and flush; dates become their ISO texts, lone surrogates stay."""
    data = json.dumps(message, ensure_ascii=False, default=plain).encode("utf-8", "surrogatepass")
    stream.write(len(data).to_bytes(4, "big"))
    stream.write(data)
    stream.flush()


def read_frame(stream: BinaryIO) -> dict[str, Any] | None:
    """Return the next message, None at the end of the stream or at something that is no message."""
    length = int.from_bytes(stream.read(4), "big")
    if not 0 < length <= LARGEST_FRAME:
        return None
    data = stream.read(length)
    if len(data) < length:
        return None
    try:
        message = json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def pack(item: Document | Failure) -> dict[str, Any]:
    """Return a message that carries what a reader found."""
    if isinstance(item, Failure):
        return {"failure": [item.path, item.reason]}
    return {"document": [item.text, dict(item.metadata), item.part, list(item.pages), dict(item.extra)]}


def unpack(message: dict[str, Any]) -> Document | Failure:
    """Return what a message carries; its types are made sure of.

    Raises:
        ValueError: it carries something else.
    """
    try:
        if "failure" in message:
            path, reason = message["failure"]
            return Failure(str(path), str(reason))
        text, metadata, part, pages, extra = message["document"]
        return Document(str(text), _texts(metadata), str(part), tuple(int(page) for page in pages), _texts(extra))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a document") from error


def _texts(table: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in table.items()}


def plain(value: Any) -> str:
    """Return the text of what TOML knows and JSON does not: dates and times."""
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    raise TypeError(type(value).__name__)
