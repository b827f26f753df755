import datetime

import pytest

from askoctober.corpus.metadata import clean, parse_articles_toml
from askoctober.errors import CorpusError


def test_known_fields_become_lines_and_others_are_ignored():
    assert clean(
        {
            "title": "  Two\n lines\x00 ",
            "author": ["A. One", "", None, "B. Two"],
            "publisher": 1917,
            "date": datetime.date(2017, 3, 1),
            "url": "https://example.org/a",
            "language": None,
            "about": {"any": "thing"},
            5: 6,
        }
    ) == {
        "title": "Two lines",
        "author": "A. One, B. Two",
        "publisher": "1917",
        "date": "2017-03-01",
        "url": "https://example.org/a",
    }


def test_a_lone_surrogate_cannot_get_in():
    assert clean({"title": "a\ud800b"}) == {"title": "a b"}


@pytest.mark.parametrize("table", [{"title": ["a"]}, {"author": [["a"]]}, {"date": {}}, {"url": True}])
def test_values_that_are_not_text_are_refused(table):
    with pytest.raises(CorpusError, match=r"^gives \w+ as .*; put the value in quotes\.$"):
        clean(table)


def test_tables_by_file_name():
    known, problems = parse_articles_toml(
        'x = 1\n["a.txt"]\ntitle = "A"\ndate = 2017-03-01\nabout = "b"\n["c d.md"]\nauthor = ["E", "F"]\n'
    )
    assert known == {"a.txt": {"title": "A", "date": "2017-03-01"}, "c d.md": {"author": "E, F"}}
    assert problems == []


def test_one_bad_table_leaves_the_others():
    known, problems = parse_articles_toml('["a.txt"]\ntitle = []\n["b.txt"]\ntitle = "B"\n[c.txt]\ntitle = "C"\n')
    assert known["b.txt"] == {"title": "B"} and "a.txt" not in known
    assert problems == [
        'in ["a.txt"] gives title as something other than text; put the value in quotes.',
        'names a file without quotes; write ["c.txt"].',
    ]


@pytest.mark.parametrize("text", ['["a.txt"\n', "a = \n", "a = " + "[" * 5000])
def test_broken_toml_is_refused_in_one_line(text):
    with pytest.raises(CorpusError, match=r"^is not valid TOML \(.+\); correct it\.$"):
        parse_articles_toml(text)
