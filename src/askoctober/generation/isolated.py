"""A language model in a process of its own: when its engine crashes, one answer fails and the model is started anew."""

from __future__ import annotations

import io
import itertools
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Literal

from askoctober.config import Config
from askoctober.errors import GenerationError, ModelError
from askoctober.types import Message, Piece

SECONDS_TO_LOAD = 600.0
SECONDS_OF_SILENCE = 300.0
"""A model that says nothing for so long while it works has hung: it is ended, and started anew."""
SECONDS_TO_END = 5.0
PAUSES = (0.0, 2.0, 10.0, 60.0)
"""Seconds before each attempt to start a model anew that has died; the last one again and again."""
COMMAND = (sys.executable, "-P", "-m", "askoctober.generation.worker")
_GONE: Mapping[str, Any] = {"gone": True}
logger = logging.getLogger(__name__)


class IsolatedGenerator:
    """Any engine behind the `Generator` protocol, in a child process that is replaced when it dies.

    Calls from several threads wait for each other. An answer that was being written when the model died fails with a
    GenerationError. A new model is started at once, which takes its time to load; the next answer waits for it.
    """

    def __init__(self, config: Config, command: Sequence[str] = COMMAND) -> None:
        """Start the child and wait until it has loaded `config.model`.

        Raises:
            ModelError: the model does not load.
        """
        self._settings = _settings(config)
        self._command = command
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._closed = threading.Event()
        self._loaded: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self.name = ""
        self._start()

    def generate(self, messages: Sequence[Message], *, grammar: str = "", max_tokens: int = 256) -> Iterator[Piece]:
        """Yield the reply piece by piece; closing the iterator stops the generation.

        Raises:
            GenerationError: the prompt does not fit, or the engine failed or died.
        """
        asked = {"grammar": grammar, "max_tokens": max_tokens}
        for item in self._ask("generate", messages, asked):
            yield Piece(*item)

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Read a prompt ahead, and yield (tokens read, tokens of the prompt); closing the iterator stops it."""
        yield from map(tuple, self._ask("prefill", messages, {}))

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        """Return the probability that the reply's first token is each of `options`, renormalised to sum to 1."""
        (found,) = self._ask("probabilities", messages, {"options": list(options)})
        return {option: float(found[option]) for option in options}

    @property
    def state(self) -> Literal["ready", "starting", "down"]:
        """Whether there is a model to ask, or one that is still loading; cheap to ask for."""
        child = self._child
        if child.poll() is not None:
            return "down"
        return "ready" if self._loaded is child else "starting"

    def close(self) -> None:
        """End the child."""
        self._closed.set()
        self._end()

    def _ask(self, do: str, messages: Sequence[Message], more: Mapping[str, Any]) -> Iterator[Any]:
        with self._lock:
            if self._closed.is_set():
                raise GenerationError(f"{self.name} was closed; load it again.")
            if self._child.poll() is not None:
                self._restart()
            number = next(self._numbers)
            self._send({"id": number, "do": do, "messages": [dict(message) for message in messages], **more})
            ended = False
            try:
                while True:
                    reply = self._receive()
                    if reply.get("id") != number:
                        continue  # of one that was stopped
                    if "item" not in reply:
                        ended = True
                        if "error" in reply:
                            raise GenerationError(reply["error"])
                        return
                    yield reply["item"]
            finally:
                if not ended and self._child.poll() is None:
                    self._send({"stop": number})
                    self._wait_for_end(number)

    def _wait_for_end(self, number: int) -> None:
        """Wait until the child has stopped, so that the next one finds it free."""
        while True:
            reply = self._receive()
            if reply.get("id") == number and "item" not in reply:
                return

    def _receive(self) -> Mapping[str, Any]:
        try:
            reply = self._replies.get(timeout=SECONDS_OF_SILENCE)
        except Empty:
            self._end()
            raise GenerationError(f"{self.name} has hung and is started anew; ask again.") from None
        if reply is _GONE:
            self._end()
            raise GenerationError(f"{self.name} has ended unexpectedly and is started anew; ask again.")
        return reply

    def _send(self, request: Mapping[str, Any]) -> None:
        assert self._child.stdin is not None, "it is opened with a pipe"
        try:
            line = memoryview(f"{json.dumps(request)}\n".encode())
            while line:
                line = line[self._child.stdin.write(line) :]
        except (OSError, ValueError) as error:  # a pipe that broke, or that was closed meanwhile
            self._end()
            raise GenerationError(f"{self.name} has ended unexpectedly and is started anew; ask again.") from error

    def _start(self) -> None:
        # Unbuffered: nothing is left to be written to a child that is gone.
        try:
            self._child = subprocess.Popen(
                self._command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:  # memory, processes or open files are short
            raise ModelError(f"No process starts for the model ({error.strerror}); end other programs.") from error
        self._replies: SimpleQueue[Mapping[str, Any]] = SimpleQueue()
        reading = (self._child, self._replies, self._revive)
        threading.Thread(target=_read, args=reading, name="model", daemon=True).start()
        self._send(self._settings)
        try:
            reply = self._replies.get(timeout=SECONDS_TO_LOAD)
        except Empty:
            reply = {"failed": f"The model has not loaded within {SECONDS_TO_LOAD:.0f} s; try a smaller one."}
        if "ready" not in reply:
            self._end()
            raise ModelError(
                reply.get("failed") or "The model's process ended while it loaded; run: askoctober models verify"
            )
        self.name = str(reply["ready"])
        self._loaded = self._child

    def _restart(self) -> None:
        self._end()
        self._start()
        self.restarts += 1

    def _revive(self, died: subprocess.Popen[bytes]) -> None:
        """Start a model anew that had loaded: whoever sends questions elsewhere while there is none never asks again.

        One that does not even load is tried again after a while.
        """
        for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
            if self._closed.wait(pause):
                return
            with self._lock:
                if self._closed.is_set() or self._loaded is not died:
                    return
                try:
                    self._restart()
                except (ModelError, GenerationError) as error:
                    logger.error("%s cannot be started anew: %s", self.name, error)
                    continue
                if self._closed.is_set():  # meanwhile
                    self._end()
                return

    def _end(self) -> None:
        child = self._child
        assert child.stdin is not None, "it is opened with a pipe"
        child.stdin.close()
        try:
            child.wait(SECONDS_TO_END if self._closed.is_set() else 0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _read(
    child: subprocess.Popen[bytes],
    replies: SimpleQueue[Mapping[str, Any]],
    then: Callable[[subprocess.Popen[bytes]], None],
) -> None:
    """Put every line of a child into a queue, and at its end the word that it is gone; `then` is called with it."""
    assert child.stdout is not None, "it is opened with a pipe"
    with io.BufferedReader(child.stdout) as lines:  # type: ignore[type-var]
        for line in lines:
            try:
                replies.put(json.loads(line))
            except ValueError:
                break  # half a line: it died while it wrote
    replies.put(_GONE)
    then(child)


def _settings(config: Config) -> dict[str, Any]:
    """What the child needs of the settings, as JSON."""
    wanted = ("model", "engine", "threads", "context_tokens")
    folder = {} if config.models_dir is None else {"models_dir": str(config.models_dir)}
    return {name: getattr(config, name) for name in wanted} | folder
