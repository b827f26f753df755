"""Read a file in a child process, so that one that hangs, crashes or eats memory costs itself and nothing else.

A child (`worker`) is started when the first such file is met and kept for the files after it. Its time is counted while
it works, not while the caller thinks about what it sent.
"""

from __future__ import annotations

import atexit
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from askoctober.corpus.documents import Document, Failure
from askoctober.corpus.frames import read_frame, unpack, write_frame
from askoctober.errors import CorpusError

SECONDS = 60.0
"""Time for any file, however small."""
SECONDS_A_MEGABYTE = 1.0
SECONDS_AN_ARTICLE = 1.0
"""Time that each article earns: a packed collection comes to more work than its size tells."""
SECONDS_TO_START = 120.0
FILES_A_WORKER = 500
"""Files after which a child is replaced: libraries leak, and what they leak would count against a later file."""
IDLE_WORKERS = 2
"""Children kept for later; a file that is read while others are still being read has one to itself."""


def read_isolated(
    path: str, location: Path, settings: Mapping[str, Any], *, reader: str = "", seconds: float | None = None
) -> Iterator[Document | Failure]:
    """Yield what a file holds, one after another; what came before a failure has been yielded.

    `reader` is the module that reads it, else it is the one for what the file is; `seconds` sets another time limit.

    Raises:
        CorpusError: the file as a whole fails, or it broke its reader or a limit.
    """
    left = _seconds_for(location) if seconds is None else seconds
    allowed = left
    worker = _take()
    keep = False
    request: dict[str, Any] = {"read": path, "location": os.fspath(location), "settings": settings, "reader": reader}
    try:
        while True:
            began = time.monotonic()
            try:
                reply = worker.ask(request | {"seconds": left}, left)
                left -= time.monotonic() - began
                if "error" in reply or "end" in reply:
                    worker.files += 1
                    keep = not reply.get("worn") and worker.files < FILES_A_WORKER
                    if "error" in reply:
                        raise CorpusError(str(reply["error"]))
                    return
                item = unpack(reply)
            except TimeoutError as error:
                raise CorpusError(f"took longer than {allowed:.0f} s to read; split it, or remove it.") from error
            except (EOFError, OSError, ValueError) as error:
                raise CorpusError(f"made its reader fail ({worker.end()}); split it, or remove it.") from error
            left, allowed = left + SECONDS_AN_ARTICLE, allowed + SECONDS_AN_ARTICLE
            request = {"next": path}
            keep = True  # a caller may stop here: the child waits, and drops this file for the next
            yield item
            keep = False
    finally:
        _give_back(worker, keep)


def close() -> None:
    """End all children; those that are needed later are started anew."""
    with _lock:
        workers = list(_alive)
        _idle.clear()
    for worker in workers:
        worker.stop()


class _Worker:
    """One child process, for one file at a time."""

    def __init__(self) -> None:
        """Start it; raises CorpusError where it does not start."""
        self.files = 0
        self.owner = os.getpid()
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "askoctober.corpus.worker"],  # -P: no module out of the working folder
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise CorpusError(
                f"has no process to be read in ({error.strerror or error}); free some memory, and try again."
            ) from error
        self.requests = cast(BinaryIO, self.process.stdin)
        self.replies: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.listener = threading.Thread(target=self._listen, daemon=True, name="askoctober-reader")
        self.listener.start()
        with _lock:
            _alive.add(self)
        try:
            self._wait(SECONDS_TO_START)
        except (EOFError, TimeoutError) as error:
            end = self.end()
            self.stop()
            raise CorpusError(
                f"has no process to be read in (it did not start: {end}); free some memory, and try again."
            ) from error
        except BaseException:
            self.stop()
            raise

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request and return its reply; raises TimeoutError, or EOFError or OSError where the child is dead."""
        write_frame(self.requests, request)
        return self._wait(seconds)

    def end(self) -> str:
        """Say in words how the child ended."""
        try:
            code = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "it sent what is no message"
        cpu = getattr(signal, "SIGXCPU", None)
        if cpu and code == -cpu:
            return "it took too much time"
        return f"signal {-code}" if code < 0 else f"exit status {code}"

    def stop(self) -> None:
        """Kill it, and leave no process, pipe or thread behind; a fork of its owner leaves it alone."""
        if self.owner != os.getpid():
            return
        with _lock:
            _alive.discard(self)
        self.process.kill()
        self.process.wait()
        try:
            self.requests.close()
        except OSError:
            pass  # what was not sent goes with the process
        self.listener.join()

    def _wait(self, seconds: float) -> dict[str, Any]:
        try:
            reply = self.replies.get(timeout=max(seconds, 0))
        except queue.Empty:
            raise TimeoutError from None
        if reply is None:
            raise EOFError
        return reply

    def _listen(self) -> None:
        """Take replies; a thread, since not every system can wait for a pipe and a time at once."""
        with cast(BinaryIO, self.process.stdout) as replies:
            while (reply := read_frame(replies)) is not None:
                self.replies.put(reply)
        self.replies.put(None)


_lock = threading.Lock()
_idle: list[_Worker] = []
_alive: set[_Worker] = set()


def _take() -> _Worker:
    while True:
        with _lock:
            worker = _idle.pop() if _idle else None
        if worker is None:
            return _Worker()
        if worker.process.poll() is None:
            return worker
        worker.stop()


def _give_back(worker: _Worker, keep: bool) -> None:
    if keep:
        with _lock:
            if worker in _alive and len(_idle) < IDLE_WORKERS:
                _idle.append(worker)
                return
    worker.stop()


def _seconds_for(location: Path) -> float:
    try:
        size = location.stat().st_size
    except OSError:
        size = 0
    return SECONDS + SECONDS_A_MEGABYTE * size / 1_000_000


def _forget() -> None:
    """In a fork of this process: the children are the parent's, and only it may talk to them or end them."""
    global _lock, _idle, _alive
    _not_ours.extend(_alive)
    _lock, _idle, _alive = threading.Lock(), [], set()


_not_ours: list[_Worker] = []
"""Held, so that nothing of them is closed or waited for here."""

atexit.register(close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
