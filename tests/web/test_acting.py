from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askoctober.errors import AskoctoberError, ConfigError
from askoctober.types import Message
from askoctober.web.acting import LARGEST_RECORD, act
from askoctober.web.app import view
from askoctober.web.keeping.feedback import Feedback
from askoctober.web.keeping.turns import read_conversation, to_conversation
from askoctober.web.session import Session, Turn
from askoctober.web.settings import PASSAGES, Settings

from .fakes import BY_ID, FakeAssistant

ACTS = ("new", "restore", "retry", "more", "edit", "continue", "rate")
WHEN = "2026-11-25T14:56:44+00:00"


def ask(session: Session, question: str, upto: int = 10_000) -> Turn:
    assert session.begin(question)
    turn = session.claim()
    assert turn is not None
    for event in list(FakeAssistant(0).stream(question, session.history()))[:upto]:
        turn.take(event)
    return turn


def talk(*questions: str) -> Session:
    session = Session(name="Votes")
    for question in questions:
        ask(session, question)
    return session


def kept(session: Session) -> dict[str, Any]:
    """The conversation as a browser keeps it."""
    record = to_conversation(session.turns, id=session.id, name=session.name, created=session.created, updated=WHEN)
    made = json.loads(json.dumps(record))
    assert isinstance(made, dict)
    return made


def assert_valid(session: Session) -> None:
    """Assert what every session promises, and that it can be shown and kept."""
    numbers = [turn.number for turn in session.turns]
    assert numbers == sorted(set(numbers)) and max(numbers, default=0) <= session.count
    assert all(turn.ended for turn in session.turns[:-1])
    assert all(turn.question.strip() for turn in session.turns)
    assert all(turn.rating in ("", "up", "down") for turn in session.turns)
    assert session.settings.passages in (0, *PASSAGES)
    read_conversation(kept(session), BY_ID)
    view(session, past=True, kept=True)


def test_new_begins_another_conversation() -> None:
    session = talk("One?")
    before = session.id
    act(session, {"act": "new"}, BY_ID)
    assert session.turns == [] and session.id != before and session.name == ""


def test_restore_takes_up_what_the_browser_kept() -> None:
    session = talk("Who voted against?", "weather?")
    session.turns[0].rating, session.turns[0].word = "up", "clear"
    record = kept(session)
    other = talk("Something else?", "And else?", "And more?")
    act(other, {"act": "restore", "record": json.dumps(record)}, BY_ID)
    assert (other.id, other.name, other.created) == (session.id, "Votes", session.created)
    assert kept(other) == record and not other.busy
    assert [turn.number for turn in other.turns] == [1, 2] and other.count == 2
    assert ask(other, "Next?").number == 3
    assert_valid(other)


def spoilt(change: Any) -> str:
    record = kept(talk("Who voted against?"))
    change(record)
    return json.dumps(record)


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        kept(talk("Who voted against?")),
        *map(json.dumps, ["a conversation", None, [], {}]),
        "",
        "{",
        "[" * 100_000,
        " " * LARGEST_RECORD + "{}",
        spoilt(lambda r: r.update(format=2)),
        spoilt(lambda r: r.pop("id")),
        spoilt(lambda r: r.update(id=1)),
        spoilt(lambda r: r.update(id="x" * 300)),
        spoilt(lambda r: r.update(created="yesterday")),
        spoilt(lambda r: r.update(name="\ud800")),
        spoilt(lambda r: r["turns"][0].update(stage="writing")),
        spoilt(lambda r: r["turns"][0].update(question=" ")),
        spoilt(lambda r: r["turns"][0].update(rating="best")),
        spoilt(lambda r: r["turns"][0]["sentences"][0].update(support="sworn")),
        spoilt(lambda r: r["turns"][0]["citations"][0].update(mark="1")),
        spoilt(lambda r: r["turns"][0]["citations"][0].update(start=10**30)),
        spoilt(lambda r: r["turns"].extend(r["turns"] * 300)),
    ],
)
def test_a_record_that_cannot_be_read_leaves_an_empty_conversation(record: Any) -> None:
    session = talk("One?")
    before = session.id
    act(session, {"act": "restore", "record": record}, BY_ID)
    assert session.turns == [] and session.id != before and session.name == ""
    assert_valid(session)


def test_a_hostile_record_is_shown_as_text() -> None:
    mark = '"><script>window.hacked = 1</script>'

    def change(record: dict[str, Any]) -> None:
        record.update(id=mark, name=mark)
        turn = record["turns"][0]
        turn.update(question=mark, standalone_question=mark, model=mark, text=mark)
        turn["sentences"][0]["text"] = mark
        turn["citations"][0].update(quote=mark)
        turn["citations"][0]["article"].update(id=mark, title=mark, author=mark, url=f"javascript:{mark}")

    session = Session()
    act(session, {"act": "restore", "record": spoilt(change)}, BY_ID)
    assert (session.id, session.name) == (mark, mark) and session.turns[0].moved == {1}
    assert all("<script" not in part for part in view(session, past=True, kept=True) if isinstance(part, str))
    assert_valid(session)


