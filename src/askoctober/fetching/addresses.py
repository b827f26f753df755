"""Which web addresses are fetched, and under which names their pages are kept."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from urllib.parse import unquote_plus

import httpx

from askoctober.corpus.formats import ending_of
from askoctober.errors import CorpusError

LONGEST_NAME = 120
"""Characters of a file name; every file system in use allows 255 bytes, and the folders around it count on some."""
_LONGEST_ADDRESS = 8000
_PORTS = {None, 80, 443}
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)")
"""Names that Windows keeps for devices, whatever follows the first dot."""
_HOST = re.compile(rb"[a-z0-9._:-]+")
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")


def read_address(text: str, *, private: bool = False) -> httpx.URL:
    """Return an address in the one form in which it is kept: no fragment, host in small letters, `https` where none is.

    `private` allows other ports than those of the web.

    Raises:
        CorpusError: it is not the address of a web page, or one that is not fetched.
    """
    text = text.strip()
    try:
        if len(text) > _LONGEST_ADDRESS:
            raise ValueError
        url = httpx.URL(text if "://" in text else f"https://{text}")
        check_address(url, private=private)
        host = url.host.rstrip(".")
        if not host:
            raise ValueError
        return url.copy_with(host=host, raw_path=url.raw_path, fragment=None)  # the raw path is never empty
    except (httpx.InvalidURL, ValueError) as error:
        raise CorpusError("is not a web address; give one such as https://example.org/page.") from error


def check_address(url: httpx.URL, *, private: bool = False) -> None:
    """Refuse an address that is not of the public web by its looks; where its host lies is checked when connecting.

    Raises:
        CorpusError: another scheme or port, or a name and password in it.
    """
    if url.scheme not in {"http", "https"}:
        raise CorpusError(f"is of the kind {url.scheme}:, which is not fetched; give an http or https address.")
    if url.userinfo:
        raise CorpusError("holds a user name or password, which would be kept with it; give the address without.")
    if not url.host:
        raise CorpusError("names no host; give an address such as https://example.org/page.")
    if not _HOST.fullmatch(url.raw_host):
        raise CorpusError("names a host that cannot be; give an address such as https://example.org/page.")
    if url.port not in _PORTS and not private:
        raise CorpusError(f"is on port {url.port}, not on 80 or 443; give --private if you trust it.")


def name_folder(url: httpx.URL) -> str:
    """Return the name of the folder for the pages of an address's host."""
    host = url.raw_host.decode("ascii").replace(":", "-")
    name = f"{host}-{url.port}" if url.port else host
    if _DEVICES.match(name):
        name = f"_{name}"
    return name if len(name) <= LONGEST_NAME else f"{name[:80].rstrip('.-')}-{_digest(name)}"


def name_file(url: httpx.URL, ending: str) -> str:
    """Return the name of the file for the page at an address: its words for people, its digest to tell it apart.

    ASCII in small letters and at most `LONGEST_NAME` characters, so that any file system holds it. Addresses that
    differ in a letter's case or in what is no letter differ in the digest, of which 128 bits are taken.
    """
    path = url.path
    known = ending_of(path)
    if known and known == ending:
        path = path[: -len(known)]
    words = unicodedata.normalize("NFKD", f"{path} {unquote_plus(url.query.decode('ascii', 'replace'))}")
    slug = _BETWEEN_WORDS.sub("-", words.encode("ascii", "ignore").decode().lower()).strip("-") or "page"
    digest = _digest(str(url))
    return f"{slug[: LONGEST_NAME - len(digest) - len(ending) - 1].rstrip('-')}-{digest}{ending}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
