"""What a reader can do with an answer, as HTML; the scripts send each press to `acting`."""

from __future__ import annotations

from html import escape

from askoctober.web.icons import icon
from askoctober.web.session import Turn
from askoctober.web.source import safe
from askoctober.web.wording import Wording


def render_actions(turn: Turn, say: Wording, last: bool) -> str:
    """Return what a reader can do with an answer."""
    declined = turn.answer is not None and turn.answer.declined
    acts = ["retry", "link"] if declined else ["retry", "edit", "link"]
    if last and turn.stage in ("stopped", "failed"):
        acts.insert(0, "continue")
    if turn.sentences:
        acts.append("copy")
    buttons = "".join(
        f'<button type="button" class="ask-act" data-act="{act}">{escape(say(f"act-{act}"))}</button>' for act in acts
    )
    thumbs = ""
    if turn.answer is not None:
        thumbs = "".join(
            f'<button type="button" class="ask-act ask-thumb" data-act="{way}" aria-label="{escape(say(f"act-{way}"))}"'
            f' title="{escape(say(f"act-{way}"))}" aria-pressed="{str(turn.rating == way).lower()}">'
            f"{icon(way)}</button>"
            for way in ("up", "down")
        )
    return (
        f'<div class="ask-acts" role="group" aria-label="{escape(say("this-answer"))}">{buttons}'
        f'<span class="ask-thumbs">{thumbs}</span></div>{_word(turn, say)}'
    )


def _word(turn: Turn, say: Wording) -> str:
    """Return where a reader can say in a word why, once a thumb was given."""
    if turn.complaint:
        return f'<p class="ask-foot ask-complaint" role="alert">{safe(turn.complaint)}</p>'
    if not turn.rating:
        return ""
    if turn.word:
        return f'<p class="ask-foot" role="status">{escape(say("word-kept"))}</p>'
    return (
        f'<form class="ask-word"><label>{escape(say("word-label"))} '
        f'<input name="word" maxlength="500" autocomplete="off"></label>'
        f'<button type="submit" class="ask-act">{escape(say("word-send"))}</button></form>'
    )
