from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import openai
import pytest
import uvicorn
from fastapi import FastAPI

from askoctober.config import Config
from askoctober.errors import GenerationError
from askoctober.types import Event, Message
from askoctober.web.api.openai import create_openai
from askoctober.web.api.openai_requests import MODEL
from askoctober.web.desk import Desk, Silence, Waiting
from askoctober.web.observing.watching import NOTHING
from askoctober.web.refusals import Busy, Closing, TooLate
from askoctober.web.server import listen

from ..fakes import CARRIED, GARRISON, SENTENCES, VOTED, FakeAssistant

TEXT = " ".join(f"{text} [{mark}]" for text, (mark,), _, _ in SENTENCES)
ASKED = {"role": "user", "content": "Who voted against?"}


class FakeDesk(Desk):
    """Refuses, breaks and keeps waiting by what a question contains; remembers who asked."""

    def __init__(self, assistant: FakeAssistant) -> None:
        super().__init__(assistant)
        self.clients: list[str] = []

    async def stream(
        self,
        question: str,
        history: Sequence[Message] = (),
        *,
        client: str = "",
        config: Config | None = None,
        door: str = "",
        headers: Mapping[str, str] = NOTHING,
    ) -> AsyncGenerator[Event | Waiting | Silence]:
        self.clients.append(client)
        assert door == "openai" and headers["host"]
        for word, error in {
            "busy": Busy(7),
            "closing": Closing("This server is stopping; ask again in a minute."),
            "late": TooLate("The answer was not there within 300 s; ask again."),
            "broken": GenerationError("/secret/model.gguf broke"),
        }.items():
            if word in question:
                raise error
        if "wait" in question:
            yield Waiting(2)
            yield Silence()
        async for event in super().stream(question, history, client=client, config=config, door=door):
            yield event
            if "halfway" in question:
                raise GenerationError("/secret/model.gguf broke")


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port; give its address."""
    bound = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        bound.close()


class Served:
    """The door, what stands behind it, and a client before it."""

    def __init__(self, address: str, desk: FakeDesk, assistant: FakeAssistant) -> None:
        self.address, self.desk, self.assistant = address, desk, assistant
        self.client = openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)

    def post(self, body: Any) -> httpx.Response:
        return httpx.post(f"{self.address}/v1/chat/completions", json=body, timeout=60)

    def ask(self, question: str, **more: Any) -> Any:
        return self.client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": question}], **more
        )


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    assistant = FakeAssistant(pause=0.002)
    desk = FakeDesk(assistant)
    app = FastAPI()
    app.include_router(create_openai(desk))
    with serving(app) as address:
        served = Served(address, desk, assistant)
        with served.client:
            yield served


def events_of(text: str) -> list[Any]:
    """What the data lines of a stream hold."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def test_models_are_listed(served: Served) -> None:
    assert [model.id for model in served.client.models.list()] == [MODEL]
    assert served.client.models.retrieve(MODEL).owned_by == "askoctober"
    with pytest.raises(openai.NotFoundError, match="There is no model 'gpt-9' here"):
        served.client.models.retrieve("gpt-9")


def test_an_answer_carries_its_citations(served: Served) -> None:
    completion = served.ask("Who voted against?")
    (choice,) = completion.choices
    assert (completion.model, choice.finish_reason, choice.message.content) == (MODEL, "stop", TEXT)
    cited = [annotation.url_citation for annotation in choice.message.annotations]
    assert [TEXT[one.start_index : one.end_index] for one in cited] == ["[1]", "[2]", "[3]"]
    assert {one.title for one in cited} == {"The vote on the insurrection"}
    whole = completion.askoctober
    assert [one["quote"] for one in whole["citations"]] == [VOTED, CARRIED, GARRISON]
    first = whole["citations"][0]
    assert cited[0].url == f"{served.address}/api/articles/rupture?start={first['start']}&end={first['end']}"
    assert whole["text"] == TEXT and not whole["declined"] and whole["id"] == completion.id
    usage = completion.usage
    assert usage.prompt_tokens == 0 and usage.completion_tokens > 0 and usage.estimated == ["completion_tokens"]
    assert usage.total_tokens == usage.completion_tokens


def test_a_stream_holds_checked_sentences_alone(served: Served) -> None:
    chunks = list(served.ask("Who voted against?", stream=True, stream_options={"include_usage": True}))
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(pieces) == 3 and "".join(pieces) == TEXT and "Draft" not in TEXT
    assert chunks[0].choices[0].delta.role == "assistant"
    cited = [
        one for chunk in chunks if chunk.choices for one in chunk.choices[0].delta.model_dump().get("annotations", [])
    ]
    marks = [one["url_citation"] for one in cited]
    assert [TEXT[one["start_index"] : one["end_index"]] for one in marks] == ["[1]", "[2]", "[3]"]
    *_, last, usage = chunks
    assert last.choices[0].finish_reason == "stop" and last.askoctober["text"] == TEXT
    assert usage.choices == [] and usage.usage.completion_tokens > 0
    assert len({chunk.id for chunk in chunks}) == 1


def test_no_usage_is_streamed_unasked(served: Served) -> None:
    assert all(chunk.usage is None for chunk in served.ask("Who voted against?", stream=True))


@pytest.mark.parametrize("stream", [False, True])
def test_what_the_articles_do_not_say_is_declined(served: Served, stream: bool) -> None:
    given = served.ask("How was the weather?", stream=stream)
    said = "The articles on this shelf do not say."
    if stream:
        *_, last = chunks = list(given)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == said
        assert last.askoctober["declined"] is True
    else:
        assert given.choices[0].message.content == said and given.choices[0].message.annotations == []


