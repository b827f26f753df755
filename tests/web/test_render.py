from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askoctober.answering.assistant import DECLINED
from askoctober.answering.disagreement import CALENDARS, DIFFER
from askoctober.types import (
    Answer,
    Article,
    Chunk,
    Citation,
    Evidence,
    EvidenceFound,
    Hit,
    Reading,
    Sentence,
    SentenceChecked,
    Span,
    TextPiece,
)
from askoctober.web.frame import render_welcome
from askoctober.web.render import SUPPORT, mark_button, render_status, render_turn, render_turns, snippet, status
from askoctober.web.session import Turn
from askoctober.web.source import render_article, render_pane
from askoctober.web.wording import LANGUAGES, Wording, message_ids, wording

from .fakes import (
    ARTICLES,
    BANNERS,
    BY_ID,
    CARRIED,
    EVIDENCE,
    GARRISON,
    IMAGE,
    RUPTURE,
    SCRIPT,
    SLOGANS,
    VOTED,
    FakeAssistant,
    citation,
    hit,
)
from .markup import Element, assert_ours, elements, of_class, words

SAY = wording("en")
prose = st.text(st.sampled_from("ab<>&\"'`{}$ \n=/#é\u202e\u05d0"), min_size=1, max_size=40)


def asked(question: str, upto: int = 10_000, number: int = 1, **changes: Any) -> Turn:
    """A turn after so many events of its answer."""
    turn = Turn(question, number)
    try:
        for event in list(FakeAssistant(0).stream(question))[:upto]:
            turn.take(event)
    except Exception as error:
        turn.fail("error-unexpected" if type(error) is RuntimeError else str(error))
    for name, value in changes.items():
        setattr(turn, name, value)
    return turn


def stopped(upto: int = 12) -> Turn:
    turn = asked("Who voted against?", upto)
    turn.stop()
    return turn


def resumed() -> Turn:
    turn = stopped(40)
    turn.resume()
    turn.take(TextPiece("Draft of what is there"))
    return turn


def actions(html: str) -> list[str]:
    return [button["data-act"] for button in of_class(html, "ask-act") if "data-act" in button.attributes]


STATES: dict[str, Callable[[], Turn]] = {
    "waiting": lambda: Turn("Q?", 1),
    "queued": lambda: asked("Q?", 1, ahead=2),
    "searching": lambda: asked("Q?", 0, stage="searching"),
    "found": lambda: asked("Q?", 1),
    "reading": lambda: asked("Q?", 1, read=1, to_read=3),
    "writing": lambda: asked("Q?", 4),
    "checking": lambda: asked("Q?", 10),
    "sentence": lambda: asked("Q?", 11),
    "done": lambda: asked("Q?"),
    "rated": lambda: asked("Q?", rating="up"),
    "worded": lambda: asked("Q?", rating="down", word="short"),
    "moved": lambda: asked("Q?", moved=frozenset({2})),
    "declined": lambda: asked("weather"),
    "differ": lambda: asked("differ"),
    "hostile": lambda: asked("hostile"),
    "stopped": stopped,
    "resumed": resumed,
    "long": lambda: asked("long"),
    "crash": lambda: asked("crash"),
}


class Listed(Wording):
    """Remembers which messages were said."""

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self.said: set[str] = set()

    def __call__(self, message: str, **arguments: Any) -> str:
        self.said.add(message)
        return super().__call__(message, **arguments)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_every_state_is_said_in_every_language(language: str, state: str) -> None:
    say, turn = Listed(language), STATES[state]()
    html = "".join([render_turn(turn, say), render_turn(turn, say, last=False), render_status(turn, say)])
    assert say.said <= set(message_ids(language))
    assert_ours(html)
    if language != "en" and say.said - {"sources"}:
        assert words(html) != words(
            "".join([render_turn(turn, SAY), render_turn(turn, SAY, last=False), render_status(turn, SAY)])
        )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("confidence", [0.0, 0.5, 0.7, 0.85, 0.95, 1.0])
