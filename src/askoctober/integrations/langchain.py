"""askoctober in LangChain: the retriever as a `BaseRetriever`, and checked answers as a `Runnable`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, closing
from typing import Annotated, Any, TypeAlias

try:
    from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.messages import AIMessage, HumanMessage, convert_to_messages
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.runnables import Runnable, RunnableConfig
    from pydantic import Field, SkipValidation
except ImportError as error:
    from askoctober.errors import ConfigError

    raise ConfigError(f'LangChain is not here ({error}); install it: pip install "askoctober[langchain]"') from error

from askoctober.answering import Assistant
from askoctober.errors import QuestionError
from askoctober.integrations.metadata import metadata_of
from askoctober.retrieval import Retriever
from askoctober.retrieval.filtering import AnyFilter
from askoctober.types import Answer, Hit, Message

Asked: TypeAlias = str | Mapping[str, Any]
"""A question, or {"question": ..., "history": [messages of LangChain, oldest first]}."""


class AskoctoberRetriever(BaseRetriever):
    """Documents for a question, best first; `k`, `filter` and `threshold` are those of `Retriever.search`.

    Each of the three can be given to a single call too: `retriever.invoke(question, k=3)`.
    """

    retriever: SkipValidation[Retriever]
    k: int = Field(default=5, ge=1)
    # Pydantic would make a mapping into a Filter, and drop the names that it does not know.
    filter: Annotated[AnyFilter, SkipValidation] = None
    threshold: float = -1.0

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **search: Any
    ) -> list[Document]:
        return [_document(hit) for hit in self.retriever.search(query, **self._options(search))]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **search: Any
    ) -> list[Document]:
        return [_document(hit) for hit in await self.retriever.asearch(query, **self._options(search))]

    def _options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        options: dict[str, Any] = {"k": self.k, "filter": self.filter, "threshold": self.threshold}
        if unknown := given.keys() - options.keys():
            raise QuestionError(f"A search has no {', '.join(sorted(unknown))}; give {', '.join(options)}.")
        return {**options, **given}


def _document(hit: Hit) -> Document:
    """A hit as a document; `source` is the name by which LangChain's own chains cite."""
    said = metadata_of(hit)
    return Document(id=hit.chunk.id, page_content=hit.chunk.text, metadata={**said, "source": said["path"]})


class AskoctoberAnswers(Runnable[Asked, Answer]):
    """Checked answers as a step of a chain: a question, with its history or without, to an `Answer`.

    `stream` and `astream` yield the events of `Assistant.stream`, the `Answer` last; a step behind this one is given
    the `Answer`. Closing either iterator stops the language model.
    """

    def __init__(self, assistant: Assistant) -> None:
        """Answer with an assistant, which stays the caller's to close."""
        self.assistant = assistant

    def invoke(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
        """Return the answer; raises as `Assistant.ask` does."""
        return self._call_with_config(lambda asked: self.assistant.ask(*_read(asked)), input, config)

    async def ainvoke(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
        """`invoke` for programs of coroutines; when it is cancelled, the language model stops."""

        async def answer(asked: Asked) -> Answer:
            return await self.assistant.aask(*_read(asked))

        return await self._acall_with_config(answer, input, config)

    def stream(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:
        """Yield events, and at last the answer."""

        def events(given: Iterator[Asked]) -> Iterator[Any]:
            for asked in given:
                stream: Any = self.assistant.stream(*_read(asked))
                with closing(stream):
                    yield from stream

        yield from self._transform_stream_with_config(iter([input]), events, config)

    async def astream(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> AsyncGenerator[Any]:
        """`stream` for programs of coroutines."""

        async def events(given: AsyncIterator[Asked]) -> AsyncIterator[Any]:
            async for asked in given:
                async with aclosing(self.assistant.astream(*_read(asked))) as stream:
                    async for event in stream:
                        yield event

        steps: Any = self._atransform_stream_with_config(_once(input), events, config)
        async with aclosing(steps) as stream:
            async for event in stream:
                yield event


def answer_runnable(assistant: Assistant) -> AskoctoberAnswers:
    """Return an assistant as a `Runnable`: `answer_runnable(assistant) | str` is a chain from question to text."""
    return AskoctoberAnswers(assistant)


async def _once(asked: Asked) -> AsyncIterator[Asked]:
    yield asked


def _read(asked: Asked) -> tuple[str, list[Message]]:
    """Return the question, and the earlier turns as the assistant takes them.

    Messages of the system and of tools are no part of a conversation between a reader and the articles: they are left
    out, as nothing but the articles may say what is answered.
    """
    if isinstance(asked, str):
        return asked, []
    if not isinstance(asked, Mapping) or not isinstance(asked.get("question"), str):
        raise QuestionError('There is no question; give text, or {"question": text, "history": messages}.')
    if unknown := {str(name) for name in asked} - {"question", "history"}:
        raise QuestionError(f"A question has no {', '.join(sorted(unknown))}; give question and history.")
    try:
        messages = convert_to_messages(asked.get("history") or [])
    except (ValueError, TypeError, NotImplementedError) as error:
        raise QuestionError(f"The history cannot be read ({error}); give a list of LangChain's messages.") from error
    roles = {HumanMessage: "user", AIMessage: "assistant"}
    return asked["question"], [
        {"role": role, "content": str(message.text)}
        for message in messages
        for kind, role in roles.items()
        if isinstance(message, kind)
    ]
