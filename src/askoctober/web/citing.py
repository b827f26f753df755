"""An article as a reference, to paste elsewhere: plain text, Markdown and BibTeX.

Titles, authors and addresses are untrusted: each is brought onto one line and escaped for the language it goes into,
so that it stays the text it is. Dates stand as ISO 8601 writes them, which is the same in every language.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import date
from urllib.parse import quote as percent_encoded
from urllib.parse import urlsplit

from askoctober.types import Article, in_pages

# Control characters, half surrogates, and what turns the direction of the text that follows.
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>&~|$#]")
# What opens a block where it begins a line: an item, a rule, the line that makes a heading of the one before.
_BLOCK = re.compile(r"^(?:(?=[-+=:])|(\d{1,9})(?=[.)]))")
# What GitHub's Markdown makes a link of without being asked.
_ADDRESS = re.compile(r"(?<=[a-z])(?=://)|(?<=www)(?=\.)", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?:1\d{3}|20\d{2})(?!\d)")
_BIBTEX = {
    "\\": r"\textbackslash{}",
    # Not \{ and \}: BibTeX counts those like any other brace.
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "%&#_$"},
}
KEPT_IN_ADDRESS = "%/:?#@!$&'*+,;=-._~[]"
WORD_OF_WEIGHT = 4
"""A title's word of at least this many letters names it; shorter ones are often "The" or "Die"."""


def citation_texts(
    article: Article, quote: str = "", accessed: date | None = None, pages: tuple[int, int] | None = None
) -> dict[str, str]:
    """Return an article, and a quote from it, as "plain", "markdown" and "bibtex"; what is unknown is left out.

    `pages` are the first and the last that the quote stands on. Of an article with copies it names the first place.
    """
    return {
        "plain": _plain(article, quote, accessed, pages),
        "markdown": _markdown(article, quote, accessed, pages),
        "bibtex": _bibtex(article, quote, accessed, pages),
    }


def one_line(text: str) -> str:
    """Return untrusted text on one line, without control characters and marks that turn its direction."""
    return " ".join(_UNWANTED.sub(" ", text).split())


def web_address(url: str) -> str:
    """Return an http or https address with all that could end a link percent-encoded; "" where it is none."""
    url = one_line(url)
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not named or " " in url:
        return ""
    return percent_encoded(url, safe=KEPT_IN_ADDRESS)


def markdown_text(text: str) -> str:
    """Return untrusted text as one line of Markdown that reads as it stands: no link, image, HTML, list or heading.

    Every ASCII punctuation mark may stand behind a backslash (CommonMark 0.31, section 2.4).
    """
    text = _SPECIAL.sub(r"\\\g<0>", one_line(text))
    return _BLOCK.sub(r"\1\\", _ADDRESS.sub(r"\\", text))


def markdown_link(text: str, url: str) -> str:
    """Return untrusted text as a link, or as text where the address is not one of the web."""
    address = web_address(url)
    if not address:
        return markdown_text(text)
    # An entity in an address would be read as its character.
    escaped = address.replace("&", r"\&")
    return f"[{markdown_text(text)}](<{escaped}>)"


def markdown_reference(article: Article, pages: str = "") -> str:
    """Return title, author, publisher, date, pages and address on one line of Markdown, the title as the link."""
    rest = [article.author, article.publisher, article.date, pages]
    if article.url and not web_address(article.url):
        rest.append(article.url)
    title = markdown_link(_title(article) or article.url, article.url)
    return ", ".join([part for part in [title, *map(markdown_text, rest)] if part])


def _title(article: Article) -> str:
    return one_line(article.title) or one_line(article.path)


def _plain(article: Article, quote: str, accessed: date | None, pages: tuple[int, int] | None) -> str:
    """Return `“Quote” Author, “Title”, Publisher, date, p. 12, URL [accessed date]`."""
    author, title, publisher, day, url = map(
        one_line, (article.author, _title(article), article.publisher, article.date, article.url)
    )
    parts = (author, title and f"“{title}”", publisher, day, in_pages(pages), url)
    reference = ", ".join(part for part in parts if part)
    said = one_line(quote)
    seen = f"[accessed {accessed.isoformat()}]" if accessed and url else ""
    return " ".join(part for part in (f"“{said}”" if said else "", reference, seen) if part)


def _markdown(article: Article, quote: str, accessed: date | None, pages: tuple[int, int] | None) -> str:
    """Return the quote as a block, and the reference below it."""
    reference = markdown_reference(article, in_pages(pages))
    if accessed and one_line(article.url):
        reference += f" (accessed {accessed.isoformat()})"
    said = markdown_text(quote)
    return f"> {said}\n\n{reference}" if said else reference


def _bibtex(article: Article, quote: str, accessed: date | None, pages: tuple[int, int] | None) -> str:
    """Return an entry: @online (biblatex) where there is an address, else @misc."""
    address = web_address(article.url)
    day, said = one_line(article.date), one_line(quote)
    fields = {
        "author": _authors(one_line(article.author)),
        # A second pair of braces keeps the capitals.
        "title": f"{{{_escaped(_title(article))}}}" if _title(article) else "",
        "organization": _escaped(one_line(article.publisher)),
        "date" if _is_iso(day) else "year": _escaped(day),
        "pages": "--".join(map(str, dict.fromkeys(pages or ()))),
        # Read as it stands, so nothing is escaped but what would end the field.
        "url": address.replace("[", "%5B").replace("]", "%5D"),
        "howpublished": "" if address else _escaped(one_line(article.url)),
        "urldate": accessed.isoformat() if accessed and address else "",
        "note": f"“{_escaped(said)}”" if said else "",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{'online' if address else 'misc'}{{{citation_key(article)},", *lines, "}"])


def citation_key(article: Article) -> str:
    """Return author (or publisher), year and the title's first word of weight, in ASCII; it never changes.

    Where letters of another alphabet leave nothing of a part, a digest of the article's id keeps keys apart.
    """
    first = re.split(r",|;|&|\band\b", one_line(article.author))[0].split()
    name = _ascii(first[-1] if first else "") or "".join(map(_ascii, one_line(article.publisher).split()))
    year = _YEAR.search(article.date)
    words = [word for word in map(_ascii, _title(article).split()) if word]
    word = next((word for word in words if len(word) >= WORD_OF_WEIGHT), words[0] if words else "")
    digest = hashlib.sha256(article.id.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return "".join(
        [name[:40] or "source", year.group() if year else "", word[:40] if name and word else word[:40] + digest]
    )


def _authors(author: str) -> str:
    """Return authors joined by "and"; a list with commas would otherwise read as one name, last name first."""
    names = [name.strip() for name in author.split(",") if name.strip()]
    if len(names) > 1 and all(" " in name for name in names):
        return " and ".join(map(_escaped, names))
    if len(names) > 2:
        return f"{{{_escaped(author)}}}"
    return _escaped(author)


def _is_iso(day: str) -> bool:
    """Whether biblatex takes it as a date: a year, a month or a day."""
    if not re.fullmatch(r"\d{4}(?:-\d\d){0,2}", day, re.ASCII):
        return False
    try:
        date.fromisoformat(day + "-01-01"[len(day) - 4 :])
    except ValueError:
        return False
    return True


def _escaped(text: str) -> str:
    return "".join(_BIBTEX.get(letter, letter) for letter in text)


def _ascii(word: str) -> str:
    """Return the letters and digits of a word that ASCII has, without accents, in lower case."""
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]", "", plain.lower())
