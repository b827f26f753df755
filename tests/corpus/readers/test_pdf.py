"""The PDF reader: pages, running heads, hyphenation, metadata, scans."""

import re
from hashlib import md5
from io import BytesIO

import pytest

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.readers.pdf import read
from askoctober.errors import CorpusError
from corpus.readers.papers import make_pdf

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
    assert found.metadata == {"title": "The Lamp", "author": "Ada Keeper"}, "the day of a scan is not the article's"
    assert found.extra == {"created": "2014-05-06"}


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


def encrypted(password: bytes, data: bytes) -> bytes:
    """Return a PDF of `make_pdf` under a password: RC4 of 40 bits, revision 2, see PDF 1.7, 7.6."""
    padding = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")

    def rc4(key: bytes, text: bytes) -> bytes:
        state, j, out = list(range(256)), 0, bytearray()
        for i in range(256):
            j = (j + state[i] + key[i % len(key)]) % 256
            state[i], state[j] = state[j], state[i]
        i = j = 0
        for byte in text:
            i = (i + 1) % 256
            j = (j + state[i]) % 256
            state[i], state[j] = state[j], state[i]
            out.append(byte ^ state[(state[i] + state[j]) % 256])
        return bytes(out)

    user, identity, permissions = (password + padding)[:32], b"0123456789abcdef", -4
    owner = rc4(md5(user).digest()[:5], user)
    key = md5(user + owner + permissions.to_bytes(4, "little", signed=True) + identity).digest()[:5]
    entry = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P %d /O <%s> /U <%s> >> /ID [<%s> <%s>]" % (
        permissions, owner.hex().encode(), rc4(key, padding).hex().encode(), identity.hex().encode(),
        identity.hex().encode(),
    )  # fmt: skip

    def scramble(found: re.Match[bytes]) -> bytes:
        number = int(found[1]).to_bytes(3, "little") + bytes(2)
        return found[0].replace(found[2], rc4(md5(key + number).digest()[:10], found[2]))

    data = re.sub(rb"(\d+) 0 obj\n<<[^>]*>>\nstream\n(.*?)\nendstream", scramble, data, flags=re.S)
    return data.replace(b"trailer\n<<", b"trailer\n<< " + entry)


def test_a_password_is_asked_for_and_an_empty_one_is_none() -> None:
    with pytest.raises(CorpusError, match="^is encrypted with a password; save it without one"):
        items(encrypted(b"secret", make_pdf(PAGES)))
    assert "The third page" in document(encrypted(b"", make_pdf(PAGES))).text


def test_an_unknown_encryption_has_its_own_reason() -> None:
    data = encrypted(b"", make_pdf(PAGES)).replace(b"/Filter /Standard", b"/Filter /Adobe.PubSec")
    with pytest.raises(CorpusError, match="is encrypted"):
        items(data)


def test_a_page_that_cannot_be_loaded_is_named() -> None:
    data = make_pdf(PAGES)
    kids = re.search(rb"/Kids \[(\d+) 0 R (\d+) 0 R", data)
    assert kids
    broken = data.replace(kids[0], b"/Kids [%s 0 R 3 0 R" % kids[1])
    found, failure = items(broken)
    assert isinstance(found, Document) and "The third page" in found.text and len(found.pages) == 3
    assert failure == Failure("a.pdf", "is damaged on page 2, which cannot be read; get it again.")


def test_a_soft_hyphen_at_the_end_of_a_line_joins_the_word() -> None:
    lines = [
        "The lamp at the harbour is lit each evening by the kee\xad",
        "per, who climbs up. It is lit.",
    ]
    data = make_pdf([lines]).replace(b"/Helvetica", b"/Helvetica /Encoding /WinAnsiEncoding")
    assert document(data).text.startswith("The lamp at the harbour is lit each evening by the keeper, who climbs")


def test_columns_that_are_drawn_one_after_the_other_are_read_so() -> None:
    left, right = [[f"{side} column, line {row} of it" for row in range(6)] for side in ("Left", "Right")]
    data = make_pdf([[*left, *right]])
    for row, line in enumerate(right):
        before = b"60 %d Td (%s)" % (760 - 14 * (len(left) + row), line.encode())
        data = data.replace(before, b"320 %d Td (%s)" % (760 - 14 * row, line.encode()))
    text = document(data).text
    assert text.index("Left column, line 5") < text.index("Right column, line 0")
