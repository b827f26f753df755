"""The child process of `isolation`: reads files that may break their reader, under limits, one step a request.

A request `{"read": path, "location": ..., "settings": ..., "reader": ..., "seconds": ...}` begins a file and gives up
the one before, `{"next": ...}` goes on with it. Each is answered by one message: a document, a failure of a part,
`{"error": reason}` or `{"end": true}`. So the child works only while it is waited for.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.frames import pack, read_frame, write_frame
from askoctober.corpus.parsing import parse, read_any
from askoctober.errors import CorpusError

MEMORY = 2 << 30
"""Bytes that reading may take above what the process starts with."""
WORN = MEMORY // 4
"""Bytes that a process may keep between files; with more it is replaced, or they would count against the next file."""

REFUSED = frozenset(
    "socket.connect socket.sendto socket.getaddrinfo subprocess.Popen os.system os.exec os.posix_spawn os.fork".split()
)
"""Audit events of what would reach out of the process."""


def main() -> None:
    """Answer requests until standard input ends, as it does with the parent."""
    requests, replies = _take_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends this process when it is done
    _refuse_outside()
    start = _size()
    _limit("RLIMIT_CORE", 0)
    if start is None or not _limit("RLIMIT_AS", start + MEMORY):
        _limit("RLIMIT_DATA", MEMORY)
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, waiting), daemon=True).start()
    write_frame(replies, {"ready": True})
    found: Iterator[Document | Failure] = iter(())
    while True:
        request = waiting.get()
        _limit_processor(float(request["seconds"]))
        if "read" in request:
            found = _read(request)
        try:
            item = next(found, None)
            message = {"end": True} if item is None else pack(item)
        except CorpusError as error:
            message = {"error": str(error)}
        except MemoryError:
            message = {"error": "needs more memory to read than it may take; split it, or remove it."}
        if "error" in message or "end" in message:
            found = iter(())
            message["worn"] = (_size() or 0) - (start or 0) > WORN
        try:
            write_frame(replies, message)
        except MemoryError:
            os._exit(1)  # part of a message may be out
        del message


def _read(request: dict[str, Any]) -> Iterator[Document | Failure]:
    try:
        stream = open(request["location"], "rb")  # noqa: SIM115
    except OSError as error:
        raise CorpusError(
            f"cannot be read ({error.strerror or error}); correct its permissions or remove it."
        ) from error
    with stream:
        source = Source(request["read"], stream, request["settings"])
        reader = request["reader"]
        yield from parse(source, reader, "its format") if reader else read_any(source)


def _listen(requests: BinaryIO, waiting: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Take requests while the main thread reads, so that the parent's end is noticed in the midst of a file."""
    while (request := read_frame(requests)) is not None:
        waiting.put(request)
    os._exit(0)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the pipes to the parent, and put nothing in their place: what a library prints must break no message."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    return requests, replies


def _refuse_outside() -> None:
    """Let nothing in this process reach out or start a program, whatever a file asks its reader for."""

    def refuse(event: str, _: tuple[Any, ...]) -> None:
        if event in REFUSED:
            raise PermissionError(f"a reader may not call {event}")

    sys.addaudithook(refuse)


def _size() -> int | None:
    """Return the bytes of address space in use, None where the system does not tell them in this way."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _limit(name: str, value: int) -> bool:
    """Set a limit of this process where the system has it, and return whether it has."""
    try:
        import resource

        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
    except (ImportError, AttributeError, OSError, ValueError):
        return False
    return True


def _limit_processor(seconds: float) -> None:
    """Let the system end this process if it works on and on after its parent has died and left nobody to do so."""
    used = sum(os.times()[:2])
    _limit("RLIMIT_CPU", int(used + 2 * seconds) + 60)


if __name__ == "__main__":
    main()
