"""Amounts in digits and words: which are read, which agree, which cannot both be right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.answering.amounts import Amount, agree, amounts, may_differ

COUNTED = frozenset({"keepe", "membe"})
VALUES = st.floats(10, 1e7)
AMOUNTS = st.builds(Amount, VALUES, st.sampled_from(["", "%"]), st.sampled_from(["", "about", "over", "under"]))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It had 1,200 keepers.", {Amount(1200)}),
        ("It had some twenty thousand members.", {Amount(20000, "", "about")}),
        ("It had over 90,000.", {Amount(90000, "", "over")}),
        ("It had at most 2.5 million members.", {Amount(2.5e6, "", "under")}),
        ("This was half a million.", {Amount(500000)}),
        ("By then 45 per cent had gone.", {Amount(45, "%")}),
        ("It had 1,450 divers and 7 keepers.", set()),
        ("On 25 August 1871, after 12 May 1870.", set()),
    ],
)
def test_amounts_are_read(text: str, found: set[Amount]) -> None:
    assert amounts(text, COUNTED, 5) == found


@pytest.mark.parametrize(
    ("one", "other", "same", "differing"),
    [
        (Amount(240000), Amount(200000), False, True),
        (Amount(80000, "", "about"), Amount(79204), True, False),
        (Amount(100, "", "about"), Amount(112), True, False),
        (Amount(100), Amount(112), False, True),
        (Amount(90000, "", "over"), Amount(120000), True, False),
        (Amount(120000, "", "over"), Amount(90000), False, True),
        (Amount(100, "", "under"), Amount(60), True, False),
        (Amount(10), Amount(400), False, False),
        (Amount(50, "%"), Amount(60), False, False),
    ],
)
def test_which_agree_and_which_differ(one: Amount, other: Amount, same: bool, differing: bool) -> None:
    assert agree(one, other) == same
    assert may_differ(one, other) == differing


@given(AMOUNTS, AMOUNTS)
def test_neither_has_an_order_and_never_both(one: Amount, other: Amount) -> None:
    assert agree(one, other) == agree(other, one)
    assert may_differ(one, other) == may_differ(other, one)
    assert not (agree(one, other) and may_differ(one, other))
