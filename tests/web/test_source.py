from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askoctober.types import Article, Copy, Span
from askoctober.web.citing import citation_texts
from askoctober.web.source import (
    COPIES_SHOWN,
    OTHERS_TAKEN,
    SHELF_SHOWN,
    also_at,
    blocks,
    byline,
    headings,
    open_source,
    original,
    render_article,
    render_pane,
    render_problem,
    render_text,
    safe,
    titled,
)
from askoctober.web.wording import LANGUAGES, wording

from .fakes import ARTICLES, BANNERS, BY_ID, CARRIED, GARRISON, HOSTILE, RUPTURE, SCRIPT, VOTED
from .markup import TAG, assert_ours, elements, marked, of_class, words

SAY = wording("en")
prose = st.text(st.sampled_from("ab<>&\"'`{}$ \n\t#->1.*é\u202e\u05d0"), max_size=80)


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, Span, list[Span]]:
    text = draw(prose.filter(lambda value: bool(value.strip())))
    ends = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))
    made = [Span(min(a, b), max(a, b)) for a, b in draw(st.lists(ends, min_size=1, max_size=4)) if a != b]
    return text, made[0] if made else Span(0, len(text)), made[1:]


def span(words_: str, text: str = RUPTURE) -> Span:
    start = text.index(words_)
    return Span(start, start + len(words_))


@settings(deadline=None)
@given(spans())
def test_mark_holds_exactly_the_quote(made: tuple[str, Span, list[Span]]) -> None:
    text, quote, others = made
    html = render_text(text, quote, others)
    assert marked(html, "quote") == text[quote.start : quote.end]
    assert words(html) == text


@settings(deadline=None)
@given(spans())
def test_other_places_are_marked_where_the_quote_is_not(made: tuple[str, Span, list[Span]]) -> None:
    text, quote, others = made
    places = {at for other in others for at in range(other.start, other.end)} - set(range(quote.start, quote.end))
    assert marked(render_text(text, quote, others), "other") == "".join(text[at] for at in sorted(places))


@settings(deadline=None)
@given(prose)
def test_blocks_are_the_whole_text_in_order(text: str) -> None:
    found = list(blocks(text))
    assert "".join(text[block.start : block.end] for block in found) == (text if text.strip() else "")
    assert all(text[block.start : block.end].strip() for block in found)


@settings(deadline=None)
@given(prose)
def test_text_brings_no_tag_of_its_own(text: str) -> None:
    tags = TAG.findall(render_text(text))
    assert all(
        re.fullmatch(r'</?(p|h3|h4|span)( class="ask-\w+"( dir="auto"| aria-hidden="true")?)?>', tag) for tag in tags
    )


@settings(deadline=None)
@given(prose)
def test_anchors_are_at_the_headings_and_no_two_are_alike(text: str) -> None:
    anchors = [element["id"] for element in elements(render_text(text, anchor="at-")) if "id" in element.attributes]
    assert anchors == [f"at-{start}" for start, _, _ in headings(text)]
    assert len(anchors) == len(set(anchors))


@settings(deadline=None)
@given(prose)
def test_headings_are_where_they_say_and_as_deep(text: str) -> None:
    for start, depth, said in headings(text):
        line = text[start:].lstrip()
        assert re.match(rf"#{{{depth}}}[ \t]", line)
        assert said == said.strip() and "\n" not in said and not said.endswith("#")


def test_headings_of_an_article() -> None:
    assert list(headings(RUPTURE)) == [
        (0, 2, "The meeting of 10 October"),
        (RUPTURE.index("### What"), 3, "What the two feared"),
        (RUPTURE.index("## After"), 2, "After the vote"),
    ]
    assert list(headings("# A  <b> ##\nText #no\n####### deep\n\n#tag")) == [(0, 1, "A <b>")]


def test_headings_items_and_paragraphs() -> None:
    html = render_text("\n\n# One\nText\nruns on.\n\n### Two\n- a\n- b\n\nEnd.\n")
    assert re.findall(r'<(\w+) class="(ask-(?:heading|item|paragraph))"', html) == [
        ("h3", "ask-heading"),
        ("p", "ask-paragraph"),
        ("h4", "ask-heading"),
        ("p", "ask-item"),
        ("p", "ask-item"),
        ("p", "ask-paragraph"),
    ]
    assert '<span class="ask-signs" aria-hidden="true">### </span>Two' in html


def test_mark_runs_on_over_a_paragraph() -> None:
    text = "One two.\n\nThree four."
    assert render_text(text, Span(4, 15)) == (
        '<p class="ask-paragraph" dir="auto">One <mark class="ask-quote">two.\n\n</mark></p>'
        '<p class="ask-paragraph" dir="auto"><mark class="ask-quote">Three</mark> four.</p>'
    )


def test_hostile_article_reads_as_it_is_written() -> None:
    html = render_article(BY_ID["hostile"], SAY)
    assert_ours(html)
    assert "<script" not in html and "<img" not in html
    assert words(html).endswith(HOSTILE)


