"""Shelves, builds in processes of their own, and checks for the tests that break an index on purpose.

Such a test runs a function of `killing`, `cutting`, `filling` or `forging` in one process that loads the libraries
once; that process forks a child for each thing that is to break. What it found it prints as JSON.
"""

import contextlib
import json
import mmap
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from askoctober.building import build, updating
from askoctober.errors import IndexFolderError
from askoctober.index import LocalStore, partial, segment, writing
from askoctober.types import FloatArray
from encoders import HashEncoder
from shelves import config_of, write_files

SYLLABLES = ("ka", "lo", "mi", "ru", "se", "ta", "vo", "zi", "pe", "dun", "gar", "hel")
CHUNK_SIZE = 100
PHASES = ("starting", "reading", "embedding", "writing", "done")


def run_beside_the_tests(program: str, *args: str, timeout: float = 800) -> Any:
    """Run a program in a process that may import what lies beside the tests; return the JSON that it prints last."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error::ResourceWarning"}
    run = subprocess.run(
        [sys.executable, "-c", program, *args],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-8000:]
    return json.loads(run.stdout.splitlines()[-1])


@contextlib.contextmanager
def quick_folder() -> Iterator[str]:
    """A folder for the length of a `with` statement, in memory where that can be: builds often wait for the disk."""
    memory = Path("/dev/shm")
    is_good = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 500_000_000
    with tempfile.TemporaryDirectory(dir=memory if is_good else None, ignore_cleanup_errors=True) as folder:
        yield folder


def say(text: str) -> None:
    """Print a line, which `run_beside_the_tests` takes for the result, or pytest shows with -s."""
    sys.stdout.write(text + "\n")


def article(seed: str, sentences: int = 16) -> str:
    """A Markdown article of made-up words, the same for the same seed."""
    draw = random.Random(seed)
    word = lambda: "".join(draw.choices(SYLLABLES, k=draw.randint(2, 3)))  # noqa: E731
    lines = [" ".join(word() for _ in range(draw.randint(4, 9))).capitalize() + "." for _ in range(sentences)]
    half = len(lines) // 2
    return f"# {word().title()} {seed}\n\n{' '.join(lines[:half])}\n\n## {word()}\n\n{' '.join(lines[half:])}\n"


def old_shelf(count: int = 12) -> dict[str, str]:
    """A shelf in which one article stands in two places."""
    files = {f"a{number:02}.md": article(f"old {number}") for number in range(count)}
    return files | {"sub/copy.md": files["a03.md"]}


def new_shelf(count: int = 12) -> dict[str, str]:
    """The same after a while: articles were added, changed, removed and renamed, one of them that had a copy."""
    files = old_shelf(count)
    del files["a02.md"], files["a03.md"]
    files["sub/moved.md"] = files.pop("a04.md")
    files["renamed.md"] = files.pop("a05.md")
    files["sub/second.md"] = files["a06.md"]
    files |= {name: article(f"changed {name}") for name in ("a00.md", "a07.md", "a08.md")}
    return files | {f"b{number}.md": article(f"new {number}") for number in range(3)}


@contextlib.contextmanager
def thresholds(*, small: int, large: int, approximate: int, at_once: int = 1800) -> Iterator[None]:
    """Let a small shelf meet what only large ones meet: merges, codes, lists, and frequent checkpoints."""
    with contextlib.ExitStack() as stack:
        for module, name, value in (
            (writing, "SMALL", small),
            (writing, "AT_ONCE", 20),
            (partial, "LARGE", large),
            (segment, "LARGE", large),
            (partial, "APPROXIMATE", approximate),
            (updating, "AT_ONCE", at_once),
            (os, "cpu_count", lambda: 1),  # threads of a build in this process would not be there after a fork
        ):
            stack.enter_context(mock.patch.object(module, name, value))
        yield


KINDS = {
    "usual": {"small": 1000, "large": 20_000, "approximate": 100_000},
    "segments": {"small": 20, "large": 20_000, "approximate": 100_000},
    "coded": {"small": 20, "large": 40, "approximate": 100_000},
    "lists": {"small": 20, "large": 40, "approximate": 260},
}
"""Thresholds of builds; for "lists" a shelf of 40 articles and more is needed."""


def held(index: Path) -> dict[str, Any] | None:
    """What an index holds, whichever of an article's copies is the article; None where there is no index.

    Raises:
        AssertionError: something in it does not go together.
    """
    try:
        store = LocalStore.open(index)
    except IndexFolderError as error:
        assert "No index in" in str(error), error
        return None
    found: dict[str, Any] = {}
    articles = list(store.articles())
    rows = 0
    for item in articles:
        entry = store.entry(item.id)
        key = " ".join(sorted([item.path, *(copy.path for copy in item.copies)]))
        assert key not in found, f"{key} is held twice"
        chunks = [[c.heading, c.start, c.end, [[s.start, s.end] for s in spans]] for c, spans in entry.chunks]
        for chunk, spans in entry.chunks:
            assert item.text[chunk.start : chunk.end] == chunk.text
            row = store.row(chunk.id)
            assert store.chunk(row) == chunk and store.sentences(row) == spans
            check_tokens(store.token_vectors(row), [item.text[s.start : s.end] for s in spans])
            assert row in store.search_dense_exactly(store.chunk_vectors(np.array([row]))[0], 3)[0]
        rows += len(entry.chunks)
        found[key] = [item.text, entry.digest, chunks, entry.vectors.round(3).tolist(), entry.token_counts.tolist()]
    assert rows == store.size == store.manifest["chunks"]
    assert len(articles) == store.manifest["articles"]
    paths = [path for key in found for path in key.split()]
    assert len(paths) == len(set(paths)), "a path is held twice"
    store.close()
    return found


def check_tokens(vectors: FloatArray, sentences: Sequence[str]) -> None:
    """The inner products of token vectors are those of the encoder's, whatever they were projected and coded with."""
    true = np.concatenate(FastEncoder().encode_tokens(sentences)[1])
    assert len(true) == len(vectors)
    assert float(np.abs(vectors @ vectors.T - true @ true.T).max()) < 0.35


