"""The pictures that the README and the documents show are there, and small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
SHOWN = [
    (document, picture)
    for document in DOCUMENTS
    for picture in re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
]
PICTURES = sorted((ROOT / "docs" / "img").glob("*.png"))


@pytest.mark.parametrize(("document", "picture"), SHOWN, ids=[picture for _, picture in SHOWN])
def test_every_picture_that_a_document_shows_exists(document: Path, picture: str) -> None:
    assert (document.parent / picture).is_file()


def test_pictures_are_small() -> None:
    sizes = [picture.stat().st_size for picture in PICTURES]
    assert sizes and max(sizes) <= 250_000 and sum(sizes) <= 4_000_000
