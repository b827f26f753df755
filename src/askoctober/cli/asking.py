"""`search`, `ask` and `chat`: one question at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from askoctober.cli import loading, options, show
from askoctober.errors import AskoctoberError

if TYPE_CHECKING:
    from askoctober import Assistant
    from askoctober.types import Answer, Message

CHAT_HELP = "Ask, or /sources (of the last answer), /clear (start afresh), /quit."


def search(
    question: options.Question,
    k: Annotated[int, typer.Option("-k", min=1, help="How many passages.")] = 5,
    where: options.Where = None,
    threshold: Annotated[
        float, typer.Option("--threshold", min=-1, max=1, help="Leave out passages whose cosine is lower.")
    ] = -1.0,
    json: options.Json = False,
    index: options.Index = None,
    store: options.Store = None,
    embedder: options.Embedder = None,
    models_dir: options.ModelsDir = None,
    threads: options.Threads = None,
) -> None:
    """Find the passages nearest to a question; no language model.

    Example: askoctober search "Who voted against the insurrection?" -k 3 --where since=2013
    """
    filter = options.filter_of(where or [])
    config = options.settings(index=index, store=store, embedder=embedder, models_dir=models_dir, threads=threads)
    retriever = loading.load_retriever(config)
    if language := retriever.foreign_language(question):
        from askoctober.retrieval.language import ADVICE

        show.note(ADVICE.format(language=language))
    found = retriever.search(question, k, filter=filter, threshold=threshold)
    if filter and not found and not retriever.admits(filter):
        named = [f"{name}={value}" for name, values in filter.items() for value in values]
        show.note(f"no article has this: --where {' --where '.join(named)}")
    if json:
        show.emit([hit.to_dict() for hit in found])
    elif found:
        show.hits(found)
    else:
        show.out.print("No passage was found.")


def ask(
    question: options.Question,
    json: options.Json = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="With --json: one event a line, as the answer is written.")
    ] = False,
    index: options.Index = None,
    store: options.Store = None,
    embedder: options.Embedder = None,
    model: options.Model = None,
    engine: options.Engine = None,
    models_dir: options.ModelsDir = None,
    threads: options.Threads = None,
) -> None:
    """Answer a question and show the exact place behind every sentence.

    Example: askoctober ask "Who voted against the insurrection?" --json
    """
    config = options.settings(
        index=index,
        store=store,
        embedder=embedder,
        model=model,
        engine=engine,
        models_dir=models_dir,
        threads=threads,
    )
    assistant = loading.load_assistant(config)
    from askoctober.cli import streaming

    try:
        if json and stream:
            streaming.follow_json(assistant.stream(question, ()))
        elif json:
            show.emit(assistant.ask(question, ()).to_dict())
        else:
            streaming.follow(assistant.stream(question, ()))
    finally:
        assistant.close()


def chat(
    index: options.Index = None,
    embedder: options.Embedder = None,
    model: options.Model = None,
    engine: options.Engine = None,
    models_dir: options.ModelsDir = None,
    threads: options.Threads = None,
) -> None:
    """Chat in the terminal, with follow-up questions; Ctrl-C stops an answer, and at the prompt the chat.

    Example: askoctober chat
    """
    config = options.settings(
        index=index, embedder=embedder, model=model, engine=engine, models_dir=models_dir, threads=threads
    )
    assistant = loading.load_assistant(config)
    try:
        _converse(assistant)
    except (EOFError, KeyboardInterrupt):  # Ctrl-D, Ctrl-C
        show.out.print()
    finally:
        assistant.close()


def _converse(assistant: Assistant) -> None:
    from askoctober.cli import streaming

    history: list[Message] = []
    last: Answer | None = None
    show.note(CHAT_HELP)
    while (said := _prompt()) not in ("/quit", "/exit"):
        if said == "/clear":
            history, last = [], None
            show.note("Cleared; the next question stands alone.")
        elif said == "/sources":
            _sources(last)
        elif said.startswith("/"):
            show.note(CHAT_HELP)
        elif said:
            try:
                last = streaming.follow(assistant.stream(said, tuple(history)))
            except KeyboardInterrupt:
                show.note("Stopped.")
            except AskoctoberError as error:  # one question that fails does not end the chat
                show.complain(str(error))
            else:
                history += [{"role": "user", "content": said}, {"role": "assistant", "content": last.text}]


def _prompt() -> str:
    """Return the next line that is typed, with line editing where the system has it."""
    try:
        import readline  # noqa: F401  (its import alone gives input() line editing)
    except ImportError:
        pass
    return input("\n> ").encode("utf-8", "replace").decode().strip()


def _sources(answer: Answer | None) -> None:
    if answer is None:
        show.note("There is no answer yet.")
    elif answer.citations:
        show.sources(answer.citations)
    else:
        show.note("The last answer has no sources.")
