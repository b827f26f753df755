"""What the map and the timeline share: colours and shapes of articles, and untrusted text made fit for plotly.

Figures are data for plotly.js and name no colour of text or page: the script that draws them takes these from the style
sheet, as they differ by day and night. Plotly reads a subset of HTML in what it shows, so titles and words of articles
are escaped for it.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from askoctober.types import Article, Store
from askoctober.web.charts.projection import PerStore, spread_rows

PALETTE = ("#4499cc", "#bb4411", "#337755", "#bb8800", "#aa4499", "#7766cc")
"""As far apart as colours can be for each kind of colour blindness (Machado, Oliveira and Fernandes, "A
Physiologically-based Model for Simulation of Color Vision Deficiency", 2009) with a contrast of 3:1 on both white and
black pages; the shapes tell apart what is left."""
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "star-square", "hexagon", "cross")
REST = "#998888"
MOST_NAMED = 20
TITLE = 44
WORDS = 220
LINE = 58


@dataclass(frozen=True, slots=True)
class Style:
    """The colour and shape of an article's points."""

    colour: str
    symbol: str


OTHER = Style(REST, "circle")


def plot_text(text: str) -> str:
    """Return untrusted text for plotly to show as it is: on one line, no markup, nothing that turns its direction."""
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join(kept.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shorten(text: str, length: int) -> str:
    """Return the first words of a text, at most `length` characters and an ellipsis, without signs of headings."""
    words = " ".join(word for word in text[: 4 * length].split() if word.strip("#"))
    if len(words) <= length and len(text) <= 4 * length:
        return words
    head = words[: length + 1]
    return (head.rsplit(" ", 1)[0] if " " in head else head[:length]).rstrip(".,;:–—- ") + "…"


def hover(*lines: str) -> str:
    """Return lines of untrusted text for a hover label: the first one bold, all wrapped."""
    wrapped = [[plot_text(part) for part in textwrap.wrap(line, LINE)] for line in lines if line]
    heads = [f"<b>{part}</b>" for line in wrapped[:1] for part in line]
    return "<br>".join(heads + [part for line in wrapped[1:] for part in line])


def _styles(store: Store) -> dict[str, Style]:
    counts: Counter[str] = Counter(store.chunk(int(row)).article_id for row in spread_rows(store))
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    chosen = set(ranked if len(ranked) <= MOST_NAMED else ranked[: MOST_NAMED - 1])
    return style_all(name for name in counts if name in chosen)


def style_all(article_ids: Iterable[str]) -> dict[str, Style]:
    """Return a style for each article, in their order: neighbours differ in colour, and all in colour or shape."""
    return {
        name: Style(PALETTE[at % len(PALETTE)], SYMBOLS[at // len(PALETTE) % len(SYMBOLS)])
        for at, name in enumerate(article_ids)
    }


styles_of: PerStore[dict[str, Style]] = PerStore(_styles)
"""The styles of a store's articles, the same on the map and on the timeline; those without one are "others"."""


def legend_title(article: Article) -> str:
    """Return an article's title for a legend or a lane."""
    return plot_text(shorten(article.title, TITLE)) or plot_text(shorten(article.id, TITLE))


def as_plain(figure: Any) -> dict[str, Any]:
    """Return a plotly figure as JSON, on a transparent ground, without the template that would name colours."""
    figure.update_layout(paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)")
    plain: dict[str, Any] = figure.to_dict()
    plain["layout"].pop("template", None)
    return {"data": [dict(trace) for trace in plain["data"]], "layout": plain["layout"]}
