"""Which formats are read, by what, and how a file shows which of them it is: by its first bytes, then by its name."""

from __future__ import annotations

import importlib
import io
import re
import zipfile
from dataclasses import dataclass
from typing import BinaryIO

from askoctober.corpus.documents import Reader, Source
from askoctober.corpus.encoding import MARKS
from askoctober.errors import CorpusError

MEGABYTE = 1_000_000
LARGEST_FILE = 20 * MEGABYTE
"""Bytes of a file that is one text; more is a dump of many articles, not an article."""
LARGEST_BOOK = 300 * MEGABYTE
"""Bytes of a file of one article or book that carries its pictures and fonts with it."""

HEAD = 4096
"""Bytes from the start that show what a file is."""
READERS = "askoctober.corpus.readers"


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: what it is called, the ends of its names, and the module whose `read` reads it.

    `largest` is in bytes, None where a file is a collection that is read as a stream. An `isolated` one is parsed in a
    process of its own, see `isolation`. `knows_best` marks those whose own metadata outdoes `articles.toml`: front
    matter is written by hand, the title in a PDF mostly by a program. `advice` is for a format that is known and not
    read: what to do with the file.
    """

    name: str
    endings: tuple[str, ...]
    reader: str = ""
    largest: int | None = LARGEST_FILE
    isolated: bool = False
    knows_best: bool = False
    advice: str = ""


def _unread(name: str, endings: str, advice: str) -> Format:
    return Format(name, tuple(endings.split()), largest=None, isolated=True, advice=advice)


MARKDOWN = Format("Markdown", (".md", ".markdown"), f"{READERS}.text", knows_best=True)
PLAIN_TEXT = Format("plain text", (".txt", ".text"), f"{READERS}.text")
HTML = Format("HTML", (".html", ".htm", ".xhtml", ".mhtml", ".mht"), f"{READERS}.html", 5 * LARGEST_FILE, isolated=True)
PDF = Format("PDF", (".pdf",), f"{READERS}.pdf", LARGEST_BOOK, isolated=True)
WORD = Format("Word", (".docx",), f"{READERS}.word", LARGEST_BOOK, isolated=True)
OPENDOCUMENT = Format("OpenDocument text", (".odt",), f"{READERS}.opendocument", LARGEST_BOOK, isolated=True)
EPUB = Format("EPUB", (".epub",), f"{READERS}.epub", LARGEST_BOOK, isolated=True)
RTF = Format("RTF", (".rtf",), f"{READERS}.rtf", 5 * LARGEST_FILE, isolated=True)
MAIL = Format("e-mail", (".eml",), f"{READERS}.mail", 5 * LARGEST_FILE, isolated=True)
MAILBOX = Format("mailbox", (".mbox",), f"{READERS}.mail", None, isolated=True)
JSON_LINES = Format("JSON Lines", (".jsonl", ".ndjson"), f"{READERS}.tables", None)
TABLE = Format("CSV", (".csv", ".tsv"), f"{READERS}.tables", None)
SQUAD = Format("SQuAD 2.0 JSON", (".json",), f"{READERS}.squad", 10 * LARGEST_FILE)
ZIP = Format("ZIP", (".zip",), f"{READERS}.archives", None, isolated=True)
TAR = Format(
    "tar", (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz"), f"{READERS}.archives", None, True
)

OLD_WORD = _unread("an old Word file", ".doc .dot .wps .wpd", "save it as .docx")
SLIDES = _unread("a set of slides", ".ppt .pptx .odp", "save it as .pdf")
SPREADSHEET = _unread("a spreadsheet", ".xls .xlsx .ods .numbers", "save its sheets as .csv")
PAGES = _unread("Apple Pages", ".pages", "export it as .docx")
PACKED = _unread("a packed file", ".gz .bz2 .xz", "unpack it")
OLD_OFFICE = _unread("an old or encrypted Office file", "", "save it as .docx, without a password")

FORMATS = (
    MARKDOWN, PLAIN_TEXT, HTML, PDF, WORD, OPENDOCUMENT, EPUB, RTF, MAIL, MAILBOX, JSON_LINES, TABLE, SQUAD, ZIP, TAR,
    OLD_WORD, SLIDES, SPREADSHEET, PAGES, PACKED, OLD_OFFICE,
    _unread("packed in another way than ZIP or tar", ".rar .7z .zst .lz4 .cab .lzh", "unpack it"),
    _unread("DjVu", ".djvu .djv", "save it as .pdf with its text"),
    _unread("a Kindle book", ".mobi .azw .azw3 .kfx .prc", "convert it to .epub"),
    _unread("a FictionBook or compiled-help book", ".fb2 .chm .lit", "convert it to .epub"),
    _unread("PostScript or XPS", ".ps .xps .oxps", "convert it to .pdf"),
    _unread("kept by Outlook", ".msg .pst", "save its messages as .eml"),
    _unread("a web archive", ".webarchive .warc", "save its pages as .html"),
)  # fmt: skip
ARCHIVES = (ZIP, TAR)
_BY_ENDING = {ending: known for known in FORMATS for ending in known.endings}
_SIGNED = (PDF, RTF, WORD, OPENDOCUMENT, EPUB, ZIP)
"""Formats whose files all begin with their signature."""

_HTML_START = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?>(?:<!--.*?-->\s*)*)<(?:!doctype\s+html|html)[\s>]", re.I | re.S
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PACKERS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
_OPENDOCUMENT_TYPE = b"application/vnd.oasis.opendocument."


def ending_of(name: str) -> str:
    """Return the end of a name that tells its format, in small letters: the longest known one, or the last, or none."""
    parts = name.lower().rsplit(".", 2)
    for count in (2, 1):
        ending = "." + ".".join(parts[-count:])
        if len(parts) > count and ending in _BY_ENDING:
            return ending
    return "." + parts[-1] if len(parts) > 1 and parts[-1].isalnum() else ""


def format_of(name: str) -> Format | None:
    """Return the format that a file's name promises, None where it is no name of an article."""
    return _BY_ENDING.get(ending_of(name))


