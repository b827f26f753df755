from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askoctober.building import OWN
from askoctober.config import Config
from askoctober.corpus.reading import LARGEST_FILE, article_id
from askoctober.errors import ConfigError, CorpusError, IndexFolderError
from askoctober.index import LocalStore
from askoctober.retrieval import Retriever
from askoctober.types import Encoder, FloatArray
from askoctober.web import own
from askoctober.web.own import OwnArticles, are_allowed, folder_of
from encoders import HashEncoder
from shelves import build_from, config_of, contents

BASE = {
    "bees.md": "# Bees\n\nA forager dances on the comb. The sun gives the angle.",
    "clock.md": "# The clock\n\nHarrison built a clock. It lost five seconds.",
}
VOLCANO = "# The volcano\n\nPumice fell on Pompeii. Pliny watched from Misenum."
GLACIER = "# The glacier\n\nAgassiz measured the creeping ice."


class Desk:
    """A served shelf with its own articles, and a folder in which files to be added are written."""

    def __init__(self, folder: Path, encoder: Encoder | None = None, **changes: Any) -> None:
        self.folder = folder
        self.config = config_of(folder, own=folder / "own", **changes)
        self.encoder = encoder or HashEncoder()
        self.base = Retriever(LocalStore.open(self.config.index), self.encoder)
        self.assistant = SimpleNamespace(retriever=self.base)
        self.own = OwnArticles(self.assistant, folder / "own", self.config)

    def take(self, name: str, content: str | bytes) -> str | None:
        source = self.folder / f"upload-{threading.get_ident()}"
        source.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.own.take(source, name)

    def add(self, files: Mapping[str, str]) -> Any:
        for name, text in files.items():
            assert self.take(name, text) is None
        return self.own.update()

    def first(self, question: str) -> str:
        """The path of the article found first."""
        return str(self.assistant.retriever.search(question, 1)[0].chunk.article.path)

    def shelf(self) -> list[str]:
        return [article.path for article in self.assistant.retriever.store.articles()]

    def again(self) -> Desk:
        """The same after a restart."""
        self.close()
        desk = Desk(self.folder)
        desk.own.open()
        return desk

    def files(self) -> list[str]:
        articles = self.folder / "own" / "articles"
        return (
            sorted(path.relative_to(articles).as_posix() for path in articles.rglob("*")) if articles.is_dir() else []
        )

    def close(self) -> None:
        self.base.store.close()
        self.assistant.retriever.store.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    build_from(tmp_path, BASE)
    desk = Desk(tmp_path)
    desk.own.open()
    yield desk
    desk.close()


