"""Whatever the bytes are, a reader of documents gives text or says why not, and ends soon."""

import time
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askoctober.corpus.documents import Document, Source
from askoctober.corpus.formats import load_reader
from askoctober.errors import CorpusError
from corpus.readers.making import PROSE, make_docx, make_epub, make_html, make_mhtml, make_odt, make_pdf, make_rtf

SEEDS = {
    "html": ("a.html", make_html()),
    "mhtml": ("a.mhtml", make_mhtml(make_html())),
    "pdf": ("a.pdf", make_pdf([PROSE, PROSE], "/Title (x)", images=[2])),
    "word": ("a.docx", make_docx()),
    "opendocument": ("a.odt", make_odt()),
    "epub": ("a.epub", make_epub()),
    "rtf": ("a.rtf", make_rtf()),
}
SECONDS = 10.0


def check(kind: str, data: bytes) -> None:
    begun = time.monotonic()
    try:
        reader = load_reader(f"askoctober.corpus.readers.{'html' if kind == 'mhtml' else kind}")
        for item in reader(Source(SEEDS[kind][0], BytesIO(data))):
            if isinstance(item, Document):
                assert isinstance(item.text, str)
                assert not any(ord(c) < 32 and c != "\n" for c in item.text)
                assert list(item.pages) == sorted(item.pages)
                assert all(isinstance(value, str) for value in item.metadata.values())
    except CorpusError as error:
        assert str(error) and "\n" not in str(error)
    assert time.monotonic() - begun < SECONDS


@pytest.mark.parametrize("kind", SEEDS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=300))
def test_random_bytes(kind: str, data: bytes) -> None:
    check(kind, data)


@pytest.mark.parametrize("kind", SEEDS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.data())
def test_mutated_files(kind: str, draw: st.DataObject) -> None:
    data = bytearray(SEEDS[kind][1])
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, max(0, len(data) - 1)))
        end = min(len(data), at + draw.draw(st.integers(1, 64)))
        match draw.draw(st.sampled_from(["flip", "cut", "repeat"])):
            case "flip" if data:
                data[at] ^= draw.draw(st.integers(1, 255))
            case "cut":
                del data[at:end]
            case _:
                data[at:at] = data[at:end] * draw.draw(st.integers(1, 50))
    check(kind, bytes(data))
