"""The chat as Gradio blocks: which button changes the session how, and which part of the page shows it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from askoctober.errors import AskoctoberError
from askoctober.web.render import render_header, render_status, render_turns, render_welcome
from askoctober.web.session import Answerer, Session
from askoctober.web.source import open_source, render_shelf

if TYPE_CHECKING:
    import gradio as gr

logger = logging.getLogger(__name__)

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
UNEXPECTED = "Something went wrong; the terminal says more."
READERS_AT_ONCE = 8
"""How many buttons can be served at a time; answers are written one at a time whatever this is."""


@cache
def static(name: str) -> str:
    """Return the text of one of the files beside this module."""
    return resources.files(__package__).joinpath("static", name).read_text(encoding="utf-8")


def page() -> dict[str, Any]:
    """Return how the page around the chat is served: quietly, in our own type and colours, from this host alone."""
    gradio = _gradio()
    return {
        "theme": gradio.themes.Base(font=FONTS, font_mono=("ui-monospace", "monospace")),
        "head": f"<style>{static('chat.css')}</style>",
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "show_error": False,
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": False,
        "max_file_size": 1,
        "app_kwargs": {"openapi_url": None},
        "favicon_path": str(resources.files(__package__).joinpath("static", "favicon.svg")),
    }


def create_chat(
    assistant: Answerer, *, shelf_title: str | None = None, examples: Sequence[str] | None = None
) -> gr.Blocks:
    """Return the chat over an assistant, not yet served; `mount_gradio_app` and `launch` need what `page` returns.

    `examples` are offered while nothing has been asked; where none are given, the shipped shelf has its own.
    """
    gradio = _gradio()
    articles = list(assistant.retriever.store.articles())
    if examples is None:
        examples = EXAMPLES if all(article.title.startswith(SHIPPED_TITLE) for article in articles) else ()
    by_id = {article.id: article for article in articles}

    def open_place(request: Any) -> str:
        return open_source(by_id, request)

    def answer(session: Session) -> Iterator[list[Any]]:
        for _ in run(assistant, session):
            yield view(session)

    with gradio.Blocks(
        title=f"{shelf_title} · {NAME}" if shelf_title else NAME, analytics_enabled=False, fill_width=True
    ) as chat:
        session = gradio.State(Session(examples=tuple(examples)))
        gradio.HTML(render_header(shelf_title or NAME, len(articles)), elem_id="ask-header", apply_default_css=False)
        with gradio.Row(elem_id="ask-main"):
            with gradio.Column(elem_id="ask-left"):
                with gradio.Column(elem_id="ask-scroll"):
                    past = gradio.HTML(
                        render_welcome(examples),
                        elem_id="ask-past",
                        apply_default_css=False,
                        js_on_load=None,
                    )
                    live = gradio.HTML("", elem_id="ask-live", apply_default_css=False, js_on_load=None)
                state = gradio.HTML(render_status(None), elem_id="ask-state", apply_default_css=False, js_on_load=None)
                with gradio.Row(elem_id="ask-composer"):
                    box = gradio.Textbox(
                        elem_id="ask-box",
                        label="Your question",
                        show_label=False,
                        placeholder="Ask the articles a question",
                        lines=1,
                        max_lines=6,
                        autofocus=True,
                        container=False,
                    )
                    ask = gradio.Button("Ask", elem_id="ask-ask", variant="primary")
                    stop = gradio.Button("Stop", elem_id="ask-stop", visible=False)
                with gradio.Row(elem_id="ask-tools"):
                    gradio.HTML(
                        '<p class="ask-note">Enter asks, Shift+Enter begins a new line.</p>',
                        elem_id="ask-hint",
                        apply_default_css=False,
                        js_on_load=None,
                    )
                    retry = gradio.Button("Retry", elem_id="ask-retry", size="sm", interactive=False)
                    clear = gradio.Button("Clear", elem_id="ask-clear", size="sm", interactive=False)
            gradio.HTML(
                render_shelf(articles),
                elem_id="ask-pane",
                apply_default_css=False,
                js_on_load=static("chat.js"),
                server_functions=[open_place],
            )

        shown = [past, live, state, ask, stop, retry, clear]
        quick: dict[str, Any] = {
            "queue": False,
            "show_progress": "hidden",
            "trigger_mode": "multiple",
            "api_visibility": "private",
        }
        slow = quick | {"queue": True, "concurrency_limit": 1, "concurrency_id": "answers"}
        for trigger in (box.submit, ask.click):
            trigger(begin, [box, session], [box, *shown], **quick).then(answer, session, shown, **slow)
        retry.click(again, session, shown, **quick).then(answer, session, shown, **slow)
        stop.click(halt, session, shown, **quick)
        clear.click(forget, session, shown, **quick)
    chat.queue(default_concurrency_limit=READERS_AT_ONCE, api_open=False)
    return chat


def run(assistant: Answerer, session: Session) -> Iterator[None]:
    """Answer the question that waits, and yield whenever the session has changed; closing it stops the answer."""
    turn = session.claim()
    if turn is None:
        yield
        return
    history = session.history()
    yield
    try:
        stream = assistant.stream(turn.question, history)
        try:
            for event in stream:
                turn.take(event)
                if turn.ended:
                    break
                yield
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()
    except AskoctoberError as error:
        turn.fail(str(error))
    except Exception:
        logger.exception("The question could not be answered")
        turn.fail(UNEXPECTED)
    finally:
        turn.stop()
    yield


def begin(text: str, session: Session) -> list[Any]:
    """Show the question and empty the box; an empty question changes nothing."""
    return ["", *view(session, past=True)] if session.begin(text or "") else [text, *view(session)]


def again(session: Session) -> list[Any]:
    """Take the last question up again."""
    session.retry()
    return view(session, past=True)


def halt(session: Session) -> list[Any]:
    """Stop, keeping what is checked; the run sees it at its next event."""
    session.stop()
    return view(session)


def forget(session: Session) -> list[Any]:
    """Empty the conversation."""
    session.clear()
    return view(session, past=True)


def view(session: Session, *, past: bool = False) -> list[Any]:
    """Return what each part of the page shows; earlier turns are sent only when they change."""
    gradio = _gradio()
    busy = session.busy
    earlier = render_turns(session.turns[:-1]) if session.turns else render_welcome(session.examples)
    return [
        earlier if past else gradio.skip(),
        render_turns(session.turns[-1:]),
        render_status(session.last),
        gradio.update(visible=not busy),
        gradio.update(visible=busy),
        gradio.update(interactive=bool(session.turns) and not busy),
        gradio.update(interactive=bool(session.turns)),
    ]


def _gradio() -> Any:
    """Import Gradio, which is slow, with its telemetry off."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio

    return gradio