def test_error_of_a_record_is_only_a_message_of_ours_or_text() -> None:
    session = Session()
    record = spoilt(lambda r: r["turns"][0].update(stage="failed", error="error-no-such-message"))
    act(session, {"act": "restore", "record": record}, BY_ID)
    assert session.turns[0].error == "error-unexpected"
    assert_valid(session)


def test_retry_asks_the_same_again() -> None:
    session = talk("One?", "Two?")
    act(session, {"act": "retry", "turn": 2}, BY_ID)
    assert [(turn.question, turn.number) for turn in session.turns] == [("One?", 1), ("Two?", 3)]
    assert session.busy and session.last is not None and session.last.passages == 0


def test_edit_asks_another_in_its_place() -> None:
    session = talk("One?", "Two?", "Three?")
    before = session.id
    act(session, {"act": "edit", "turn": 1, "question": " Other? "}, BY_ID)
    assert [turn.question for turn in session.turns] == ["Other?"] and session.id != before
    assert_valid(session)


@pytest.mark.parametrize("question", [None, 5, ["Q"], {"question": "Q"}])
def test_edit_without_a_question_does_nothing(question: Any) -> None:
    session = talk("One?")
    act(session, {"act": "edit", "turn": 1, "question": question}, BY_ID)
    assert [turn.number for turn in session.turns] == [1] and not session.busy


def test_edit_to_nothing_asks_the_same() -> None:
    session = talk("One?")
    act(session, {"act": "edit", "turn": 1, "question": "  "}, BY_ID)
    assert [turn.question for turn in session.turns] == ["One?"] and session.busy


@pytest.mark.parametrize("passages", PASSAGES)
def test_more_reads_of_more_passages_this_once(passages: int) -> None:
    session = talk("One?")
    session.settings = Settings("de", passages, "short")
    act(session, {"act": "more", "turn": 1}, BY_ID)
    last = session.last
    assert last is not None and session.busy and last.question == "One?"
    assert last.passages > passages or passages == last.passages == max(PASSAGES)
    assert session.settings == Settings("de", passages, "short")


def test_more_of_no_turn_changes_nothing() -> None:
    session = talk("One?")
    act(session, {"act": "more", "turn": 9}, BY_ID)
    assert session.settings == Settings() and not session.busy


def test_continue_goes_on_where_it_was_stopped() -> None:
    session = talk("One?")
    act(session, {"act": "continue"}, BY_ID)
    assert not session.busy
    turn = ask(session, "Two?", upto=12)
    session.stop()
    act(session, {"act": "continue", "turn": 2}, BY_ID)
    assert session.claim() is turn and len(turn.shown[0]) == 1


@pytest.mark.parametrize("name", ["restore", "retry", "more", "edit", "continue", "nonsense"])
def test_nothing_is_done_while_an_answer_is_written(name: str) -> None:
    session = talk("One?")
    record = json.dumps(kept(session))
    ask(session, "Two?", upto=5)
    before = copy.deepcopy(session)
    act(session, {"act": name, "turn": 1, "question": "Other?", "record": record}, BY_ID)
    assert session == before


def test_a_new_conversation_stops_the_answer_on_its_way() -> None:
    session = talk("One?")
    running = ask(session, "Two?", upto=5)
    act(session, {"act": "new"}, BY_ID)
    assert running.stage == "stopped" and session.turns == [] and not session.busy


def test_rating_is_possible_while_the_next_answer_is_written(tmp_path: Path) -> None:
    session = talk("One?")
    running = ask(session, "Two?", upto=5)
    feedback = Feedback(tmp_path / "feedback.jsonl")
    act(session, {"act": "rate", "turn": 1, "rating": "up"}, BY_ID, feedback)
    act(session, {"act": "rate", "turn": 2, "rating": "up"}, BY_ID, feedback)
    assert (session.turns[0].rating, running.rating) == ("up", "") and session.busy
    assert [line["question"] for line in lines(feedback)] == ["One?"]


def lines(feedback: Feedback) -> list[dict[str, Any]]:
    return [json.loads(line) for line in feedback.path.read_text(encoding="utf-8").splitlines()]


def test_rating_is_kept_with_what_was_said_before(tmp_path: Path) -> None:
    session, feedback = talk("One?", "Two?", "Three?"), Feedback(tmp_path / "feedback.jsonl")
    act(session, {"act": "rate", "turn": 2, "rating": "down", "word": "  too \n short "}, BY_ID, feedback)
    turn = session.turns[1]
    assert (turn.rating, turn.word) == ("down", "too short")
    (line,) = lines(feedback)
    assert (line["question"], line["rating"], line["word"]) == ("Two?", "down", "too short")
    assert line["history"] == session.before(turn) and len(line["history"]) == 2


