"""The PDF reader: pages, running heads, hyphenation, metadata, scans."""

from io import BytesIO

import pytest

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.readers.pdf import read
from askoctober.errors import CorpusError
from corpus.readers.making import make_pdf

INFO = "/Title (The Lamp) /Author (Ada Keeper) /CreationDate (D:20140506070809Z)"
PAGES = [
    ["HARBOUR NEWS 1", (18, "Of the Lamp"), "The lamp at the harbour is lit each evening by the kee-",
     "per, who climbs ninety steps. It is a well-", "known walk, and well-known to all of us who live here.",
     "", "", "A second paragraph of this page goes on to the next", "1"],
    ["HARBOUR NEWS 2", "page without a stop, and then it ends in the middle.", "More words here.", "2"],
    ["HARBOUR NEWS 3", "The third page has a sentence of its own to tell us.", "More of it.", "3"],
]  # fmt: skip


def items(data: bytes) -> list[Document | Failure]:
    return list(read(Source("a.pdf", BytesIO(data))))


def document(data: bytes) -> Document:
    (found,) = items(data)
    assert isinstance(found, Document)
    return found


def test_pages_become_paragraphs() -> None:
    found = document(make_pdf(PAGES, INFO))
    assert found.text.split("\n\n") == [
        "Of the Lamp",
        "The lamp at the harbour is lit each evening by the keeper, who climbs ninety steps. It is a well-known walk,"
        " and well-known to all of us who live here.",
        "A second paragraph of this page goes on to the next page without a stop, and then it ends in the middle."
        " More words here.",
        "The third page has a sentence of its own to tell us. More of it.",
    ]
    assert [found.text[at:][:8] for at in found.pages] == ["Of the L", "page wit", "The thir"]
    assert found.metadata == {"title": "The Lamp", "author": "Ada Keeper", "date": "2014-05-06"}


def test_the_largest_type_is_the_title_where_none_is_given() -> None:
    assert document(make_pdf(PAGES)).metadata == {"title": "Of the Lamp"}


def test_scans_are_named() -> None:
    with pytest.raises(CorpusError, match="is a scan without text; run it through OCR"):
        items(make_pdf([[], []], images=[1, 2]))
    _, failure = items(make_pdf([["Words enough to be a page of text."], [], []], images=[2, 3]))
    assert isinstance(failure, Failure)
    assert failure.reason.startswith("holds no text on pages 2-3, which are scans")


def test_a_damaged_file_says_so() -> None:
    with pytest.raises(CorpusError, match="is a damaged PDF"):
        items(b"%PDF-1.4\nnothing")
