import math

import numpy as np
import pytest

from askoctober.retrieval.fusion import max_sim
from askoctober.retrieval.late import WINDOW, TokenWeights, best_window
from encoders import HashEncoder

AXES = np.eye(6, dtype=np.float32)
ONES = np.ones(2, np.float32)


def test_a_window_of_everything_is_max_sim():
    query, tokens = AXES[:2], AXES[[0, 3]]
    assert best_window(query, tokens, np.array([1, 1]), ONES) == pytest.approx(max_sim(query, tokens)) == 0.5


def test_what_stands_far_apart_does_not_count_together():
    near = AXES[[0, 1, 3, 3]]
    far = AXES[[0, 3, 3, 1]]
    counts = np.ones(WINDOW + 1, np.int64)
    assert best_window(AXES[:2], near, counts, ONES) == pytest.approx(1.0)
    assert best_window(AXES[:2], far, counts, ONES) == pytest.approx(0.5)


def test_weights_say_which_token_counts():
    weights = np.array([3, 1], np.float32)
    assert best_window(AXES[:2], AXES[[0]], np.array([1]), weights) == pytest.approx(0.75)


def test_sentences_without_tokens_are_passed_over():
    assert best_window(AXES[:2], AXES[[0, 1]], np.array([0, 1, 0, 1, 0]), ONES) == pytest.approx(1.0)


def test_nothing_is_near_nothing():
    assert best_window(AXES[:0], AXES, np.array([6]), ONES[:0]) == 0.0
    assert best_window(AXES[:2], AXES[:0], np.array([0]), ONES) == 0.0


def weights_of(frequencies, size=10):
    return TokenWeights(HashEncoder(), lambda word: frequencies.get(word, 0), size)


def test_a_rare_word_weighs_more_than_a_common_one():
    weights = weights_of({"the": 10, "lamp": 1}).of("the lamp", 2)
    assert weights == pytest.approx([math.sqrt(math.log(1 + 0.5 / 10.5)), math.sqrt(math.log(1 + 9.5 / 1.5))])


def test_words_that_do_not_line_up_all_weigh_the_same():
    assert weights_of({"the": 10}).of("the lamp", 3).tolist() == [1, 1, 1]


def test_a_text_that_was_cut_keeps_the_weights_of_its_beginning():
    found = weights_of({"the": 10})
    assert found.of("the lamp the", 2).tolist() == found.of("the lamp", 2).tolist()


def test_words_are_embedded_once():
    encoder = HashEncoder()
    weights = TokenWeights(encoder, lambda word: 1, 10)
    weights.of("the lamp the", 3)
    weights.of("the lamp burns", 3)
    assert encoder.seen == ["the", "lamp", "burns"]