def test_confidence_is_said_in_words(language: str, confidence: float) -> None:
    turn = asked("Q?")
    assert turn.answer is not None
    turn.answer = replace(turn.answer, confidence=confidence)
    say = Listed(language)
    (sure,) = of_class(render_turn(turn, say), "ask-sure")
    (message,) = [name for name in say.said if name.startswith("sure-")]
    assert sure.words == say(message) and message in message_ids(language)
    assert message == {0.95: "sure-almost-surely", 1.0: "sure-almost-surely", 0.85: "sure-very-probably"}.get(
        confidence, "sure-probably" if confidence >= 0.7 else "sure-perhaps"
    )


@pytest.mark.parametrize("question", ["Who voted against?", "the hostile one", "weather", "differ", "long", "crash"])
def test_every_tag_and_attribute_is_ours(question: str) -> None:
    html = render_turn(asked(question), SAY) + render_pane(ARTICLES, SAY) + render_article(BY_ID["hostile"], SAY)
    assert_ours(html + render_welcome((), SAY))
    assert not any(
        re.search(r"\son\w+=|javascript:", re.sub(r'"[^"]*"', "", tag)) for tag in re.findall("<[^>]*>", html)
    )


@settings(max_examples=30, deadline=None)
@given(st.builds(Article, prose, prose, prose, prose, prose, prose, prose, prose), prose, prose)
def test_no_text_brings_a_tag_or_an_attribute(article: Article, text: str, other: str) -> None:
    chunk = Chunk(text, article.id, text, text, 0, len(text), article)
    found = Hit(chunk, 1.0, 1)
    cited = (Citation(1, article, 0, len(text), text, 1.0), Citation(2, article, 0, 1, other, 0.5))
    for line in (text, DIFFER, CALENDARS):
        sentences = (Sentence(line, (1, 2), "quoted"),)
        made = Answer(text, other, text, sentences, cited, (found,), False, 0.9, other, {"total_ms": 1.0})
        for answer_ in (None, made, replace(made, declined=True)):
            for stage in ("reading", "stopped", "failed", "done"):
                turn = Turn(text, 1, stage=stage, draft=other, error=other)  # type: ignore[arg-type]
                turn.found = EvidenceFound(other, (found,), (Evidence(1, found, 0, len(text), text),))
                turn.sentences, turn.citations, turn.answer = list(sentences), list(cited), answer_
                turn.rating, turn.word, turn.moved = "up", other, frozenset({1})
                html = render_turn(turn, SAY) + render_status(turn, SAY)
                assert_ours(html)
                for button in of_class(html, "ask-cite"):
                    quote = text if button.words == "1" else other
                    assert button["data-quote"] == " ".join(quote.split())
                    assert (button["data-article"], button["data-title"]) == (article.id, article.title)
                (asked_,) = of_class(html, "ask-question")
                assert asked_.words == text


def test_hostile_title_and_quote_stay_inside_their_attributes() -> None:
    html = render_turn(asked("the hostile one"), SAY)
    title = BY_ID["hostile"].title
    assert (
        'aria-label="Source 1: &lt;img src=x onerror=&#x27;window.hacked=5&#x27;&gt;{{value}}${window.hacked=6}"'
        in html
    )
    first, second = of_class(html, "ask-cite")
    assert (first["data-quote"], second["data-quote"]) == (SCRIPT, IMAGE)
    assert first["data-title"] == second["data-title"] == title and first["aria-label"] == f"Source 1: {title}"
    assert of_class(html, "ask-sentence")[0].words.startswith(f"It says {SCRIPT}, {{{{value}}}} and ${{value}}.")


