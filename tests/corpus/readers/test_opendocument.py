"""The OpenDocument reader."""

from io import BytesIO

from askoctober.corpus.documents import Document, Source
from askoctober.corpus.readers.opendocument import read
from corpus.readers.papers import PROSE, make_odt


def document(data: bytes) -> Document:
    (found,) = read(Source("a.odt", BytesIO(data)))
    assert isinstance(found, Document)
    return found


def test_headings_lists_tables_and_notes() -> None:
    found = document(make_odt())
    assert found.text.split("\n\n") == [
        "# Oil", PROSE[0], "- a wick\n- a long match", "## Counts", "Year | Ships", "1 So the log says.",
    ]  # fmt: skip
    assert found.metadata == {"title": "The Lamp", "author": "Ada Keeper", "date": "2017-01-02"}


def test_entities_stay_unresolved() -> None:
    prolog = '<!DOCTYPE a [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    assert "root:" not in document(make_odt("<text:p>&file;</text:p>", prolog)).text
