import gzip
import itertools
import time
import zlib

import httpx
import pytest

from askoctober import __version__
from askoctober.errors import CorpusError
from askoctober.fetching import Getter, connecting

from .site import Answer, Clock, Site, getter_for


def url(site: Site, path: str = "/a") -> httpx.URL:
    return httpx.URL(site.address + path)


def test_the_request_says_who_asks(site: Site, getter: Getter) -> None:
    site.page("/a", "text")
    getter.get(url(site))
    assert site.asked[-1][1]["user-agent"].startswith(f"askoctober/{__version__} ")


def test_redirects_are_followed(site: Site, getter: Getter) -> None:
    site.answers["/a"] = Answer(status=301, headers={"Location": "b?c#d"})
    site.page("/b?c", "text")
    page = getter.get(url(site))
    assert (page.body, str(page.address)) == (b"text", f"{site.address}/b?c")


def test_redirects_end(site: Site, getter: Getter) -> None:
    site.answers["/a"] = Answer(status=302, headers={"Location": "/a"})
    with pytest.raises(CorpusError, match="redirects more than 5 times"):
        getter.get(url(site))
    assert site.paths() == ["/a"] * 6


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file:///etc/passwd", "is of the kind file:"),
        ("http://me:secret@127.0.0.1/", "holds a user name"),
        ("http://[", "names a host that cannot be"),
        ("http://127.0.0.1:x/", "redirects to what is no web address"),
    ],
)
def test_redirects_are_checked(site: Site, getter: Getter, target: str, reason: str) -> None:
    site.answers["/a"] = Answer(status=302, headers={"Location": target})
    with pytest.raises(CorpusError, match=reason):
        getter.get(url(site))


def test_a_redirect_into_a_private_network_is_refused(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site counts as public here, its target does not."""
    hosts = {"public.example": "127.0.0.1", "inside.example": "127.0.0.2"}
    monkeypatch.setattr(connecting, "is_public", lambda address: address == "127.0.0.1")
    monkeypatch.setattr("askoctober.fetching.addresses._PORTS", {None, 80, site.port})
    site.answers["/a"] = Answer(status=302, headers={"Location": f"http://inside.example:{site.port}/b"})
    with (
        getter_for(clock, private=False, resolve=lambda host, port: [hosts[host]]) as getter,
        pytest.raises(CorpusError, match="leads into a private network"),
    ):
        getter.get(httpx.URL(f"http://public.example:{site.port}/a"))
    assert site.paths() == ["/a"]


def test_retry_after_is_heeded(site: Site, getter: Getter, clock: Clock) -> None:
    busy = Answer(status=429, headers={"Retry-After": "30"})
    site.answers["/a"] = [busy, Answer(status=503), Answer(b"text")]
    assert getter.get(url(site)).body == b"text"
    assert clock.slept == [1, 30, 4]


def test_too_long_a_wait_is_told(site: Site, getter: Getter, clock: Clock) -> None:
    site.answers["/a"] = Answer(status=503, headers={"Retry-After": "3600"})
    with pytest.raises(CorpusError, match="asks for 3600 s of patience"):
        getter.get(url(site))
    assert sum(clock.slept) == 1


def test_retry_after_may_be_a_date(site: Site, getter: Getter) -> None:
    site.answers["/a"] = Answer(status=429, headers={"Retry-After": "Fri, 31 Dec 2999 23:59:59 GMT"})
    with pytest.raises(CorpusError, match="of patience"):
        getter.get(url(site))


@pytest.mark.parametrize("value", ["", "soon", "-5", "\u00b2", "9" * 400, "Mon, 99 Foo 2020 00:00:00 GMT"])
def test_an_odd_retry_after_is_no_obstacle(site: Site, getter: Getter, value: str) -> None:
    site.answers["/a"] = [Answer(status=503, headers={"Retry-After": value}), Answer(b"text")]
    assert getter.get(url(site)).body == b"text"


def test_tries_end(site: Site, getter: Getter, clock: Clock) -> None:
    site.answers["/a"] = Answer(status=503)
    assert getter.get(url(site)).status == 503
    assert site.paths() == ["/a"] * 4
    assert clock.slept == [1, 2, 4, 8]


def test_no_answer_is_tried_again_and_told(clock: Clock) -> None:
    with getter_for(clock) as getter, pytest.raises(CorpusError, match="robots.txt cannot be reached"):
        getter.get(httpx.URL("http://127.0.0.1:1/"))
    assert clock.slept == [2, 4, 8]


def test_an_endless_body_is_cut_off(site: Site, getter: Getter) -> None:
    site.answers["/a"] = lambda headers: Answer(itertools.repeat(b"a" * 65536))
    with pytest.raises(CorpusError, match="is larger than 1 MB"):
        getter.get(url(site), largest=1_000_000)


def test_an_endless_robots_file_is_cut_off(site: Site, getter: Getter) -> None:
    site.answers["/robots.txt"] = lambda headers: Answer(
        itertools.chain([b"User-agent: *\nDisallow: /a\n"], itertools.repeat(b"#" * 65536))
    )
    with pytest.raises(CorpusError, match="may not be fetched"):
        getter.get(url(site))


def test_a_gzip_bomb_is_cut_off(site: Site, getter: Getter) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([*(packer.compress(bytes(10_000_000)) for _ in range(20)), packer.flush()])
    assert len(bomb) < 250_000
    site.answers["/a"] = Answer(bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(CorpusError, match="is larger than 20 MB"):
        getter.get(url(site))


def test_gzip_is_unpacked(site: Site, getter: Getter) -> None:
    text = bytes(range(256)) * 1000
    site.answers["/a"] = Answer(gzip.compress(text), headers={"Content-Encoding": "gzip"})
    assert getter.get(url(site)).body == text


@pytest.mark.parametrize(
    ("coding", "body", "reason"),
    [
        ("br", b"x", "comes packed as br"),
        ("gzip", b"this is not gzip", "is packed wrongly"),
        ("gzip", gzip.compress(b"text" * 100)[:-9], "broke off"),
    ],
)
def test_wrong_packing_is_told(site: Site, getter: Getter, coding: str, body: bytes, reason: str) -> None:
    site.answers["/a"] = Answer(body, headers={"Content-Encoding": coding})
    with pytest.raises(CorpusError, match=reason):
        getter.get(url(site))


def test_a_drip_ends(site: Site, getter: Getter, monkeypatch: pytest.MonkeyPatch) -> None:
    def drip():
        while True:
            time.sleep(0.05)
            yield b"a"

    monkeypatch.setattr(connecting, "LONGEST_EXCHANGE", 0.5)
    site.answers["/a"] = lambda headers: Answer(drip())
    with pytest.raises(CorpusError, match="did not arrive"):
        getter.get(url(site))
    site.answers["/a"] = Answer(b"over")
