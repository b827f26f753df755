"""Builds by actors of Ray: the index is that of a local build, also where an actor is killed half-way."""

import dataclasses
import json
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import psutil
import pytest

from askoctober.building import Report, build, updating
from askoctober.building.entries import Draft, LocalEmbed
from askoctober.building.on_ray import RayEmbed
from askoctober.building.on_ray.cluster import ADDRESS, ALONE, TOKEN, connect, import_ray, share
from askoctober.building.on_ray.embedding import RETRIES
from askoctober.cli import loading, main
from askoctober.config import Config
from askoctober.embedding import SentenceEncoder
from askoctober.errors import ConfigError, ModelError
from askoctober.index import Entry, LocalStore
from askoctober.index.segment import DamagedError
from askoctober.index.writing import IndexWriter
from askoctober.retrieval import Retriever
from askoctober.types import Article, FloatArray
from breaking import article, held, new_shelf, old_shelf
from cli_fakes import REPORT
from encoders import HashEncoder
from shelves import config_of, write_files

QUESTIONS = ["kalo miru", "seta vozi", "pedun", "garhel kaka"]


class MortalEncoder(HashEncoder):
    """One whose process is killed when it is given a certain sentence, until that has happened so many times."""

    def __init__(self, fatal: str, deaths: Path, most: int) -> None:
        super().__init__()
        self._fatal, self._deaths, self._most = fatal, deaths, most

    def encode_tokens(self, texts: Sequence[str]) -> tuple[FloatArray, list[FloatArray]]:
        if any(self._fatal in text for text in texts) and len(list(self._deaths.iterdir())) < self._most:
            (self._deaths / str(os.getpid())).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode_tokens(texts)


class SlowEncoder(HashEncoder):
    """One that is still at work when what it was given is not wanted any more."""

    def encode_tokens(self, texts: Sequence[str]) -> tuple[FloatArray, list[FloatArray]]:
        time.sleep(0.5)
        return super().encode_tokens(texts)


