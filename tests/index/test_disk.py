import json
import os
import threading
import time

import pytest

from askoctober.errors import IndexFolderError
from askoctober.index.disk import (
    digest_of_text,
    file_digest,
    hold,
    holder,
    replace_durably,
    sync_folder,
    write_durably,
)

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_file_is_moved_into_place(tmp_path):
    (tmp_path / "new").write_bytes(b"abc")
    (tmp_path / "old").write_bytes(b"before")
    replace_durably(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert file_digest(tmp_path / "old") == digest_of_text("abc") == ABC


def test_a_text_takes_the_place_of_another_in_one_step(tmp_path):
    for text in ("first\n", "zweitens: ü\n"):
        write_durably(tmp_path / "note.json", text)
        assert (tmp_path / "note.json").read_bytes() == text.encode()
    assert [path.name for path in tmp_path.iterdir()] == ["note.json"]


def test_bytes_are_on_the_disk_before_the_name_is(tmp_path, monkeypatch):
    steps = []
    monkeypatch.setattr(os, "fsync", lambda handle: steps.append("sync"))
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: steps.append("replace") or replace(old, new))
    write_durably(tmp_path / "a", "text")
    assert steps == (["sync", "replace", "sync"] if os.name == "posix" else ["sync", "replace"])
    steps.clear()
    sync_folder(tmp_path)
    assert steps == (["sync"] if os.name == "posix" else [])


def test_whoever_waits_is_told_for_whom_and_goes_on_then(tmp_path):
    lock, note = tmp_path / ".lock", tmp_path / ".lock.json"
    told, order = [], []
    ready = threading.Event()

    def first() -> None:
        with hold(lock, note):
            ready.set()
            time.sleep(0.5)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    ready.wait()
    with hold(lock, note, tell=told.append):
        order.append("second")
        assert holder(note).startswith(f"process {os.getpid()} on ")
    thread.join()
    assert order == ["first", "second"]
    assert len(told) == 1
    assert told[0].startswith(f"waiting for process {os.getpid()} on ")
    assert told[0].endswith(f", which builds {tmp_path}")
    assert not note.exists()


def test_after_a_while_waiting_ends_with_who_it_is(tmp_path):
    lock, note = tmp_path / ".lock", tmp_path / ".lock.json"
    with (
        hold(lock, note),
        pytest.raises(IndexFolderError, match=rf"^process {os.getpid()} on .* has been building .*; wait for it, or"),
        hold(lock, note, wait=0),
    ):
        pass
    with hold(lock, note, wait=0):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": "x", "host": 1, "since": 2}', "null"])
def test_a_note_that_cannot_be_read_names_nobody(tmp_path, text):
    (tmp_path / "note").write_text(text)
    assert holder(tmp_path / "note") == ""
    assert holder(tmp_path / "none") == ""
    (tmp_path / "note").write_text(json.dumps({"pid": 7, "host": "h", "since": "then"}))
    assert holder(tmp_path / "note") == "process 7 on 'h' (since then)"


def test_a_note_of_a_process_that_is_gone_holds_nobody_up(tmp_path):
    note = tmp_path / ".lock.json"
    note.write_text(json.dumps({"pid": 1, "host": "h", "since": "then"}))
    with hold(tmp_path / ".lock", note, wait=0):
        assert holder(note).startswith(f"process {os.getpid()} on ")
    assert not note.exists()
