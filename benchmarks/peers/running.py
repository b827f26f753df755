"""Who the peers are, and how one of them is run: its environment, the servers it calls, its script, its memory."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from environments import HERE, Unavailable, installed_mb, our_mb, prepare

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "DO_NOT_TRACK": "1",
    "LANGSMITH_TRACING": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LOGFIRE_IGNORE_NO_CONFIG": "1",
    "NO_PROXY": "127.0.0.1",
}
"""What keeps peers from calling out (hubs, telemetry, price lists) and threads from spinning while they wait."""


@dataclass(frozen=True)
class Entry:
    """A peer: its script, the packages whose versions are printed, the Python it needs, and what serves it."""

    script: str
    packages: tuple[str, ...] = ()
    python: tuple[int, int] = (3, 11)
    model_server: bool = True
    embedding_server: bool = False


PEERS = {
    "askoctober": Entry("ours.py", model_server=False),
    "langchain": Entry("plain_langchain.py", ("langchain-core", "langchain-community", "faiss-cpu")),
    "llamaindex": Entry("llamaindex_citations.py", ("llama-index-core", "llama-index-llms-openai-like")),
    "txtai": Entry("txtai_rag.py", ("txtai", "litellm")),
    "haiku.rag": Entry("haiku_agent.py", ("haiku.rag-slim", "pydantic-ai-slim"), (3, 12), embedding_server=True),
}


@dataclass(frozen=True)
class Setup:
    """What all peers of a run share; `k` and `threads` are 0 where each peer's default and all processors are meant."""

    articles: Path
    model: Path
    embedder: Path
    work: Path
    k: int = 0
    threads: int = 0

    def folder(self, name: str, texts: dict[str, str]) -> Path:
        """Return where a peer's rows lie: another folder as soon as anything that makes them changes."""
        entry, sources = PEERS[name], [HERE / "protocol.py", HERE / "servers.py"]
        sources.append(HERE / entry.script)
        if entry.model_server:
            sources.append(HERE / f"{name}.txt")
        else:
            sources += sorted(path for path in package().rglob("*") if path.suffix in (".py", ".txt", ".gbnf"))
        models = [(path.name, size(path)) for path in (self.model, self.embedder)]
        digest = hashlib.sha256(json.dumps([texts, models, self.k, self.threads], sort_keys=True).encode())
        for source in sources:
            digest.update(source.read_bytes())
        return self.work / "runs" / f"{name}-{digest.hexdigest()[:12]}"


def package() -> Path:
    """Return the folder of askoctober's own sources."""
    import askoctober

    return Path(askoctober.__file__).parent


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    return sum(p.stat().st_size for p in (path.rglob("*") if path.is_dir() else [path]) if p.is_file())


@contextmanager
def served(kind: str, model: Path, threads: int) -> Iterator[tuple[dict[str, str], int]]:
    """Run a server of `servers.py`; give its address and process id."""
    command = [sys.executable, str(HERE / "servers.py"), kind, str(model)]
    command += ["--threads", str(threads)] if threads else []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | OFFLINE
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise Unavailable(f"the {kind} server did not start; run: {' '.join(command)}")
            yield json.loads(line), process.pid
        finally:
            process.terminate()


def peak_mb(process: int) -> float:
    """Return the most memory that a running process has held, in MB; what it holds now where only that is known."""
    status = Path(f"/proc/{process}/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1e3
    import psutil

    return float(psutil.Process(process).memory_info().rss / 1e6)


def run(name: str, folder: Path, questions: Path, setup: Setup) -> None:
    """Ask a peer what it has not answered yet; its rows and its record of the run lie in `folder` then.

    Raises:
        Unavailable: it cannot be installed, or it ended with an error; the message is the reason.
    """
    entry, out = PEERS[name], folder / f"{name}.jsonl"
    ours = not entry.model_server
    python = Path(sys.executable) if ours else prepare(name, entry.python, setup.work / "environments")
    command = [str(python), str(HERE / entry.script), str(setup.articles), str(questions), str(out)]
    command += ["--embedder", str(setup.embedder), "--k", str(setup.k), "--threads", str(setup.threads)]
    servers_mb = 0.0
    if ours:
        call(name, command, folder)
    else:
        with served("llm", setup.model, setup.threads) as (llm, llm_id):
            command += ["--base-url", llm["base_url"], "--api-key", llm["api_key"]]
            if entry.embedding_server:
                with served("embedder", setup.embedder, 0) as (vectors, vectors_id):
                    command += ["--embedding-url", f"{vectors['base_url']}#{vectors['api_key']}"]
                    call(name, command, folder)
                    servers_mb = peak_mb(vectors_id)
            else:
                call(name, command, folder)
            servers_mb += peak_mb(llm_id)
    once = out.with_suffix(".once")
    record = json.loads(once.read_text(encoding="utf-8"))
    record |= {"server_mb": servers_mb, "installed_mb": our_mb() if ours else installed_mb(python)}
    once.write_text(json.dumps(record), encoding="utf-8")


def call(name: str, command: Sequence[str], folder: Path) -> None:
    """Run a peer's script; show how far it is, and keep all it says in a log."""
    log = folder / f"{name}.log"
    with (
        log.open("a", encoding="utf-8") as file,
        subprocess.Popen(command, stdout=file, stderr=subprocess.PIPE, text=True, env=os.environ | OFFLINE) as process,
    ):
        for line in process.stderr or ():
            file.write(line)
            file.flush()
            if line.startswith(f"{name}: "):
                print(line, end="", file=sys.stderr)
    if process.returncode:
        lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
        raise Unavailable(f"it could not be run: {(lines or ['no output'])[-1][:300]} (all of it: {log})")
