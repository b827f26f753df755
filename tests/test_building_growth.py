"""What an update costs: as much as what changed, not as much as the shelf; and what near-duplicates come to."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from askoctober.building import build, states, updating
from askoctober.errors import IndexFolderError
from askoctober.index import LocalStore, read_manifest, writing
from encoders import HashEncoder
from shelves import build_from, config_of, contents

MANY = {
    f"{n:03}.md": f"# Article {n}\n\nBee {n} dances on comb {n * 7}. Clock {n} loses {n} seconds." for n in range(120)
}
LONG = " ".join(f"The {n}th turbine turns with the tide of the {n * 13 % 31}th morning and rests." for n in range(40))


def files_of(folder: Path) -> set[str]:
    return {entry["name"] for record in read_manifest(folder)["segments"] for entry in record["files"].values()}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds so low that a shelf of this size counts as large."""
    monkeypatch.setattr(writing, "SMALL", 10)
    monkeypatch.setattr(states, "SETTLED", 0.0)


def test_one_changed_article_costs_one_article(tmp_path: Path, few: None) -> None:
    build_from(tmp_path, MANY)
    before = files_of(tmp_path / "index")
    report, encoder = build_from(tmp_path, MANY | {"007.md": "# Article 7\n\nNothing is as it was."})
    assert (report.embedded, report.unchanged, report.removed) == (1, 119, 0)
    assert sorted(encoder.seen) == ["Article 7. Article 7", "Nothing is as it was."]
    after = files_of(tmp_path / "index")
    assert before < after, "the large segment stays as it is, and the new one is beside it"
    large, small = read_manifest(tmp_path / "index")["segments"]
    assert (len(large["dead"]), large["dead_chunks"], small["chunks"]) == (1, 1, 1)