def names(index: Path) -> list[str]:
    """The files of an index by their kinds, but for the hidden ones."""
    return sorted(path.name.split("-")[0] for path in index.iterdir() if not path.name.startswith("."))


class Witness:
    """What a child is doing, in memory that it shares with its parent, so that it can be told once it is dead."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 4096)

    def clear(self) -> None:
        self._shared[:16] = bytes(16)

    @property
    def phase(self) -> str:
        return PHASES[self._shared[0]]

    @phase.setter
    def phase(self, name: str) -> None:
        self._shared[0] = PHASES.index(name)

    @property
    def embedded(self) -> int:
        return int.from_bytes(self._shared[8:16], "little")

    @embedded.setter
    def embedded(self, count: int) -> None:
        self._shared[8:16] = count.to_bytes(8, "little")


_directions: dict[str, FloatArray] = {}


class FastEncoder(HashEncoder):
    """A hashing encoder that hashes each word once."""

    def _direction(self, word: str) -> FloatArray:
        if word not in _directions:
            _directions[word] = super()._direction(word)
        return _directions[word]


class WatchedEncoder(FastEncoder):
    """One that tells a witness how many texts it was given."""

    def __init__(self, witness: Witness) -> None:
        super().__init__()
        self._witness = witness

    def encode_tokens(self, texts: Sequence[str]) -> tuple[FloatArray, list[FloatArray]]:
        self._witness.embedded += len(texts)
        return super().encode_tokens(texts)


def build_watched(root: Path, witness: Witness, index: Path | None = None) -> None:
    """Bring an index, `root/index`, up to date with `root/corpus`, and tell the witness how far it is."""

    def progress(label: str, done: int, total: int) -> None:
        witness.phase = label

    config = config_of(root, chunk_size=CHUNK_SIZE, index=index or root / "index")
    build(config, progress=progress, encoder=WatchedEncoder(witness))
    witness.phase = "done"


def make_index(root: Path, files: dict[str, str], steps: int = 1) -> None:
    """Build `root/index` from a shelf, which grows in so many steps."""
    assert root.is_absolute() and not (root / "corpus").exists(), "this writes and removes below a folder of its own"
    items = sorted(files.items())
    for step in range(1, steps + 1):
        write_files(root / "corpus", dict(items[: -(-len(items) * step // steps)]))
        update_index(root)


def update_index(root: Path) -> None:
    """Bring `root/index` up to date."""
    build(config_of(root, chunk_size=CHUNK_SIZE), encoder=FastEncoder())


def fork(work: Callable[[], None]) -> int:
    """Do something in a child; return its process id. The child ends with status 1 where it fails."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def wait_for(child: int) -> int:
    """Wait for a child; return its exit status, negative where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def wait_until(child: int, happens: Callable[[], bool]) -> None:
    """Wait until something happens, or the child has ended."""
    while not happens() and not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        time.sleep(0.001)


def kill_after(child: int, seconds: float) -> bool:
    """Kill a child after some time; return whether it was still at work."""
    deadline = time.perf_counter() + seconds
    wait_until(child, lambda: time.perf_counter() >= deadline)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return wait_for(child) == -signal.SIGKILL
