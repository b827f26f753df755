"""Four times the file takes some four times as long, also where it is made to take longer."""

import time
from collections.abc import Callable
from io import BytesIO

import pytest

from askoctober.corpus.documents import Source
from askoctober.corpus.formats import load_reader
from askoctober.errors import CorpusError
from corpus.readers import collecting
from corpus.readers.papers import PROSE, make_docx, make_epub, make_html, make_mhtml, make_odt, make_pdf, make_rtf

pytestmark = [pytest.mark.soak, pytest.mark.filterwarnings("default")]
RATIO = 8.0
"""Of times at four times the size: 4 is linear, 16 quadratic."""
LEAST = 0.05
"""Seconds below which a time says nothing."""
P = "".join(f"<p>{text}</p>" for text in PROSE)
MEMBER = ("a.md", b"# Fox\n\nThe fox hunts at night.\n")


def numbered(count: int, paragraph: str = "<p>{}</p>") -> str:
    """Paragraphs that are not packed so well that they look like a bomb."""
    return "".join(paragraph.format(f"{number**7:x} words of it, and {number} more") for number in range(count))


FILES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "prose": ("text a.md", lambda n: b"# A\n\n" + "\n\n".join(PROSE * n).encode()),
    "markers": ("text b.md", lambda n: b"a " + b"[*_<![](" * n),
    "one line": ("text c.txt", lambda n: b"word " * n * 10),
    "page": ("html a.html", lambda n: make_html(PROSE * (n // 4))),
    "open tags": ("html b.html", lambda n: f"<html><body><article>{P}{'<p><b>words of it' * (n // 2)}".encode()),
    "attributes": ("html c.html", lambda n: f"<html><body>{P}<p {'a=b ' * n}>{P}".encode()),
    "comments": ("html d.html", lambda n: f"<html><body>{P}{'<!--' * n}{P}".encode()),
    "links": ("html e.html", lambda n: f"<html><body>{P}{'<a href=x>word of it</a> ' * n}{P}".encode()),
    "rows of a page": ("html f.html", lambda n: f"<html><body>{P}<table>{'<tr><td>1<td>2' * n}</table>{P}".encode()),
    "items": ("html g.html", lambda n: f"<html><body>{P}<ul>{'<li>word of it' * n}</ul>{P}".encode()),
    "headings": ("html h.html", lambda n: f"<html><body>{P}{'<h2>word</h2><p>of it</p>' * n}{P}".encode()),
    "deep": ("html i.html", lambda n: f"<html><body>{'<div>' * 200}{numbered(n)}".encode()),
    "preformatted": ("html j.html", lambda n: f"<html><body>{P}<pre>{'<b>a</b>  b' * n}</pre>{P}".encode()),
    "blanks": ("html k.html", lambda n: f"<html><body>{P}<p>{' ' * n * 20}x</p>{P}".encode()),
    "saved page": ("html a.mhtml", lambda n: make_mhtml(make_html(PROSE * (n // 4)))),
    "pages": ("pdf a.pdf", lambda n: make_pdf([PROSE] * (n // 20))),
    "lines": ("pdf b.pdf", lambda n: make_pdf([[word for text in PROSE for word in text.split()] * (n // 40)])),
    "paragraphs": ("word a.docx", lambda n: make_docx(numbered(n, "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"))),
    "odt": (
        "opendocument a.odt",
        lambda n: make_odt(numbered(n, "<text:p>Words <text:span>of</text:span> {}</text:p>")),
    ),
    "chapter": ("epub a.epub", lambda n: make_epub({"OEBPS/text/a.xhtml": f"<html><body>{numbered(n)}</body></html>"})),
    "rtf": ("rtf a.rtf", lambda n: make_rtf(rf"{PROSE[0]} \u8364? \'e4\par " * n)),
    "groups": ("rtf b.rtf", lambda n: make_rtf(r"{\b {\i x}}" * n * 4)),
    "open groups": ("rtf c.rtf", lambda n: make_rtf(r"{\b x" * n * 4)),
    "open links": ("rtf d.rtf", lambda n: make_rtf(r'{\field{\*\fldinst{HYPERLINK "' * (n // 4))),
    "fonts": ("rtf e.rtf", lambda n: make_rtf("").replace(b"{\\f0 ", b"{" + rb"\f1\fcharset0 x" * n)),
    "open tags of a message": ("mail d.eml", lambda n: b"Subject: a\nContent-Type: text/html\n\n" + b"<a " * n),
    "end tags of a message": ("mail e.eml", lambda n: b"Subject: a\nContent-Type: text/html\n\n" + b"</" * n),
    "message": ("mail a.eml", lambda n: collecting.mail("S", "\n".join(PROSE * n))),
    "parts": (
        "mail b.eml",
        lambda n: b"Subject: a\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * n,
    ),
    "headers": ("mail c.eml", lambda n: b"Subject: a\n" + b"X-A: b\n" * n * 4 + b"\nBody"),
    "messages": ("mail a.mbox", lambda n: collecting.mbox(*[collecting.mail("S", "Body")] * n)),
    "rows": ("tables a.csv", lambda n: collecting.table([["text"], *([PROSE[0]] for _ in range(n * 10))])),
    "quotes": ("tables b.csv", lambda n: b'id,text\n1,"' + b'""' * n * 100 + b'"\n'),
    "objects": ("tables a.jsonl", lambda n: collecting.json_lines(*[{"text": PROSE[0]}] * n * 4)),
    "squad": ("squad a.json", lambda n: collecting.squad({str(number): PROSE for number in range(n)})),
    "zip": ("archives a.zip", lambda n: collecting.zipped((f"{m}.md", MEMBER[1]) for m in range(n))),
    "tar": ("archives a.tar", lambda n: collecting.tarred(((f"{m}.md", MEMBER[1]) for m in range(n)), "gz")),
}


def seconds(reader: str, path: str, data: bytes) -> float:
    begun = time.process_time()
    try:
        for _ in load_reader(f"askoctober.corpus.readers.{reader}")(Source(path, BytesIO(data))):
            pass
    except CorpusError:
        pass
    return time.process_time() - begun


@pytest.mark.parametrize("name", FILES)
def test_time_is_linear(name: str) -> None:
    where, make = FILES[name]
    reader, path = where.split()
    seconds(reader, path, make(40))
    size = 1000
    while (small := seconds(reader, path, make(size))) < LEAST and size < 64_000:
        size *= 2
    large = min(seconds(reader, path, make(4 * size)) for _ in range(2))
    assert large < RATIO * max(small, LEAST), (size, small, large)
