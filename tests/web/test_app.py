from __future__ import annotations

import inspect
import json
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio
import pytest

from askoctober.config import Config
from askoctober.errors import QuestionError
from askoctober.types import Article
from askoctober.web.app import CLOSED, EXAMPLES, NAME, STYLES, create_chat, page, static, view
from askoctober.web.frame import render_settings, render_welcome
from askoctober.web.keeping.feedback import Feedback
from askoctober.web.keeping.turns import read_conversation, to_conversation
from askoctober.web.own import LARGEST_SHELF
from askoctober.web.render import render_status, render_turns
from askoctober.web.session import Session, Turn
from askoctober.web.settings import Settings
from askoctober.web.wording import LANGUAGES, wording

from .fakes import ARTICLES, BY_ID, FakeAssistant, complete, on_a_loop
from .markup import of_class, words

SKIPPED = gradio.skip()


def ask(session: Session, question: str, upto: int = 10_000) -> Turn:
    assert session.begin(question)
    turn = session.claim()
    assert turn is not None
    for event in list(FakeAssistant(0).stream(question, session.history()))[:upto]:
        turn.take(event)
    return turn


def record_of(html: str) -> dict[str, Any]:
    """The conversation that a page hands its browser to keep."""
    assert html.startswith('<div data-record="') and html.endswith('"></div>')
    kept = json.loads(unescape(html.removeprefix('<div data-record="').removesuffix('"></div>')))
    assert isinstance(kept, dict)
    return kept


def test_view_leaves_alone_what_has_not_changed() -> None:
    session = Session()
    first, second = ask(session, "Who voted against?"), ask(session, "And why?", 5)
    past, live, state, ask_, stop, record = view(session)
    assert past == record == SKIPPED
    assert live == render_turns([second], session.say, second) and "Who voted" not in live
    assert state == render_status(second, session.say)
    assert (ask_["visible"], stop["visible"]) == (False, True)
    session.stop()
    past, live, state, ask_, stop, record = view(session, past=True)
    assert past == render_turns([first], session.say) and record == SKIPPED
    assert (ask_["visible"], stop["visible"]) == (True, False) and words(state) == "Stopped."


def test_view_of_nothing_asked_is_the_welcome() -> None:
    session = Session(examples=("Who <b>?",), language="es")
    past, live, state, ask_, stop, record = view(session, past=True, kept=True)
    assert past == render_welcome(("Who <b>?",), wording("es")) and live == "" and words(state) == ""
    assert (ask_["visible"], stop["visible"]) == (True, False)
    kept = record_of(record)
    assert (kept["turns"], kept["name"], kept["id"]) == ([], "", session.id)


def test_record_is_what_keeping_reads() -> None:
    session = Session()
    for question in ('Who "voted" <b>against</b> & why?', "weather?", "Where do they differ?", "hostile"):
        ask(session, question)
    kept = record_of(view(session, kept=True)[-1])
    turns = read_conversation(kept, BY_ID)
    assert [turn.text for turn in turns] == [turn.text for turn in session.turns]
    assert [turn.citations for turn in turns] == [turn.citations for turn in session.turns]
    assert (kept["id"], kept["created"]) == (session.id, session.created)
    assert kept["name"] == 'Who "voted" <b>against</b> & why?' and kept["updated"] >= kept["created"]
    expected = to_conversation(
        session.turns, id=session.id, name=kept["name"], created=session.created, updated=kept["updated"]
    )
    assert kept == json.loads(json.dumps(expected))
    session.name = "Votes"
    assert record_of(view(session, kept=True)[-1])["name"] == "Votes"


def test_record_of_an_answer_on_its_way_is_one_that_was_stopped() -> None:
    session = Session()
    ask(session, "Who?", 12)
    (turn,) = record_of(view(session, kept=True)[-1])["turns"]
    assert turn["stage"] == "stopped" and len(turn["sentences"]) == 1 and session.busy


def test_page_is_quiet_and_closed() -> None:
    closed, opened = page(), page(uploads=True)
    assert (closed["max_file_size"], opened["max_file_size"]) == (CLOSED, LARGEST_SHELF) == (1, 100_000_000)
    for option in ("run_history", "enable_monitoring", "show_error", "ssr_mode", "pwa", "mcp_server"):
        assert closed[option] is False and opened[option] is False
    assert closed["footer_links"] == [] and closed["app_kwargs"] == {"openapi_url": None}
    assert Path(closed["favicon_path"]).read_text(encoding="utf-8").startswith("<svg")
    assert all(static(name) in closed["head"] for name in STYLES)
    for text in (closed["head"], static("bridge.js")):
        assert "@import" not in text and "url(http" not in text and "https://" not in text.replace("w3.org", "")


