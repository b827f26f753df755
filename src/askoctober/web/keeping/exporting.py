"""A kept conversation as a document: Markdown that holds every sentence and every citation that was on the screen.

What a reader, an article or a model wrote is escaped: it reads as it stands and makes no link, image or HTML.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from askoctober.answering.assistant import DECLINED
from askoctober.answering.deciding import in_words
from askoctober.web.citing import markdown_reference, markdown_text
from askoctober.web.keeping.records import SUPPORTS, Record, article_of, check_conversation, name_of, pages_of
from askoctober.web.render import REMARKS
from askoctober.web.source import in_pages
from askoctober.web.wording import Say


def to_markdown(record: Any, say: Say) -> str:
    """Return an untrusted conversation as a document in Markdown, in the words of `say`.

    Raises:
        KeepingError: it is not a conversation; the line names the place.
    """
    kept = check_conversation(record)
    first = kept["turns"][0]["question"] if kept["turns"] else ""
    title = markdown_text(kept["name"]) or markdown_text(name_of(first))
    began = datetime.fromisoformat(kept["created"])
    parts = [f"# {title}" if title else "", f"*{began.date().isoformat()}*"]
    for turn in kept["turns"]:
        parts.extend(_turn(turn, say))
    return "\n\n".join(part for part in parts if part) + "\n"


def _turn(turn: Record, say: Say) -> Iterator[str]:
    """Yield the paragraphs of one question and its answer."""
    yield f"## {markdown_text(turn['question'])}"
    if turn["standalone_question"].strip() not in ("", turn["question"].strip()):
        yield f"*{markdown_text(say('searched') + ' ' + turn['standalone_question'])}*"
    if turn["stage"] == "done" and turn["declined"]:
        yield markdown_text(say("declined") if turn["text"] == DECLINED else turn["text"])
        if turn["hits"]:
            yield f"### {markdown_text(say('nearest'))}"
            yield from (_item("", hit, hit["text"], say) for hit in turn["hits"])
    else:
        yield from _answer(turn, say)
    if turn["stage"] == "stopped":
        yield f"*{markdown_text(say('stopped'))}*"
    if turn["stage"] == "failed":
        yield f"*{markdown_text(say('document-failed', error=_error(turn['error'], say)))}*"
    if turn["rating"]:
        yield f"*{markdown_text(' '.join([say('document-rated-' + turn['rating']), turn['word']]))}*"


def _answer(turn: Record, say: Say) -> Iterator[str]:
    """Yield the sentences with their marks, how they stand, and what they rest on."""
    known = {citation["mark"] for citation in turn["citations"]}
    yield " ".join(_sentence(sentence, known, say) for sentence in turn["sentences"])
    if turn["sentences"]:
        yield "\n".join(f"- {line}" for line in _standing(turn, say))
    if turn["citations"]:
        yield f"### {markdown_text(say('sources'))}"
        yield from (_item(f"[{each['mark']}] ", each, each["quote"], say) for each in turn["citations"])


def _sentence(sentence: Record, known: set[int], say: Say) -> str:
    remark = REMARKS.get(sentence["text"])
    text = markdown_text(say(remark) if remark else sentence["text"])
    marks = "".join(f"[{mark}]" for mark in sentence["marks"] if mark in known)
    return f"{text} {marks}".strip()


def _standing(turn: Record, say: Say) -> Iterator[str]:
    """Yield how sure the answer is, and which of its sentences stand how."""
    if turn["stage"] == "done":
        yield markdown_text(say("sure-" + in_words(turn["confidence"]).replace(" ", "-")))
    for support in SUPPORTS:
        numbers = [str(at) for at, each in enumerate(turn["sentences"], 1) if each["support"] == support]
        if numbers:
            which = say("document-sentences", count=len(numbers), numbers=", ".join(numbers))
            yield markdown_text(f"{say(f'support-{support}')} ({which})")
    if turn["model"]:
        yield markdown_text(say("written-by", model=turn["model"]))


def _item(number: str, place: Record, words: str, say: Say) -> str:
    """Return a list item: where the words stand, and below it the words."""
    article = article_of(place["article"])
    reference = markdown_reference(article, in_pages(pages_of(place), say))
    # As texts, so that no language puts separators into what is an address.
    where = say("document-place", path=article.path, start=str(place["start"]), end=str(place["end"]))
    return f"- {number}{reference} ({markdown_text(where)})\n\n  > {markdown_text(words)}"


def _error(error: str, say: Say) -> str:
    """Return what went wrong; what is the id of a message is said."""
    try:
        return say(error) if error.startswith("error-") else error
    except KeyError:
        return error
