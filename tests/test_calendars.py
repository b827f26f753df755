"""Dates in two calendars: known days, round trips, and questions that find the other date."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.calendars import Calendars, find_dates, to_gregorian, to_julian
from askoctober.errors import ConfigError

SHELF = [
    "Russia in 1917. The tsar gave up his throne on 2 March 1917. On 25 October the palace was taken. Strike: 23 May.",
    "The Russian harvest of 1917 failed. On November 8th a decree was read, on 1 May 1917 there was a march.",
]


@pytest.mark.parametrize(
    ("julian", "gregorian"),
    [
        ((1917, 10, 25), datetime.date(1917, 11, 7)),
        ((1917, 2, 23), datetime.date(1917, 3, 8)),
        ((1900, 2, 29), datetime.date(1900, 3, 13)),
        ((1899, 12, 31), datetime.date(1900, 1, 12)),
        ((1752, 9, 2), datetime.date(1752, 9, 13)),
        ((1582, 10, 5), datetime.date(1582, 10, 15)),
    ],
)
def test_days_that_are_known(julian: tuple[int, int, int], gregorian: datetime.date) -> None:
    assert to_gregorian(*julian) == gregorian
    assert to_julian(gregorian) == julian


@given(st.dates(datetime.date(1500, 1, 1), datetime.date(2100, 1, 1)))
def test_there_and_back(date: datetime.date) -> None:
    assert to_gregorian(*to_julian(date)) == date


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("on 25 October 1917", [(25, 10, 1917)]),
        ("October 25th, 1917, and the 7th of November", [(25, 10, 1917), (7, 11, 0)]),
        ("1917-10-25, not 1917-13-25; then 7 November", [(25, 10, 1917), (7, 11, 0)]),
        ("Sept. 5 and 3 Dec.", [(5, 9, 0), (3, 12, 0)]),
        ("In October 1917 it may rain at 12:30; May 45", []),
    ],
)
def test_dates_are_found(text: str, dates: list[tuple[int, int, int]]) -> None:
    assert [(date.day, date.month, date.year) for date in find_dates(text)] == dates


def test_a_question_finds_the_other_date() -> None:
    calendars = Calendars.of(SHELF)
    assert calendars is not None and calendars.adopted == datetime.date(1918, 2, 14)
    asked = "What was taken on 7 November 1917?"
    expanded = calendars.expand(asked)
    assert expanded == "What was taken on 7 November 1917 (25 October in the other calendar)?"
    assert calendars.expand(expanded) == expanded
    assert calendars.expand("What was read on 26 October?").endswith("(8 November in the other calendar)?")
    # A day that the shelf does not give in either calendar, or one after the change, stays alone.
    for asked in ("What happened on 3 June 1917?", "What happened on 7 November 1921?", "What happened?"):
        assert calendars.expand(asked) == asked


def test_the_note_says_which_calendar() -> None:
    calendars = Calendars.of(SHELF)
    assert calendars is not None
    note = calendars.note("What was taken on 7 November?", "On 25 October the palace was taken.")
    assert note == "25 October by the old calendar is 7 November by the new one."
    assert calendars.note("What was read on 26 October?", "On November 8th a decree was read.") == (
        "8 November by the new calendar is 26 October by the old one."
    )
    assert calendars.note("What was taken on 25 October?", "On 25 October the palace was taken.") == ""


def test_off_where_a_shelf_has_no_need() -> None:
    bees = ["Bees dance. In 1973 von Frisch had a prize, on 12 October. 1 May, 2 May, 3 May, 4 May, 5 May."]
    assert Calendars.of(bees) is None and Calendars.of([]) is None
    assert Calendars.of(SHELF, "off") is None
    later = [text.replace("1917", "1965") for text in SHELF]
    assert Calendars.of(later) is None
    forced = Calendars.of(bees, "1918-02-14")
    assert forced is not None and forced.adopted.year == 1918
    with pytest.raises(ConfigError, match="auto, off, or a day"):
        Calendars.of(bees, "julian")


def test_neighbouring_months_may_hold_one_day() -> None:
    calendars = Calendars.of(SHELF)
    assert calendars is not None
    assert calendars.may_coincide("October", "November") and calendars.may_coincide("January", "December")
    assert not calendars.may_coincide("October", "October") and not calendars.may_coincide("August", "October")


def test_a_word_in_passing_switches_nothing_on() -> None:
    somme = ["On 1 July 1916 the guns fell silent. " * 3, "Julian Huxley wore an old style coat in 1916. 2 May, 3 May."]
    assert Calendars.of(somme) is None
    both = ["By the Julian calendar it was 1 July 1916. " * 3, "In old style dates 2 May, 3 May, 4 May, 5 May 1916."]
    assert Calendars.of(both) is not None
