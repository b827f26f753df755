import dataclasses
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from askoctober.building import build, extend, freshness
from askoctober.errors import CorpusError, ModelError
from askoctober.index import LocalStore, read_manifest
from askoctober.retrieval import Retriever
from encoders import HashEncoder
from shelves import build_from, config_of, contents, write_files

FILES = {
    "bees.md": "# Bees\n\nA forager dances on the comb. The sun gives the angle.\n\n## Wenner\n\nSmell led the bees.",
    "clock.md": "# The clock\n\nHarrison built a clock. It lost five seconds.",
    "moon.md": "# The moon\n\nMaskelyne preferred the moon. He doubted a machine.",
    "tides.md": "# Tides\n\nThe tide turns twenty-four turbines. Silt settled behind the dam.",
}
CHANGED = FILES | {"moon.md": "# The moon\n\nMayer drew up tables of the lunar distance. His widow was paid."}
QUESTIONS = ["who built a clock", "lunar tables", "bees and smell", "what turns with the tide", "the dam"]


def opened(folder: Path, name: str = "index") -> dict:
    store = LocalStore.open(folder / name)
    held = contents(store)
    store.close()
    return held


def times(folder: Path) -> dict[str, int]:
    """When each file of an index was written; the hidden ones are no part of it."""
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if not path.name.startswith(".")}


def found(folder: Path) -> list[list[str]]:
    store = LocalStore.open(folder / "index")
    retriever = Retriever(store, HashEncoder())
    ids = [[hit.chunk.id for hit in retriever.search(question, 3)] for question in QUESTIONS]
    store.close()
    return ids


def test_a_first_build_embeds_everything_once(tmp_path):
    report, encoder = build_from(tmp_path, FILES)
    assert (report.articles, report.chunks, report.embedded, report.unchanged, report.removed) == (4, 5, 4, 0, 0)
    assert report.failed == ()
    assert sorted(encoder.seen) == sorted(
        [
            *["A forager dances on the comb.", "The sun gives the angle.", "Smell led the bees."],
            *["Harrison built a clock.", "It lost five seconds."],
            *["Maskelyne preferred the moon.", "He doubted a machine."],
            *["The tide turns twenty-four turbines.", "Silt settled behind the dam."],
            *["Bees. Bees", "Bees. Bees > Wenner", "The clock. The clock", "The moon. The moon", "Tides. Tides"],
        ]
    )


def test_a_changed_article_alone_is_embedded_again(tmp_path):
    build_from(tmp_path / "grown", FILES)
    report, encoder = build_from(tmp_path / "grown", CHANGED)
    assert (report.embedded, report.unchanged, report.removed, report.chunks) == (1, 3, 0, 5)
    assert sorted(encoder.seen) == [
        "His widow was paid.",
        "Mayer drew up tables of the lunar distance.",
        "The moon. The moon",
    ]
    build_from(tmp_path / "new", CHANGED)
    assert opened(tmp_path / "grown") == opened(tmp_path / "new")
    # The projection of token vectors is the old shelf's, so scores differ a little; what is found first does not.
    grown, new = (found(tmp_path / name) for name in ("grown", "new"))
    assert [ids[0] for ids in grown] == [ids[0] for ids in new]


def test_what_is_known_of_an_article_counts_as_a_change(tmp_path):
    build_from(tmp_path, FILES)
    report, encoder = build_from(tmp_path, FILES | {"clock.md": "---\nauthor: J. H.\n---\n" + FILES["clock.md"]})
    assert (report.embedded, report.unchanged) == (1, 3)
    assert opened(tmp_path)["clock.md"]["article"].author == "J. H."


def test_renamed_and_removed_articles(tmp_path):
    build_from(tmp_path, FILES)
    files = {name: text for name, text in FILES.items() if name not in ("bees.md", "clock.md")}
    report, encoder = build_from(tmp_path, files | {"harrison.md": FILES["clock.md"]})
    assert (report.articles, report.embedded, report.unchanged, report.renamed, report.removed) == (3, 0, 2, 1, 1)
    assert encoder.seen == []
    assert sorted(opened(tmp_path)) == ["harrison.md", "moon.md", "tides.md"]
    assert found(tmp_path)[0][0].startswith("harrison-")
    store = LocalStore.open(tmp_path / "index")
    assert store.search_words("forager", 5)[0].tolist() == []
    store.close()


def test_an_unchanged_shelf_is_not_written_again(tmp_path):
    build_from(tmp_path, FILES)
    before = times(tmp_path / "index")
    report, encoder = build_from(tmp_path, FILES)
    assert (report.embedded, report.unchanged, report.removed, report.chunks) == (0, 4, 0, 5)
    assert encoder.seen == []
    assert times(tmp_path / "index") == before


def test_articles_come_back_after_many_changes(tmp_path):
    for files in (FILES, {"moon.md": FILES["moon.md"]}, CHANGED, FILES):
        build_from(tmp_path / "grown", files)
    build_from(tmp_path / "new", FILES)
    assert opened(tmp_path / "grown") == opened(tmp_path / "new")


