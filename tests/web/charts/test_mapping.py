"""The map's figure: what stands where, in which colour, and that no title or question is markup."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.types import Hit
from askoctober.web.charts.mapping import BADGE, _apart, map_figure
from askoctober.web.charts.plotting import MOST_NAMED, PALETTE, TITLE, hover, plot_text, shorten, style_all, styles_of
from askoctober.web.charts.projection import project

from .shelf import PlainStore, say

HOSTILE = "<b>bold</b> & <a href='javascript:x'>link</a> \u202eright\u202c %{x} $y$ \x00"


def figure_of(store: PlainStore, **arguments: Any) -> dict[str, Any]:
    made = map_figure(store, project(store), say, **arguments)
    assert json.loads(json.dumps(made)) == made
    return made


def role(figure: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [trace for trace in figure["data"] if trace["meta"]["role"] == name]


def hits_of(store: PlainStore, rows: list[int]) -> list[Hit]:
    return [Hit(store.chunk(row), 1 / rank, rank) for rank, row in enumerate(rows, start=1)]


def test_every_passage_is_a_point_that_opens() -> None:
    store = PlainStore([4, 3])
    traces = role(figure_of(store), "article")
    assert [trace["name"] for trace in traces] == ["Title 0", "Title 1"]
    places = [place for trace in traces for place in trace["customdata"]]
    assert places == [[chunk.article_id, chunk.start, chunk.end] for chunk in map(store.chunk, range(7))]
    assert traces[0]["hovertext"][2] == "<b>Title 0</b><br>Paragraph 2 of article 0."
    assert [len(trace["x"]) for trace in traces] == [len(trace["y"]) for trace in traces] == [4, 3]
    assert traces[0]["marker"]["color"] != traces[1]["marker"]["color"]


def test_the_figure_names_no_colour_of_text_or_page() -> None:
    store = PlainStore([4])
    made = figure_of(store, question="Why?", hits=hits_of(store, [0, 1]), cited=[("a000", 0, 5)])
    assert "template" not in made["layout"] and "title" not in made["layout"]
    assert made["layout"]["paper_bgcolor"] == made["layout"]["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert made["layout"]["yaxis"]["scaleanchor"] == "x" and not made["layout"]["xaxis"]["visible"]
    named = set(re.findall(r"#[0-9a-f]{6}", json.dumps(made)))
    assert named <= set(PALETTE)


def test_what_was_retrieved_is_ringed_with_its_rank_and_what_is_cited_apart() -> None:
    store = PlainStore([4, 3])
    hits = hits_of(store, [5, 1, 2])
    cited = [(store.chunk(1).article_id, store.chunk(1).start + 2, store.chunk(1).end + 40)]
    made = figure_of(store, question="Who was it?", hits=hits, cited=cited)
    (retrieved,), (marked,), (star,) = role(made, "retrieved"), role(made, "cited"), role(made, "question")
    # Article 0's third paragraph is overlapped by the cited place; the best is drawn last, above the others.
    assert retrieved["text"] == ["1"] and marked["text"] == ["3", "2"]
    assert retrieved["customdata"] == [[store.chunk(5).article_id, store.chunk(5).start, store.chunk(5).end]]
    assert retrieved["marker"]["line"]["color"] == [styles_of(store)["a001"].colour]
    assert retrieved["hovertext"][0].split("<br>")[1] == "map-rank rank=1"
    assert star["hovertext"] == ["<b>Who was it?</b>"]
    assert star["name"] == "map-question"


def test_the_question_stands_at_the_weighted_middle() -> None:
    store = PlainStore([8])
    made = project(store)
    hits = [Hit(store.chunk(0), 3.0, 1), Hit(store.chunk(5), 1.0, 2)]
    (star,) = role(map_figure(store, made, say, question="Why?", hits=hits), "question")
    expected = (3 * made.points[0] + made.points[5]) / 4
    assert [star["x"][0], star["y"][0]] == pytest.approx(expected.tolist(), abs=1e-3)


def test_hits_of_an_older_shelf_and_an_empty_question_are_left_out() -> None:
    store, older = PlainStore([4]), PlainStore([9])
    made = figure_of(store, question="Why?", hits=hits_of(older, [8]))
    assert not role(made, "retrieved") and not role(made, "question") and "annotations" not in made["layout"]
    assert not role(figure_of(store, question="  ", hits=hits_of(store, [0])), "question")


@pytest.mark.parametrize("counts", [[], [1], [1, 1], [3]])
def test_tiny_shelves(counts: list[int]) -> None:
    store = PlainStore(counts)
    hits = hits_of(store, list(range(store.size)))
    made = figure_of(store, question="Why?", hits=hits)
    assert sum(len(trace["x"]) for trace in role(made, "article")) == sum(counts)
    assert len(role(made, "question")) == bool(counts)


def test_many_articles_the_fullest_by_name_and_the_rest_together() -> None:
    store = PlainStore([3] * (MOST_NAMED - 1) + [1, 1, 1])
    traces = role(figure_of(store), "article")
    assert len(traces) == MOST_NAMED
    assert traces[-1]["name"] == "map-others count=3" and len(traces[-1]["x"]) == 3
    assert len({(trace["marker"]["color"], trace["marker"]["symbol"]) for trace in traces}) == MOST_NAMED


def test_titles_and_questions_are_no_markup() -> None:
    store = PlainStore([3], title=HOSTILE)
    made = figure_of(store, question=HOSTILE, hits=hits_of(store, [0]))
    shown = json.dumps(made, ensure_ascii=False).replace("<br>", "")
    assert set(re.findall(r"<[^>]*>", shown)) <= {"<b>", "</b>"}
    assert not re.search(r"<b>bold|javascript:x'>|[\u202e\u202c\x00]", shown)
    assert "&lt;b&gt;bold" in made["data"][0]["name"]


def test_long_titles_are_cut_at_a_word() -> None:
    assert shorten("## Six words, which are many: really", 12) == "Six words…"
    assert shorten("word " * 100_000, 9) == "word word…"
    assert shorten("x" * 99, 5) == "xxxxx…"
    assert shorten("Just right", 10) == "Just right"
    store = PlainStore([1], title="A title " * 30)
    assert len(role(figure_of(store), "article")[0]["name"]) <= TITLE + 1


@given(st.text(max_size=80))
def test_plot_text_is_read_back_as_it_was(text: str) -> None:
    made = plot_text(text)
    assert "<" not in made and not re.search(r"&(?!(?:amp|lt|gt);)", made)
    plain = made.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert set(plain) <= set(text) | {" "}


def test_hover_wraps_and_skips_what_is_empty() -> None:
    assert hover("A & B", "", "c") == "<b>A &amp; B</b><br>c"
    assert max(map(len, hover("t", "word " * 40).split("<br>"))) <= 58
    assert hover("") == ""


def luminance(colour: str) -> float:
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("page", ["#ffffff", "#201e1c"])
def test_points_stand_out_by_day_and_by_night(page: str) -> None:
    for colour in PALETTE:
        light, dark = sorted((luminance(colour), luminance(page)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3


def test_styles_differ_as_long_as_they_can() -> None:
    styles = style_all(f"a{at}" for at in range(40))
    assert len(set(styles.values())) == 40


def test_badges_make_room_for_each_other() -> None:
    points = np.array([[0, 0], [0, 0], [0.01, 0], [0.9, 0.9]], np.float32)
    moved = _apart(points)
    gaps = np.linalg.norm(moved[:3, None] - moved[None, :3], axis=-1)[np.triu_indices(3, 1)]
    assert gaps.min() > BADGE / 2 and np.abs(moved - points).max() <= BADGE + 1e-6
    assert moved[3].tolist() == points[3].tolist()
    assert _apart(np.zeros((0, 2), np.float32)).shape == (0, 2)
