"""After a power cut, with what was not synced lost in any way, the old index opens or the new one."""

import sys

import pytest

from breaking import quick_folder, run_beside_the_tests, say

CUTTING = "import sys, cutting; cutting.cut(*sys.argv[1:])"


@pytest.fixture(scope="module", autouse=True)
def strace() -> None:
    if sys.platform != "linux":
        pytest.skip("needs Linux")
    if not run_beside_the_tests("import cutting, json; print(json.dumps(cutting.can_trace()))"):
        pytest.skip("needs strace that may trace: sudo apt-get install strace")


def cut(kind: str, anew: str, stride: int) -> None:
    with quick_folder() as folder:
        found = run_beside_the_tests(CUTTING, folder, kind, anew, str(stride), "1917", timeout=3500)
    say(f"{kind}, {anew}: {found}")
    assert found["steps"] > 200
    assert found["states"] > found["steps"] / stride / 2
    assert any(end.endswith("old") for end in found["ended"])


@pytest.mark.parametrize(("kind", "anew"), [("segments", "update"), ("coded", "anew")])
def test_a_power_cut_leaves_the_old_index_or_the_new_one(kind, anew):
    cut(kind, anew, 150)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("anew", ["anew", "update"])
@pytest.mark.parametrize("kind", ["usual", "segments", "coded"])
def test_a_power_cut_at_any_step_leaves_the_old_index_or_the_new_one(kind, anew):
    cut(kind, anew, 4)
