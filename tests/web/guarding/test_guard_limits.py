"""How often clients may ask, how much they may send, what other sites may have a browser do, what errors tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from askoctober.web.api import limits
from askoctober.web.guarding import LOOPBACK, Rules
from askoctober.web.guarding.clients import Buckets, is_here
from askoctober.web.guarding.headers import FIXED, Headers

from ..fakes import FakeAssistant
from .guarded import Guarded, guarded

ASKED = {"question": "Who voted against the insurrection?"}
CHAT = {"model": "askoctober", "messages": [{"role": "user", "content": ASKED["question"]}]}
OTHER = {"Origin": "https://evil.example"}
PATHS = ("/", "/healthz", "/api/articles", "/v1/models", "/askoctober/main.js", "/config", "/nowhere", "/metrics")


class Assistant(FakeAssistant):
    """Also one whose shelf fails in words that are not for strangers."""

    def __init__(self) -> None:
        super().__init__(0)
        self.retriever.search = self._search  # type: ignore[method-assign]

    def _search(self, question: str, *args: Any, **more: Any) -> list[Any]:
        raise RuntimeError(f"/home/keeper/index is gone, while somebody asked {question}")

    def stream(self, question: str, *args: Any) -> Iterator[Any]:
        if "crash" in question:
            raise RuntimeError("/home/keeper/model.gguf is gone")
        return super().stream(question, *args)


@pytest.fixture(scope="module")
def served() -> Iterator[Guarded]:
    with guarded(Rules(is_open=True, questions=3, requests=40), assistant=Assistant()) as chat:
        yield chat


# Rates


def test_a_bucket_holds_the_tokens_of_a_minute_and_fills() -> None:
    clock = [0.0]
    buckets = Buckets(6, clock=lambda: clock[0])
    assert [buckets.take("192.0.2.1") for _ in range(6)] == [0] * 6
    assert buckets.take("192.0.2.1") == pytest.approx(10)
    assert buckets.take("192.0.2.2") == 0
    clock[0] += 4
    assert buckets.take("192.0.2.1") == pytest.approx(6)
    clock[0] += 6
    assert buckets.take("192.0.2.1") == 0 < buckets.take("192.0.2.1")
    buckets.give_back("192.0.2.1")
    assert buckets.take("192.0.2.1") == 0 < buckets.take("192.0.2.1")
    clock[0] += 3600
    assert [buckets.take("192.0.2.1") for _ in range(6)] == [0] * 6
    assert buckets.take("192.0.2.1") > 0
    assert all(Buckets(0).take("192.0.2.1") == 0 for _ in range(1000))


def test_addresses_of_one_network_are_one_client() -> None:
    buckets = Buckets(1)
    assert buckets.take("2001:db8:1:2::1") == 0 < buckets.take("2001:db8:1:2:ffff::9%eth0")
    assert buckets.take("2001:db8:1:3::1") == 0
    assert buckets.take("::ffff:192.0.2.1") == 0 < buckets.take("192.0.2.1")
    assert len(buckets) == 3


def test_clients_without_number_take_bounded_memory() -> None:
    buckets = Buckets(1, most=100)
    for number in range(10_000):
        buckets.take(f"10.0.{number // 256}.{number % 256}")
    assert len(buckets) == 100
    assert buckets.take("10.0.39.15") > 0  # the last is known still
    buckets.give_back("10.0.0.1")
    assert len(buckets) == 100


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("::ffff:127.0.0.1", True), ("", True),
        ("0.0.0.0", False), ("::", False), ("192.168.1.9", False), ("fe80::1%eth0", False), ("::ffff:8.8.8.8", False),
        ("unknown", False), ("testclient", True),
    ],
)  # fmt: skip
def test_which_addresses_are_this_computer(address: str, here: bool) -> None:
    assert is_here(address) is here


def test_questions_are_counted_by_client(served: Guarded) -> None:
    with served.client("203.0.113.1") as client, served.client("203.0.113.2") as other:
        assert [client.post("/api/ask", json=ASKED).status_code for _ in range(3)] == [200] * 3
        late = client.post("/api/ask", json=ASKED)
        assert (late.status_code, late.headers["content-type"]) == (429, "application/problem+json")
        assert 1 <= int(late.headers["retry-after"]) <= 20 and "try again in" in late.json()["detail"]
        late = client.post("/v1/chat/completions", json=CHAT)
        assert (late.status_code, late.json()["error"]["type"]) == (429, "rate_limit_error")
        assert "retry-after" in late.headers
        assert client.post("/gradio_api/queue/join", json={}).status_code == 429
        assert client.get("/api/articles").status_code == 200
        assert other.post("/api/ask", json=ASKED).status_code == 200


def test_questions_that_come_by_mcp_are_counted_and_its_other_calls_are_not(served: Guarded) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    address = {"X-Forwarded-For": "203.0.113.4"}

    def send(client: httpx.Client, method: str, params: dict[str, Any], number: int | None = 1) -> httpx.Response:
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
        return client.post("/mcp", json=message)

    def call(client: httpx.Client, name: str) -> str:
        said = send(client, "tools/call", {"name": name, "arguments": ASKED}).text
        result = next(json.loads(line.removeprefix("data: ")) for line in said.splitlines() if '"result"' in line)
        return str(result["result"]["content"][0]["text"])

    for here in (False, True):
        accepted = {"Accept": "application/json, text/event-stream"} | ({} if here else address)
        with served.client("127.0.0.1", **accepted) as client:
            client.headers["Mcp-Session-Id"] = send(client, "initialize", hello).headers["mcp-session-id"]
            send(client, "notifications/initialized", {}, None)
            assert not any("try again in" in call(client, "ask") for _ in range(3))
            assert ("try again in" in call(client, "ask")) is not here
            assert client.post("/api/ask", json=ASKED).status_code == (200 if here else 429)
            assert "try again in" not in call(client, "search")


def test_requests_are_counted_and_files_are_not(served: Guarded) -> None:
    with served.client("203.0.113.3") as client:
        statuses = [client.get("/api/articles?limit=1").status_code for _ in range(45)]
        assert statuses[:40] == [200] * 40 and statuses[-1] == 429
        assert {client.get("/askoctober/main.js").status_code for _ in range(100)} == {200}
        assert client.get("/healthz").status_code == client.get("/theme.css").status_code == 200
    with served.client("127.0.0.1") as keeper:
        assert {keeper.get("/api/articles?limit=1").status_code for _ in range(60)} == {200}


def test_a_class_behind_one_address_is_served() -> None:
    with guarded(Rules(is_open=True)) as served:
        statuses = []
        for _ in range(30):
            with served.client("203.0.113.77") as reader:
                opened = [
                    "/",
                    "/config",
                    "/theme.css",
                    *["/askoctober/main.js"] * 20,
                    *["/gradio_api/startup-events"] * 5,
                ]
                statuses += [reader.get(path).status_code for path in opened]
                statuses += [reader.post("/api/ask", json=ASKED).status_code for _ in range(2)]
        assert set(statuses) == {200}


# Bodies


@pytest.mark.parametrize("path", ["/api/ask", "/v1/chat/completions", "/mcp", "/gradio_api/queue/join", "/config"])
def test_long_bodies_are_refused_at_every_door(path: str, served: Guarded) -> None:
    long = b'{"question": "' + b"x" * (max(limits.LONGER.values()) + 1) + b'"}'
    with served.client("127.0.0.1") as client:
        reply = client.post(path, content=long, headers={"Content-Type": "application/json"})
    assert reply.status_code == 413, path
    if path.startswith("/v1"):
        assert reply.json()["error"]["code"] == "too_long"
    else:
        assert "shorten it" in reply.json()["detail"]


# Other sites


def test_no_other_site_may_read(served: Guarded) -> None:
    with served.client("127.0.0.1") as client:
        for path in (*PATHS, "/gradio_api/info", "/gradio_api/queue/join", "/login"):
            for method in ("GET", "POST", "OPTIONS"):
                for origin in ("https://evil.example", "http://localhost:3000", "null"):
                    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
                    reply = client.request(method, path, headers=asked)
                    allowed = [name for name in reply.headers if name.startswith("access-control-")]
                    assert allowed == [], (method, path, origin)


@pytest.mark.parametrize(
    "headers",
    [
        OTHER,
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://127.0.0.1:9"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},  # another port of this computer
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},  # a form
    ],
)
def test_no_other_site_may_drive_the_chat(headers: dict[str, str], served: Guarded) -> None:
    asked = len(served.assistant.asked)
    with served.client("127.0.0.1") as client:
        for path in ("/api/ask", "/v1/chat/completions", "/mcp", "/gradio_api/queue/join", "/gradio_api/run/predict"):
            reply = client.post(path, json=ASKED, headers=headers)
            assert reply.status_code == 403, path
            assert "another site" in reply.text
    assert len(served.assistant.asked) == asked


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}])
def test_no_other_site_may_use_what_is_read(headers: dict[str, str], served: Guarded) -> None:
    with served.client("127.0.0.1") as client:
        assert {client.get(path, headers=headers).status_code for path in PATHS} == {403}


def test_our_own_pages_and_programs_may(served: Guarded) -> None:
    with served.client("127.0.0.1") as client:
        for headers in (
            {},
            {"Origin": served.url.rstrip("/")},
            {"Origin": served.url.rstrip("/").upper(), "Sec-Fetch-Site": "same-origin"},
            {"Origin": "https://reading.example", "Sec-Fetch-Site": "same-origin"},  # behind a proxy
            {"Sec-Fetch-Site": "none"},
        ):
            assert client.post("/api/ask", json=ASKED, headers=headers).status_code == 200, headers
        followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        assert client.get("/", headers=followed).status_code == 200


# Headers


def test_every_answer_has_the_headers(served: Guarded) -> None:
    with served.client("127.0.0.1") as client:
        replies = {path: client.get(path) for path in PATHS}
        replies["400"] = client.post("/api/ask", content=b"{")
        replies["403"] = client.post("/api/ask", json=ASKED, headers=OTHER)
        replies["404"] = client.get("/gradio_api/file=http://a.invalid/x")
        replies["405"] = client.delete("/askoctober/main.js")
        replies["413"] = client.post("/api/ask", content=b"x" * (limits.LONGEST_BODY + 1))
        replies["500"] = client.post("/api/ask", json={"question": "crash"})
        for path, reply in replies.items():
            for name, value in FIXED.items():
                assert reply.headers[name] == value, (path, name)
            assert reply.headers["x-frame-options"] == "DENY"
            policy = reply.headers["content-security-policy"]
            assert {"frame-ancestors 'none'", "object-src 'none'", "default-src 'self'"} <= set(policy.split("; "))
            (scripts,) = [part for part in policy.split("; ") if part.startswith("script-src ")]
            assert "'unsafe-inline'" not in scripts and "*" not in scripts and "http" not in scripts
            assert "server" not in reply.headers
        for path in ("/api/articles", "/v1/models", "/metrics", "400", "403", "413", "500"):
            assert replies[path].headers["cache-control"] == "no-store", path
        stream = client.post("/api/ask", json=ASKED | {"stream": True})
        assert stream.headers["cache-control"] == "no-store" and "content-security-policy" in stream.headers


def test_pages_that_may_frame_the_chat_are_named() -> None:
    with guarded(Rules(is_open=True, frames=("https://moodle.example",))) as served, served.client() as client:
        reply = client.get("/")
        assert "frame-ancestors https://moodle.example" in reply.headers["content-security-policy"]
        assert "x-frame-options" not in reply.headers


def test_a_name_is_answered_to_where_it_is_given() -> None:
    rules = Rules(names=("reading.example",))
    with guarded(rules, hosts=rules.hosts("127.0.0.1")) as served, served.client("127.0.0.1") as client:
        for host, status in (("reading.example", 200), ("127.0.0.1:1", 200), ("other.example", 400), ("", 400)):
            assert client.get("/api/articles", headers={"Host": host}).status_code == status, host
        pytest.importorskip("mcp")
        call = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        kinds = {"Accept": "application/json, text/event-stream", "Host": "reading.example"}
        assert client.post("/mcp", json=call, headers=kinds).status_code not in (403, 421)


def test_the_page_knows_the_name_that_a_proxy_gives_and_no_other() -> None:
    rules = Rules(names=("reading.example",))
    told = {"Host": "reading.example", "X-Forwarded-Proto": "https"}
    with guarded(rules, hosts=rules.hosts("127.0.0.1")) as served, served.client("127.0.0.1") as client:
        assert '"root":"https://reading.example"' in client.get("/", headers=told).text


@pytest.mark.parametrize("proxied", [True, False])
def test_what_is_said_of_proxies_is_heeded_where_there_is_one(proxied: bool) -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse(str(scope["headers"]))(scope, receive, send)

    said = TestClient(Headers(echo, proxied=proxied)).get("/", headers={"X-Forwarded-Host": "evil.example"}).text
    assert ("evil.example" in said) is proxied and "b'host'" in said


# Errors


def test_no_error_tells_of_this_computer(served: Guarded) -> None:
    crash = {"question": "crash"}
    chat = {"model": "askoctober", "messages": [{"role": "user", "content": "crash"}]}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "search", "arguments": crash}}
    function = {"data": {"text": "x"}, "component_id": 1, "fn_name": "find_passages", "session_hash": "x"}
    folder = str(Path(limits.__file__).parent.parent)
    with served.client("127.0.0.1", Accept="application/json, text/event-stream") as client:
        replies = [
            client.post("/api/ask", json=crash),
            client.post("/api/ask", json=crash | {"stream": True}),
            client.post("/api/search", json=crash),
            client.post("/v1/chat/completions", json=chat),
            client.post("/v1/chat/completions", json=chat | {"stream": True}),
            client.post("/mcp", json=call),
            *(
                client.post("/gradio_api/component_server", json=function | {"component_id": number})
                for number in range(40)
            ),
            client.post("/gradio_api/run/predict", json={"data": [None] * 2, "fn_index": 0}),
            client.post("/gradio_api/queue/join", content=b"\xff"),
            client.get("/gradio_api/file=nothing"),
            client.get("/askoctober/../../x"),
        ]
        assert {reply.status_code for reply in replies} >= {500}
        for reply in replies:
            said = reply.text
            for word in ("Traceback", 'File "', ".py", "/home/", "keeper/", "RuntimeError", "model.gguf", folder):
                assert word not in said, (reply.url, said[:500])


def test_what_fails_outside_every_door_is_told_in_general_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from askoctober.web.guarding.fetching import NoFetching

    async def fail(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            raise OSError("/home/keeper/index: too many open files")
        await self.app(scope, receive, send)

    monkeypatch.setattr(NoFetching, "__call__", fail)
    with guarded(Rules(), hosts=LOOPBACK) as served, served.client("127.0.0.1") as client:
        for path in ("/", "/api/articles", "/askoctober/main.js", "/config"):
            reply = client.get(path)
            assert (reply.status_code, reply.headers["content-type"]) == (500, "application/problem+json")
            assert "keeper/" not in reply.text and "nosniff" in reply.headers["x-content-type-options"]
        assert client.get("/v1/models").json()["error"]["type"] == "server_error"
