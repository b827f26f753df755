"""Pieces of text to sentences with marks: wherever the pieces are cut, and with nothing lost."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from askoctober.answering.draft import Draft, DraftSentence


def cut(text: str, *places: int) -> list[DraftSentence]:
    """What the draft gives out for a text cut at the given places."""
    draft = Draft()
    found: list[DraftSentence] = []
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    for start, end in zip(edges, edges[1:], strict=False):
        found += draft.add(text[start:end])
    return found + draft.finish()


def read(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(sentence.text, sentence.marks) for sentence in cut(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bees dance. [1]", [("Bees dance.", (1,))]),
        ("Bees dance. [1] Ants walk. [2]", [("Bees dance.", (1,)), ("Ants walk.", (2,))]),
        ("Bees dance.[1][2] Ants walk.[12]", [("Bees dance.", (1, 2)), ("Ants walk.", (12,))]),
        ("Bees dance. [1] [2] Ants walk. [3]", [("Bees dance.", (1, 2)), ("Ants walk.", (3,))]),
        ("Bees dance [1]. Ants walk [2]!", [("Bees dance.", (1,)), ("Ants walk!", (2,))]),
        ("Bees dance. [1]. Ants walk. [2].", [("Bees dance.", (1,)), ("Ants walk.", (2,))]),
        ("Bees dance [1], [2]. Ants walk [1]; [3].", [("Bees dance.", (1, 2)), ("Ants walk.", (1, 3))]),
        ("Bees dance [1][1][2][1].", [("Bees dance.", (1, 2))]),
        ("Bees dance [1] Ants walk [2]", [("Bees dance", (1,)), ("Ants walk", (2,))]),
        ("Bees dance. [1]\n\nAnts\nwalk. [2]\n", [("Bees dance.", (1,)), ("Ants walk.", (2,))]),
        ("Bees dance. They hum. [1]", [("Bees dance.", (1,)), ("They hum.", (1,))]),
    ],
)
def test_marks_end_sentences(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  \n ", []),
        ("[1]", []),
        ("[1] [2].", []),
        ("... [1]", []),
        ("Bees dance. They hum.", [("Bees dance.", ()), ("They hum.", ())]),
        ("Bees dance. [1] They hum", [("Bees dance.", (1,))]),
        ("Bees dance. [1", [("Bees dance.", ())]),
        ("Bees dance. [", [("Bees dance.", ())]),
    ],
)
def test_text_without_marks(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bees [1] dance in the hive. [2]", [("Bees dance in the hive.", (1, 2))]),
        ("Bees dance [1], and ants walk [2].", [("Bees dance, and ants walk.", (1, 2))]),
        ("Bees dance [1] and sing. Ants walk. [2]", [("Bees dance and sing.", (1, 2)), ("Ants walk.", (1, 2))]),
        ("Bees dance [1], and then", []),
    ],
)
def test_a_mark_in_mid_sentence_does_not_cut_it(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They [the bees] dance. [1]", [("They the bees dance.", (1,))]),
        ("They said [sic] so. [1] Ants walk. [2]", [("They said sic so.", (1,)), ("Ants walk.", (2,))]),
        ("Bees dance [1234] here. [1]", [("Bees dance here.", (1,))]),
        ("Bees dance [] here. [1]", [("Bees dance here.", (1,))]),
        ("Bees dance [ 7 ] here. [1]", [("Bees dance here.", (1,))]),
        ("Bees dance [7, 8] here. [1]", [("Bees dance here.", (1,))]),
        ("Bees [ dance. [1]", [("Bees dance.", (1,))]),
        ("Bees] dance. [1]", [("Bees dance.", (1,))]),
    ],
)
def test_brackets_that_are_no_marks(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert read(text) == expected


def test_a_sentence_comes_as_soon_as_its_marks_are_complete() -> None:
    draft = Draft()
    assert draft.add("Bees dance. [1]") == []
    assert draft.add(" ") == []
    assert draft.add("[2]") == []
    assert draft.add(" A") == [DraftSentence("Bees dance.", (1, 2))]
    assert draft.add("nts walk [3]") == []
    assert draft.add(".") == []
    assert draft.add(" He") == [DraftSentence("Ants walk.", (3,))]
    assert draft.finish() == []


WORDS = st.text(alphabet="abcXYZ .!?,;:\n'’\"éß", max_size=12)
BRACKETS = st.sampled_from(["[1]", "[2]", "[13]", "[", "]", "[x]", "[sic]", "[1234]", "[]", "[1", "2]", ".", " ", "5"])
DRAFTS = st.lists(st.one_of(WORDS, BRACKETS), max_size=14).map("".join)


@given(DRAFTS, st.lists(st.integers(0, 400), max_size=12))
@example("Bees dance. [1] [2] Ants", [16])
@example("Bees dance [1]; [2].", list(range(20)))
def test_where_the_pieces_are_cut_does_not_matter(text: str, places: list[int]) -> None:
    assert cut(text, *places) == cut(text)
    assert cut(text, *range(len(text))) == cut(text)


def letters(text: str) -> str:
    return "".join(re.findall(r"[^\W\d_]", text))


@given(DRAFTS)
def test_no_letter_is_lost_or_moved(text: str) -> None:
    whole = text.rstrip() + " End."
    assert letters("".join(sentence.text for sentence in cut(whole))) == letters(whole)


@pytest.mark.parametrize("rest", ["They hum and", "They [", "They hum, and [sic]"])
def test_a_sentence_that_was_cut_off_is_left_out(rest: str) -> None:
    assert cut(f"Bees dance. [1] {rest}") == [DraftSentence("Bees dance.", (1,))]
    assert cut(f"Bees dance. {rest}") == [DraftSentence("Bees dance.", ())]


@given(DRAFTS)
def test_sentences_are_plain(text: str) -> None:
    written = {int(number) for number in re.findall(r"\[(\d{1,3})\]", text)}
    for sentence in cut(text):
        assert not re.search(r"[\[\]\n]|  ", sentence.text)
        assert sentence.text == sentence.text.strip() != ""
        assert set(sentence.marks) <= written
        assert len(set(sentence.marks)) == len(sentence.marks)
