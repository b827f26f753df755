"""What is counted and timed, in Prometheus's text format: no question, no client, no article is in it."""

from __future__ import annotations

from itertools import product

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from askoctober.web.desk import Desk
from askoctober.web.observing import OUTCOMES, Record

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0, 120.0, 300.0)
TYPE = "text/plain; version=0.0.4; charset=utf-8"
DOORS = ("chat", "api", "openai", "mcp")


class Metrics:
    """The figures of one server: `take` is told of each question when it is over, `tell` of each search."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.desk: Desk | None = None
        self._registry = CollectorRegistry()
        self._stages = Histogram(
            "askoctober_stage_seconds",
            "Time of a search, or of a question's stages (wait, retrieve, read, generate, check), and from its coming "
            "until the first_token and in total.",
            ["stage"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._questions = Counter(
            "askoctober_questions",
            "Questions by the door they came by and what became of them.",
            ["door", "outcome"],
            registry=self._registry,
        )
        self._tokens = Counter(
            "askoctober_tokens",
            "Tokens read, as the engine said, cached ones included, and pieces written: tokens with llama.cpp.",
            ["kind"],
            registry=self._registry,
        )
        # From the first scrape on: what appears only when it happens has no rate.
        for door, outcome in product(DOORS, OUTCOMES):
            self._questions.labels(door, outcome)
        for kind in ("read", "written"):
            self._tokens.labels(kind)
        self._registry.register(self)

    def take(self, record: Record) -> None:
        """Take in what became of a question."""
        self._questions.labels(record.door, record.outcome).inc()
        self._tokens.labels("read").inc(record.read)
        self._tokens.labels("written").inc(record.written)
        for stage, seconds in record.stages.items():
            self.tell(stage, seconds)
        if record.first_token is not None:
            self.tell("first_token", record.first_token)
        if record.answer is not None:
            self.tell("total", record.total)

    def tell(self, stage: str, seconds: float) -> None:
        """Take in how long a stage took."""
        self._stages.labels(stage).observe(seconds)

    def collect(self) -> list[Metric]:
        """Return how the desk is at this moment, for the registry."""
        if self.desk is None:
            return []
        size = self.desk.assistant.retriever.store.size
        return [
            GaugeMetricFamily("askoctober_queue", "Questions that wait or are being answered.", value=len(self.desk)),
            GaugeMetricFamily("askoctober_chunks", "Chunks of the index that is served.", value=size),
            GaugeMetricFamily(
                "askoctober_ready", "1 while questions are taken and the model is up.", value=self.desk.state == "ready"
            ),
        ]

    def text(self) -> bytes:
        """Return all figures."""
        return generate_latest(self._registry)
