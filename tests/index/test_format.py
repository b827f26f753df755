import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.embedding import unit
from askoctober.errors import IndexFolderError
from askoctober.index.format import (
    FORMAT,
    MANIFEST,
    dump_manifest,
    file_digest,
    pack,
    read_manifest,
    replace_durably,
    unpack,
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


def test_a_file_is_moved_into_place(tmp_path):
    (tmp_path / "new").write_bytes(b"abc")
    (tmp_path / "old").write_bytes(b"before")
    replace_durably(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert file_digest(tmp_path / "old") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
