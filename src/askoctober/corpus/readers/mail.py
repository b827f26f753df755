"""E-mail (RFC 5322, MIME) and mailboxes (mbox, RFC 4155): an article a message, read one at a time."""

from __future__ import annotations

import email
import hashlib
import importlib
import io
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import BinaryIO

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.encoding import decode
from askoctober.corpus.formats import HTML
from askoctober.corpus.metadata import Metadata
from askoctober.errors import CorpusError

LARGEST = 100_000_000
"""Bytes of one message, its attachments included."""
LONGEST_LINE = 1_000_000
_ESCAPED = re.compile(rb">+From ")
_BLOCKS = frozenset("p div br li tr h1 h2 h3 h4 h5 h6 blockquote table ul ol pre".split())


def read(source: Source) -> Iterator[Document | Failure]:
    """Yield the message of an .eml, or each of an mbox, named by a hash of its Message-ID that stays when others come.

    Raises:
        CorpusError: the file is no message, or a mailbox without any.
    """
    head = source.stream.read(5)
    source.stream.seek(0)
    if head == b"From ":
        yield from _read_mailbox(source.stream)
    elif source.path.lower().endswith(".mbox"):
        raise CorpusError('is no mailbox, it does not begin with "From "; save it again as mbox.')
    else:
        raw = source.stream.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise CorpusError(f"is larger than {LARGEST // 1_000_000} MB; save it without its attachments.")
        yield _to_document(raw, "")


def _read_mailbox(stream: BinaryIO) -> Iterator[Document | Failure]:
    seen: dict[bytes, int] = {}
    for number, raw in enumerate(_split(stream), 1):
        if raw is None:
            yield Failure(f"message-{number}", f"is larger than {LARGEST // 1_000_000} MB; remove its attachments.")
            continue
        key = _key(raw)
        seen[key] = seen.get(key, 0) + 1
        part = key.hex() + (f"-{seen[key]}" if seen[key] > 1 else "")
        try:
            yield _to_document(raw, part)
        except CorpusError as error:
            yield Failure(part, str(error))


def _split(stream: BinaryIO) -> Iterator[bytes | None]:
    """Yield the bytes of each message, None for one that is too large; "From " begins one after a blank line alone."""
    message: list[bytes] = []
    size, blank, fresh = 0, True, True
    started = False
    while line := stream.readline(LONGEST_LINE):
        if fresh and blank and line.startswith(b"From "):
            if started:
                yield b"".join(message) if size <= LARGEST else None
            message, size, started = [], 0, True
        else:
            size += len(line)
            if size <= LARGEST:
                message.append(line[1:] if fresh and _ESCAPED.match(line) else line)
            else:
                message.clear()
        blank = fresh and line in (b"\n", b"\r\n")
        fresh = line.endswith(b"\n")
    yield b"".join(message) if size <= LARGEST else None


def _key(raw: bytes) -> bytes:
    """Return six bytes that tell a message: of its Message-ID, or where there is none of all its bytes."""
    head = re.split(rb"\r?\n\r?\n", raw[:LONGEST_LINE], maxsplit=1)[0]
    found = re.search(rb"^message-id:\s*(<[^>\r\n]{1,998}>)", head, re.I | re.M)
    return hashlib.sha256(found[1] if found else raw).digest()[:6]


def _to_document(raw: bytes, part: str) -> Document:
    """Return the article of a message.

    Raises:
        CorpusError: it cannot be parsed, or has no text.
    """
    try:
        message = email.message_from_bytes(raw, policy=default)
        if not any(name in message for name in ("from", "date", "subject", "message-id")):
            raise CorpusError("has none of the headers of an e-mail; save it again as .eml.")
        body, attached = _body(message)
        metadata, extra = _metadata(message)
    except CorpusError:
        raise
    except Exception as error:  # email raises many kinds on what is malformed: IndexError, LookupError, AttributeError
        raise CorpusError(f"is a malformed message ({type(error).__name__}); save it again as .eml.") from error
    if not body.strip():
        raise CorpusError("has no text; fill or remove it.")
    if attached:
        extra["attachments"] = ", ".join(attached)
    return Document(body, metadata, part, extra=extra)


def _metadata(message: EmailMessage) -> tuple[Metadata, dict[str, str]]:
    metadata = {"title": _header(message, "subject")}
    sender = message["from"]
    addresses = getattr(sender, "addresses", ())
    metadata["author"] = ", ".join(" ".join((one.display_name or one.addr_spec).split()) for one in addresses)
    metadata["author"] = metadata["author"] or _header(message, "from")
    when = getattr(message["date"], "datetime", None)
    metadata["date"] = when.isoformat() if when else ""
    identity = _header(message, "message-id")
    return {name: value for name, value in metadata.items() if value}, {"message-id": identity} if identity else {}


def _header(message: EmailMessage, name: str) -> str:
    value = message[name]
    return " ".join(str(value).encode("utf-8", "replace").decode().split()) if value is not None else ""


def _body(message: EmailMessage) -> tuple[str, list[str]]:
    """Return the text, plain rather than HTML, of all parts that are shown, and the names of what is attached."""
    plain: list[str] = []
    marked: list[str] = []
    attached: list[str] = []
    waiting = [message]
    while waiting:
        part = waiting.pop()
        name = part.get_filename()
        if part.get_content_disposition() == "attachment" or (name and not part.is_multipart()):
            attached.append(" ".join(str(name or part.get_content_type()).split()))
        elif part.get_content_type() == "message/rfc822":
            attached.append("message")
        elif part.is_multipart():
            waiting += [one for one in reversed(part.get_payload()) if isinstance(one, EmailMessage)]  # type: ignore[arg-type]
        elif part.get_content_type() == "text/plain":
            plain.append(_text(part))
        elif part.get_content_type() == "text/html":
            marked.append(_text(part))
    text = "\n\n".join(one.strip("\r\n") for one in plain if one.strip())
    return text.replace("\r\n", "\n") or "\n\n".join(_from_html(one) for one in marked), attached


def _text(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        return data.decode(part.get_content_charset() or "utf-8")
    except (LookupError, ValueError):
        return decode(data)


def _from_html(markup: str) -> str:
    """Return the text of HTML, by the reader of HTML where it finds an article."""
    try:
        reader = importlib.import_module(HTML.reader).read
        page = Source("message.html", io.BytesIO(b"\xef\xbb\xbf" + markup.encode("utf-8", "replace")))
        found = [item.text for item in reader(page) if isinstance(item, Document)]
    except (ModuleNotFoundError, CorpusError):
        found = []
    if found:
        return "\n\n".join(found)
    stripper = _Stripper()
    stripper.feed(markup)
    stripper.close()
    lines = (" ".join(line.split()) for line in "".join(stripper.pieces).split("\n"))
    return "\n\n".join(filter(None, lines))


class _Stripper(HTMLParser):
    """Collects the text between tags, a new line for each block."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.hidden = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self.hidden = tag
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.hidden:
            self.hidden = ""
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.pieces.append(data.replace("\n", " "))
