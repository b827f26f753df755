"""The request shapes of chat front ends: what they send besides, and the chores that they give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from askoctober.types import Article, Citation, Reading, Sentence, SentenceChecked, TextPiece
from askoctober.web.api.openai import create_openai
from askoctober.web.api.openai_replies import Reply, locate
from askoctober.web.api.openai_tasks import LONGEST_TITLE, find_chore, shorten
from askoctober.web.desk import Desk

from ..fakes import FakeAssistant, citation
from .test_openai import TEXT, events_of, serving

QUESTION = "Who voted against the insurrection in the committee?"
TRANSCRIPT = f"<chat_history>\nUSER: {QUESTION}\nASSISTANT: Zinoviev and Kamenev. [1]\n</chat_history>"
OPEN_WEBUI_TITLE = (
    "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n### Guidelines:\n"
    "- Your entire response must consist solely of the JSON object.\n### Output:\n"
    'JSON format: { "title": "your concise title here" }\n### Chat History:\n' + TRANSCRIPT
)
OPEN_WEBUI_TAGS = (
    "### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history.\n### Output:\n"
    'JSON format: { "tags": ["tag1", "tag2", "tag3"] }\n### Chat History:\n' + TRANSCRIPT
)
OPEN_WEBUI_FOLLOW_UPS = (
    "### Task:\nSuggest 3-5 relevant follow-up questions that the user might ask next.\n### Output:\n"
    'JSON format: { "follow_ups": ["Question 1?", "Question 2?"] }\n### Chat History:\n' + TRANSCRIPT
)
LIBRECHAT_TITLE = (
    "Provide a concise, 5-word-or-less title for the conversation, using title case conventions. "
    f"Only return the title itself.\n\nConversation:\nUser: {QUESTION}\nAI: Zinoviev and Kamenev. [1]"
)


@pytest.fixture(scope="module")
def assistant() -> FakeAssistant:
    return FakeAssistant(pause=0.002)


@pytest.fixture(scope="module")
def address(assistant: FakeAssistant) -> Iterator[str]:
    app = FastAPI()
    app.include_router(create_openai(Desk(assistant)))
    with serving(app) as address:
        yield f"{address}/v1/chat/completions"


def open_webui(content: str, stream: bool) -> dict[str, Any]:
    return {
        "model": "askoctober",
        "stream": stream,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": content}],
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 50,
        "stop": ["\n"],
        "seed": 1,
        "features": {"web_search": False},
        "metadata": {"chat_id": "1"},
        "tools": None,
    }


def librechat(content: str, stream: bool) -> dict[str, Any]:
    return {
        "model": "askoctober",
        "stream": stream,
        "messages": [{"role": "user", "content": [{"type": "text", "text": content}]}],
        "user": "65a",
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "logit_bias": {},
        "n": 1,
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        "tool_choice": "auto",
    }


@pytest.mark.parametrize("shape", [open_webui, librechat])
def test_questions_are_streamed(address: str, shape: Any) -> None:
    response = httpx.post(address, json=shape(QUESTION, True))
    assert response.headers["content-type"].startswith("text/event-stream")
    *chunks, done = events_of(response.text)
    said = "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
    assert said == TEXT and done == "[DONE]"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (open_webui(OPEN_WEBUI_TITLE, False), {"title": QUESTION}),
        (open_webui(OPEN_WEBUI_TAGS, False), {"tags": []}),
        (open_webui(OPEN_WEBUI_FOLLOW_UPS, False), {"follow_ups": []}),
        (librechat(LIBRECHAT_TITLE, False), QUESTION),
    ],
)
def test_chores_are_done_without_the_model(
    address: str, assistant: FakeAssistant, body: dict[str, Any], expected: Any, stream: bool
) -> None:
    asked = len(assistant.asked)
    response = httpx.post(address, json=body | {"stream": stream})
    assert response.status_code == 200 and len(assistant.asked) == asked
    if stream:
        said = events_of(response.text)[0]["choices"][0]["delta"]["content"]
    else:
        said = response.json()["choices"][0]["message"]["content"]
    assert (said if isinstance(expected, str) else json.loads(said)) == expected


def test_questions_about_titles_are_questions() -> None:
    assert find_chore("Write down the title that Lenin was given.", []) is None
    assert find_chore("What does ### Task: mean?", []) is None
    for long in ("\n" * 1_000_000, "user\n" * 200_000, "user:\n" * 200_000, "." * 1_000_000):
        assert find_chore(long, []) is None, "and at once: others are served by the same loop"
    assert find_chore("User: who was it?", []) is None


@given(st.text(max_size=300))
def test_titles_are_short_and_never_empty(question: str) -> None:
    assert 0 < len(shorten(question)) <= LONGEST_TITLE + 1


def test_article_addresses_are_web_addresses() -> None:
    def cited(url: str) -> Citation:
        return Citation(1, Article("a/b", "b.md", "B", url=url), 3, 9, "quoted", 1.0)

    assert locate(cited("https://example.org/b"), "http://h/") == "https://example.org/b"
    own = "http://h/api/articles/a%2Fb?start=3&end=9"
    for url in ("", "javascript:alert(1)", "http://[", "file:///etc/passwd", "https:"):
        assert locate(cited(url), "http://h/") == own


@given(st.lists(st.tuples(st.text(max_size=40), st.lists(st.sampled_from([1, 2]), max_size=3)), max_size=5))
def test_every_mark_is_annotated_where_it_stands(sentences: list[tuple[str, list[int]]]) -> None:
    reply = Reply("http://h/")
    known = (citation(1, "rupture", "Zinoviev"), citation(2, "rupture", "Trotsky"))
    for text, marks in sentences:
        reply.take(SentenceChecked(Sentence(text, tuple(marks), "supported"), known))
    found = [one["url_citation"] for one in reply.annotations]
    marks = [f"[{mark}]" for _, several in sentences for mark in several]
    assert [reply.content[one["start_index"] : one["end_index"]] for one in found] == marks


def test_usage_counts_what_was_read_and_estimates_what_was_written() -> None:
    reply = Reply("http://h/")
    for event in (Reading(50, 100), Reading(100, 100), TextPiece("nine char"), SentenceChecked(None)):
        assert reply.take(event) is None
    assert reply.content == ""
    assert reply.usage() == {
        "prompt_tokens": 100,
        "completion_tokens": 3,
        "total_tokens": 103,
        "estimated": ["completion_tokens"],
    }
