"""Questions as traces of OpenTelemetry: a span for each, and below it one for each stretch of a stage.

Traces are made where the program that mounts the chat has set a provider of its own, or where the variable
OTEL_EXPORTER_OTLP_ENDPOINT (or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) says where to send them; otherwise nothing is even
imported. A question is traced when it is over, so that tracing takes no time of it.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from askoctober.version import __version__

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

    from askoctober.web.observing.watching import Record

NAME = "askoctober"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
MISSING = 'Traces are asked for and their library is not installed; run: pip install "askoctober[telemetry]"'
# Names of OpenTelemetry's semantic conventions for generative models, which its packages no longer carry.
OPERATIONS: Mapping[str, str] = {"retrieve": "retrieval", "read": "chat", "generate": "chat"}
logger = logging.getLogger(__name__)

Tracing = Callable[["Record"], str]
"""Makes the trace of a question, and returns its id; "" where the sampler leaves it out."""


def find_tracing(environ: Mapping[str, str] = os.environ) -> Tracing | None:
    """Return what makes traces here, or None where nobody wants any."""
    if environ.get("OTEL_SDK_DISABLED", "").casefold() == "true":
        return None
    if (api := sys.modules.get("opentelemetry.trace")) and not _is_unset(api):
        return make_tracing(api.get_tracer_provider())
    if not any(environ.get(name) for name in ENDPOINTS):
        return None
    try:
        return make_tracing(_exporting())
    except ImportError:
        logger.warning(MISSING)
    except ValueError as error:
        logger.warning("No traces are made: a variable of OpenTelemetry cannot be read (%s); correct it.", error)
    return None


def make_tracing(provider: TracerProvider) -> Tracing:
    """Return what makes traces with a provider."""
    from opentelemetry.trace import SpanKind, set_span_in_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    from opentelemetry.trace.status import Status, StatusCode

    tracer = provider.get_tracer(NAME, __version__)
    parents = TraceContextTextMapPropagator()

    def trace(record: Record) -> str:
        parent = parents.extract(record.parent)
        root = tracer.start_span(
            "ask",
            parent,
            SpanKind.SERVER if record.door else SpanKind.INTERNAL,
            _whole(record),
            start_time=_nanoseconds(record, 0),
        )
        within = set_span_in_context(root, parent)
        for part in record.spans:
            attributes = _part(record, part.stage)
            kind = SpanKind.CLIENT if "gen_ai.request.model" in attributes else SpanKind.INTERNAL
            span = tracer.start_span(part.stage, within, kind, attributes, start_time=_nanoseconds(record, part.start))
            span.end(_nanoseconds(record, part.end))
        if record.error and record.outcome != "refused":
            # Its message is for the keeper's log: it may name files.
            root.set_status(Status(StatusCode.ERROR, record.error))
        root.end(_nanoseconds(record, record.total))
        context = root.get_span_context()
        return f"{context.trace_id:032x}" if context.trace_flags.sampled else ""

    return trace


def _whole(record: Record) -> dict[str, Any]:
    answer = record.answer
    told: dict[str, Any] = {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": NAME,
        "askoctober.id": record.id,
        "askoctober.door": record.door,
        "askoctober.outcome": record.outcome,
        "askoctober.position": record.position,
        "askoctober.kept": record.is_kept,
    }
    if answer:
        told |= {
            "askoctober.confidence": answer.confidence,
            "askoctober.sentences": len(answer.sentences),
            "askoctober.citations": len(answer.citations),
        }
    optional = {"error.type": record.error, "enduser.pseudo.id": record.client, "askoctober.question": record.question}
    return told | {name: value for name, value in optional.items() if value}


def _part(record: Record, stage: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if stage in OPERATIONS:
        told["gen_ai.operation.name"] = OPERATIONS[stage]
    if stage in ("read", "generate") and record.answer:
        told |= {"gen_ai.provider.name": NAME, "gen_ai.request.model": record.answer.model}
    if stage == "read" and record.read:
        told["gen_ai.usage.input_tokens"] = record.read
    if stage == "generate":
        told["gen_ai.usage.output_tokens"] = record.written
    return told


def _exporting() -> TracerProvider:
    """Return a provider that sends traces where the environment says, in batches, from a thread of its own."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = {"service.name": os.environ.get("OTEL_SERVICE_NAME", NAME), "service.version": __version__}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def _is_unset(api: Any) -> bool:
    """Whether nobody has set a provider: the library then has one that stands for whatever will be set."""
    return isinstance(api.get_tracer_provider(), api.ProxyTracerProvider)


def _nanoseconds(record: Record, seconds: float) -> int:
    return int((record.began + seconds) * 1e9)
