"""Whatever the bytes are, a reader gives articles, failures, or one CorpusError, and ends soon."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askoctober.corpus import isolation
from askoctober.corpus.documents import Document, Failure
from askoctober.errors import CorpusError
from corpus.readers.seeds import EDITS, PIECES, SEEDS, check, check_document, check_reason, edit

pytestmark = pytest.mark.filterwarnings("default")
Edits = list[tuple[str, int, int, bytes]]
EDIT = st.tuples(
    st.sampled_from(EDITS),
    st.integers(0, 1 << 24),
    st.integers(0, 1 << 24),
    st.sampled_from(PIECES) | st.binary(max_size=40),
)
MUTATIONS = st.lists(EDIT, min_size=1, max_size=6)


def fuzz(examples: int) -> Callable[..., Any]:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("kind", SEEDS)
def test_the_seeds_are_read(kind: str) -> None:
    assert any(isinstance(item, Document) for item in check(kind, SEEDS[kind].data))


@pytest.mark.parametrize("kind", SEEDS)
@fuzz(20)
@given(data=st.binary(max_size=1000))
def test_random_bytes(kind: str, data: bytes) -> None:
    check(kind, data)


@pytest.mark.parametrize("kind", SEEDS)
@fuzz(60)
@given(edits=MUTATIONS)
def test_mutated_files(kind: str, edits: Edits) -> None:
    check(kind, edit(SEEDS[kind].data, edits))


@pytest.mark.soak
@pytest.mark.parametrize("kind", SEEDS)
@fuzz(2000)
@given(edits=MUTATIONS)
def test_many_mutated_files(kind: str, edits: Edits) -> None:
    check(kind, edit(SEEDS[kind].data, edits))


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("shelf")
    isolation.close()


def check_isolated(shelf: Path, kind: str, data: bytes) -> None:
    """The same file in a child process: no more than a reason comes of it, and the child lives."""
    seed = SEEDS[kind]
    path = shelf / seed.path
    path.write_bytes(seed.wrap(data))
    try:
        for item in isolation.read_isolated(seed.path, path, {}, reader=seed.read().__module__):
            if isinstance(item, Failure):
                check_reason(item.reason)
            else:
                check_document(item)
    except CorpusError as error:
        check_reason(str(error))
        assert "made its reader fail" not in str(error) and "took longer" not in str(error), str(error)


@pytest.mark.parametrize("kind", SEEDS)
@fuzz(5)
@given(edits=MUTATIONS)
def test_mutated_files_in_a_child_process(kind: str, shelf: Path, edits: Edits) -> None:
    check_isolated(shelf, kind, edit(SEEDS[kind].data, edits))


@pytest.mark.soak
@pytest.mark.parametrize("kind", SEEDS)
@fuzz(200)
@given(edits=MUTATIONS)
def test_many_mutated_files_in_a_child_process(kind: str, shelf: Path, edits: Edits) -> None:
    check_isolated(shelf, kind, edit(SEEDS[kind].data, edits))
