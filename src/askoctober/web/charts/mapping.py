"""The map: every passage a point, coloured by its article, with a question and what it retrieved among them.

The figure is data for plotly.js; `static/figures.js` draws it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from askoctober.types import Chunk, FloatArray, Hit, Store
from askoctober.web.charts.plotting import (
    OTHER,
    TITLE,
    WORDS,
    Style,
    as_plain,
    hover,
    legend_title,
    plot_text,
    shorten,
    styles_of,
)
from askoctober.web.charts.projection import Projection, locate, place_among, rows_of

EDGE = 1.12
FEW = 400
"""Up to so many points may be large."""
BADGE = 0.09
"""About the width of a badge on a screen, where the map is 2 wide."""
Place: TypeAlias = tuple[str, int, int]
"""An article's id, and a span of its text."""


def map_figure(
    store: Store,
    projection: Projection,
    say: Callable[..., str],
    *,
    question: str = "",
    hits: Sequence[Hit] = (),
    cited: Sequence[Place] = (),
) -> dict[str, Any]:
    """Return the map as plotly's `data` and `layout`, plain JSON.

    `cited` are places (article id, start, end) that an answer cites. Each point's `customdata` is such a place: that of
    its passage. A trace's `meta.role` says what it shows: "article", "retrieved", "cited" or "question".
    """
    import plotly.graph_objects as go

    styles = styles_of(store)
    chunks = [store.chunk(row) for row in projection.rows]
    groups: dict[str, list[int]] = {name: [] for name in [*styles, ""]}
    for at, chunk in enumerate(chunks):
        groups[chunk.article_id if chunk.article_id in styles else ""].append(at)
    others = len({chunks[at].article_id for at in groups[""]})
    traces = []
    for name, members in groups.items():
        if not members:
            continue
        style = styles.get(name, OTHER)
        traces.append(
            go.Scatter(
                **_places(projection.points[members], [chunks[at] for at in members]),
                mode="markers",
                name=legend_title(chunks[members[0]].article) if name else plot_text(say("map-others", count=others)),
                marker={"color": style.colour, "symbol": style.symbol, "size": 10 if len(chunks) <= FEW else 7},
                meta={"role": "article"},
            )
        )
    points, found = _retrieved(store, projection, hits)
    traces += _badges(points, found, say, cited, styles)
    if found and question.strip():
        x, y = place_among(points, [hit.score for hit in found])
        traces.append(
            go.Scatter(
                x=[round(x, 4)],
                y=[round(y, 4)],
                mode="markers",
                name=plot_text(say("map-question")),
                hovertext=[hover(shorten(question, WORDS))],
                hoverinfo="text",
                cliponaxis=False,
                marker={"symbol": "star", "size": 22, "line": {"width": 1.5}},
                meta={"role": "question"},
            )
        )
    layout: dict[str, Any] = {
        "xaxis": {"visible": False, "range": [-EDGE, EDGE]},
        "yaxis": {"visible": False, "range": [-EDGE, EDGE], "scaleanchor": "x", "scaleratio": 1},
        "legend": {"itemsizing": "constant"},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "hovermode": "closest",
        "dragmode": "pan",
        "showlegend": True,
    }
    return as_plain(go.Figure(traces, layout))


def _places(points: FloatArray, chunks: Sequence[Chunk], ranks: Sequence[str] = ()) -> dict[str, Any]:
    """Return what a trace needs to show chunks at points."""
    labels = ranks or [""] * len(chunks)
    return {
        "x": [round(float(x), 4) for x in points[:, 0]],
        "y": [round(float(y), 4) for y in points[:, 1]],
        "customdata": [[chunk.article_id, chunk.start, chunk.end] for chunk in chunks],
        "hovertext": [
            hover(shorten(chunk.article.title, TITLE * 2), rank, shorten(chunk.text, WORDS))
            for chunk, rank in zip(chunks, labels, strict=True)
        ],
        "hoverinfo": "text",
        "cliponaxis": False,
    }


def _retrieved(store: Store, projection: Projection, hits: Sequence[Hit]) -> tuple[FloatArray, list[Hit]]:
    """Return the hits that this store holds, the best last, so that it is drawn above the others, and their points."""
    rows = rows_of(store, [hit.chunk.id for hit in hits])
    known = [(hit, int(row)) for hit, row in zip(hits, rows, strict=True) if row >= 0 and projection.rows]
    known.sort(key=lambda pair: -pair[0].rank)
    return locate(store, projection, [row for _, row in known]), [hit for hit, _ in known]


def _badges(
    points: FloatArray,
    hits: Sequence[Hit],
    say: Callable[..., str],
    cited: Sequence[Place],
    styles: Mapping[str, Style],
) -> list[Any]:
    """Return the traces of what was retrieved: its rank in a ring, and filled where an answer cites it."""
    import plotly.graph_objects as go

    marks: dict[str, list[int]] = {"retrieved": [], "cited": []}
    for at, hit in enumerate(hits):
        marks["cited" if _is_cited(hit.chunk, cited) else "retrieved"].append(at)
    points = _apart(points)
    traces = []
    for role, members in marks.items():
        if not members:
            continue
        shown = [hits[at] for at in members]
        ranks = [say("map-rank", rank=hit.rank) for hit in shown]
        traces.append(
            go.Scatter(
                **_places(points[members], [hit.chunk for hit in shown], ranks),
                mode="markers+text",
                name=plot_text(say(f"map-{role}")),
                text=[str(hit.rank) for hit in shown],
                textposition="middle center",
                textfont={"size": 12},
                marker={
                    "size": 23,
                    "line": {"width": 2.5, "color": [styles.get(hit.chunk.article_id, OTHER).colour for hit in shown]},
                },
                meta={"role": role},
            )
        )
    return traces


def _apart(points: FloatArray) -> FloatArray:
    """Return points pushed a little apart where the badges on them would hide each other's rank."""
    moved = np.array(points, np.float64)
    for _ in range(12):
        gaps = moved[:, None] - moved[None]
        # Two on one spot part in directions of their own.
        turns = np.arange(len(moved))[:, None] - np.arange(len(moved))[None]
        gaps += np.where((np.abs(gaps).sum(-1) < 1e-9) & (turns != 0), np.sign(turns) * 1e-3, 0)[..., None]
        lengths = np.linalg.norm(gaps, axis=-1)
        push = np.where((lengths > 0) & (lengths < BADGE), (BADGE - lengths) / 2 / np.maximum(lengths, 1e-9), 0)
        moved += (gaps * push[..., None]).sum(axis=1) / 2
    return np.asarray(points + np.clip(moved - points, -BADGE, BADGE), np.float32)


def _is_cited(chunk: Chunk, cited: Sequence[Place]) -> bool:
    return any(name == chunk.article_id and start < chunk.end and chunk.start < end for name, start, end in cited)
