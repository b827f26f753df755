"""The chat as Gradio blocks: which button changes the session how, and which part of the page shows it."""

from __future__ import annotations

import json
import os
from abc import ABCMeta
from collections.abc import AsyncIterator, Sequence
from functools import cache
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

from askoctober.web.acting import act
from askoctober.web.answerer import Answerer
from askoctober.web.frame import render_header, render_settings, render_welcome
from askoctober.web.keeping.feedback import Feedback
from askoctober.web.keeping.turns import name_of, to_conversation
from askoctober.web.line import Line
from askoctober.web.observing import Observing
from askoctober.web.own import LARGEST_SHELF, OwnArticles
from askoctober.web.pages import Pages
from askoctober.web.render import render_status, render_turns
from askoctober.web.running import run
from askoctober.web.session import Session, clean, now
from askoctober.web.settings import Settings
from askoctober.web.source import render_pane
from askoctober.web.wording import DEFAULT, preferred, wording

if TYPE_CHECKING:
    import gradio as gr

NAME = "askoctober"
SHIPPED_TITLE = "Digest: "
EXAMPLES = (
    "Who voted against the insurrection?",
    "Why did the Kornilov rebellion fail?",
    "What slogans were on the banners in June 1917?",
    "What did the women textile workers demand in February?",
)
"""Questions that the shipped shelf answers; its titles all begin with `SHIPPED_TITLE`."""
FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
STYLES = ("frame.css", "conversation.css", "source.css", "pages.css")
MOST_SESSIONS = 500
CLOSED = 1
"""Bytes of an upload, where there are none."""


@cache
def static(name: str) -> str:
    """Return the text of one of the files beside this module."""
    return resources.files(__package__).joinpath("static", name).read_text(encoding="utf-8")


def page(uploads: bool = False) -> dict[str, Any]:
    """Return how the page around the chat is served: quietly, in our own type and colours, from this host alone."""
    gradio = _gradio()
    return {
        "theme": gradio.themes.Base(font=FONTS, font_mono=("ui-monospace", "monospace")),
        "head": f"<style>{''.join(map(static, STYLES))}</style>",
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "show_error": False,
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": False,
        "max_file_size": LARGEST_SHELF if uploads else CLOSED,
        "app_kwargs": {"openapi_url": None},
        "favicon_path": str(resources.files(__package__).joinpath("static", "favicon.svg")),
    }


