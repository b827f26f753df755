import io

import pytest
from collecting import mail, mbox

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.readers import mail as mails
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


def message(body: bytes, kind: bytes = b"multipart/mixed") -> bytes:
    return b"Subject: S\nContent-Type: " + kind + b'; boundary="b"\n\n' + body + b"\n--b--\n"


def part(kind: str, text: str, more: str = "") -> bytes:
    return f"\n--b\nContent-Type: {kind}\n{more}\n{text}".encode()


def test_html_that_is_the_body_stands_beside_a_plain_footer_and_attachments() -> None:
    body = part("text/html", "<p>The body in HTML.</p>") + part("text/plain", "List footer.")
    body += part("text/plain", "Attached words.", 'Content-Disposition: attachment; filename="a.txt"\n')
    (found,) = documents(message(body))
    assert found.text == "The body in HTML.\n\nList footer."
    assert found.extra["attachments"] == "a.txt"


def test_an_alternative_within_a_mixed_message_is_said_once() -> None:
    inner = (
        b'\n--b\nContent-Type: multipart/alternative; boundary="c"\n\n--c\nContent-Type: text/plain\n\nPlain.\n--c\n'
    )
    inner += b"Content-Type: text/html\n\n<p>Marked.</p>\n--c--\n"
    (found,) = documents(message(inner + part("text/plain", "Footer.")))
    assert found.text == "Plain.\n\nFooter."


def test_a_stub_beside_html_is_passed_over() -> None:
    marked = "<p>" + "The lamp at the harbour is lit at dusk. " * 10 + "</p>"
    body = part("text/plain", "See the HTML version.") + part("text/html", marked)
    (found,) = documents(message(body, b"multipart/alternative"))
    assert found.text.startswith("The lamp") and "HTML version" not in found.text


def test_parts_nested_without_end_are_refused() -> None:
    for depth in (60, 3000):
        raw = b"Subject: a\n" + b"".join(
            b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (level, level) for level in range(depth)
        )
        with pytest.raises(CorpusError, match="nested too deeply"):
            documents(raw + b"Content-Type: text/plain\n\nwords\n")


def test_a_message_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mails, "LARGEST", 2000)
    with pytest.raises(CorpusError, match="is larger than"):
        documents(mail("One", "x " * 2000))
    found = list(read(Source("a.mbox", io.BytesIO(mbox(mail("One", "x " * 2000), mail("Two", "Body"))))))
    assert isinstance(found[0], Failure) and found[0].path == "message-1"
    assert isinstance(found[1], Document) and found[1].text == "Body"


def test_a_mailbox_without_blank_lines_and_with_prose_that_looks_like_its_start() -> None:
    one = b"From a@x Tue Mar  3 10:00:00 2020\nSubject: One\n\nFirst.\n\nFrom here on it is prose.\nFrom a to b\n"
    two = b"From b@x Wed Mar  4 10:00:00 2020\nSubject: Two\n\nSecond.\n"
    assert [item.text for item in documents(one + two, "a.mbox")] == [
        "First.\n\nFrom here on it is prose.\nFrom a to b", "Second.",
    ]  # fmt: skip


def test_damaged_quoted_printable_and_base64_still_read() -> None:
    head = "Content-Transfer-Encoding: quoted-printable\n"
    (found,) = documents(message(part("text/plain; charset=latin1", "F=FC=DFe =ZZ =\n on", head)))
    assert "Füße" in found.text and "on" in found.text
    (found,) = documents(message(part("text/plain", "V29yZHMgb2YgaXQ", "Content-Transfer-Encoding: base64\n")))
    assert found.text == "Words of it"


def test_headers_that_decode_to_more_than_a_line() -> None:
    raw = b"Subject: =?utf-8?q?One=0D=0ABcc:_x=00?=\nFrom: =?utf-8?q?Ada=0ALind?= <a@x>\n\nBody"
    (found,) = documents(raw)
    assert found.metadata["title"] == "One Bcc: x" and found.metadata["author"] == "Ada Lind <a@x>"


@pytest.mark.parametrize(
    ("date", "iso"),
    [
        ("Tue, 03 Mar 2020 10:00:00", "2020-03-03T10:00:00"),
        ("Tue, 03 Mar 2020 10:00:00 -0000", "2020-03-03T10:00:00"),
        ("Tue, 03 Mar 2020 10:00:00 +0130", "2020-03-03T10:00:00+01:30"),
        ("yesterday", None),
        ("Tue, 99 Mar 20200 10:00:00 +9999", None),
    ],
)
def test_dates(date: str, iso: str | None) -> None:
    (found,) = documents(f"Subject: a\nDate: {date}\n\nBody".encode())
    assert found.metadata.get("date") == iso


@pytest.mark.parametrize(
    "header", [b"(" * 100_000, b"a, " * 100_000, b"=?utf-8?q?a?= " * 20_000, b'"' * 50_001, b"<a@" * 9000], ids="(a='<"
)
@pytest.mark.parametrize("name", [b"From", b"Subject", b"Date", b"Content-Type", b"Content-Disposition", b"Message-ID"])
@pytest.mark.timeout(20)
def test_a_header_without_end_costs_no_more_than_itself(name: bytes, header: bytes) -> None:
    (found,) = documents(b"Subject: a\n" * (name != b"Subject") + name + b": " + header + b"\n\nBody")
    assert found.text == "Body"


@pytest.mark.parametrize("charset", ["punycode", "unicode_escape", "idna", "rot13", "utf-7"])
def test_charsets_that_no_message_is_in(charset: str) -> None:
    (found,) = documents(f"Subject: a\nContent-Type: text/plain; charset={charset}\n\nBody \\ud800 words".encode())
    assert found.text == "Body \\ud800 words"


def test_a_short_message_in_html_loses_no_word() -> None:
    (found,) = documents(b"Subject: a\nContent-Type: text/html\n\n<style>p{}</style><p>Yes &amp;\nno<br>a < b</p>")
    assert " ".join(found.text.split()) == "Yes & no a < b"
