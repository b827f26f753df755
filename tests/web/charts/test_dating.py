"""Which sentences name a time, which one, and how sure that is."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.calendars import Calendars
from askoctober.web.charts import dating
from askoctober.web.charts.dating import DatedSentence, find_dated, find_mentions

from .shelf import MemoryStore

OLD_STYLE = Calendars(datetime.date(1918, 2, 14), 1917)


def found(*texts: str, calendars: Calendars | None = None) -> list[DatedSentence]:
    return list(find_dated(MemoryStore({f"a{at}": text for at, text in enumerate(texts)}), calendars))


def dates(made: list[DatedSentence]) -> list[tuple[str, str, str]]:
    return [(one.when.isoformat(), one.precision, one.written) for one in made]


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("It fell on 25 October 1917.", [(1917, 10, 25)]),
        ("On October 10 (23), 1917, they met.", [(1917, 10, 10)]),
        ("July 13-14, 1917 was a debate.", [(1917, 7, 13)]),
        ("On 4 July he spoke, and in 1918 he left.", [(0, 7, 4), (1918, 0, 0)]),
        ("In February 1917 it began.", [(1917, 2, 0)]),
        ("Between June and September 1917 it grew.", [(1917, 6, 0), (1917, 9, 0)]),
        ("In April he returned; by mid-May he led.", [(0, 4, 0), (0, 5, 0)]),
        ("They may march in may, in march, with May and April.", []),
        ("The revolution of 1905 was lost.", [(1905, 0, 0)]),
        ("Since 1905-1907 and in 1792-93 it was so.", [(1905, 0, 0), (1792, 0, 0)]),
        ("Some 1900 rifles, of 1,914 in all, cost 1917.50 each.", []),
        ("On 23 February 1917, that February 1917, of all 1917, it began.", [(1917, 2, 23)]),
        ("In 1901, in 1902, in March 1903 and on 4 May 1904 it rained.", [(1901, 0, 0), (1903, 3, 0), (1904, 5, 4)]),
        ("By 1917-10-25 all was over.", [(1917, 10, 25)]),
        ("From early 1917, during mid-1918 and till late 1919.", [(1917, 0, 0), (1918, 0, 0), (1919, 0, 0)]),
        ("Nothing here, and Sunday 31.", []),
    ],
)
def test_days_months_and_years_are_found(text: str, mentions: list[tuple[int, int, int]]) -> None:
    assert [(one.year, one.month, one.day) for one in find_mentions(text)] == mentions


def test_sentences_are_sorted_by_date_the_coarser_first() -> None:
    made = found("On 3 May 1917 it rained. In 1917 much happened. In May 1917 it snowed.", "In 1905 it was dry.")
    assert dates(made) == [
        ("1905-01-01", "year", "1905"),
        ("1917-01-01", "year", "1917"),
        ("1917-05-01", "month", "May 1917"),
        ("1917-05-03", "day", "3 May 1917"),
    ]
    assert made[3].text == "On 3 May 1917 it rained."
    assert not any(one.supposed_year for one in made) and made[0].article.id == "a1" and made[0].article.text == ""


def test_a_sentence_stands_under_each_of_its_dates_and_each_only_once() -> None:
    made = found("It lasted from 3 May 1917 to 4 June 1918, as everybody knows who was there.")
    assert [one.when.year for one in made] == [1917, 1918]
    assert len({(one.start, one.end) for one in made}) == 1


def test_the_year_nearest_before_is_supposed() -> None:
    made = found("In 1903 they split. On 4 May they met. By 1905 all had changed. In June they met again.")
    assert [(one.when.isoformat(), one.supposed_year) for one in made] == [
        ("1903-01-01", False),
        ("1903-05-04", True),
        ("1905-01-01", False),
        ("1905-06-01", True),
    ]


def test_out_of_reach_the_articles_year_is_supposed_then_the_shelfs() -> None:
    far = "Nothing at all happened in that place. " * 15
    assert "1903-05-04" in [one.when.isoformat() for one in found(f"In 1899 or in 1903. {far} On 4 May. Of 1903.")]
    made = found("They met on 4 May.", "In 1848 and in 1848 it was so, and in 1849.")
    assert made[0].when == datetime.date(1848, 1, 1)
    assert [one.when.isoformat() for one in made if one.supposed_year] == ["1848-05-04"]
    assert [one.when.isoformat() for one in found("They met on 4 May.", calendars=OLD_STYLE)] == ["1917-05-04"]


def test_without_any_year_and_on_days_that_never_were_nothing_is_dated() -> None:
    assert found("They met on 4 May.", "It was summer.") == []
    assert found("On 31 June 1917 and on 29 February 1917 nothing happened.") == []


def test_before_the_switch_both_calendars_are_given() -> None:
    made = found("It fell on 25 October 1917. They met on 7 November. In May 1917 it was warm.", calendars=OLD_STYLE)
    assert [(one.when.isoformat(), one.old, one.new) for one in made] == [
        ("1917-05-01", "", ""),
        ("1917-10-25", "1917-10-12", "1917-11-07"),
        ("1917-11-07", "1917-10-25", "1917-11-20"),
    ]
    assert found("It ended on 11 November 1918.", calendars=OLD_STYLE)[0].new == ""
    assert found("It fell on 25 October 1917.")[0].new == ""


def test_a_big_shelf_gives_some_of_every_article(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dating, "MOST_DATED", 10)
    many = " ".join(f"On {day} May 1917 it rained." for day in range(1, 31))
    made = found(many, many.replace("1917", "1918"), "On 1 June 1919 it was dry.")
    by_year = [sum(one.when.year == year for one in made) for year in (1917, 1918, 1919)]
    assert by_year == [4, 5, 1] or by_year == [5, 4, 1]
    assert {one.when.day > 15 for one in made if one.when.year == 1917} == {True, False}


@given(st.text(alphabet="0123456789 ,.()-–JanuryMy\n", max_size=120))
def test_no_text_breaks_it_and_every_date_stands_where_it_says(text: str) -> None:
    for mention in find_mentions(text):
        assert 0 <= mention.start < mention.end <= len(text)
        assert mention.year or mention.month
        assert not mention.year or str(mention.year) in text[mention.start : mention.end]


@given(
    st.lists(st.sampled_from(["On 3 May 1917 it rained.", "In June it snowed.", "Of 1905 much is told."]), max_size=9)
)
def test_spans_are_those_of_the_article(sentences: list[str]) -> None:
    text = " ".join(sentences) or "None."
    for one in found(text):
        assert text[one.start : one.end] == one.text and one.written in one.text