def create_chat(
    assistant: Answerer,
    *,
    shelf_title: str | None = None,
    examples: Sequence[str] | None = None,
    own: OwnArticles | None = None,
    feedback: Feedback | None = None,
    line: Line | None = None,
    observing: Observing | None = None,
) -> gr.Blocks:
    """Return the chat over an assistant, not yet served; see `server.create_app`, which serves its scripts too.

    `examples` are offered while nothing has been asked; where none are given, the shipped shelf has its own. With `own`
    readers may add articles; with `feedback` their thumbs are kept. The `line` before the model may be shared;
    `observing` watches the questions.
    """
    gradio = _gradio()
    pages, line = Pages(assistant, own), Line() if line is None else line
    title = shelf_title or NAME
    if examples is None:
        shipped = all(article.title.startswith(SHIPPED_TITLE) for article in pages.articles.values())
        examples = EXAMPLES if shipped else ()

    async def answer(session: Session) -> AsyncIterator[list[Any]]:
        async for _ in run(assistant, session, line, observing):
            yield view(session)
        yield view(session, kept=True)

    def begin(text: str, session: Session) -> list[Any]:
        """Show the question and empty the box; an empty question changes nothing."""
        if session.begin(text or ""):
            return ["", *view(session, past=True, kept=True)]
        return [clean(text) if text else text, *view(session)]

    def halt(session: Session) -> list[Any]:
        """Stop, keeping what is checked; the run sees it at its next event."""
        session.stop()
        return view(session, kept=True)

    def on_act(session: Session, event: gr.EventData) -> list[Any]:
        act(session, event._data, pages.articles, feedback)
        return view(session, past=True, kept=True)

    def around(session: Session) -> list[Any]:
        """Return what stands around the conversation, in the reader's language."""
        say = session.say
        foreign = session.language not in assistant.retriever.languages and assistant.retriever.languages
        return [
            render_header(title, len(pages.articles), say, ready=True),
            render_pane(list(pages.articles.values()), say),
            render_settings(session.settings, assistant.config, assistant.generator.name, say),
            gradio.update(
                label=say("your-question"), placeholder=say("ask-in-theirs" if foreign else "ask-the-articles")
            ),
            gradio.update(value=say("ask")),
            gradio.update(value=say("stop")),
            f'<p class="ask-note">{escape(say("enter-asks"))}</p>',
        ]

    def greet(kept: Any, session: Session, request: gr.Request) -> list[Any]:
        """Bring a page that has just opened into its reader's language."""
        session.settings = Settings.read(kept)
        accepted = request.headers.get("accept-language", "") if request else ""
        session.language = session.settings.language or preferred(accepted)
        return [*around(session), *view(session, past=True)]

    def on_settings(session: Session, request: gr.Request, event: gr.EventData) -> list[Any]:
        # Without any the page is only to be drawn anew, because the shelf has changed.
        settings = Settings.read(event._data) if event._data else session.settings
        return [settings.to_dict(), *greet(settings.to_dict(), session, request)]

    # Gradio reads from these who wants the event and the request, and finds no name that only types need.
    on_act.__annotations__["event"] = on_settings.__annotations__["event"] = gradio.EventData
    greet.__annotations__["request"] = on_settings.__annotations__["request"] = gradio.Request

    # A box that takes no file, as a class: Gradio makes it anew for each reader. Its own way to make a class of
    # components, which is passed over here, writes a file beside this one.
    about = {"is_template": True, "async_move_resource_to_block_cache": staticmethod(_take_no_file)}
    box_class: Any = ABCMeta.__new__(type(gradio.Textbox), "Box", (gradio.Textbox,), {"__module__": __name__, **about})

    say = wording(DEFAULT)
    with gradio.Blocks(
        title=f"{shelf_title} · {NAME}" if shelf_title else NAME, analytics_enabled=False, fill_width=True
    ) as chat:
        chat.run_history = False  # Gradio would keep what is asked in the browser, on a page of its own
        session = gradio.State(Session(examples=tuple(examples)))
        settings = gradio.BrowserState({}, storage_key="askoctober-settings", secret=NAME)
        header = _html(render_header(title, len(pages.articles), say), "ask-header")
        with gradio.Row(elem_id="ask-main"):
            with gradio.Column(elem_id="ask-left"):
                with gradio.Column(elem_id="ask-scroll"):
                    past = _html(render_welcome(examples, say), "ask-past")
                    live = _html("", "ask-live")
                state = _html(render_status(None, say), "ask-state")
                with gradio.Row(elem_id="ask-composer"):
                    box = box_class(
                        elem_id="ask-box",
                        label=say("your-question"),
                        show_label=False,
                        placeholder=say("ask-the-articles"),
                        lines=1,
                        max_lines=6,
                        autofocus=True,
                        container=False,
                    )
                    ask = gradio.Button(say("ask"), elem_id="ask-ask", variant="primary")
                    stop = gradio.Button(say("stop"), elem_id="ask-stop", visible=False)
                hint = _html(f'<p class="ask-note">{escape(say("enter-asks"))}</p>', "ask-hint")
            _html("", "ask-page")
            pane = _html(render_pane(list(pages.articles.values()), say), "ask-pane")
        form = _html("", "ask-settings")
        record = _html("", "ask-record")
        bridge = gradio.HTML(
            "",
            elem_id="ask-bridge",
            apply_default_css=False,
            js_on_load=static("bridge.js"),
            server_functions=pages.functions,
        )

        shown = [past, live, state, ask, stop, record]
        frame = [header, pane, form, box, ask, stop, hint]
        quick: dict[str, Any] = {
            "queue": False,
            "show_progress": "hidden",
            "trigger_mode": "multiple",
            "api_visibility": "private",
        }
        # Without a limit: whose turn it is at the model is the line's affair, and those who wait are told.
        slow = quick | {"queue": True, "concurrency_limit": None}
        for trigger in (box.submit, ask.click):
            trigger(begin, [box, session], [box, *shown], **quick).then(answer, session, shown, **slow)
        bridge.act(on_act, session, shown, **quick).then(answer, session, shown, **slow)
        bridge.settings(on_settings, session, [settings, *frame, *shown], **quick)
        stop.click(halt, session, shown, **quick)
        chat.load(greet, [settings, session], [*frame, *shown], **quick)
    chat.queue(default_concurrency_limit=None, api_open=False)
    for block in chat.blocks.values():
        block.async_move_resource_to_block_cache = _take_no_file
    # Gradio holds on to what a page showed for an hour after it was closed; beyond these the oldest go at once.
    chat.state_session_capacity = MOST_SESSIONS
    return chat


async def _take_no_file(resource: Any) -> None:
    """Fetch and copy nothing: no part of the page takes a file, and what says that it is one comes from a stranger."""


def view(session: Session, *, past: bool = False, kept: bool = False) -> list[Any]:
    """Return what each part of the page shows; earlier turns, and what the browser keeps, only when they change."""
    gradio = _gradio()
    busy, say = session.busy, session.say
    earlier = ""
    if past:
        turns = session.turns
        earlier = render_turns(turns[:-1], say) if turns else render_welcome(session.examples, say)
    return [
        earlier if past else gradio.skip(),
        render_turns(session.turns[-1:], say, session.last),
        render_status(session.last, say),
        gradio.update(visible=not busy),
        gradio.update(visible=busy),
        _record(session) if kept else gradio.skip(),
    ]


def _record(session: Session) -> str:
    """Return the conversation for the browser to keep."""
    turns = session.turns
    name = session.name or (name_of(turns[0].question) if turns else "")
    record = to_conversation(turns, id=session.id, name=name, created=session.created, updated=now())
    return f'<div data-record="{escape(json.dumps(record, ensure_ascii=False))}"></div>'


def _html(value: str, elem_id: str) -> Any:
    return _gradio().HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None)


def _gradio() -> Any:
    """Import Gradio, which is slow, with its telemetry off."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio

    return gradio
