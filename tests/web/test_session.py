from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askoctober.types import Answer, Event, EvidenceFound, Reading, Sentence, SentenceChecked, TextPiece
from askoctober.web.session import ENDED, Session, Turn, merged, now, unchecked
from askoctober.web.wording import DEFAULT

from .fakes import CARRIED, DIFFERING, GARRISON, SENTENCES, SLOGANS, VOTED, FakeAssistant, citation

FIRST = SentenceChecked(Sentence("First.", (1,), "quoted"), (citation(1, "rupture", VOTED),))
SECOND = SentenceChecked(Sentence("Second.", (2,), "supported"), (citation(2, "rupture", CARRIED),))
THIRD = SentenceChecked(Sentence("Third.", (3,), "repaired"), (citation(3, "rupture", GARRISON),))
EVENTS = list(FakeAssistant(0).stream("Who voted against?"))


def turn_after(*events: Event, number: int = 1) -> Turn:
    turn = Turn("Q?", number)
    for event in events:
        turn.take(event)
    return turn


def said(turn: Turn) -> tuple[list[str], list[int]]:
    """What is shown of a turn: its sentences, and the marks of its citations."""
    sentences, citations = turn.shown
    return [sentence.text for sentence in sentences], [cited.mark for cited in citations]


def ask(session: Session, question: str = "Who voted against?", upto: int = 10_000) -> Turn:
    """Begin a question and take so many events of its answer."""
    assert session.begin(question)
    turn = session.claim()
    assert turn is not None
    for event in list(FakeAssistant(0).stream(question, session.history()))[:upto]:
        turn.take(event)
    return turn


def test_stages_follow_the_events() -> None:
    turn = Turn("Q?", 7)
    seen: list[str] = [turn.stage]
    for event in (
        EvidenceFound("Q?", (), ()),
        Reading(5, 10),
        TextPiece("Half a"),
        TextPiece(" sentence. [2] "),
        SECOND,
        TextPiece("More"),
        EVENTS[-1],
    ):
        turn.take(event)
        seen.append(turn.stage)
    assert seen == ["waiting", "reading", "reading", "writing", "checking", "writing", "writing", "done"]
    assert (turn.read, turn.to_read, turn.draft, turn.ended) == (5, 10, "", True)
    answer = EVENTS[-1]
    assert isinstance(answer, Answer)
    assert turn.sentences == list(answer.sentences) and turn.citations == list(answer.citations)
    assert turn.text == answer.text


def test_dropped_sentence_leaves_the_draft() -> None:
    turn = turn_after(TextPiece("An invention. Then"), SentenceChecked(None))
    assert (turn.draft, turn.sentences, turn.stage) == ("Then", [], "writing")


@pytest.mark.parametrize("end", ["stop", "fail", "answer"])
def test_what_has_ended_stays_as_it_is(end: str) -> None:
    turn = turn_after(EvidenceFound("Q?", (), ()), FIRST, TextPiece("Half"))
    if end == "answer":
        turn.take(EVENTS[-1])
    elif end == "stop":
        turn.stop()
    else:
        turn.fail("A line.")
    before = repr(turn)
    turn.take(TextPiece("too late"))
    turn.take(SECOND)
    turn.take(EVENTS[-1])
    turn.stop()
    turn.fail("another")
    assert repr(turn) == before and turn.ended and turn.draft == ""


def test_stop_keeps_what_was_checked() -> None:
    turn = turn_after(FIRST, TextPiece("Half a sent"))
    turn.stop()
    assert (turn.stage, turn.draft, turn.text, said(turn)) == ("stopped", "", "First. [1]", (["First."], [1]))


