import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.chunking import Section, sections, sentence_spans, split_article
from askoctober.types import Article

PIECES = [
    *["a", "B", "1", "word", "Fox", "É", "e\u0301", "的", "٣", "😀", "_", "x" * 40],
    *[" ", " ", "\t", "\n", "\n\n", "\r\n", "\r\n\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85"],
    *["\u2028", "\u2029", "\u00a0", "\u3000", "\u200b", "\ufeff", "\x00"],
    *[".", "?", "!", "...", "…", '"', "”", "(", ")", "[12]", "711", "St. ", "J. ", "vol. ", "# ", "## ", " ##"],
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.characters(codec="utf-8"), max_size=80).map("".join)
SIZES = st.sampled_from([1, 5, 20, 60, 900])


def article(text: str) -> Article:
    return Article("a-1", "a.md", "A", text=text)


def sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentence_spans(text)]


def headings(text: str) -> list[str]:
    return [section.heading for section in sections(text)]


def is_markdown_heading(line: str) -> bool:
    hashes = len(line) - len(line.lstrip("#"))
    return 1 <= hashes <= 6 and line[hashes : hashes + 1].isspace() and bool(line[hashes:].strip())


@given(TEXTS, SIZES)
def test_offsets_are_exact_in_order_and_nothing_is_lost(text, size):
    covered = [False] * len(text)
    end = 0
    for chunk, spans in split_article(article(text), size):
        assert text[chunk.start : chunk.end] == chunk.text == chunk.text.strip()
        assert chunk.id == f"a-1:{chunk.start}-{chunk.end}"
        assert end <= chunk.start < chunk.end
        assert len(chunk.text) <= size
        assert spans
        end = chunk.start
        for span in spans:
            assert end <= span.start < span.end <= chunk.end
            assert text[span.start : span.end] == text[span.start : span.end].strip()
            covered[span.start : span.end] = [True] * (span.end - span.start)
            end = span.end
        assert not chunk.text.replace(" ", "")[:1].isspace()
        end = chunk.end
    at = 0
    for line in text.splitlines(keepends=True):
        if not is_markdown_heading(line.rstrip("\r\n")):
            assert [c for i, c in enumerate(line) if c.isalnum() and not covered[at + i]] == []
        at += len(line)


@given(TEXTS)
def test_sentences_are_whole_lines_or_less_and_cover_every_mark(text):
    end, covered = 0, [character.isspace() for character in text]
    for span in sentence_spans(text):
        assert end <= span.start < span.end <= len(text)
        sentence = text[span.start : span.end]
        assert sentence == sentence.strip()
        assert "\n" not in sentence
        covered[span.start : span.end] = [True] * (span.end - span.start)
        end = span.end
    assert all(covered)


@given(TEXTS)
def test_sections_follow_each_other(text):
    end = 0
    for section in sections(text):
        assert end <= section.start < section.end <= len(text)
        end = section.end


@pytest.mark.parametrize(
    "parts",
    [
        ["Lenin wrote to V. D. Bonch-Bruyevich.", "He did not reply."],
        ["The train left St. Petersburg at noon.", "It was late."],
        ["See vol. 26, pp. 57-58 of the works.", "It says so."],
        ["The Soviets had taken power.711", "The Congress met."],
        ["They had won the vote. [12]", "Nobody objected.[13]", "It ended."],
        ['"Who is for it?" he asked.', "Ten hands went up."],
        ['He said: "We must act."', "They did."],
        ["They waited… and waited.", "Then it was over."],
        ["Was it true?", "It was!", "Really."],
        ["Prices rose by 3.5 points.", "Wages did not."],
        ["“We stay,” said Mr. Smith.", "They stayed."],
    ],
)
def test_sentences_end_where_a_reader_says(parts):
    assert sentences(" ".join(parts)) == parts


def test_a_line_break_ends_a_sentence():
    assert sentences("A title without a stop\nIt goes\r\non. And on.\n") == [
        "A title without a stop",
        "It goes",
        "on.",
        "And on.",
    ]


def test_an_ornament_between_paragraphs_is_no_sentence_of_the_one_before():
    assert sentences("It ended.\n* * *\nIt began.") == ["It ended.", "* * *", "It began."]


