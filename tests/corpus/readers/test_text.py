"""The reader of Markdown and plain text: what its neighbours' tests leave open."""

from io import BytesIO

import pytest

from askoctober.corpus.documents import Document, Source
from askoctober.corpus.readers.text import read
from askoctober.errors import CorpusError


@pytest.mark.parametrize("piece", ["[", "{", "- ", "? ", "a: [\n"])
def test_front_matter_that_nests_without_end_is_refused(piece: str) -> None:
    with pytest.raises(CorpusError, match="shorten it"):
        list(read(Source("a.md", BytesIO(f"---\na: {piece * 50_000}\n---\nWords.\n".encode()))))


def test_a_long_text_between_dashes_is_no_front_matter() -> None:
    (found,) = read(Source("a.md", BytesIO(("# A\n\n" + "- word: of it\n" * 3000 + "---\nMore.\n").encode())))
    assert isinstance(found, Document) and found.text.endswith("More.\n")
