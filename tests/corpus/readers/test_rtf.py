"""The RTF reader."""

from io import BytesIO

import pytest

from askoctober.corpus.documents import Document, Source
from askoctober.corpus.readers.rtf import read
from askoctober.errors import CorpusError
from corpus.readers.papers import PROSE, make_rtf


def document(data: bytes) -> Document:
    (found,) = read(Source("a.rtf", BytesIO(data)))
    assert isinstance(found, Document)
    return found


def test_paragraphs_and_metadata() -> None:
    found = document(make_rtf())
    assert found.text.split("\n\n") == list(PROSE[:2])
    assert found.metadata == {"title": "The Lamp", "author": "Ada Keeper", "date": "2015-04-05"}


def test_code_pages_and_unicode() -> None:
    assert document(make_rtf(r"\'c4\'e0, \u8364? 5", 1251)).text.endswith("Да, € 5")


def test_a_code_page_that_would_garble_the_markup_is_not_used() -> None:
    assert document(make_rtf(code_page=37)).text.startswith(PROSE[0])
    assert document(make_rtf(code_page=99999)).text.startswith(PROSE[0])


def test_the_text_of_a_link_stays() -> None:
    link = r'See {\field{\*\fldinst{HYPERLINK "https://example.org"}}{\fldrslt{the log}}} of it.'
    assert document(make_rtf(link)).text.endswith("See the log of it.")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [r'{\field{\*\fldinst{HYPERLINK "', r"{\fonttbl\f1\fcharset0 x", r"\f1\fcharset0 x"])
def test_what_striprtf_would_search_without_end(piece: str) -> None:
    data = make_rtf().replace(b"{\\f0 Arial;}", b"{\\f0 Arial;}" + piece.encode() * 20_000)
    try:
        document(data)
    except CorpusError as error:
        assert "holds no words" in str(error)
