import time

import httpx
import pytest

from askoctober.errors import CorpusError
from askoctober.fetching import Getter
from askoctober.fetching.robots import Robots, read_robots

from .site import Answer, Clock, Site


def robots(text: str) -> Robots:
    return read_robots(lambda: (200, text.encode()))


def test_what_is_forbidden_is_not_asked_for(site: Site, getter: Getter) -> None:
    site.page("/robots.txt", "User-agent: *\nDisallow: /secret\nAllow: /secret/open")
    for path in ("/secret/a", "/secret/open", "/free"):
        site.page(path, path)
    assert getter.get(httpx.URL(site.address + "/secret/open")).body == b"/secret/open"
    assert getter.get(httpx.URL(site.address + "/free")).body == b"/free"
    with pytest.raises(CorpusError, match="may not be fetched, by the robots.txt of 127.0.0.1"):
        getter.get(httpx.URL(site.address + "/secret/a"))
    assert site.paths() == ["/secret/open", "/free"]
    assert len(site.asked) == 3  # robots.txt once


@pytest.mark.parametrize("status", [404, 410, 401, 403])
def test_without_robots_all_is_allowed(site: Site, getter: Getter, status: int) -> None:
    site.answers["/robots.txt"] = Answer(status=status)
    site.page("/a", "text")
    assert getter.get(httpx.URL(site.address + "/a")).body == b"text"


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_server_error_may_hide_a_refusal(site: Site, getter: Getter, status: int) -> None:
    site.answers["/robots.txt"] = Answer(status=status)
    site.page("/a", "text")
    with pytest.raises(CorpusError, match=rf"robots.txt cannot be had \(HTTP {status}\)"):
        getter.get(httpx.URL(site.address + "/a"))
    assert site.paths() == []


def test_the_crawl_delay_is_kept(site: Site, getter: Getter, clock: Clock) -> None:
    site.page("/robots.txt", "User-agent: askoctober\nCrawl-delay: 7\n")
    site.page("/a", "text")
    for _ in range(3):
        getter.get(httpx.URL(site.address + "/a"))
    assert clock.slept == [7, 7, 7]  # the first comes after that for robots.txt


def test_without_a_crawl_delay_a_second_passes(site: Site, getter: Getter, clock: Clock) -> None:
    site.page("/a", "text")
    for _ in range(3):
        getter.get(httpx.URL(site.address + "/a"))
    assert clock.slept == [1, 1, 1]


def test_a_crawl_delay_has_a_bound() -> None:
    assert robots("User-agent: *\nCrawl-delay: 86400").delay == 60
    assert robots("User-agent: *\nCrawl-delay: soon").delay == 0


def test_names_are_compared_whole() -> None:
    """RFC 9309, section 2.2.1: a program follows the group of its own name, or that of all."""
    text = "User-agent: ask\nDisallow: /\n\nUser-agent: AskOctober/2\nDisallow: /b\n\nUser-agent: *\nDisallow: /c"
    rules = robots(text)
    assert [rules.allow(f"https://example.org/{name}") for name in "abc"] == [True, False, True]
    assert robots("User-agent: somebody\nDisallow: /").allow("https://example.org/a")


def test_a_hostile_file_costs_little() -> None:
    agents = "".join(f"User-agent: a{i}\n" for i in range(15_000))
    rules = "".join(f"Disallow: /{i}*" + "*a" * 5 + "$\n" for i in range(15_000))
    began = time.monotonic()
    assert robots(agents + "User-agent: *\n" + rules).allow("https://example.org/" + "a" * 7000)
    assert time.monotonic() - began < 10


def test_redirects_ask_the_other_site_too(site: Site, getter: Getter) -> None:
    other = f"http://localhost:{site.port}"
    site.page("/robots.txt", "User-agent: *\nDisallow: /b")
    site.answers["/a"] = Answer(status=302, headers={"Location": f"{other}/b"})
    with pytest.raises(CorpusError, match="by the robots.txt of localhost"):
        getter.get(httpx.URL(site.address + "/a"))
    assert site.paths() == ["/a"]
