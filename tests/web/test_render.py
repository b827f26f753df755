from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.types import Article, EvidenceFound, Sentence, SentenceChecked, Span, TextPiece
from askoctober.web.app import run
from askoctober.web.render import render_header, render_status, render_turn, render_welcome, snippet, status
from askoctober.web.session import Session, Turn, unchecked
from askoctober.web.source import blocks, open_source, readable_date, render_article, render_shelf, render_text

from .fakes import ARTICLES, BY_ID, CARRIED, HOSTILE, RUPTURE, SCRIPT, VOTED, FakeAssistant, citation

TAG = re.compile(r"<[^>]*>")
ALLOWED = {"article", "bdi", "button", "div", "h2", "h3", "h4", "li", "mark", "ol", "p", "q", "section", "span", "ul"}

prose = st.text(st.sampled_from("ab<>&\"'`{}$ \n\t#->1.*é\u202e\u05d0"), max_size=80)


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, Span, list[Span]]:
    text = draw(prose.filter(lambda value: bool(value.strip())))
    ends = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))
    made = [Span(min(a, b), max(a, b)) for a, b in draw(st.lists(ends, min_size=1, max_size=4)) if a != b]
    return text, made[0] if made else Span(0, len(text)), made[1:]


def words(html: str) -> str:
    return unescape(TAG.sub("", html))


def marked(html: str, kind: str) -> str:
    return unescape("".join(re.findall(rf'<mark class="ask-{kind}">(.*?)</mark>', html, re.DOTALL)))


def asked(question: str, session: Session | None = None) -> Session:
    session = session or Session()
    assert session.begin(question)
    for _ in run(FakeAssistant(0), session):
        pass
    return session


def last(question: str) -> Turn:
    turn = asked(question).last
    assert turn is not None
    return turn


@given(spans())
def test_mark_holds_exactly_the_quote(made: tuple[str, Span, list[Span]]) -> None:
    text, quote, others = made
    html = render_text(text, quote, others)
    assert marked(html, "quote") == text[quote.start : quote.end]
    assert words(html) == text


@given(spans())
def test_other_places_are_marked_where_the_quote_is_not(made: tuple[str, Span, list[Span]]) -> None:
    text, quote, others = made
    places = {at for other in others for at in range(other.start, other.end)} - set(range(quote.start, quote.end))
    assert marked(render_text(text, quote, others), "other") == "".join(text[at] for at in sorted(places))


@given(prose)
def test_blocks_are_the_whole_text_in_order(text: str) -> None:
    found = list(blocks(text))
    assert "".join(text[block.start : block.end] for block in found) == (text if text.strip() else "")
    assert all(text[block.start : block.end].strip() for block in found)


@given(prose)
def test_text_brings_no_tag_of_its_own(text: str) -> None:
    tags = TAG.findall(render_text(text))
    assert all(
        re.fullmatch(r'</?(p|h3|h4|span)( class="ask-\w+"( dir="auto"| aria-hidden="true")?)?>', tag) for tag in tags
    )


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


@pytest.mark.parametrize("question", ["Who voted against?", "the hostile one", "weather", "long", "crash"])
def test_every_tag_and_attribute_is_ours(question: str) -> None:
    html = render_turn(last(question)) + render_shelf(ARTICLES) + render_article(BY_ID["hostile"]) + render_welcome()
    for tag in TAG.findall(html):
        name = re.match(r"</?(\w+)", tag)
        assert name and name.group(1) in ALLOWED | {"details", "summary"}, tag
        assert not re.search(r"\son\w+=|javascript:", re.sub(r'"[^"]*"', "", tag)), tag


def test_hostile_article_reads_as_it_is_written() -> None:
    html = render_article(BY_ID["hostile"])
    assert "<script" not in html and "<img" not in html
    assert words(html).endswith(HOSTILE)


def test_hostile_title_stays_inside_its_attribute() -> None:
    html = render_turn(last("the hostile one"))
    assert (
        'aria-label="Source 1: &lt;img src=x onerror=&#x27;window.hacked=5&#x27;&gt;{{value}}${window.hacked=6}"'
        in html
    )


def test_answer_shows_sentences_marks_and_sources() -> None:
    html = render_turn(last("Who voted against?"))
    start = RUPTURE.index(VOTED)
    button = (
        f'<button type="button" class="ask-open ask-cite" data-article="rupture" data-start="{start}" '
        f'data-end="{start + len(VOTED)}" aria-label="Source 1: The vote on the insurrection">1</button>'
    )
    assert f'Zinoviev and Kamenev voted against the insurrection<span class="ask-held">.{button}</span>' in html
    assert html.count('class="ask-open ask-cite"') == html.count('class="ask-open ask-source"') == 3
    assert html.count("source’s own words") == 1
    assert "Found 4 passages" in html and "each sentence checked against its source · 6.4 s" in html
    assert "Searched for" not in html