def test_earlier_turns_become_history_and_system_messages_do_not(served: Served) -> None:
    earlier = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "user", "content": [{"type": "text", "text": "Who"}, {"type": "text", "text": "voted?"}]},
        {"role": "assistant", "content": "Zinoviev. [1]"},
    ]
    asked = {"role": "user", "content": [{"type": "text", "text": "And why?"}]}
    assert served.post({"model": MODEL, "messages": [*earlier, asked]}).status_code == 200
    history = [{"role": "user", "content": "Who\nvoted?"}, {"role": "assistant", "content": "Zinoviev. [1]"}]
    assert served.assistant.asked[-1] == ("And why?", history)
    assert served.desk.clients[-1] == "127.0.0.1"


@pytest.mark.parametrize("stream", [False, True])
def test_beyond_the_bound_it_asks_to_come_back(served: Served, stream: bool) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        served.ask("busy", stream=stream)
    assert caught.value.response.headers["Retry-After"] == "7"
    assert caught.value.code == "busy" and caught.value.type == "rate_limit_error"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("question", "status"), [("closing", 503), ("late", 503), ("broken", 503), ("crash", 500)])
def test_failures_tell_nothing_of_the_inside(served: Served, question: str, status: int, stream: bool) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        served.ask(question, stream=stream)
    assert caught.value.status_code == status and caught.value.type == "server_error"
    assert not any(word in caught.value.response.text for word in ("secret", "boom", "Traceback"))


def test_a_stream_that_breaks_ends_with_an_error(served: Served) -> None:
    with pytest.raises(openai.APIError, match="The language model failed while it was writing; ask again"):
        list(served.ask("halfway", stream=True))
    text = served.post({"messages": [{"role": "user", "content": "halfway"}], "stream": True}).text
    assert "[DONE]" not in text and "secret" not in text


def test_who_waits_is_kept_by_comments(served: Served) -> None:
    text = served.post({"messages": [{"role": "user", "content": "wait"}], "stream": True}).text
    assert ": 2 before you\n\n: still here\n\n" in text and events_of(text)[-1] == "[DONE]"
    assert served.ask("wait").choices[0].message.content == TEXT


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        ({"messages": []}, "messages", "at least 1 item"),
        ({}, "messages", "required"),
        ([], None, "object"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages.0.role", "'system', 'developer'"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages.0.content", "valid"),
        ({"messages": [ASKED], "n": 2}, "n", "Only one answer"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages", "end the conversation with a question"),
        ({"messages": [ASKED, {"role": "assistant", "content": "I"}]}, "messages", "not the user's"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}]},
            "messages",
            "send text only",
        ),
        ({"messages": [{"role": "user", "content": "too long"}]}, "messages", "at most 2,000 characters"),
    ],
)
def test_what_cannot_be_answered_is_refused(served: Served, body: Any, param: str | None, message: str) -> None:
    response = served.post(body)
    error = response.json()["error"]
    assert response.status_code == 400 and error["type"] == "invalid_request_error"
    assert error["param"] is None if param is None else error["param"].startswith(param)
    assert message in error["message"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"messages": [{"role": "user", "content": "\\ud800"}]}']
)
def test_what_is_no_json_is_refused(served: Served, body: bytes) -> None:
    response = httpx.post(f"{served.address}/v1/chat/completions", content=body)
    assert response.status_code == 400 and response.json()["error"]["type"] == "invalid_request_error"


def test_long_bodies_and_other_addresses_are_refused(served: Served) -> None:
    response = httpx.post(f"{served.address}/v1/chat/completions", content=b" " * (4 * 1024 * 1024 + 1))
    assert response.status_code == 413 and response.json()["error"]["code"] == "too_long"
    with pytest.raises(openai.NotFoundError, match="/v1/chat/completions"):
        served.client.embeddings.create(model=MODEL, input="x")
    with pytest.raises(openai.NotFoundError, match="use 'askoctober'"):
        served.client.chat.completions.create(model="gpt-9", messages=[{"role": "user", "content": "x"}])


@pytest.mark.parametrize("stream", [False, True])
def test_when_the_client_goes_away_the_generation_stops(served: Served, stream: bool) -> None:
    before, closed = served.assistant.pause, served.assistant.closed
    served.assistant.pause = 0.1
    try:
        body = {"messages": [{"role": "user", "content": "Who voted against?"}], "stream": stream}
        with pytest.raises(httpx.ReadTimeout), httpx.Client(timeout=0.6) as client:
            url = f"{served.address}/v1/chat/completions"
            if stream:
                with client.stream("POST", url, json=body) as response:
                    for _ in response.iter_lines():
                        pass
            else:
                client.post(url, json=body)
        gone = time.monotonic()
        while served.assistant.closed == closed and time.monotonic() < gone + 10:
            time.sleep(0.01)
        assert served.assistant.closed == closed + 1 and time.monotonic() - gone < 1
    finally:
        served.assistant.pause = before


def test_other_methods_are_refused(served: Served) -> None:
    for path, allowed in (("chat/completions", "POST"), ("models", "GET"), ("models/askoctober", "GET")):
        response = httpx.delete(f"{served.address}/v1/{path}")
        assert response.status_code == 405 and response.headers["Allow"] == allowed


def test_the_description_stands_by_itself(served: Served) -> None:
    described = httpx.get(f"{served.address}/openapi.json").json()
    chat = described["paths"]["/v1/chat/completions"]["post"]
    schema = chat["requestBody"]["content"]["application/json"]["schema"]
    assert "$defs" not in json.dumps(chat) and "$ref" not in json.dumps(schema)
    assert schema["properties"]["messages"]["items"]["properties"]["role"]["enum"][2] == "user"
    assert {"200", "400", "404", "413", "429", "500", "503"} <= chat["responses"].keys()
    assert "text/event-stream" in chat["responses"]["200"]["content"]