@pytest.mark.parametrize(
    ("setting", "value"), [("chunk_size", 40), ("embedder", "another-model")], ids=["chunking", "embedder"]
)
def test_another_chunking_or_embedder_embeds_all_anew(tmp_path, setting, value):
    build_from(tmp_path, FILES)
    report, encoder = build_from(tmp_path, FILES, **{setting: value})
    assert (report.embedded, report.unchanged) == (4, 0)
    assert len(encoder.seen) > 13
    assert freshness(config_of(tmp_path, **{setting: value})) == ""


def test_other_weights_under_the_same_name_embed_all_anew(tmp_path):
    build_from(tmp_path, FILES)
    report, encoder = build_from(tmp_path, FILES, HashEncoder(fingerprint="hash-2"))
    assert (report.embedded, len(encoder.seen)) == (4, 14)


def test_a_damaged_index_is_built_anew(tmp_path):
    build_from(tmp_path, FILES)
    expected = opened(tmp_path)
    (path,) = (tmp_path / "index").glob("tokens-*")
    path.write_bytes(b"x")
    report, _ = build_from(tmp_path, FILES)
    assert report.embedded == 4
    assert opened(tmp_path) == expected


def test_files_that_fail_are_reported_and_stop_no_other(tmp_path):
    corpus = write_files(tmp_path / "corpus", FILES)
    (corpus / "empty.md").write_bytes(b"")
    (corpus / "broken.txt").write_bytes(b"\x00\x01\x02\xff" * 50)
    report = build(config_of(tmp_path), encoder=HashEncoder())
    assert [failure.path for failure in report.failed] == ["broken.txt", "empty.md"]
    assert str(report.failed[1]) == "empty.md is empty; fill or remove it."
    assert report.articles == 4
    (corpus / "empty.md").write_text("No longer empty.")
    report = build(config_of(tmp_path), encoder=HashEncoder())
    assert ([failure.path for failure in report.failed], report.embedded) == (["broken.txt"], 1)


def test_progress_is_told_and_ends_where_it_should(tmp_path):
    told: list[tuple[str, int, int]] = []
    write_files(tmp_path / "corpus", FILES)
    build(config_of(tmp_path), encoder=HashEncoder(), progress=lambda *step: told.append(step))
    assert told == [("reading", 0, 1), ("embedding", 0, 9), ("embedding", 9, 9), ("writing", 0, 1)]


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(CorpusError, match="does not exist; give the folder"):
        build(config_of(tmp_path), encoder=HashEncoder())
    write_files(tmp_path / "corpus", FILES)
    with pytest.raises(ModelError):
        build(config_of(tmp_path, models_dir=tmp_path / "none"))
    assert not (tmp_path / "index").exists()


def test_an_index_is_fresh_until_something_changes(tmp_path):
    config = config_of(tmp_path)
    assert freshness(config).startswith("No index in ")
    build_from(tmp_path, FILES)
    assert freshness(config) == ""
    (config.corpus / "notes.pdf").write_text("not an article")
    assert freshness(config) == ""
    assert freshness(dataclasses.replace(config, chunk_size=900)) == "its articles were chunked in another way"
    assert freshness(dataclasses.replace(config, embedder="org/Other")) == (
        "it was embedded with all-minilm-l6-v2, the setting is org/Other"
    )
    assert freshness(dataclasses.replace(config, embedder="/models/all-MiniLM-L6-v2/")) == ""
    assert freshness(dataclasses.replace(config, corpus=tmp_path / "gone")) == ""


@pytest.mark.parametrize("change", ["alter", "add", "remove", "rename"])
def test_an_index_is_stale_once_an_article_changes(tmp_path, change):
    build_from(tmp_path, FILES)
    config = config_of(tmp_path)
    path = config.corpus / "moon.md"
    if change == "alter":
        path.write_text("Another text.")
    elif change == "add":
        (config.corpus / "new.md").write_text("A new text.")
    elif change == "remove":
        path.unlink()
    else:
        path.rename(config.corpus / "luna.md")
    assert freshness(config) == f"articles in {config.corpus} have changed since it was built"
    build(config, encoder=HashEncoder())
    assert freshness(config) == ""


def test_a_damaged_manifest_is_a_reason_not_a_crash(tmp_path):
    build_from(tmp_path, FILES)
    path = tmp_path / "index" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text("{", encoding="utf-8")
    assert "rebuild it: askoctober index CORPUS" in freshness(config_of(tmp_path))
    del manifest["embedder"]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert "has changed since it was built" in freshness(config_of(tmp_path))
    report, _ = build_from(tmp_path, FILES)
    assert (report.embedded, freshness(config_of(tmp_path))) == (4, "")


