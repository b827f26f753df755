"""Files that break their reader for real, in a real child process."""

import gc
import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from datetime import date

import pytest

from askoctober.corpus import isolation
from askoctober.corpus.documents import Document, Failure
from askoctober.corpus.frames import pack, read_frame, unpack, write_frame
from askoctober.corpus.isolation import read_isolated
from askoctober.errors import CorpusError

READER = """
import ctypes, os, signal, socket, subprocess, sys, time
from askoctober.corpus.documents import Document, Failure
from askoctober.errors import CorpusError

def read(source):
    order = source.stream.read().decode().split()
    for word in order:
        if word == "hang":
            time.sleep(60)
        elif word == "spin":
            while True: pass
        elif word == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif word == "exit":
            os._exit(7)
        elif word == "hog":
            bytearray(3 << 30)
        elif word == "nibble":
            held = []
            while True: held.append("x" * (1 << 20))
        elif word == "print":
            print("noise", flush=True); os.write(1, b"noise"); os.write(2, b"noise"); ctypes.CDLL(None).puts(b"noise")
        elif word == "listen":
            yield Document(repr(sys.stdin.read()), {})
        elif word == "network":
            socket.create_connection(("127.0.0.1", 9))
        elif word == "program":
            subprocess.run(["true"])
        elif word == "bug":
            [][1]
        elif word == "long":
            raise ValueError("two\\nlines " + "x" * 1000)
        elif word == "ours":
            raise CorpusError("is not to our liking; change it.")
        elif word == "missing":
            import no_such_library
        elif word == "part":
            yield Failure("part-2", "is bad; mend it.")
        elif word == "slow":
            time.sleep(0.3); yield Document("slow", {})
        elif word == "endless":
            yield Document("x" * 20_000_001, {}, part="7")
        elif word == "big":
            yield Document("é" * 3_000_000, {})
        elif word == "pid":
            yield Document(str(os.getpid()), {}, extra={"settings": repr(dict(source.settings)), "path": source.path})
        elif word == "core":
            import resource
            yield Document(repr(resource.getrlimit(resource.RLIMIT_CORE)), {})
        else:
            yield Document(word, {"title": word.upper()}, part=word, pages=(0, 1), extra={"n": "1"})
"""

needs_posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits of this kind are of POSIX systems")


@pytest.fixture(autouse=True)
def workers(tmp_path, monkeypatch):
    isolation.close()  # one that was started before would not find the module
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "breaking_reader.py").write_text(READER)
    monkeypatch.syspath_prepend(folder)
    yield
    isolation.close()
    assert not isolation._alive and not isolation._idle
    gc.collect()  # a pipe or process that was left open warns, and a warning is an error


@pytest.fixture
def read(tmp_path):
    def read(order, settings=None, seconds=None):
        location = tmp_path / f"{order.replace(' ', '-')}.bin"
        location.write_text(order)
        return read_isolated(location.name, location, settings or {}, reader="breaking_reader", seconds=seconds)

    return read


def pid(read):
    [document] = read("pid")
    return int(document.text)


