"""Whatever the bytes, a reader of collections gives articles, failures, or one CorpusError."""

import io
from collections.abc import Callable

import pytest
from collecting import json_lines, mail, mbox, squad, table, tarred, zipped
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askoctober.corpus.documents import Document, Failure, Reader, Source
from askoctober.corpus.readers import archives, tables
from askoctober.corpus.readers import mail as mails
from askoctober.corpus.readers import squad as squads
from askoctober.errors import CorpusError

MEMBERS = [("a.md", b"# A\n\nWords of it."), ("b/c.csv", b"id,text\n1,One\n")]
VALID: dict[str, tuple[Reader, bytes]] = {
    "a.eml": (mails.read, mail("Subject", "Body", html="<p>Body</p>", attachments=["a.pdf"])),
    "a.mbox": (mails.read, mbox(mail("One", "Body", identity="<1@x>"), mail("Two", "Body"))),
    "a.csv": (tables.read, table([["id", "text"], ["1", 'a "quoted"\nvalue'], ["2", "é"]])),
    "a.jsonl": (tables.read, json_lines({"id": 1, "text": "One"}, {"id": 2, "text": "Two"})),
    "a.json": (squads.read, squad({"Title": ["One.", "Two."]})),
    "a.zip": (archives.read, zipped(MEMBERS)),
    "a.tar": (archives.read, tarred(MEMBERS)),
    "a.tgz": (archives.read, tarred(MEMBERS, "gz")),
    "a.txz": (archives.read, tarred(MEMBERS, "xz")),
}


def check(path: str, data: bytes) -> None:
    try:
        for item in VALID[path][0](Source(path, io.BytesIO(data))):
            assert isinstance(item, Document | Failure)
    except CorpusError as error:
        assert str(error)


fuzz: Callable[..., Callable[..., None]] = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize("path", VALID)
@fuzz
@given(data=st.binary(max_size=2000))
def test_random_bytes(path: str, data: bytes) -> None:
    check(path, data)


@pytest.mark.parametrize("path", VALID)
@fuzz
@given(edits=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=8), cut=st.integers(0))
def test_mutations(path: str, edits: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(VALID[path][1])
    for place, value in edits:
        data[place % len(data)] = value
    check(path, bytes(data[: len(data) - cut % len(data)] if cut % 3 == 0 else data))