class Chat:
    """A chat, and what its events do, by name."""

    def __init__(self, assistant: Any = None, **options: Any) -> None:
        self.fake = assistant or FakeAssistant(0)
        self.blocks = on_a_loop(lambda: create_chat(self.fake, **options))
        self.events = {event.fn.__name__: event for event in self.blocks.fns.values() if event.fn is not None}

    def __getattr__(self, name: str) -> Any:
        return self.events[name].fn

    def parts(self) -> dict[str, Any]:
        """The parts of the page, by their ids."""
        return {block.elem_id: block for block in self.blocks.blocks.values() if getattr(block, "elem_id", None)}


@pytest.fixture(scope="module")
def chat() -> Chat:
    return Chat(shelf_title="Reading <room>", examples=["Who?"])


def test_nothing_is_offered_to_programs(chat: Chat) -> None:
    assert {"begin", "answer", "halt", "on_act", "on_settings", "greet"} <= set(chat.events)
    for name, event in chat.events.items():
        assert event.api_visibility == "private", name
    answer = chat.events["answer"]
    assert answer.queue and answer.concurrency_limit is None
    assert not any(chat.events[name].queue for name in ("begin", "halt", "on_act", "on_settings", "greet"))


def test_shelf_is_named(chat: Chat) -> None:
    assert chat.blocks.title == "Reading <room> · askoctober"
    assert "Reading &lt;room&gt;" in chat.parts()["ask-header"].value
    plain = Chat()
    assert plain.blocks.title == NAME and "<bdi>askoctober</bdi>" in plain.parts()["ask-header"].value


def test_examples_are_the_shipped_shelfs_only_on_it(chat: Chat) -> None:
    def offered(made: Chat) -> list[str]:
        return [button.words for button in of_class(made.parts()["ask-past"].value, "ask-example")]

    assert offered(chat) == ["Who?"] and offered(Chat()) == []
    fake = FakeAssistant(0)
    fake.retriever.store = SimpleNamespace(articles=lambda: [Article("a", "a.md", "Digest: One", text="Text.")])
    assert offered(Chat(fake)) == list(EXAMPLES) and offered(Chat(fake, examples=[])) == []


def test_question_is_shown_and_the_box_emptied(chat: Chat) -> None:
    session = Session()
    box, *shown = chat.begin("  Who?  ", session)
    assert box == "" and of_class(shown[1], "ask-question")[0].words == "Who?" and shown[0] == ""
    assert record_of(shown[-1])["turns"][0]["question"] == "Who?"
    box, *shown = chat.begin("Another?", session)
    assert box == "Another?" and shown[0] == SKIPPED and len(session.turns) == 1
    for empty in ("", "  ", None):
        box, *shown = chat.begin(empty, Session())
        assert box == empty and shown[0] == shown[-1] == SKIPPED


def test_answer_streams_and_is_kept_at_its_end(chat: Chat) -> None:
    session = Session()
    chat.begin("Who?", session)

    async def read() -> list[list[Any]]:
        return [shown async for shown in chat.answer(session)]

    shown = complete(read())
    assert all(step[0] == SKIPPED for step in shown) and all(step[-1] == SKIPPED for step in shown[:-1])
    assert len(record_of(shown[-1][-1])["turns"][0]["sentences"]) == 3
    assert shown[0][4]["visible"] is True and shown[-1][4]["visible"] is False


def test_stop_keeps_what_is_checked(chat: Chat) -> None:
    session = Session()
    ask(session, "Who?", 12)
    shown = chat.halt(session)
    assert session.turns[0].stage == "stopped" and len(record_of(shown[-1])["turns"][0]["sentences"]) == 1