def test_resume_keeps_what_was_checked_until_as_much_is_there_again() -> None:
    turn = turn_after(EvidenceFound("Q?", (), ()), Reading(3, 9), FIRST, SECOND)
    turn.stop()
    turn.resume()
    assert (turn.stage, turn.found, turn.read, turn.sentences) == ("waiting", None, 0, [])
    seen = [said(turn)]
    for event in (EvidenceFound("Q?", (), ()), SentenceChecked(None), FIRST, THIRD, SECOND):
        turn.take(event)
        seen.append(said(turn))
    kept = (["First.", "Second."], [1, 2])
    assert seen == [
        kept,
        kept,
        kept,
        kept,
        (["First.", "Third."], [1, 3]),
        (["First.", "Third.", "Second."], [1, 2, 3]),
    ]


def test_answer_takes_the_place_of_what_was_kept() -> None:
    turn = turn_after(FIRST, SECOND, THIRD)
    turn.stop()
    turn.resume()
    turn.take(list(FakeAssistant(0).stream("weather"))[-1])
    assert said(turn) == ([], []) and turn.kept == turn.kept_citations == ()


def test_stop_while_resuming_keeps_the_longer() -> None:
    turn = turn_after(FIRST, SECOND)
    turn.stop()
    turn.resume()
    turn.take(THIRD)
    turn.stop()
    assert said(turn) == (["First.", "Second."], [1, 2]) and turn.text == "First. [1] Second. [2]"
    turn.resume()
    for event in (FIRST, SECOND, THIRD):
        turn.take(event)
    turn.stop()
    assert said(turn) == (["First.", "Second.", "Third."], [1, 2, 3])
    turn.resume()
    turn.resume()
    assert said(turn)[0] == ["First.", "Second.", "Third."]


def test_failure_is_gone_on_from() -> None:
    session = Session()
    turn = ask(session, upto=6)
    turn.fail("No room.")
    assert session.go_on() and (turn.stage, turn.error) == ("waiting", "")
    assert session.claim() is turn and not session.go_on()


@settings(deadline=None)
@given(st.lists(st.sampled_from([FIRST, SECOND, THIRD, SentenceChecked(None), TextPiece("A b. "), "stop", "resume"])))
def test_nothing_that_was_checked_is_lost_until_there_is_an_answer(steps: list[Event | str]) -> None:
    turn, most = Turn("Q?", 1), 0
    for step in steps:
        if step == "stop":
            turn.stop()
        elif step == "resume":
            if turn.stage == "stopped":
                turn.resume()
        else:
            assert not isinstance(step, str)
            turn.take(step)
        sentences, citations = turn.shown
        assert len(sentences) >= most
        most = len(sentences)
        assert {mark for sentence in sentences for mark in sentence.marks} == {cited.mark for cited in citations}


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


def test_citations_are_in_order_and_the_later_of_two_counts() -> None:
    one, two, other = citation(1, "rupture", VOTED), citation(2, "rupture", CARRIED), citation(1, "banners", SLOGANS)
    assert merged([two], [one]) == [one, two]
    assert merged([one, two], [other]) == [other, two]
    assert merged([], []) == []


def test_time_is_iso_in_utc() -> None:
    when = datetime.fromisoformat(now())
    assert when.utcoffset() == timedelta(0) and abs(datetime.now(UTC) - when) < timedelta(minutes=1)


def test_session_takes_one_question_at_a_time_and_none_that_is_empty() -> None:
    session = Session()
    assert not session.begin("  ") and not session.busy and session.last is None
    assert session.begin(" a ") and not session.begin("b") and session.busy
    turn = session.claim()
    assert turn is not None and turn.question == "a" and turn.stage == "searching" and session.claim() is None
    session.stop()
    assert not session.busy and session.ask_again(1) and [t.question for t in session.turns] == ["a"]
    assert session.turns[0].number == 2 and session.turn(1) is None and session.turn(2) is session.last
    session.clear()
    assert not session.turns and not session.ask_again(2) and not session.go_on() and session.claim() is None


