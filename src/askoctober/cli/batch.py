"""`batch`: one JSON answer a line, in the order of the questions, resumable after whatever stopped it."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, TypeAlias

import typer

from askoctober.cli import loading, options, show
from askoctober.cli.progress import Report, progress
from askoctober.cli.tasks import read_done, read_tasks
from askoctober.errors import AskoctoberError, ConfigError, QuestionError

if TYPE_CHECKING:
    from askoctober import Assistant

Write: TypeAlias = Callable[[dict[str, Any]], None]
LABEL = "Questions"


def _readable(questions: Path) -> Path:
    if str(questions) != "-" and not questions.exists():
        raise typer.BadParameter(f"there is no file {questions}.")
    return questions


def batch(
    questions: Annotated[Path, typer.Argument(metavar="IN.jsonl", callback=_readable, help='Questions; "-" is stdin.')],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", dir_okay=False, help="Append to this file, and skip the ids that it holds."),
    ] = None,
    index: options.Index = None,
    embedder: options.Embedder = None,
    model: options.Model = None,
    engine: options.Engine = None,
    models_dir: options.ModelsDir = None,
    threads: options.Threads = None,
) -> None:
    """Answer a file of questions, one JSON answer a line; run again with --output, it goes on where it stopped.

    A line of the input is {"id": ..., "question": ..., "history": [...]}; one that cannot be answered gives
    {"id": ..., "error": ...} in its place, and exit status 1 at the end.

    Example: askoctober batch questions.jsonl --output answers.jsonl
    """
    config = options.settings(
        index=index, embedder=embedder, model=model, engine=engine, models_dir=models_dir, threads=threads
    )
    if output and output.exists() and questions.exists() and output.samefile(questions):
        raise typer.BadParameter("it is the file of the questions; name another one.", param_hint="--output")
    with _opened(questions) as lines, _written(output) as (write, done), _reporting(output) as report:
        failed = _run(lines, done, write, report, _total(questions), lambda: loading.load_assistant(config))
    if failed:
        show.note(f'{failed} of the questions could not be answered; the lines with an "error" say why.')
        raise typer.Exit(1)


def _run(
    lines: Iterable[bytes],
    done: Counter[str],
    write: Write,
    report: Report,
    total: int,
    load: Callable[[], Assistant],
) -> int:
    """Answer what is not done yet and return how many could not be; models load for the first that needs them."""
    failed = 0
    assistant: Assistant | None = None
    try:
        for number, task in enumerate(read_tasks(lines)):
            if done[task.key] > 0:
                done[task.key] -= 1  # counted, so that an id that stands twice is answered twice
                continue
            if not task.problem and assistant is None:
                assistant = load()  # outside of what is caught below: without models no line has a chance
            report(LABEL, number, total)
            try:
                if task.problem or assistant is None:
                    raise QuestionError(f"{task.problem}; correct this line.")
                answer = assistant.ask(task.question, task.history).to_dict()
            except AskoctoberError as error:
                failed += 1
                answer = {"error": str(error)}
            write({**answer, "id": task.id} if "id" in answer else {"id": task.id, **answer})
        if total:
            report(LABEL, total, total)
    finally:
        if assistant is not None:
            assistant.close()
    return failed


def _total(questions: Path) -> int:
    """Return how many questions there are, 0 when they come from a stream."""
    if not questions.is_file():
        return 0
    with questions.open("rb") as lines:
        return sum(1 for line in lines if line.strip())


def _reporting(output: Path | None) -> AbstractContextManager[Report]:
    """Show progress, but not in the midst of answers that scroll by on the same terminal."""
    if output is None and show.out.is_terminal:
        return nullcontext(lambda label, done, total: None)
    return progress()


@contextmanager
def _opened(questions: Path) -> Iterator[BinaryIO]:
    if str(questions) == "-":
        yield sys.stdin.buffer
        return
    with _ours(questions):
        lines = questions.open("rb")
    with lines:
        yield lines


@contextmanager
def _written(output: Path | None) -> Iterator[tuple[Write, Counter[str]]]:
    """Give where answers go, and the ids that are there; a torn last line is cut off first."""
    if output is None:
        yield show.emit, Counter()
        return
    with _ours(output):
        file = os.fdopen(os.open(output, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    with file:
        done, whole = read_done(file, output)
        file.truncate(whole)
        file.seek(whole)

        def write(answer: dict[str, Any]) -> None:
            text = json.dumps(answer, ensure_ascii=False)
            with _ours(output):
                file.write(text.encode("utf-8", "backslashreplace") + b"\n")  # a lone surrogate as JSON's \udXXX
                file.flush()

        yield write, done


@contextmanager
def _ours(path: Path) -> Iterator[None]:
    """Turn what the system says about a file into one line."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name another file or free some space.") from error