def no_encoder() -> HashEncoder:
    raise ModelError("The model is not here; run `askoctober models pull all-MiniLM-L6-v2`.")


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A Ray of two processors, which the builds find there and leave there; its processes import what lies here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
        for name, value in ALONE.items():
            patch.setenv(name, value)
        os.environ.setdefault(TOKEN, secrets.token_hex(32))  # a process has one token for good
        import ray

        alone: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
        ray.init(address="local", num_cpus=2, object_store_memory=100_000_000, **alone)
        yield
        ray.shutdown()


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three or four articles a group."""
    monkeypatch.setattr(updating, "AT_ONCE", 1800)


def build_on_ray(config: Config, load: Any = HashEncoder, actors: int = 2) -> Report:
    with RayEmbed(dataclasses.replace(config, ray_actors=actors), HashEncoder(), load) as embed:
        return build(config, encoder=HashEncoder(), embed=embed)


def build_both(folder: Path, files: dict[str, str], load: Any = HashEncoder) -> tuple[Report, Report]:
    """Bring two indexes of the same shelf up to date, locally and on Ray."""
    write_files(folder / "corpus", files)
    local = build(config_of(folder, index=folder / "local"), encoder=HashEncoder())
    return local, build_on_ray(config_of(folder, index=folder / "ray"), load)


def draft(name: str) -> Draft:
    """An article on its way into an index."""
    return Draft(Article(id=name, title=name, path=f"{name}.md", text=article(name)), name, f"{name}.md")


def ignore(done: int, total: int) -> None:
    """Take no interest in how far it is."""


def manifest(index: Path) -> Any:
    return json.loads((index / "manifest.json").read_text())


def found(index: Path) -> list[list[tuple[str, float]]]:
    store = LocalStore.open(index)
    retriever = Retriever(store, HashEncoder())
    hits = [[(hit.chunk.id, hit.score) for hit in retriever.search(question, 5)] for question in QUESTIONS]
    store.close()
    return hits


def counts(report: Report) -> Report:
    return dataclasses.replace(report, seconds=0)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Processor threads as an actor has them: products of matrices are added up in the same order."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# First, before there is a Ray that it would find.
def test_a_ray_of_its_own_embeds_alike_and_listens_to_this_machine_alone(
    tmp_path: Path, encoder: SentenceEncoder, one_thread: None
) -> None:
    write_files(tmp_path / "corpus", old_shelf(12))
    build(config_of(tmp_path, index=tmp_path / "local"), encoder=encoder)
    told: list[tuple[int, int]] = []
    heard: set[str] = set()

    def progress(label: str, done: int, total: int) -> None:
        if label == "embedding" and sys.modules["ray"].is_initialized():
            told.append((done, total))
            for process in psutil.Process().children(recursive=True):
                held = process.net_connections("tcp")
                heard.update(place.laddr.ip for place in held if place.status == psutil.CONN_LISTEN)

    config = config_of(tmp_path, index=tmp_path / "ray", embed="ray", ray_actors=1)
    report = build(config, encoder=encoder, progress=progress)
    assert report.embedded == 12
    assert manifest(tmp_path / "local") == manifest(tmp_path / "ray")
    # A first group of three articles is embedded here; of the others it is told how many are done.
    assert told[:3] == [(0, 6), (3, 6), (6, 6)]
    assert heard and heard <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert not sys.modules["ray"].is_initialized()
    assert not [child for child in psutil.Process().children(recursive=True) if "ray" in child.name()]


def test_the_index_is_that_of_a_local_build_to_the_byte(tmp_path: Path, cluster: None) -> None:
    files = old_shelf(40) | {"other.md": old_shelf(40)["a30.md"], "empty.md": ""}
    local, ray = build_both(tmp_path, files)
    assert (local.articles, local.copies, local.embedded) == (40, 2, 40)
    assert counts(local) == counts(ray)
    # The manifest holds the sums of all files.
    assert manifest(tmp_path / "local") == manifest(tmp_path / "ray")
    assert found(tmp_path / "local") == found(tmp_path / "ray") != [[]] * len(QUESTIONS)


def test_an_update_comes_to_what_a_local_one_comes_to(tmp_path: Path, cluster: None) -> None:
    build_both(tmp_path, old_shelf(12))
    more = {f"more{number}.md": article(f"more {number}") for number in range(12)}
    local, ray = build_both(tmp_path, new_shelf(12) | more)
    assert (local.embedded, local.renamed) == (19, 2)
    assert counts(local) == counts(ray)
    assert held(tmp_path / "local") == held(tmp_path / "ray")
    assert found(tmp_path / "local") == found(tmp_path / "ray")


def test_what_is_broken_off_leaves_nothing_to_what_follows(
    tmp_path: Path, cluster: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that finds its index damaged begins anew with other groups, while actors still have the old ones."""
    build_both(tmp_path, old_shelf(30))
    files = {f"b{number:02}.md": article(f"again {number}") for number in range(30)}
    added: list[str] = []
    add = IndexWriter.add

    def break_off(writer: IndexWriter, entry: Entry) -> None:
        added.append(entry.article.path)
        if len(added) == 2:
            raise DamagedError("damaged")
        add(writer, entry)

    write_files(tmp_path / "corpus", old_shelf(30) | files)
    build(config_of(tmp_path, index=tmp_path / "local"), encoder=HashEncoder())
    monkeypatch.setattr(IndexWriter, "add", break_off)
    assert build_on_ray(config_of(tmp_path, index=tmp_path / "ray"), SlowEncoder).embedded == 60
    assert held(tmp_path / "local") == held(tmp_path / "ray")


def test_groups_of_what_was_broken_off_are_not_taken_for_others_of_their_number(tmp_path: Path, cluster: None) -> None:
    """Actors are still at work at them, or their entries wait."""
    config = config_of(tmp_path, ray_actors=2)
    left, wanted = ([[draft(f"{name} {number}")] for number in range(6)] for name in ("left", "wanted"))
    ((_, basis),) = LocalEmbed(HashEncoder(), config.chunk_size)(left[:1], None, ignore)
    with RayEmbed(config, HashEncoder(), SlowEncoder) as embed:
        broken_off = cast("Generator[Any]", embed(left, basis, ignore))
        next(broken_off)
        broken_off.close()
        got = [[entry.article.title for entry in entries] for entries, _ in embed(wanted, basis, ignore)]
    assert got == [[one.article.title for one in group] for group in wanted]


def test_an_actor_that_is_killed_half_way_costs_a_retry(tmp_path: Path, cluster: None) -> None:
    files = old_shelf(30)
    (tmp_path / "deaths").mkdir()
    fatal = files["a20.md"].splitlines()[2].partition(".")[0]
    _, report = build_both(tmp_path, files, partial(MortalEncoder, fatal, tmp_path / "deaths", 2))
    assert len(list((tmp_path / "deaths").iterdir())) == 2
    assert report.embedded == 30
    assert manifest(tmp_path / "local") == manifest(tmp_path / "ray")


