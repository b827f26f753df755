"""Readers in processes of their own, which open and search an index while it is updated."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from askoctober.building import build
from askoctober.index import LocalStore
from askoctober.retrieval import Retriever
from breaking import CHUNK_SIZE, KINDS, FastEncoder, article, fork, say, thresholds, wait_for
from shelves import config_of, write_files

ARTICLES = 6


def shelf(generation: int) -> dict[str, str]:
    """The shelf after so many updates, each of which changed one article: it says with which of them it changed."""
    files = {}
    for number in range(ARTICLES):
        stamp = max((g for g in range(generation + 1) if g % ARTICLES == number), default=0)
        text = article(f"{number} {stamp}", 4).replace(".", f" stamped{stamp}.")
        files[f"a{number}.md"] = text
    return files


def stamps(texts: Iterator[str]) -> set[str]:
    """What the sentences of these texts are stamped with."""
    return {word.strip(".") for text in texts for word in text.split() if word.startswith("stamped")}


def read(root: Path, stop: Path, rounds: int) -> None:
    """Open and search until told to stop, a store for several searches; fail where generations are mixed."""
    known: dict[str, int] = {}
    for generation in range(rounds + 1):
        for text in shelf(generation).values():
            known.setdefault(text, generation)
    opened = 0
    while not stop.exists():
        store = LocalStore.open(root / "index")
        retriever = Retriever(store, FastEncoder())
        for _ in range(3):
            texts = [a.text for a in store.articles()]
            latest = max(known[text] for text in texts)
            assert sorted(texts) == sorted(shelf(latest).values()), "generations are mixed"
            allowed = stamps(iter(texts))
            hits = retriever.search(f"what is stamped{latest} there", 5)
            assert hits and stamps(hit.chunk.text for hit in hits) <= allowed
            assert any(f"stamped{latest}" in hit.chunk.text for hit in hits)
        store.close()
        opened += 1
    (stop.parent / f"opened-{os.getpid()}").write_text(str(opened))


def share(work: str, readers: str, rounds: str) -> None:
    """Update an index so many times under the eyes of so many readers; print how often these opened it."""
    root = Path(work)
    with thresholds(**KINDS["segments"]):
        for generation in range(int(rounds) + 1):
            write_files(root / "corpus", shelf(generation))
            build(config_of(root, chunk_size=CHUNK_SIZE), encoder=FastEncoder())
            if generation == 0:
                children = [fork(lambda: read(root, root / "stop", int(rounds))) for _ in range(int(readers))]
        (root / "stop").touch()
        ended = [wait_for(child) for child in children]
    opened = [int(path.read_text()) for path in root.glob("opened-*")]
    found: dict[str, Any] = {"ended": ended, "opened": opened}
    say(json.dumps(found))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
