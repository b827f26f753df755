"""The timeline: a plot in lanes, and a list that has all of it in words."""

from __future__ import annotations

import datetime
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from askoctober.calendars import Calendars
from askoctober.types import Article
from askoctober.web.charts import timeline
from askoctober.web.charts.dating import DatedSentence, Precision, find_dated
from askoctober.web.charts.lanes import MOST_LANES, divide, stack, window
from askoctober.web.charts.plotting import styles_of
from askoctober.web.charts.timeline import render_timeline, timeline_figure

from .shelf import MemoryStore, say

OLD_STYLE = Calendars(datetime.date(1918, 2, 14), 1917)
HOSTILE = "<script>x</script> & \"quoted\" 'single'"


def dated(when: str, precision: Precision = "day", article: str = "a", **more: Any) -> DatedSentence:
    text = more.pop("text", f"Of {when}.")
    made = Article(article, f"{article}.md", more.pop("title", f"Title of {article}"))
    return DatedSentence(made, 5, 5 + len(text), text, datetime.date.fromisoformat(when), precision, when, **more)


def figure_of(sentences: list[DatedSentence], **arguments: Any) -> dict[str, Any]:
    made = timeline_figure(sentences, say, **arguments)
    assert json.loads(json.dumps(made)) == made
    return made


def test_days_are_full_months_open_and_years_bars() -> None:
    made = figure_of([dated("1905-01-01", "year"), dated("1917-02-01", "month"), dated("1917-02-23")])
    bars, points = made["data"]
    assert points["x"] == ["1917-02-15", "1917-02-23"]
    assert points["marker"]["symbol"] == ["circle-open", "circle"]
    assert points["customdata"] == [["a", 5, 19], ["a", 5, 19]]
    assert bars["base"] == ["1905-01-01"] and bars["x"] == [364 * 86_400_000]
    assert bars["hovertext"] == ["<b>timeline-year-count year=1905 count=1</b><br>Of 1905-01-01."]
    assert points["hovertext"][0] == "<b>timeline-month month=2 year=1917</b><br>Of 1917-02-01."


def test_a_year_that_is_named_often_is_one_bar() -> None:
    (bars,) = figure_of([dated("1917-01-01", "year", text=text) for text in ("First.", "Second.")])["data"]
    assert bars["base"] == ["1917-01-01"] and bars["customdata"] == [["a", 5, 11]]
    assert bars["hovertext"] == ["<b>timeline-year-count year=1917 count=2</b><br>First."]


def test_the_hover_says_both_calendars_and_what_is_a_guess() -> None:
    store = MemoryStore({"a": "It fell on 25 October."})
    (points,) = figure_of(list(find_dated(store, OLD_STYLE)))["data"]
    assert points["hovertext"] == [
        "<b>1917-10-25</b><br>timeline-either new=1917-11-07 old=1917-10-12<br>timeline-supposed"
        "<br>It fell on 25 October."
    ]


def test_lanes_have_the_colours_of_the_map_and_their_titles() -> None:
    texts = {f"a{at}": f"On {at + 1} May 1917 it rained here and there." for at in range(3)}
    store = MemoryStore(texts | {"a1": "No date is here, none at all."})
    made = figure_of(list(find_dated(store)), styles=styles_of(store))
    styles = styles_of(store)
    assert [trace["marker"]["color"] for trace in made["data"]] == [styles["a0"].colour, styles["a2"].colour]
    assert [note["text"] for note in made["layout"]["annotations"]] == ["Title of a0", "Title of a2"]
    # The first lane is the upper one.
    assert made["data"][0]["y"][0] > made["data"][1]["y"][0]
    assert made["layout"]["yaxis"]["range"] == [-0.5, 1.5]
    assert not re.search(r"font|template", json.dumps(made["layout"]))


def test_more_articles_than_lanes_share_the_last() -> None:
    sentences = [dated("1917-05-01", article=f"a{at:02}") for at in range(MOST_LANES + 2) for _ in range(1 + (at < 11))]
    lanes = divide(sentences)
    assert len(lanes) == MOST_LANES and [name for name, _, _ in lanes][-2:] == ["a10", ""]
    assert {one.article.id for one in lanes[-1][2]} == {"a11", "a12", "a13"}
    assert figure_of(sentences)["layout"]["annotations"][-1]["text"] == "timeline-others"