def test_only_what_changed_is_read(tmp_path: Path, few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    build_from(tmp_path, MANY)
    config = config_of(tmp_path)
    build(config, encoder=HashEncoder())  # now the times of all files are known
    read: list[str] = []
    real = updating.Corpus.read
    monkeypatch.setattr(updating.Corpus, "read", lambda self, entry: read.append(entry.path) or real(self, entry))
    monkeypatch.setattr(updating.Corpus, "state", lambda self, entry: pytest.fail(f"{entry.path} was read"))
    assert build(config, encoder=HashEncoder()).unchanged == 120
    monkeypatch.undo()
    monkeypatch.setattr(updating.Corpus, "read", lambda self, entry: read.append(entry.path) or real(self, entry))
    (config.corpus / "011.md").write_text("# Article 11\n\nIt was rewritten.")
    (config.corpus / "012.md").unlink()
    (config.corpus / "013.md").rename(config.corpus / "moved.md")
    report = build(config, encoder=HashEncoder(), changed={"011.md", "012.md", "013.md", "moved.md"})
    assert sorted(read) == ["011.md", "moved.md"]
    assert (report.articles, report.embedded, report.renamed, report.removed) == (119, 1, 1, 1)


def test_segments_stay_few_and_nothing_is_lost(tmp_path: Path, few: None) -> None:
    files = dict(MANY)
    build_from(tmp_path, files)
    most = 0
    for n in range(200, 240):
        files[f"{n}.md"] = f"# Article {n}\n\nBee {n} dances on comb {n * 7}."
        files[f"{n - 200:03}.md"] = f"# Article {n - 200}\n\nIt was rewritten in round {n}."
        files.pop(f"{n - 120:03}.md", None)
        report, _ = build_from(tmp_path, files)
        assert report.articles == len(files)
        most = max(most, len(read_manifest(tmp_path / "index")["segments"]))
    assert 1 < most <= 6
    build_from(tmp_path / "new", files)
    grown, new = (LocalStore.open(folder / "index") for folder in (tmp_path, tmp_path / "new"))
    assert contents(grown) == contents(new)
    for question in ("bee comb", "rewritten in round 217", "clock seconds 44"):
        texts = [
            sorted(zip(scores.round(4).tolist(), (store.chunk(int(row)).text for row in rows), strict=True))
            for store in (grown, new)
            for rows, scores in [store.search_words(question, 200)]
        ]
        assert texts[0] == texts[1]
    grown.close()
    new.close()


def test_the_same_article_from_two_places_is_one(tmp_path: Path) -> None:
    twice = {
        "a.md": f"# Tides\n\n{LONG}",
        "b.md": f"# Tides, again\n\n{LONG}\n\nShared by a reader.",
        "c.md": "# Bees\n\nShort.",
    }
    report, encoder = build_from(tmp_path, twice)
    assert (report.articles, report.copies, report.embedded) == (2, 1, 2)
    assert "Shared by a reader." not in encoder.seen
    store = LocalStore.open(tmp_path / "index")
    (tides,) = [article for article in store.articles() if article.path == "a.md"]
    assert [(copy.path, copy.title) for copy in tides.copies] == [("b.md", "Tides, again")]
    assert store.chunk(store.size - 1).article.copies == () or store.chunk(0).article.copies == tides.copies
    store.close()
    assert build_from(tmp_path, twice)[0].copies == 1

    # Without the first one, the second is the article.
    report, _ = build_from(tmp_path, {name: text for name, text in twice.items() if name != "a.md"})
    assert (report.articles, report.copies, report.embedded) == (2, 0, 1)
    # What has become another article is none any more.
    build_from(tmp_path, twice)
    report, _ = build_from(tmp_path, twice | {"b.md": "# Other\n\nNow it speaks of clocks alone, and of nothing else."})
    assert (report.articles, report.copies) == (3, 0)
    # When the first becomes another article, what repeated it is one of its own.
    build_from(tmp_path, twice)
    report, _ = build_from(tmp_path, twice | {"a.md": "# Other\n\nNow it speaks of clocks alone, and of nothing else."})
    assert (report.articles, report.copies) == (3, 0)


def test_equal_files_are_one_however_short(tmp_path: Path) -> None:
    report, _ = build_from(
        tmp_path, {"a.md": "# Bees\n\nShort.", "b/a.md": "# Bees\n\nShort.", "c.md": "# Bees\n\nLong."}
    )
    assert (report.articles, report.copies) == (2, 1)


def test_a_shelf_that_began_small_gets_a_projection_that_suits_it(tmp_path: Path) -> None:
    encoder = HashEncoder(dimension=256)
    build_from(tmp_path, {"a.md": "One bee."}, encoder)
    first = read_manifest(tmp_path / "index")
    report, _ = build_from(tmp_path, MANY, encoder)
    grown = read_manifest(tmp_path / "index")
    assert first["basis_tokens"] == 2 and grown["basis_tokens"] > 1000 and report.articles == 120
    store = LocalStore.open(tmp_path / "index")
    tokens = encoder.encode_tokens(["Clock 7 loses 7 seconds."])[1][0]
    assert (abs(store.project_tokens(tokens) @ store.project_tokens(tokens).T - tokens @ tokens.T) < 0.2).all()
    store.close()


def changed_build(folder: Path, *changed: str):
    return build(config_of(folder), encoder=HashEncoder(), changed=changed)


def settle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "SETTLED", -5.0)  # files that were written just now count as old


def test_what_failed_is_tried_and_named_again_whatever_else_changed(tmp_path: Path, monkeypatch) -> None:
    settle(monkeypatch)
    files = {"a.md": "# A\n\nOne harbour.", "b.jsonl": '{"text": "Two mills."}\n{broken\n'}
    assert len(build_from(tmp_path, files)[0].failed) == 1
    (tmp_path / "corpus" / "a.md").write_text("# A\n\nAnother harbour.", encoding="utf-8")
    report = changed_build(tmp_path, "a.md")
    assert report.embedded == 1
    assert [failure.path for failure in report.failed] == [failure.path for failure in changed_build(tmp_path).failed]
    assert len(report.failed) == 1 and read_manifest(tmp_path / "index")["left_out"] == 1


