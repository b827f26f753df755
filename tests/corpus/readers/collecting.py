"""Small real files of the kinds that hold several articles, as bytes."""

from __future__ import annotations

import csv
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from email.message import EmailMessage


def mail(subject: str, body: str, *, sender: str = "Ada Lind <ada@example.org>", identity: str = "", html: str = "",
         attachments: Iterable[str] = ()) -> bytes:  # fmt: skip
    """A message; with `html` it has both kinds of text."""
    message = EmailMessage()
    message["Subject"], message["From"] = subject, sender
    message["Date"] = "Tue, 03 Mar 2020 10:00:00 +0000"
    if identity:
        message["Message-ID"] = identity
    message.set_content(body)
    if html:
        message.add_alternative(html, subtype="html")
    for name in attachments:
        message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()


def mbox(*messages: bytes) -> bytes:
    """A mailbox of messages."""
    escaped = (message.replace(b"\nFrom ", b"\n>From ") for message in messages)
    return b"".join(b"From ada Tue Mar  3 10:00:00 2020\n" + message + b"\n" for message in escaped)


def table(rows: Iterable[Iterable[object]], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """A table as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def json_lines(*values: object) -> bytes:
    """A value a line."""
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def squad(articles: Mapping[str, Iterable[str]]) -> bytes:
    """SQuAD 2.0 of titles and paragraphs."""
    data = [{"title": t, "paragraphs": [{"context": c, "qas": []} for c in texts]} for t, texts in articles.items()]
    return json.dumps({"version": "v2.0", "data": data}).encode()


def zipped(members: Iterable[tuple[str, bytes]]) -> bytes:
    """A ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def tarred(members: Iterable[tuple[str, bytes]], packing: str = "") -> bytes:
    """A tar archive, packed by gz, bz2 or xz."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{packing}") as archive:  # type: ignore[call-overload]
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()
