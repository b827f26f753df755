import dataclasses
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from askoctober import models
from askoctober.checking import check_installation, installation
from askoctober.checking.installation import check_model, check_packages, check_space
from askoctober.config import Config
from askoctober.models import Model, ModelFile

DIGEST = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of b"abc"
MODEL = Model("small", "tests", "MIT", (ModelFile("a.bin", 3, DIGEST), ModelFile("b.bin", 3, DIGEST)), folder=True)


def needing(monkeypatch: pytest.MonkeyPatch, *requirements: str, python: str = ">=3.11") -> list[tuple[str, str]]:
    about = metadata.metadata("askoctober")
    del about["Requires-Python"]
    about["Requires-Python"] = python
    monkeypatch.setattr(metadata, "metadata", lambda name: about)
    monkeypatch.setattr(metadata, "requires", lambda name: list(requirements))
    return [(finding.level, finding.what) for finding in check_packages()]


def test_this_installation_has_what_it_needs():
    assert [finding for finding in check_packages() if finding.level == "wrong"] == []


def test_packages_that_are_missing_or_of_other_versions(monkeypatch):
    here = metadata.version("numpy")
    found = needing(monkeypatch, "numpy>=9999", "numpy>=2", "no-such-package>=1", "rich")
    assert found == [
        ("wrong", f"numpy is {here}, askoctober was made for >=9999"),
        ("wrong", "the package no-such-package>=1 is missing"),
    ]


def test_extras_may_be_missing_and_markers_are_heeded(monkeypatch):
    requirements = [
        'no-such-package>=1; extra == "eval"',
        'numpy>=9999; extra == "eval"',
        'numpy>=9999; python_version < "3"',
    ]
    here = metadata.version("numpy")
    assert needing(monkeypatch, *requirements) == [("notice", f"numpy is {here}, askoctober was made for >=9999")]


def test_an_old_python_and_a_folder_that_is_not_installed(monkeypatch):
    ((level, what),) = needing(monkeypatch, python=">=4")
    assert (level, what.partition(", ")[2]) == ("wrong", "askoctober needs >=4")
    monkeypatch.undo()
    assert [finding.what for finding in check_packages("no-such-package")] == [
        "no-such-package is not installed, but run from a folder"
    ]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(models, "TABLE", {"small": MODEL})
    (tmp_path / "small").mkdir()
    return tmp_path


def model_findings(folder: Path, name: str = "small") -> list[tuple[str, str, str]]:
    return [(finding.level, finding.what, finding.mend) for finding in check_model("embedder", name, folder)]


def test_a_model_that_is_not_here_is_a_notice(small):
    assert model_findings(small, "SMALL") == [
        ("notice", "the embedder small is not here", "askoctober models pull small")
    ]


def test_every_byte_of_a_model_counts_and_nothing_is_removed(small):
    for name in ("a.bin", "b.bin"):
        (small / "small" / name).write_bytes(b"abc")
    assert model_findings(small) == []
    (small / "small" / "a.bin").write_bytes(b"abd")
    (small / "small" / "b.bin").unlink()
    assert model_findings(small) == [
        ("wrong", "a.bin of the embedder small has other bytes than were published", "askoctober models pull small"),
        ("wrong", "b.bin of the embedder small is missing", "askoctober models pull small"),
    ]
    assert (small / "small" / "a.bin").read_bytes() == b"abd"


def test_a_model_of_ones_own_must_be_there(small):
    ((level, what, _),) = model_findings(small, str(small / "none.gguf"))
    assert (level, what) == ("wrong", f"the embedder {small / 'none.gguf'} is not here")
    (small / "mine.gguf").write_bytes(b"GGUF")
    assert model_findings(small, str(small / "mine.gguf")) == []


def test_a_full_disk_and_a_small_memory_are_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(installation, "_memory", lambda: 2_000_000_000)
    monkeypatch.setattr(installation.shutil, "disk_usage", lambda place: SimpleNamespace(free=500_000_000))
    found = [(finding.level, finding.what) for finding in check_space(tmp_path / "index")]
    assert found == [
        ("notice", f"0.5 GB are free on the disk of {tmp_path}"),
        ("notice", "this computer has 2.0 GB of memory"),
    ]
    monkeypatch.setattr(installation, "_memory", lambda: 0)  # the system does not tell
    monkeypatch.setattr(installation.shutil, "disk_usage", lambda place: SimpleNamespace(free=2_000_000_000))
    assert list(check_space(tmp_path / "index")) == []


def test_all_of_it_is_checked_and_told(small):
    told: list[str] = []
    config = dataclasses.replace(Config(), embedder="small", model="small", models_dir=small, index=small / "index")
    found = list(check_installation(config, lambda label, done, total: told.append(label)))
    assert [finding.what for finding in found][:2] == [
        "the embedder small is not here",
        "the language model small is not here",
    ]
    assert told == ["reading the embedder"] * 2 + ["reading the language model"] * 2
