"""Two builds on one folder, builds beside readers, and what a dead holder leaves."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from askoctober.building import build
from askoctober.errors import IndexFolderError
from askoctober.index import IndexWriter, LocalStore
from askoctober.index.format import HOLDER
from breaking import run_beside_the_tests, say
from encoders import HashEncoder
from shelves import build_from, config_of

HOLDING = """
import sys
from pathlib import Path
from askoctober.index.disk import hold
from askoctober.index.format import HOLDER, LOCK
folder = Path(sys.argv[1])
with hold(folder / LOCK, folder / HOLDER):
    print("held", flush=True)
    sys.stdin.read()
"""
SHARING = "import sys, sharing; sharing.share(*sys.argv[1:])"


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds an index until its input ends."""
    build_from(tmp_path, {"a.md": "A bee."})
    command = [sys.executable, "-c", HOLDING, str(tmp_path / "index")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_says_for_whom_it_waits_and_gives_up_in_time(tmp_path, holder):
    told = []
    began = time.perf_counter()
    who = rf"process {holder.pid} on '.*' \(since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\)"
    with (
        pytest.raises(
            IndexFolderError, match=rf"^{who} has been building .* for longer than 1 s; wait for it, or stop"
        ),
        IndexWriter.open(tmp_path / "index", {}, wait=1, tell=told.append),
    ):
        pass
    assert 1 <= time.perf_counter() - began < 20
    assert len(told) == 1
    assert told[0].startswith(f"waiting for process {holder.pid} on ")
    assert told[0].endswith(f"), which builds {tmp_path / 'index'}")


def test_a_build_waits_until_the_other_one_is_done(tmp_path, holder):
    told, done = [], []
    (tmp_path / "corpus" / "b.md").write_text("A second bee.")
    work = threading.Thread(
        target=lambda: done.append(build(config_of(tmp_path), encoder=HashEncoder(), tell=told.append))
    )
    work.start()
    while not told:
        time.sleep(0.05)
    assert not done
    reader = LocalStore.open(tmp_path / "index")  # which waits for nobody
    assert [article.text for article in reader.articles()] == ["A bee."]
    reader.close()
    holder.communicate()
    work.join(60)
    assert [report.articles for report in done] == [2]


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_holder_that_was_killed_leaves_no_lock(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    note = tmp_path / "index" / HOLDER
    assert str(holder.pid) in note.read_text()
    told = []
    with IndexWriter.open(tmp_path / "index", {}, wait=0, tell=told.append):
        assert str(os.getpid()) in note.read_text()
    assert told == []
    assert not note.exists()


@pytest.mark.parametrize("note", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1, "host": "\\ud800", "since": []}'])
def test_a_note_that_cannot_be_read_is_another_process(tmp_path, holder, note):
    (tmp_path / "index" / HOLDER).write_text(note)
    with (
        pytest.raises(IndexFolderError, match="^(another process|process 1 on .*) has been building .*; wait for it"),
        IndexWriter.open(tmp_path / "index", {}, wait=0),
    ):
        pass


def share(folder: Path, readers: int, rounds: int) -> None:
    found = run_beside_the_tests(SHARING, str(folder), str(readers), str(rounds))
    say(f"{readers} readers, {rounds} updates: opened {found['opened']} times")
    assert found["ended"] == [0] * readers
    assert min(found["opened"]) > 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_whoever_reads_meanwhile_finds_one_generation(tmp_path):
    share(tmp_path, 2, 12)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_whoever_reads_for_long_finds_one_generation(tmp_path):
    share(tmp_path, 4, 300)
