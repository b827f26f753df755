"""What clients of OpenAI's chat completions send, and the question and history that it comes to.

Only what decides the answer is read; sampling parameters, tools and the like are let pass and change nothing, for the
articles alone decide what is said. For the same reason system messages are no instructions here.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from askoctober.errors import QuestionError
from askoctober.types import Message

MODEL = "askoctober"
"""The one model there is: the assistant as a whole, whichever language model writes for it."""
MOST_MESSAGES = 2000
MOST_TURNS = 20
"""How many earlier turns are handed on; what a question refers to is seldom farther back."""
LONGEST_TURN = 8000
"""Characters of an earlier turn that are handed on."""


class Part(BaseModel):
    """A part of a message's content; only text is read."""

    model_config = ConfigDict(extra="ignore")
    type: str
    text: str = ""


class ChatMessage(BaseModel):
    """A message of the conversation."""

    model_config = ConfigDict(extra="ignore")
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    def text(self) -> str:
        """Return the content as one text.

        Raises:
            QuestionError: a user's message holds something else than text.
        """
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        others = sorted({part.type for part in self.content} - {"text", "input_text", "refusal"})
        if others and self.role == "user":
            raise QuestionError(f"A message holds {others[0][:40]!r}, which cannot be read; send text only.")
        return "\n".join(part.text for part in self.content if part.text)


class StreamOptions(BaseModel):
    """What is streamed besides."""

    model_config = ConfigDict(extra="ignore")
    include_usage: bool | None = None


class ChatRequest(BaseModel):
    """The body of `POST /v1/chat/completions`; parameters that are not named here change nothing."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "example": {
                "model": MODEL,
                "messages": [{"role": "user", "content": "Who voted against the insurrection?"}],
            }
        },
    )
    model: str = Field(default=MODEL, max_length=200)
    messages: list[ChatMessage] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = None

    @property
    def counts_usage(self) -> bool:
        """Whether a stream is to end with its usage."""
        return bool(self.stream_options and self.stream_options.include_usage)

    def conversation(self) -> tuple[str, list[Message]]:
        """Return the question, which is the last turn, and the turns before it, oldest first.

        Raises:
            QuestionError: the last turn is not the user's, or is not text.
        """
        turns = [message for message in self.messages if message.role in ("user", "assistant")]
        if not turns or turns[-1].role != "user":
            raise QuestionError("The last message is not the user's; end the conversation with a question.")
        *earlier, asked = turns
        history: list[Message] = []
        for turn in earlier[-MOST_TURNS:]:
            if text := _readable(turn).strip():
                history.append({"role": turn.role, "content": text[:LONGEST_TURN]})
        return asked.text(), history


def _readable(turn: ChatMessage) -> str:
    """The text of an earlier turn, whatever else it held: only what is asked now must be readable."""
    if isinstance(turn.content, list):
        return "\n".join(part.text for part in turn.content if part.text)
    return turn.content or ""


def request_schema() -> dict[str, Any]:
    """Return the schema of a request without references: within OpenAPI they would lead nowhere."""
    schema = ChatRequest.model_json_schema()
    parts = schema.pop("$defs")

    def inline(node: Any) -> Any:
        if isinstance(node, dict):
            named = node.get("$ref")
            return inline(parts[named.rpartition("/")[2]]) if named else {key: inline(node[key]) for key in node}
        return [inline(one) for one in node] if isinstance(node, list) else node

    inlined: dict[str, Any] = inline(schema)
    return inlined
