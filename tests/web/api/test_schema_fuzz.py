"""Requests that are made from the OpenAPI document, sound and unsound: none breaks the server, all are as it says."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from ..fakes import FakeAssistant, on_a_loop
from ..serving import Served

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = on_a_loop(lambda: Served(FakeAssistant(0), "x"))
    yield served
    served.close()


OPERATIONS = (
    ("/api/ask", "POST"),
    ("/api/search", "POST"),
    ("/api/articles", "GET"),
    ("/api/articles/{id}", "GET"),
    ("/healthz", "GET"),
    ("/readyz", "GET"),
    ("/metrics", "GET"),
)


@pytest.fixture(scope="module")
def document(served: Served):
    found = httpx.get(f"{served.url}openapi.json").json()
    described = {(path, method.upper()) for path, given in found["paths"].items() for method in given}
    assert {each for each in described if not each[0].startswith("/v1/")} == set(OPERATIONS), "all of them are tried"
    return schemathesis.openapi.from_dict(found)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_what_is_made_from_the_document_is_met_or_refused(document, served, path, method, mode):
    operation = document[path][method]
    if mode == GenerationMode.NEGATIVE and path in ("/healthz", "/readyz", "/metrics"):
        return  # they take nothing that could be wrong

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    def sent(case) -> None:
        if "crash" not in str(case.body):  # the word that has the stand-in fail
            case.call_and_validate(base_url=served.url, checks=CHECKS)

    sent()
