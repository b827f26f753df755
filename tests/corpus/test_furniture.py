import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.corpus import blank_furniture

PROSE = "The soviets met, and the debate went on through the night in the great hall of the Smolny."

ANYWHERE = [
    "Sign up for our daily email update ‘Breakfast in Red’",
    "SIGN UP TO OUR NEWSLETTER",
    "Subscribe to our weekly newsletter!",
    "Downloading PDF. Please wait...",
    "This article is over 14 years, 10 months old",
    "This article is more than 2 years old.",
    "  Share this article  ",
    "Share on Facebook",
    "Follow us on Twitter and Facebook",
    "Skip to content",
    "[Skip to main content](#main)",
    "↑ Back to top",
    "Advertisement",
    "Read more »",
    "Print this page",
]
EDGES = [
    "Home",
    "Menu",
    "Print",
    "« Previous",
    "Next article →",
    "Latest News",
    "Further Reading",
    "From the archives",
    "Related articles:",
    "Subscribe",
    "Make a donation to the Petrograd Gazette",
    "Donate now",
    "Help fund the resistance",
    "Follow us",
    "We use cookies to improve this site.",
    "Accept all cookies",
    "Cookie policy",
    "© 2017 The Petrograd Gazette",
    "Copyright 2017 The Petrograd Gazette. All rights reserved.",
    "3 comments",
]
KEPT = [
    "Home rule",
    "Menu of demands",
    "The print workers",
    "Print workers join the strike",
    "Help fund the Red Guards, he wrote.",
    "Make a donation to the strike fund, said the leaflet.",
    "Subscribe to Pravda!",
    "Advertisement of the revolution",
    "Next to him sat Kamenev",
    "Copyright in Soviet law",
    "Share this land among those who till it",
    "Sign up for the Red Guard",
    "Issue 2057",
    "21 October 2017",
    "Read more in chapter 3",
    "(March 2017)",
    "134) Crisis of Leadership",
]


def kept(text):
    return [line.strip() for line in blank_furniture(text).splitlines() if line.strip()]


@pytest.mark.parametrize("line", ANYWHERE)
def test_furniture_that_is_known_wherever_it_stands(line):
    text = f"{PROSE}\n{line}\n{PROSE}"
    assert blank_furniture(text) == f"{PROSE}\n{' ' * len(line)}\n{PROSE}"


@pytest.mark.parametrize("line", EDGES)
def test_furniture_that_counts_only_at_the_head_and_the_tail(line):
    blank = " " * len(line)
    assert blank_furniture(f"{line}\n\n{PROSE}\n\n{line}") == f"{blank}\n\n{PROSE}\n\n{blank}"
    text = f"{PROSE}\n\n{line}\n\n{PROSE}"
    assert blank_furniture(text) == text


@pytest.mark.parametrize("line", KEPT)
def test_what_only_looks_like_furniture_stays(line):
    text = f"{line}\n\n{PROSE}\n\n{line}\n"
    assert blank_furniture(text) == text


def test_furniture_at_the_tail_does_not_hide_the_furniture_before_it():
    tail = ["Further Reading", "We use cookies.", "All rights reserved."]
    assert kept("\n".join([PROSE, *tail])) == [PROSE]


def test_without_a_sentence_nothing_is_an_edge():
    assert kept("Home\nBread and roses\nNext") == ["Home", "Bread and roses", "Next"]
    assert kept("Home\nAdvertisement\nNext") == ["Home", "Next"]


def test_of_a_notice_on_the_line_of_a_text_only_the_notice_goes():
    text = f"Downloading PDF. Please wait... Issue 2057\n{PROSE}"
    assert blank_furniture(text) == f"{' ' * 32}Issue 2057\n{PROSE}"
    assert kept(f"Downloading PDF. Please wait... Home\n{PROSE}") == [PROSE]


def test_long_lines_are_never_furniture():
    line = "Sign up for our daily email update " + "x" * 90
    assert kept(f"{line}\n{PROSE}") == [line, PROSE]
    assert kept(f"{line[:120]}\n{PROSE}") == [PROSE]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "line", [" " * 200_000 + "x." + " " * 200_000 + "x", '."' * 200_000 + "x", ". " * 200_000, "." * 10**6]
)
def test_no_line_takes_long(line):
    assert blank_furniture(line) == line


def test_a_caption_that_is_repeated_is_kept_once():
    text = f"General Kornilov\r\nGeneral Kornilov\r\n\r\n{PROSE}"
    assert blank_furniture(text) == f"General Kornilov\r\n{' ' * 16}\r\n\r\n{PROSE}"


@pytest.mark.parametrize(
    "text",
    [
        "General Kornilov\n\nGeneral Kornilov\n",
        "General Kornilov\nGeneral Kornilov\nGeneral Kornilov\n",
        "Bread and roses,\nBread and roses,\n\n",
        "All power to the soviets!\nAll power to the soviets!\n",
        "He was right.\nHe was right.\n",
        "General Kornilov\nGeneral Kornilov\nThe general\n",
        "10 12\n10 12\n",
        "None\nNone\n",
        "| --- | --- |\n| --- | --- |\n",
    ],
)
def test_verse_tables_and_sentences_may_repeat(text):
    assert blank_furniture(text) == text


LINES = st.sampled_from(
    [*ANYWHERE, *EDGES, *KEPT, PROSE, "", " ", "General Kornilov", "Downloading PDF. Please wait... X"]
)
PAGES = st.lists(st.tuples(LINES | st.text(max_size=130), st.sampled_from(["\n", "\r\n", "\r"]))).map(
    lambda rows: "".join(line + end for line, end in rows)
)


@given(PAGES)
def test_blanking_keeps_every_offset(text):
    blanked = blank_furniture(text)
    assert len(blanked) == len(text)
    assert all(new == old or (new == " " and old not in "\r\n") for old, new in zip(text, blanked, strict=True))


@given(PAGES)
def test_blanking_twice_is_blanking_once(text):
    blanked = blank_furniture(text)
    assert blank_furniture(blanked) == blanked


@given(
    start=st.sampled_from(["", *ANYWHERE, *EDGES]),
    words=st.lists(
        st.sampled_from(["our", "newsletter", "email", "donate", "the", "page", "cookies", "2017"]), min_size=13
    ),
    before=PAGES,
    after=PAGES,
)
def test_a_sentence_of_more_than_twelve_words_always_stays(start, words, before, after):
    sentence = " ".join([start, *words]).strip() + "."
    page = f"{before}\n{sentence}\n"
    assert blank_furniture(page + after)[len(before) + 1 : len(page) - 1] == sentence
