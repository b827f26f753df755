"""What a page of ours may hold: its tags and attributes, read as a browser would read them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser

TAG = re.compile(r"<[^>]*>")
TAGS = set(
    "a article aside bdi blockquote button circle details div figcaption figure footer form g h1 h2 h3 h4 header i "
    "input label li mark nav ol option p path q section select span strong summary svg template ul".split()
)
VOID = {"input"}
ATTRIBUTES = set(
    "aria-current aria-describedby aria-hidden aria-label aria-live aria-pressed autocomplete class dir for href id "
    "maxlength method multiple name rel role selected style tabindex target title type value webkitdirectory".split()
)
DRAWING = {"viewbox", "focusable", "fill", "stroke", "stroke-width", "stroke-linejoin", "stroke-linecap", "d", "cx"}
DRAWING |= {"cy", "r", "transform"}
DATA = re.compile(
    r"data-(?:act|article|end|endings|language|largest|moved|quote|ready|run|stage|start|support|text|title|tool|turn|view|within|words)"
)


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    inside: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        return "".join(self.inside)

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Element] = []
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.found.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1].tag == tag, f"</{tag}> closes nothing"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.inside.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")


def elements(html: str) -> list[Element]:
    """Return every element; each that is opened is closed, in order."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open, f"left open: {[element.tag for element in reader.open]}"
    return reader.found


def of_class(html: str, name: str) -> list[Element]:
    """Return the elements of a class."""
    return [element for element in elements(html) if name in element.classes]


def assert_ours(html: str) -> None:
    """Assert that no text has become a tag, an attribute or the address of a script."""
    for element in elements(html):
        assert element.tag in TAGS, element
        for name, value in element.attributes.items():
            drawn = element.tag in {"svg", "path", "circle", "g"} and name in DRAWING
            assert name in ATTRIBUTES or DATA.fullmatch(name) or drawn, (element.tag, name)
            if name == "href":
                assert re.match(r"https?://|#ask-at-\d+$", value), value
            if name == "style":
                assert re.fullmatch(r"width:\d+%", value), value


def words(html: str) -> str:
    """Return the text between the tags."""
    return unescape(TAG.sub("", html))


def marked(html: str, kind: str) -> str:
    """Return what the marks of a kind hold."""
    return unescape("".join(re.findall(rf'<mark class="ask-{kind}">(.*?)</mark>', html, re.DOTALL)))