def test_markdown_headings_give_a_path_and_are_left_out():
    text = "Before.\n\n# One\n\nA.\n\n## Two ##\nB.\n\n### Three\n\nC.\n\n## Four\n\nD.\n\n# Five\nE."
    found = list(sections(text))
    assert [(s.heading, text[s.start : s.end].strip()) for s in found] == [
        ("", "Before."),
        ("One", "A."),
        ("One > Two", "B."),
        ("One > Two > Three", "C."),
        ("One > Four", "D."),
        ("Five", "E."),
    ]


@pytest.mark.parametrize("line", ["#hashtag", "####### seven", "#", "text # one"])
def test_what_only_looks_like_a_markdown_heading(line):
    assert headings(f"{line}\nText goes on.") == [""]


def test_a_guessed_heading_stays_in_the_text():
    text = "The first paragraph.\n\nThe rivals at Greenwich\n\nThe astronomer doubted it."
    start = text.index("The rivals")
    assert list(sections(text)) == [
        Section("", 0, start),
        Section("The rivals at Greenwich", start, len(text)),
    ]


@pytest.mark.parametrize(
    "line", ["It ends as prose does.", "and so on it went", "Said he:", "It was so.12", "W" * 81, "One " * 13, "* * *"]
)
def test_what_is_no_guessed_heading(line):
    assert headings(f"A paragraph.\n\n{line}\n\nAnother one.") == [""]


def test_the_first_line_of_a_text_is_its_title_and_no_heading():
    assert headings("The longitude clock\n\nJohn Harrison built it.") == [""]


def test_windows_line_ends_hide_no_heading():
    unix = "Intro.\n\n# One\n\nA.\n\nThe rivals at Greenwich\n\nB.\n"
    assert headings(unix.replace("\n", "\r\n")) == headings(unix) == ["", "One", "One > The rivals at Greenwich"]


def test_a_chunk_ends_at_a_sentence_and_never_crosses_a_heading():
    text = "# One\n" + "Ten words are what each of these sentences is long. " * 20 + "\n# Two\nThe end."
    chunks = [chunk for chunk, _ in split_article(article(text), 120)]
    assert [chunk.heading for chunk in chunks] == ["One"] * 10 + ["Two"]
    assert all(chunk.text.endswith("long.") and len(chunk.text) == 103 for chunk in chunks[:10])
    assert chunks[-1].text == "The end."


def test_a_word_longer_than_a_chunk_is_cut():
    chunks = [chunk.text for chunk, _ in split_article(article("x" * 250), 100)]
    assert chunks == ["x" * 100, "x" * 100, "x" * 50]


def test_chunks_without_a_word_are_left_out():
    assert split_article(article("* * *\n\n---\n\n…")) == []


@pytest.mark.parametrize(
    "text",
    [
        " " * 200_000 + "\nEnd.",
        "# a" + " " * 50_000 + "b\n\nEnd.",
        "# " + "#" * 50_000 + "b",
        "Verse of Some length\n" * 20_000,
    ],
    ids=["blanked", "heading", "hashes", "verse"],
)
def test_long_runs_take_no_longer_than_prose(text):
    began = time.perf_counter()
    sentence_spans(text)
    list(sections(text))
    assert time.perf_counter() - began < 5


SENTENCES = [
    "The harbour of the old town was dredged in 1884, and the first steamer of the northern line moored there in May.",
    "Nobody had expected it before the summer, so the quay was still full of timber.",
]
WRAPPED = textwrap.fill(" ".join(SENTENCES), 72)


def test_a_wrapped_paragraph_reads_as_one():
    assert "\n" in WRAPPED
    assert [" ".join(WRAPPED[s.start : s.end].split()) for s in sentence_spans(WRAPPED)] == SENTENCES
    windows = WRAPPED.replace("\n", "\r\n")
    assert [windows[s.start : s.end].replace("\r\n", " ") for s in sentence_spans(windows)] == SENTENCES


@pytest.mark.parametrize(
    "text",
    [
        "A first line that is rather long and has no full stop at its end at all\nA caption\nAnother caption of it",
        "- a list item that is as long as a line of wrapped text would be, or so\n- and the next of its items there",
        "Short lines\nof a poem\nstay as\nthey are",
    ],
)
def test_lines_that_were_not_wrapped_stay_apart(text):
    assert [text[s.start : s.end] for s in sentence_spans(text)] == text.split("\n")
