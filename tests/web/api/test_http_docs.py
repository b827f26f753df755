"""The page about the HTTP API: what it shows works, and what it lists is all there is."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from ..fakes import FakeAssistant, on_a_loop
from ..serving import Served

PAGE = (Path(__file__).parents[3] / "docs" / "http-api.md").read_text(encoding="utf-8")


def test_the_example_runs_and_the_list_is_complete():
    served = on_a_loop(lambda: Served(FakeAssistant(0), "x"))
    try:
        (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
        found: dict[str, dict] = {}
        exec(code.replace("http://127.0.0.1:7860", served.url.rstrip("/")), found)
        assert found["answer"]["citations"]
        paths = {path for path in httpx.get(f"{served.url}openapi.json").json()["paths"] if not path.startswith("/v1")}
        named = set(re.findall(r"`(?:GET |POST )?(/[\w/{}]+)`", PAGE)) - {"/v1", "/mcp"}
        assert named == paths
    finally:
        served.close()