def test_answer_shows_sentences_marks_and_sources() -> None:
    html = render_turn(asked("Who voted against?"), SAY)
    start = RUPTURE.index(VOTED)
    button = (
        f'<button type="button" class="ask-open ask-cite" data-article="rupture" data-start="{start}" '
        f'data-end="{start + len(VOTED)}" data-quote="{VOTED}" data-title="The vote on the insurrection" '
        f'aria-label="Source 1: The vote on the insurrection">1</button>'
    )
    assert f'Zinoviev and Kamenev voted against the insurrection<span class="ask-held">.{button}' in html
    assert html.count('class="ask-open ask-cite"') == html.count('class="ask-open ask-source"') == 3
    assert [source.words for source in of_class(html, "ask-source")] == [
        f"{number}The vote on the insurrection{quote}" for number, quote in enumerate((VOTED, CARRIED, GARRISON), 1)
    ]
    assert words(html).count("Found 4 passages") == 1 and "The articles very probably answer this · 6.4 s" in words(
        html
    )
    assert of_class(html, "ask-foot")[0]["title"] == "Written by fake"
    assert "Searched for" not in html


def test_each_sentence_has_the_sign_of_how_it_stands_and_its_meaning() -> None:
    html = render_turn(asked("Who voted against?"), SAY)
    meanings = {
        "quoted": "in the source’s own words",
        "supported": "checked against its source",
        "repaired": "put back to the source’s own sentence",
    }
    signs = [sign for sentence in sentences_of(html) for sign in of_class(sentence, "ask-support")]
    assert [sign["data-support"] for sign in signs] == ["supported", "quoted", "repaired"]
    for sign in signs:
        meaning = meanings[sign["data-support"]]
        assert sign["title"] == meaning and sign.words == SUPPORT[sign["data-support"]] + meaning
    (key,) = of_class(html, "ask-signs-key")
    signs = "".join(f"{SUPPORT[kind]} {meaning}" for kind, meaning in meanings.items())
    assert key.words == "The articles very probably answer this · 6.4 s" + signs
    only = render_turn(asked("the hostile one"), SAY)
    assert meanings["repaired"] not in words(only)


def sentences_of(html: str) -> Iterator[str]:
    """The HTML of each sentence, which holds its buttons and its sign."""
    at = [match.start() for match in re.finditer('<span class="ask-sentence">', html)]
    for start, end in zip(at, [*at[1:], html.index("</div>", at[-1])], strict=True):
        yield html[start:end].rstrip()


def test_disagreement_stands_as_two_sides() -> None:
    html = render_turn(asked("Where do they differ?"), SAY)
    (group,) = of_class(html, "ask-differ")
    assert (group["role"], group["aria-label"]) == ("group", "The sources do not agree on this.")
    assert [e.words for e in elements(html) if e.tag == "blockquote"] == [CARRIED, SLOGANS]
    captions = [e.words for e in elements(html) if e.tag == "figcaption"]
    assert captions[0] == "The vote on the insurrection 1Michele B. · Socialist Quarterly · 2 August 2013"
    assert captions[1] == "The June demonstration 2A. Reader · Reading Room · 18 June 2017"
    assert [e.tag for e in elements(html)].count("figure") == 2 and len(of_class(html, "ask-sentence")) == 2
    german = render_turn(asked("Where do they differ?"), wording("de"))
    assert DIFFER not in words(german) and wording("de")("sources-differ") in words(german)


@pytest.mark.parametrize("remark", [DIFFER, CALENDARS])
def test_remark_that_is_not_about_two_is_a_sentence(remark: str) -> None:
    turn = asked("Q?")
    turn.sentences = [Sentence(remark, (1,), "supported"), Sentence(remark, (2, 2), "supported")]
    html = render_turn(turn, SAY)
    assert not of_class(html, "ask-differ") and len(of_class(html, "ask-sentence")) == 2
    turn.sentences = [Sentence(remark, (1, 2, 1, 3), "supported")]
    assert [button.words for button in of_class(render_turn(turn, SAY), "ask-cite")] == ["1", "2", "3"]


