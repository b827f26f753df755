"""The page for keepers of a shelf says what is read and how the commands are called."""

from __future__ import annotations

import re
from pathlib import Path

from askoctober.corpus.formats import FORMATS, LARGEST_BOOK, LARGEST_FILE, MEGABYTE, PDF, PLAIN_TEXT, RTF, SQUAD
from askoctober.corpus.parsing import INSTALL, LARGEST_ARTICLE
from askoctober.index.format import APPROXIMATE, LARGE
from askoctober.web.own import LARGEST_SHELF, MOST_FILES

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "shelf.md").read_text(encoding="utf-8")


def test_every_format_that_is_read_has_its_row() -> None:
    rows = re.findall(r"^\| ([^|]+?) \| (\.[^|]+?) \|", PAGE, re.MULTILINE)
    assert {name: tuple(endings.split()) for name, endings in rows} == {
        known.name: known.endings for known in FORMATS if not known.advice
    }


def test_its_bounds_are_those_of_the_code() -> None:
    assert INSTALL in PAGE
    sizes = [known.largest or 0 for known in (PLAIN_TEXT, RTF, SQUAD, PDF)]
    assert sizes == [LARGEST_FILE, 100 * MEGABYTE, 200 * MEGABYTE, LARGEST_BOOK]
    said = " ".join(PAGE.split())
    assert (
        "A text file may have {} MB, a web page, RTF file or message {} MB, a SQuAD file {} MB, a PDF, Word, "
        "OpenDocument or EPUB file {} MB, and one article {} million characters.".format(
            *(size // MEGABYTE for size in (*sizes, LARGEST_ARTICLE))
        )
        in said
    )
    assert f"{MOST_FILES} files and {LARGEST_SHELF // MEGABYTE} MB at most in all" in said
    assert f"| from {LARGE:,} |" in PAGE and f"| from {APPROXIMATE:,} |" in PAGE
