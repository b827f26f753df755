"""The HTML reader: main text, metadata, encodings."""

from io import BytesIO

import pytest

from askoctober.corpus.documents import Document, Source
from askoctober.corpus.readers.html import decode_page, read
from askoctober.errors import CorpusError
from corpus.readers.papers import PROSE, make_html, make_mhtml


def document(data: bytes, path: str = "a.html") -> Document:
    (found,) = read(Source(path, BytesIO(data)))
    assert isinstance(found, Document)
    return found


@pytest.mark.parametrize("path", ["a.html", "a.mhtml"])
def test_main_text_without_furniture(path: str) -> None:
    page = make_html()
    found = document(make_mhtml(page) if path.endswith("mhtml") else page, path)
    blocks = found.text.split("\n\n")
    assert blocks[-3:] == list(PROSE)
    assert "## At dusk" in blocks
    assert "Home" not in found.text and "visitor" not in found.text and "cookies" not in found.text
    assert found.metadata == {
        "title": "The Lamp",
        "author": "Ada Keeper",
        "publisher": "Harbour News",
        "date": "2019-03-04",
        "url": "https://example.org/lamp",
        "language": "en",
    }


HEAD = "<html><head><title>The Lamp</title>{}</head><body><article><h1>The Lamp</h1>{}<p>{}</p></article></body></html>"
LD = (
    '<script type="application/ld+json">{{"@context": "https://schema.org", "@type": "Article", '
    '"author": {{"@type": "Person", "name": "{}"}}}}</script>'
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("B. Miller", "B. Miller"),
        ("B Miller", "B Miller"),
        ("J.R.R. Tolkien", "J.R.R. Tolkien"),
        ("J. R. R. Tolkien", "J. R. R. Tolkien"),
        ("J.-P. Sartre", "J.-P. Sartre"),
        ("Dr. Ada Q. Keeper", "Dr. Ada Q. Keeper"),
        ("Ada Keeper Jr.", "Ada Keeper Jr."),
        ("B.&#160;Miller", "B. Miller"),
        ("Ж. Медведев", "Ж. Медведев"),
        ("Ada Keeper", "Ada Keeper"),
        ("ada.keeper", "Ada Keeper"),
    ],
)
def test_a_name_keeps_its_points(name: str, expected: str) -> None:
    prose = " ".join(PROSE)
    for head, byline in (
        (f'<meta name="author" content="{name}">', ""),
        (LD.format(name), ""),
        ("", f'<p class="byline">By <span class="author">{name}</span></p>'),
    ):
        if name == "ada.keeper" and head.startswith("<script"):
            continue  # there a single word is taken for no name
        page = HEAD.format(head, byline, prose)
        assert document(page.encode()).metadata["author"] == expected, page


def test_each_of_several_names_keeps_its_points() -> None:
    page = HEAD.format('<meta name="author" content="B. Miller; Ada Keeper; C. D. Lind">', "", " ".join(PROSE))
    assert document(page.encode()).metadata["author"] == "B. Miller, Ada Keeper, C. D. Lind"


def test_the_end_of_a_sentence_is_no_point_of_a_name() -> None:
    prose = f"This was told by Ada. Keeper denied it. {' '.join(PROSE)}"
    page = HEAD.format('<meta name="author" content="Ada Keeper">', "", prose)
    assert document(page.encode()).metadata["author"] == "Ada Keeper"


def test_encodings() -> None:
    assert decode_page("<p>Füße".encode("cp1252"), "iso-8859-1") == "<p>Füße"
    assert decode_page('<meta charset="windows-1251"><p>да'.encode("cp1251")).endswith("да")
    assert decode_page('<meta charset="latin1"><p>Füße'.encode()).endswith("Füße")


def test_a_page_of_nothing_says_so() -> None:
    with pytest.raises(CorpusError, match="has no main text"):
        document(b"<html><body><nav><a href='/'>1</a></nav></body></html>")


def test_deep_nesting_ends_and_loses_nothing() -> None:
    words = " ".join(PROSE)
    assert words in document(f"<html><body>{'<div>' * 500}<p>{words}".encode()).text
    with pytest.raises(CorpusError, match="is nested too deeply"):
        document(f"<html><body>{'<div>' * 50_000}<p>{words}".encode())


LONG = " ".join(PROSE)
CODE = "def f(x):\n    if x  and x:\n        return 1\n\n    return 2"


def article(body: str) -> bytes:
    return f"<html><body><article><h1>Title</h1><p>{LONG}</p>{body}<p>{LONG}</p></article></body></html>".encode()


@pytest.mark.parametrize("code", [f"<pre>{CODE}</pre>", f'<pre><code class="language-python">{CODE}\n</code></pre>'])
def test_preformatted_text_keeps_its_spacing(code: str) -> None:
    assert f"\n\n{CODE}\n\n" in document(article(code)).text


def test_everything_that_is_main_text_is_kept_in_order() -> None:
    body = (
        "<h2>Two</h2><ul><li>red<li>a <b>blue</b> one<ul><li>inner</ul></ul><h3>Three</h3><ol><li>first<li>second</ol>"
        "<h4>Four</h4><dl><dt>Wick</dt><dd>It burns.</dd></dl><h5>Five</h5><p>Call <code>f(x)</code> now.</p>"
        "<h6>Six</h6><table><caption>Ships</caption><tr><th>Year<th>Ships<tr><td>1901<td>17</table>"
        "<figure><img src=a.png><figcaption>The lamp at dusk.</figcaption></figure><blockquote>Said so.</blockquote>"
    )
    assert document(article(body)).text.split("\n\n")[2:-1] == [
        "## Two", "- red\n- a blue one\n- inner", "### Three", "- first\n- second", "#### Four", "- Wick\n- It burns.",
        "##### Five", "Call f(x) now.", "###### Six", "Ships", "Year | Ships\n1901 | 17", "The lamp at dusk.",
        "Said so.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "comments",
    [
        '<section id="comments"><h2>Comments</h2><p>{}</p></section>',
        '<div class="comment-list"><div class="comment"><p>{}</p></div></div>',
        '<ol class="commentlist"><li class="comment"><p>{}</p></ol>',
        '<div id="disqus_thread"><p>{}</p></div>',
    ],
)
def test_comments_of_readers_are_left_out(comments: str) -> None:
    remark = "I was there as a boy and I remember the keeper well, he never let us climb up to the lamp itself."
    page = article("").replace(b"</body>", comments.format(remark).encode() + b"</body>")
    assert "remember" not in document(page).text


def test_a_charset_that_is_given_is_used() -> None:
    data = article("<p>Füße</p>").decode().encode("cp1250")
    (found,) = read(Source("a.html", BytesIO(data), {"charset": "windows-1250"}))
    assert isinstance(found, Document) and "Füße" in found.text
    (found,) = read(Source("a.html", BytesIO(article("<p>Füße</p>")), {"charset": "latin1"}))
    assert isinstance(found, Document) and "FÃ¼ÃŸe" in found.text
    for name, reason in (("x-none", "not known"), (7, "not known"), ("utf-16", "is not in the charset")):
        with pytest.raises(CorpusError, match=reason):
            list(read(Source("a.html", BytesIO(data + b"\xff"), {"charset": name})))


def test_charsets_that_no_page_is_in_are_not_used() -> None:
    page = "<p>Die Füchse jagen nachts über die Felder, und die Vögel schlafen in den Bäumen."
    assert decode_page(b"<meta charset=punycode>" + page.encode("cp1252"), "idna").endswith(page)