@settings(deadline=None)
@given(prose, prose, prose, prose)
def test_no_article_brings_a_tag_or_an_attribute(title: str, author: str, day: str, text: str) -> None:
    article = Article(title, author, title, author, title, day, f"https://a.example/{text}", text=text)
    assert_ours(render_article(article, SAY) + render_pane([article], SAY))


def test_what_is_known_of_an_article_stands_below_its_title() -> None:
    assert words(byline(BY_ID["rupture"], SAY)) == "Michele B. · Socialist Quarterly · 2 August 2013"
    assert words(byline(BY_ID["rupture"], wording("de"))) == "Michele B. · Socialist Quarterly · 2. August 2013"
    assert words(byline(Article("a", "a.md", "T", date="spring 1917"), SAY)) == "spring 1917"
    assert byline(Article("a", "a.md", "T"), SAY) == ""
    assert safe("a <b> & \u202e") == "<bdi>a &lt;b&gt; &amp; \u202e</bdi>"


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://reading.example/a?b=1&c=%3C2%3E", True),
        ("http://reading.example", True),
        ("HTTPS://reading.example", True),
        ("", False),
        ("reading.example/a", False),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,<script>1</script>", False),
        ("file:///etc/passwd", False),
        ("//reading.example", False),
        ("ftp://reading.example", False),
    ],
)
def test_only_an_address_of_the_web_is_linked(url: str, linked: bool) -> None:
    html = original(Article("a", "a.md", "T", url=url), SAY)
    if linked:
        (link,) = elements(html)
        assert (link.tag, link.words, link["target"], link["rel"]) == ("a", "Original", "_blank", "noopener noreferrer")
        assert link["href"] == url
    else:
        assert html == ""


@pytest.mark.parametrize("url", ["http://[x", "https://[::1", "http://a]b"])
def test_an_address_that_cannot_be_read_is_not_linked(url: str) -> None:
    article = Article("a", "a.md", "T", url=url, text="Text.")
    assert original(article, SAY) == ""
    assert words(render_article(article, SAY)).endswith("Text.")


def test_citations_are_copied_in_three_forms() -> None:
    article, quote = BY_ID["rupture"], span(VOTED)
    html = render_article(article, SAY, quote)
    texts = citation_texts(article, VOTED)
    copies = of_class(html, "ask-copy")
    assert [(button.words, button["data-text"]) for button in copies] == [
        ("Text", texts["plain"]),
        ("Markdown", texts["markdown"]),
        ("BibTeX", texts["bibtex"]),
    ]
    assert copies[0]["data-text"] == (
        f"“{VOTED}” Michele B., “The vote on the insurrection”, Socialist Quarterly, 2013-08-02"
    )
    whole = of_class(render_article(article, SAY), "ask-copy")
    assert [button["data-text"] for button in whole] == list(citation_texts(article).values())
    hostile = of_class(render_article(BY_ID["hostile"], SAY, span(SCRIPT, HOSTILE)), "ask-copy")
    assert [button["data-text"] for button in hostile] == list(citation_texts(BY_ID["hostile"], SCRIPT).values())


@pytest.mark.parametrize("at", [0, 1, 2])
def test_steps_go_round_in_the_order_of_the_text(at: int) -> None:
    places = sorted((span(VOTED), span(CARRIED), span(GARRISON)), key=lambda place: place.start)
    html = render_article(BY_ID["rupture"], SAY, places[at], [place for place in reversed(places)])
    before, after = of_class(html, "ask-step")
    assert (before["aria-label"], after["aria-label"]) == ("The quote before", "The next quote")
    assert (int(before["data-start"]), int(before["data-end"])) == (places[at - 1].start, places[at - 1].end)
    following = places[(at + 1) % 3]
    assert (int(after["data-start"]), int(after["data-end"])) == (following.start, following.end)
    (steps,) = of_class(html, "ask-steps")
    assert steps["aria-label"] == f"Quote {at + 1} of 3" and steps.words.startswith(f"Quote {at + 1} of 3")
    assert marked(html, "quote") == RUPTURE[places[at].start : places[at].end]
    assert sorted(marked(html, "other")) == sorted(
        "".join(RUPTURE[place.start : place.end] for number, place in enumerate(places) if number != at)
    )


def test_one_place_has_no_steps() -> None:
    quote = span(VOTED)
    assert of_class(render_article(BY_ID["rupture"], SAY, quote), "ask-steps") == []
    assert of_class(render_article(BY_ID["rupture"], SAY, quote, [quote, quote]), "ask-steps") == []
    assert of_class(render_article(BY_ID["rupture"], SAY), "ask-steps") == []