def extended(folder: Path, files: dict[str, str], encoder: HashEncoder | None = None, **changes):
    """Add these files to `folder/index` in `folder/combined`; return the report, what was embedded, what was told."""
    encoder = encoder or HashEncoder()
    base = LocalStore.open(folder / "index")
    told: list[tuple[str, int, int]] = []
    own = write_files(folder / "own", files) if files else folder / "own"
    own.mkdir(exist_ok=True)
    config = config_of(folder, **changes)
    report = extend(base, own, folder / "combined", config, encoder, progress=lambda *step: told.append(step))
    base.close()
    return report, encoder.seen, told


ADDED = {"ants.md": "# Ants\n\nAnts follow a trail. It smells.", "sub/bees.md": "# Bees\n\nMine."}


def test_what_contradicts_itself_is_extended_anew(tmp_path):
    from forging import put_sums_right  # knows no other system

    build_from(tmp_path, FILES)
    extended(tmp_path, ADDED)
    index = tmp_path / "combined"
    (path,) = index.glob("articles-*.sqlite")
    with closing(sqlite3.connect(path)) as database:
        database.executescript("UPDATE chunk SET article = 77")
    put_sums_right(index, json.loads((index / "manifest.json").read_text(encoding="utf-8")))
    report, _, _ = extended(tmp_path, ADDED | {"more.md": "# More\n\nOne more."})
    assert (report.articles, report.embedded, report.failed) == (3, 3, ())
    with closing(LocalStore.open(index)) as added:
        assert sorted(contents(added)) == ["own/ants.md", "own/more.md", "own/sub/bees.md"]


def test_an_index_is_extended_by_a_folder(tmp_path):
    build_from(tmp_path, FILES)
    report, seen, told = extended(tmp_path, ADDED)
    counts = (report.articles, report.chunks, report.embedded, report.unchanged, report.removed)
    assert counts == (2, 2, 2, 0, 0)
    assert sorted(seen) == ["Ants follow a trail.", "Ants. Ants", "Bees. Bees", "It smells.", "Mine."]
    assert told == [("embedding", 0, 3), ("embedding", 3, 3), ("writing", 0, 1)]
    base, added = LocalStore.open(tmp_path / "index"), LocalStore.open(tmp_path / "combined")
    assert sorted(contents(added)) == ["own/ants.md", "own/sub/bees.md"]
    both = base.joined(added)
    assert contents(both) == contents(base) | contents(added)
    assert both.size == base.size + added.size
    assert [both.chunk(row).text for row in range(both.size)] == [
        store.chunk(row).text for store in (base, added) for row in range(store.size)
    ]
    assert added.manifest["own"] is True
    assert added.manifest["files"]["basis"] == base.manifest["files"]["basis"]
    both.close()
    assert len(contents(base)) == 4, "what was joined to stays open"
    base.close()


def test_of_an_extended_index_only_what_changed_is_embedded(tmp_path):
    build_from(tmp_path, FILES)
    extended(tmp_path, ADDED)
    before = read_manifest(tmp_path / "combined")
    report, seen, told = extended(tmp_path, ADDED)
    assert (report.chunks, report.unchanged, seen, told) == (2, 2, [], [])
    assert read_manifest(tmp_path / "combined") == before
    report, seen, _ = extended(tmp_path, {"ants.md": ADDED["ants.md"], "wasps.md": "Wasps sting."})
    assert (report.embedded, report.unchanged, report.removed) == (1, 1, 1)
    assert sorted(seen) == ["Wasps", "Wasps sting."]
    report, seen, _ = extended(tmp_path, {"ants.md": ADDED["ants.md"]})
    assert (report.embedded, report.removed, seen) == (0, 1, [])
    assert sorted(opened(tmp_path, "combined")) == ["own/ants.md"]


def test_another_base_or_chunking_is_noticed(tmp_path):
    build_from(tmp_path, FILES)
    extended(tmp_path, ADDED)
    build_from(tmp_path, CHANGED)
    report, seen, _ = extended(tmp_path, ADDED)
    assert (report.unchanged, report.removed, seen) == (2, 0, [])
    for changes in ({"chunk_size": 150}, {"embedder": "another"}):
        assert extended(tmp_path, ADDED, **changes)[0].embedded == 2
    assert extended(tmp_path, ADDED, HashEncoder(fingerprint="hash-2"))[0].embedded == 2


def test_nothing_to_add_writes_nothing(tmp_path):
    build_from(tmp_path, FILES)
    report, seen, told = extended(tmp_path, {})
    assert (report.articles, report.chunks, report.failed, seen, told) == (0, 0, (), [], [])
    report, *_ = extended(tmp_path, {"a.md": ""})
    assert [str(failure) for failure in report.failed] == ["a.md is empty; fill or remove it."]
    assert not (tmp_path / "combined" / "manifest.json").exists()
    extended(tmp_path, ADDED)
    (tmp_path / "own" / "sub" / "bees.md").unlink()
    (tmp_path / "own" / "ants.md").unlink()
    assert extended(tmp_path, {})[0].removed == 2
