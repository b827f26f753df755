"""The HTML reader: main text, metadata, encodings."""

from io import BytesIO

import pytest

from askoctober.corpus.documents import Document, Source
from askoctober.corpus.readers.html import decode_page, read
from askoctober.errors import CorpusError
from corpus.readers.making import PROSE, make_html, make_mhtml


def document(data: bytes, path: str = "a.html") -> Document:
    (found,) = read(Source(path, BytesIO(data)))
    assert isinstance(found, Document)
    return found


@pytest.mark.parametrize("path", ["a.html", "a.mhtml"])
def test_main_text_without_furniture(path: str) -> None:
    page = make_html()
    found = document(make_mhtml(page) if path.endswith("mhtml") else page, path)
    blocks = found.text.split("\n\n")
    assert blocks[-3:] == list(PROSE)
    assert "## At dusk" in blocks
    assert "Home" not in found.text and "visitor" not in found.text and "cookies" not in found.text
    assert found.metadata == {
        "title": "The Lamp",
        "author": "Ada Keeper",
        "publisher": "Harbour News",
        "date": "2019-03-04",
        "url": "https://example.org/lamp",
        "language": "en",
    }


def test_encodings() -> None:
    assert decode_page("<p>Füße".encode("cp1252"), "iso-8859-1") == "<p>Füße"
    assert decode_page('<meta charset="windows-1251"><p>да'.encode("cp1251")).endswith("да")
    assert decode_page('<meta charset="latin1"><p>Füße'.encode()).endswith("Füße")


def test_a_page_of_nothing_says_so() -> None:
    with pytest.raises(CorpusError, match="has no main text"):
        document(b"<html><body><nav><a href='/'>1</a></nav></body></html>")


def test_deep_nesting_ends_and_loses_nothing() -> None:
    words = " ".join(PROSE)
    assert words in document(f"<html><body>{'<div>' * 500}<p>{words}".encode()).text
    with pytest.raises(CorpusError, match="is nested too deeply"):
        document(f"<html><body>{'<div>' * 50_000}<p>{words}".encode())
