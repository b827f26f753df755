import bz2
import gzip
import io
import lzma
import tarfile
import time
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from askoctober.corpus.documents import Source
from askoctober.corpus.formats import FORMATS, HEAD, LARGEST_FILE, ending_of, format_of, identify, reader_of, recognise
from askoctober.corpus.readers import text
from askoctober.errors import CorpusError


def zipped(**members):
    """A ZIP file; `_` in a name stands for a slash, `mimetype` comes as it is."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "/").replace("TYPES", "[Content_Types].xml"), content)
    return data.getvalue()


def tarred():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as file:
        file.addfile(tarfile.TarInfo("a.txt"), io.BytesIO(b""))
    return data.getvalue()


def kind(name, data):
    source = Source(name, io.BytesIO(data))
    known = identify(source)
    assert source.stream.tell() == 0
    return known.name


WORD = zipped(TYPES="", word__document2__xml="")
EPUB = zipped(mimetype="application/epub+zip")
ODT = zipped(mimetype="application/vnd.oasis.opendocument.text", content="")
MARKUP = b"<!DOCTYPE html><title>A</title>"


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.md", b"# A", "Markdown"),
        ("a.MARKDOWN", b"# A", "Markdown"),
        ("a.text", b"A", "plain text"),
        ("a.htm", b"<p>A", "HTML"),
        ("a.mht", b"From: <Saved by a browser>\r\nMIME-Version: 1.0", "HTML"),
        ("a.pdf", b"%PDF-1.4", "PDF"),
        ("a.pdf", b"junk\n%PDF-1.4", "PDF"),
        ("a.rtf", rb"{\rtf1 A}", "RTF"),
        ("a.eml", b"From: a", "e-mail"),
        ("a.mbox", b"From a", "mailbox"),
        ("a.ndjson", b"{}", "JSON Lines"),
        ("a.tsv", b"a\tb", "CSV"),
        ("a.json", b"{}", "SQuAD 2.0 JSON"),
        ("a.docx", WORD, "Word"),
        ("a.odt", ODT, "OpenDocument text"),
        ("a.epub", EPUB, "EPUB"),
        ("a.zip", zipped(a=""), "ZIP"),
        ("a.tar", tarred(), "tar"),
        ("a.tar", b"a.txt" + b"\0" * 600, "tar"),  # older than the signature
        ("a.tar.gz", gzip.compress(tarred()), "tar"),
        ("a.tbz2", bz2.compress(tarred()), "tar"),
        ("a.tar.xz", lzma.compress(tarred()), "tar"),
        # under a wrong name
        ("a.txt", b"%PDF-1.7", "PDF"),
        ("a.txt", MARKUP, "HTML"),
        ("a.md", b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a --><!---->\n<html xmlns='x'>", "HTML"),
        ("a.txt", MARKUP.decode().encode("utf-16"), "HTML"),
        ("a.pdf", b"\n" + MARKUP, "HTML"),
        ("a.csv", MARKUP, "HTML"),
        ("a.txt", rb"{\rtf1", "RTF"),
        ("a.doc", rb"{\rtf1", "RTF"),
        ("a.doc", WORD, "Word"),
        ("a.doc", MARKUP, "HTML"),
        ("a.docx", zipped(a=""), "ZIP"),
        ("a.zip", WORD, "Word"),
        ("a.docx", ODT, "OpenDocument text"),
        ("a.txt", EPUB, "EPUB"),
        ("a.epub", zipped(**{"META-INF__container.xml": ""}), "EPUB"),
        ("a.csv", gzip.compress(tarred()), "tar"),
        ("a.zip", tarred(), "tar"),
        # what only looks like something else
        ("a.txt", b"The signature %PDF-1.4 begins a PDF.", "plain text"),
        ("a.md", b"Text\n<!DOCTYPE html>", "Markdown"),
        ("a.txt", b"<htmlish> is no element", "plain text"),
        ("a.txt", "<!DOCTYPE html".encode("utf-16"), "plain text"),
        ("a.txt", b"\x89PNG\r\n", "plain text"),
    ],
)
def test_a_file_is_what_its_bytes_prove_or_else_its_name_says(name, data, expected):
    assert kind(name, data) == expected


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.md", b"", "is empty; fill or remove it."),
        ("a.doc", b"", "is empty; fill or remove it."),
        ("a.txt", b"a" * (LARGEST_FILE + 1), "is larger than 20 MB; split it into its articles."),
        ("a.docx", b"text", "is named .docx but is not Word; rename it to what it is, or remove it."),
        ("a.pdf", b"text", "is named .pdf but is not PDF; rename it to what it is, or remove it."),
        ("a.rtf", b"text", "is named .rtf but is not RTF; rename it"),
        ("a.doc", OLE, "is an old Word file, which is not read; save it as .docx."),
        ("a.docx", OLE, "is an old or encrypted Office file, which is not read; save it as .docx, without a password."),
        ("a.ppt", OLE, "is a set of slides, which is not read; save it as .pdf."),
        ("a.txt", zipped(TYPES="", xl__workbook=""), "is a spreadsheet, which is not read; save its sheets as .csv."),
        ("a.pptx", zipped(TYPES="", ppt__a=""), "is a set of slides, which is not read; save it as .pdf."),
        ("a.ods", zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "is a spreadsheet, which"),
        ("a.pages", zipped(**{"Index__Document.iwa": ""}), "is Apple Pages, which is not read; export it as .docx."),
        ("a.djvu", b"AT&TFORM", "is DjVu, which is not read; save it as .pdf with its text."),
        ("a.azw3", b"x", "is a Kindle book, which is not read; convert it to .epub."),
        ("a.csv", gzip.compress(b"a,b"), "is a packed file, which is not read; unpack it."),
        ("a.gz", gzip.compress(b"a,b"), "is a packed file, which is not read; unpack it."),
        ("a.rar", b"Rar!", "is packed in another way than ZIP or tar, which is not read; unpack it."),
        ("a.tgz", gzip.compress(b"")[:-12] + b"\xff" * 12, "is a damaged packed file ("),
        ("a.bz2", b"BZhello", "is a damaged packed file ("),
        ("a.xz", b"\xfd7zXZ\x00" + b"x" * 40, "is a damaged packed file ("),
        ("a.zip", zipped(a="b")[:-30], "is a damaged ZIP file ("),
        ("a.png", b"x", "is in no format that is read; give .md, .txt, .html,"),
        ("README", b"x", "is in no format that is read; give .md, .txt, .html,"),
    ],
)
def test_what_is_not_read_says_what_to_do(name, data, reason):
    with pytest.raises(CorpusError) as caught:
        identify(Source(name, io.BytesIO(data)))
    assert str(caught.value).startswith(reason)


def test_a_bomb_is_not_unpacked_to_be_recognised():
    bomb = gzip.compress(gzip.compress(b"\0" * 100_000_000))
    began = time.perf_counter()
    with pytest.raises(CorpusError, match="is a packed file"):
        identify(Source("a.tgz", io.BytesIO(bomb)))
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.TAR.Gz", ".tar.gz"),
        ("a.b.md", ".md"),
        ("photo.JPG", ".jpg"),
        ("Makefile", ""),
        ("v1.2 of it", ""),
        ("md", ""),
        ("a.", ""),
        ("tar.gz", ".gz"),
    ],
)
def test_endings(name, ending):
    assert ending_of(name) == ending


def test_no_ending_belongs_to_two_formats_and_every_format_has_a_reader_or_advice():
    endings = [ending for known in FORMATS for ending in known.endings]
    assert len(endings) == len(set(endings))
    assert all(bool(known.reader) != bool(known.advice) for known in FORMATS)
    assert all(format_of("a" + ending) is known for known in FORMATS for ending in known.endings)


def test_the_reader_is_imported_by_name():
    assert reader_of(Source("a.md", io.BytesIO(b"# A"))) is text.read


@given(
    data=st.binary(min_size=1, max_size=300) | st.text("<!->?xml docty\n", min_size=1).map(str.encode),
    start=st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\x00", OLE, b"\xff\xfe", b"<!--"]),
    name=st.sampled_from([f"a{ending}" for known in FORMATS for ending in known.endings]),
)
@example(data=b"<!---->" * 700, start=b"", name="a.txt")
@example(data=b"<!-- " * 900, start=b"", name="a.txt")
def test_any_bytes_are_recognised_or_refused_in_words(data, start, name):
    began = time.perf_counter()
    source = Source(name, io.BytesIO(start + data))
    try:
        known = recognise(name, (start + data)[:HEAD])
        assert known in FORMATS
        assert identify(source).reader
    except CorpusError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
    assert time.perf_counter() - began < 1
