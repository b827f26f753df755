"""The conversation as HTML: pure functions of what has been asked, found and checked.

Everything that comes from a reader, an article or a model is escaped here and nowhere parsed; `say` gives the words
around it in the reader's language.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from askoctober.answering.assistant import DECLINED
from askoctober.answering.deciding import in_words
from askoctober.answering.disagreement import CALENDARS, DIFFER
from askoctober.types import Answer, Article, Citation, Evidence, Hit, Sentence
from askoctober.web.actions import render_actions
from askoctober.web.session import Turn
from askoctober.web.source import byline, in_pages, safe, titled
from askoctober.web.wording import Wording

NEAREST = 3
SNIPPET = 110
QUOTE = 600
NEAR = 220
SUPPORT = {"quoted": "“”", "supported": "✓", "repaired": "↺"}
"""The quiet sign of how a sentence stands; its meaning is said beside it for those who hear the page."""
REMARKS = {DIFFER: "sources-differ", CALENDARS: "calendars-differ"}
"""What an answer says of two sources that do not agree: it is shown with both side by side."""


def snippet(text: str, length: int = SNIPPET) -> str:
    """Return the first words of a text on one line, without the signs of a heading."""
    words = " ".join(word for word in text.split() if word.strip("#"))
    return words if len(words) <= length else words[:length].rsplit(" ", 1)[0].rstrip(",;:–—- ") + " …"


def render_turns(turns: Sequence[Turn], say: Wording, last: Turn | None = None) -> str:
    """Return turns one below the other; `last` is the last of the conversation, which alone can go on."""
    return "".join(render_turn(turn, say, turn is last) for turn in turns)


def render_turn(turn: Turn, say: Wording, last: bool = True) -> str:
    """Return a question and as much of its answer as there is."""
    answer = turn.answer
    if turn.stage == "failed":
        error = say(turn.error) if turn.error.startswith("error-") else turn.error
        body = f'{_text(turn, say)}<div class="ask-card ask-error" role="alert"><p>{safe(error)}</p></div>'
    elif answer is not None and answer.declined:
        body = _declined(answer, say)
    else:
        body = _text(turn, say) + (_sources(turn, say) if turn.ended else "") + _foot(turn, say)
    evidence = "" if turn.stage == "failed" or (answer is not None and answer.declined) else _evidence(turn, say)
    return (
        f'<section class="ask-turn" data-turn="{turn.number}" data-stage="{turn.stage}">'
        f'<h2 class="ask-question" dir="auto">{safe(turn.question)}</h2>{_searched(turn, say)}{evidence}{body}'
        f"{render_actions(turn, say, last) if turn.ended else ''}</section>"
    )


def render_status(turn: Turn | None, say: Wording) -> str:
    """Return the line that says what is happening; it is read aloud when it changes, the seconds are not."""
    running = "" if turn is None or turn.ended else f' data-run="{turn.number}"'
    percent = ""
    if turn is not None and turn.stage == "reading" and turn.to_read and not turn.ahead:
        share = min(turn.read / turn.to_read, 1.0)
        percent = f'<span class="ask-bar" aria-hidden="true"><i style="width:{share:.0%}"></i></span>'
    return (
        f'<div class="ask-status" role="status" aria-live="polite"{running}>{escape(status(turn, say))}</div>{percent}'
    )


def status(turn: Turn | None, say: Wording) -> str:
    """Return in words what is happening."""
    if turn is None:
        return ""
    if turn.answer is not None:
        if turn.answer.declined:
            return say("status-declined")
        sources = len({citation.mark for citation in turn.citations})
        return say("status-done", sentences=len(turn.sentences), sources=sources)
    if turn.ahead and not turn.ended:
        return say("status-queued", ahead=turn.ahead)
    if turn.stage == "reading" and turn.found is not None:
        return say("status-reading", sentences=sum(max(len(e.sentences), 1) for e in turn.found.evidence))
    return "" if turn.stage in ("done", "failed") else say(f"status-{turn.stage}")


def _searched(turn: Turn, say: Wording) -> str:
    """Return what was searched for, where that is not the question as it was typed."""
    asked = turn.answer.standalone_question if turn.answer else turn.found.standalone_question if turn.found else ""
    if not asked or asked.strip() == turn.question.strip():
        return ""
    return f'<p class="ask-searched">{escape(say("searched"))} {safe(asked)}</p>'


def _evidence(turn: Turn, say: Wording) -> str:
    """Return what was found: in view until there is an answer, folded away after."""
    if turn.found is None or not turn.found.evidence:
        return ""
    title = escape(say("found", passages=len(turn.found.evidence)))
    cards = f'<ol class="ask-cards">{"".join(_card(evidence, say) for evidence in turn.found.evidence)}</ol>'
    if turn.ended and turn.sentences:
        return f'<details class="ask-evidence"><summary>{title}</summary>{cards}</details>'
    return f'<div class="ask-evidence"><p class="ask-label">{title}</p>{cards}</div>'


def _card(evidence: Evidence, say: Wording) -> str:
    """Return one passage as a button that opens it."""
    number = f'<span class="ask-number" aria-hidden="true">{evidence.mark}</span>'
    return place(evidence.article, evidence.start, evidence.end, evidence.text, say, number)


def place(
    article: Article, start: int, end: int, text: str, say: Wording, number: str = "", length: int = SNIPPET
) -> str:
    """Return a list item with a button that opens a place in an article."""
    return (
        f'<li><button type="button" class="ask-open ask-card-button"{target(article, start, end)}>{number}'
        f'<span class="ask-title">{titled(article, start, end, say)}</span>'
        f'<span class="ask-words">{safe(snippet(text, length))}</span></button></li>'
    )


def target(article: Article, start: int, end: int) -> str:
    """Return the attributes by which a button names a place."""
    return f' data-article="{escape(article.id)}" data-start="{start}" data-end="{end}"'


def _text(turn: Turn, say: Wording) -> str:
    """Return the checked sentences, and after them the draft."""
    sentences, citations = turn.shown
    parts = [
        _differ(sentence, citations, say)
        if sentence.text in REMARKS and len(set(sentence.marks)) > 1
        else _sentence(sentence, citations, turn.moved, say)
        for sentence in sentences
    ]
    draft = turn.draft.strip() if len(turn.sentences) >= len(turn.kept) else ""
    if draft:
        parts.append(f'<span class="ask-draft">{safe(draft)}</span>')
    if turn.stage == "stopped":
        parts.append(f'<span class="ask-tag">{escape(say("stopped"))}</span>')
    elif draft:
        parts.append(f'<span class="ask-tag">{escape(say("draft"))}</span>')
    return f'<div class="ask-answer" dir="auto">{" ".join(parts)}</div>' if parts else ""


def _sentence(sentence: Sentence, citations: Sequence[Citation], moved: frozenset[int], say: Wording) -> str:
    """Return one checked sentence with the buttons that open what it rests on, which stay beside its last word."""
    buttons = _marks(sentence, citations, moved, say)
    meaning = escape(say(f"support-{sentence.support}"))
    sign = (
        f'<span class="ask-support" data-support="{sentence.support}" title="{meaning}">'
        f'<span aria-hidden="true">{SUPPORT[sentence.support]}</span><span class="ask-heard">{meaning}</span></span>'
    )
    held = f'<span class="ask-held">{escape(sentence.text[-1:])}{buttons}{sign}</span>'
    return f'<span class="ask-sentence">{escape(sentence.text[:-1])}{held}</span>'


def _marks(sentence: Sentence, citations: Sequence[Citation], moved: frozenset[int], say: Wording) -> str:
    return "".join(
        mark_button(citation, say, citation.mark in moved)
        for mark in sentence.marks
        for citation in citations
        if citation.mark == mark
    )


def mark_button(citation: Citation, say: Wording, moved: bool = False) -> str:
    """Return the button of one citation, which carries its quote for a look without opening it."""
    label = escape(say("cite", mark=citation.mark, title=citation.article.title))
    named = ", ".join(filter(None, (citation.article.title, in_pages(citation.pages, say))))
    gone = ' data-moved=""' if moved else ""
    return (
        f'<button type="button" class="ask-open ask-cite"{target(citation.article, citation.start, citation.end)}{gone}'
        f' data-quote="{escape(" ".join(citation.quote.split()))}" data-title="{escape(named)}"'
        f' aria-label="{label}">{citation.mark}</button>'
    )


def _differ(sentence: Sentence, citations: Sequence[Citation], say: Wording) -> str:
    """Return two sources that do not agree, side by side."""
    sides = "".join(
        f'<figure><blockquote dir="auto">{safe(" ".join(citation.quote.split()))}</blockquote>'
        f'<figcaption><span class="ask-title">{safe(citation.article.title)}</span> {mark_button(citation, say)}'
        f'<span class="ask-byline">{byline(citation.article, say, citation.pages)}</span></figcaption></figure>'
        for mark in dict.fromkeys(sentence.marks)
        for citation in citations
        if citation.mark == mark
    )
    said = escape(say(REMARKS[sentence.text]))
    return f'<div class="ask-differ" role="group" aria-label="{said}"><p>{said}</p><div>{sides}</div></div>'


def _sources(turn: Turn, say: Wording) -> str:
    """Return the numbered quotes below an answer."""
    if not turn.citations:
        return ""
    rows = "".join(
        f'<li><button type="button" class="ask-open ask-source"{target(c.article, c.start, c.end)}>'
        f'<span class="ask-number" aria-hidden="true">{c.mark}</span>'
        f'<span class="ask-title">{titled(c.article, c.start, c.end, say)}</span>'
        f'<q class="ask-words">{safe(snippet(c.quote, QUOTE))}</q>'
        + (f'<span class="ask-words ask-moved">{escape(say("source-moved"))}</span>' if c.mark in turn.moved else "")
        + "</button></li>"
        for c in turn.citations
    )
    return f'<div class="ask-sources"><h3 class="ask-label">{escape(say("sources"))}</h3><ol>{rows}</ol></div>'


def _foot(turn: Turn, say: Wording) -> str:
    """Return what was done for an answer, small: how sure it is, and what its signs mean."""
    if turn.answer is None or not turn.sentences:
        return ""
    sure = say("sure-" + in_words(turn.answer.confidence).replace(" ", "-"))
    total = turn.answer.timings.get("total_ms", 0.0)
    seconds = f" · {escape(say('seconds', seconds=round(total / 1000, 1)))}" if total else ""
    said = [sentence.support for sentence in turn.sentences if sentence.text not in REMARKS]
    used = [kind for kind in SUPPORT if kind in said]
    signs = "".join(
        f'<span><span aria-hidden="true" class="ask-support" data-support="{kind}">{SUPPORT[kind]}</span> '
        f"{escape(say(f'support-{kind}'))}</span>"
        for kind in used
    )
    title = escape(say("written-by", model=turn.answer.model))
    return (
        f'<p class="ask-foot ask-signs-key" title="{title}">'
        f'<span><span class="ask-sure">{escape(sure)}</span>{seconds}</span>{signs}</p>'
    )


def _declined(answer: Answer, say: Wording) -> str:
    """Return a decline: the line, the nearest that the articles have, and other ways to look."""
    line = say("declined") if answer.text == DECLINED else answer.text
    nearest = "".join(_nearest(hit, say) for hit in answer.hits[:NEAREST])
    listed = (
        f'<h3 class="ask-label">{escape(say("nearest"))}</h3><ol class="ask-cards">{nearest}</ol>' if nearest else ""
    )
    ways = "".join(
        f'<button type="button" class="ask-way" data-act="{act}">{escape(say(f"act-{act}"))}</button>'
        for act in (("edit", "more", "passages") if nearest else ("edit",))
    )
    return (
        f'<div class="ask-card ask-declined"><p class="ask-answer">{safe(line)}</p>{listed}'
        f'<div class="ask-ways" role="group" aria-label="{escape(say("search-differently"))}">'
        f'<span class="ask-label">{escape(say("search-differently"))}</span>{ways}</div></div>'
    )


def _nearest(hit: Hit, say: Wording) -> str:
    """Return one near passage as a button that opens it."""
    chunk = hit.chunk
    return place(chunk.article, chunk.start, chunk.end, chunk.text, say, length=NEAR)
