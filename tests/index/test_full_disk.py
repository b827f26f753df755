"""A full disk is said, leaves the old index, and what was made until then is gone on from when there is space again."""

import sys

import pytest

from breaking import quick_folder, run_beside_the_tests, say

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and limits on the size of files")
FILLING = "import sys, filling; filling.fill(*sys.argv[1:])"


def fill(kind: str, anew: str, steps: int) -> None:
    with quick_folder() as folder:
        found = run_beside_the_tests(FILLING, folder, kind, anew, str(steps))
    say(f"{kind}, {anew}: {found}")
    assert found["ended"]["full"] >= steps // 5
    assert found["ended"].get("enough", 0) > 0


@pytest.mark.parametrize(("kind", "anew"), [("segments", "update"), ("coded", "anew")])
def test_a_full_disk_is_said_and_leaves_the_old_index(kind, anew):
    fill(kind, anew, 5)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("anew", ["anew", "update"])
@pytest.mark.parametrize("kind", ["usual", "segments", "coded"])
def test_a_disk_that_is_full_at_any_size_leaves_the_old_index(kind, anew):
    fill(kind, anew, 60)
