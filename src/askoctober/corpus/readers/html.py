"""Saved web pages: the main text as trafilatura finds it, without navigation, notices and comments."""

from __future__ import annotations

import codecs
import email
import email.policy
import re
from collections.abc import Iterator
from typing import Any

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.encoding import MARKS, decode
from askoctober.corpus.metadata import Metadata, clean
from askoctober.corpus.readers.blocks import TOO_DEEP, Collector, join, keep_spacing, parse_html, require
from askoctober.corpus.readers.names import with_points
from askoctober.errors import CorpusError

ARCHIVES = (".mhtml", ".mht")
_CHARSET = re.compile(rb"<(?:meta|\?xml)\b[^>]{0,300}?(?:charset|encoding)\s{0,9}=\s{0,9}[\"']?([\w.:-]{2,40})", re.I)
_NO_CHARSETS = frozenset("punycode idna unicode-escape raw-unicode-escape undefined mbcs oem utf-7".split())
"""What Python decodes but no page is in: slow, unsafe, or of one system."""
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def read(source: Source) -> Iterator[Document | Failure]:
    """Yield the page's main text with its headings, and what it says of itself.

    Raises:
        CorpusError: the bytes are not text, or nothing on the page is main text.
    """
    data, charset = source.stream.read(), ""
    if source.path.lower().endswith(ARCHIVES) or data[:2000].lstrip().lower().startswith((b"mime-version:", b"from:")):
        data, charset = _html_part(data)
    given = source.settings.get("charset")
    yield read_page(_decode_as(data, given) if given is not None else decode_page(data, charset))


def read_page(page: str) -> Document:
    """Return the document of a page; raises as `read` does."""
    trafilatura = require("trafilatura")
    if not page.strip():
        raise CorpusError("is empty; fill or remove it.")
    try:
        tree = parse_html(page)
        language = tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
        _keep(tree)
        found = trafilatura.bare_extraction(
            tree, with_metadata=True, include_comments=False, include_tables=True, date_extraction_params=_DATES
        )
    except CorpusError:
        raise
    except RecursionError as error:
        raise CorpusError(TOO_DEEP) from error
    except Exception as error:  # on malformed pages trafilatura and lxml let through many kinds
        raise CorpusError("is not HTML that can be read; save it again from a browser.") from error
    text = join(_blocks(found.body)) if found is not None and found.body is not None else ""
    if not any(character.isalpha() for character in text):
        raise CorpusError("has no main text; save the page again when it shows its article, or remove it.")
    return Document(text, _metadata(found, language, page))


_DATES = {"original_date": True, "extensive_search": False}
"""The day of publication, and only where the page states it; the extensive search guesses."""


def _keep(tree: Any) -> None:
    """Put what trafilatura leaves out or collapses into what it keeps: captions of figures, preformatted text."""
    for element in list(tree.iter("figure", "figcaption")):
        element.tag = "p" if element.tag == "figcaption" else "div"
    inside = 0
    for event, element in require("lxml.etree").iterwalk(tree, events=("start", "end")):
        opens = event == "start"
        if element.tag == "pre":
            inside += 1 if opens else -1
        if inside and opens:
            element.text = keep_spacing(element.text or "")
        elif inside:
            element.tail = keep_spacing(element.tail or "")


def _decode_as(data: bytes, name: Any) -> str:
    """Return the characters of a page in the encoding that `articles.toml` names."""
    try:
        return data.decode(browser_name(name)).removeprefix("\ufeff")
    except (LookupError, AttributeError) as error:
        raise CorpusError(
            f"is given the charset {str(name)[:40]!r} in articles.toml, which is not known; correct it."
        ) from error
    except ValueError as error:
        raise CorpusError(f"is not in the charset {name!r} that articles.toml gives it; correct it there.") from error


def decode_page(data: bytes, charset: str = "") -> str:
    """Return the characters of a page: by byte order mark, the given or its own charset, UTF-8, or a guess.

    Raises:
        CorpusError: the bytes are not text.
    """
    if any(data.startswith(mark) for mark, _ in MARKS):
        return decode(data)
    declared = _CHARSET.search(data[:4096])
    for name in (charset, "utf-8", declared[1].decode("ascii", "replace") if declared else ""):
        # Bytes that are UTF-8 throughout are UTF-8, whatever a page claims.
        try:
            if name:
                return data.decode(browser_name(name))
        except (LookupError, UnicodeError, ValueError):
            continue
    if declared:  # one stray byte does not make a page unreadable
        try:
            return data.decode(browser_name(declared[1].decode("ascii", "replace")), "replace")
        except (LookupError, UnicodeError, ValueError):
            pass
    return decode(data)


def browser_name(name: str) -> str:
    """Return the encoding that browsers take a label for, see https://encoding.spec.whatwg.org/#names-and-labels.

    Raises:
        LookupError: it is none that a page may be in.
    """
    name = name.lower()
    if codecs.lookup(name).name.replace("_", "-") in _NO_CHARSETS:
        raise LookupError(name)
    return {
        "iso-8859-1": "cp1252",
        "latin1": "cp1252",
        "us-ascii": "cp1252",
        "gb2312": "gb18030",
        "gbk": "gb18030",
    }.get(name, name)


def _html_part(data: bytes) -> tuple[bytes, str]:
    """Return the first HTML part of a page saved as MHTML, and its charset."""
    try:
        for part in email.message_from_bytes(data, policy=email.policy.compat32).walk():
            if part.get_content_type() in ("text/html", "application/xhtml+xml"):
                payload = part.get_payload(decode=True)
                if isinstance(payload, bytes):
                    return payload, part.get_content_charset() or ""
    except Exception as error:  # email lets through many kinds on malformed headers
        raise CorpusError("is a damaged MHTML file; save the page again as .html.") from error
    raise CorpusError("holds no HTML part; save the page again as .html.")


_PARTS = ("p", "head", "quote", "list", "table", "div")


def _blocks(body: Any) -> list[str]:
    """Return the blocks of trafilatura's tree: head, p, quote, code, list of item, table of row and cell."""
    etree = require("lxml.etree")
    out = Collector()
    for event, element in etree.iterwalk(body, events=("start", "end")):
        tag = element.tag
        if event == "start":
            if tag == "row":
                out.begin_row()
            elif tag == "cell":
                out.begin_cell()
            elif tag == "item":
                out.begin_item()
            elif tag == "lb":
                out.add("\n")
            elif tag in _PARTS or (tag == "code" and element.getparent().tag != "p"):
                out.flush()
            if tag == "head":
                rend = element.get("rend") or "h2"
                out.level = int(rend[1]) if rend[1:2].isdigit() else 2
            out.add((element.text or "").replace("\n", " "))
        else:
            if tag == "row":
                out.end_row()
            elif tag in (*_PARTS, "item", "cell"):
                out.flush()
            if tag == "head":
                out.level = 0
            out.add((element.tail or "").replace("\n", " "))
    out.flush()
    return out.blocks


def _metadata(found: Any, language: str, page: str) -> Metadata:
    date = found.date or ""
    return clean(
        {
            "title": found.title,
            "author": with_points(found.author or "", page).replace(";", ","),
            "publisher": found.sitename,
            "date": date if _ISO_DATE.fullmatch(date) else "",
            "url": found.url,
            "language": language,
        }
    )