def test_decline_shows_the_nearest_passages_and_no_citation() -> None:
    turn = asked("weather")
    html = render_turn(turn, SAY)
    assert DECLINED in html and "Nearest passages" in html
    nearest = of_class(html, "ask-card-button")
    assert [(card["data-article"], card["data-start"]) for card in nearest] == [
        ("rupture", str(RUPTURE.index(CARRIED))),
        ("banners", str(BANNERS.index("The Congress"))),
    ]
    assert CARRIED in nearest[0].words and not of_class(html, "ask-cite") and not of_class(html, "ask-sources")
    assert [(way["data-act"], way.words) for way in of_class(html, "ask-way")] == [
        ("edit", "Edit the question"),
        ("more", "Read more passages"),
        ("passages", "Look through passages"),
    ]
    assert status(turn, SAY) == "The articles do not answer this."
    assert wording("ru")("declined") in words(render_turn(turn, wording("ru")))


def test_decline_shows_three_passages_and_its_own_line() -> None:
    turn = asked("weather")
    assert turn.answer is not None
    hits = tuple(hit("rupture", CARRIED, rank) for rank in range(1, 6))
    turn.answer = replace(turn.answer, hits=hits, text="It is <b>in</b> German; ask in English.")
    html = render_turn(turn, SAY)
    assert len(of_class(html, "ask-card-button")) == 3
    assert of_class(html, "ask-answer")[0].words == "It is <b>in</b> German; ask in English."
    turn.answer = replace(turn.answer, hits=())
    html = render_turn(turn, SAY)
    assert "Nearest" not in html and [way["data-act"] for way in of_class(html, "ask-way")] == ["edit"]


def test_errors_show_their_line_and_nothing_else() -> None:
    for question, line in (
        ("long", "The question is too long; ask in at most 2,000 characters."),
        ("crash", "Something went wrong; the terminal says more."),
    ):
        html = render_turn(asked(question), SAY)
        (card,) = of_class(html, "ask-error")
        assert card.words == line and card["role"] == "alert" and "boom" not in html
        assert not of_class(html, "ask-evidence") and not of_class(html, "ask-answer")


def test_citation_whose_source_has_moved_says_so() -> None:
    turn = asked("Who voted against?", moved=frozenset({2}))
    html = render_turn(turn, SAY)
    assert ["data-moved" in button.attributes for button in of_class(html, "ask-cite")] == [False, True, False]
    moved = "This source is no longer on the shelf as it was cited."
    assert [moved in source.words for source in of_class(html, "ask-source")] == [False, True, False]
    assert "data-moved" not in mark_button(citation(1, "rupture", VOTED), SAY)


@pytest.mark.parametrize(
    ("state", "last", "acts"),
    [
        ("waiting", True, []),
        ("writing", True, []),
        ("sentence", True, []),
        ("done", True, ["retry", "edit", "link", "copy", "up", "down"]),
        ("done", False, ["retry", "edit", "link", "copy", "up", "down"]),
        ("declined", True, ["retry", "link", "up", "down"]),
        ("stopped", True, ["continue", "retry", "edit", "link", "copy"]),
        ("stopped", False, ["retry", "edit", "link", "copy"]),
        ("crash", True, ["continue", "retry", "edit", "link"]),
        ("crash", False, ["retry", "edit", "link"]),
    ],
)
def test_what_can_be_done_with_an_answer(state: str, last: bool, acts: list[str]) -> None:
    assert actions(render_turn(STATES[state](), SAY, last)) == acts


def test_only_the_last_of_a_conversation_goes_on() -> None:
    turns = [stopped(), asked("Two?", 3, number=2)]
    turns[1].stop()
    html = render_turns(turns, SAY, turns[1])
    assert actions(html).count("continue") == 1
    assert [turn["data-turn"] for turn in of_class(html, "ask-turn")] == ["1", "2"]
    assert actions(render_turns(turns, SAY)).count("continue") == 0


def thumbs(html: str) -> list[tuple[str, str, str]]:
    return [(e["data-act"], e["aria-label"], e["aria-pressed"]) for e in of_class(html, "ask-thumb")]


