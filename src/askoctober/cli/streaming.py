"""An answer as it comes: for a terminal, for a pipe, and as JSON events. All three end with the same `Answer`."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing
from typing import Any, cast

from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from askoctober.answering.events import to_dict
from askoctober.cli import show
from askoctober.errors import GenerationError
from askoctober.types import Answer, Event, EvidenceFound, SentenceChecked, TextPiece


def follow(events: Iterator[Event]) -> Answer:
    """Show an answer while it is written and return it; on a terminal the draft is dimmed until it is checked."""
    answer = _on_terminal(events) if show.out.is_terminal else _as_lines(events)
    show.below(answer)
    return answer


def follow_json(events: Iterator[Event]) -> None:
    """Print each event as one line of JSON; its `type` is evidence, reading, piece, sentence or answer."""
    with _closed(events):
        for event in events:
            show.emit(to_dict(event))


def _on_terminal(events: Iterator[Event]) -> Answer:
    checked: list[str] = []
    draft = ""
    answer = None
    waiting = Spinner("dots", Text("Searching the articles", style="dim"))
    with _closed(events), Live(waiting, console=show.out, transient=True, refresh_per_second=10) as live:
        for event in events:
            match event:
                case EvidenceFound():
                    passages = "passage" if len(event.evidence) == 1 else "passages"
                    waiting.update(text=Text(f"Reading {len(event.evidence)} {passages}", style="dim"))
                case TextPiece():
                    draft += event.text
                case SentenceChecked():
                    draft = ""
                    if event.sentence:
                        checked.append(str(event.sentence))
                case Answer():
                    answer = event
            if checked or draft.strip():
                text = show.clean(" ".join(checked))
                live.update(Text.assemble(text, " " if text else "", (show.clean(draft.strip()), "dim italic")))
    final = _last(answer)
    show.out.print(Text(show.clean(final.text)))
    return final


def _as_lines(events: Iterator[Event]) -> Answer:
    said: list[str] = []
    answer = None
    with _closed(events):
        for event in events:
            if isinstance(event, SentenceChecked) and event.sentence:
                said.append(str(event.sentence))
                show.out.print(show.clean(said[-1]), soft_wrap=True)
                show.out.file.flush()
            elif isinstance(event, Answer):
                answer = event
    final = _last(answer)
    if said and said != [str(sentence) for sentence in final.sentences]:
        show.out.print("\nIn the end:")  # the last word differs from what was said on the way
        said = []
    if not said:
        show.out.print(show.clean(final.text), soft_wrap=True)
    return final


def _closed(events: Iterator[Event]) -> AbstractContextManager[Any]:
    """Stop the generation when the reader leaves early, by Ctrl-C or a broken pipe."""
    return closing(cast("Generator[Event]", events))


def _last(answer: Answer | None) -> Answer:
    if answer is None:
        raise GenerationError("The answer broke off before its end; ask again.")
    return answer
