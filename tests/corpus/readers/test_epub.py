"""The EPUB reader."""

from io import BytesIO

import pytest

from askoctober.corpus.documents import Document, Source
from askoctober.corpus.readers.epub import read
from askoctober.errors import CorpusError
from corpus.readers.papers import PROSE, make_epub


def document(data: bytes) -> Document:
    (found,) = read(Source("a.epub", BytesIO(data)))
    assert isinstance(found, Document)
    return found


def test_chapters_in_order_under_their_headings() -> None:
    found = document(make_epub())
    assert found.text.split("\n\n") == ["# Oil", PROSE[0], "# Fog", PROSE[1]]
    assert found.metadata == {
        "title": "The Lamp", "author": "Ada Keeper, Ben Bell", "publisher": "Quay Books", "date": "2016-02-03",
        "language": "en",
    }  # fmt: skip


def test_protection_is_named() -> None:
    xml = '<e xmlns:x="urn:x"><x:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></e>'
    with pytest.raises(CorpusError, match="copy-protected"):
        document(make_epub({"META-INF/encryption.xml": xml}))
