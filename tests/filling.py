"""Builds on a disk that is full: a small one of its own where that can be mounted, else files have a limit."""

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from askoctober.errors import IndexFolderError
from breaking import (
    KINDS,
    Witness,
    build_watched,
    fork,
    held,
    make_index,
    new_shelf,
    old_shelf,
    say,
    thresholds,
    update_index,
    wait_for,
)
from shelves import write_files

MEGABYTES = 24
EXPECTED = ("The index cannot be written to ", "free some space or choose another folder with --index.")


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small file system on a folder; yield whether that could be done."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "none", str(folder)]
    folder.mkdir(exist_ok=True)
    mounted = (
        sys.platform == "linux" and os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def try_to_build(root: Path, index: Path, witness: Witness, limit: int | None) -> None:
    """Build where that may fail for want of space; end with status 3 where it said so as it should."""
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        build_watched(root, witness, index)
    except IndexFolderError as error:
        text = str(error)
        assert text.startswith(EXPECTED[0] + str(index)) and text.endswith(EXPECTED[1]) and "\n" not in text, text
        os._exit(3)


def fill(work: str, kind: str, anew: str, steps: str) -> None:
    """Update an index with ever more space left, and again with enough; print how often there was too little."""
    root = Path(work)
    index = root / "disk" / "index"
    witness = Witness()
    with thresholds(**KINDS[kind]), small_disk(root / "disk") as mounted:
        make_index(root, old_shelf(), steps=3)
        shutil.copytree(root / "index", root / "kept")
        write_files(root / "corpus", new_shelf())
        update_index(root)
        new, old = held(root / "index"), held(root / "kept") if anew == "update" else None
        needed = sum(path.stat().st_size for path in (root / "index").rglob("*")) * 3
        largest = max(path.stat().st_size for path in (root / "index").rglob("*")) * 3
        ended: Counter[str] = Counter()
        most = 0
        for step in range(int(steps)):
            shutil.rmtree(index, ignore_errors=True)
            if anew == "update":
                shutil.copytree(root / "kept", index)
            ballast = root / "disk" / "ballast"
            limit = None
            if mounted:
                space = os.statvfs(root / "disk")
                free = space.f_bavail * space.f_frsize
                with ballast.open("wb") as stream:
                    os.posix_fallocate(stream.fileno(), 0, max(free - needed * step // int(steps), 1))
            else:
                limit = largest * step // int(steps)
            witness.clear()
            status = wait_for(fork(lambda: try_to_build(root, index, witness, limit)))  # noqa: B023
            assert status in (0, 3), f"step {step}: status {status}"
            ended["full" if status else "enough"] += 1
            if status:
                assert held(index) == old, f"step {step}: the old index has changed"
            ballast.unlink(missing_ok=True)
            assert wait_for(fork(lambda: try_to_build(root, index, witness, None))) == 0
            assert held(index) == new, f"step {step}: the next build did not end at the new shelf"
            most = max(most, witness.embedded)
    say(json.dumps({"mounted": mounted, "ended": ended, "most_embedded": most}))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
