from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askoctober.building import Progress, Report
from askoctober.config import Config
from askoctober.corpus.reading import Failure
from askoctober.errors import CorpusError, IndexFolderError, QuestionError
from askoctober.index import LocalStore
from askoctober.retrieval import Retriever
from askoctober.retrieval.filtering import AnyFilter
from askoctober.types import Hit
from askoctober.web import pages as pages_module
from askoctober.web.acting import LARGEST_RECORD
from askoctober.web.keeping.exporting import to_markdown
from askoctober.web.keeping.turns import to_conversation
from askoctober.web.own import OwnArticles
from askoctober.web.pages import FOUND, Pages
from askoctober.web.session import Turn
from askoctober.web.shelf import render_found, render_reader, render_shelf
from askoctober.web.source import open_source, render_pane
from askoctober.web.wording import LANGUAGES, wording
from encoders import HashEncoder
from shelves import build_from, config_of

from .charts.shelf import MemoryStore
from .fakes import BY_ID, CARRIED, RUPTURE, SCRIPT, FakeAssistant
from .markup import assert_ours, marked, of_class, words

WHEN = "2026-11-25T14:56:44+00:00"
SAY = wording("en")
SHELF = {name: article.text for name, article in BY_ID.items()}
OPEN = [
    "open_place",
    "show_pane",
    "show_article",
    "show_shelf",
    "find_passages",
    "draw_map",
    "draw_timeline",
    "export",
]
OWN = ["take_article", "index_articles", "tell_indexed", "remove_article"]


class Shelf:
    """A retriever over a store in memory: it finds the first passages, and refuses what is empty."""

    languages = frozenset({"en"})
    calendars = None

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.asked: list[tuple[str, int]] = []

    def search(self, question: str, k: int = 5, *, filter: AnyFilter = None, threshold: float = -1.0) -> list[Hit]:
        self.asked.append((question, k))
        if not question.strip():
            raise QuestionError("The question is empty; ask something.")
        return [Hit(self.store.chunk(row), 1.0 / (row + 1), row + 1) for row in range(min(k, self.store.size))]


def made(own: OwnArticles | None = None) -> tuple[Pages, Shelf]:
    retriever = Shelf(MemoryStore(SHELF))
    assistant: Any = SimpleNamespace(retriever=retriever, generator=SimpleNamespace(name="fake"), config=Config())
    return Pages(assistant, own), retriever


PAGES, RETRIEVER = made()
ARTICLES = list(PAGES.articles.values())


def conversation(*questions: str) -> dict[str, Any]:
    turns = []
    for number, question in enumerate(questions, 1):
        turns.append(Turn(question, number))
        for event in FakeAssistant(0).stream(question):
            turns[-1].take(event)
    record = to_conversation(turns, id="c1", name="Votes", created=WHEN, updated=WHEN)
    kept = json.loads(json.dumps(record))
    assert isinstance(kept, dict)
    return kept


def test_functions_are_offered_by_name() -> None:
    assert [function.__name__ for function in PAGES.functions] == OPEN
    own: Any = SimpleNamespace(ids=frozenset)
    assert [function.__name__ for function in made(own)[0].functions] == OPEN + OWN
    show = dict(zip(OPEN, PAGES.functions, strict=True))["show_pane"]
    assert show({"language": "de"}) == render_pane(ARTICLES, wording("de"))


def test_articles_are_those_of_the_store_of_the_moment() -> None:
    pages, retriever = made()
    assert list(pages.articles) == ["banners", "hostile", "rupture"] and pages.articles is pages.articles
    retriever.store = MemoryStore({"new": "# New\n\nText."})
    assert list(pages.articles) == ["new"]
    assert "Title of new" in words(pages.show_shelf({})) and "rupture" not in pages.show_shelf({})


def test_place_is_opened_with_its_quote_marked() -> None:
    start = RUPTURE.index(CARRIED)
    request = {"article": "rupture", "start": start, "end": start + len(CARRIED), "language": "fr"}
    html = PAGES.open_place(request)
    assert marked(html, "quote") == CARRIED and wording("fr")("read-whole") in words(html)
    assert html == open_source(PAGES.articles, request, wording("fr"))