def test_sessions_are_told_apart() -> None:
    one, two = Session(), Session()
    assert re.fullmatch(r"[0-9a-f]{32}", one.id) and one.id != two.id
    assert one.language == DEFAULT and one.say("ask") == "Ask" and Session(language="de").say("ask") == "Fragen"


def test_follow_up_knows_the_turns_before_it_and_not_the_failed() -> None:
    session = Session()
    first = ask(session)
    assert session.begin("crash")
    session.turns[-1].fail("error-unexpected")
    assert session.begin("And why?")
    assert session.history() == [
        {"role": "user", "content": "Who voted against?"},
        {"role": "assistant", "content": first.text},
    ]
    assert "[1]" in first.text


def test_before_ends_at_the_turn_that_is_asked_about() -> None:
    session = Session()
    turns = [ask(session, question) for question in ("One?", "Two?", "weather?")]
    assert session.before(turns[0]) == []
    assert [message["content"] for message in session.before(turns[2])] == [
        "One?",
        turns[0].text,
        "Two?",
        turns[1].text,
    ]
    assert session.before(None)[4:] == [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": "The articles on this shelf do not say."},
    ]


def test_what_was_stopped_goes_into_the_history_as_far_as_it_was_checked() -> None:
    session = Session()
    turn = ask(session, upto=12)
    session.stop()
    assert [sentence.text for sentence in turn.sentences] == [SENTENCES[0][0]]
    assert session.before(None)[1]["content"] == f"{SENTENCES[0][0]} [1]"


def test_disagreement_cites_both_and_brings_no_third() -> None:
    turn = ask(Session(), "Where do they differ?")
    assert [sentence.marks for sentence in turn.sentences] == [(1,), (2,), (1, 2)]
    assert [cited.mark for cited in turn.citations] == [1, 2]
    assert turn.sentences[2].text == DIFFERING[2][0]


def test_asking_the_last_again_stays_in_the_conversation() -> None:
    session = Session(name="Votes")
    kept, _ = ask(session, "One?"), ask(session, "Two?")
    id_, created = session.id, session.created
    assert session.ask_again(2, " Three? ")
    assert (session.id, session.name, session.created) == (id_, "Votes", created)
    assert session.turns[0] is kept and session.last is not None
    assert (session.last.question, session.last.number, session.last.stage) == ("Three?", 3, "waiting")


def test_asking_an_earlier_again_begins_another_conversation() -> None:
    session = Session(name="Votes", created="1917-10-25T00:00:00+00:00")
    for question in ("One?", "Two?", "Three?"):
        ask(session, question)
    id_, kept = session.id, session.turns[0]
    assert session.ask_again(2)
    assert session.id != id_ and session.name == "" and session.created > "2017"
    assert session.turns[0] is kept and [turn.question for turn in session.turns] == ["One?", "Two?"]
    assert [turn.number for turn in session.turns] == [1, 4] and session.busy


def test_nothing_is_asked_again_that_is_not_there_or_while_busy() -> None:
    session = Session()
    ask(session, "One?")
    assert not session.ask_again(2) and not session.ask_again(0) and len(session.turns) == 1
    assert session.begin("Two?")
    id_ = session.id
    assert not session.ask_again(1) and session.id == id_ and len(session.turns) == 2


def test_a_new_conversation_stops_the_answer_and_has_another_name() -> None:
    session = Session(name="Votes", examples=("Who?",))
    turn = ask(session, upto=3)
    id_ = session.id
    session.clear()
    assert turn.stage == "stopped" and session.turns == [] and session.name == "" and session.id != id_
    assert session.examples == ("Who?",)
    assert ask(session).number == 2


def test_only_what_was_stopped_or_failed_goes_on() -> None:
    session = Session()
    assert not session.go_on()
    turn = ask(session)
    assert turn.stage in ENDED and not session.go_on() and turn.stage == "done"
    turn = ask(session, upto=3)
    assert not session.go_on()
    session.stop()
    assert session.go_on() and session.claim() is turn
