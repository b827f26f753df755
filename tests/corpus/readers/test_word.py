"""The Word reader."""

from io import BytesIO

import pytest

from askoctober.corpus.documents import Document, Source
from askoctober.corpus.readers.word import read
from askoctober.errors import CorpusError
from corpus.readers.papers import PROSE, make_docx, make_zip


def document(data: bytes) -> Document:
    (found,) = read(Source("a.docx", BytesIO(data)))
    assert isinstance(found, Document)
    return found


def test_headings_tables_and_notes() -> None:
    found = document(make_docx())
    assert found.text.split("\n\n") == [
        "# Oil", PROSE[0] + "[1]", "## Counts", "Year | Ships\n1901 | 17", PROSE[1], "- So the log says.",
    ]  # fmt: skip
    assert found.metadata == {"title": "The Lamp", "author": "Ada Keeper", "date": "2018-05-06"}


def test_what_is_no_docx_is_refused() -> None:
    with pytest.raises(CorpusError, match="save it as .docx"):
        document(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    with pytest.raises(CorpusError, match="damaged ZIP package"):
        document(make_docx()[:200])
    with pytest.raises(CorpusError, match="declares entities"):
        document(make_zip({"word/document.xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}))
    with pytest.raises(CorpusError, match="unpacks to far more"):
        document(make_zip({"word/document.xml": b" " * 10_000_000}))
