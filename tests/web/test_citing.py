from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from askoctober.types import Article
from askoctober.web.citing import citation_key, citation_texts, markdown_link, markdown_text, one_line, web_address

FULL = Article(
    "mill", "mill.md", "The tidal mill", "Hannah Pell", "Shore & Sons", "2013-08-02", "https://a.example/m?x=1&y=2"
)
BARE = Article("mill", "mill.md", "The tidal mill")
QUOTE = "It was built\nin 1790."
SIGNS = "ab1 .!\\`*_{}[]()<>#+-=|~&:@$^%\"'/\n\té\u202e\u2028"
hostile = st.text(st.sampled_from(SIGNS), max_size=40)
lines = st.one_of(
    hostile,
    st.text(max_size=30),
    st.sampled_from(
        [
            "](javascript:x)",
            "![a](b)",
            "<script>",
            "http://a.example",
            "www.a.example",
            "1. a",
            "- a",
            "===",
            "&lt;",
            "}",
        ]
    ),
)


def test_all_that_is_known() -> None:
    made = citation_texts(FULL, QUOTE, date(2026, 1, 2))
    assert made["plain"] == (
        "“It was built in 1790.” Hannah Pell, “The tidal mill”, Shore & Sons, 2013-08-02, "
        "https://a.example/m?x=1&y=2 [accessed 2026-01-02]"
    )
    assert made["markdown"] == (
        "> It was built in 1790.\n\n[The tidal mill](<https://a.example/m?x=1\\&y=2>), Hannah Pell, Shore \\& Sons, "
        "2013-08-02 (accessed 2026-01-02)"
    )
    assert made["bibtex"] == (
        "@online{pell2013tidal,\n  author = {Hannah Pell},\n  title = {{The tidal mill}},\n"
        "  organization = {Shore \\& Sons},\n  date = {2013-08-02},\n  url = {https://a.example/m?x=1&y=2},\n"
        "  urldate = {2026-01-02},\n  note = {“It was built in 1790.”},\n}"
    )


def test_what_is_unknown_is_left_out() -> None:
    made = citation_texts(BARE, accessed=date(2026, 1, 2))
    assert made["plain"] == "“The tidal mill”" and made["markdown"] == "The tidal mill"
    assert re.fullmatch(r"@misc\{source(tidal[0-9a-f]{6}),\n  title = \{\{The tidal mill\}\},\n\}", made["bibtex"])
    assert citation_texts(replace(BARE, publisher="Shore"))["plain"] == "“The tidal mill”, Shore"
    assert citation_texts(replace(BARE, title=""))["plain"] == "“mill.md”"


@pytest.mark.parametrize(
    ("given_date", "field"),
    [
        ("2013-08-02", "date = {2013-08-02}"),
        ("2013-08", "date = {2013-08}"),
        ("1917", "date = {1917}"),
        ("2013-99-02", "year = {2013-99-02}"),
        ("Autumn 1917", "year = {Autumn 1917}"),
    ],
)
def test_dates_of_any_kind(given_date: str, field: str) -> None:
    assert field in citation_texts(replace(FULL, date=given_date))["bibtex"]
    assert f", {given_date}, https" in citation_texts(replace(FULL, date=given_date))["plain"]


@pytest.mark.parametrize(
    ("author", "field"),
    [
        ("Hannah Pell, Jon Mar", "author = {Hannah Pell and Jon Mar}"),
        ("Pell, Hannah", "author = {Pell, Hannah}"),
        ("Pell, Mar, Lund", "author = {{Pell, Mar, Lund}}"),
    ],
)
def test_several_authors(author: str, field: str) -> None:
    assert field in citation_texts(replace(FULL, author=author))["bibtex"]


