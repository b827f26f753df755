"""A served shelf takes up an index that is built anew beside it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from askoctober.errors import IndexFolderError
from askoctober.index import LocalStore
from askoctober.retrieval import Retriever
from askoctober.web.following import Following
from askoctober.web.own import OwnArticles
from encoders import HashEncoder
from shelves import build_from, config_of

OLD = {"bees.md": "# Bees\n\nA forager dances on the comb."}
NEW = OLD | {"clock.md": "# The clock\n\nHarrison built a clock."}


class Desk:
    """A served shelf, what follows its index, and what was told."""

    def __init__(self, folder: Path) -> None:
        self.index = folder / "index"
        self.told: list[str] = []
        self.assistant = SimpleNamespace(retriever=Retriever(LocalStore.open(self.index), HashEncoder()))
        self.following = Following(self.assistant, self.index, self.told.append, every=0.05)

    def paths(self) -> list[str]:
        return [article.path for article in self.assistant.retriever.store.articles()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    build_from(tmp_path, OLD)
    desk = Desk(tmp_path)
    yield desk
    desk.assistant.retriever.store.close()


def test_a_new_index_is_taken_up_and_the_old_one_read_to_the_end(desk: Desk, tmp_path: Path) -> None:
    assert not desk.following.look() and desk.told == []
    old = desk.assistant.retriever
    build_from(tmp_path, NEW)
    assert desk.following.look() and not desk.following.look()
    assert desk.paths() == ["bees.md", "clock.md"]
    assert desk.told == [f"{desk.index} was built anew and is served now (2 articles, 2 chunks)."]
    assert [hit.chunk.article.path for hit in old.search("who dances", 5)] == ["bees.md"]
    old.store.close()


def test_it_looks_by_itself_while_it_is_entered(desk: Desk, tmp_path: Path) -> None:
    told = threading.Event()
    following = Following(desk.assistant, desk.index, lambda line: told.set(), every=0.05)
    with following:
        build_from(tmp_path, NEW)
        assert told.wait(30)
    assert desk.paths() == ["bees.md", "clock.md"]


def test_what_cannot_be_used_is_left_and_told_once(desk: Desk, tmp_path: Path) -> None:
    (desk.index / "manifest.json").write_text("{", encoding="utf-8")
    assert not desk.following.look() and desk.told == []
    build_from(tmp_path, NEW, HashEncoder(fingerprint="another"), embedder="other-model")
    assert not desk.following.look() and not desk.following.look()
    assert desk.told == [f"{desk.index} is now embedded with other-model: start the server anew to use it."]
    assert desk.paths() == ["bees.md"]
    build_from(tmp_path, NEW)
    assert desk.following.look() and desk.paths() == ["bees.md", "clock.md"]


def test_readers_own_articles_stay_beside_the_new_shelf(desk: Desk, tmp_path: Path) -> None:
    own = OwnArticles(desk.assistant, tmp_path / "own", config_of(tmp_path))
    (tmp_path / "volcano.md").write_text("# The volcano\n\nPumice fell on Pompeii.", encoding="utf-8")
    assert own.take(tmp_path / "volcano.md", "volcano.md") is None
    own.update()
    following = Following(desk.assistant, desk.index, desk.told.append, own.rebase)
    assert not following.look(), "the served shelf is more than the index, which has not changed"
    build_from(tmp_path, NEW)
    assert following.look()
    assert desk.paths() == ["bees.md", "clock.md", "own/volcano.md"]
    assert desk.assistant.retriever.search("pumice", 1)[0].chunk.article.path == "own/volcano.md"


def test_a_shelf_that_cannot_be_joined_is_told(desk: Desk, tmp_path: Path) -> None:
    def refuse(retriever: Retriever) -> None:
        raise IndexFolderError("no room; free some space.")

    following = Following(desk.assistant, desk.index, desk.told.append, refuse)
    build_from(tmp_path, NEW)
    assert not following.look()
    assert desk.told == [f"{desk.index} was built anew and cannot be served: no room; free some space."]
    assert desk.paths() == ["bees.md"]