def ended(number):
    """Whether a process has ended and was waited for, so that not even a zombie is left."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    return False


def test_documents_arrive_as_the_reader_gave_them_and_one_child_reads_many_files(read):
    documents = list(read("a part b", {"date": date(1917, 11, 7), "columns": {"text": ["x"]}}))
    a = Document("a", {"title": "A"}, "a", (0, 1), {"n": "1"})
    b = Document("b", {"title": "B"}, "b", (0, 1), {"n": "1"})
    assert documents == [a, Failure("part-2", "is bad; mend it."), b]
    first = pid(read)
    [document] = read("pid", {"date": date(1917, 11, 7), "columns": {"text": ["x"]}})
    assert document.text == str(first)
    assert document.extra == {
        "settings": "{'date': '1917-11-07', 'columns': {'text': ['x']}}",
        "path": "pid.bin",
    }
    assert list(read("")) == []
    assert list(read("endless")) == [Failure("7", "is longer than 20,000,000 characters; split it into its articles.")]
    [big] = read("big")
    assert big.text == "é" * 3_000_000


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("ours", r"is not to our liking; change it\.$"),
        ("bug", r"cannot be read as its format \(IndexError: list index out of range\); save it again"),
        ("long", r"cannot be read as its format \(ValueError: two lines x{190}\); save it again"),
        ("missing", r'no_such_library is not installed; pip install "askoctober\[formats\]"$'),
        ("network", r"PermissionError: a reader may not call socket\."),
        ("program", r"PermissionError: a reader may not call subprocess\.Popen"),
    ],
)
def test_errors_are_reasons_and_the_child_goes_on(read, order, reason):
    first = pid(read)
    items = read(f"a {order}")
    assert next(items).text == "a"
    with pytest.raises(CorpusError, match=reason) as caught:
        next(items)
    assert "\n" not in str(caught.value)
    assert pid(read) == first


@needs_posix
@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("crash", r"made its reader fail \(signal 11\); split it, or remove it\.$"),
        ("exit", r"made its reader fail \(exit status 7\); split it, or remove it\.$"),
    ],
)
def test_a_child_that_dies_is_replaced(read, order, reason):
    first = pid(read)
    items = read(f"a b {order}")
    assert [next(items).text, next(items).text] == ["a", "b"]
    with pytest.raises(CorpusError, match=reason):
        next(items)
    assert ended(first)
    assert pid(read) != first


@needs_posix
@pytest.mark.parametrize("order", ["hang", "spin"])
def test_a_child_that_hangs_is_killed(read, order):
    first = pid(read)
    items = read(f"a {order}", seconds=0.5)
    assert next(items).text == "a"
    began = time.monotonic()
    with pytest.raises(CorpusError, match=r"^took longer than 2 s to read; split it, or remove it\.$"):
        next(items)
    assert time.monotonic() - began < 10
    assert ended(first)
    assert pid(read) != first


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems may not limit memory")
@pytest.mark.parametrize("order", ["hog", "nibble"])
def test_memory_is_limited(read, order):
    with pytest.raises(CorpusError, match=r"^needs more memory to read than it may take; split it, or remove it\.$"):
        list(read(f"a {order}"))
    assert [document.text for document in read("b")] == ["b"]


@needs_posix
def test_a_child_that_grew_is_replaced(read, monkeypatch):
    first = pid(read)
    monkeypatch.setattr(isolation, "FILES_A_WORKER", 1)
    assert list(read("")) == []
    assert ended(first)


def test_what_is_printed_breaks_no_message_and_the_pipe_to_the_parent_is_not_in_reach(read):
    assert [document.text for document in read("print a print b listen")] == ["a", "b", "''"]


@needs_posix
def test_no_core_is_dumped(read):
    [document] = read("core")
    assert document.text.startswith("(0, ")


def test_time_counts_the_childs_work_alone(read):
    items = read("slow slow", seconds=1)
    assert next(items).text == "slow"
    time.sleep(2.5)
    assert next(items).text == "slow"
    assert list(items) == []


def test_a_file_that_is_given_up_half_way_makes_room_for_the_next(read):
    first = pid(read)
    items = read("a b c")
    next(items)
    items.close()
    assert [document.text for document in read("d")] == ["d"]
    assert pid(read) == first


def test_files_that_are_read_at_once_have_a_child_each(read):
    one, two, three = read("a pid"), read("b pid"), read("c pid")
    assert [next(items).text for items in (one, two, three)] == ["a", "b", "c"]
    pids = {next(items).text for items in (one, two, three)}
    assert len(pids) == 3
    assert [list(items) for items in (one, two, three)] == [[], [], []]
    assert len(isolation._idle) == isolation.IDLE_WORKERS == len(isolation._alive)


def test_several_threads(read):
    found = {}

    def work(name):
        found[name] = [[document.text for document in read(f"{name} {row} end")] for row in range(20)]

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {name: [[name, str(row), "end"] for row in range(20)] for name in "abcd"}


@needs_posix
def test_a_child_that_died_between_two_files_is_replaced(read):
    first = pid(read)
    os.kill(first, signal.SIGKILL)
    time.sleep(0.2)
    assert pid(read) != first


FORKED = """
    import os
    from pathlib import Path
    from askoctober.corpus import isolation

    def read():
        return isolation.read_isolated("x", Path({location!r}), {{}}, reader="breaking_reader")

    first = read()
    mine = next(first).text
    if not (fork := os.fork()):
        theirs = next(read()).text
        del first
        os._exit(0 if theirs != mine else 1)
    print(os.waitpid(fork, 0)[1], next(first).text, len(isolation._alive))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
def test_a_fork_has_children_of_its_own(tmp_path):
    location = tmp_path / "x"
    location.write_text("pid a")
    code = textwrap.dedent(FORKED).format(location=str(location))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "modules"), *filter(None, sys.path)])}
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=60)
    assert (done.stdout, done.stderr) == ("0 a 1\n", "")


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(CorpusError, match=r"^cannot be read \(No such file or directory\); correct its permissions"):
        list(read_isolated("a.pdf", tmp_path / "a.pdf", {}))


def test_a_child_that_does_not_start_is_told(read, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(CorpusError, match=r"^has no process to be read in \(No such file or directory\)"):
        list(read("a"))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CorpusError, match=r"^has no process to be read in \(it did not start: exit status 1\)"):
        list(read("a"))


SCRIPT = """
    import os, sys
    from pathlib import Path
    from askoctober.corpus import isolation
    items = isolation.read_isolated("x", Path({location!r}), {{}}, reader="breaking_reader")
    print(next(items).text, flush=True)
    {then}
"""


@needs_posix
@pytest.mark.parametrize("then", ["", "os._exit(0)", "next(items)"])
def test_the_parents_end_ends_the_child(tmp_path, then):
    """At its exit, when it dies, and when it is killed while the child works."""
    location = tmp_path / "x"
    location.write_text("pid spin")
    code = textwrap.dedent(SCRIPT).format(location=str(location), then=then)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "modules"), *filter(None, sys.path)])}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        child = int(parent.stdout.readline())
        if "next" in then:
            time.sleep(0.5)
            parent.kill()
    deadline = time.monotonic() + 20
    while not (gone := _gone(child)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone


def _gone(number):
    """Whether a process that is not ours has ended; one that nobody waits for counts as ended."""
    try:
        with open(f"/proc/{number}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return ended(number)


@pytest.mark.parametrize(
    "data", [b"", b"\0\0", b"\0\0\0\0", b"\0\0\0\5{}", b"\0\0\0\2[]", b"\0\0\0\2{{", b"\xff\xff\xff\xff{}"]
)
def test_what_is_no_message_is_the_end(data):
    assert read_frame(io.BytesIO(data)) is None


def test_messages_carry_lone_surrogates_and_check_their_types():
    stream = io.BytesIO()
    document = Document("a\ud800b", {"title": "\udfff"}, "p", (0, 2), {"k": "v"})
    write_frame(stream, pack(document))
    stream.seek(0)
    assert unpack(read_frame(stream)) == document
    for wrong in [{}, {"document": 1}, {"document": ["", [], "", [], {}]}, {"failure": ["a"]}]:
        with pytest.raises(ValueError, match="document|unpack"):
            unpack(wrong)