def test_outliers_do_not_press_the_rest_together() -> None:
    inside = [dated(f"1917-{month:02}-01") for month in range(1, 13)] * 2
    low, high = window([dated("1792-01-01"), *inside, dated("2007-10-26")])
    assert datetime.date(1916, 12, 1) < low < datetime.date(1917, 1, 1)
    assert datetime.date(1917, 12, 1) < high < datetime.date(1918, 1, 1)
    low, high = window([dated("1917-01-01"), dated("1917-12-01"), dated("1917-06-01")])
    assert low < datetime.date(1917, 1, 1) and high > datetime.date(1917, 12, 1)
    assert window([]) and window([dated("0001-01-01")]) and window([dated("9999-12-31")])


def test_points_of_one_day_stand_above_each_other() -> None:
    day = datetime.date(1917, 5, 1)
    assert stack([day, day, day, day + datetime.timedelta(days=40), day], 3) == [0, 1, -1, 0, 2]
    assert max(map(abs, stack([day] * 500, 3))) < 20
    (points,) = figure_of([dated("1917-05-01") for _ in range(100)])["data"]
    assert min(points["y"]) > -0.4 and max(points["y"]) < 0.3


def test_an_empty_shelf_has_an_empty_plot_and_says_so() -> None:
    assert figure_of([])["data"] == []
    assert render_timeline([], say, str) == '<p class="ask-note"><bdi>timeline-empty</bdi></p>'


class Outline(HTMLParser):
    """Tags that stay open, and the text of headings and summaries."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.heads: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        head = {"h3", "h4", "summary"} & set(self.open)
        if head:
            self.heads.append(f"{head.pop()} {data}")


def test_the_list_is_grouped_by_year_and_month() -> None:
    sentences = [
        dated("1905-01-01", "year"),
        dated("1917-01-01", "year"),
        dated("1917-02-01", "month"),
        dated("1917-02-23", old="1917-02-10", new="1917-03-08", supposed_year=True),
    ]
    made = render_timeline(sentences, say, lambda value: f"<{value}>")
    outline = Outline(made)
    assert outline.open == []
    assert outline.heads == ["h3 1905", "h3 1917", "h4 timeline-month month=2 year=1917"]
    last = made[made.rindex("<li>") :]
    assert 'class="ask-open ask-dated" data-article="a" data-start="5" data-end="19">' in last
    assert '<span class="ask-when"><bdi>&lt;1917-02-23&gt;</bdi></span>' in last
    assert "<bdi>timeline-either new=&lt;1917-03-08&gt; old=&lt;1917-02-10&gt;</bdi>" in last
    assert "<bdi>timeline-supposed</bdi>" in last and "<bdi>Of 1917-02-23.</bdi>" in last
    assert "<bdi>Title of a</bdi>" in last


def test_what_comes_late_in_a_long_list_is_folded_by_the_year(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "SHOWN", 3)
    sentences = [dated(f"{year}-05-01") for year in (1903, 1904, 1904, 1904, 1905)]
    made = render_timeline(sentences, say, str)
    outline = Outline(made)
    assert [head for head in outline.heads if not head.startswith("h4")] == [
        "h3 1903",
        "h3 1904",
        "summary timeline-year-count year=1904 count=1",
        "summary timeline-year-count year=1905 count=1",
    ]
    assert made.count("<details") == 2 and made.count("<li>") == 5


def test_articles_are_no_markup() -> None:
    sentences = [dated("1917-05-01", text=f"{HOSTILE} of 1 May.", title=HOSTILE, article='a" onclick="x')]
    outline = Outline(render_timeline(sentences, say, str))
    assert outline.tags == {"div", "h3", "h4", "ol", "li", "button", "span", "bdi"}
    shown = json.dumps(figure_of(sentences)).replace("<br>", "").replace("<b>", "").replace("</b>", "")
    assert "<" not in shown and "&lt;script&gt;" in shown
