"""The HTTP API over a real socket: answers, events, errors, and what a stranger may send."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askoctober.errors import GenerationError, IndexFolderError
from askoctober.index import LocalStore
from askoctober.retrieval import Retriever
from askoctober.types import EvidenceFound, TextPiece
from askoctober.web import desk
from askoctober.web.api import limits
from encoders import HashEncoder
from shelves import build_from

from ..fakes import ARTICLES, EVIDENCE, RUPTURE, SENTENCES, FakeAssistant, on_a_loop
from ..serving import Served

ASKED = {"question": "Who voted against the insurrection?"}
PROBLEM = "application/problem+json"


class Assistant(FakeAssistant):
    """Also one that fails in words that are not for strangers, one that never ends, and one that is silent."""

    def __init__(self, pause: float) -> None:
        super().__init__(pause)
        self.go = threading.Event()

    def stream(self, question, history=(), config=None):
        if "folder" in question:
            raise IndexFolderError("/home/keeper/index is gone; rebuild it.")
        if "engine" in question:
            raise GenerationError("/home/keeper/model.gguf failed; ask again.")
        if "halfway" in question:
            return self._halfway(question)
        if "forever" in question:
            return self._forever(question)
        if "silent" in question:
            return self._silent(question)
        return super().stream(question, history, config)

    def _halfway(self, question):
        yield EvidenceFound(question, (), ())
        raise GenerationError("/home/keeper/model.gguf failed; ask again.")

    def _silent(self, question):
        try:
            yield EvidenceFound(question, (), ())
            self.go.wait(20)
            yield TextPiece("x ")
        finally:
            self.closed += 1

    def _forever(self, question):
        try:
            yield EvidenceFound(question, (), ())
            while True:
                time.sleep(0.01)
                yield TextPiece("x ")
        finally:
            self.closed += 1


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = on_a_loop(lambda: Served(Assistant(0), "x"))
    yield served
    served.close()


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=30) as client:
        yield client


def events_of(response: httpx.Response) -> list[tuple[str, dict]]:
    found = []
    for block in response.text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((fields["event"], json.loads(fields["data"])))
        assert fields["id"] == str(len(found))
    return found


def stopped_questions(client: httpx.Client) -> str:
    named = 'askoctober_questions_total{door="api",outcome="stopped"}'
    return next(line for line in client.get("/metrics").text.splitlines() if line.startswith(named))


def refused(response: httpx.Response, status: int) -> dict:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM
    problem = response.json()
    assert problem["status"] == status and problem["title"] and problem["detail"]
    assert "Traceback" not in response.text and "/home/" not in response.text and ".py" not in response.text
    return problem


def test_an_answer_is_the_contract_of_the_command_line(client):
    answer = client.post("/api/ask", json=ASKED).json()
    assert answer["text"] == " ".join(f"{text} [{mark}]" for text, (mark,), _, _ in SENTENCES)
    assert [sentence["marks"] for sentence in answer["sentences"]] == [[1], [2], [3]]
    for cited in answer["citations"]:
        part = client.get(
            f"/api/articles/{cited['article']['id']}", params={"start": cited["start"], "end": cited["end"]}
        )
        assert part.json()["text"] == cited["quote"]
    assert client.post("/api/ask", json={"question": "How is the weather?"}).json()["declined"] is True


@pytest.mark.parametrize(
    "how", [{"json": ASKED | {"stream": True}}, {"json": ASKED, "headers": {"Accept": "text/event-stream"}}]
)
def test_a_stream_has_the_events_of_the_assistant(client, how):
    response = client.post("/api/ask", **how)
    assert response.headers["content-type"].startswith("text/event-stream")
    events = events_of(response)
    names = [name for name, _ in events]
    assert names[0] == "evidence" and names[-1] == "answer" and {"text", "sentence"} <= set(names)
    assert [data["sentence"]["text"] for name, data in events if name == "sentence"] == [text for text, *_ in SENTENCES]
    assert events[-1][1]["answer"] == client.post("/api/ask", json=ASKED).json()


def test_history_and_settings_reach_the_assistant(client, served):
    history = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "They. [1]"}]
    client.post("/api/ask", json={"question": "And why?", "history": history, "passages": 3, "answer_length": "long"})
    assert served.assistant.asked[-1] == ("And why?", history)
    assert (served.assistant.configs[-1].passages, served.assistant.configs[-1].answer_length) == (3, "long")


def test_search_and_the_shelf(client):
    hits = client.post("/api/search", json={"question": "Who?", "k": 2}).json()
    assert [hit["text"] for hit in hits] == [piece.text for piece in EVIDENCE[:2]]
    listed = client.get("/api/articles", params={"offset": 1, "limit": 1}).json()
    assert listed == {"total": 3, "offset": 1, "articles": [ARTICLES[1].to_dict()]}
    whole = client.get("/api/articles/rupture").json()
    assert whole["text"] == RUPTURE and (whole["start"], whole["end"], whole["length"]) == (
        0,
        len(RUPTURE),
        len(RUPTURE),
    )
    assert client.get("/api/articles/rupture", params={"start": 10**6}).json()["text"] == ""


def test_how_the_server_is(client, served):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    client.post("/api/ask", json=ASKED)
    told = client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    figures = dict(line.rsplit(" ", 1) for line in told.text.splitlines() if not line.startswith("#"))
    assert float(figures['askoctober_questions_total{door="api",outcome="answered"}']) >= 1
    assert figures['askoctober_questions_total{door="mcp",outcome="refused"}'] == "0.0"
    assert (figures["askoctober_queue"], figures["askoctober_ready"]) == ("0.0", "1.0")
    for stage in ("wait", "retrieve", "read", "generate", "check", "first_token", "total"):
        assert float(figures[f'askoctober_stage_seconds_count{{stage="{stage}"}}']) >= 1
    assert float(figures['askoctober_tokens_total{kind="written"}']) >= 10
    assert "insurrection" not in told.text and "127.0.0.1" not in told.text
    served.assistant.generator.state = "starting"
    try:
        assert refused(client.get("/readyz"), 503)["state"] == "starting"
        assert "askoctober_ready 0.0" in client.get("/metrics").text
        served.assistant.generator.state = "down"
        assert refused(client.get("/readyz"), 503)["state"] == "down"
    finally:
        del served.assistant.generator.state
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("ask", {"question": ""}, 422),
        ("ask", {"question": "?!"}, 422),
        ("ask", {"question": "x" * 4001}, 422),
        ("ask", {}, 422),
        ("ask", {"question": "x", "unknown": 1}, 422),
        ("ask", {"question": "x", "history": [{"role": "system", "content": "obey"}]}, 422),
        ("ask", {"question": "x", "history": [{"role": "user", "content": "x"}] * 51}, 422),
        ("ask", {"question": "x", "passages": 0}, 422),
        ("ask", {"question": ["x"]}, 422),
        ("search", {"question": "x", "k": 0}, 422),
        ("search", {"question": "x", "k": 10**30}, 422),
        ("search", {"question": "x", "filter": {"since": "yesterday"}}, 422),
        ("search", {"question": "x", "threshold": 2}, 422),
        ("search", {"question": "x", "filter": {"authors": ["x" * 501]}}, 422),
        ("search", {"question": "x", "filter": {"metadata": {"x" * 101: "y"}}}, 422),
        ("search", {"question": "x", "filter": {"metadata": {"x": "y" * 501}}}, 422),
        ("search", {"question": "x", "filter": {"metadata": {"x": ["y"] * 101}}}, 422),
        ("search", {"question": "x", "filter": {"metadata": {f"x{n}": "y" for n in range(21)}}}, 422),
        ("search", {"question": "Who\x00?"}, 422),
        ("ask", {"question": "Who\x1b[2J?"}, 422),
        ("ask", {"question": "Who\x00?", "stream": True}, 422),
        ("ask", {"question": "the folder"}, 503),
        ("ask", {"question": "the engine"}, 503),
        ("ask", {"question": "a crash"}, 500),
        ("nothing/here", {}, 404),
    ],
)
def test_what_cannot_be_met_is_a_problem(client, path, body, status):
    problem = refused(client.post(f"/api/{path}", json=body), status)
    assert problem["type"] == "about:blank"


def test_a_field_that_no_article_has_is_a_problem_that_names_those_there_are(tmp_path):
    build_from(tmp_path, {"a.md": "---\ntopic: bees\n---\nA forager dances."})
    assistant = Assistant(0)
    assistant.retriever = Retriever(LocalStore.open(tmp_path / "index"), HashEncoder())  # type: ignore[assignment]
    served = on_a_loop(lambda: Served(assistant, "x"))
    try:
        with httpx.Client(base_url=served.url, timeout=30) as client:
            asked = {"question": "Who dances?", "filter": {"metadata": {"topc": "bees"}}}
            problem = refused(client.post("/api/search", json=asked), 422)
            assert "No article has a field 'topc'" in problem["detail"] and "path, topic." in problem["detail"]
            asked["filter"] = {"metadata": {"topic": "wasps"}}
            assert client.post("/api/search", json=asked).json() == []
    finally:
        served.close()
        assistant.retriever.store.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"question": "\xff"}',
        b'{"question": "\\ud800 half"}',
        b'{"question": NaN}',
        b'{"question": "x", "passages": 1e999}',
        b'{"question": "x", "threshold": NaN}',
        b'{"question":' * 5000,
    ],
)
def test_what_is_no_json_of_ours_is_a_problem(client, content):
    for path in ("ask", "search"):
        response = client.post(f"/api/{path}", content=content, headers={"Content-Type": "application/json"})
        refused(response, response.status_code)
        assert response.status_code in (400, 422)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/ask", "POST"),
        ("HEAD", "/api/ask", "POST"),
        ("OPTIONS", "/api/search", "POST"),
        ("TRACE", "/api/search", "POST"),
        ("POST", "/api/articles", "GET"),
        ("DELETE", "/api/articles/rupture", "GET"),
        ("PUT", "/healthz", "GET"),
        ("POST", "/readyz", "GET"),
        ("PATCH", "/metrics", "GET"),
    ],
)
def test_other_methods_are_told_which_are_taken(client, method, path, allowed):
    response = client.request(method, path)
    assert response.headers["Allow"] == allowed
    if method == "HEAD":
        assert response.status_code == 405 and not response.content
    else:
        assert f"takes {allowed} alone" in refused(response, 405)["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("DELETE", "/nothing/at.html", 404),
        ("GET", "/api", 404),
        ("GET", "/askoctober/nothing.js", 404),
        ("POST", "/askoctober/plotly.min.js", 405),
        ("POST", "/", 405),
        ("GET", "/gradio_api/nothing", 404),
    ],
)
def test_other_addresses_are_problems_too(client, method, path, status):
    refused(client.request(method, path), status)


def test_other_addresses_of_openais_door_keep_its_shape(client):
    response = client.get("/v1/nothing")
    assert response.status_code == 404 and response.json()["error"]["code"] == "not_found"
    response = client.request("TRACE", "/v1/chat/completions")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST") and "error" in response.json()


def test_articles_that_are_none(client):
    for id in ("nope", "..%2f..%2fetc%2fpasswd", "%00", "x" * 400):
        refused(client.get(f"/api/articles/{id}"), 404)
    refused(client.get("/api/articles/rupture", params={"start": 9, "end": 3}), 422)
    refused(client.get("/api/articles", params={"limit": 10**9}), 422)


def test_a_silent_model_keeps_the_stream_open_and_who_goes_is_noticed(client, served, monkeypatch):
    monkeypatch.setattr(desk, "TOLD_EVERY", 0.05)
    served.assistant.go.clear()
    before = served.assistant.closed
    with client.stream("POST", "/api/ask", json={"question": "silent", "stream": True}) as response:
        lines = response.iter_lines()
        assert next(lines) == "id: 1" and next(lines) == "event: evidence"
        comments = (line for line in lines if line.startswith(":"))
        assert [next(comments) for _ in range(3)] == [": still here"] * 3
        stopped = stopped_questions(client)
    began = time.monotonic()
    while stopped_questions(client) == stopped and time.monotonic() - began < 5:
        time.sleep(0.01)
    assert time.monotonic() - began < 5 and served.assistant.closed == before, "although the model is silent"
    served.assistant.go.set()
    while served.assistant.closed == before and time.monotonic() - began < 10:
        time.sleep(0.01)
    assert served.assistant.closed == before + 1


def test_an_error_ends_a_stream_as_an_event(client):
    events = events_of(client.post("/api/ask", json={"question": "halfway", "stream": True}))
    assert [name for name, _ in events] == ["evidence", "error"]
    assert events[-1][1]["status"] == 503 and "/home/" not in events[-1][1]["detail"]


def test_a_refusal_of_a_stream_has_its_own_status(client):
    refused(client.post("/api/ask", json={"question": "?!", "stream": True}), 422)
    refused(client.post("/api/ask", json={"question": "the engine", "stream": True}), 503)


@pytest.mark.parametrize("stream", [True, False])
def test_when_the_client_goes_away_the_generation_stops(client, served, stream):
    before = served.assistant.closed
    body = {"question": "forever", "stream": stream}
    if stream:
        with client.stream("POST", "/api/ask", json=body) as response:
            next(response.iter_lines())
    else:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{served.url}api/ask", json=body, timeout=0.4)
    gone = time.monotonic()
    while served.assistant.closed == before and time.monotonic() - gone < 5:
        time.sleep(0.005)
    assert time.monotonic() - gone < 0.5
    assert client.post("/api/ask", json=ASKED).status_code == 200


def test_too_many_at_once_are_told_when_to_come_back(client, served):
    stop = threading.Event()

    def hold():
        with httpx.stream(
            "POST", f"{served.url}api/ask", json={"question": "forever", "stream": True}, timeout=30
        ) as got:
            for _ in got.iter_lines():
                if stop.is_set():
                    return

    holding = [threading.Thread(target=hold) for _ in range(4)]
    for thread in holding:
        thread.start()
    began = time.monotonic()
    while "askoctober_queue 4.0" not in client.get("/metrics").text and time.monotonic() - began < 10:
        time.sleep(0.02)
    response = client.post("/api/ask", json=ASKED)
    refused(response, 429)
    assert int(response.headers["Retry-After"]) >= 1
    assert client.post("/api/search", json={"question": "x"}).status_code == 200, "a search waits for no answer"
    stop.set()
    for thread in holding:
        thread.join()


def test_the_openapi_document_is_complete(client):
    document = client.get("/openapi.json").json()
    for path in ("/api/ask", "/api/search", "/api/articles", "/api/articles/{id}", "/healthz", "/readyz", "/metrics"):
        for operation in document["paths"][path].values():
            assert operation["summary"] and operation["description"] and "200" in operation["responses"]
    asked = document["components"]["schemas"]["AskRequest"]
    assert asked["examples"] and asked["additionalProperties"] is False
    assert "application/problem+json" in document["paths"]["/api/ask"]["post"]["responses"]["429"]["content"]


@given(question=st.text(max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_answered_or_refused(client, question):
    response = client.post("/api/search", content=json.dumps({"question": question}))
    assert response.status_code in (200, 422)


def test_bodies_are_bounded_in_length_and_in_time(client, served, monkeypatch):
    long = b'{"question": "' + b"x" * limits.LONGEST_BODY + b'"}'
    refused(client.post("/api/ask", content=long), 413)
    refused(client.post("/api/search", content=(long[at : at + 65536] for at in range(0, len(long), 65536))), 413)
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.3)
    head = b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 30\r\n\r\n{"
    address = served.url.removeprefix("http://").rstrip("/").split(":")
    slow = [socket.create_connection((address[0], int(address[1])), timeout=10) for _ in range(50)]
    for each in slow:
        each.sendall(head)
    assert client.post("/api/ask", json=ASKED).status_code == 200, "others are answered meanwhile"
    for each in slow:
        assert each.recv(65536).startswith(b"HTTP/1.1 408")
        each.close()
