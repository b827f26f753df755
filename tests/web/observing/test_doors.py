"""What comes in by each door is seen, with the trace of its request."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from askoctober.web.observing import watching
from askoctober.web.observing.traces import make_tracing

from ..fakes import FakeAssistant, on_a_loop
from ..serving import Served, ask, reading

TRACE = "0af7651916cd43dd8448eb211c80319"
"""All but the last digit of a trace's id."""
QUESTION = "Who voted against the insurrection?"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(watching, "find_tracing", lambda: make_tracing(provider))
    return exporter


@pytest.fixture
def served(exporter: InMemorySpanExporter) -> Iterator[Served]:
    with ThreadPoolExecutor(1) as pool:  # in this thread a browser's loop may be running
        served = pool.submit(on_a_loop, lambda: Served(FakeAssistant(0), "x")).result()
    yield served
    served.close()


def headers(number: int) -> dict[str, str]:
    return {"traceparent": f"00-{TRACE}{number}-b7ad6b7169203331-01", "Accept": "application/json, text/event-stream"}


async def call(url: str) -> None:
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async with (
        httpx_client() as connection,
        Client(streamable_http_client(f"{url}mcp", http_client=connection)) as client,
    ):
        await client.call_tool("ask", {"question": QUESTION})


def httpx_client():
    import httpx2

    return httpx2.AsyncClient(headers=headers(3))


def test_each_door_is_named_and_each_requests_trace_goes_on(
    served: Served, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "askoctober.questions")
    with httpx.Client(base_url=served.url, timeout=30) as client:
        client.post("/api/ask", json={"question": QUESTION}, headers=headers(1))
        messages = [{"role": "user", "content": QUESTION}]
        client.post("/v1/chat/completions", json={"messages": messages}, headers=headers(2))
        asyncio.run(call(served.url))
        client.post("/api/ask", json={"question": "?!", "stream": True}, headers=headers(4))
        figures = client.get("/metrics").text
    roots = [span for span in exporter.get_finished_spans() if span.name == "ask"]
    told = [(span.attributes["askoctober.door"], f"{span.context.trace_id:032x}") for span in roots]
    assert told == [("api", f"{TRACE}1"), ("openai", f"{TRACE}2"), ("mcp", f"{TRACE}3"), ("api", f"{TRACE}4")]
    fields = [record.fields for record in caplog.records]  # type: ignore[attr-defined]
    assert [(line["door"], line["trace"]) for line in fields] == told
    assert [line["outcome"] for line in fields] == ["answered"] * 3 + ["refused"]
    assert len({line["client"] for line in fields}) == 1
    assert QUESTION not in json.dumps(fields) and "127.0.0.1" not in json.dumps(fields)
    for door in ("api", "openai", "mcp"):
        assert f'askoctober_questions_total{{door="{door}",outcome="answered"}} 1.0' in figures


@pytest.mark.browser
def test_the_chats_questions_are_counted_too(served: Served, exporter: InMemorySpanExporter, chromium: Any) -> None:
    with reading(chromium, served) as page:
        ask(page, "How was the weather?")
    figures = httpx.get(f"{served.url}metrics").text
    assert 'askoctober_questions_total{door="chat",outcome="declined"} 1.0' in figures
    assert [span.attributes["askoctober.door"] for span in exporter.get_finished_spans() if span.name == "ask"] == [
        "chat"
    ]
