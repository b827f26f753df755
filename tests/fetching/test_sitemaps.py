import datetime
import gzip
import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.errors import CorpusError
from askoctober.fetching import Getter
from askoctober.fetching.sitemaps import Entry, list_pages, parse_sitemap

from .site import Answer, Site

SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def sitemap(*entries: tuple[str, str]) -> str:
    urls = "".join(f"<url><loc>{loc}</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</url>" for loc, day in entries)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {SPACE}>{urls}</urlset>'


def index(*addresses: str) -> str:
    maps = "".join(f"<sitemap><loc>\n  {address}\n</loc></sitemap>" for address in addresses)
    return f"<sitemapindex {SPACE}>{maps}</sitemapindex>"


def paths(listing) -> list[str]:
    return [url.path for url in listing.pages]


def test_pages_and_their_days() -> None:
    read = parse_sitemap(sitemap(("https://example.org/a?b=1&amp;c", "2026-02-03T04:05:06Z"), ("/b", "")).encode())
    assert read.pages == (Entry("https://example.org/a?b=1&c", datetime.date(2026, 2, 3)), Entry("/b"))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026", datetime.date(2026, 12, 31)),
        ("2026-02", datetime.date(2026, 2, 28)),
        ("2024-02", datetime.date(2024, 2, 29)),
        ("2026-12", datetime.date(2026, 12, 31)),
        ("9999-12", None),
        ("yesterday", None),
        ("2026-02-30", None),
    ],
)
def test_a_month_stands_for_its_last_day(text: str, day: datetime.date | None) -> None:
    assert parse_sitemap(sitemap(("/a", text)).encode()).pages == (Entry("/a", day),)


def test_pictures_of_a_page_are_no_pages() -> None:
    text = (
        f'<urlset {SPACE} xmlns:i="http://www.google.com/schemas/sitemap-image/1.1"><url><i:image><i:loc>/a.png</i:loc>'
        "</i:image><i:loc>/b.png</i:loc><loc>/a</loc></url></urlset>"
    )
    assert parse_sitemap(text.encode()).pages == (Entry("/a"),)


def test_text_and_other_encodings() -> None:
    assert parse_sitemap(b"\xef\xbb\xbfhttps://example.org/a\r\n\r\nhttps://example.org/b\n").pages == (
        Entry("https://example.org/a"),
        Entry("https://example.org/b"),
    )
    text = sitemap(("/\u00fc", "")).replace("UTF-8", "UTF-16")
    assert parse_sitemap(text.encode("utf-16")).pages == (Entry("/\u00fc"),)
    assert parse_sitemap(gzip.compress(sitemap(("/a", "")).encode())).pages == (Entry("/a"),)


def laughs() -> bytes:
    names = [("a", "ha" * 10)] + [(chr(98 + i), f"&{chr(97 + i)};" * 10) for i in range(9)]
    entities = "".join(f'<!ENTITY {name} "{value}">' for name, value in names)
    return f"<!DOCTYPE urlset [{entities}]><urlset><url><loc>&j;</loc></url></urlset>".encode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (laughs(), "declares entities"),
        (
            b'<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/passwd">]><urlset><url><loc>&x;</loc></url></urlset>',
            "declares entities",
        ),
        (b"<a>" * 100, "is nested too deeply"),
        (b"<html><body><p>Hello</p></body></html>", "lists no pages"),
        (b"<urlset><url>", "is not a sound sitemap"),
        (b'<?xml version="1.0" encoding="no-such"?><urlset/>', "is not a sound sitemap"),
        (b"", "is not a sitemap"),
        (b"Not found", "is not a sitemap"),
        (b"\x1f\x8bnonsense", "is a damaged .gz file"),
        (gzip.compress(b"text" * 100)[:-9], "breaks off"),
        (gzip.compress(bytes(60_000_000)), "unpacks to more than 50 MB"),
        (sitemap(*[("/a", "")] * 50_001).encode(), "more than 50,000 addresses"),
        (b"https://example.org/\n" * 50_001, "more than 50,000 addresses"),
    ],
    ids=range(13),
)
def test_what_is_no_sitemap_is_told(body: bytes, reason: str) -> None:
    began = time.monotonic()
    with pytest.raises(CorpusError, match=reason):
        parse_sitemap(body)
    assert time.monotonic() - began < 10


