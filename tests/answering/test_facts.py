"""Numbers and names: found however they are written, and never more than a text holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.answering.facts import fold, names, numbers, ordinary_words, unsupported


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000 bees", {"1000"}),
        ("1,250,000 bees.", {"1250000"}),
        ("it won 10-2", {"10", "2"}),
        ("pages 13–14", {"13", "14"}),
        ("on October 25th, 1917", {"25", "1917"}),
        ("in 1917-18, the 1920s and 1917's", {"1917", "18", "1920"}),
        ("at 10:30", {"10", "30"}),
        ("3.5 percent, 12.5%", {"3.5", "12.5"}),
        ("$20 or 5%", {"20", "5"}),
        ("138,000.724 Given", {"138000.724"}),
        ("ten bees", {"10"}),
        ("Ten bees and eleven ants", {"10", "11"}),
        ("the twentieth of May", {"20"}),
        ("twenty-five bees, sixty-first ant", {"25", "61"}),
        ("a ten-day strike", {"10"}),
        ("two million", {"2", "1000000"}),
        ("one bee, the first time, a second try", set()),
        ("one hundred", {"100"}),
        ("to power.711 The bees", set()),
        ("to power.711", set()),
        ('to power."12 The bees', {"12"}),
        ("to power. [12] The bees [3].", set()),
        ("the year 1905.", {"1905"}),
        ("", set()),
        ("tenant, often, weight", set()),
    ],
)
def test_numbers(text: str, expected: set[str]) -> None:
    assert numbers(text) == expected


def test_loosely_one_and_first_count_too() -> None:
    assert numbers("one bee, the second ant", loose=True) == {"1", "2"}
    assert numbers("August, 138,000.724 Given", loose=True) == {"138000.724", "138000"}
    assert numbers("36.4 percent", loose=True) == {"36.4"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("they saw Karl's bees", {"karl"}),
        ("they saw Karl’s bees", {"karl"}),
        ("the Bees' dance", {"bees"}),
        ("they saw Saint-Just", {"saint-just"}),
        ("they saw Müller and ÉMILE", {"muller", "emile"}),
        ("they saw O’Brien", {"o'brien"}),
        ("Frisch—Lindauer", {"frisch", "lindauer"}),
        ("he said: Karl left", {"karl"}),
        ("then J. Frisch left", {"j", "frisch"}),
        ("the SRs and the II Congress", {"srs", "ii", "congress"}),
        ("However, they left. The ants stayed", set()),
        ("“While bees dance” and so (Although not)", set()),
        ("then I left", set()),
        ("Ten bees left. Twenty-five ants stayed", set()),
        ("on the First Day", {"first", "day"}),
        ("R2D2 and B12", set()),
        ("to Moscow.12 The", {"moscow"}),
        ("", set()),
    ],
)
def test_names(text: str, expected: set[str]) -> None:
    assert names(text) == expected


def test_a_word_at_the_start_of_a_sentence_is_a_name_unless_it_is_ordinary() -> None:
    ordinary = ordinary_words(["The workers left. Frisch stayed.", "many Bees dance"])
    assert ordinary == {"workers", "left", "stayed", "many", "dance"}
    assert names("Workers left. Frisch stayed. “Dance”: Many Workers", ordinary) == {"frisch", "workers"}


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Russians fought.", "in Russia they fought"),
        ("Russia fought.", "the Russian soldiers fought"),
        ("He was a Marxist.", "he read Marx"),
        ("The Bolsheviks won.", "the Bolshevik party won"),
        ("Bolshevism won.", "the Bolsheviks won"),
        ("The Soviet met.", "the soviets met"),
        ("The SRs met.", "every SR met"),
        ("Saint-Just spoke.", "Just a Saint spoke"),
        ("Müller spoke.", "MULLER spoke"),
        ("Karl’s bees", "the bees of Karl"),
        ("Karl's bees", "Karl’s bees"),
        ("The bees of Moscow", "the bees of Moscow.12 Then"),
        ("Ten bees", "10 bees"),
        ("25 bees", "twenty-five bees"),
        ("The vote was 10-2.", "ten voted for, two against"),
        ("1000 bees", "1,000 bees"),
        ("1 bee, the 2nd", "one bee, the second"),
        ("138,000 bees", "by August, 138,000.724 Given"),
        ("in 1917", "in 1917-18"),
        ("on the 25th", "on October 25"),
    ],
)
def test_supported(claim: str, source: str) -> None:
    assert unsupported(claim, source, ordinary_words([source])) == set()


@pytest.mark.parametrize(
    ("claim", "source", "missing"),
    [
        ("Stalin voted against it.", "Lenin voted for it. He voted against it.", {"stalin"}),
        ("Lenin and Stalin left.", "Lenin left.", {"stalin"}),
        ("Martov left.", "Martinov left.", {"martov"}),
        ("Sokolov left.", "Sokolnikov left.", {"sokolov"}),
        ("It fell in March.", "They marched, and it fell.", {"march"}),
        ("The French left.", "They left France.", {"french"}),
        ("Saint-Simon left.", "Saint-Just left.", {"saint-simon"}),
        ("11 bees", "10 bees", {"11"}),
        ("ten bees", "11 bees", {"10"}),
        ("35 percent", "3.5 percent", {"35"}),
        ("twenty-five", "twenty or five", {"25"}),
        ("two million", "two thousand", {"1000000"}),
        ("711 bees took power", "bees took power.711 The end", {"711"}),
        ("12 bees took power", "bees took power. [12]", {"12"}),
        ("1918", "1917-19", {"1918"}),
        ("100 bees", "1,000 bees", {"100"}),
    ],
)
def test_missing(claim: str, source: str, missing: set[str]) -> None:
    assert unsupported(claim, source, ordinary_words([source])) == missing


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Müller’s", "muller"),
        ("BEES'", "bees"),
        ("Straße", "strasse"),
        ("Ångström", "angstrom"),
        ("O’Brien", "o'brien"),
    ],
)
def test_fold(word: str, expected: str) -> None:
    assert fold(word) == expected


NAMES = ["Karl", "Frisch", "Müller's", "Saint-Just", "Russian", "O’Brien", "Moscow.12", "SRs", "J.", "İzmir", "ǅemal"]
NUMBERS = [
    "10-2",
    "1,000",
    "3.5",
    "25th",
    "ten",
    "Twenty-five",
    "1917–18",
    "138,000.724",
    "[12]",
    "one",
    "000",
    "1.2.3",
]
TEXTS = st.one_of(
    st.text(),
    st.lists(st.sampled_from([*NAMES, *NUMBERS, "the", "The", "bees", "dance.", '"', "(", "power.711"])).map(" ".join),
)


@given(TEXTS)
def test_a_text_supports_itself(text: str) -> None:
    assert unsupported(text, text) == set()
    assert unsupported(text, text, ordinary_words([text])) == set()


@given(TEXTS, TEXTS)
def test_more_source_never_takes_support_away(text: str, more: str) -> None:
    assert unsupported(text, f"{text}\n{more}") == set()


@given(st.lists(st.sampled_from(["the bees dance.", "Karl left in 1917,", "ten of them"]), min_size=1), st.data())
def test_a_foreign_name_or_number_is_always_found(sentences: list[str], data: st.DataObject) -> None:
    source = " ".join(sentences)
    foreign = data.draw(st.sampled_from(["Zebrowski", "Quaresma's", "4711", "1,848", "ninety-nine", "77th"]))
    words = source.split()
    words.insert(data.draw(st.integers(0, len(words))), foreign)
    expected = {"zebrowski", "quaresma", "4711", "1848", "99", "77"}
    missing = unsupported(" ".join(words), source, ordinary_words([source]))
    assert len(missing) == 1 and missing <= expected


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=12), st.integers(1000, 9999))
def test_any_new_name_and_year_is_found(name: str, year: int) -> None:
    name = f"zq{name}"
    assert unsupported(f"{name.title()} left in {year}.", "Ww 0 left in.") == {name, str(year)}
