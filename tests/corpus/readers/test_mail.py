import io

import pytest
from collecting import mail, mbox

from askoctober.corpus.documents import Document, Source
from askoctober.corpus.readers.mail import read
from askoctober.errors import CorpusError


def documents(data: bytes, path: str = "a.eml") -> list[Document]:
    found = list(read(Source(path, io.BytesIO(data))))
    assert all(isinstance(item, Document) for item in found)
    return found  # type: ignore[return-value]


def test_a_message_gives_its_headers_and_its_plain_text() -> None:
    raw = mail("Grüße", "Hello.\n> quoted", identity="<1@x>", html="<p>Other</p>", attachments=["a.pdf"])
    (found,) = documents(raw)
    assert found.text == "Hello.\n> quoted"
    assert found.metadata == {"title": "Grüße", "author": "Ada Lind", "date": "2020-03-03T10:00:00+00:00"}
    assert found.extra == {"message-id": "<1@x>", "attachments": "a.pdf"}


def test_html_alone_is_read() -> None:
    raw = b"Subject: a\nContent-Type: text/html\n\n<p>The red fox hunts at night.</p><script>bad()</script>"
    (found,) = documents(raw)
    assert "The red fox hunts at night." in found.text
    assert "bad" not in found.text


def test_an_unknown_charset_is_guessed() -> None:
    (found,) = documents('Subject: a\nContent-Type: text/plain; charset="nonsense"\n\nGrüße an alle'.encode())
    assert found.text == "Grüße an alle"


def test_a_mailbox_is_split_and_its_parts_stay() -> None:
    one, two = mail("One", "First.\n\nFrom here on", identity="<1@x>"), mail("Two", "Second.", identity="<2@x>")
    found = documents(mbox(one, two, two), "a.mbox")
    assert [item.text for item in found] == ["First.\n\nFrom here on", "Second.", "Second."]
    assert found[2].part == f"{found[1].part}-2"
    assert documents(mbox(two), "a.mbox")[0].part == found[1].part


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(CorpusError, match="headers"):
        documents(b"just words")
