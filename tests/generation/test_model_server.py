"""A model behind an address: a real llama.cpp server where its weights are here, and one that misbehaves."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from askoctober.config import Config
from askoctober.errors import ConfigError, GenerationError
from askoctober.generation import fallback, load_generator, server
from askoctober.generation.extractive import NAME, YES
from askoctober.generation.fallback import Fallback
from askoctober.generation.server import ServerAwayError, ServerGenerator

ASKED = [{"role": "user", "content": "Count to three."}]


def chunk(text: str, **more: Any) -> str:
    return json.dumps({"choices": [{"delta": {"content": text}, "finish_reason": None, **more}]})


USAGE = json.dumps({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}})
WHOLE = [chunk("One, "), chunk("two."), chunk("", finish_reason="stop"), USAGE, "[DONE]"]
LIKELY = {"content": [{"top_logprobs": [{"token": " yes", "logprob": -0.1}, {"token": "No", "logprob": -3.0}]}]}


class Scripted(ThreadingHTTPServer):
    """Answers each request with the next of its replies: a status, headers, and lines."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: list[tuple[int, dict[str, str], list[str] | str]] = []
        self.got: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.model = "tiny"
        self.broken = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"openai:http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_GET(self) -> None:
        self.reply(200, {}, json.dumps({"data": [{"id": self.server.model, "owned_by": "llamacpp"}]}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body))
        self.server.keys.append(self.headers.get("Authorization"))
        self.reply(*(self.server.replies.pop(0) if self.server.replies else (200, {}, WHOLE)))

    def reply(self, status: int, headers: dict[str, str], lines: list[str] | str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for line in [lines] if isinstance(lines, str) else lines:
                self.wfile.write((line if isinstance(lines, str) else f"data: {line}\n\n").encode())
                self.wfile.flush()
                if "slow" in line:
                    time.sleep(0.05)
        except OSError:
            self.server.broken.set()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    monkeypatch.setattr(server, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(server, "LONGEST_PAUSE", 0.02)
    made = Scripted()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def generator(scripted: Scripted) -> Iterator[ServerGenerator]:
    made = ServerGenerator(scripted.address)
    yield made
    made.close()


def written(generator: Any) -> str:
    return "".join(piece.text for piece in generator.generate(ASKED, grammar="root ::= x", max_tokens=9))


def test_a_reply_comes_piece_by_piece_with_its_counts(scripted, generator):
    pieces = list(generator.generate(ASKED, grammar="root ::= x", max_tokens=9))
    assert [piece.text for piece in pieces] == ["One, ", "two.", ""]
    assert (pieces[-1].prompt_tokens, pieces[-1].completion_tokens) == (7, 2)
    assert generator.name == "tiny"
    (got,) = scripted.got
    assert (got["model"], got["messages"], got["max_tokens"], got["temperature"]) == ("tiny", ASKED, 9, 0)
    assert got["grammar"] == "root ::= x", "llama.cpp takes grammars"
    named = ServerGenerator(f"{scripted.address}#other")
    written(named)
    named.close()
    assert scripted.got[-1]["model"] == "other" and "grammar" not in scripted.got[-1]
    assert list(generator.prefill(ASKED)) == []


def test_the_first_tokens_probabilities(scripted, generator):
    scripted.replies = [(200, {}, json.dumps({"choices": [{"message": {"content": "yes"}, "logprobs": LIKELY}]}))]
    found = generator.probabilities(ASKED, ("Yes", "No"))
    assert found["Yes"] == pytest.approx(0.948, abs=0.001) and sum(found.values()) == pytest.approx(1)
    scripted.replies = [(200, {}, json.dumps({"choices": [{"message": {"content": "No."}}]}))]
    assert generator.probabilities(ASKED, ("Yes", "No"))["No"] == pytest.approx(0.9)


@pytest.mark.parametrize(("refused", "asked"), [(1, [20, 5]), (2, [20, 5, None])])
def test_a_server_that_refuses_so_many_probabilities_is_asked_for_fewer(scripted, generator, refused, asked):
    reply = (200, {}, json.dumps({"choices": [{"message": {"content": "No"}, "logprobs": None}]}))
    scripted.replies = [(422, {}, "")] * refused + [reply] * 2
    for _ in range(2):
        assert generator.probabilities(ASKED, ("Yes", "No"))["No"] == pytest.approx(0.9)
    assert [got.get("top_logprobs") for got in scripted.got] == [*asked, asked[-1]], "what it takes is remembered"
    assert ["logprobs" in got for got in scripted.got] == ["top_logprobs" in got for got in scripted.got]


def test_what_is_refused_in_any_form_is_an_error(scripted, generator):
    scripted.replies = [(400, {}, "")] * 3
    with pytest.raises(GenerationError, match="status 400"):
        generator.probabilities(ASKED, ("Yes", "No"))
    scripted.replies = [(200, {}, json.dumps({"choices": [{"message": {"content": "yes"}, "logprobs": LIKELY}]}))]
    assert generator.probabilities(ASKED, ("Yes", "No")) and scripted.got[-1]["top_logprobs"] == 20


def test_a_model_that_was_looked_up_is_looked_up_anew_where_it_is_gone(scripted, generator):
    assert written(generator) == "One, two."
    scripted.model = "another"
    scripted.replies = [(404, {}, "")]
    with pytest.raises(GenerationError, match="status 404"):
        written(generator)
    assert written(generator) == "One, two." and scripted.got[-1]["model"] == generator.name == "another"


def test_a_busy_server_is_asked_again(scripted, generator):
    scripted.replies = [(429, {"Retry-After": "0"}, ""), (503, {}, ""), (200, {}, WHOLE)]
    assert written(generator) == "One, two."
    assert len(scripted.got) == 3


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ((401, {}, ""), "set OPENAI_API_KEY"),
        ((302, {"Location": "http://169.254.169.254/"}, ""), "points elsewhere"),
        ((400, {}, "secret prompt"), "refused the request"),
        ((200, {}, [chunk("One")]), "broke off in the middle"),
        ((200, {}, ["{not json"]), "no JSON"),
        ((200, {}, ["[1]"]), "another form"),
        ((200, {}, [chunk("One"), '{"error": {"message": "secret"}}']), "reports an error"),
        ((200, {}, [chunk("x" * 100_000)] * 60), "sends without end"),
    ],
)
def test_what_goes_wrong_is_said_in_words(scripted, generator, reply, reason):
    scripted.replies = [reply]
    with pytest.raises(GenerationError, match=reason) as caught:
        written(generator)
    assert "secret" not in str(caught.value) and not isinstance(caught.value, ServerAwayError)
    assert len(scripted.got) == 1