def recognise(path: str, head: bytes) -> Format:
    """Return the format of a file by its first HEAD bytes, or where these say nothing by its name.

    What is packed or zipped is only told apart by `look_inside`.

    Raises:
        CorpusError: neither tells a format that is read, or the bytes belie the name.
    """
    named, shown = format_of(path), _signature(head)
    if shown is OLD_OFFICE and named and named.advice:
        shown = named
    known = shown or named
    if known is None:
        raise CorpusError("is in no format that is read; give .md, .txt, .html, .pdf, .docx, .epub, .csv or .zip.")
    if known.advice and known is not PACKED:
        raise CorpusError(f"is {known.name}, which is not read; {known.advice}.")
    if shown is None and known in _SIGNED and not (known is PDF and b"%PDF-" in head[:1024]):
        raise CorpusError(f"is named {ending_of(path)} but is not {known.name}; rename it to what it is, or remove it.")
    return known


def look_inside(shown: Format, stream: BinaryIO) -> Format:
    """Return the format of what is zipped or packed; other formats stay what they are. The stream is rewound.

    Raises:
        CorpusError: what is inside is not read.
    """
    if shown is ZIP:
        shown = _zipped(stream) or ZIP
    elif shown is PACKED:
        shown = _packed(stream)
    stream.seek(0)
    if shown.advice:
        raise CorpusError(f"is {shown.name}, which is not read; {shown.advice}.")
    return shown


def identify(source: Source) -> Format:
    """Return what a file is, by its bytes and its name, with its size checked; the stream is rewound.

    Raises:
        CorpusError: it is empty, too large, or in no format that is read.
    """
    known = look_inside(recognise(source.path, take_head(source.stream)), source.stream)
    check_size(known, source.stream)
    return known


