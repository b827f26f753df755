"""Files that change, go or cannot be read while a shelf is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from any_shelf import File, prose, put
from collecting import json_lines, zipped
from papers import make_html, make_pdf

from askoctober.building import build
from askoctober.config import Config
from askoctober.corpus import Corpus, Failure
from askoctober.types import Article
from encoders import HashEncoder
from shelves import config_of


def small(folder: Path, files: Mapping[str, bytes]) -> Config:
    """The settings of a shelf of some files."""
    config = config_of(folder)
    config.corpus.mkdir()
    put(config.corpus, [File(path, data) for path, data in files.items()])
    return config


def test_a_file_that_grows_or_shrinks_while_it_is_read_harms_nothing(tmp_path: Path) -> None:
    rows = json_lines(*({"text": prose(f"row {number}", 40)} for number in range(9)))
    members = zipped((f"{number}.md", os.urandom(60_000).hex().encode()) for number in range(9))
    corpus = Corpus(small(tmp_path, {"a.jsonl": rows, "b.zip": members}).corpus)
    grows, shrinks = corpus.entries
    found = corpus.read(grows)
    items = [next(found)]
    with grows.location.open("ab") as file:
        file.write(json_lines({"text": prose("late")}))
    items += found
    assert [item.path for item in items] == [f"a.jsonl#{number}" for number in range(1, 11)]
    found = corpus.read(shrinks)
    items = [next(found)]
    os.truncate(shrinks.location, 200_000)
    items += found
    assert isinstance(items[0], Article)
    assert all(item.reason for item in items if isinstance(item, Failure)) and isinstance(items[-1], Failure)


@pytest.mark.parametrize("name", ["gone.md", "gone.html", "gone.pdf", "gone.json"])
def test_a_file_that_vanishes_is_told_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    config = small(tmp_path, {"a.md": prose("stays").encode(), name: make_html() if "html" in name else b"Gone soon."})
    state = Corpus.state

    def vanishing(corpus: Corpus, entry: Any) -> str:
        found = state(corpus, entry)
        entry.location.unlink() if entry.path == name else None
        return found

    data = make_pdf([["A line of a page that will be gone."]]) if name == "gone.pdf" else None
    if data:
        (config.corpus / name).write_bytes(data)
    monkeypatch.setattr(Corpus, "state", vanishing)
    report = build(config, encoder=HashEncoder())
    assert report.articles == 1
    assert [(failure.path, failure.reason.split(";")[0]) for failure in report.failed] == [
        (name, "cannot be read (No such file or directory)")
    ]
    assert build(config, encoder=HashEncoder()).failed == ()


CHILD = """
import os, sys
from askoctober.corpus import Corpus, Failure
import askoctober.corpus.readers.text
if hasattr(os, "geteuid") and os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
for failure in Corpus(sys.argv[1]).failed: print(failure)
for entry in Corpus(sys.argv[1]).entries:
    for item in Corpus(sys.argv[1]).read(entry):
        print(item if isinstance(item, Failure) else f"{item.path} is read.")
"""


@pytest.mark.skipif(os.name != "posix", reason="this system has other permissions")
def test_what_nobody_may_read_is_told() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        put(folder, [File(path, prose(path).encode()) for path in ("a.md", "b.txt", "c/d.md", "e/articles.toml")])
        for path in ("b.txt", "c", "e/articles.toml"):
            (folder / path).chmod(0)
        done = subprocess.run([sys.executable, "-c", CHILD, name], capture_output=True, text=True, check=False)
        (folder / "c").chmod(0o755)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.splitlines() == [
        "e/articles.toml cannot be read (Permission denied); correct its permissions or remove it.",
        "a.md is read.",
        "b.txt cannot be read (Permission denied); correct its permissions or remove it.",
        "c cannot be opened (Permission denied); correct its permissions or remove it.",
    ]
