"""The Model Context Protocol, with the official client: over the standard streams of a child, and over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from starlette.routing import Mount

from askoctober.errors import ConfigError
from askoctober.web.desk import Desk
from askoctober.web.mcp import create_mcp, serve_stdio
from askoctober.web.mcp.shapes import LONGEST_READ
from askoctober.web.mcp.tools import TOOLS

from ..fakes import ARTICLES, BY_ID, CARRIED, EVIDENCE, GARRISON, RUPTURE, VOTED, FakeAssistant, complete
from .test_openai import TEXT, serving

TESTS = Path(__file__).parents[2]
CHILD = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from web.fakes import FakeAssistant
from askoctober.web.mcp import serve_stdio

class Loud(FakeAssistant):
    def stream(self, *args, **more):
        print("this is no message of the protocol", flush=True)
        try:
            yield from super().stream(*args, **more)
        finally:
            with open(sys.argv[1], "a") as told:
                told.write(f"{{self.closed}}\\n")

serve_stdio(Loud(pause=float(sys.argv[2])))
"""
Opened = Callable[[], AbstractAsyncContextManager[Client]]


@dataclass(frozen=True)
class Connected:
    """A way to a server, and how many of its generations were stopped."""

    open: Opened
    stopped: Callable[[], int]


def child(tmp_path: Path, pause: float = 0.002) -> list[str]:
    """The command of a server whose assistant prints, which is a fault that must not harm."""
    script = tmp_path / "child.py"
    script.write_text(CHILD, encoding="utf-8")
    return [sys.executable, str(script), str(tmp_path / "closed.txt"), str(pause)]


@pytest.fixture(params=["stdio-auto", "stdio-legacy", "http-auto", "http-legacy"])
def connected(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connected]:
    """A server with an unhurried assistant behind each transport, in the protocol's two eras."""
    transport, mode = request.param.split("-")
    if transport == "stdio":
        command, *arguments = child(tmp_path, 0.02)
        closed = tmp_path / "closed.txt"

        @asynccontextmanager
        async def over_pipe() -> AsyncIterator[Client]:
            with (tmp_path / "errors.txt").open("w") as errors:
                process = stdio_client(StdioServerParameters(command=command, args=arguments), errlog=errors)
                async with Client(process, mode=mode) as client:
                    yield client

        yield Connected(over_pipe, lambda: int((closed.read_text().split() or ["0"])[-1]) if closed.exists() else 0)
        return
    assistant = FakeAssistant(pause=0.02)
    with over_http(assistant) as address:
        yield Connected(lambda: Client(f"{address}/mcp", mode=mode), lambda: assistant.closed)


@contextmanager
def over_http(assistant: FakeAssistant) -> Iterator[str]:
    """A served application that has the protocol beside something else at its root."""
    door = create_mcp(Desk(assistant))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with door.run():
            yield

    app = FastAPI(lifespan=lifespan)
    app.router.routes.append(Mount("/", FastAPI()))
    app.router.routes.insert(0, door.route)
    with serving(app) as address:
        yield address


def test_search_gives_passages(connected: Connected) -> None:
    async def calling() -> Any:
        async with connected.open() as client:
            return await client.call_tool("search", {"question": "Who voted?", "k": 2})

    result = complete(calling())
    assert not result.is_error
    assert result.structured_content == {"hits": [one.hit.to_dict() for one in EVIDENCE[:2]]}
    assert EVIDENCE[0].hit.chunk.text in result.content[0].text and "article rupture" in result.content[0].text


def test_ask_gives_the_checked_answer_and_tells_how_far_it_is(connected: Connected) -> None:
    told: list[tuple[float, str | None]] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async def calling() -> Any:
        async with connected.open() as client:
            history = [{"role": "user", "content": "Who led?"}, {"role": "assistant", "content": "Lenin. [1]"}]
            return await client.call_tool("ask", {"question": "Who voted?", "history": history}, progress_callback=tell)

    result = complete(calling())
    answer = result.structured_content
    assert answer["text"] == TEXT and answer["standalone_question"] == "Who voted? (about the vote)"
    assert [one["quote"] for one in answer["citations"]] == [VOTED, CARRIED, GARRISON]
    for one in answer["citations"]:
        assert BY_ID[one["article"]["id"]].text[one["start"] : one["end"]] == one["quote"]
    assert result.content[0].text.startswith(TEXT + "\n\n[1] The vote on the insurrection")
    assert [step for step, _ in told] == [1, 2, 3, 4]
    assert told[0][1] == "Found 4 passages" and told[2][1] == f"Checked: {CARRIED} [2]"
    assert not any("Draft" in (message or "") for _, message in told)