def test_word_is_asked_for_only_after_a_thumb() -> None:
    turn = asked("Who voted against?")
    assert thumbs(render_turn(turn, SAY)) == [("up", "Good answer", "false"), ("down", "Bad answer", "false")]
    assert not of_class(render_turn(turn, SAY), "ask-word")
    turn.rating = "down"
    html = render_turn(turn, SAY)
    assert thumbs(html) == [("up", "Good answer", "false"), ("down", "Bad answer", "true")]
    (form,) = of_class(html, "ask-word")
    assert form.words.startswith("In a word, why?")
    (box,) = [element for element in elements(html) if element.tag == "input"]
    assert (box["name"], box["maxlength"]) == ("word", "500")
    turn.word = "too <short>"
    html = render_turn(turn, SAY)
    assert not of_class(html, "ask-word") and "Thank you. It is kept on this computer." in words(html)
    assert "short>" not in words(html)


def test_evidence_is_in_view_until_there_is_an_answer() -> None:
    open_ = render_turn(asked("Q?", 1), SAY)
    cards = of_class(open_, "ask-card-button")
    assert [(card["data-article"], int(card["data-start"]), int(card["data-end"])) for card in cards] == [
        (item.article.id, item.start, item.end) for item in EVIDENCE
    ]
    assert [of_class(html, "ask-evidence")[0].tag for html in (open_, render_turn(asked("Q?"), SAY))] == [
        "div",
        "details",
    ]
    assert not of_class(render_turn(asked("weather"), SAY), "ask-evidence")


def test_what_was_searched_is_shown_where_it_is_not_what_was_asked() -> None:
    turn = Turn("And why?", 2)
    for event in FakeAssistant(0).stream("And why?", [{"role": "user", "content": "Who?"}]):
        turn.take(event)
        (line,) = of_class(render_turn(turn, SAY), "ask-searched")
        assert line.words == "Searched for: And why? (about the vote)"
    assert not of_class(render_turn(asked("Q?"), SAY), "ask-searched")


def test_draft_is_told_apart_from_what_is_checked() -> None:
    html = render_turn(asked("Q?", 13), SAY)
    (draft,) = of_class(html, "ask-draft")
    assert draft.words == "Draft: After" and len(of_class(html, "ask-sentence")) == 1
    assert of_class(html, "ask-tag")[0].words == "draft, being checked"
    assert of_class(render_turn(stopped(), SAY), "ask-tag")[0].words == "stopped"
    assert not of_class(render_turn(asked("Q?"), SAY), "ask-tag")


def test_draft_of_what_goes_on_is_shown_after_as_much_is_there_again() -> None:
    turn = resumed()
    kept = len(turn.kept)
    assert kept == 2 and not of_class(render_turn(turn, SAY), "ask-draft")
    assert len(of_class(render_turn(turn, SAY), "ask-sentence")) == kept
    for number in range(kept):
        cited = citation(number + 1, "rupture", VOTED)
        turn.take(SentenceChecked(Sentence("Again.", (number + 1,), "quoted"), (cited,)))
    turn.take(TextPiece("And more"))
    assert of_class(render_turn(turn, SAY), "ask-draft")[0].words == "And more"


def test_status_of_every_stage() -> None:
    said = {state: status(make(), SAY) for state, make in STATES.items()}
    assert said == {
        "waiting": "Waiting for its turn",
        "queued": "Waiting: 2 readers come first",
        "searching": "Searching the articles",
        "found": "Reading 4 sentences",
        "reading": "Reading 4 sentences",
        "writing": "Writing",
        "checking": "Checking against the source",
        "sentence": "Writing",
        "done": "Answer ready: 3 sentences, 3 sources.",
        "rated": "Answer ready: 3 sentences, 3 sources.",
        "worded": "Answer ready: 3 sentences, 3 sources.",
        "moved": "Answer ready: 3 sentences, 3 sources.",
        "declined": "The articles do not answer this.",
        "differ": "Answer ready: 3 sentences, 2 sources.",
        "hostile": "Answer ready: 2 sentences, 2 sources.",
        "stopped": "Stopped.",
        "resumed": "Writing",
        "long": "",
        "crash": "",
    }
    assert status(None, SAY) == "" and words(render_status(None, SAY)) == ""
    assert status(asked("Q?", 1, ahead=1), SAY) == "Waiting: 1 reader comes first"
    turn = asked("Q?", 1, ahead=3)
    turn.stop()
    assert status(turn, SAY) == "Stopped."