def test_articles_are_shown_to_be_read() -> None:
    article = PAGES.articles["rupture"]
    assert PAGES.show_article({"article": "rupture"}) == render_reader(article, SAY)
    assert PAGES.show_article({"article": "nowhere"}) == PAGES.show_article({}) == ""
    assert PAGES.show_shelf({"language": "es"}) == render_shelf(ARTICLES, wording("es"))
    own: Any = SimpleNamespace(ids=lambda: frozenset({"hostile"}))
    (button,) = of_class(made(own)[0].show_shelf({}), "ask-remove")
    assert button["data-article"] == "hostile"


def test_passages_are_found() -> None:
    html = PAGES.find_passages({"text": "the vote"})
    assert RETRIEVER.asked[-1] == ("the vote", FOUND)
    assert html == render_found(RETRIEVER.search("the vote", FOUND), SAY)
    assert 0 < len(of_class(html, "ask-open")) <= FOUND
    assert words(PAGES.find_passages({"text": "  "})) == words(PAGES.find_passages({})) == "No passage was found."


def roles(figure: dict[str, Any]) -> dict[str, list[list[Any]]]:
    """What the traces of a map show, by their role."""
    found: dict[str, list[list[Any]]] = {}
    for trace in figure["data"]:
        found.setdefault(trace["meta"]["role"], []).extend(trace.get("customdata") or [])
    return found


def test_map_has_every_passage() -> None:
    figure = PAGES.draw_map({})
    places = [
        [chunk.article_id, chunk.start, chunk.end]
        for chunk in (RETRIEVER.store.chunk(row) for row in range(RETRIEVER.store.size))
    ]
    shown = roles(figure)
    assert set(shown) == {"article"} and sorted(place[:3] for place in shown["article"]) == sorted(places)
    json.dumps(figure, allow_nan=False)


def test_map_marks_a_question_and_what_was_found_and_cited() -> None:
    start = RUPTURE.index(CARRIED)
    cited = [["rupture", start, start + 5], ["nowhere", 0, 5], ["rupture", 5, 1], "x", ["rupture", True, 4], None]
    shown = roles(PAGES.draw_map({"question": "Who <b>?", "cited": cited}))
    assert {"article", "retrieved", "cited", "question"} <= set(shown)
    assert [place[0] for place in shown["cited"]] == ["rupture"]
    assert shown["cited"][0][1] <= start < shown["cited"][0][2]
    assert "question" not in roles(PAGES.draw_map({"question": "  "}))


def test_half_a_character_in_a_question_does_not_spoil_the_map() -> None:
    json.dumps(PAGES.draw_map({"question": "Who \ud83d?"}), ensure_ascii=False).encode("utf-8")


def test_timeline_has_the_dated_sentences_or_says_that_there_are_none() -> None:
    drawn = PAGES.draw_timeline({"language": "de"})
    json.dumps(drawn, allow_nan=False)
    assert drawn["figure"] is None or drawn["figure"]["data"]
    pages, retriever = made()
    retriever.store = MemoryStore({"a": "In 1917 they met. On 25 October 1917 they voted.", "b": "Nothing."})
    dated = pages.draw_timeline({})
    assert dated["figure"] is not None and "25 October 1917 they voted" in words(dated["html"])
    retriever.store = MemoryStore({"b": "Nothing."})
    assert pages.draw_timeline({}) == {"figure": None, "html": pages.draw_timeline({})["html"]}
    assert SAY("timeline-empty") in words(pages.draw_timeline({})["html"])


def test_what_is_made_of_a_shelf_is_made_once() -> None:
    pages, retriever = made()
    for _ in range(3):
        pages.draw_map({})
    assert retriever.store.reads == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_export_is_the_document_of_what_is_kept(language: str) -> None:
    record = conversation("Who voted against?", "weather?", "Where do they differ?", "a hostile one")
    document = PAGES.export({"record": record, "language": language})
    assert document == to_markdown(record, wording(language))
    assert document.startswith("# Votes\n\n*2026-11-25*\n\n## Who voted against?")
    assert "The vote on the insurrection" in document and SCRIPT not in document


@pytest.mark.parametrize(
    "record",
    [
        None,
        "text",
        [],
        {},
        {"format": 1},
        conversation("Who?") | {"format": 2},
        conversation("Who?") | {"turns": [{}]},
        conversation("Who?") | {"other": "x" * LARGEST_RECORD},
    ],
)
def test_what_cannot_be_exported_is_said(record: Any) -> None:
    assert PAGES.export({"record": record}) == "This conversation cannot be exported: it is damaged."


