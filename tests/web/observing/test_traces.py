from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind
from starlette.datastructures import Headers

from askoctober.config import Config
from askoctober.errors import GenerationError
from askoctober.types import EvidenceFound, Reading, SentenceChecked, TextPiece
from askoctober.web.observing import Observing, traces
from askoctober.web.observing.traces import find_tracing, make_tracing

from ..fakes import answer

QUESTION = "Who voted against?"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Traced:
    """Questions whose traces are kept."""

    def __init__(self, config: Config | None = None, **provider: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False, **provider)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.ids: list[str] = []
        self.observing = Observing(config)
        tracing = make_tracing(self.provider)
        self.observing._tracing = lambda record: self.ids.append(tracing(record)) or self.ids[-1]

    def ask(self, *events: Any, error: Exception | None = None, **given: Any) -> list[Any]:
        watch = self.observing.watch(QUESTION, **given)
        for event in events:
            if event == "turn":
                watch.turn()
            else:
                watch.take(event)
        if error:
            watch.fail(error)
        watch.end()
        return list(self.exporter.get_finished_spans())


WHOLE = (
    EvidenceFound(QUESTION, (), ()),
    "turn",
    Reading(64, 64),
    TextPiece("They"),
    TextPiece(" did."),
    SentenceChecked(None),
    answer(QUESTION, QUESTION, "They did.", (), (), ()),
)


def test_a_question_is_one_trace_with_its_stages() -> None:
    traced = Traced()
    *parts, root = traced.ask(*WHOLE, door="api", client="10.9.8.7", headers={})
    assert [part.name for part in parts] == ["retrieve", "wait", "read", "generate", "check"]
    assert root.name == "ask" and root.parent is None and root.kind is SpanKind.SERVER
    assert {part.parent.span_id for part in parts} == {root.context.span_id}
    assert {part.context.trace_id for part in parts} == {root.context.trace_id}
    assert traced.ids == [f"{root.context.trace_id:032x}"]
    assert parts[0].start_time == root.start_time and parts[-1].end_time <= root.end_time
    assert all(one.end_time == other.start_time for one, other in zip(parts, parts[1:], strict=False))
    assert root.attributes["askoctober.outcome"] == "answered" and root.attributes["askoctober.door"] == "api"
    by_name = {part.name: dict(part.attributes) for part in parts}
    assert by_name["retrieve"] == {"gen_ai.operation.name": "retrieval"}
    chat = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "askoctober", "gen_ai.request.model": "fake"}
    assert by_name["read"] == chat | {"gen_ai.usage.input_tokens": 64}
    assert by_name["generate"] == chat | {"gen_ai.usage.output_tokens": 2}
    assert by_name["wait"] == by_name["check"] == {}
    shown = " ".join(span.to_json() for span in (*parts, root))
    assert QUESTION not in shown and "10.9.8.7" not in shown


def test_the_requests_own_trace_goes_on() -> None:
    headers = Headers({"Traceparent": PARENT, "tracestate": "vendor=1"})
    *parts, root = Traced().ask(*WHOLE, door="api", headers=headers)
    assert f"{root.context.trace_id:032x}" == PARENT.split("-")[1] and f"{root.parent.span_id:016x}" in PARENT
    assert root.context.trace_state["vendor"] == "1" and {part.context.trace_id for part in parts} == {
        root.context.trace_id
    }


@pytest.mark.parametrize("traceparent", ["", "x", "00-" + "0" * 32 + "-b7ad6b7169203331-01", "\x00" * 9, "9" * 9999])
def test_a_traceparent_that_is_none_is_passed_over(traceparent: str) -> None:
    *_, root = Traced().ask(*WHOLE, headers={"traceparent": traceparent})
    assert root.parent is None


def test_a_failure_is_an_error_without_its_words() -> None:
    *_, root = Traced().ask(WHOLE[0], "turn", error=GenerationError("/home/keeper/model.gguf failed"), door="mcp")
    assert not root.status.is_ok and root.attributes["error.type"] == "GenerationError"
    assert "/home" not in root.to_json()


def test_the_question_is_there_where_that_is_asked_for() -> None:
    *_, root = Traced(Config(log_questions=True)).ask(*WHOLE)
    assert root.attributes["askoctober.question"] == QUESTION


def test_what_is_not_sampled_has_no_id() -> None:
    traced = Traced(sampler=ALWAYS_OFF)
    assert traced.ask(*WHOLE) == [] and traced.ids == [""]


def test_nothing_is_traced_unasked() -> None:
    assert find_tracing({}) is None
    assert find_tracing({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}) is None
    code = (
        "import sys; from askoctober.web.observing import Observing; "
        "assert Observing()._tracing is None; print(*[name for name in sys.modules if 'opentelemetry' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert done.stdout.split() == []


def test_without_its_library_the_keeper_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    assert find_tracing({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}) is None
    assert 'pip install "askoctober[telemetry]"' in caplog.text


def test_a_variable_that_cannot_be_read_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "few")
    assert find_tracing({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}) is None
    assert "correct it" in caplog.text


def test_a_providers_own_program_is_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry import trace

    traced = Traced()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", traced.provider)
    watch = Observing().watch(QUESTION)
    watch.end()
    assert [span.name for span in traced.exporter.get_finished_spans()] == ["ask"]


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """An address that takes traces, and what it has taken."""
    taken: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *said: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", taken
        server.shutdown()
        thread.join()


def test_traces_are_sent_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, collector: tuple[str, list[tuple[str, bytes]]]
) -> None:
    address, taken = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    provider: Any = traces._exporting()
    observing = Observing()
    observing._tracing = make_tracing(provider)
    observing.watch(QUESTION, door="api").end()
    provider.shutdown()
    ((path, body),) = taken
    sent = ExportTraceServiceRequest.FromString(body).resource_spans[0]
    named = {each.key: each.value.string_value for each in sent.resource.attributes}
    assert path == "/v1/traces" and named["service.name"] == "askoctober"
    assert [span.name for span in sent.scope_spans[0].spans] == ["ask"]