def test_articles_are_read_in_part_and_whole(connected: Connected) -> None:
    start = RUPTURE.index(CARRIED)

    async def calling() -> tuple[Any, ...]:
        async with connected.open() as client:
            part = {"id": "rupture", "start": start, "end": start + len(CARRIED)}
            uri = "askoctober://articles/banners"
            return (
                await client.call_tool("read_article", part),
                await client.call_tool("read_article", {"id": "rupture"}),
                await client.list_resources(),
                await client.list_resource_templates(),
                await client.read_resource(uri),
                await client.read_resource("askoctober://articles"),
            )

    part, whole, listed, templates, article, shelf = complete(calling())
    assert part.structured_content["text"] == CARRIED and part.content[0].text == CARRIED
    assert part.structured_content["length"] == len(RUPTURE)
    assert whole.structured_content["text"] == RUPTURE[:LONGEST_READ]
    uris = [f"askoctober://articles/{article.id}" for article in ARTICLES]
    assert [str(one.uri) for one in listed.resources] == ["askoctober://articles", *uris]
    assert templates.resource_templates[0].uri_template == "askoctober://articles/{id}"
    assert article.contents[0].text == BY_ID["banners"].text and article.contents[0].mime_type == "text/markdown"
    held = json.loads(shelf.contents[0].text)
    assert held["total"] == len(ARTICLES) and [one["uri"] for one in held["articles"]] == uris


def test_a_cancelled_call_stops_the_generation(connected: Connected) -> None:
    async def calling() -> float:
        async with connected.open() as client:
            started = anyio.Event()

            async def tell(progress: float, total: float | None, message: str | None) -> None:
                started.set()

            async with anyio.create_task_group() as group:
                group.start_soon(lambda: client.call_tool("ask", {"question": "Who voted?"}, progress_callback=tell))
                await started.wait()
                group.cancel_scope.cancel()
            cancelled = time.monotonic()
            while not connected.stopped() and time.monotonic() < cancelled + 10:
                await anyio.sleep(0.01)
            assert connected.stopped() == 1
            passed = time.monotonic() - cancelled
            result = await client.call_tool("ask", {"question": "Who voted?"})
            assert not result.is_error
            return passed

    assert complete(calling()) < 1


def test_errors_tell_what_to_do_and_nothing_of_the_inside(connected: Connected) -> None:
    calls: list[tuple[str, dict[str, Any], str]] = [
        ("ask", {"question": "too long"}, "at most 2,000 characters"),
        ("ask", {"question": "crash"}, "The server failed"),
        ("ask", {}, "question: Field required"),
        ("search", {"question": "x", "k": 1000}, "k: Input should be less than or equal to 50"),
        ("search", {"question": "x", "autor": "y"}, "autor: Extra inputs are not permitted"),
        ("read_article", {"id": "../../etc/passwd"}, "There is no article '../../etc/passwd'"),
        ("read_article", {"id": "rupture", "start": 5, "end": 2}, "The end lies before the start"),
    ]

    async def calling() -> list[Any]:
        async with connected.open() as client:
            given = [await client.call_tool(name, arguments) for name, arguments, _ in calls]
            for uri in ("askoctober://articles/none", "askoctober://else", "file:///etc/passwd"):
                with pytest.raises(MCPError, match="list the resources"):
                    await client.read_resource(uri)
            with pytest.raises(MCPError, match="use search, ask, read_article"):
                await client.call_tool("delete", {})
            with pytest.raises(MCPError, match="none of this server's"):
                await client.list_resources(cursor="-1")
            return given

    for result, (_, _, expected) in zip(complete(calling()), calls, strict=True):
        said = result.content[0].text
        assert result.is_error and expected in said and "boom" not in said and "Traceback" not in said


def test_tools_say_that_they_only_read(connected: Connected) -> None:
    async def calling() -> Any:
        async with connected.open() as client:
            return await client.list_tools()

    tools = complete(calling()).tools
    assert [tool.name for tool in tools] == ["search", "ask", "read_article"] == list(TOOLS)
    for tool in tools:
        assert tool.annotations.read_only_hint and not tool.annotations.destructive_hint
        assert tool.output_schema["type"] == "object" and tool.input_schema["additionalProperties"] is False


def test_standard_output_holds_the_protocol_alone(tmp_path: Path) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    sent = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "tools/call",
            "params": {"name": "ask", "arguments": {"question": "Who voted?"}},
        },
    ]
    with subprocess.Popen(
        child(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write("this is not JSON\n" + "".join(json.dumps(one) + "\n" for one in sent))
        process.stdin.flush()
        lines = []
        while not any(one.get("id") == 2 for one in lines):
            lines.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.stdout.read() == "" and process.wait(30) == 0
        assert "this is no message of the protocol" in process.stderr.read()
    assert all(one["jsonrpc"] == "2.0" for one in lines)
    assert lines[-1]["result"]["structuredContent"]["text"] == TEXT


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_pages_elsewhere_are_refused(headers: dict[str, str]) -> None:
    with over_http(FakeAssistant()) as address:
        response = httpx.post(
            f"{address}/mcp",
            json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
            headers={"Accept": "application/json, text/event-stream"} | headers,
        )
        assert response.status_code in (403, 421)


def test_without_the_library_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    with pytest.raises(ConfigError, match=r'pip install "askoctober\[mcp\]"'):
        serve_stdio(FakeAssistant())
