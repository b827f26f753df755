"""E-mail (RFC 5322, MIME) and mailboxes (mbox, RFC 4155): an article a message, read one at a time."""

from __future__ import annotations

import email
import hashlib
import html
import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any, BinaryIO, cast

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.encoding import decode
from askoctober.corpus.metadata import Metadata, clean
from askoctober.corpus.readers.blocks import TOO_DEEP
from askoctober.corpus.readers.html import browser_name, read_page
from askoctober.errors import CorpusError

LARGEST = 100_000_000
"""Bytes of one message, its attachments included."""
LONGEST_LINE = 1_000_000
LONGEST_HEADER = 4000
"""Characters of a header that are parsed, by a parser that takes time quadratic in them."""
DEEPEST = 50
"""Parts within each other."""
STUB, STUB_SHARE = 300, 0.2
"""Plain text that is shorter, and but a small share of the HTML beside it, says no more than "see the HTML"."""
_ESCAPED = re.compile(rb">+From ")
_SENT = re.compile(rb"From \S{1,300} .{0,40}\d\d:\d\d.{0,40}\d{4}\s{0,9}$")
"""The line that begins a message in a mailbox, with the time it came, see RFC 4155, appendix A."""
_HEADER = re.compile(rb"[!-9;-~]{1,76}:")
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_TAG = re.compile(r"(<[^<>]*>)")
_NAME = re.compile(r"<(/?)([a-zA-Z][\w:-]{0,40})?[^<>]*>$")
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
    """Yield the bytes of each message, None for one that is too large.

    One begins at a line of "From " with a time, or after a blank line and with a header below it.
    """
    message: list[bytes] = []
    size, blank, fresh = 0, True, True
    started = False
    line = stream.readline(LONGEST_LINE)
    while line:
        below = stream.readline(LONGEST_LINE)
        opens = fresh and line.startswith(b"From ") and (not started or _SENT.match(line) is not None)
        if opens or (fresh and blank and line.startswith(b"From ") and _HEADER.match(below)):
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
        line = below
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
        message = cast("EmailMessage", email.message_from_bytes(raw, policy=_POLICY))
        if not any(name in message for name in ("from", "date", "subject", "message-id")):
            raise CorpusError("has none of the headers of an e-mail; save it again as .eml.")
        body, attached = _body(message)
        metadata, extra = _metadata(message)
    except (CorpusError, MemoryError):
        raise
    except RecursionError as error:
        raise CorpusError(TOO_DEEP) from error
    except Exception as error:  # email raises many kinds on what is malformed: IndexError, LookupError, AttributeError
        raise CorpusError(f"is a malformed message ({type(error).__name__}); save it again as .eml.") from error
    if not body.strip():
        raise CorpusError("has no text; fill or remove it.")
    if attached:
        extra["attachments"] = ", ".join(attached)
    return Document(body, metadata, part, extra=extra)


def _metadata(message: EmailMessage) -> tuple[Metadata, dict[str, str]]:
    addresses = getattr(message["from"], "addresses", ())
    author = ", ".join(" ".join((one.display_name or one.addr_spec).split()) for one in addresses)
    try:
        when = getattr(message["date"], "datetime", None)
        date = when.isoformat() if when else ""
    except (ValueError, OverflowError):
        date = ""
    identity = _header(message, "message-id")
    found = {"title": _header(message, "subject"), "author": author or _header(message, "from"), "date": date}
    return clean(found), {"message-id": identity} if identity else {}


def _header(message: EmailMessage, name: str) -> str:
    """Return a header on one line; as its parts decode by themselves where it cannot be parsed as a whole."""
    value = _line(str(message[name] or ""))
    if value or name not in message:
        return value
    raw = next(str(value) for key, value in message.raw_items() if key.lower() == name)[:LONGEST_HEADER]
    try:
        return _line(str(make_header(decode_header(raw))))
    except (HeaderParseError, LookupError, ValueError):
        return _line(raw)


def _line(text: str) -> str:
    return " ".join(_UNFIT.sub(" ", text).split())


def _body(message: EmailMessage) -> tuple[str, list[str]]:
    """Return the text of all parts that are shown, and the names of what is attached."""
    attached: list[str] = []
    texts = [text.strip("\n") for text, _ in _shown(message, attached, 0)]
    return "\n\n".join(filter(None, texts)), attached


def _shown(part: EmailMessage, attached: list[str], depth: int) -> list[tuple[str, bool]]:
    """Return the texts of a part that are shown, each with whether it was plain, see RFC 2046, section 5.1."""
    if depth > DEEPEST:
        raise CorpusError(TOO_DEEP)
    kind, name = part.get_content_type(), part.get_filename()
    if part.get_content_disposition() == "attachment" or (name and not part.is_multipart()):
        attached.append(_line(str(name or kind)))
    elif kind == "message/rfc822":
        attached.append("message")
    elif part.is_multipart():
        inner = [one for one in part.get_payload() if isinstance(one, EmailMessage)]
        shown = [_shown(one, attached, depth + 1) for one in inner]
        return _choose(shown) if kind == "multipart/alternative" else [text for texts in shown for text in texts]
    elif kind == "text/plain":
        text = _UNFIT.sub(" ", _text(part).replace("\r\n", "\n").replace("\r", "\n"))
        return [(text, True)] if text.strip() else []
    elif kind == "text/html":
        text = _UNFIT.sub(" ", _from_html(_text(part)))
        return [(text, False)] if text.strip() else []
    return []


def _choose(ways: list[list[tuple[str, bool]]]) -> list[tuple[str, bool]]:
    """Return the plain one of several ways to say the same, the last that says anything where it is none or a stub."""
    filled = [way for way in ways if way]
    plain = next((way for way in filled if all(is_plain for _, is_plain in way)), None)
    richest = filled[-1] if filled else []
    if plain is None:
        return richest
    size = sum(len(text) for text, _ in plain)
    return richest if size < min(STUB, STUB_SHARE * sum(len(text) for text, _ in richest)) else plain


class _Policy(EmailPolicy):
    """The policy that decodes headers, of bounded length."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        """Return the parsed value of a header, an empty one where it is malformed, which costs nothing else."""
        try:
            return super().header_fetch_parse(name, value[:LONGEST_HEADER])
        except MemoryError:
            raise
        except Exception:  # email raises many kinds: IndexError, AttributeError, ValueError, RecursionError
            return super().header_fetch_parse(name, "")


_POLICY = _Policy()


def _text(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        return data.decode(browser_name(part.get_content_charset() or "utf-8"))
    except (LookupError, ValueError):
        return decode(data)


def _from_html(markup: str) -> str:
    """Return the text of HTML, by the reader of HTML where it finds an article."""
    try:
        return read_page(markup).text
    except CorpusError:  # its library is not there, or it finds no article
        pass
    return _strip(markup)


def _strip(markup: str) -> str:
    """Return the text between tags, a new line for each block, in time linear in its size."""
    pieces: list[str] = []
    hidden = ""
    for piece in _TAG.split(markup):
        tag = _NAME.match(piece)
        name = (tag[2] or "").lower() if tag else ""
        if hidden:
            hidden = "" if tag and tag[1] and name == hidden else hidden
        elif name in ("script", "style"):
            hidden = "" if tag and tag[1] else name
        elif tag:
            pieces.append("\n" if name in _BLOCKS else "")
        else:
            pieces.append(html.unescape(piece.replace("\n", " ")))
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n\n".join(filter(None, lines))
