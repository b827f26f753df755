"""What `askoctober doctor` says of a shelf in Milvus."""

import json

import pytest

from askoctober.building import build
from askoctober.building.states import FILE
from askoctober.checking import check_shelf, mend
from askoctober.index.format import MANIFEST
from askoctober.milvus import MilvusStore
from askoctober.milvus.schema import TEXTS
from encoders import HashEncoder
from shelves import config_of, write_files

from .shelving import address_of

FILES = {"bees.md": "# Bees\n\nA forager dances on the comb.", "clock.md": "# Clock\n\nHarrison built it."}


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    config = config_of(tmp_path, store=address_of(tmp_path))
    write_files(tmp_path / "corpus", FILES)
    build(config, encoder=HashEncoder())
    return config


def checked(config):
    looked_at: list[str] = []
    found = check_shelf(config, lambda *args: None, looked_at=looked_at)
    return [(finding.level, finding.what) for finding in found], looked_at


def test_a_whole_shelf_is_read_and_nothing_is_wrong(config):
    found, looked_at = checked(config)
    assert found == []
    assert looked_at[0] == f"2 articles of {config.store}" and looked_at[1].startswith("2 files of ")


def test_a_text_that_somebody_changed_is_found(config):
    store = MilvusStore.open(config.store)
    (row, *_) = store._connection.query(TEXTS, "id >= 0", ["id", "article", "content"])
    content = json.loads(row["content"])
    assert "comb" in row["content"] or "Harrison" in row["content"], content
    changed = row["content"].replace("comb", "roof").replace("Harrison", "Kendalls")
    whole = store._connection.client.query(TEXTS, f"id == {row['id']}", output_fields=["*"])[0]
    store._connection.upsert(TEXTS, [{**whole, "content": changed}])
    store.close()
    ((level, what),) = checked(config)[0]
    assert level == "wrong" and what.endswith("is not as it was written")


def test_what_moved_on_is_mended_whatever_lies_in_the_folder_of_another_index(config, tmp_path):
    other = config_of(tmp_path, corpus=tmp_path / "others")
    write_files(other.corpus, {"reef.md": "# Reef\n\nIt grows."})
    build(other, encoder=HashEncoder())
    write_files(tmp_path / "corpus", FILES | {"tide.md": "# Tide\n\nIt turns."})
    found = check_shelf(config, lambda *args: None, looked_at=[])
    (said,) = mend(config, found, lambda *args: None, encoder=HashEncoder())
    assert said == f"mended {config.store}: 1 articles embedded anew, 2 kept as they were"
    assert checked(config)[0] == []


def test_files_that_were_passed_over_are_mended(config, tmp_path, monkeypatch):
    monkeypatch.setattr("askoctober.building.states._stat", lambda path: [1, 2, 3, 4])
    write_files(tmp_path / "corpus", FILES | {"tide.md": "# Tide\n\nIt turns."})
    build(config, encoder=HashEncoder())
    write_files(tmp_path / "corpus", FILES | {"tide.md": "# Tide\n\nIt waits."})
    found = check_shelf(config, lambda *args: None, looked_at=[])
    assert [finding.file for finding in found] == [FILE, MANIFEST]
    (said,) = mend(config, found, lambda *args: None, encoder=HashEncoder())
    assert said.endswith("1 articles embedded anew, 2 kept as they were") and checked(config)[0] == []


def test_a_shelf_that_is_not_there_is_wrong_and_a_corpus_that_moved_on_a_notice(config, tmp_path):
    write_files(tmp_path / "corpus", FILES | {"tide.md": "# Tide\n\nIt turns."})
    assert checked(config)[0] == [("notice", f"articles in {config.corpus} have changed since it was built")]
    other = config_of(tmp_path, store=address_of(tmp_path, "other"))
    ((level, what),) = checked(other)[0]
    assert level == "wrong" and what.startswith("No index in milvus:")
