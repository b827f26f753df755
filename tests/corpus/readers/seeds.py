"""Valid files of every kind that a reader takes, what may be done to them, and what a reader promises of any bytes."""

from __future__ import annotations

import importlib
import io
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from askoctober.corpus.documents import Document, Failure, Reader, Source
from askoctober.errors import CorpusError
from corpus.readers import collecting
from corpus.readers.papers import PROSE, make_docx, make_epub, make_html, make_mhtml, make_odt, make_pdf, make_rtf

SECONDS = 20.0
"""For one small file, on a machine that does other things too."""


def _same(data: bytes) -> bytes:
    return data


@dataclass(frozen=True)
class Seed:
    """A valid file; where `wrap` is given, `data` is a part of it, since what is zipped survives no mutation."""

    reader: str
    path: str
    data: bytes
    wrap: Callable[[bytes], bytes] = field(default=_same)

    def read(self) -> Reader:
        return importlib.import_module(f"askoctober.corpus.readers.{self.reader}").read  # type: ignore[no-any-return]


def in_package(package: bytes, part: str) -> tuple[bytes, Callable[[bytes], bytes]]:
    """Return a part of a ZIP package, and what puts another in its place."""
    with zipfile.ZipFile(io.BytesIO(package)) as file:
        parts = {name: file.read(name) for name in file.namelist()}

    def wrap(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as file:
            for name, other in parts.items():
                file.writestr(name, data if name == part else other)
        return out.getvalue()

    return parts[part], wrap


MEMBERS = [
    ("a.md", b"# A\n\nWords of it."),
    ("b/c.csv", b"id,text\n1,One\n"),
    ("articles.toml", b'["a.md"]\ntitle="A"\n'),
]
PAGE = make_html().replace(
    b"</article>", b"<ul><li>One<li>Two</ul><pre>a  b\n  c</pre><table><tr><td>1<td>2</table></article>"
)
MAIL = collecting.mail("Gr\u00fc\u00dfe", "Body", identity="<1@x>", html="<p>Body</p>", attachments=["a.pdf"])
FORWARDED = (
    b"Subject: =?utf-8?q?A=20b?=\nFrom: a@example.org\nDate: Tue, 3 Mar 2020 10:00:00 -0000\nMIME-Version: 1.0\n"
    b'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/html; charset=latin1\n'
    b"Content-Transfer-Encoding: quoted-printable\n\n<p>F=FC=\n=DFe</p>\n--b\nContent-Type: message/rfc822\n\n"
    b"Subject: x\n\ny\n--b\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nV29yZHM=\n--b--\n"
)
_LEGACY = collecting.table([["id", "text"], ["1", "Die Vögel schlafen in den Bäumen über dem Fluß."]], ";", "cp1252")
SEEDS: dict[str, Seed] = {
    "markdown": Seed("text", "a.md", b"---\ntitle: A\n---\n# A\n\nWords *of* it.\n\n- [x](y)\n"),
    "text": Seed("text", "a.txt", "\n\n".join(("The Lamp", *PROSE)).encode()),
    "html": Seed("html", "a.html", PAGE),
    "mhtml": Seed("html", "a.mhtml", make_mhtml(make_html())),
    "pdf": Seed("pdf", "a.pdf", make_pdf([PROSE, PROSE], "/Title (x)", images=[2])),
    "docx": Seed("word", "a.docx", make_docx()),
    "docx text": Seed("word", "a.docx", *in_package(make_docx(), "word/document.xml")),
    "docx notes": Seed("word", "a.docx", *in_package(make_docx(), "word/footnotes.xml")),
    "docx core": Seed("word", "a.docx", *in_package(make_docx(), "docProps/core.xml")),
    "odt": Seed("opendocument", "a.odt", make_odt()),
    "odt text": Seed("opendocument", "a.odt", *in_package(make_odt(), "content.xml")),
    "odt meta": Seed("opendocument", "a.odt", *in_package(make_odt(), "meta.xml")),
    "epub": Seed("epub", "a.epub", make_epub()),
    "epub package": Seed("epub", "a.epub", *in_package(make_epub(), "OEBPS/book.opf")),
    "epub contents": Seed("epub", "a.epub", *in_package(make_epub(), "OEBPS/nav.xhtml")),
    "epub chapter": Seed("epub", "a.epub", *in_package(make_epub(), "OEBPS/text/a.xhtml")),
    "rtf": Seed("rtf", "a.rtf", make_rtf(r"\'c4\u8364? {\*\x y}\trowd a\cell b\cell\row")),
    "eml": Seed("mail", "a.eml", MAIL),
    "eml parts": Seed("mail", "a.eml", FORWARDED),
    "mbox": Seed("mail", "a.mbox", collecting.mbox(MAIL, FORWARDED)),
    "csv": Seed("tables", "a.csv", collecting.table([["id", "text"], ["1", 'a "quoted"\nvalue'], ["2", "é"]])),
    "csv legacy": Seed("tables", "a.csv", _LEGACY),
    "jsonl": Seed("tables", "a.jsonl", collecting.json_lines({"id": 1, "text": "One"}, {"id": 2, "text": "Two"})),
    "json": Seed("squad", "a.json", collecting.squad({"Title": ["One.", "Two."]})),
    "zip": Seed("archives", "a.zip", collecting.zipped(MEMBERS)),
    "tar": Seed("archives", "a.tar", collecting.tarred(MEMBERS)),
    "tar.gz": Seed("archives", "a.tgz", collecting.tarred(MEMBERS, "gz")),
    "tar.bz2": Seed("archives", "a.tbz2", collecting.tarred(MEMBERS, "bz2")),
    "tar.xz": Seed("archives", "a.txz", collecting.tarred(MEMBERS, "xz")),
}


def check(kind: str, data: bytes, seconds: float = SECONDS) -> list[Document | Failure]:
    """Read what may be anything, and return what came; whatever it is, it keeps the promises of every reader."""
    seed = SEEDS[kind]
    stream = io.BytesIO(seed.wrap(data))
    found: list[Document | Failure] = []
    begun = time.process_time()
    try:
        for item in seed.read()(Source(seed.path, stream)):
            found.append(item)
    except CorpusError as error:
        check_reason(str(error))
    assert time.process_time() - begun < seconds
    assert not stream.closed
    for item in found:
        if isinstance(item, Failure):
            check_reason(item.reason)
        else:
            check_document(item)
    parts = [item.part for item in found if isinstance(item, Document)]
    assert len(parts) == len(set(parts))
    return found


def check_reason(reason: str) -> None:
    """A reason is one printable line of a bearable length, with an end."""
    assert reason.isprintable() and len(reason) < 1000
    assert reason.endswith((".", '"askoctober[formats]"')), reason


def check_document(item: Document) -> None:
    """A document has words or signs of its own, in characters that can be stored, and pages within them."""
    assert item.text.strip()
    item.text.encode()
    assert "\0" not in item.text
    assert list(item.pages) == sorted(item.pages) and all(0 <= page <= len(item.text) for page in item.pages)
    for value in (*item.metadata.values(), *item.extra.values()):
        assert isinstance(value, str)
        value.encode()
    item.part.encode()
    assert "\0" not in item.part and "\n" not in item.part


def edit(data: bytes, edits: Sequence[tuple[str, int, int, bytes]]) -> bytes:
    """Return data after edits, each a kind, a place, a number whose meaning is the kind's, and bytes."""
    out = bytearray(data)
    for what, place, number, piece in edits:
        at = place % (len(out) + 1)
        end = min(len(out), at + 1 + number % 64)
        if what == "flip" and at < len(out):
            out[at] ^= 1 + number % 255
        elif what == "cut":
            del out[at:end]
        elif what == "end":
            del out[at:]
        elif what == "repeat":
            out[at:at] = out[at:end] * (1 + number % 200)
        elif what == "insert":
            out[at:at] = piece
        elif what == "replace":
            out[at:end] = piece
        elif what == "splice":
            start = number % (len(out) + 1)
            out[at:at] = out[start : start + 200]
    return bytes(out)


EDITS = ("flip", "cut", "end", "repeat", "insert", "replace", "splice")
PIECES = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"<", b"</p>", b"<!--", b"]]>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;",
    b"&#0;", b"&#xD800;", b'"', b"\r\n", b"\n\n", b"\nFrom ", b"{\\", b"}", b"\\u-1 ", b"\\bin9 ", b"=?utf-8?q?=00?=",
    b"boundary=", b"--b\n", b"999999999999999999", b"-1", b"1e999", b"NaN", b"\\ud800", b"[" * 3000, b"{\"a\":" * 3000,
    b"<div>" * 3000, b"<w:p>" * 3000, b"(" * 3000, b"PK\x03\x04", b"endobj", b"stream\n", b"/Length 9999999", b"\xc3",
)  # fmt: skip
"""Byte strings that formats give a meaning to."""
