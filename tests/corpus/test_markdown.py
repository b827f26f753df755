import pytest

from askoctober.corpus.markdown import find_title, split_front_matter
from askoctober.errors import CorpusError


def test_front_matter_is_read_and_blanked_in_place():
    text = "---\r\ntitle: The road\r\ndate: 2017-03-01\r\n---\r\n# Heading\r\n"
    metadata, _, blanked = split_front_matter(text)
    assert metadata == {"title": "The road", "date": "2017-03-01"}
    assert blanked == "   \r\n               \r\n                \r\n   \r\n# Heading\r\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("closing", ["---", "..."])
def test_every_line_end_and_both_closings(end, closing):
    text = end.join(["---", "author: [A. One, B. Two]", closing, "Text."])
    metadata, _, blanked = split_front_matter(text)
    assert metadata == {"author": "A. One, B. Two"}
    assert blanked.split() == ["Text."] and len(blanked) == len(text)


def test_other_fields_are_kept_as_one_line_texts():
    text = "---\ntitle: The road\ntopic: [a, 'b\n\n  c']\nyear: 1917\nread: yes\nmore: {a: 1}\nnone:\n3: x\n---\nText."
    metadata, others, _ = split_front_matter(text)
    assert metadata == {"title": "The road"}
    assert others == {"topic": "a, b c", "year": "1917", "read": "true"}


def test_empty_front_matter():
    assert split_front_matter("---\n---\nText.") == ({}, {}, "   \n   \nText.")


@pytest.mark.parametrize(
    "text",
    [
        "No front matter.\n---\ntitle: a\n---\n",
        "---\nA paragraph between two thematic breaks.\n---\n",
        "---\n\nA thematic break, then text: all of it stays.\n",
        "----- a line that begins with dashes\n",
        "",
    ],
)
def test_dashes_are_not_always_front_matter(text):
    assert split_front_matter(text) == ({}, {}, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("---\ntitle: 'open\n---\nText.", "has front matter that is not valid YAML ("),
        ("---\n[1, 2\n---\nText.", "has front matter that is not valid YAML ("),
        ("---\ndate: 2017-13-45\n---\nText.", "has front matter that is not valid YAML (month must be in 1..12"),
        ("---\na: !!python/object/apply:os.getcwd []\n---\nText.", "has front matter that is not valid YAML ("),
        ("---\na: " + "[" * 5000 + "\n---\n", "has front matter that is not valid YAML ("),
        ("---\ntitle: no end\n\nText.", "has front matter that does not end; close it"),
        ("---\nlanguage: no\n---\n", "gives language as false; put the value in quotes."),
        ("---\ntitle: {a: b}\n---\n", "gives title as something other than text; put the value in quotes."),
    ],
)
def test_broken_front_matter_is_refused_in_one_line(text, reason):
    with pytest.raises(CorpusError) as caught:
        split_front_matter(text)
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# The road\n# Second\n", "The road"),
        ("## Not this\n\n#  The  road  ##\n", "The road"),
        ("# The *State* and **[Revolution](http://x.org)**, by `V. I.`\n", "The State and Revolution, by V. I."),
        ("# snake_case_names and 2 * 3 * 4\n", "snake_case_names and 2 * 3 * 4"),
        ("# C#\r\n", "C#"),
        ("#no heading\n", ""),
        ("```sh\n# a comment\n```\n# The road\n", "The road"),
        ("~~~~\n# a\n~~~\n# b\n~~~~~\n# The road\n", "The road"),
        ("# \n", ""),
        ("Only text.", ""),
    ],
)
def test_the_title_is_the_first_heading_of_level_one(text, title):
    assert find_title(text) == title
