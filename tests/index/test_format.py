import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.embedding import unit
from askoctober.errors import IndexFolderError
from askoctober.index.format import (
    FORMAT,
    HEADER_BYTES,
    MANIFEST,
    dump_manifest,
    half,
    pack,
    read_manifest,
    unpack,
    vector_header,
)

STEP = 1 / 127


@given(st.lists(st.floats(-1, 1, width=32), max_size=64))
def test_eight_bits_are_off_by_half_a_step_at_most(values):
    vectors = np.array(values, np.float32)
    packed = pack(vectors)
    assert packed.dtype == np.int8
    assert np.abs(unpack(packed) - vectors).max(initial=0) <= STEP / 2 + 1e-6


def test_similarities_survive_eight_bits():
    random = np.random.default_rng(1)
    vectors = unit(random.normal(size=(200, 128)).astype(np.float32))
    loss = vectors @ vectors.T - unpack(pack(vectors)) @ unpack(pack(vectors)).T
    assert np.abs(loss).max() < 0.02


def test_a_manifest_reads_back_and_is_the_same_for_the_same_content(tmp_path):
    manifest = {"format": FORMAT, "title": "Тест", "b": [1, 2]}
    assert dump_manifest(manifest) == dump_manifest(dict(reversed(manifest.items())))
    (tmp_path / MANIFEST).write_text(dump_manifest(manifest), encoding="utf-8")
    assert read_manifest(tmp_path) == manifest


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"[1]", "is not a manifest of askoctober"),
        (b'{"format": "1"}', "is not a manifest of askoctober"),
        (
            json.dumps({"format": FORMAT + 1}).encode(),
            f"newer askoctober (format {FORMAT + 1}, this one reads {FORMAT})",
        ),
        (json.dumps({"format": FORMAT - 1}).encode(), f"the older format {FORMAT - 1}"),
    ],
)
def test_what_is_no_manifest_of_this_format_is_refused(tmp_path, content, says):
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(IndexFolderError) as caught:
        read_manifest(tmp_path)
    assert says in str(caught.value)
    assert str(caught.value).endswith(f"rebuild it: askoctober index CORPUS --index {tmp_path}")


def test_where_there_is_no_index_the_error_says_how_to_build_one(tmp_path):
    with pytest.raises(IndexFolderError, match="^No index in .*; build one: askoctober index CORPUS --index "):
        read_manifest(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    with pytest.raises(IndexFolderError, match="cannot be read"):
        read_manifest(tmp_path / "file")


def test_a_manifest_whose_sum_is_not_its_own_is_refused(tmp_path):
    text = dump_manifest({"format": FORMAT, "title": "x"})
    (tmp_path / MANIFEST).write_text(text.replace('"x"', '"y"'), encoding="utf-8")
    with pytest.raises(IndexFolderError, match="has changed since it was built; rebuild it: "):
        read_manifest(tmp_path)


@pytest.mark.parametrize(("count", "dimension"), [(0, 8), (1, 8), (7, 384)])
def test_faiss_reads_what_stands_behind_our_header_and_writes_the_same(tmp_path, count, dimension):
    import faiss

    vectors = unit(np.random.default_rng(2).normal(size=(count, dimension)).astype(np.float32))
    data = vector_header(count, dimension) + half(vectors)
    assert len(vector_header(count, dimension)) == HEADER_BYTES
    (tmp_path / "ours").write_bytes(data)
    index = faiss.read_index(str(tmp_path / "ours"))
    assert (index.ntotal, index.d, index.metric_type) == (count, dimension, faiss.METRIC_INNER_PRODUCT)
    if count:
        assert index.reconstruct_n(0, count) == pytest.approx(vectors, abs=1e-3)
        assert index.search(vectors[:1], 1)[1].tolist() == [[0]]
    faiss.write_index(index, str(tmp_path / "theirs"))
    assert (tmp_path / "theirs").read_bytes() == data