def test_acts_of_the_browser_change_the_page(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path / "feedback.jsonl")
    chat, session = Chat(feedback=feedback), Session()
    ask(session, "Who?")
    shown = chat.on_act(session, SimpleNamespace(_data={"act": "rate", "turn": 1, "rating": "up"}))
    assert of_class(shown[1], "ask-thumb")[0]["aria-pressed"] == "true" and feedback.path.exists()
    shown = chat.on_act(session, SimpleNamespace(_data={"act": "edit", "turn": 1, "question": "Why?"}))
    assert of_class(shown[1], "ask-question")[0].words == "Why?" and shown[4]["visible"] is True
    record = json.dumps(record_of(shown[-1]))
    shown = chat.on_act(session, SimpleNamespace(_data={"act": "new"}))
    assert of_class(shown[0], "ask-welcome") and shown[1] == "" and record_of(shown[-1])["turns"] == []
    shown = chat.on_act(session, SimpleNamespace(_data={"act": "restore", "record": record}))
    assert of_class(shown[1], "ask-question")[0].words == "Why?"


def request(accepted: str) -> Any:
    return SimpleNamespace(headers={"accept-language": accepted})


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_opens_in_its_readers_language(chat: Chat, language: str) -> None:
    session, say = Session(), wording(language)
    header, pane, form, box, ask_, stop, hint, *shown = chat.greet(
        {}, session, request(f"la, {language};q=0.9, en;q=0.1")
    )
    assert session.language == language
    (head,) = of_class(header, "ask-header")
    assert (head["data-language"], head["data-ready"]) == (language, "true")
    assert say("pane-lead") in words(pane) and say("enter-asks") in words(hint)
    assert form == render_settings(Settings(), Config(), "fake", say)
    assert (box["label"], ask_["value"], stop["value"]) == (say("your-question"), say("ask"), say("stop"))
    theirs = "ask-the-articles" if language == "en" else "ask-in-theirs"
    assert box["placeholder"] == say(theirs) and say("welcome") in words(shown[0])


def test_settings_are_taken_and_kept(chat: Chat) -> None:
    session = Session()
    data = {"language": "ru", "passages": 12, "length": "long"}
    kept, header, *_ = chat.on_settings(session, request("de"), SimpleNamespace(_data=data))
    assert kept == data and session.settings == Settings("ru", 12, "long") and session.language == "ru"
    assert of_class(header, "ask-header")[0]["data-language"] == "ru"
    kept, *_ = chat.on_settings(session, request("de"), SimpleNamespace(_data=None))
    assert kept == data and session.settings == Settings("ru", 12, "long")
    chat.greet(kept, (later := Session()), request("de"))
    assert later.settings == session.settings and later.language == "ru"
    kept, *_ = chat.on_settings(session, request("de"), SimpleNamespace(_data={"language": "la", "passages": -1}))
    assert kept == Settings().to_dict() and session.language == "de"


def test_page_is_right_for_a_shelf_that_has_changed() -> None:
    fake = FakeAssistant(0)
    chat, session = Chat(fake), Session()
    fake.retriever.store = SimpleNamespace(articles=lambda: ARTICLES[:1])
    _, header, pane, *_ = chat.on_settings(session, request("en"), SimpleNamespace(_data=None))
    assert "1 article," in words(header) and [b["data-article"] for b in of_class(pane, "ask-open")] == ["banners"]


def test_readers_do_not_share_a_session(chat: Chat) -> None:
    states = [block for block in chat.blocks.blocks.values() if isinstance(block, gradio.State)]
    assert len(states) == 1 and states[0].value.turns == [] and states[0].value.examples == ("Who?",)


def test_failure_is_shown_and_the_next_question_is_possible(chat: Chat) -> None:
    session = Session()
    chat.begin("a long one", session)

    async def read() -> list[list[Any]]:
        return [shown async for shown in chat.answer(session)]

    shown = complete(read())
    with pytest.raises(QuestionError) as error:
        next(iter(FakeAssistant(0).stream("a long one")))
    assert str(error.value) in words(shown[-1][1]) and shown[-1][3]["visible"] is True
    assert chat.begin("Who?", session)[0] == ""


def test_half_a_character_in_a_question_does_not_stop_the_page(chat: Chat) -> None:
    session = Session()
    # What a browser sends is JSON, whose escapes may name half a character; no page can be sent that holds one.
    chat.begin(json.loads('"Who \\ud83d?"'), session)
    for part in view(session, past=True, kept=True):
        if isinstance(part, str):
            part.encode("utf-8")


def test_nothing_is_written_beside_the_package() -> None:
    on_a_loop(lambda: create_chat(FakeAssistant()))
    assert not Path(inspect.getfile(create_chat)).with_suffix(".pyi").exists()
