"""Builds that are killed: at random instants, and right before each step that changes the folder."""

import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

from askoctober.index import partial, writing
from breaking import (
    KINDS,
    Witness,
    build_watched,
    fork,
    held,
    kill_after,
    make_index,
    new_shelf,
    old_shelf,
    say,
    thresholds,
    wait_for,
    wait_until,
)
from shelves import write_files


class Scene:
    """An old index and a new shelf, to be met again and again; or no index at all, where it is made `anew`."""

    def __init__(self, root: Path, kind: str, *, anew: bool) -> None:
        self.root = root
        self.witness = Witness()
        articles = 60 if kind == "lists" else 12
        self._kept = root / "kept"
        make_index(root, old_shelf(articles), steps=4)
        self.old = None if anew else held(root / "index")
        if anew:
            shutil.rmtree(root / "index")
            (root / "index").mkdir()
        shutil.copytree(root / "index", self._kept)
        write_files(root / "corpus", new_shelf(articles))
        self.witness.clear()
        began = time.perf_counter()
        child = self.start()
        wait_until(child, lambda: self.witness.phase == "writing")
        self.writing_seconds = -time.perf_counter()
        assert wait_for(child) == 0
        self.writing_seconds += time.perf_counter()
        self.seconds = time.perf_counter() - began
        self.needed = self.witness.embedded
        self.new = held(root / "index")

    def reset(self) -> None:
        """Put the old index back."""
        shutil.rmtree(self.root / "index")
        shutil.copytree(self._kept, self.root / "index")

    def start(self, before: Callable[[], None] | None = None) -> int:
        """Start the update in a child."""
        self.witness.phase = "starting"

        def work() -> None:
            if before:
                before()
            build_watched(self.root, self.witness)

        return fork(work)

    def check(self) -> bool:
        """Check that the index is the old one or the new one, whole; return whether it is the new one."""
        found = held(self.root / "index")
        assert found in (self.old, self.new), _difference(found, self.old, self.new)
        return found == self.new


def _difference(found: Any, old: Any, new: Any) -> str:
    found, old, new = (set(part or ()) for part in (found, old, new))
    return f"neither the old nor the new: {sorted(found ^ new)} beside the new, {sorted(found ^ old)} beside the old"


def at_random(root: str, kind: str, anew: str, kills: str, seed: str) -> None:
    """Kill updates at random instants until so many were caught at work; print what they were doing."""
    random.seed(int(seed))
    with thresholds(**KINDS[kind]):
        scene = Scene(Path(root), kind, anew=anew == "anew")
        phases: Counter[str] = Counter()
        worst = 0.0
        while phases.total() - phases["done"] < int(kills):
            scene.reset()
            scene.witness.clear()
            killed = 0
            while True:
                child = scene.start()
                if random.random() < 0.5:
                    wait_until(child, lambda: scene.witness.phase in ("writing", "done"))
                    caught = kill_after(child, random.uniform(0, scene.writing_seconds))
                else:
                    caught = kill_after(child, random.uniform(0, scene.seconds))
                phases[scene.witness.phase] += 1
                killed += caught
                scene.check()
                if not caught or scene.witness.phase == "done" or killed > 12:
                    break
            assert wait_for(scene.start()) == 0
            assert scene.check(), "the build after the kills did not end at the new shelf"
            again = scene.witness.embedded - scene.needed
            worst = max(worst, again / max(killed, 1))
            left = [path.name for path in (scene.root / "index").iterdir() if path.name == "building"]
            assert not left, left
    say(json.dumps({"phases": phases, "needed": scene.needed, "again_a_kill": worst}))


EARLY = 8
"""Steps within which a build that goes on is killed again."""
STEPS = ((os, "fsync"), (os, "replace"), (os, "unlink"), (os, "rmdir"), (os, "mkdir"))


def at_steps(root: str, kind: str, anew: str, stride: str) -> None:
    """Kill an update before one step after another, and what goes on from there early too; print how many kills.

    The second kill comes before one of the first steps, in turn: taking up what was made must not put it at risk.
    """
    with thresholds(**KINDS[kind]):
        scene = Scene(Path(root), kind, anew=anew == "anew")
        embedded = []
        for number in count(1, int(stride)):
            scene.reset()
            scene.witness.clear()
            status = wait_for(scene.start(lambda: _die_at(number)))  # noqa: B023
            if status == 0:
                break
            assert status == -signal.SIGKILL, status
            try:
                scene.check()
                assert wait_for(scene.start(lambda: _die_at(1 + number % EARLY))) in (0, -signal.SIGKILL)  # noqa: B023
                scene.check()
                assert wait_for(scene.start()) == 0
                assert scene.check(), "the next build did not end at the new shelf"
            except AssertionError as error:
                raise AssertionError(f"killed before step {number}: {error}") from error
            embedded.append(scene.witness.embedded)
    say(json.dumps({"kills": len(embedded), "needed": scene.needed, "most_embedded": max(embedded)}))


def _die_at(number: int) -> None:
    steps = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **more)

        return call

    for module, name in STEPS:
        mock.patch.object(module, name, counted(getattr(module, name))).start()
    for owner, name in ((partial.Partial, "_note"), (partial.Partial, "_tidy"), (writing.IndexWriter, "close")):
        mock.patch.object(owner, name, counted(getattr(owner, name))).start()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
