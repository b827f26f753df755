"""Any server that speaks OpenAI's chat completions as the language model: vLLM, TGI, Ollama, llama.cpp and the like.

Plain HTTP by httpx: the client that OpenAI publishes would retry on its own, follow redirects, and read without bound.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import httpx

from askoctober.errors import ConfigError, GenerationError
from askoctober.models import SERVER
from askoctober.types import Message, Piece

KEY = "OPENAI_API_KEY"
CONNECT_SECONDS, SILENCE_SECONDS = 5.0, 120.0
ATTEMPTS = 4
"""How often a request is made before the server counts as away."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
MOST_BYTES, MOST_SECONDS = 4_000_000, 600.0
"""Of any reply, whatever keeps the connection alive meanwhile."""
TRIED_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
LONGEST_TOKEN = 64
"""Characters of any, on the average of a reply; what is longer does not heed its bound."""
LIKELIEST = (20, 5, 0)
"""How many of the likeliest tokens are asked for: fewer where a server gives no more, or refuses to give any."""
NOT_GIVEN = frozenset({400, 422})
"""What servers answer to more than they give."""
OTHER_MODEL = "choose another model."
OTHER_FORM = "a reply of another form; is it a chat completions API?"
SURE = 0.9
"""Probability of the option that a server names which gives no probabilities."""


class ServerAwayError(GenerationError):
    """The server cannot be reached, or went on refusing."""


class ServerSilentError(ServerAwayError):
    """The server takes requests and does not answer."""


