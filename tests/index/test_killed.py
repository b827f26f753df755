"""A build that is killed with SIGKILL leaves the old index or the new one, and the next build goes on where it was."""

import sys

import pytest

from breaking import PHASES, quick_folder, run_beside_the_tests, say

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
AT_RANDOM = "import sys, killing; killing.at_random(*sys.argv[1:])"
AT_STEPS = "import sys, killing; killing.at_steps(*sys.argv[1:])"
A_FLUSH = 54
"""Texts that one checkpoint makes safe, at most, three articles' sentences and headings: what a kill may cost."""


def kill_at_random(kind: str, anew: str, kills: int, seed: int, timeout: float = 800) -> dict[str, int]:
    """Kill builds until so many were caught at work; return how many in each phase."""
    with quick_folder() as folder:
        found = run_beside_the_tests(AT_RANDOM, folder, kind, anew, str(kills), str(seed), timeout=timeout)
    phases = {name: found["phases"].get(name, 0) for name in PHASES}
    say(f"{kind}, {anew}: {phases}, embedded again a kill: {found['again_a_kill']} of {found['needed']}")
    assert found["again_a_kill"] <= A_FLUSH, found
    return phases


@pytest.mark.parametrize(("anew", "seed"), [("anew", 1), ("update", 2)])
def test_a_build_killed_at_any_instant_leaves_the_old_index_or_the_new_one(anew, seed):
    phases = kill_at_random("coded", anew, 20, seed)
    assert phases["reading"] + phases["embedding"] > 0 and phases["writing"] > 0, phases


@pytest.mark.parametrize("anew", ["anew", "update"])
def test_a_build_killed_before_some_of_its_steps_goes_on_where_it_was(anew):
    with quick_folder() as folder:
        found = run_beside_the_tests(AT_STEPS, folder, "segments", anew, "13")
    assert found["kills"] > 4
    assert found["most_embedded"] <= found["needed"] + 2 * A_FLUSH


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("anew", ["anew", "update"])
@pytest.mark.parametrize("kind", ["usual", "segments", "coded", "lists"])
def test_fifty_kills_of_every_kind_of_build(kind, anew):
    phases = kill_at_random(kind, anew, 50, 1917, timeout=3500)
    assert min(phases["reading"] + phases["embedding"], phases["writing"]) > 0, phases


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("anew", ["anew", "update"])
@pytest.mark.parametrize("kind", ["usual", "segments", "coded", "lists"])
def test_a_build_killed_before_any_of_its_steps_goes_on_where_it_was(kind, anew):
    with quick_folder() as folder:
        found = run_beside_the_tests(AT_STEPS, folder, kind, anew, "1", timeout=3500)
    say(f"{kind}, {anew}: {found}")
    assert found["kills"] > 40
    assert found["most_embedded"] <= found["needed"] + 2 * A_FLUSH
