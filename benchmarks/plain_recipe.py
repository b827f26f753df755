"""askoctober beside the plain recipe, in one run: same articles, same embedder, same language model and engine.

The plain recipe is what a tutorial builds: RecursiveCharacterTextSplitter 1000/200, the embedder in float32, a flat
FAISS index, the four nearest chunks stuffed into the prompt. Each system lives in a process of its own, so that its
peak memory is its own; the two take turns question by question, so that a slow minute of the machine strikes both.

    python benchmarks/plain_recipe.py [CORPUS] [--questions FILE.jsonl] [--number 12]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

QUESTIONS = [
    "Who voted against the insurrection?",
    "Why did the Kornilov rebellion fail?",
    "What did the women textile workers demand in February?",
    "How did the Bolsheviks win the majority in the Petrograd Soviet?",
    "What was the Military Revolutionary Committee for?",
    "Why did Lenin call for an immediate insurrection?",
    "What happened at the Winter Palace on 25 October?",
    "What did the factory committees do?",
    "How did the July Days end?",
    "What was dual power?",
    "What did the April Theses argue?",
    "Which slogans were on the banners of the June demonstration?",
]
SEARCHES = 5
WIDTH = 38


class Plain:
    """The tutorial's recipe."""

    def __init__(self, corpus: Path, folder: Path) -> None:
        import faiss
        import torch
        from langchain_text_splitters import RecursiveCharacterTextSplitter
        from sentence_transformers import SentenceTransformer

        from askoctober import models
        from askoctober.config import Config
        from askoctober.corpus import read_corpus

        config = Config()
        self.model = SentenceTransformer(
            str(models.resolve(config.embedder)), device="cpu", model_kwargs={"dtype": torch.float32}
        )
        self.encode("warm up")
        self.characters = sum(len(article.text) for article in read_corpus(corpus).articles)
        began = time.perf_counter()
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        self.chunks = [text for article in read_corpus(corpus).articles for text in splitter.split_text(article.text)]
        vectors = self.model.encode(self.chunks, normalize_embeddings=True)
        self.index = faiss.IndexFlatIP(vectors.shape[1])
        self.index.add(vectors)
        faiss.write_index(self.index, str(folder / "plain.faiss"))
        self.index_seconds = time.perf_counter() - began

    def encode(self, text: str) -> Any:
        return self.model.encode([text], normalize_embeddings=True)

    def search(self, question: str) -> list[str]:
        _, rows = self.index.search(self.encode(question), 4)
        return [self.chunks[row] for row in rows[0]]

    def load_model(self) -> None:
        from askoctober.config import Config
        from askoctober.generation import load_generator

        self.generator = load_generator(Config())

    def ask(self, question: str) -> dict[str, float]:
        began = time.perf_counter()
        context = "\n\n".join(self.search(question))
        prompt = f"Answer the question from the context.\n\nContext:\n{context}\n\nQuestion: {question}"
        first = 0.0
        for piece in self.generator.generate([{"role": "user", "content": prompt}], max_tokens=220):
            first = first or time.perf_counter() - began
            read, written = piece.prompt_tokens, piece.completion_tokens
        return {"first": first, "total": time.perf_counter() - began, "read": read, "written": written}


class Ours:
    """askoctober as it ships."""

    def __init__(self, corpus: Path, folder: Path) -> None:
        from askoctober import Retriever, models
        from askoctober.building import build
        from askoctober.config import Config
        from askoctober.corpus import read_corpus
        from askoctober.embedding import load_encoder

        self.config = Config(corpus=corpus, index=folder / "index")
        encoder = load_encoder(models.resolve(self.config.embedder))
        encoder.encode(["warm up"])
        self.characters = sum(len(article.text) for article in read_corpus(corpus).articles)
        report = build(self.config, encoder=encoder)
        self.index_seconds = report.seconds
        self.chunks = range(report.chunks)
        self.retriever = Retriever.load(config=self.config)

    def encode(self, text: str) -> Any:
        return self.retriever.encoder.encode([text])

    def search(self, question: str) -> Any:
        return self.retriever.search(question, 5)

    def load_model(self) -> None:
        from askoctober import Assistant
        from askoctober.generation import load_generator

        self.generator = _Counting(load_generator(self.config))
        self.assistant = Assistant(self.retriever, self.generator, self.config)

    def ask(self, question: str) -> dict[str, float]:
        self.generator.read = self.generator.written = 0
        answer = self.assistant.ask(question)
        timings = answer.timings
        if answer.declined:
            return {}
        return {
            "first": timings["first_token_ms"] / 1000,
            "total": timings["total_ms"] / 1000,
            "read": self.generator.read,
            "written": self.generator.written,
        }


