import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.errors import CorpusError
from askoctober.fetching.addresses import LONGEST_NAME, name_file, name_folder, read_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("example.org", "https://example.org/"),
        ("HTTP://Example.ORG:80/A?b=c#d", "http://example.org/A?b=c"),
        ("https://example.org./x", "https://example.org/x"),
        ("https://b\u00fccher.example/\u00fc", "https://xn--bcher-kva.example/%C3%BC"),
    ],
)
def test_an_address_has_one_form(text: str, address: str) -> None:
    assert read_address(text) == httpx.URL(address)
    assert str(read_address(text)) == str(read_address(str(read_address(text))))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names no host"),
        ("https://", "names no host"),
        ("http://exa mple.org", "names a host that cannot be"),
        ("file:///etc/passwd", "is of the kind file:"),
        ("ftp://example.org/a", "is of the kind ftp:"),
        ("https://me:secret@example.org/", "holds a user name"),
        ("https://example.org:8080/", "is on port 8080"),
        ("https://example.org/" + "a" * 9000, "is not a web address"),
        ("\udcff", "is not a web address"),
    ],
)
def test_what_is_no_public_page_is_refused(text: str, reason: str) -> None:
    with pytest.raises(CorpusError, match=reason):
        read_address(text)


def test_private_allows_other_ports_but_no_other_scheme() -> None:
    assert read_address("http://127.0.0.1:81/", private=True).port == 81
    with pytest.raises(CorpusError):
        read_address("file:///etc/passwd", private=True)


def test_a_name_is_made_of_the_words() -> None:
    name = name_file(httpx.URL("https://example.org/News/Caf\u00e9_au_lait.html?id=7&x=%2F"), ".html")
    words, _, digest = name.removesuffix(".html").rpartition("-")
    assert (words, len(digest)) == ("news-cafe-au-lait-id-7-x", 32)
    assert name_file(httpx.URL("https://example.org/"), ".html").startswith("page-")
    assert name_file(httpx.URL("https://example.org/%E6%BD%AE"), ".html").startswith("page-")


def test_names_that_would_be_one_are_told_apart() -> None:
    alike = ["/a-b", "/a_b", "/A-B", "/a/b", "/a%2Fb", "/a?b", "/a-b/", "/a-b.html"]
    assert len({name_file(httpx.URL("https://example.org" + path), ".html").lower() for path in alike}) == len(alike)


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_name_is_safe(path: str, query: str) -> None:
    try:
        url = httpx.URL("https://example.org").copy_with(path=f"/{path}", query=query.encode("utf-8", "replace"))
    except (httpx.InvalidURL, ValueError):
        return
    name = name_file(url, ".html")
    assert len(name) <= LONGEST_NAME
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert name.count(".") == 1 and not name.startswith(("-", "."))


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("https://example.org/", "example.org"),
        ("http://127.0.0.1:8080/", "127.0.0.1-8080"),
        ("http://[::1]/", "--1"),
        ("https://con.example/", "_con.example"),
        ("https://b\u00fccher.example/", "xn--bcher-kva.example"),
    ],
)
def test_a_host_has_a_folder(address: str, folder: str) -> None:
    assert name_folder(httpx.URL(address)) == folder


def test_a_long_host_is_shortened() -> None:
    hosts = [".".join(["a" * 60] * 3 + [end]) for end in ("org", "net")]
    names = {name_folder(httpx.URL(f"https://{host}/")) for host in hosts}
    assert len(names) == 2 and max(map(len, names)) <= LONGEST_NAME