def test_a_change_of_articles_toml_is_about_the_files_beside_it(tmp_path: Path, monkeypatch) -> None:
    settle(monkeypatch)
    build_from(tmp_path, {"a.txt": "One harbour lies here.", "articles.toml": '["a.txt"]\ntitle = "Old"\n'})
    (tmp_path / "corpus" / "articles.toml").write_text('["a.txt"]\ntitle = "New"\n', encoding="utf-8")
    changed_build(tmp_path, "articles.toml")
    assert [article.title for article in LocalStore.open(tmp_path / "index").articles()] == ["New"]


def test_files_of_one_size_and_time_that_are_exchanged_are_seen(tmp_path: Path, monkeypatch) -> None:
    settle(monkeypatch)
    build_from(tmp_path, {"a.md": "One harbour.", "b.md": "Two castles."})
    shelf = tmp_path / "corpus"
    for name in ("a.md", "b.md"):
        os.utime(shelf / name, (1000, 1000))
    build(config_of(tmp_path), encoder=HashEncoder())
    (shelf / "a.md").rename(shelf / "c")
    (shelf / "b.md").rename(shelf / "a.md")
    (shelf / "c").rename(shelf / "b.md")
    build(config_of(tmp_path), encoder=HashEncoder())
    found = {article.path: article.text for article in LocalStore.open(tmp_path / "index").articles()}
    assert found == {"a.md": "Two castles.", "b.md": "One harbour."}


@pytest.mark.skipif(sys.platform == "win32", reason="has no time of any change")
def test_a_change_whose_time_is_set_back_is_seen(tmp_path: Path, monkeypatch) -> None:
    settle(monkeypatch)
    build_from(tmp_path, {"a.md": "One harbour."})
    path = tmp_path / "corpus" / "a.md"
    os.utime(path, (1000, 1000))
    build(config_of(tmp_path), encoder=HashEncoder())
    path.write_text("Six harbour.", encoding="utf-8")
    os.utime(path, (1000, 1000))
    build(config_of(tmp_path), encoder=HashEncoder())
    assert [article.text for article in LocalStore.open(tmp_path / "index").articles()] == ["Six harbour."]


def test_a_file_that_changes_while_a_build_goes_on_is_looked_at_again(tmp_path: Path, monkeypatch) -> None:
    now = [5000.0]
    monkeypatch.setattr(states.time, "time", lambda: now[0])
    monkeypatch.setattr(states, "_stat", lambda path: [path.stat().st_size, int(4999 * 1e9), int(4999 * 1e9), 1])

    class Slow(HashEncoder):
        def encode_tokens(self, texts):
            now[0] += 60.0
            (tmp_path / "corpus" / "a.md").write_text("Six harbour.", encoding="utf-8")
            return super().encode_tokens(texts)

    build_from(tmp_path, {"a.md": "One harbour."}, encoder=Slow())
    build(config_of(tmp_path), encoder=HashEncoder())
    assert [article.text for article in LocalStore.open(tmp_path / "index").articles()] == ["Six harbour."]


def test_a_folder_in_place_of_the_states_is_no_matter(tmp_path: Path) -> None:
    build_from(tmp_path, {"a.md": "One harbour."})
    path = tmp_path / "index" / states.FILE
    path.unlink(missing_ok=True)
    path.mkdir()
    assert build(config_of(tmp_path), encoder=HashEncoder()).unchanged == 1


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes in folders")
@pytest.mark.timeout(20)
def test_a_pipe_in_place_of_the_states_is_not_waited_for(tmp_path: Path) -> None:
    build_from(tmp_path, {"a.md": "One harbour."})
    path = tmp_path / "index" / states.FILE
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    assert not states.is_sound(path)
    with pytest.raises(IndexFolderError):
        build(config_of(tmp_path), encoder=HashEncoder())


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes in folders")
@pytest.mark.timeout(20)
def test_a_pipe_in_place_of_a_part_of_the_index_is_replaced(tmp_path: Path) -> None:
    build_from(tmp_path, {"a.md": "One harbour."})
    (path,) = (tmp_path / "index").glob("basis-*.f32")
    path.unlink()
    os.mkfifo(path)
    build(config_of(tmp_path), encoder=HashEncoder())
    assert [article.path for article in LocalStore.open(tmp_path / "index").articles()] == ["a.md"]