def test_closing_ends_the_servers_work(scripted, generator):
    scripted.replies = [(200, {}, [chunk("slow ")] * 400)]
    stream = generator.generate(ASKED)
    next(stream)
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < 0.5
    assert scripted.broken.wait(5)


def test_the_key_comes_from_the_environment_and_is_never_told(scripted, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", " sk-hidden\r\n")
    keyed = ServerGenerator(scripted.address)
    scripted.replies = [(401, {}, "")]
    with pytest.raises(GenerationError) as caught:
        written(keyed)
    keyed.close()
    assert scripted.keys == ["Bearer sk-hidden"] and "hidden" not in str(caught.value)


def test_what_cannot_be_a_key_is_refused(scripted, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden\u2026")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY .* set it anew") as caught:
        load_generator(Config(model=scripted.address))
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("address", ["openai:", "openai:host:80", "openai:ftp://x/", "openai:http://me:key@host/v1"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ConfigError) as caught:
        load_generator(Config(model=address))
    assert "key@" not in str(caught.value)


def test_a_server_that_takes_a_request_and_is_silent_is_asked_once_and_then_left_alone(monkeypatch, caplog):
    monkeypatch.setattr(server, "SILENCE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        generator = load_generator(Config(model=f"openai:http://127.0.0.1:{silent.getsockname()[1]}/v1#tiny"))
        assert written(generator) == "" and generator.name == NAME
        silent.settimeout(0.1)
        silent.accept()[0].close()
        with pytest.raises(TimeoutError):
            silent.accept()
    (told,) = caplog.messages
    assert "has not answered for" in told
    later = time.monotonic() + fallback.LEFT_ALONE_SECONDS + 1
    monkeypatch.setattr(fallback.time, "monotonic", lambda: later)
    assert generator.name == NAME
    generator.close()


def test_while_the_server_is_away_answers_are_extractive(scripted, monkeypatch, caplog):
    generator = load_generator(Config(model=scripted.address))
    assert isinstance(generator, Fallback)
    scripted.replies = [(503, {}, "")] * server.ATTEMPTS
    assert generator.probabilities(ASKED, ("Yes", "No")) == {"Yes": YES, "No": pytest.approx(1 - YES)}
    assert generator.name == NAME and written(generator) == "" and len(scripted.got) == server.ATTEMPTS
    (told,) = caplog.messages
    assert "is away (status 503); start it" in told
    monkeypatch.setattr(fallback.time, "monotonic", lambda: 1e9)
    assert written(generator) == "One, two." and generator.name == "tiny"
    generator.close()
    nobody = load_generator(Config(model="openai:http://127.0.0.1:9/v1"))
    assert written(nobody) == "" and nobody.name == NAME
    nobody.close()


def test_no_model_at_all():
    generator = load_generator(Config(model="extractive"))
    assert (generator.name, list(generator.generate(ASKED)), list(generator.prefill(ASKED))) == (NAME, [], [])
    assert generator.probabilities(ASKED, ("a", "b")) == {"a": 0.5, "b": 0.5}
    generator.close()


def test_a_real_server_of_llama_cpp(smol, monkeypatch):
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(smol)
    params.n_ctx, params.n_parallel, params.warmup, params.verbosity = 1024, 1, False, -1
    params.port, params.hostnames, params.api_keys = 0, ["127.0.0.1"], ["k"]
    running = xllamacpp.Server(params)
    running.handle_completions({"prompt": "a", "max_tokens": 1})
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    generator = ServerGenerator(f"openai:{running.listening_address}/v1")
    pieces = list(generator.generate(ASKED, grammar='root ::= "One" " two" " three"', max_tokens=20))
    assert "".join(piece.text for piece in pieces) == "One two three"
    assert pieces[-1].prompt_tokens > 5 and pieces[-1].completion_tokens
    found = generator.probabilities(ASKED, ("Yes", "No"))
    assert sum(found.values()) == pytest.approx(1)
    stream = generator.generate(ASKED, max_tokens=400)
    next(stream)
    began = time.monotonic()
    stream.close()
    assert len(list(generator.generate(ASKED, max_tokens=5))) > 1 and time.monotonic() - began < 5
    assert generator.name.endswith(".gguf") and "/" not in generator.name
    generator.close()
