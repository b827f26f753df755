"""The conversation as HTML: pure functions of what has been asked, found and checked.

Everything that comes from a reader, an article or a model is escaped here and nowhere parsed.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from askoctober.answering.deciding import in_words
from askoctober.types import Answer, Article, Citation, Evidence, Hit, Sentence
from askoctober.web.session import Turn
from askoctober.web.source import safe

NEAREST = 3
SNIPPET = 110
REPAIRED = "The model’s own wording was not supported by the source, so the source’s sentence stands here in its place."


def snippet(text: str, length: int = SNIPPET) -> str:
    """Return the first words of a text on one line, without the signs of a heading."""
    words = " ".join(word for word in text.split() if word.strip("#"))
    return words if len(words) <= length else words[:length].rsplit(" ", 1)[0].rstrip(",;:–—- ") + " …"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def render_header(title: str, articles: int) -> str:
    """Return the head of the page."""
    return (
        f'<header class="ask-header"><div><h1>{safe(title)}</h1>'
        f"<p>{counted(articles, 'article')}<span>, every sentence with its source</span></p></div>"
        '<button type="button" class="ask-shelf-button">Articles</button></header>'
    )


def render_welcome(examples: Sequence[str] = ()) -> str:
    """Return the conversation while it is empty."""
    buttons = "".join(f'<button type="button" class="ask-example">{escape(text)}</button>' for text in examples)
    label = ' aria-label="Example questions" role="group"' if examples else ""
    return (
        '<section class="ask-welcome"><h2>What would you like to know?</h2>'
        "<p>The answer is written from the articles on the shelf alone, and each sentence is checked against the place "
        "it cites. If the articles do not say, you will be told so.</p>"
        f'<div class="ask-examples"{label}>{buttons}</div></section>'
    )


def render_turns(turns: Sequence[Turn]) -> str:
    """Return turns one below the other."""
    return "".join(render_turn(turn) for turn in turns)


def render_turn(turn: Turn) -> str:
    """Return a question and as much of its answer as there is."""
    answer = turn.answer
    if turn.stage == "failed":
        body = f'<div class="ask-card ask-error" role="alert"><p>{safe(turn.error)}</p></div>'
    elif answer is not None and answer.declined:
        body = _declined(answer)
    else:
        body = _text(turn) + (_sources(turn.citations) if turn.ended else "") + _foot(turn)
    evidence = "" if turn.stage == "failed" or (answer is not None and answer.declined) else _evidence(turn)
    return (
        f'<section class="ask-turn" data-turn="{turn.number}" data-stage="{turn.stage}">'
        f'<h2 class="ask-question">{safe(turn.question)}</h2>{_searched(turn)}{evidence}{body}</section>'
    )


def render_status(turn: Turn | None) -> str:
    """Return the line that says what is happening; it is read aloud when it changes, the seconds are not."""
    running = "" if turn is None or turn.ended else f' data-run="{turn.number}"'
    return f'<div class="ask-status" role="status" aria-live="polite"{running}>{escape(status(turn))}</div>'


def status(turn: Turn | None) -> str:
    """Return in words what is happening."""
    if turn is None:
        return ""
    passages = counted(len(turn.found.evidence) if turn.found else 0, "passage")
    if turn.answer is not None:
        if turn.answer.declined:
            return "The articles do not answer this."
        sources = len({citation.mark for citation in turn.citations})
        return f"Answer ready: {counted(len(turn.sentences), 'sentence')}, {counted(sources, 'source')}."
    return {
        "waiting": "Waiting for its turn",
        "searching": "Searching the articles",
        "reading": f"Reading {passages}",
        "writing": "Writing",
        "checking": "Checking against the source",
        "stopped": "Stopped.",
    }.get(turn.stage, "")


def _searched(turn: Turn) -> str:
    """Return what was searched for, where that is not the question as it was typed."""
    asked = turn.answer.standalone_question if turn.answer else turn.found.standalone_question if turn.found else ""
    if not asked or asked.strip() == turn.question.strip():
        return ""
    return f'<p class="ask-searched">Searched for: {safe(asked)}</p>'


def _evidence(turn: Turn) -> str:
    """Return what was found: in view until there is an answer, folded away after."""
    if turn.found is None or not turn.found.evidence:
        return ""
    title = f"Found {counted(len(turn.found.evidence), 'passage')}"
    cards = f'<ol class="ask-cards">{"".join(_card(evidence) for evidence in turn.found.evidence)}</ol>'
    if turn.ended and turn.sentences:
        return f'<details class="ask-evidence"><summary>{title}</summary>{cards}</details>'
    return f'<div class="ask-evidence"><p class="ask-label">{title}</p>{cards}</div>'


def _card(evidence: Evidence) -> str:
    """Return one passage as a button that opens it."""
    number = f'<span class="ask-number" aria-hidden="true">{evidence.mark}</span>'
    return _place(evidence.article, evidence.start, evidence.end, evidence.text, number)


def _place(article: Article, start: int, end: int, text: str, number: str = "") -> str:
    """Return a list item with a button that opens a place in an article."""
    return (
        f'<li><button type="button" class="ask-open ask-card-button"{_target(article, start, end)}>{number}'
        f'<span class="ask-title">{safe(article.title)}</span><span class="ask-words">{safe(snippet(text))}</span>'
        "</button></li>"
    )


def _target(article: Article, start: int, end: int) -> str:
    """Return the attributes by which a button names a place."""
    return f' data-article="{escape(article.id)}" data-start="{start}" data-end="{end}"'


def _text(turn: Turn) -> str:
    """Return the checked sentences, and after them the draft."""
    parts = [_sentence(sentence, turn.citations) for sentence in turn.sentences]
    if turn.draft.strip():
        parts.append(f'<span class="ask-draft" title="Being checked">{safe(turn.draft.strip())}</span>')
    if turn.stage == "stopped":
        parts.append('<span class="ask-tag">stopped</span>')
    elif turn.draft.strip():
        parts.append('<span class="ask-tag">draft, being checked</span>')
    return f'<div class="ask-answer" dir="auto">{" ".join(parts)}</div>' if parts else ""


def _sentence(sentence: Sentence, citations: Sequence[Citation]) -> str:
    """Return one checked sentence with the buttons that open what it rests on, which stay beside its last word."""
    buttons = "".join(_mark(citation) for mark in sentence.marks for citation in citations if citation.mark == mark)
    tag = ""
    if sentence.support == "repaired":
        tag = f' <span class="ask-tag" title="{REPAIRED}">source’s own words</span>'
    held = f'<span class="ask-held">{escape(sentence.text[-1:])}{buttons}</span>'
    return f'<span class="ask-sentence">{escape(sentence.text[:-1])}{held}{tag}</span>'


def _mark(citation: Citation) -> str:
    """Return the button of one citation."""
    label = escape(f"Source {citation.mark}: {citation.article.title}")
    target = _target(citation.article, citation.start, citation.end)
    return f'<button type="button" class="ask-open ask-cite"{target} aria-label="{label}">{citation.mark}</button>'


def _sources(citations: Sequence[Citation]) -> str:
    """Return the numbered quotes below an answer."""
    if not citations:
        return ""
    rows = "".join(
        f'<li><button type="button" class="ask-open ask-source"{_target(c.article, c.start, c.end)}>'
        f'<span class="ask-number" aria-hidden="true">{c.mark}</span>'
        f'<span class="ask-title">{safe(c.article.title)}</span>'
        f'<q class="ask-words">{safe(snippet(c.quote, 220))}</q></button></li>'
        for c in citations
    )
    return f'<div class="ask-sources"><h3 class="ask-label">Sources</h3><ol>{rows}</ol></div>'


def _foot(turn: Turn) -> str:
    """Return what was done for an answer, small."""
    if turn.answer is None or not turn.sentences:
        return ""
    total = turn.answer.timings.get("total_ms", 0.0)
    seconds = f" · {total / 1000:.1f} s" if total else ""
    title = escape(f"Written by {turn.answer.model}")
    sure = in_words(turn.answer.confidence)
    return (
        f'<p class="ask-foot" title="{title}">The articles {sure} answer this · '
        f"each sentence checked against its source{seconds}</p>"
    )


def _declined(answer: Answer) -> str:
    """Return a decline: the line, and the nearest that the articles have."""
    nearest = "".join(_nearest(hit) for hit in answer.hits[:NEAREST])
    listed = f'<h3 class="ask-label">Nearest passages</h3><ol class="ask-cards">{nearest}</ol>' if nearest else ""
    return f'<div class="ask-card ask-declined"><p class="ask-answer">{safe(answer.text)}</p>{listed}</div>'


def _nearest(hit: Hit) -> str:
    """Return one near passage as a button that opens it."""
    chunk = hit.chunk
    return _place(chunk.article, chunk.start, chunk.end, chunk.text)
