"""An index from a stranger, whose sums are right: refused, or read as it should be; and it can be built over."""

import json
import sqlite3
import sys
from contextlib import closing

import pytest

from askoctober.errors import IndexFolderError
from askoctober.index import LocalStore
from breaking import quick_folder, run_beside_the_tests, say
from shelves import build_from

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and limits on memory")
FORGING = "import sys, forging; forging.forge(*sys.argv[1:])"


def forge(kind: str, first: int, count: int) -> None:
    with quick_folder() as folder:
        found = run_beside_the_tests(FORGING, folder, kind, str(first), str(count), timeout=3500)
    say(f"{kind}: {found['ended']}")
    assert found["wrong"] == []
    assert sum(found["ended"].values()) == count


@pytest.mark.parametrize(("kind", "first"), [("segments", 0), ("coded", 500)])
def test_an_index_from_a_stranger_is_refused_or_right(kind, first):
    forge(kind, first, 75)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("kind", "count"), [("usual", 500), ("segments", 700), ("coded", 700), ("lists", 300)])
def test_two_thousand_indexes_from_strangers_are_refused_or_right(kind, count):
    forge(kind, 10_000, count)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE article SET path = x'00'", "the path or the id of article 0 is no text"),
        ("UPDATE article SET id = x'00'", "the path or the id of article 0 is no text"),
        ("PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql = CAST(x'0a0aff' AS TEXT)", "cannot be opened"),
    ],
)
def test_what_is_no_text_where_text_should_be_is_refused_in_one_line(tmp_path, harm, said):
    from forging import put_sums_right  # knows no other system

    build_from(tmp_path, {"a.md": "One harbour."})
    index = tmp_path / "index"
    (path,) = index.glob("articles-*.sqlite")
    with closing(sqlite3.connect(path)) as database:
        database.executescript(harm)
        database.commit()
    put_sums_right(index, json.loads((index / "manifest.json").read_text(encoding="utf-8")))
    with pytest.raises(IndexFolderError) as caught:
        LocalStore.open(index).articles()
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).endswith(f"rebuild it: askoctober index CORPUS --index {index}")


def test_counts_at_odds_with_the_tables_are_no_ground_to_build_on(tmp_path):
    from forging import put_sums_right  # knows no other system

    build_from(tmp_path, {"a.md": "One harbour.", "b.md": "Two mills.", "c.md": "Three roads."})
    index = tmp_path / "index"
    (path,) = index.glob("articles-*.sqlite")
    with closing(sqlite3.connect(path)) as database:
        database.executescript("UPDATE article SET copy_of = id")
    put_sums_right(index, json.loads((index / "manifest.json").read_text(encoding="utf-8")))
    build_from(tmp_path, {"a.md": "One harbour.", "d.md": "Four weirs."})
    with closing(LocalStore.open(index)) as store:
        assert sorted(article.path for article in store.articles()) == ["a.md", "d.md"]
