"""The RTF reader."""

from io import BytesIO

from askoctober.corpus.documents import Document, Source
from askoctober.corpus.readers.rtf import read
from corpus.readers.making import PROSE, make_rtf


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