def sums(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_an_added_article_is_found_and_removed_again(desk: Desk) -> None:
    before = sums(desk.folder / "index"), sums(desk.folder / "corpus")
    report = desk.add({"notes/volcano.md": VOLCANO})
    assert (report.articles, report.chunks, report.embedded, report.failed) == (1, 1, 1, ())
    assert desk.first("pumice on Pompeii") == "own/notes/volcano.md"
    assert desk.first("who built a clock") == "clock.md"
    assert desk.shelf() == ["bees.md", "clock.md", "own/notes/volcano.md"]
    (added,) = desk.own.ids()
    assert added == article_id("own/notes/volcano.md")
    assert (desk.folder / "own/articles/notes/volcano.md").read_text() == VOLCANO

    combined = desk.assistant.retriever
    assert desk.own.remove(added) and not desk.own.remove(added)
    report = desk.own.update()
    assert (report.articles, report.removed) == (0, 1)
    assert desk.assistant.retriever is desk.base
    assert desk.shelf() == ["bees.md", "clock.md"] and desk.own.ids() == frozenset()
    assert desk.files() == [] and not (desk.folder / "own/index").exists()
    # Whoever still reads from the index before goes on, though its files are gone.
    assert combined.search("pumice on Pompeii", 1)[0].chunk.article.path == "own/notes/volcano.md"
    combined.store.close()
    assert (sums(desk.folder / "index"), sums(desk.folder / "corpus")) == before


def test_articles_of_the_shelf_are_taken_over_as_they_are(desk: Desk) -> None:
    held = contents(desk.base.store)
    desk.add({"volcano.md": VOLCANO})
    combined = contents(desk.assistant.retriever.store)
    assert combined.pop("own/volcano.md")["chunks"]
    assert combined == held


def test_only_what_is_new_or_changed_is_embedded(desk: Desk) -> None:
    desk.add({"volcano.md": VOLCANO})
    assert sorted(desk.encoder.seen) == [
        "Pliny watched from Misenum.",
        "Pumice fell on Pompeii.",
        "The volcano. The volcano",
    ]
    desk.encoder.seen.clear()
    report = desk.add({"glacier.md": GLACIER})
    assert (report.articles, report.embedded, report.unchanged) == (2, 1, 1)
    assert sorted(desk.encoder.seen) == ["Agassiz measured the creeping ice.", "The glacier. The glacier"]

    desk.encoder.seen.clear()
    served = desk.assistant.retriever
    assert desk.own.update().unchanged == 2
    assert desk.encoder.seen == [] and desk.assistant.retriever is served

    report = desk.add({"volcano.md": VOLCANO.replace("Misenum", "afar")})
    assert (report.articles, report.embedded) == (2, 1)
    assert sorted(desk.encoder.seen) == [
        "Pliny watched from afar.",
        "Pumice fell on Pompeii.",
        "The volcano. The volcano",
    ]
    assert desk.first("watched from Misenum") and not desk.assistant.retriever.store.word_frequency("Misenum")

    desk.encoder.seen.clear()
    assert desk.own.remove(article_id("own/volcano.md"))
    report = desk.own.update()
    assert (report.articles, report.embedded, report.removed) == (1, 0, 1)
    assert desk.encoder.seen == [] and desk.shelf() == ["bees.md", "clock.md", "own/glacier.md"]


def test_a_restart_finds_them_again_without_embedding(desk: Desk) -> None:
    desk.add({"volcano.md": VOLCANO, "glacier.md": GLACIER})
    ids = desk.own.ids()
    later = desk.again()
    assert later.own.ids() == ids and len(ids) == 2
    assert later.encoder.seen == []
    assert later.first("creeping ice") == "own/glacier.md"
    later.close()


def test_another_base_is_noticed_at_the_next_start(desk: Desk) -> None:
    desk.add({"volcano.md": VOLCANO})
    build_from(desk.folder, BASE | {"tides.md": "# Tides\n\nThe tide turns turbines."})
    later = desk.again()
    # A part of the shelf has changed, and its token vectors lie in the same space: nothing is embedded again.
    assert later.shelf() == ["bees.md", "clock.md", "own/volcano.md", "tides.md"]
    assert later.encoder.seen == [] and later.first("turbines tide") == "tides.md"
    assert later.own.update().unchanged == 1

    build_from(later.folder, {"moon.md": "# The moon\n\nMaskelyne preferred the moon. He doubted a machine."})
    last = later.again()
    assert last.shelf() == ["moon.md", "own/volcano.md"]
    assert last.encoder.seen == [], "the shelf keeps the space of its token vectors"
    store = last.assistant.retriever.store
    assert (store.basis == last.base.store.basis).all()
    last.close()


def test_a_damaged_combined_index_is_built_anew(desk: Desk) -> None:
    desk.add({"volcano.md": VOLCANO})
    (path,) = (desk.folder / "own/index").glob("tokens-*")
    path.write_bytes(b"x")
    later = desk.again()
    assert later.first("pumice on Pompeii") == "own/volcano.md" and len(later.encoder.seen) > 3
    later.close()


def test_metadata_may_be_dropped_beside_its_articles(desk: Desk) -> None:
    known = '["volcano.txt"]\ntitle = "Ashes"\nauthor = "A. Reader"\n["other.txt"]\ndate = true\n'
    report = desk.add({"n/articles.toml": known, "n/volcano.txt": VOLCANO, "glacier.md": GLACIER})
    assert [str(failure) for failure in report.failed] == [
        'n/articles.toml in ["other.txt"] gives date as true; put the value in quotes.'
    ]
    titles = {article.title: article.author for article in desk.assistant.retriever.store.articles()}
    assert titles["Ashes"] == "A. Reader"
    # Other metadata is a change of the article, and goes with the last article that it speaks of.
    desk.encoder.seen.clear()
    assert desk.add({"n/articles.toml": '["volcano.txt"]\ntitle = "Pumice"\n'}).embedded == 1
    assert desk.own.remove(article_id("own/n/volcano.txt"))
    desk.own.update()
    assert desk.files() == ["glacier.md"]


def test_metadata_alone_is_no_shelf(desk: Desk) -> None:
    report = desk.add({"articles.toml": '["volcano.txt"]\ntitle = "Ashes"\n'})
    assert report.articles == 0 and desk.assistant.retriever is desk.base
    desk.add({"volcano.txt": VOLCANO})
    assert "Ashes" in {article.title for article in desk.assistant.retriever.store.articles()}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.pdf", b"%PDF", "is named .pdf but is not PDF; rename it to what it is, or remove it."),
        ("a", b"words", "is in no format that is read; give "),
        ("articles.TOML", b"", "is in no format that is read; give "),
        ("n/empty.md", b"", "is empty; fill or remove it."),
        ("n/none.txt", b"1917 -- 25", "holds no words of an article"),
        ("n/big.md", b"a" * (LARGEST_FILE + 1), "is larger than 20 MB"),
        ("binary.txt", b"\x89PNG\r\n\x1a\n\x00\x00", "holds control characters and looks binary"),
        ("latin.txt", "été".encode("cp1252"), "is not UTF-8 and too short to recognise"),
        ("front.md", b"---\ntitle: 'open\n---\nWords.", "has front matter that is not valid YAML"),
        ("n/articles.toml", b"[broken", "is not valid TOML"),
        ("articles.toml", b"\xff", "is not UTF-8, as TOML must be"),
        ("../a.md", b"Words.", "has a name that leads out of its folder; rename it."),
        ("/a.md", b"Words.", "has an absolute path"),
        (".a.md", b"Words.", "hidden"),
    ],
)
def test_bad_files_give_reasons_and_leave_nothing(desk: Desk, name: str, content: bytes, reason: str) -> None:
    said = desk.take(name, content)
    assert said is not None and reason in said and "\n" not in said
    assert desk.files() == []


