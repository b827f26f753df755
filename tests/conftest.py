"""What every test runs under, the models that are on this machine, and a small shelf of articles."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Before anything is imported that reads them: no test may depend on who runs it, or reach for the model hub.
for _name in [name for name in os.environ if name.startswith("ASKOCTOBER_")]:
    del os.environ[_name]
os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}

from askoctober import models  # noqa: E402
from askoctober.building import build  # noqa: E402
from askoctober.config import Config  # noqa: E402
from askoctober.embedding import SentenceEncoder, load_encoder  # noqa: E402
from askoctober.errors import ModelError  # noqa: E402

BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)

TIDES = """\
---
title: The tides of the Rance
author: M. Duval
date: 2011-05-02
---
# The tides of the Rance

## How the power station works

The barrage across the estuary of the Rance was opened in 1966. Its twenty-four bulb turbines turn with the rising
water as well as with the falling one. Sluices hold the sea back until the difference in level is greatest.[1]

## What became of the river

Silt has settled behind the dam, and sand eels have gone. Sea bass and cuttlefish returned within ten years.[2]
"""

BEES = """\
---
title: Why honeybees dance
author: T. Okafor
---
# Why honeybees dance

A forager that has found nectar runs a figure of eight on the comb. The angle of the straight run against the vertical
is the angle between the flowers and the sun. The longer the run lasts, the farther away the flowers are.

Karl von Frisch described this language and shared a Nobel Prize for it in 1973. Adrian Wenner held for decades that
smell alone led the bees, not the dance.
"""

CLOCKS = """\
The longitude clock

John Harrison, a carpenter from Yorkshire, built a timekeeper that kept its rate at sea. His fourth, H4, was the size
of a large watch and lost five seconds on the voyage to Jamaica in 1761.

The rivals at Greenwich

The astronomer Nevil Maskelyne preferred to measure the distance of the moon from the stars. He doubted that a machine
could be trusted by every captain.
"""

SHELF = {"bees.md": BEES, "clock.txt": CLOCKS, "sub/tides.md": TIDES}


@pytest.fixture(autouse=True)
def hub_heeds_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test put the hub's library back online, for a server of its own: it looks only once, at its import."""
    monkeypatch.setattr("huggingface_hub.constants.is_offline_mode", lambda: os.environ.get("HF_HUB_OFFLINE") == "1")


def write_shelf(folder: Path) -> Path:
    """Write the three articles below a folder, and return it."""
    for name, text in SHELF.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def local_model(name: str) -> Path:
    """Return a model that is on this machine, or skip: tests fetch nothing."""
    try:
        path = models.resolve(name)
    except ModelError:
        pytest.skip(f"{name} is not on this machine; make test fetches it")
    assert isinstance(path, Path)
    return path


@pytest.fixture(scope="session")
def minilm() -> Path:
    return local_model("all-MiniLM-L6-v2")


@pytest.fixture(scope="session")
def smol() -> Path:
    return local_model("smollm2-135m-instruct")


@pytest.fixture(scope="session")
def qwen() -> Path:
    return local_model("qwen2.5-coder-1.5b-instruct")


@pytest.fixture(scope="session")
def encoder(minilm: Path) -> SentenceEncoder:
    return load_encoder(minilm)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder of three articles, free to be changed."""
    return write_shelf(tmp_path / "shelf")


@pytest.fixture(scope="session")
def shelf_index(tmp_path_factory: pytest.TempPathFactory, encoder: SentenceEncoder) -> Path:
    """The index of the three articles with the real embedder; only to be read."""
    folder = tmp_path_factory.mktemp("shelf")
    config = Config(corpus=write_shelf(folder / "shelf"), index=folder / "index")
    build(config, encoder=encoder)
    return config.index


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium; install one or name it in CHROMIUM")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(BROWSER_ARGUMENTS))
        yield browser
        browser.close()
