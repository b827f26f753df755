"""What is counted and timed, in Prometheus's text format: no question, no client, no article is in it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from askoctober.web.desk import Desk

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0, 120.0, 300.0)
TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The figures of one desk; its `tell` is what `Desk` tells how long stages took."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.desk: Desk | None = None
        self._registry = CollectorRegistry()
        self._stages = Histogram(
            "askoctober_stage_seconds",
            "Time until a stage was over: search, retrieve, first_token, total.",
            ["stage"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._registry.register(self)

    def tell(self, stage: str, seconds: float) -> None:
        """Take in how long a stage took."""
        self._stages.labels(stage).observe(seconds)

    def collect(self) -> list[Metric]:
        """Return what the desk counts itself, for the registry."""
        if self.desk is None:
            return []
        outcomes = CounterMetricFamily("askoctober_questions", "Questions by what became of them.", labels=["outcome"])
        for outcome, count in self.desk.outcomes.items():
            outcomes.add_metric([outcome], count)
        queue = GaugeMetricFamily(
            "askoctober_queue", "Questions that wait or are being answered.", value=len(self.desk)
        )
        chunks = GaugeMetricFamily(
            "askoctober_chunks", "Chunks of the index that is served.", value=self.desk.assistant.retriever.store.size
        )
        return [outcomes, queue, chunks]

    def text(self) -> bytes:
        """Return all figures."""
        return generate_latest(self._registry)