def test_thumb_is_taken_back_on_the_page_alone(tmp_path: Path) -> None:
    session, feedback = talk("One?"), Feedback(tmp_path / "feedback.jsonl")
    for rating, word in (("up", None), ("up", "good"), ("", "gone"), ("down", None)):
        act(session, {"act": "rate", "turn": 1, "rating": rating, "word": word}, BY_ID, feedback)
        assert session.turns[0].rating == rating
        assert session.turns[0].word == ("good" if word == "good" else "")
    assert [(line["rating"], line["word"]) for line in lines(feedback)] == [("up", ""), ("up", "good"), ("down", "")]


@pytest.mark.parametrize("rating", [None, 1, "best", ["up"], {"up": 1}, True])
def test_what_is_no_rating_changes_nothing(rating: Any, tmp_path: Path) -> None:
    session, feedback = talk("One?"), Feedback(tmp_path / "feedback.jsonl")
    act(session, {"act": "rate", "turn": 1, "rating": rating, "word": "w"}, BY_ID, feedback)
    assert (session.turns[0].rating, session.turns[0].word) == ("", "") and not feedback.path.exists()


def test_long_word_is_cut_and_one_that_is_none_is_left_out() -> None:
    session = talk("One?")
    act(session, {"act": "rate", "turn": 1, "rating": "up", "word": "x" * 900}, BY_ID)
    assert session.turns[0].word == "x" * 500
    act(session, {"act": "rate", "turn": 1, "rating": "up", "word": ["x"]}, BY_ID)
    assert session.turns[0].word == ""
    assert_valid(session)


def test_without_an_answer_nothing_is_rated(tmp_path: Path) -> None:
    session, feedback = Session(), Feedback(tmp_path / "feedback.jsonl")
    ask(session, "One?", upto=12)
    session.stop()
    act(session, {"act": "rate", "turn": 1, "rating": "up"}, BY_ID, feedback)
    assert session.turns[0].rating == "" and not feedback.path.exists()


class Full(Feedback):
    """A file on a full disk."""

    def add(self, turn: Turn, history: Any, rating: str, word: str = "") -> None:
        raise ConfigError("feedback.jsonl cannot be written (no space is left); make room for it.")


def test_thumb_that_could_not_be_kept_does_not_pass_as_kept(tmp_path: Path) -> None:
    session = talk("One?")
    try:
        act(session, {"act": "rate", "turn": 1, "rating": "up", "word": "good"}, BY_ID, Full(tmp_path / "f.jsonl"))
    except AskoctoberError:
        pass
    assert (session.turns[0].rating, session.turns[0].word) == ("", "")


@pytest.mark.parametrize("data", [None, [], "new", 5, {}, {"act": None}, {"act": ["new"]}, {"act": {}}, {"turn": 1}])
def test_what_is_no_act_changes_nothing(data: Any) -> None:
    session = talk("One?")
    before = copy.deepcopy(session)
    act(session, data, BY_ID)
    assert session == before


@pytest.mark.parametrize("number", [None, "1", 1.0, True, -1, 0, 10**30, [1]])
def test_what_is_no_turn_is_not_acted_on(number: Any) -> None:
    session = talk("One?")
    before = copy.deepcopy(session)
    for name in ("retry", "more", "edit", "rate"):
        act(session, {"act": name, "turn": number, "question": "Q?", "rating": "up"}, BY_ID)
    assert session == before


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = st.none() | st.booleans() | st.integers(-3, 9) | st.floats(allow_nan=False) | text
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=12
)
RECORD = kept(talk("Who voted against?", "weather?"))


@st.composite
def records(draw: st.DrawFn) -> Any:
    """A kept conversation, as JSON, of which some values are others."""
    record = copy.deepcopy(RECORD)
    for _ in range(draw(st.integers(0, 3))):
        place: Any = record
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], (dict, list)) and draw(st.booleans()):
                place = place[key]
                continue
            place[key] = draw(anything)
            break
    return json.dumps(record)


acts = st.fixed_dictionaries(
    {"act": st.sampled_from(ACTS)},
    optional={
        "turn": st.integers(0, 4) | anything,
        "rating": st.sampled_from(["", "up", "down"]) | anything,
        "word": text | anything,
        "question": text | anything,
        "record": records() | anything,
    },
)


class Remembered(Feedback):
    """Thumbs in memory."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str]] = []

    def add(self, turn: Turn, history: list[Message], rating: str, word: str = "") -> None:  # type: ignore[override]
        assert rating in ("up", "down") and len(word) <= 500 and turn.answer is not None
        self.kept.append((rating, word))


@given(st.lists(acts | anything | st.sampled_from(["run", "half", "stop"]), max_size=6))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_sent_leaves_a_session_that_can_be_shown(steps: list[Any]) -> None:
    session, feedback = talk("One?", "weather?"), Remembered()
    for step in steps:
        if step in ("run", "half"):
            turn = session.claim()
            if turn is not None:
                for event in list(FakeAssistant(0).stream(turn.question))[: 9 if step == "half" else None]:
                    turn.take(event)
        elif step == "stop":
            session.stop()
        else:
            act(session, step, BY_ID, feedback)
        assert_valid(session)