def test_sentences_that_are_read_are_counted() -> None:
    turn = Turn("Q?", 1)
    spans = (Span(0, 4), Span(5, 9), Span(10, 14))
    turn.take(EvidenceFound("Q?", (), (replace(EVIDENCE[0], sentences=spans), EVIDENCE[1])))
    assert status(turn, SAY) == "Reading 4 sentences"
    turn.take(EvidenceFound("Q?", (), (EVIDENCE[1],)))
    assert status(turn, SAY) == "Reading 1 sentence"


@pytest.mark.parametrize(("read", "of", "width"), [(0, 8, "0%"), (1, 8, "12%"), (8, 8, "100%"), (9, 8, "100%")])
def test_bar_shows_how_much_is_read(read: int, of: int, width: str) -> None:
    turn = asked("Q?", 1, number=7)
    assert not of_class(render_status(turn, SAY), "ask-bar")
    turn.take(Reading(read, of))
    html = render_status(turn, SAY)
    (bar,) = of_class(html, "ask-bar")
    assert bar["aria-hidden"] == "true" and f'style="width:{width}"' in html
    (line,) = of_class(html, "ask-status")
    assert (line["role"], line["aria-live"], line["data-run"]) == ("status", "polite", "7")
    turn.ahead = 1
    assert not of_class(render_status(turn, SAY), "ask-bar")
    turn.ahead = 0
    turn.take(TextPiece("A"))
    assert not of_class(render_status(turn, SAY), "ask-bar")
    turn.stop()
    assert "data-run" not in render_status(turn, SAY)


def first(html: str, name: str) -> Element:
    return of_class(html, name)[0]


@pytest.mark.parametrize("state", STATES)
def test_turn_names_its_number_and_stage(state: str) -> None:
    turn = STATES[state]()
    section = first(render_turn(turn, SAY), "ask-turn")
    assert (section["data-turn"], section["data-stage"]) == (str(turn.number), turn.stage)


@settings(deadline=None)
@given(st.text(st.sampled_from("ab #\n,."), max_size=60), st.integers(4, 30))
def test_snippet_is_short_and_on_one_line(text: str, length: int) -> None:
    short = snippet(text, length)
    assert "\n" not in short and len(short) <= length + 2
    if not short.endswith(" …"):
        assert short == " ".join(word for word in text.split() if word.strip("#"))


def test_snippet() -> None:
    assert snippet("## A  heading\n\nand words, many", 18) == "A heading and …"
    assert snippet("## A  heading\n\nand words") == "A heading and words"
    assert snippet("one two, three", 9) == "one two …" and snippet("x" * 200) == "x" * 110 + " …"


def test_pages_stand_beside_the_title_of_a_place() -> None:
    paged = replace(BY_ID["rupture"], pages=(0, RUPTURE.index(VOTED)))
    cited = replace(citation(1, "rupture", VOTED), article=paged)
    found = replace(EVIDENCE[0].hit, chunk=replace(EVIDENCE[0].hit.chunk, article=paged))
    turn = Turn("Q?", 1)
    turn.take(EvidenceFound("Q?", (found,), (replace(EVIDENCE[0], hit=found),)))
    turn.take(SentenceChecked(Sentence("They did.", (1,), "supported"), (cited,)))
    turn.stop()
    html = render_turn(turn, SAY)
    assert [title.words for title in of_class(html, "ask-title")] == ["The vote on the insurrection p. 2"] * 2
    assert of_class(html, "ask-cite")[0]["data-title"] == "The vote on the insurrection, p. 2"
    assert_ours(html)