@pytest.mark.parametrize(
    "request_",
    [
        None,
        [],
        "rupture",
        {},
        {"article": 3},
        {"article": "../etc/passwd"},
        {"article": "rupture", "start": 0},
        {"article": "rupture", "start": 5, "end": 5},
        {"article": "rupture", "start": -3, "end": 5},
        {"article": "rupture", "start": 0, "end": 10**9},
        {"article": "rupture", "start": "0", "end": "5"},
        {"article": "rupture", "start": True, "end": 5},
        {"article": "rupture", "start": 0.0, "end": 5.0},
    ],
)
def test_what_names_no_place_is_refused(request_: object) -> None:
    html = open_source(BY_ID, request_, SAY)
    assert "not on this shelf" in html or "not in the article" in html
    assert "ask-article" not in html


def test_open_source_marks_the_quote_and_skips_places_that_are_none() -> None:
    start = HOSTILE.index(SCRIPT)
    others = [[0, 1], [5], "x", [9, 3], [0, 10**9], None]
    request_ = {"article": "hostile", "start": start, "end": start + len(SCRIPT), "others": others}
    html = open_source(BY_ID, request_, SAY)
    assert marked(html, "quote") == SCRIPT and marked(html, "other") == "#"
    assert "<mark" not in open_source(BY_ID, {"article": "hostile"}, SAY)


def test_open_source_takes_so_many_other_places_and_no_more() -> None:
    others = [[2 * at, 2 * at + 1] for at in range(OTHERS_TAKEN + 20)]
    html = open_source(BY_ID, {"article": "rupture", "start": 1000, "end": 1004, "others": others}, SAY)
    assert len(marked(html, "other")) == OTHERS_TAKEN


@pytest.mark.parametrize("language", LANGUAGES)
def test_pane_speaks_every_language(language: str) -> None:
    say = wording(language)
    html = open_source(BY_ID, {"article": "nowhere"}, say)
    assert words(html).endswith(say("no-article")) and html == render_problem(say("no-article"), say)
    place = {"article": "rupture", "start": 9, "end": 5}
    assert words(open_source(BY_ID, place, say)).endswith(say("no-place"))
    assert say("read-whole") in render_article(BY_ID["banners"], say, Span(0, 4), [Span(5, 9)])
    assert say.day(date(2017, 6, 18).isoformat()) in render_pane(ARTICLES, say)


def test_pane_lists_what_can_be_opened() -> None:
    assert [button["data-article"] for button in of_class(render_pane(ARTICLES, SAY), "ask-open")] == [
        "banners",
        "hostile",
        "rupture",
    ]
    many = [Article(str(n), f"{n}.md", f"Title {n}") for n in range(SHELF_SHOWN + 3)]
    html = render_pane(many, SAY)
    assert words(html).endswith("and 3 more, which answers can cite") and html.count("<li>") == SHELF_SHOWN
    assert "more" not in render_pane(many[:SHELF_SHOWN], SAY)


def test_whole_article_can_be_read_from_the_pane() -> None:
    (button,) = of_class(render_article(BY_ID["banners"], SAY), "ask-whole")
    assert (button["data-article"], button.words) == ("banners", "Read whole")
    assert of_class(render_problem("<b>", SAY), "ask-whole") == [] and "&lt;b&gt;" in render_problem("<b>", SAY)
    assert words(render_article(BY_ID["banners"], SAY)).endswith(BANNERS)


PAGED = replace(BY_ID["rupture"], pages=(0, RUPTURE.index(VOTED), RUPTURE.index(VOTED) + 9))


def test_an_open_quote_names_its_pages() -> None:
    html = render_article(PAGED, SAY, span(VOTED))
    assert of_class(html, "ask-byline")[0].words.endswith("2 August 2013 · pp. 2–3")
    assert [button["data-text"] for button in of_class(html, "ask-copy")] == list(
        citation_texts(PAGED, VOTED, pages=(2, 3)).values()
    )
    assert of_class(render_article(PAGED, SAY), "ask-byline")[0].words.endswith("2 August 2013")
    assert words(titled(PAGED, 0, 1, wording("de"))) == "The vote on the insurrection S. 1"


def test_copies_are_named_with_their_links() -> None:
    copies = (
        Copy("b.md", "<b>", publisher="<i>Other</i>", date="2014-01-02", url="https://y.example/?a&b"),
        Copy("c.md", "{{value}}", url="javascript:x"),
        Copy("d.md", ""),
    )
    html = also_at(replace(PAGED, copies=copies), SAY)
    rows = [row.words for row in elements(html) if row.tag == "li"]
    assert rows == ["<i>Other</i> · 2 January 2014 Original", "{{value}}", "d.md"]
    assert [link["href"] for link in elements(html) if link.tag == "a"] == ["https://y.example/?a&b"]
    assert words(html).startswith("Also at")
    assert html in render_article(replace(PAGED, copies=copies), SAY)
    assert_ours(html)
    many = also_at(replace(PAGED, copies=copies[:1] * (COPIES_SHOWN + 2)), SAY)
    assert words(many).endswith("and 2 more")
    assert also_at(PAGED, SAY) == ""