class _Counting:
    """A generator that adds up the tokens it read and wrote."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.name = inner, inner.name
        self.read = self.written = 0

    def generate(self, messages: Any, **options: Any) -> Any:
        for piece in self.inner.generate(messages, **options):
            self.read += piece.prompt_tokens
            self.written += piece.completion_tokens
            yield piece

    def prefill(self, messages: Any) -> Any:
        return self.inner.prefill(messages)

    def probabilities(self, messages: Any, options: Any) -> Any:
        return self.inner.probabilities(messages, options)

    def close(self) -> None:
        self.inner.close()


def serve(kind: str, corpus: Path, folder: Path, pipe: Any) -> None:
    """Run one system in this process, a step for every message on the pipe."""
    import psutil

    system = {"plain": Plain, "askoctober": Ours}[kind](corpus, folder)
    pipe.send({"chunks": len(system.chunks), "seconds": system.index_seconds, "characters": system.characters})
    while (message := pipe.recv()) is not None:
        step, argument = message
        if step == "load":
            system.load_model()
            pipe.send(True)
        elif step == "ask":
            pipe.send(system.ask(argument))
        elif step == "memory":
            memory = psutil.Process().memory_info()
            pipe.send(max(memory.rss, getattr(memory, "peak_wset", 0), _peak()) / 1e9)
        else:
            began = time.perf_counter()
            getattr(system, step)(argument)
            pipe.send((time.perf_counter() - began) * 1000)


def _peak() -> int:
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measure(corpus: Path, questions: list[str]) -> dict[str, dict[str, float]]:
    """Return the figures of both systems."""
    context = multiprocessing.get_context("spawn")
    figures: dict[str, dict[str, float]] = {}
    pipes = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("plain", "askoctober"):
            mine, theirs = context.Pipe()
            process = context.Process(target=serve, args=(kind, corpus, Path(folder), theirs), daemon=True)
            process.start()
            built = mine.recv()
            figures[kind] = {
                "chunks": built["chunks"],
                "indexing, s": built["seconds"],
                "chunks embedded a second": built["chunks"] / built["seconds"],
                "characters indexed a second": built["characters"] / built["seconds"],
            }
            pipes[kind] = mine

        def call(kind: str, step: str, argument: Any = None) -> Any:
            pipes[kind].send((step, argument))
            return pipes[kind].recv()

        for step in ("encode", "search"):
            times: dict[str, list[float]] = {kind: [] for kind in pipes}
            for _ in range(SEARCHES):
                for question in questions:
                    for kind in pipes:
                        times[kind].append(call(kind, step, question))
            for kind in pipes:
                name = "bare query embedding p50, ms" if step == "encode" else "search p50, ms"
                figures[kind][name] = statistics.median(times[kind])
        for kind in pipes:
            call(kind, "load")
        answers: dict[str, list[dict[str, float]]] = {kind: [] for kind in pipes}
        for number, question in enumerate(questions, start=1):
            for kind in pipes:
                answers[kind].append(call(kind, "ask", question))
            print(f"asked {number} of {len(questions)}", file=sys.stderr)
        for kind in pipes:
            given = [answer for answer in answers[kind] if answer]
            figures[kind] |= {
                "prompt tokens p50": statistics.median(a["read"] for a in given),
                "written tokens p50": statistics.median(a["written"] for a in given),
                "first token p50, s": statistics.median(a["first"] for a in given),
                "whole answer p50, s": statistics.median(a["total"] for a in given),
                "peak memory, GB": call(kind, "memory"),
                "declined (left out of the four above)": len(answers[kind]) - len(given),
            }
            pipes[kind].send(None)
    return figures


def served_memory(corpus: Path) -> float:
    """Return the memory in GB of the served chat, web server and models, once it takes questions."""
    import psutil

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        askoctober = [sys.executable, "-m", "askoctober"]
        subprocess.run([*askoctober, "index", str(corpus), "--index", folder], check=True, capture_output=True)
        command = [*askoctober, "serve", "--index", folder, "--port", str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                # It prints its address when it is ready.
                while "http" not in (process.stdout.readline() if process.stdout else "http"):
                    if process.poll() is not None:
                        raise RuntimeError("askoctober serve ended early; run it by hand to see why")
                return psutil.Process(process.pid).memory_info().rss / 1e9
            finally:
                process.terminate()


def startup(*command: str) -> float:
    """Return the median wall seconds of a Python command over five runs, less those of an empty one."""

    def median(arguments: tuple[str, ...]) -> float:
        times = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
            times.append(time.perf_counter() - began)
        return statistics.median(times)

    return median(command) - median(("-c", "pass"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?", type=Path, default=Path("corpus"))
    parser.add_argument("--questions", type=Path, help="JSON Lines with a `question` each")
    parser.add_argument("--number", type=int, default=12)
    options = parser.parse_args()
    questions = QUESTIONS
    if options.questions:
        lines = options.questions.read_text(encoding="utf-8").splitlines()
        questions = [row["question"] for row in map(json.loads, lines) if not row.get("history")]
    figures = measure(options.corpus, questions[: options.number])
    print(f"{options.corpus}, {min(len(questions), options.number)} questions\n")
    print(f"| {'figure':{WIDTH}} | {'plain recipe':>12} | {'askoctober':>12} | {'ratio':>6} |")
    print(f"|{'-' * (WIDTH + 2)}|{'-' * 13}:|{'-' * 13}:|{'-' * 7}:|")
    for name, plain in figures["plain"].items():
        ours = figures["askoctober"][name]
        ratio = f"{ours / plain:.2f}" if plain else ""
        print(f"| {name:{WIDTH}} | {plain:12.2f} | {ours:12.2f} | {ratio:>6} |")
    print(f"\nserved chat, ready for questions: {served_memory(options.corpus):.2f} GB")
    print(f"import askoctober: {startup('-c', 'import askoctober'):.2f} s beyond Python's own start")
    print(f"askoctober --help: {startup('-m', 'askoctober', '--help'):.2f} s beyond Python's own start")


if __name__ == "__main__":
    main()
