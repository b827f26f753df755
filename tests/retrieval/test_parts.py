import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.retrieval.parts import FEWEST_WORDS, MOST_PARTS, split_parts


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "Who built the first lighthouse there, and in which year was its lamp lit?",
            ("Who built the first lighthouse there", "in which year was its lamp lit?"),
        ),
        (
            "What does yeast feed on in dough but why does salt slow it down?",
            ("What does yeast feed on in dough", "why does salt slow it down?"),
        ),
    ],
)
def test_a_question_is_cut_where_a_clause_asks_anew(question, parts):
    assert split_parts(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "Who dug the canal and paid for it?",
        "Which countries and towns did the line reach?",
        "Who dug the canal, and when?",
        "salt and yeast",
        "",
        " and what ".join(["is it that was said there"] * (MOST_PARTS + 1)),
    ],
)
def test_a_question_of_one_clause_is_left_whole(question):
    assert split_parts(question) == ()


@given(st.lists(st.sampled_from("and but or what who in which yeast rises , ; dough when".split()), max_size=40))
def test_parts_are_pieces_of_the_question_in_order(words):
    question = " ".join(words)
    at = 0
    for part in split_parts(question):
        at = question.index(part, at) + len(part)
        assert len([word for word in part.split() if word.isalpha()]) >= FEWEST_WORDS
