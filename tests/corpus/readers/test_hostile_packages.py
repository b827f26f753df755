"""Word, EPUB and OpenDocument files that were made to do harm, or that are merely odd."""

import io
import zipfile
from pathlib import Path

import pytest

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.formats import load_reader
from askoctober.corpus.readers import epub, word
from askoctober.errors import CorpusError
from corpus.readers.papers import PROSE, make_docx, make_epub, make_odt, make_zip
from corpus.readers.seeds import in_package


def items(data: bytes, path: str) -> list[Document | Failure]:
    reader = {".docx": "word", ".odt": "opendocument", ".epub": "epub"}[Path(path).suffix]
    return list(load_reader(f"askoctober.corpus.readers.{reader}")(Source(path, io.BytesIO(data))))


def text(data: bytes, path: str) -> str:
    (found,) = items(data, path)
    assert isinstance(found, Document)
    return found.text


ENTITIES = "<!DOCTYPE a [<!ENTITY b 'c'>]>"


@pytest.mark.parametrize("padding", [0, 5000, 500_000])
def test_entities_are_refused_wherever_they_stand(padding: int) -> None:
    document, wrap = in_package(make_docx(), "word/document.xml")
    with pytest.raises(CorpusError, match="declares entities"):
        items(wrap(b"<!--" + b" " * padding + b"-->" + ENTITIES.encode() + document), "a.docx")


def test_entities_in_a_part_of_another_name_are_never_seen() -> None:
    with zipfile.ZipFile(io.BytesIO(make_docx())) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    parts["word/document.bin"] = ENTITIES.encode() + parts.pop("word/document.xml").replace(b"The lamp", b"&b; lamp")
    parts["_rels/.rels"] = parts["_rels/.rels"].replace(b"document.xml", b"document.bin")
    with pytest.raises(CorpusError, match="is a damaged Word file"):
        items(make_zip(parts), "a.docx")


def test_parts_in_utf_16_are_refused() -> None:
    document, wrap = in_package(make_docx(), "word/document.xml")
    for name in ("utf-16", "utf-16-le", "utf-16-be"):
        with pytest.raises(CorpusError, match="is not in UTF-8"):
            items(wrap((ENTITIES + document.decode()).encode(name)), "a.docx")


def test_a_word_file_of_too_much_markup_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word, "LARGEST", 5000)
    with pytest.raises(CorpusError, match="of text and markup; split it"):
        items(make_docx("<w:p/>" * 1000), "a.docx")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packing_is_refused(method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file, zipfile.ZipFile(io.BytesIO(make_odt())) as sound:
        for name in sound.namelist():
            file.writestr(name, sound.read(name))
    with pytest.raises(CorpusError, match="another way than deflate"):
        items(out.getvalue(), "a.odt")


def test_a_lying_size_gives_no_more_than_it_declares() -> None:
    data = bytearray(make_zip({"content.xml": b"<a>" + b"x" * 100_000 + b"</a>"}))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (100).to_bytes(4, "little")
    with pytest.raises(CorpusError, match="damaged part"):
        items(bytes(data), "a.odt")


def test_a_spine_that_is_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epub, "MOST_CHAPTERS", 2)
    document, failure = items(make_epub(), "a.epub")
    assert isinstance(document, Document) and PROSE[1] not in document.text
    assert failure == Failure("a.epub", "has 3 chapters, of which 2 are read; split it.")


def test_a_missing_chapter_is_named() -> None:
    package, wrap = in_package(make_epub(), "OEBPS/book.opf")
    document, failure = items(wrap(package.replace(b"text/a.xhtml", b"text/none.xhtml")), "a.epub")
    assert isinstance(document, Document) and PROSE[1] in document.text
    assert isinstance(failure, Failure) and "has 1 chapters that cannot be read, the first lacks" in failure.reason


def test_entries_within_a_chapter_are_headings_where_they_point() -> None:
    page = "<p id='p'>Before.</p><div id='q'><p>Of wicks.</p><p>More.</p></div><p id='r'>Oil</p><p>It burns.</p>"
    titles = {"p": "Lamps", "q": "Wicks", "r": "Oil", "none": "Not there"}
    links = "".join(f'<li><a href="text/a.xhtml#{anchor}">{title}</a></li>' for anchor, title in titles.items())
    book = make_epub(
        {
            "OEBPS/text/a.xhtml": f"<html><body>{page}</body></html>",
            "OEBPS/nav.xhtml": f"<html><body><nav><ol>{links}</ol></nav></body></html>",
        }
    )
    assert text(book, "a.epub").split("\n\n")[:8] == [
        "# Lamps", "Before.", "## Wicks", "Of wicks.", "More.", "## Oil", "It burns.", PROSE[1],
    ]  # fmt: skip


def test_preformatted_text_keeps_its_spacing() -> None:
    page = "<html><body><h1>Code</h1><pre>if x:\n    go  on\n</pre><p>a   b</p></body></html>"
    assert text(make_epub({"OEBPS/text/a.xhtml": page}), "a.epub").startswith("# Code\n\nif x:\n    go  on\n\na b\n\n")


def test_a_processing_instruction_with_an_odd_name_is_passed_over() -> None:
    page = '<?xml version="1.0" encoding="utf-8"?><?xml a encoding="utf-8"?><html><body><p>Words.</p></body></html>'
    assert "Words." in text(make_epub({"OEBPS/text/a.xhtml": page}), "a.epub")