def test_deeply_nested_record_is_refused() -> None:
    record: Any = []
    for _ in range(100_000):
        record = [record]
    assert PAGES.export({"record": record}) == SAY("export-failed")
    while record:  # taken apart step by step, as its own end would be too deep
        record = record[0]


class Kept:
    """Remembers what was taken and removed."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.removed: list[str] = []
        self.problem: str | None = None
        self.error: Exception | None = None

    def ids(self) -> frozenset[str]:
        return frozenset({"rupture"})

    def take(self, source: Path, name: str) -> str | None:
        self.taken.append((source.read_text(encoding="utf-8"), name))
        return self.problem

    def files(self) -> dict[str, int]:
        return {"table.csv": 2}

    def update(self, progress: Progress) -> Report:
        if self.error is not None:
            raise self.error
        for told in (("reading", 1, 3), ("embedding", 4, 10), ("embedding", 10, 10), ("embedding", 3, 5)):
            progress(*told)
        return Report(2, 3, 1, 0, 0, (Failure("bad.md", "is empty; fill or remove it."),), 0.5)

    def remove(self, article_id: str) -> bool:
        if self.error is not None:
            raise self.error
        self.removed.append(article_id)
        return article_id == "rupture"


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that Gradio puts uploads in."""
    folder = tmp_path / "uploads"
    (folder / "hash").mkdir(parents=True)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    yield folder


def with_own() -> tuple[Pages, Any]:
    own: Any = Kept()
    return made(own)[0], own


def test_upload_is_kept_and_its_file_removed(uploads: Path) -> None:
    pages, own = with_own()
    file = uploads / "hash" / "a.md"
    file.write_text("# A", encoding="utf-8")
    assert pages.take_article({"path": str(file), "name": "folder/a.md"}) == {"problem": ""}
    assert own.taken == [("# A", "folder/a.md")] and not file.exists()
    assert pages.take_article({"path": str(file), "name": "a.md"}) == {"problem": SAY("own-lost")}


def test_upload_that_is_no_article_says_why_and_is_removed(uploads: Path) -> None:
    pages, own = with_own()
    own.problem = "is empty; fill or remove it."
    file = uploads / "hash" / "a.md"
    file.write_text("", encoding="utf-8")
    assert pages.take_article({"path": str(file)}) == {"problem": "is empty; fill or remove it."}
    assert own.taken == [("", "")] and not file.exists()


def test_nothing_outside_the_folder_of_uploads_is_taken(uploads: Path, tmp_path: Path) -> None:
    pages, own = with_own()
    secret = tmp_path / "secret.md"
    secret.write_text("secret", encoding="utf-8")
    link = uploads / "hash" / "link.md"
    link.symlink_to(secret)
    beside = tmp_path / "uploads-beside"
    beside.mkdir()
    (beside / "a.md").write_text("secret", encoding="utf-8")
    for path in (
        str(secret),
        str(link),
        str(beside / "a.md"),
        f"{uploads}/hash/../../secret.md",
        str(uploads / "hash"),
        str(uploads),
        "secret.md",
        "",
        ".",
        "/",
        "/etc/passwd",
        f"file://{secret}",
    ):
        assert pages.take_article({"path": path, "name": "a.md", "language": "ru"}) == {
            "problem": wording("ru")("own-lost")
        }
    assert own.taken == [] and secret.read_text(encoding="utf-8") == "secret"


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 5000, "/".join("ab" * 3000)])
def test_name_that_no_file_can_have_is_refused(name: str, uploads: Path) -> None:
    pages, own = with_own()
    for path in (name, f"{uploads}/{name}"):
        assert pages.take_article({"path": path, "name": "a.md"}) == {"problem": SAY("own-lost")}
    assert own.taken == []


def test_index_says_what_failed_and_how_many_there_are() -> None:
    pages, own = with_own()
    failed = [{"name": "bad.md", "problem": "is empty; fill or remove it."}]
    assert pages.tell_indexed({}) == {"sentences": 0}
    assert pages.index_articles({}) == {"problem": "", "failed": failed, "files": {"table.csv": 2}, "count": 3}
    assert pages.tell_indexed(None) == {"sentences": 13}
    own.error = IndexFolderError("The index cannot be written; free some space.")
    assert pages.index_articles(None) == {"problem": str(own.error), "failed": [], "files": {}, "count": 3}
    assert pages.tell_indexed({}) == {"sentences": 0}


