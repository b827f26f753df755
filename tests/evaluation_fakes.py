"""An evaluation over a small shelf, with the hashing encoder and a language model that speaks from a script."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from askoctober.answering import Assistant
from askoctober.building import build
from askoctober.config import Config
from askoctober.evaluation import Evaluation, Loads, Settings, evaluate
from askoctober.index import LocalStore
from askoctober.retrieval import Retriever
from askoctober.types import Encoder
from encoders import HashEncoder
from fakes import FakeGenerator

FILES = {
    "mill.txt": "The mill at Brennock\n\nThe tidal mill at Brennock was built in 1790. Hannah Pell ran it for years.\n",
    "bread.txt": "On sourdough\n\nSourdough is raised by wild yeasts. Rye needs the acid that bacteria make.\n",
}
QUESTIONS: list[dict[str, Any]] = [
    {"id": "q1", "kind": "factoid", "question": "When was the tidal mill at Brennock built?", "answer": "In 1790.",
     "must_have": [["1790"]], "gold": [{"file": "mill.txt", "quote": "The tidal mill at Brennock was built in 1790."}]},
    {"id": "q2", "kind": "factoid", "question": "Who ran the mill?", "answer": "Hannah Pell.",
     "must_have": [["Pell"]], "gold": [{"file": "mill.txt", "quote": "Hannah Pell ran it for years."}]},
    {"id": "q3", "kind": "unanswerable_near", "question": "Who painted the mill?", "answer": "", "must_have": []},
    {"id": "q4", "kind": "followup", "question": "And what raises sourdough?", "answer": "Wild yeasts.",
     "history": [{"role": "user", "content": "What does rye need?"}, {"role": "assistant", "content": "Acid."}],
     "must_have": [["yeast"]], "gold": [{"file": "bread.txt", "quote": "Sourdough is raised by wild yeasts."}]},
]  # fmt: skip


def write_questions(file: Path, entries: list[dict[str, Any]] | None = None) -> Path:
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries or QUESTIONS), encoding="utf-8")
    return file


class Bench:
    """Builds an index once and evaluates on it; `generator` is what the last assistant spoke with."""

    def __init__(self, folder: Path, files: dict[str, str] | None = None, encoder: Encoder | None = None) -> None:
        self.encoder = encoder or HashEncoder()
        self.folder = folder
        self.config = Config(corpus=folder / "corpus", index=folder / "index")
        self.config.corpus.mkdir()
        for name, text in (files or FILES).items():
            (self.config.corpus / name).write_text(text, encoding="utf-8")
        self.build(self.config)
        self.make: Callable[[], FakeGenerator] = FakeGenerator
        self.loaded: list[FakeGenerator] = []
        self.said: list[tuple[str, int, int]] = []

    def build(self, config: Config) -> object:
        return build(config, encoder=self.encoder)

    def retriever(self, config: Config) -> Retriever:
        return Retriever(LocalStore.open(config.index), self.encoder)

    def assistant(self, config: Config) -> Assistant:
        self.loaded.append(self.make())
        return Assistant(self.retriever(config), self.loaded[-1], config)

    @property
    def loads(self) -> Loads:
        return Loads(self.retriever, self.assistant, self.build)

    def evaluate(self, questions: Path, **changes: Any) -> Evaluation:
        settings = Settings(questions, self.folder / "out", **changes)
        return evaluate(settings, self.config, self.loads, lambda *said: self.said.append(said))
