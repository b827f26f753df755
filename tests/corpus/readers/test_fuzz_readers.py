"""Whatever the bytes are, a reader gives articles, failures, or one CorpusError, and ends soon."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askoctober.corpus.documents import Document
from corpus.readers.seeds import EDITS, PIECES, SEEDS, check, edit

pytestmark = pytest.mark.filterwarnings("default")
ALL = list(HealthCheck)
EDIT = st.tuples(
    st.sampled_from(EDITS), st.integers(0, 1 << 24), st.integers(0, 1 << 24), st.sampled_from(PIECES) | st.binary(max_size=40)
)


@pytest.mark.parametrize("kind", SEEDS)
def test_the_seeds_are_read(kind: str) -> None:
    assert any(isinstance(item, Document) for item in check(kind, SEEDS[kind].data))


@pytest.mark.parametrize("kind", SEEDS)
@settings(max_examples=20, deadline=None, suppress_health_check=ALL)
@given(data=st.binary(max_size=1000))
def test_random_bytes(kind: str, data: bytes) -> None:
    check(kind, data)


@pytest.mark.parametrize("kind", SEEDS)
@settings(max_examples=60, deadline=None, suppress_health_check=ALL)
@given(edits=st.lists(EDIT, min_size=1, max_size=6))
def test_mutated_files(kind: str, edits: list[tuple[str, int, int, bytes]]) -> None:
    check(kind, edit(SEEDS[kind].data, edits))