class _RefusedError(GenerationError):
    """The server does not do what it was asked for, by its status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _TryAgain(Exception):
    """A request that may be met in a while; `pause` is what the server asked for, in seconds."""

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


class ServerGenerator:
    """A model behind an address such as `openai:http://127.0.0.1:8000/v1#name`; safe to share between threads.

    Without a name the first model of the server's list is taken. The key comes from the environment, OPENAI_API_KEY.
    """

    def __init__(self, address: str) -> None:
        """Speak to a server; nothing is asked of it yet.

        Raises:
            ConfigError: that is no address, or the key is none.
        """
        url, _, self._model = address.removeprefix(SERVER).partition("#")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"{SERVER}{url} is no address of a server; give one like {SERVER}http://127.0.0.1:8000/v1"
            )
        if parts.username or parts.password:
            raise ConfigError(f"Put no key into the address of a server; set {KEY} in the environment.")
        self.where = url.rstrip("/")
        self.name = self._model or parts.netloc
        self._is_named = bool(self._model)
        self._is_llama = False
        self._asked_for = 0  # of LIKELIEST
        key = os.environ.get(KEY, "").strip()
        if not (key.isascii() and key.isprintable()):
            raise ConfigError(f"{KEY} in the environment holds characters that no key has; set it anew.")
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
        )

    def generate(self, messages: Sequence[Message], *, grammar: str = "", max_tokens: int = 256) -> Iterator[Piece]:
        """Yield the reply piece by piece; closing the iterator ends the request, and with it the server's work.

        A grammar is sent to llama.cpp's server; others have none that is the same.

        Raises:
            ServerAwayError: the server cannot be reached.
            GenerationError: it refused, or broke off.
        """
        body = self._body(messages, max_tokens) | {"stream": True, "stream_options": {"include_usage": True}}
        if grammar and self._is_llama:
            body["grammar"] = grammar
        with self._post(body) as response:
            ended, room = False, max_tokens * LONGEST_TOKEN
            for chunk in self._events(response):
                if chunk is None:
                    ended = True
                    break
                piece = _piece(chunk)
                if piece is not None:
                    room -= len(piece.text)
                    if room < 0:
                        raise GenerationError(f"{self.where} sends without end; {OTHER_MODEL}")
                    yield piece
                ended = ended or bool(_first(chunk).get("finish_reason"))
            if not ended:
                raise GenerationError(f"{self.where} broke off in the middle of a reply; ask again.")

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Yield nothing: what servers keep of a prompt is their own business."""
        yield from ()

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        """Return the probability that the reply's first token is each of `options`, renormalised to sum to 1.

        A server that gives no probabilities is asked for a word: what it says counts as 0.9.
        """
        reply = self._ask_for_likeliest(messages)
        try:
            choice = reply["choices"][0]
            content = (choice.get("logprobs") or {}).get("content") or []
            listed = (content[0].get("top_logprobs") or []) if content else []
            likely = [(str(each["token"]), float(each["logprob"])) for each in listed]
            said = str(choice["message"]["content"] or "")
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise GenerationError(
                f"{self.where} sent a reply of another form; is it a chat completions API?"
            ) from error
        weights = dict.fromkeys(options, 1e-9)
        for token, logprob in likely:
            for option in options:
                if token.strip().casefold() == option.casefold() and not math.isnan(logprob):
                    weights[option] += math.exp(min(logprob, 0.0))
        if not likely:
            named = [option for option in options if said.strip().casefold().startswith(option.casefold()[:2])]
            for option in options:
                weights[option] = SURE if option in named else (1 - SURE)
        total = sum(weights.values())
        return {option: weight / total for option, weight in weights.items()}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask_for_likeliest(self, messages: Sequence[Message]) -> dict[str, Any]:
        """Return a reply of one token, with as many of the likeliest as the server gives."""
        body = self._body(messages, 1)
        for at, most in enumerate(LIKELIEST[self._asked_for :], self._asked_for):
            wanted = {"logprobs": True, "top_logprobs": most} if most else {}
            try:
                with self._post(body | wanted) as response:
                    reply = self._read(response)
            except _RefusedError as error:
                if error.status not in NOT_GIVEN or not most:
                    raise
                continue
            self._asked_for = at
            return reply
        raise AssertionError("the last is asked for nothing more")

    def _body(self, messages: Sequence[Message], max_tokens: int) -> dict[str, Any]:
        if not self._model:
            self._look_up()
        sent = [dict(message) for message in messages]
        return {"model": self._model, "messages": sent, "max_tokens": max_tokens, "temperature": 0}

    def _look_up(self) -> None:
        """Take the first model of the server's list."""
        with self._send("GET", f"{self.where}/models", None) as response:
            listed = self._read(response)
        try:
            first = listed["data"][0]
            self._is_llama = first.get("owned_by") == "llamacpp"
            self._model = str(first["id"])
            # Some servers call a model by where its file lies, which is nobody else's business.
            self.name = _text(PurePosixPath(self._model).name if self._model.startswith("/") else self._model)
        except (LookupError, TypeError, AttributeError) as error:
            raise GenerationError(f"{self.where} lists no model; name one: {SERVER}{self.where}#MODEL") from error

    def _post(self, body: Mapping[str, Any]) -> Any:
        return self._send("POST", f"{self.where}/chat/completions", body)

    @contextmanager
    def _send(self, method: str, url: str, body: Mapping[str, Any] | None) -> Iterator[httpx.Response]:
        """Yield a response whose body is still to come, after as many attempts as it takes."""
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

        backoff = wait_exponential_jitter(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE, jitter=FIRST_PAUSE)

        def pause(state: Any) -> float:
            asked = getattr(state.outcome.exception(), "pause", 0.0)
            return max(float(backoff(state)), min(asked, LONGEST_PAUSE))

        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(_TryAgain), stop=stop_after_attempt(ATTEMPTS), wait=pause, reraise=True
            ):
                with attempt:
                    response = self._attempt(method, url, body)
        except _TryAgain as error:
            raise ServerAwayError(
                f"The model's server {self.where} is away ({error}); start it, or choose another with --model."
            ) from error
        try:
            yield response
        except httpx.HTTPError as error:
            raise GenerationError(f"{self.where} broke off ({type(error).__name__}); ask again.") from error
        finally:
            response.close()

    def _attempt(self, method: str, url: str, body: Mapping[str, Any] | None) -> httpx.Response:
        try:
            response = self._client.send(self._client.build_request(method, url, json=body), stream=True)
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            # It has taken the request: to send it again would only add to what it does not get done.
            raise ServerSilentError(
                f"The model's server {self.where} has not answered for {SILENCE_SECONDS:.0f} s; look after it, or "
                "choose another with --model."
            ) from error
        except httpx.HTTPError as error:
            raise _TryAgain(type(error).__name__) from error
        if response.status_code == 200:
            return response
        status, after = response.status_code, response.headers.get("Retry-After", "")
        response.close()
        if status in TRIED_AGAIN:
            raise _TryAgain(f"status {status}", float(after) if after.isdigit() else 0.0)
        if status in (401, 403):
            raise GenerationError(f"{self.where} asks for a key; set {KEY} in the environment.")
        if 300 <= status < 400:
            raise GenerationError(
                f"{self.where} points elsewhere (status {status}); give the address that it points to."
            )
        if status == 404 and not self._is_named:
            self._model = ""  # it may serve another one by now
        raise _RefusedError(
            f"{self.where} refused the request (status {status}); see its log, or choose another model.", status
        )

    def _events(self, response: httpx.Response) -> Iterator[dict[str, Any] | None]:
        """Yield the objects of server-sent events, and None for the word that they are over."""
        rest = bytearray()
        for block in self._blocks(response):
            rest += block
            if b"\n" not in block:
                continue
            *lines, rest = rest.replace(b"\r\n", b"\n").split(b"\n")
            for line in lines:
                data = line.removeprefix(b"data:").strip()
                if not line.startswith(b"data:") or not data:
                    continue
                if data == b"[DONE]":
                    yield None
                    return
                yield self._object(data)

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        return self._object(b"".join(self._blocks(response)))

    def _blocks(self, response: httpx.Response) -> Iterator[bytes]:
        """Yield a body, up to what any reply may have of bytes and of time."""
        read, ends = 0, time.monotonic() + MOST_SECONDS
        for block in response.iter_bytes():
            read += len(block)
            if read > MOST_BYTES or time.monotonic() > ends:
                raise GenerationError(f"{self.where} sends without end; {OTHER_MODEL}")
            yield block

    def _object(self, data: bytes | bytearray) -> dict[str, Any]:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise GenerationError(f"{self.where} sent what is no JSON; is it a chat completions API?") from error
        if not isinstance(found, dict):
            raise GenerationError(f"{self.where} sent {OTHER_FORM}")
        if "error" in found:
            raise GenerationError(f"{self.where} reports an error while it writes; see its log.")
        return found


def _piece(chunk: Mapping[str, Any]) -> Piece | None:
    """Return what a chunk of the stream adds, or None."""
    try:
        text = _text((_first(chunk).get("delta") or {}).get("content") or "")
        usage = chunk.get("usage") or {}
        cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
        counts = int(usage.get("prompt_tokens") or 0), cached, int(usage.get("completion_tokens") or 0)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return Piece(text, *counts) if text or any(counts) else None


def _first(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first choice of a chunk, empty where there is none that can be read."""
    choices = chunk.get("choices")
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}


def _text(value: Any) -> str:
    """What a server calls text, without halves of characters, which UTF-8 cannot carry."""
    return str(value).encode("utf-8", "replace").decode()