def test_what_is_no_file_is_refused(desk: Desk) -> None:
    assert "is not a regular file" in (desk.own.take(desk.folder, "a.md") or "")
    assert "is not a regular file" in (desk.own.take(desk.folder / "none", "a.md") or "")
    assert desk.files() == []


def test_a_file_and_a_folder_cannot_share_a_name(desk: Desk) -> None:
    desk.add({"a.md": VOLCANO, "b.md/c.md": GLACIER})
    for name in ("a.md/x/y.md", "b.md"):
        assert "cannot be kept" in (desk.take(name, VOLCANO) or "")
    assert desk.files() == ["a.md", "b.md", "b.md/c.md"]


def test_a_link_inside_leads_no_file_out(desk: Desk) -> None:
    desk.add({"a.md": VOLCANO})
    (desk.folder / "own/articles/out").symlink_to(desk.folder / "corpus")
    assert "leads out" in (desk.take("out/x.md", GLACIER) or "")
    assert "leads out" in (desk.take("out/deep/x.md", GLACIER) or "")
    assert sorted(path.name for path in (desk.folder / "corpus").iterdir()) == sorted(BASE)


def test_no_more_files_than_can_be_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "MOST_FILES", 2)
    desk.add({"a.md": VOLCANO, "b.md": GLACIER})
    assert desk.take("c.md", GLACIER) == "is one more than the 2 files that can be kept; remove another first."
    assert desk.take("b.md", VOLCANO) is None
    monkeypatch.setattr(own, "LARGEST_SHELF", len(VOLCANO) + 10)
    assert "MB of articles together" in (desk.take("b.md", VOLCANO) or "")
    assert desk.files() == ["a.md", "b.md"]
    monkeypatch.setattr(own, "LARGEST_SHELF", 2 * len(VOLCANO))
    assert desk.take("b.md", VOLCANO) is None


