import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.embedding import SentenceEncoder, load_encoder, unit
from askoctober.errors import ModelError
from askoctober.types import Encoder
from encoders import HashEncoder

TEXTS = ["A bee dances on the comb.", "Turbines turn with each tide.", "The bee is dancing on a comb.", "…"]


@pytest.mark.parametrize("fake", [True, False])
def test_vectors_are_unit_and_near_for_what_is_alike(fake, request):
    model: Encoder = HashEncoder() if fake else request.getfixturevalue("encoder")
    vectors = model.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (4, model.dimension)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-3)
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[1] + 0.1


@pytest.mark.parametrize("fake", [True, False])
def test_tokens_come_with_the_same_vectors(fake, request):
    model: Encoder = HashEncoder() if fake else request.getfixturevalue("encoder")
    vectors, tokens = model.encode_tokens(TEXTS)
    assert vectors == pytest.approx(model.encode(TEXTS), abs=0.02)
    # "…" holds no word; full stops are left out, and so are the marks that a model puts around a text.
    assert [len(block) for block in tokens[1:]] == [5, 7, 0]
    assert all(np.linalg.norm(block, axis=1) == pytest.approx(1, abs=1e-3) for block in tokens[:3])


@pytest.mark.parametrize("fake", [True, False])
def test_no_texts_give_no_vectors(fake, request):
    model: Encoder = HashEncoder() if fake else request.getfixturevalue("encoder")
    assert model.encode([]).shape == (0, model.dimension)
    vectors, tokens = model.encode_tokens([])
    assert (vectors.shape, tokens) == ((0, model.dimension), [])


def test_a_text_is_embedded_alike_alone_and_in_company(encoder):
    many = [*TEXTS[:3], "A much longer text beside it, " * 20]
    assert encoder.encode(many)[0] @ encoder.encode(many[:1])[0] > 0.999


def test_the_model_is_named_by_folder_and_told_apart_by_its_weights(encoder, minilm):
    assert (encoder.name, encoder.dimension) == ("all-MiniLM-L6-v2", 384)
    weights = (minilm / "model.safetensors").read_bytes()
    assert encoder.fingerprint == hashlib.sha256(weights).hexdigest()


def test_a_folder_that_holds_no_model_is_refused_in_one_line(tmp_path):
    with pytest.raises(ModelError) as caught:
        load_encoder(tmp_path)
    assert str(caught.value).startswith(f"No sentence-transformers model loads from {tmp_path} (")
    assert str(caught.value).endswith("run: askoctober models pull all-MiniLM-L6-v2")
    assert "\n" not in str(caught.value)


def test_damaged_weights_are_refused(tmp_path, minilm):
    for file in minilm.rglob("*"):
        if file.is_file() and not file.name.startswith("."):
            target = tmp_path / file.relative_to(minilm)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(file.read_bytes() if file.name != "model.safetensors" else b"\x08" + b"\0" * 99)
    with pytest.raises(ModelError, match="No sentence-transformers model loads from"):
        SentenceEncoder(tmp_path)


@given(st.lists(st.lists(st.floats(-1e3, 1e3, width=32), min_size=3, max_size=3), max_size=5))
def test_unit_scales_rows_and_leaves_zeros(rows):
    vectors = np.array(rows, np.float32).reshape(-1, 3)
    scaled = unit(vectors)
    for row, out in zip(vectors.astype(np.float64), scaled, strict=True):
        length = np.linalg.norm(row)
        expected = row / length if length > 1e-9 else out
        assert out == pytest.approx(expected, abs=1e-4)
    assert unit(np.zeros((2, 3), np.float32)).tolist() == [[0, 0, 0], [0, 0, 0]]
