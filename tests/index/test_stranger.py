"""An index from a stranger, whose sums are right: refused, or read as it should be; and it can be built over."""

import sys

import pytest

from breaking import quick_folder, run_beside_the_tests, say

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