@given(st.binary(max_size=400) | st.text(alphabet='<>/&;!"[]url setlocmap?=', max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        parse_sitemap(body)
    except CorpusError as error:
        assert "\n" not in str(error)


def test_a_bare_host_stands_for_what_its_robots_name(site: Site, getter: Getter) -> None:
    site.page("/robots.txt", "Sitemap: /one.xml\nSitemap: http://[broken\nUser-agent: *\nDisallow:\n")
    site.page("/one.xml", index(f"{site.address}/two.xml.gz", "/three.txt", "/one.xml"))
    site.answers["/two.xml.gz"] = Answer(gzip.compress(sitemap((f"{site.address}/a", ""), ("/b", "")).encode()))
    site.page("/three.txt", f"{site.address}/c\n{site.address}/a\n")
    listing = list_pages(getter, httpx.URL(site.address), most=10)
    assert paths(listing) == ["/a", "/b", "/c"]
    assert (listing.failed, listing.elsewhere, listing.more) == ([], 0, False)
    assert site.paths() == ["/one.xml", "/two.xml.gz", "/three.txt"]


def test_without_a_name_the_usual_place_is_tried(site: Site, getter: Getter) -> None:
    site.page("/sitemap.xml", sitemap(("/a", "")))
    assert paths(list_pages(getter, httpx.URL(site.address), most=10)) == ["/a"]


def test_only_pages_of_the_host(site: Site, getter: Getter) -> None:
    site.page("/sitemap.xml", sitemap(("https://example.org/x", ""), ("/a", ""), ("javascript:alert(1)", "")))
    listing = list_pages(getter, httpx.URL(site.address), most=10)
    assert (paths(listing), listing.elsewhere) == (["/a"], 1)


def test_a_host_that_moved_counts_as_the_host(site: Site, getter: Getter) -> None:
    site.answers["/sitemap.xml"] = [
        Answer(status=301, headers={"Location": f"http://localhost:{site.port}/sitemap.xml"}),
        Answer(sitemap(("/a", "")).encode()),
    ]
    listing = list_pages(getter, httpx.URL(site.address), most=10)
    assert [str(url) for url in listing.pages] == [f"http://localhost:{site.port}/a"]


def test_most_and_since(site: Site, getter: Getter) -> None:
    days = [("/old", "2025-12-31"), ("/new", "2026-01-01"), ("/unknown", ""), ("/newer", "2026-02")]
    site.page("/s.xml", sitemap(*days))
    start = httpx.URL(site.address + "/s.xml")
    listing = list_pages(getter, start, most=10, since=datetime.date(2026, 1, 1))
    assert (paths(listing), listing.more) == (["/new", "/unknown", "/newer"], False)
    listing = list_pages(getter, start, most=2)
    assert (paths(listing), listing.more) == (["/old", "/new"], True)


def test_what_fails_is_told_and_the_others_go_on(site: Site, getter: Getter) -> None:
    site.page("/s.xml", index("/gone.xml", "/bomb.xml", "/good.xml"))
    site.answers["/bomb.xml"] = Answer(laughs())
    site.page("/good.xml", sitemap(("/a", "")))
    listing = list_pages(getter, httpx.URL(site.address + "/s.xml"), most=10)
    assert paths(listing) == ["/a"]
    assert [address for address, _ in listing.failed] == [f"{site.address}/gone.xml", f"{site.address}/bomb.xml"]


def test_sitemaps_without_end_are_bounded(site: Site, getter: Getter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askoctober.fetching.sitemaps.MOST_SITEMAPS", 3)
    site.page("/0.xml", index(*(f"/{number}.xml" for number in range(1, 100))))
    for number in range(1, 100):
        site.page(f"/{number}.xml", sitemap((f"/page{number}", "")))
    listing = list_pages(getter, httpx.URL(site.address + "/0.xml"), most=1000)
    assert paths(listing) == ["/page1", "/page2"]
    assert "after 3 sitemaps" in listing.failed[0][1]
