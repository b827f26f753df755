"""A served shelf follows its index: a build beside it is taken up when it is done, without a new start.

Questions that are being answered go on from the index that they began with.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from askoctober.errors import AskoctoberError
from askoctober.retrieval import Retriever
from askoctober.types import Store

EVERY = 2.0
"""Seconds between two looks at the manifest."""


class Serving(Protocol):
    """What answers readers: its retriever is exchanged when the index has been built anew."""

    retriever: Retriever


@runtime_checkable
class Rebuilt(Store, Protocol):
    """A store that builds replace while it is open: an index folder, or a shelf in Milvus."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What the build that was opened says of itself."""

    def published(self) -> dict[str, Any]:
        """The manifest that is in force now."""

    def reopened(self) -> Rebuilt:
        """The store as it is now."""

    def close(self) -> None:
        """Let go of what is open."""


class Following:
    """Looks at an index every now and then, and serves what a build has put there."""

    def __init__(
        self,
        assistant: Serving,
        index: object,
        tell: Callable[[str], None],
        rebase: Callable[[Retriever], None] | None = None,
        every: float = EVERY,
    ) -> None:
        """Follow the store of an assistant that serves it now; `rebase` takes the place of putting the new one there.

        `index` is what that store is called. `tell` is told in one line what was taken up, or why it could not be.
        """
        self._assistant = assistant
        self._index = index
        self._tell = tell
        self._rebase = rebase
        self._every = every
        self._base = assistant.retriever
        self._seen = _manifest_of(self._base)
        self._refused: Any = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="following the index", daemon=True)

    def __enter__(self) -> Following:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()

    def look(self) -> bool:
        """Serve the index as it is now if it is another one; return whether it was."""
        store = self._base.store
        if not isinstance(store, Rebuilt):
            return False
        try:
            if store.published() in (self._seen, self._refused):
                return False
            store = store.reopened()
        except AskoctoberError:
            return False  # it is being replaced or gone: what was opened serves on
        made_with, ours = store.manifest.get("embedder"), _manifest_of(self._base).get("embedder")
        if made_with != ours:
            self._refused = store.manifest
            store.close()
            name = made_with.get("name") if isinstance(made_with, dict) else "something else"
            self._tell(f"{self._index} is now embedded with {name}: start the server anew to use it.")
            return False
        self._seen = store.manifest
        self._base = self._base.over(store)
        try:
            if self._rebase:
                self._rebase(self._base)
            else:
                self._assistant.retriever = self._base
        except AskoctoberError as error:
            self._tell(f"{self._index} was built anew and cannot be served: {error}")
            return False
        gc.collect()
        counts = f"{store.manifest['articles']} articles, {store.manifest['chunks']} chunks"
        self._tell(f"{self._index} was built anew and is served now ({counts}).")
        return True

    def _run(self) -> None:
        while not self._end.wait(self._every):
            self.look()


def _manifest_of(retriever: Retriever) -> Any:
    return getattr(retriever.store, "manifest", {})
