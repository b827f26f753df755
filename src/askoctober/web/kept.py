"""Answers that are kept for as long as nothing that they depend on has changed."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any

from askoctober.config import Config
from askoctober.types import Answer, Message
from askoctober.web.answerer import Answerer


class KeptAnswers:
    """At most so many answers, those asked for last; all go when the index does."""

    def __init__(self, assistant: Answerer, most: int) -> None:
        """Keep `most` answers of an assistant; 0 keeps none."""
        self._assistant = assistant
        self._most = most
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._index: weakref.ref[Any] | None = None
        self._opened = 0

    def key(self, question: str, history: Sequence[Message], config: Config | None) -> Hashable | None:
        """Return what an answer depends on, the index and the model as they are now; None where it cannot be kept.

        An index is known by its manifest, and a store without one is kept nothing of. Because articles that are joined
        to a shelf change no manifest, an index that was opened anew counts as another besides.
        """
        retriever = self._assistant.retriever
        manifest = getattr(retriever.store, "manifest", None)
        if not self._most or not manifest:
            return None
        if self._index is None or self._index() is not retriever:
            self._answers.clear()
            self._opened += 1
            self._index = weakref.ref(retriever)
        turns = tuple((turn["role"], turn["content"]) for turn in history)
        settings = config or self._assistant.config
        return self._opened, repr(manifest), self._assistant.generator.name, question, turns, settings

    def get(self, key: Hashable | None) -> Answer | None:
        """Return the answer that is kept under a key."""
        if key not in self._answers:
            return None
        self._answers.move_to_end(key)
        return self._answers[key]

    def put(self, key: Hashable | None, answer: Answer) -> None:
        """Keep an answer under its key; those that were asked for longest ago go."""
        if key is not None:
            self._answers[key] = answer
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
