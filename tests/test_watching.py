from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from askoctober.building import watching
from askoctober.building.watching import is_remote, is_wanted, watch

QUIET = 0.3
PATIENCE = 15.0


class Watched:
    """What a watch has given so far, from a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.batches: list[frozenset[str]] = []
        self.stop = threading.Event()
        self.failed: BaseException | None = None
        self.thread = threading.Thread(target=self._run, args=(folder,))

    def _run(self, folder: Path) -> None:
        try:
            for batch in watch(folder, self.stop, quiet=QUIET):
                self.batches.append(batch)
        except BaseException as error:
            self.failed = error

    @property
    def names(self) -> set[str]:
        return set().union(*self.batches)

    def wait(self, ready: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not ready() and time.monotonic() < until:
            assert self.failed is None
            time.sleep(0.02)
        assert ready(), self.batches


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """A watch that has begun to notice: a file is altered until it is seen."""
    given = Watched(folder)
    given.thread.start()
    try:
        probe = folder / "probe"
        until = time.monotonic() + PATIENCE
        while not given.batches and time.monotonic() < until:
            probe.write_text(str(time.monotonic()))
            time.sleep(2 * QUIET)
        time.sleep(2 * QUIET)
        assert given.names == {"probe"}
        given.batches.clear()
        yield given
    finally:
        given.stop.set()
        given.thread.join(PATIENCE)
    assert not given.thread.is_alive()
    assert given.failed is None


@pytest.fixture(params=["notices", "polling"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "polling":
        monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "true")
        monkeypatch.setenv("WATCHFILES_POLL_DELAY_MS", "50")
    return request.param


def test_added_altered_removed_and_renamed(tmp_path: Path, kind: str) -> None:
    for name in ("altered.md", "removed.md", "renamed.md", "same.md"):
        (tmp_path / name).write_text("One.")
    with watched(tmp_path) as given:
        (tmp_path / "added.md").write_text("Two.")
        (tmp_path / "altered.md").write_text("Three and more.")
        (tmp_path / "removed.md").unlink()
        (tmp_path / "renamed.md").rename(tmp_path / "named.md")
        expected = {"added.md", "altered.md", "removed.md", "renamed.md", "named.md"}
        given.wait(lambda: given.names >= expected)
        assert given.names == expected


def test_folders_bring_and_take_their_files(tmp_path: Path, kind: str) -> None:
    shelf, outside = tmp_path / "shelf", tmp_path / "outside"
    shelf.mkdir()
    (outside / "deep" / "er").mkdir(parents=True)
    (outside / "a.md").write_text("A.")
    (outside / "deep" / "er" / "b.md").write_text("B.")
    with watched(shelf) as given:
        outside.rename(shelf / "in")
        given.wait(lambda: given.names == {"in/a.md", "in/deep/er/b.md"})
        given.batches.clear()
        (shelf / "in" / "deep").rename(shelf / "in" / "far")
        given.wait(lambda: given.names == {"in/deep/er/b.md", "in/far/er/b.md"})
        given.batches.clear()
        (shelf / "in").rename(tmp_path / "out")
        given.wait(lambda: given.names == {"in/a.md", "in/far/er/b.md"})


def test_a_storm_of_saves_is_one_batch(tmp_path: Path) -> None:
    with watched(tmp_path) as given:
        for turn in range(20):
            (tmp_path / "draft.md.tmp").write_text(f"Turn {turn}.")
            os.replace(tmp_path / "draft.md.tmp", tmp_path / "essay.md")
            (tmp_path / "notes.md").write_text(f"Turn {turn}.")
            time.sleep(QUIET / 6)
        given.wait(lambda: bool(given.batches))
        time.sleep(3 * QUIET)
        assert given.batches == [frozenset({"essay.md", "notes.md"})]


def test_constant_change_is_not_waited_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LONGEST_DELAY", 1.0)
    with watched(tmp_path) as given:
        began = time.monotonic()
        while not given.batches and time.monotonic() < began + PATIENCE:
            (tmp_path / "log.txt").write_text(str(time.monotonic()))
            time.sleep(QUIET / 6)
        assert given.batches == [frozenset({"log.txt"})]
        assert 0.9 < time.monotonic() - began < 5


def test_hidden_and_unfinished_names_are_passed_over(tmp_path: Path) -> None:
    names = [".hidden.md", ".git/a.md", "a.md~", "#a.md#", "~$a.docx", "a.md.swp.part", "a.CRDOWNLOAD", "b.tmp/a.md"]
    with watched(tmp_path) as given:
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("One.")
        (tmp_path / "last.md").write_text("Two.")
        given.wait(lambda: bool(given.batches))
        time.sleep(2 * QUIET)
        assert given.names == {"last.md"}
    assert [is_wanted(name) for name in ("a.md", "a.draft", "draft.md", "C#.md")] == [True, False, True, True]


def test_a_folder_that_comes_back_says_what_is_different(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for name in ("same.md", "altered.md", "removed.md"):
        (shelf / name).write_text("One.")
    with watched(shelf) as given:
        shelf.rename(tmp_path / "away")
        time.sleep(3 * QUIET)
        assert given.batches == []
        (tmp_path / "away" / "altered.md").write_text("Altered.")
        (tmp_path / "away" / "removed.md").unlink()
        (tmp_path / "away" / "added.md").write_text("Two.")
        (tmp_path / "away").rename(shelf)
        given.wait(lambda: bool(given.batches))
        assert given.names == {"altered.md", "removed.md", "added.md"}
        given.batches.clear()
        (shelf / "same.md").write_text("No longer.")
        given.wait(lambda: given.names == {"same.md"})


def test_what_changes_between_the_call_and_the_first_look_is_told(tmp_path: Path) -> None:
    (tmp_path / "same.md").write_text("One.")
    batches = watch(tmp_path, quiet=QUIET)
    (tmp_path / "a.md").write_text("One.")
    assert next(batches) == {"a.md"}
    (tmp_path / "b.md").write_text("One.")
    assert next(batches) == {"b.md"}


def test_a_change_that_waits_is_told_after_the_folder_is_back(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with watched(shelf) as given:
        (shelf / "a.md").write_text("One.")
        time.sleep(QUIET / 3)
        shelf.rename(tmp_path / "away")
        time.sleep(3 * QUIET)
        (tmp_path / "away").rename(shelf)
        given.wait(lambda: given.names == {"a.md"})


def test_a_folder_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    given = Watched(tmp_path / "later")
    given.thread.start()
    time.sleep(QUIET)
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "a.md").write_text("One.")
    given.wait(lambda: given.names == {"a.md"})
    given.stop.set()
    given.thread.join(PATIENCE)
    assert not given.thread.is_alive()
    assert given.failed is None


def test_a_stop_ends_at_once(tmp_path: Path) -> None:
    with watched(tmp_path) as given:
        began = time.monotonic()
        given.stop.set()
        given.thread.join(PATIENCE)
        assert time.monotonic() - began < 2
    stopped = threading.Event()
    stopped.set()
    assert list(watch(tmp_path, stopped)) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to one process there")
def test_ctrl_c_ends_cleanly(tmp_path: Path) -> None:
    code = (
        "import signal, sys; from pathlib import Path; from askoctober.building.watching import watch\n"
        # A shell that runs the tests in the background has them ignore it, and so would their children.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "for batch in watch(Path(sys.argv[1]), quiet=0.1): print(*batch, flush=True)\n"
        "print('ended')"
    )
    run = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout is not None
    writing = threading.Event()

    def write() -> None:
        while not writing.wait(0.5):
            (tmp_path / "a.md").write_text(str(time.monotonic()))

    thread = threading.Thread(target=write)
    thread.start()
    assert run.stdout.readline() == b"a.md\n"
    writing.set()
    thread.join()
    # By then it waits for the next batch; while it prints one, Ctrl-C is for the one who prints.
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    try:
        out, err = run.communicate(timeout=PATIENCE)
    finally:
        run.kill()
    assert (run.returncode, out.split()[-1:], err.decode()) == (0, [b"ended"], "")


def test_where_the_system_has_no_watches_left_it_polls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import watchfiles

    real, asked = watchfiles.watch, []

    def scarce(*paths: Path, force_polling: bool | None, **settings: object) -> Iterator[object]:
        asked.append(force_polling)
        if not force_polling:
            raise OSError("OS file watch limit reached.")
        return real(*paths, force_polling=force_polling, **settings)

    monkeypatch.setattr(watchfiles, "watch", scarce)
    monkeypatch.setenv("WATCHFILES_POLL_DELAY_MS", "50")
    with watched(tmp_path) as given:
        (tmp_path / "a.md").write_text("One.")
        given.wait(lambda: given.names == {"a.md"})
    assert asked == [None, True]


def test_file_systems_without_notices_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHFILES_FORCE_POLLING", raising=False)
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\nserver:/x /net nfs4 rw 0 0\n//server/x /net/my\\040share cifs rw 0 0\n"
        "/dev/sdb1 /net/local ext4 rw 0 0\nsshfs /far fuse.sshfs rw 0 0\nover /net/local ext4 rw 0 0\n"
    )
    found = {
        name: is_remote(Path(name), mounts) for name in ("/home", "/net/a", "/net/my share", "/net/local/a", "/far")
    }
    assert found == {"/home": False, "/net/a": True, "/net/my share": True, "/net/local/a": False, "/far": True}
    assert is_remote(Path("/net/a"), tmp_path / "none") is False
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "false")
    assert is_remote(Path("/net/a"), mounts) is False