def test_a_copy_that_fails_leaves_what_was_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.add({"a.md": VOLCANO})

    def full(source: Any, target: Any) -> None:
        target.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(own.shutil, "copyfileobj", full)
    for name in ("a.md", "deep/er/b.md"):
        assert desk.take(name, GLACIER) == "cannot be kept (No space left on device); rename it, or free some space."
    assert desk.files() == ["a.md"]
    assert (desk.folder / "own/articles/a.md").read_text() == VOLCANO


def test_drafts_of_a_killed_copy_are_swept(desk: Desk) -> None:
    desk.add({"n/a.md": VOLCANO})
    draft = desk.folder / "own/articles/n" / f"{own.DRAFT}x"
    draft.write_text("half")
    later = desk.again()
    assert not draft.exists() and later.own.ids()
    later.close()


PARTS = st.sampled_from(
    ["..", ".", "", "C:", "con", "nul.md", "a", "b.md", ".x", "~", "\0", "x" * 250, "corpus", "index"]
)
SEPARATORS = st.sampled_from(["/", "\\", "//", "/./"])


@given(st.lists(PARTS | st.text(max_size=5), max_size=5), SEPARATORS, st.sampled_from(["", ".md", "articles.toml"]))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_name_reaches_outside(tmp_path: Path, parts: list[str], separator: str, end: str) -> None:
    folder = tmp_path / "inner"
    folder.mkdir(exist_ok=True)
    source = folder / "upload"
    source.write_text("Words of an article." if end != "articles.toml" else "")
    config = Config(corpus=folder / "corpus", index=folder / "index")
    articles = OwnArticles(SimpleNamespace(retriever=None), folder / "own", config)  # type: ignore[arg-type]
    reason = articles.take(source, separator.join(parts) + end)
    assert reason is None or reason.startswith(("has ", "is ", "cannot be kept "))
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]
    assert {path.name for path in folder.iterdir()} <= {"upload", "own"}
    if (folder / "own").exists():
        assert [path.name for path in (folder / "own").iterdir()] == ["articles"]


class Broken(HashEncoder):
    """Fails when it is given this word."""

    def encode_tokens(self, texts: Sequence[str]) -> tuple[FloatArray, list[FloatArray]]:
        if any("Agassiz" in text for text in texts):
            raise RuntimeError("out of memory")
        return super().encode_tokens(texts)


def test_an_update_that_fails_leaves_the_old_shelf_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_from(tmp_path, BASE)
    desk = Desk(tmp_path, Broken())
    desk.own.open()
    desk.add({"volcano.md": VOLCANO})
    served, ids, before = desk.assistant.retriever, desk.own.ids(), sums(tmp_path / "own/index")
    assert desk.take("glacier.md", GLACIER) is None
    with pytest.raises(RuntimeError, match="out of memory"):
        desk.own.update()
    assert (desk.assistant.retriever, desk.own.ids(), sums(tmp_path / "own/index")) == (served, ids, before)
    assert desk.first("pumice on Pompeii") == "own/volcano.md"
    # What could not be embedded can be removed all the same, and the next update is well.
    assert desk.own.remove(article_id("own/glacier.md"))
    assert desk.own.update().articles == 1

    assert desk.take("tides.md", "The tide turns turbines.") is None
    monkeypatch.setattr("askoctober.index.partial.Partial.add", _no_space)
    with pytest.raises(IndexFolderError, match="the old one, if any, is untouched"):
        desk.own.update()
    assert desk.assistant.retriever is served and desk.first("pumice on Pompeii") == "own/volcano.md"
    desk.close()


