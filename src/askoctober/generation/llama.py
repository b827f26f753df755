"""GGUF models on llama.cpp, through xllamacpp: in this process, with prebuilt wheels for every system."""

from __future__ import annotations

import json
import math
import os
import queue
import secrets
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from askoctober.errors import GenerationError, ModelError
from askoctober.types import Message, Piece

PROMPT_BATCH = 64
"""Tokens read at a time; reading can be stopped between two of these."""
_LIKELIEST = 40
STREAMED = {"stream": True, "return_progress": True}
_DONE = object()


class LlamaGenerator:
    """One loaded GGUF model behind the `Generator` protocol; calls from several threads wait for each other.

    The model has one slot, whose cache keeps the longest common prefix of this prompt and the last: a system prompt
    that stays the same is read once.
    """

    def __init__(self, path: Path, *, context_tokens: int = 4096, threads: int = 0) -> None:
        """Load the model; takes some seconds.

        Raises:
            ModelError: the file is not a GGUF model that llama.cpp reads.
        """
        # llama.cpp's OpenMP threads spin at every barrier; beside two other busy processes on two cores
        # that cost a factor of seven. The variable is read once, when the library loads.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        import xllamacpp

        with path.open("rb") as stream:
            if stream.read(4) != b"GGUF":
                raise ModelError(f"{path} is not a GGUF file; give another, or run: askoctober models list")
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = context_tokens
        params.n_parallel = 1
        params.n_batch = params.n_ubatch = PROMPT_BATCH
        for cpu in (params.cpuparams, params.cpuparams_batch):
            cpu.n_threads = threads or _cores()
            # Waiting threads that spin starve every other process on a small machine.
            cpu.poll = 0
        # Weights are repacked for this processor: mapped from the file as well, they would be in memory twice.
        params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
        params.sampling.temp = 0.0
        params.cache_ram_mib = 0
        params.warmup = False
        params.verbosity = -1
        # The library opens a loopback port of its own choice; nobody else on this machine is to use it.
        params.port = 0
        params.hostnames = ["127.0.0.1"]
        params.api_keys = [secrets.token_hex(32)]
        params.ui = params.endpoint_slots = params.endpoint_props = False
        try:
            self._server: Any = xllamacpp.Server(params)
        except RuntimeError as error:
            raise ModelError(
                f"llama.cpp cannot load {path}: it is damaged, or memory is short; run: askoctober models verify"
            ) from error
        # A server that is taken down before its loop has begun never ends; one token shows that it has.
        self._server.handle_completions({"prompt": "a", "max_tokens": 1})
        self._lock = threading.Lock()
        self.name = path.stem

    def generate(self, messages: Sequence[Message], *, grammar: str = "", max_tokens: int = 256) -> Iterator[Piece]:
        """Yield the reply piece by piece, greedily; closing the iterator stops reading and writing.

        Raises:
            GenerationError: the prompt does not fit, the grammar is wrong, or the engine failed.
        """
        request = _request(messages, max_tokens) | STREAMED
        if grammar:
            request["grammar"] = grammar
        with self._lock:
            yield from filter(None, map(_piece, self._stream(self._open(), request)))

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Read a prompt into the cache and yield (tokens read, tokens of the prompt) after each batch of them.

        Closing the iterator stops the reading, with the batch that is being read.
        """
        request = _request(messages, 0) | STREAMED
        with self._lock:
            for chunk in self._stream(self._open(), request):
                if progress := chunk.get("prompt_progress"):
                    yield int(progress["processed"]), int(progress["total"])

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        """Return the probability that the reply's first token is each of `options`, renormalised to sum to 1."""
        request = _request(messages, 1) | {"logprobs": True, "top_logprobs": _LIKELIEST}
        with self._lock:
            reply = _checked(self._open().handle_chat_completions(request))
        likeliest = reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        weights = dict.fromkeys(options, 1e-9)
        for entry in likeliest:
            for option in options:
                if entry["token"].strip().casefold() == option.casefold():
                    weights[option] += math.exp(entry["logprob"])
        total = sum(weights.values())
        return {option: weight / total for option, weight in weights.items()}

    def close(self) -> None:
        """Free the model."""
        with self._lock:
            self._server = None

    def _open(self) -> Any:
        if self._server is None:
            raise GenerationError(f"{self.name} was closed; load it again.")
        return self._server

    def _stream(self, server: Any, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the chunks of a streamed reply; closing the iterator stops the engine."""
        pieces: queue.SimpleQueue[Any] = queue.SimpleQueue()
        stopped = threading.Event()

        def receive(chunk: Any) -> bool:
            pieces.put(chunk)
            return stopped.is_set()

        def work() -> None:
            try:
                reply = server.handle_chat_completions(request, receive)
                if reply is not None:
                    pieces.put(reply)
            except Exception as error:  # foreign code: whatever it raises belongs to the reader of the stream
                pieces.put(error)
            finally:
                pieces.put(_DONE)

        worker = threading.Thread(target=work, name="llama.cpp", daemon=True)
        worker.start()
        try:
            while (chunk := pieces.get()) is not _DONE:
                if isinstance(chunk, Exception):
                    raise GenerationError(f"llama.cpp failed ({chunk}); ask again.") from chunk
                yield _checked(chunk)
        finally:
            stopped.set()
            worker.join()


def _request(messages: Sequence[Message], max_tokens: int) -> dict[str, Any]:
    """Return what every request says: greedy, and on top of what the cache holds of the prompt."""
    return {
        "messages": [dict(message) for message in messages],
        "max_tokens": max_tokens,
        "temperature": 0,
        "cache_prompt": True,
    }


def _checked(reply: Any) -> dict[str, Any]:
    """Return a reply as a dictionary; raise GenerationError if it reports an error."""
    reply = json.loads(reply) if isinstance(reply, str | bytes) else reply
    if "error" in reply:
        error = reply["error"]
        if error.get("type") == "exceed_context_size_error":
            raise GenerationError(
                f"The prompt has {error.get('n_prompt_tokens')} tokens and the model holds {error.get('n_ctx')}; "
                "ask a shorter question, or raise context_tokens."
            )
        raise GenerationError(f"llama.cpp refused the request ({error.get('message')}); ask again.")
    return dict(reply)


def _piece(chunk: dict[str, Any]) -> Piece | None:
    """Return what a chunk of the stream adds, or None where it only reports progress."""
    choices = chunk.get("choices") or [{}]
    text = choices[0].get("delta", {}).get("content") or ""
    timings = chunk.get("timings") or {}
    if timings:
        cached, read = int(timings.get("cache_n", 0)), int(timings.get("prompt_n", 0))
        return Piece(text, cached + read, cached, int(timings.get("predicted_n", 0)))
    return Piece(text) if text else None


def _cores() -> int:
    """Processors this process may use, at least one."""
    return max(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 1)