def test_what_kills_every_actor_ends_the_build_which_can_be_gone_on_from(tmp_path: Path, cluster: None) -> None:
    files = old_shelf(30)
    (tmp_path / "deaths").mkdir()
    fatal = files["a20.md"].splitlines()[2].partition(".")[0]
    write_files(tmp_path / "corpus", files)
    config = config_of(tmp_path)
    with pytest.raises(ModelError, match="Ray lost its actors .* run the command again"):
        build_on_ray(config, partial(MortalEncoder, fatal, tmp_path / "deaths", 99))
    assert len(list((tmp_path / "deaths").iterdir())) == 1 + RETRIES
    assert held(config.index) is None
    encoder = HashEncoder()
    assert build(config, encoder=encoder).articles == 30
    assert any(fatal in text for text in encoder.seen)
    assert not any(files["a00.md"].splitlines()[2].partition(".")[0] in text for text in encoder.seen)


def test_one_group_is_embedded_without_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RayEmbed, "_start", lambda self: pytest.fail("started"))
    write_files(tmp_path / "corpus", old_shelf(4))
    told: list[tuple[str, int, int]] = []
    with RayEmbed(config_of(tmp_path), HashEncoder(), no_encoder) as embed:
        report = build(
            config_of(tmp_path), encoder=HashEncoder(), embed=embed, progress=lambda *what: told.append(what)
        )
        assert report.embedded == 4
    assert "embedding" in {label for label, _, _ in told}


@pytest.mark.parametrize(
    ("load", "says"),
    [
        (partial(HashEncoder, fingerprint="hash-2"), r"its embedder \(hash-2\) is not that of the build \(hash-1\)"),
        (no_encoder, "askoctober models pull"),
    ],
)
def test_an_actor_without_the_model_of_the_build_ends_it(tmp_path: Path, cluster: None, load: Any, says: str) -> None:
    write_files(tmp_path / "corpus", old_shelf(12))
    with pytest.raises(ModelError, match=f"An actor of Ray cannot embed: .*{says}"):
        build_on_ray(config_of(tmp_path), load, actors=1)


def test_what_an_actor_cannot_import_is_named(tmp_path: Path, cluster: None, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("of_this_process")
    exec("def load(): ...", module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    write_files(tmp_path / "corpus", old_shelf(12))
    with pytest.raises(ModelError, match="Ray lost its actors .*No module named 'of_this_process'"):
        build_on_ray(config_of(tmp_path), module.load, actors=1)


@pytest.mark.parametrize(
    ("resources", "threads", "most", "count", "needs"),
    [
        ({"CPU": 8.0}, 1, 0, 8, {"num_cpus": 1}),
        ({"CPU": 8.0}, 3, 0, 2, {"num_cpus": 3}),
        ({"CPU": 8.0}, 1, 3, 3, {"num_cpus": 1}),
        ({"CPU": 2.0}, 1, 5, 2, {"num_cpus": 1}),
        ({"CPU": 1.0}, 2, 0, 1, {"num_cpus": 2}),
        ({"CPU": 64.0, "GPU": 4.0}, 2, 0, 4, {"num_gpus": 1}),
        ({"CPU": 64.0, "GPU": 4.0}, 2, 3, 3, {"num_gpus": 1}),
    ],
)
def test_the_actors_share_a_cluster(
    resources: dict[str, float], threads: int, most: int, count: int, needs: dict[str, int]
) -> None:
    assert share(resources, threads, most) == (count, needs)


def test_a_cluster_that_does_not_answer_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv(ADDRESS, f"127.0.0.1:{port}")
    with pytest.raises(ConfigError, match=f"There is no Ray at 127.0.0.1:{port} .*ray start --head"):
        connect(import_ray(), 0, 1)


def test_an_address_that_cannot_be_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS, "127.0.0.1:99999")
    with pytest.raises(ConfigError, match="There is no Ray at 127.0.0.1:99999"):
        connect(import_ray(), 0, 1)


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    write_files(tmp_path / "corpus", old_shelf(4))
    with pytest.raises(ConfigError, match=r'pip install "askoctober\[ray\]"'):
        build(config_of(tmp_path, embed="ray"), encoder=HashEncoder())


def test_the_command_says_where_to_embed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Config] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "build", lambda config: seen.append(config) or REPORT)
    main(["index", "--embed", "ray"])
    main(["index"])
    assert [config.embed for config in seen] == ["ray", "local"]
    assert main(["index", "--embed", "dask"]) == 2
    monkeypatch.setenv("ASKOCTOBER_EMBED", "dask")
    assert main(["index"]) == 1
    assert "give one of local, ray" in capsys.readouterr().err