def _no_space(*args: object) -> None:
    raise OSError(28, "No space left on device")


def test_readers_at_once(desk: Desk) -> None:
    failures: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            if desk.first("who built a clock") != "clock.md":
                failures.append("another article")

    def write(number: int) -> None:
        name = f"n{number}.md"
        for _ in range(3):
            failures.append(desk.take(name, f"# Number {number}\n\nThe word is marker{number}."))
            desk.own.update()
            if not desk.own.remove(article_id(OWN + name)):
                failures.append(f"{name} was not there")
            desk.own.update()
            failures.append(desk.take(name, f"# Number {number}\n\nThe word is marker{number}."))
            desk.own.update()

    with ThreadPoolExecutor() as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for writer in [pool.submit(write, number) for number in range(3)]:
            writer.result(timeout=120)
        done.set()
        for reader in readers:
            reader.result(timeout=60)
    assert set(failures) == {None}
    assert desk.shelf() == ["bees.md", "clock.md", "own/n0.md", "own/n1.md", "own/n2.md"]
    assert len(desk.own.ids()) == 3
    assert all(desk.first(f"marker{number}") == f"own/n{number}.md" for number in range(3))


def test_ids_do_not_wait_for_an_update(desk: Desk) -> None:
    desk.add({"volcano.md": VOLCANO})
    assert desk.take("glacier.md", GLACIER) is None
    seen: list[tuple[str, int]] = []

    def progress(label: str, done: int, total: int) -> None:
        with ThreadPoolExecutor() as pool:
            seen.append((label, len(pool.submit(desk.own.ids).result(timeout=5))))

    desk.own.update(progress)
    assert seen == [("embedding", 1), ("embedding", 1), ("writing", 1)]
    assert len(desk.own.ids()) == 2


def test_a_path_of_the_shelf_is_not_taken_over(tmp_path: Path) -> None:
    build_from(tmp_path, BASE | {"own/bees.md": "# Mine\n\nA drone idles."})
    desk = Desk(tmp_path)
    desk.own.open()
    report = desk.add({"bees.md": VOLCANO, "glacier.md": GLACIER})
    assert [str(failure) for failure in report.failed] == [
        "bees.md comes to the same id as an article of the shelf; rename it."
    ]
    assert desk.own.ids() == {article_id("own/glacier.md")}
    assert desk.first("a drone idles") == "own/bees.md" and desk.first("creeping ice") == "own/glacier.md"
    desk.close()


@pytest.mark.parametrize("place", ["index", "corpus", "corpus/mine", "."])
def test_the_shelf_itself_is_no_place_for_them(tmp_path: Path, place: str) -> None:
    config = config_of(tmp_path)
    with pytest.raises(ConfigError, match="among the files of the shelf itself; choose another folder"):
        OwnArticles(SimpleNamespace(retriever=None), tmp_path / place, config)  # type: ignore[arg-type]


def test_a_hidden_folder_within_the_corpus_is_none_of_it(tmp_path: Path) -> None:
    config = config_of(tmp_path, corpus=tmp_path)
    OwnArticles(SimpleNamespace(retriever=None), tmp_path / ".local/own", config)  # type: ignore[arg-type]


def test_another_shelf_is_no_place_for_them(tmp_path: Path) -> None:
    build_from(tmp_path / "other", BASE)
    before = sums(tmp_path)
    with pytest.raises(ConfigError, match="holds another shelf; choose another folder"):
        OwnArticles(SimpleNamespace(retriever=None), tmp_path / "other", Config())  # type: ignore[arg-type]
    assert sums(tmp_path) == before