def test_decline_shows_the_nearest_passages_and_no_citation() -> None:
    turn = last("weather")
    html = render_turn(turn)
    assert "The articles on this shelf do not say." in html and "Nearest passages" in html
    assert html.count("ask-card-button") == 2 and "ask-cite" not in html
    assert status(turn) == "The articles do not answer this."


def test_errors_show_their_line_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    assert "The question is too long; ask in at most 2,000 characters." in render_turn(last("long"))
    assert "Something went wrong; the terminal says more." in render_turn(last("crash"))
    assert "boom" not in render_turn(last("crash"))
    assert caplog.records[-1].exc_info and str(caplog.records[-1].exc_info[1]) == "boom"


def test_stages_of_a_turn() -> None:
    turn = Turn("Q?", 7)
    seen = [status(turn)]
    cited = citation(2, "rupture", CARRIED)
    for event in (
        EvidenceFound("Q?", (), ()),
        TextPiece("Half a"),
        TextPiece(" sentence. [2] "),
        SentenceChecked(Sentence("Whole.", (2,), "quoted"), (cited,)),
        TextPiece("More"),
    ):
        turn.take(event)
        seen.append(status(turn))
    assert seen == [
        "Waiting for its turn",
        "Reading 0 passages",
        "Writing",
        "Checking against the source",
        "Writing",
        "Writing",
    ]
    assert 'data-run="7"' in render_status(turn)
    turn.stop()
    turn.take(TextPiece("too late"))
    assert (turn.stage, turn.draft, turn.text) == ("stopped", "", "Whole. [2]")
    assert "stopped</span>" in render_turn(turn) and "data-run" not in render_status(turn)


def test_dropped_sentence_leaves_the_page() -> None:
    turn = Turn("Q?", 1)
    turn.take(TextPiece("An invention. Then"))
    turn.take(SentenceChecked(None))
    assert (turn.draft, turn.sentences) == ("Then", [])


@pytest.mark.parametrize(
    ("draft", "rest"),
    [
        ("One. Two", "Two"),
        ("One. [1][2] Two", "Two"),
        ('He said "no." And', "And"),
        ("One.", ""),
        ("One", ""),
        ("", ""),
    ],
)
def test_unchecked(draft: str, rest: str) -> None:
    assert unchecked(draft) == rest


def test_follow_up_knows_the_turns_before_it_and_not_the_failed() -> None:
    session = asked("crash", asked("Who voted against?"))
    assert session.begin("And why?")
    first = session.turns[0]
    assert session.history() == [
        {"role": "user", "content": "Who voted against?"},
        {"role": "assistant", "content": first.text},
    ]
    assert "[1]" in first.text


def test_session_takes_one_question_at_a_time_and_none_that_is_empty() -> None:
    session = Session()
    assert not session.begin("  ") and session.begin(" a ") and not session.begin("b")
    turn = session.claim()
    assert turn is not None and turn.question == "a" and session.claim() is None
    session.stop()
    assert session.retry() and [t.question for t in session.turns] == ["a"]
    session.clear()
    assert not session.turns and not session.retry()


def test_closing_a_run_closes_the_stream() -> None:
    fake, session = FakeAssistant(0), Session()
    session.begin("Who?")
    steps = run(fake, session)
    for _ in range(4):
        next(steps)
    steps.close()
    assert fake.closed == 1 and session.last is not None and session.last.stage == "stopped"


def test_stop_ends_a_run_at_its_next_event() -> None:
    fake, session = FakeAssistant(0), Session()
    session.begin("Who?")
    for count, _ in enumerate(run(fake, session)):
        if count == 15:
            session.stop()
    assert fake.closed == 1 and session.last is not None
    assert session.last.stage == "stopped" and len(session.last.sentences) == 1


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
    html = open_source(BY_ID, request_)
    assert "not on this shelf" in html or "not in the article" in html
    assert "ask-article" not in html


def test_open_source_marks_the_quote_and_skips_places_that_are_none() -> None:
    start = HOSTILE.index(SCRIPT)
    others = [[0, 1], [5], "x", [9, 3], [0, 10**9], None]
    html = open_source(BY_ID, {"article": "hostile", "start": start, "end": start + len(SCRIPT), "others": others})
    assert marked(html, "quote") == SCRIPT and marked(html, "other") == "#"
    assert "<mark" not in open_source(BY_ID, {"article": "hostile"})


def test_shelf_lists_what_can_be_opened() -> None:
    html = render_shelf(ARTICLES)
    assert re.findall(r'data-article="(\w+)"', html) == ["banners", "hostile", "rupture"]
    many = [Article(str(n), f"{n}.md", f"Title {n}") for n in range(203)]
    assert "and 3 more" in render_shelf(many) and render_shelf(many).count("<li>") == 200


def test_small_things() -> None:
    assert readable_date("2013-08-02") == "2 August 2013" and readable_date("spring") == "spring"
    assert snippet("## A  heading\n\nand words, many", 18) == "A heading and …"
    assert "<h1><bdi>a &lt;b&gt;</bdi></h1><p>1 article<span>," in render_header("a <b>", 1)