def reader_of(source: Source) -> Reader:
    """Return the reader of a file; raises as `identify` does."""
    return load_reader(identify(source).reader)


def load_reader(module: str) -> Reader:
    """Import a reader by the name of its module."""
    reader: Reader = importlib.import_module(module).read
    return reader


def take_head(stream: BinaryIO) -> bytes:
    """Return the first bytes of a stream, and rewind it.

    Raises:
        CorpusError: there are none.
    """
    stream.seek(0)
    head = stream.read(HEAD)
    stream.seek(0)
    if not head:
        raise CorpusError("is empty; fill or remove it.")
    return head


def check_size(known: Format, stream: BinaryIO) -> None:
    """Refuse a file that is too large for its format; the stream is rewound."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if known.largest is not None and size > known.largest:
        raise CorpusError(f"is larger than {known.largest // MEGABYTE} MB; split it into its articles.")


def _signature(head: bytes) -> Format | None:
    """Return the format that a file's first bytes prove, ZIP and PACKED for all that is zipped or packed."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return HTML if _HTML_START.match(head[len(mark) :].decode(encoding, "ignore")) else None
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ZIP
    if head.startswith(tuple(_PACKERS)):
        return PACKED
    if head[257:262] == b"ustar":
        return TAR
    if head.startswith(_OLE):
        return OLD_OFFICE
    start = head.lstrip()
    if start.startswith(b"%PDF-"):
        return PDF
    if start.startswith(b"{\\rtf"):
        return RTF
    return HTML if _HTML_START.match(start.decode("latin-1")) else None


def _zipped(stream: BinaryIO) -> Format | None:
    """Return which format a ZIP file is the wrapping of, None where it is but an archive."""
    try:
        with zipfile.ZipFile(stream) as file:
            names = set(file.namelist())
            kind = b""
            if "mimetype" in names and file.getinfo("mimetype").file_size < HEAD:
                with file.open("mimetype") as member:
                    kind = member.read(HEAD).strip()
    except Exception as error:  # besides BadZipFile zipfile lets through zlib.error, struct.error and others
        raise CorpusError(f"is a damaged ZIP file ({_one_line(error)}); get it again, or unpack it.") from error
    if kind == b"application/epub+zip" or "META-INF/container.xml" in names:
        return EPUB
    if kind.startswith(_OPENDOCUMENT_TYPE):
        what = kind.removeprefix(_OPENDOCUMENT_TYPE)
        return OPENDOCUMENT if what.startswith(b"text") else SLIDES if what.startswith(b"pres") else SPREADSHEET
    if "[Content_Types].xml" in names:
        for folder, known in (("word/", WORD), ("xl/", SPREADSHEET), ("ppt/", SLIDES)):
            if any(name.startswith(folder) for name in names):
                return known
    return PAGES if "Index/Document.iwa" in names else None


def _packed(stream: BinaryIO) -> Format:
    """Return TAR for a packed tar file; one block is unpacked, whatever the rest would come to."""
    import bz2
    import lzma
    import zlib

    head = take_head(stream)
    try:
        if head.startswith(b"\x1f\x8b"):
            block = zlib.decompressobj(31).decompress(head, 512)
        elif head.startswith(b"BZh"):
            # Its blocks are of 900 kB, and nothing comes out before one is whole.
            block = bz2.BZ2Decompressor().decompress(stream.read(MEGABYTE), 512)
        else:
            block = lzma.LZMADecompressor(memlimit=200 * MEGABYTE).decompress(stream.read(MEGABYTE), 512)
    except (zlib.error, OSError, lzma.LZMAError, EOFError) as error:
        raise CorpusError(f"is a damaged packed file ({_one_line(error)}); get it again, or unpack it.") from error
    return TAR if block[257:262] == b"ustar" else PACKED


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
