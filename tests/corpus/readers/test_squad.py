import io

import pytest
from collecting import squad

from askoctober.corpus.documents import Document, Source
from askoctober.corpus.readers.squad import read
from askoctober.errors import CorpusError


def source(data: bytes) -> Source:
    return Source("a.json", io.BytesIO(data))


def test_an_item_is_an_article_of_its_paragraphs() -> None:
    found = list(read(source(squad({"Red_fox": ["It hunts.", "It sleeps."]}))))
    assert found == [Document("It hunts.\n\nIt sleeps.", {"title": "Red fox"}, "1")]


@pytest.mark.parametrize("data", [b"[]", b'{"data": []}', b"{", b"[" * 100_000])
def test_other_json_is_refused(data: bytes) -> None:
    with pytest.raises(CorpusError, match=r"\.jsonl"):
        list(read(source(data)))