@pytest.mark.skipif(os.name == "nt", reason="folders are protected in another way")
def test_a_folder_that_cannot_be_written_stops_nobody_from_reading(tmp_path: Path) -> None:
    build_from(tmp_path, BASE)
    (tmp_path / "own").write_text("a file where the folder should be")
    desk = Desk(tmp_path)
    desk.own.open()
    assert "cannot be kept" in (desk.take("a.md", VOLCANO) or "")
    assert desk.own.update().articles == 0 and desk.first("who built a clock") == "clock.md"
    desk.close()


def test_a_file_that_cannot_be_deleted_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.add({"a.md": VOLCANO})

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(CorpusError, match=r"^a\.md cannot be removed \(Permission denied\); correct its permissions"):
        desk.own.remove(article_id("own/a.md"))
    assert desk.own.ids() == {article_id("own/a.md")}


@pytest.mark.parametrize(
    ("uploads", "host", "allowed"),
    [
        ("auto", "127.0.0.1", True),
        ("auto", "127.8.8.8", True),
        ("auto", "localhost", True),
        ("auto", "::1", True),
        ("auto", "0.0.0.0", False),
        ("auto", "::", False),
        ("auto", "192.168.0.7", False),
        ("auto", "localhost.example", False),
        ("auto", "", False),
        ("on", "0.0.0.0", True),
        ("off", "127.0.0.1", False),
    ],
)
def test_by_themselves_they_are_allowed_on_this_computer_only(uploads: str, host: str, allowed: bool) -> None:
    assert are_allowed(Config(uploads=uploads, host=host)) is allowed


def test_each_index_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    one = folder_of(Config(index=Path("index")))
    assert one == folder_of(Config(index=tmp_path / "x/../index"))
    digest = hashlib.sha256(str((tmp_path / "index").resolve()).encode()).hexdigest()[:8]
    assert one.name == f"index-{digest}" and one.parent.name == "shelves"
    assert folder_of(Config(index=tmp_path / "other/index")) not in (one, tmp_path)
    assert folder_of(Config(own=tmp_path / "mine")) == tmp_path / "mine"


def test_the_real_embedder_finds_an_added_article(tmp_path: Path, shelf_index: Path, encoder: Encoder) -> None:
    before = sums(shelf_index)
    config = Config(corpus=shelf_index.parent / "shelf", index=shelf_index)
    base = Retriever(LocalStore.open(shelf_index), encoder)
    assistant = SimpleNamespace(retriever=base)
    articles = OwnArticles(assistant, tmp_path / "own", config)
    articles.open()
    question = "Which eruption buried a Roman town?"
    text = (
        "# Pompeii\n\nIn the year 79 Vesuvius erupted and covered the town of Pompeii with ash and pumice. "
        "Pliny the Younger described from across the bay how the cloud rose like a pine.\n"
    )
    (tmp_path / "upload").write_text(text, encoding="utf-8")
    assert articles.take(tmp_path / "upload", "pompeii.md") is None
    assert articles.update().embedded == 1
    hit = assistant.retriever.search(question, 1)[0]
    assert (hit.chunk.article.path, hit.chunk.article.title) == ("own/pompeii.md", "Pompeii")
    combined = assistant.retriever
    old = [(hit.chunk.id, hit.score) for hit in base.search("How do insects tell where food is?", 2)]
    new = [(hit.chunk.id, hit.score) for hit in combined.search("How do insects tell where food is?", 2)]
    assert new[0][0] == old[0][0]
    assert articles.remove(hit.chunk.article_id)
    articles.update()
    assert assistant.retriever is base and sums(shelf_index) == before
    assert all(hit.chunk.article.path != "own/pompeii.md" for hit in base.search(question, 5))
    combined.store.close()
    base.store.close()
