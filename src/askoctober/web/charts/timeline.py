"""The timeline: dated sentences as a plot, one lane an article, and as the list that says the same in words.

The list is for everyone, the plot for those who see it: keyboard and screen reader have all of it in the list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from html import escape
from itertools import groupby
from typing import Any

from askoctober.web.charts.dating import DatedSentence, find_dated
from askoctober.web.charts.lanes import divide, middle, stack, window
from askoctober.web.charts.plotting import (
    OTHER,
    WORDS,
    Style,
    as_plain,
    hover,
    legend_title,
    plot_text,
    shorten,
    style_all,
)
from askoctober.web.source import safe

__all__ = ["DatedSentence", "find_dated", "render_timeline", "timeline_figure"]

Say = Callable[..., str]
LANE = 112
"""Height of a lane in pixels."""
HEAD, AXIS = 34, 38
ACROSS = 90
"""About so many points stand beside each other on a wide screen before they overlap."""
MIDDLE, STEP, TALLEST, YEARS_AT = -0.05, 0.095, 0.27, -0.42
"""Where in a lane, which is 1 high, the points stand, how far above each other, and where the bars of the years do."""
SHOWN = 300
SENTENCE = 320
DAY_MS = 86_400_000


def say_date(sentence: DatedSentence, say: Say, readable_date: Callable[[str], str]) -> str:
    """Return the date of a sentence in words, as exact as the article gives it."""
    if sentence.precision == "day":
        return readable_date(sentence.when.isoformat())
    if sentence.precision == "month":
        return say("timeline-month", month=sentence.when.month, year=str(sentence.when.year))
    return str(sentence.when.year)


def say_doubts(sentence: DatedSentence, say: Say, readable_date: Callable[[str], str]) -> list[str]:
    """Return what is not certain about a date: which calendar it is in, and whether its year is a guess."""
    doubts = []
    if sentence.old and sentence.new:
        doubts.append(say("timeline-either", new=readable_date(sentence.new), old=readable_date(sentence.old)))
    if sentence.supposed_year:
        doubts.append(say("timeline-supposed"))
    return doubts


def timeline_figure(
    sentences: Sequence[DatedSentence],
    say: Say,
    *,
    styles: Mapping[str, Style] | None = None,
    readable_date: Callable[[str], str] = str,
) -> dict[str, Any]:
    """Return the strip plot as plotly's `data` and `layout`, plain JSON.

    A day is a full point, a month an open one in its middle, and the years that an article only names a bar over the
    year, once. `styles` are those of the map (`plotting.styles_of`). Each point's `customdata` is its sentence's place.
    """
    import plotly.graph_objects as go

    lanes = divide(sentences)
    if styles is None:
        styles = style_all(sorted(name for name, _, _ in lanes if name))
    low, high = window(sentences)
    radius = max((high - low).days / ACROSS, 1.0)
    traces, annotations = [], []
    for at, (name, article, members) in enumerate(lanes):
        lane = len(lanes) - 1 - at
        style = styles.get(name, OTHER)
        title = legend_title(article) if name else plot_text(say("timeline-others"))
        annotations.append(
            {
                "text": title,
                "xref": "paper",
                "x": 0,
                "xanchor": "left",
                "y": lane + 0.5,
                "yanchor": "top",
                "name": "lane",
                "showarrow": False,
            }
        )
        years = [one for one in members if one.precision == "year"]
        finer = [one for one in members if one.precision != "year"]
        if years:
            traces.append(_year_bars(years, lane, style, say))
        if finer:
            levels = stack([middle(one) for one in finer], radius)
            step = min(STEP, TALLEST / max(map(abs, levels), default=1)) if any(levels) else STEP
            traces.append(
                go.Scatter(
                    x=[middle(one).isoformat() for one in finer],
                    y=[round(lane + MIDDLE + level * step, 3) for level in levels],
                    customdata=[[one.article.id, one.start, one.end] for one in finer],
                    hovertext=[_hover(one, say, readable_date) for one in finer],
                    hoverinfo="text",
                    mode="markers",
                    name=title,
                    marker={
                        "color": style.colour,
                        "symbol": [style.symbol + ("" if one.precision == "day" else "-open") for one in finer],
                        "size": 9,
                        "line": {"width": [0 if one.precision == "day" else 1.75 for one in finer]},
                    },
                    meta={"role": "dated"},
                )
            )
    layout: dict[str, Any] = {
        "xaxis": {"type": "date", "range": [low.isoformat(), high.isoformat()], "zeroline": False, "automargin": False},
        "yaxis": {
            "range": [-0.5, len(lanes) - 0.5],
            "fixedrange": True,
            "showticklabels": False,
            "tickvals": [at - 0.5 for at in range(len(lanes) + 1)],
            "zeroline": False,
        },
        "annotations": annotations,
        "height": max(len(lanes), 1) * LANE + HEAD + AXIS,
        "margin": {"l": 12, "r": 12, "t": HEAD, "b": AXIS},
        "hovermode": "closest",
        "dragmode": "pan",
        "showlegend": False,
        "barmode": "overlay",
    }
    return as_plain(go.Figure(traces, layout))


def _year_bars(sentences: Sequence[DatedSentence], lane: int, style: Style, say: Say) -> Any:
    """Return one bar for each year that the sentences of a lane name; it opens the first of them."""
    import plotly.graph_objects as go

    counts = Counter(one.when.year for one in sentences)
    first = {one.when.year: one for one in reversed(sentences)}
    years = sorted(first)
    return go.Bar(
        orientation="h",
        base=[f"{year}-01-01" for year in years],
        x=[(date(year, 12, 31) - date(year, 1, 1)).days * DAY_MS for year in years],
        y=[lane + YEARS_AT] * len(years),
        width=[0.04] * len(years),
        customdata=[[first[year].article.id, first[year].start, first[year].end] for year in years],
        hovertext=[
            hover(say("timeline-year-count", year=str(year), count=counts[year]), shorten(first[year].text, WORDS))
            for year in years
        ],
        hoverinfo="text",
        marker={"color": style.colour, "opacity": 0.4, "line": {"width": 0}},
        meta={"role": "years"},
    )


def _hover(sentence: DatedSentence, say: Say, readable_date: Callable[[str], str]) -> str:
    doubts = say_doubts(sentence, say, readable_date)
    return hover(say_date(sentence, say, readable_date), *doubts, shorten(sentence.text, WORDS))


def render_timeline(sentences: Sequence[DatedSentence], say: Say, readable_date: Callable[[str], str]) -> str:
    """Return the dated sentences as lists under years and months; what comes late is folded away by the year."""
    if not sentences:
        return f'<p class="ask-note">{safe(say("timeline-empty"))}</p>'
    parts = [_years(sentences[:SHOWN], say, readable_date)]
    for year, members in groupby(sentences[SHOWN:], key=lambda one: one.when.year):
        rest = list(members)
        title = safe(say("timeline-year-count", year=str(year), count=len(rest)))
        parts.append(
            f'<details class="ask-more-dated"><summary>{title}</summary>{_months(rest, say, readable_date)}</details>'
        )
    return f'<div class="ask-timeline">{"".join(parts)}</div>'


def _years(sentences: Sequence[DatedSentence], say: Say, readable_date: Callable[[str], str]) -> str:
    return "".join(
        f'<h3 class="ask-year">{year}</h3>{_months(list(members), say, readable_date)}'
        for year, members in groupby(sentences, key=lambda one: one.when.year)
    )


def _months(sentences: Sequence[DatedSentence], say: Say, readable_date: Callable[[str], str]) -> str:
    """Return the lists of a year: what names the year alone first, then month after month."""
    parts = []
    whole = [one for one in sentences if one.precision == "year"]
    finer = [one for one in sentences if one.precision != "year"]
    if whole:
        parts.append(_list(whole, say, readable_date))
    for month, members in groupby(finer, key=lambda one: one.when.month):
        listed = list(members)
        title = say("timeline-month", month=month, year=str(listed[0].when.year))
        parts.append(f'<h4 class="ask-month">{safe(title)}</h4>{_list(listed, say, readable_date)}')
    return "".join(parts)


def _list(sentences: Sequence[DatedSentence], say: Say, readable_date: Callable[[str], str]) -> str:
    return f'<ol class="ask-dates">{"".join(_item(one, say, readable_date) for one in sentences)}</ol>'


def _item(sentence: DatedSentence, say: Say, readable_date: Callable[[str], str]) -> str:
    """Return a sentence as a button that opens it."""
    doubts = "".join(
        f'<span class="ask-doubt">{safe(text)}</span>' for text in say_doubts(sentence, say, readable_date)
    )
    return (
        f'<li><button type="button" class="ask-open ask-dated" data-article="{escape(sentence.article.id)}" '
        f'data-start="{sentence.start}" data-end="{sentence.end}">'
        f'<span class="ask-when">{safe(say_date(sentence, say, readable_date))}</span>{doubts}'
        f'<span class="ask-words">{safe(shorten(sentence.text, SENTENCE))}</span>'
        f'<span class="ask-byline">{safe(sentence.article.title)}</span></button></li>'
    )