def test_removed_article_leaves_the_index() -> None:
    pages, own = with_own()
    assert pages.remove_article({"article": "rupture"})["problem"] == ""
    pages.remove_article({"article": 5})
    assert own.removed == ["rupture", ""]


def test_article_that_cannot_be_removed_says_so() -> None:
    pages, own = with_own()
    own.error = CorpusError("rupture.md cannot be removed; correct its permissions.")
    problem = {"problem": str(own.error), "failed": [], "files": {}, "count": 3}
    assert pages.remove_article({"article": "rupture"}) == problem


def test_own_articles_are_added_read_found_and_removed(tmp_path: Path, uploads: Path) -> None:
    build_from(tmp_path, {"bees.md": "# Bees\n\nA forager dances on the comb."})
    config = config_of(tmp_path, own=tmp_path / "own")
    retriever = Retriever(LocalStore.open(config.index), HashEncoder())
    assistant: Any = SimpleNamespace(retriever=retriever, generator=SimpleNamespace(name="fake"), config=config)
    own = OwnArticles(assistant, tmp_path / "own", config)
    pages = Pages(assistant, own)
    for name, text in (("volcano.md", "# The volcano\n\nPumice fell on Pompeii."), ("empty.md", "")):
        (uploads / "hash" / name).write_text(text, encoding="utf-8")
    assert pages.take_article({"path": f"{uploads}/hash/volcano.md", "name": "sub/volcano.md"}) == {"problem": ""}
    assert pages.take_article({"path": f"{uploads}/hash/empty.md", "name": "empty.md"})["problem"]
    assert pages.take_article({"path": str(tmp_path / "corpus" / "bees.md"), "name": "x.md"})["problem"]
    assert pages.index_articles({}) == {"problem": "", "failed": [], "files": {"sub/volcano.md": 1}, "count": 2}
    assert pages.tell_indexed({})["sentences"] > 0
    (button,) = of_class(pages.show_shelf({}), "ask-remove")
    assert pages.articles[button["data-article"]].title == "The volcano"
    assert "Pumice fell on Pompeii" in words(pages.find_passages({"text": "pumice on Pompeii"}))
    assert len(roles(pages.draw_map({"question": "pumice"}))["article"]) == 2
    removed = pages.remove_article({"article": button["data-article"]})
    assert removed == {"problem": "", "failed": [], "files": {}, "count": 1}
    assert not of_class(pages.show_shelf({}), "ask-remove")


text = st.text(max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | text
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=10
)
requests = anything | st.fixed_dictionaries(
    {},
    optional={
        "article": st.sampled_from([*BY_ID, ""]) | anything,
        "start": st.integers(-2, 2000) | anything,
        "end": st.integers(-2, 2000) | anything,
        "others": st.lists(st.lists(st.integers(-2, 2000), max_size=3), max_size=4) | anything,
        "language": st.sampled_from([*LANGUAGES, "la"]) | anything,
        "text": text | anything,
        "question": text | anything,
        "cited": st.lists(st.tuples(st.sampled_from([*BY_ID]), st.integers(), st.integers()).map(list)) | anything,
        "record": anything,
        "path": text.map(lambda name: name if "/" in name else f"/tmp/{name}") | anything,
        "name": text | anything,
    },
)


@given(requests)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_asked_is_answered(request: Any) -> None:
    for function in PAGES.functions:
        answered = function(request)
        if isinstance(answered, str):
            if function.__name__ != "export":
                assert_ours(answered)
        else:
            json.dumps(answered, allow_nan=False)
            if function.__name__ == "draw_timeline":
                assert_ours(answered["html"])


OWN_PAGES, OWN_KEPT = with_own()


@given(requests)
@settings(max_examples=60, deadline=None)
def test_whatever_is_asked_of_own_articles_is_answered(request: Any) -> None:
    for function in OWN_PAGES.functions[-len(OWN) :]:
        assert set(function(request)) <= {"problem", "failed", "files", "count", "sentences"}
    assert OWN_KEPT.taken == []


def test_folder_of_uploads_is_gradios(uploads: Path) -> None:
    (uploads / "kept.md").write_text("x", encoding="utf-8")
    assert pages_module._uploaded(str(uploads / "kept.md")) == (uploads / "kept.md").resolve()
    assert pages_module._uploaded(str(uploads)) is None and pages_module._uploaded(__file__) is None
