import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.evaluation.questions import Gold, Question
from askoctober.evaluation.retrieval import (
    Place,
    facts_found,
    find,
    ndcg,
    needed_facts,
    reciprocal_rank,
    searched,
)

FIRST, SECOND = (Place("a", 10, 20),), (Place("a", 50, 60), Place("b", 0, 10))
FACTS = [FIRST, SECOND]


def test_half_of_a_quote_is_enough_and_less_is_not() -> None:
    quote = Place("a", 10, 20)
    assert Place("a", 0, 15).covers(quote) and Place("a", 15, 99).covers(quote) and Place("a", 0, 99).covers(quote)
    assert not Place("a", 0, 14).covers(quote) and not Place("a", 16, 99).covers(quote)
    assert not Place("b", 0, 99).covers(quote)
    assert not Place("a", 0, 99).covers(Place("a", -1, -1)), "what the article does not hold is never found"


def test_facts_found_counts_facts_not_quotes() -> None:
    assert facts_found([], FACTS) == 0.0
    assert facts_found([Place("b", 0, 30)], FACTS) == 0.5, "either quote of the second fact will do"
    assert facts_found([Place("a", 50, 60), Place("b", 0, 10)], FACTS) == 0.5
    assert facts_found([Place("a", 0, 100)], FACTS) == 1.0


def test_reciprocal_rank_is_of_the_first_place_with_a_fact() -> None:
    assert reciprocal_rank([Place("c", 0, 9), Place("c", 0, 9), Place("a", 0, 30)], FACTS) == 1 / 3
    assert reciprocal_rank([Place("c", 0, 9)], FACTS) == 0.0


def test_ndcg_by_hand() -> None:
    nothing, one, two = Place("c", 0, 9), Place("a", 0, 30), Place("b", 0, 30)
    assert ndcg([one, two, nothing], FACTS) == 1.0
    # gains 0, 1, 1; ideal 1, 1
    third = 1 / math.log2(3)
    assert ndcg([nothing, one, two], FACTS) == pytest.approx((third + 0.5) / (1 + third))
    # the second place repeats a fact and gains nothing; the other fact is not found
    assert ndcg([one, one], FACTS) == pytest.approx(1 / (1 + third))
    assert ndcg([Place("a", 0, 100)], FACTS) == 1.0, "one place that holds both facts cannot be bettered"
    assert ndcg([], FACTS) == 0.0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60), st.integers(1, 40)), max_size=12))
def test_figures_stay_between_nothing_and_all(spans: list[tuple[str, int, int]]) -> None:
    places = [Place(path, start, start + length) for path, start, length in spans]
    shares = [facts_found(places[:k], FACTS) for k in range(len(places) + 1)]
    assert shares == sorted(shares)
    assert 0 <= ndcg(places, FACTS) <= 1 + 1e-9 and 0 <= reciprocal_rank(places, FACTS) <= 1


def test_quotes_are_found_at_their_start_by_words_or_not_at_all() -> None:
    texts = {"a": "one two three. one two"}
    assert find(Gold("a", "one two", "x", 15), texts) == Place("a", 15, 22)
    assert find(Gold("a", "one two", "x"), texts) == Place("a", 0, 7)
    assert find(Gold("a", "two\n three.", "x"), texts) == Place("a", 4, 14), "spaced otherwise"
    assert find(Gold("a", "four", "x"), texts).start == -1 and find(Gold("z", "one", "x"), texts).start == -1


def test_quotes_of_one_group_are_one_fact() -> None:
    gold = (Gold("a", "one", "g"), Gold("a", "two", "g"), Gold("a", "three", "h"))
    facts = needed_facts(Question("q", "factoid", "?", gold=gold), {"a": "one two three"})
    assert facts == [(Place("a", 0, 3), Place("a", 4, 7)), (Place("a", 8, 13),)]


def test_a_follow_up_is_searched_behind_the_last_question() -> None:
    turns = [{"role": role, "content": text} for role, text in (("user", "A?"), ("assistant", "B."), ("user", "C?"))]
    assert searched("D?", turns) == "C? D?"
    assert searched("D?", ()) == "D?"