def test_keys_are_ascii_and_apart() -> None:
    assert citation_key(replace(FULL, author="Émile Björk")) == "bjork2013tidal"
    assert citation_key(replace(FULL, author="", date="")) == "shoresonstidal"
    russian = [citation_key(Article(id, "a", "Мельница", "Анна Белова")) for id in "ab"]
    assert russian[0].isascii() and russian[0] != russian[1]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//a.example", "http://", "https://a b", "http://[x", "ftp://a"]
)
def test_only_web_addresses_become_links(url: str) -> None:
    assert web_address(url) == ""
    made = citation_texts(replace(FULL, url=url))
    assert "<a" not in MarkdownIt("commonmark").render(made["markdown"])
    assert made["bibtex"].startswith("@misc") and "  url" not in made["bibtex"]


def test_a_hostile_address_ends_nothing() -> None:
    url = "https://a.example/>) [b](javascript:x)\"'{}\\".replace(" ", "")
    html = MarkdownIt("commonmark").render(markdown_link("t", url))
    assert re.findall(r'href="([^"]*)"', html) == ["https://a.example/%3E%29%5Bb%5D%28javascript:x%29%22'%7B%7D%5C"]


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html)).strip()


@given(lines)
def test_markdown_reads_as_it_stands(text: str) -> None:
    html = MarkdownIt("commonmark").enable("table").enable("strikethrough").render(markdown_text(text))
    assert set(re.findall(r"<(\w+)", html)) <= {"p"}
    assert text_of(html) == one_line(text)


@given(lines, lines, lines, lines, lines, lines)
def test_a_reference_has_at_most_one_link(
    title: str, author: str, publisher: str, day: str, url: str, quote: str
) -> None:
    article = Article("x", "x.md", title, author, publisher, day, url)
    html = MarkdownIt("commonmark").render(citation_texts(article, quote)["markdown"])
    assert set(re.findall(r"<(\w+)", html)) <= {"p", "blockquote", "a"}
    found = re.findall(r'href="([^"]*)"', html)
    assert len(found) <= 1 and all(re.match("https?://", link) for link in found)


def fields(entry: str) -> dict[str, str]:
    """A reader of BibTeX: braces count, backslash or not."""
    head = re.match(r"@(?:online|misc)\{([a-z0-9]+),\n", entry)
    assert head is not None
    found, at = {}, head.end()
    while entry[at] != "}":
        name = re.match(r"\s*([a-z]+) = \{", entry[at:])
        assert name is not None, entry[at:]
        at += name.end()
        start, depth = at, 1
        while depth:
            depth += {"{": 1, "}": -1}.get(entry[at], 0)
            at += 1
        found[name[1]] = entry[start : at - 1]
        assert entry[at : at + 2] == ",\n"
        at += 2
    assert entry[at:] == "}"
    return found


def read_back(value: str) -> str:
    signs = {"textbackslash": "\\", "textbraceleft": "{", "textbraceright": "}", "textasciitilde": "~"}
    signs["textasciicircum"] = "^"
    value = value[1:-1] if value.startswith("{") else value
    return re.sub(r"\\(?:(text\w+)\{\}|([%&#_$]))", lambda m: signs[m[1]] if m[1] else m[2], value)


@given(lines, lines, lines, lines, lines)
def test_bibtex_parses_back(title: str, publisher: str, day: str, url: str, quote: str) -> None:
    article = Article("x", "x.md", title, "", publisher, day, url)
    found = fields(citation_texts(article, quote)["bibtex"])
    said = {
        "title": one_line(title) or "x.md",
        "organization": one_line(publisher),
        "note": f"“{one_line(quote)}”" if one_line(quote) else "",
    }
    assert {name: read_back(found[name]) for name in said if name in found} == {n: t for n, t in said.items() if t}
    assert read_back(found.get("date", found.get("year", ""))) == one_line(day)


@pytest.mark.parametrize(("pages", "said", "field"), [((12, 12), "p. 12", "12"), ((12, 13), "pp. 12-13", "12--13")])
def test_pages_are_named(pages: tuple[int, int], said: str, field: str) -> None:
    made = citation_texts(FULL, QUOTE, pages=pages)
    assert f", 2013-08-02, {said}, https://a.example" in made["plain"]
    assert made["markdown"].endswith(f", 2013-08-02, {said}")
    assert f"  pages = {{{field}}},\n" in made["bibtex"]
    assert "pages" not in citation_texts(FULL, QUOTE)["bibtex"]
