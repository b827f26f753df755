"""What stands around the conversation as HTML: the head of the page, its first words, the settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from askoctober.answering.assistant import LENGTHS
from askoctober.config import Config
from askoctober.corpus.formats import FORMATS
from askoctober.web.icons import icon
from askoctober.web.own import LARGEST_SHELF
from askoctober.web.settings import PASSAGES, Settings
from askoctober.web.source import safe
from askoctober.web.wording import LANGUAGES, Wording

VIEWS = ("chat", "shelf", "map", "timeline")
"""The pages of the chat, in the order of the head; scripts and style sheets know them by these names."""
ENDINGS = " ".join(sorted({ending for known in FORMATS for ending in known.endings}))
"""Ends of the names that a reader's files may have; those of formats that are not read bring advice for an answer."""


def render_header(title: str, articles: int, say: Wording, ready: bool = False) -> str:
    """Return the head of the page: what is asked here, the pages, what is kept, and what can be set.

    It is `ready` once it is in the reader's language.
    """
    pages = "".join(
        f'<button type="button" class="ask-tab" data-view="{view}"'
        f"{' aria-current=page' if view == VIEWS[0] else ''}>{escape(say(f'view-{view}'))}</button>"
        for view in VIEWS
    )
    tools = "".join(
        f'<button type="button" class="ask-tool" data-tool="{tool}" aria-label="{escape(say(f"tool-{tool}"))}"'
        f' title="{escape(say(f"tool-{tool}"))}">{icon(tool)}'
        f'<span class="ask-tool-name">{escape(say(f"tool-{tool}"))}</span></button>'
        for tool in ("new", "kept", "settings")
    )
    words = escape(json.dumps(say.for_scripts(), ensure_ascii=False))
    return (
        f'<header class="ask-header"{" data-ready=true" if ready else ""} data-language="{say.language}"'
        f' data-words="{words}" data-endings="{ENDINGS}" data-largest="{LARGEST_SHELF}"><div class="ask-name">'
        f"<h1>{safe(title)}</h1><p>{escape(say('articles-count', count=articles))}"
        f"<span>{escape(say('every-sentence'))}</span></p></div>"
        f'<nav class="ask-tabs" aria-label="{escape(say("pages"))}">{pages}</nav><div class="ask-tools">{tools}'
        f'<button type="button" class="ask-shelf-button">{escape(say("sources"))}</button></div></header>'
    )


def render_welcome(examples: Sequence[str], say: Wording) -> str:
    """Return the conversation while it is empty."""
    buttons = "".join(f'<button type="button" class="ask-example">{escape(text)}</button>' for text in examples)
    label = f' aria-label="{escape(say("examples"))}" role="group"' if examples else ""
    return (
        f'<section class="ask-welcome"><h2>{escape(say("welcome"))}</h2><p>{escape(say("welcome-lead"))}</p>'
        f'<div class="ask-examples"{label}>{buttons}</div></section>'
    )


def render_settings(settings: Settings, config: Config, model: str, say: Wording) -> str:
    """Return the form of what a reader may set, as a template that the scripts show as a dialog."""
    languages = {"": say("language-browser")} | LANGUAGES
    fields = (
        _choice("language", say("set-language"), languages, settings.language),
        _choice(
            "length",
            say("set-length"),
            {name: say(f"length-{name}") for name in LENGTHS},
            settings.length or config.answer_length,
        ),
        _choice(
            "passages",
            say("set-passages"),
            {str(number): str(number) for number in sorted({*PASSAGES, config.passages})},
            str(settings.passages or config.passages),
            say("set-passages-why"),
        ),
    )
    return (
        f'<template><h2>{escape(say("tool-settings"))}</h2><form class="ask-settings" method="dialog">{"".join(fields)}'
        f'<p class="ask-note">{escape(say("written-by", model=model))}. {escape(say("settings-kept"))}</p>'
        f'<p class="ask-dialog-foot"><button type="submit" class="ask-way ask-main-way">{escape(say("save"))}</button>'
        f'<button type="button" class="ask-way ask-dismiss">{escape(say("cancel"))}</button></p></form></template>'
    )


def _choice(name: str, label: str, options: dict[str, str], chosen: str, why: str = "") -> str:
    listed = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in options.items()
    )
    hint = f'<span class="ask-note" id="ask-why-{name}">{escape(why)}</span>' if why else ""
    described = f' aria-describedby="ask-why-{name}"' if why else ""
    return (
        f'<p><label for="ask-set-{name}">{escape(label)}</label>'
        f'<select id="ask-set-{name}" name="{name}"{described}>{listed}</select>{hint}</p>'
    )
