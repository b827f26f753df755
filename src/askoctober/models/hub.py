"""Model files from the model hub, at a pinned revision."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from askoctober.errors import ModelError
from askoctober.models.partial import PartialFile
from askoctober.models.table import Model, ModelFile

CONNECT_SECONDS = 4.0
READ_SECONDS = 20.0
# No token of the user goes along: the weights are public, so the hub need not know who asks.
HEADERS = {"User-Agent": "askoctober", "Accept-Encoding": "identity"}


def deliver(model: Model, wanted: Sequence[ModelFile], folder: Path, advance: Callable[[int], None]) -> None:
    """Put the wanted files into `folder`, checked; a file that was cut off is continued. `advance` gets bytes so far.

    Raises:
        ModelError: the hub is switched off or not reachable, or what it gave is wrong; a reason, not a whole sentence.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise ModelError("skipped because HF_HUB_OFFLINE is set")
    from huggingface_hub import hf_hub_url

    # The environment is read here, not only at the library's import, so that a mirror can be set by the program.
    endpoint = os.environ.get("HF_ENDPOINT") or None
    urls = {file.name: hf_hub_url(model.hub, file.name, revision=model.revision, endpoint=endpoint) for file in wanted}
    _probe(urls[wanted[0].name])
    done = 0
    for file in wanted:
        path = folder / file.name
        with PartialFile(path, file, keep=min(path.stat().st_size, file.size) if path.exists() else 0) as partial:
            if partial.size < file.size:
                _download(urls[file.name], partial, done, advance)
            partial.finish()
        done += file.size
        advance(done)


def _probe(url: str) -> None:
    """Ask once whether the hub answers, within `CONNECT_SECONDS`.

    In a thread, because looking up a host name knows no time-out, and may take half a minute where there is no network.
    """
    from huggingface_hub import get_session

    outcome: list[str] = []

    def ask() -> None:
        try:
            response = get_session().head(url, headers=HEADERS, timeout=CONNECT_SECONDS, follow_redirects=False)
            outcome.append(f"it answered HTTP {response.status_code}" if response.status_code >= 400 else "")
        except Exception as error:  # Whatever its client raises, the next source is tried.
            outcome.append(f"not reachable ({type(error).__name__})")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS + 0.5)
    if reason := next(iter(outcome), "not reachable in time"):
        raise ModelError(reason)


def _download(url: str, partial: PartialFile, done: int, advance: Callable[[int], None]) -> None:
    """Stream one file, from where it was cut off if the server can."""
    from huggingface_hub import get_session

    headers = {**HEADERS, "Range": f"bytes={partial.size}-"} if partial.size else HEADERS
    timeout = (CONNECT_SECONDS, READ_SECONDS, READ_SECONDS, CONNECT_SECONDS)
    try:
        with get_session().stream("GET", url, headers=headers, timeout=timeout) as response:
            if response.status_code not in {200, 206}:
                raise ModelError(f"it answered HTTP {response.status_code} for {partial.file.name}")
            if response.status_code == 200:
                partial.restart()
            # As it arrives: gathered into larger blocks, the last one would be lost when the connection breaks.
            for block in response.iter_bytes():
                partial.write(block)
                advance(done + partial.size)
    except (ModelError, OSError):
        raise
    except Exception as error:  # Whatever its client raises, the next source is tried.
        raise ModelError(f"it broke off at {partial.file.name} ({type(error).__name__})") from error
