"""Pages and copies on the terminal."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from askoctober.cli import loading, main, show
from askoctober.index import read_manifest
from askoctober.index.format import MANIFEST, dump_manifest
from askoctober.types import Citation, Copy
from cli_fakes import ARTICLE, CHUNK, HIT, QUOTE, START
from shelves import build_from

COPY = Copy("b.md", "The vote", "A. Author", "Other\x1b[0m", "1918", "https://y.example")
SHOWN = replace(ARTICLE, pages=(0, START + 5), copies=(COPY, Copy("c.md", "")))


def test_pages_stand_behind_the_byline(capsys: pytest.CaptureFixture[str]) -> None:
    show.sources([Citation(1, SHOWN, START, START + len(QUOTE), QUOTE, 0.9)])
    show.hits([replace(HIT, chunk=replace(CHUNK, start=0, end=3, article=SHOWN)), HIT])
    lines = [line for line in capsys.readouterr().out.splitlines() if "The vote" in line]
    byline = "The vote (A. Author, The Paper, 1917-10-23)"
    assert lines == [
        f"[1] {byline}, pp. 1-2",
        f" 1  0.900  {byline}, p. 1 > October",
        f" 1  0.900  {byline} > October",
    ]


def test_info_names_copies(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    counts = {"articles": 1, "chunks": 1, "sentences": 2}
    store = SimpleNamespace(
        manifest={**counts, "embedder": {"name": "fake"}, "format": 2, "segments": [], "left_out": 0},
        articles=lambda: [SHOWN],
        close=lambda: None,
    )
    monkeypatch.setattr(loading, "open_store", lambda config: store)
    monkeypatch.setattr(loading, "freshness", lambda config: "")
    assert main(["info"]) == 0
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "vote.md  The vote (A. Author, The Paper, 1917-10-23)",
        "    also at b.md (Other\ufffd[0m, 1918, https://y.example)",
        "    also at c.md",
    ]


def test_info_shows_an_index_whose_manifest_says_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody else's program may have made it; what is needed to answer is checked when it is opened."""
    build_from(tmp_path, {"a.md": "# Bees\n\nA forager dances."})
    whole, path = read_manifest(tmp_path / "index"), tmp_path / "index" / MANIFEST
    monkeypatch.chdir(tmp_path)
    for name in ("articles", "chunks", "sentences", "left_out", "embedder", "corpus", "chunking"):
        path.write_text(dump_manifest({key: value for key, value in whole.items() if key != name}), encoding="utf-8")
        assert main(["info"]) == 0, name
        assert "a.md  Bees" in capsys.readouterr().out
