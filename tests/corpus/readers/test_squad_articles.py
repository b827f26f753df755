import io

import pytest
from collecting import squad

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.readers import squad as squads
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


def test_characters_that_are_no_text_fail_their_article_alone() -> None:
    first, second = read(source(squad({"A": ["x\ud800"], "B\ud800_\n": ["Words."]})))
    assert isinstance(first, Failure) and "no text" in first.reason
    assert second == Document("Words.", {"title": "B"}, "2")


def test_a_file_that_is_too_large_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(squads, "LARGEST", 100)
    with pytest.raises(CorpusError, match="split its data"):
        list(read(source(squad({"A": ["x" * 200]}))))
