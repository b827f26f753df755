"""Ask a shelf of articles; every sentence of the answer shows the exact place that supports it.

    files -> Article -> Chunk -> vectors + words -> index/                           (askoctober index)
    question -> standalone question -> Hit -> Evidence -> text with [n] -> Answer    (askoctober ask)

    from askoctober import Assistant, Retriever

Importing this package is cheap: the heavy libraries are loaded by what needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from askoctober.config import Config
from askoctober.errors import (
    AskoctoberError,
    ConfigError,
    CorpusError,
    GenerationError,
    IndexFolderError,
    ModelError,
    QuestionError,
)
from askoctober.types import Answer, Article, Chunk, Citation, Evidence, Hit, Sentence, Span
from askoctober.version import __version__ as __version__

if TYPE_CHECKING:
    from askoctober.answering import Assistant
    from askoctober.retrieval import Retriever

__all__ = [
    "Answer",
    "Article",
    "AskoctoberError",
    "Assistant",
    "Chunk",
    "Citation",
    "Config",
    "ConfigError",
    "CorpusError",
    "Evidence",
    "GenerationError",
    "Hit",
    "IndexFolderError",
    "ModelError",
    "QuestionError",
    "Retriever",
    "Sentence",
    "Span",
]

_LATE = {"Assistant": "askoctober.answering", "Retriever": "askoctober.retrieval"}


def __getattr__(name: str) -> Any:
    """Load the heavier public names when they are first asked for."""
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module 'askoctober' has no attribute {name!r}")
