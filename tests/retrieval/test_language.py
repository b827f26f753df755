"""Questions in other languages are told apart; short ones, names and the shelf's own words are not."""

import pytest

from askoctober.retrieval.language import foreign_language, language_of

KNOWN = {"lighthouse", "keeper", "who", "built", "the", "first", "zimmerwald", "le", "monde", "diplomatique"}


def told(question: str, *shelf: str) -> str:
    return foreign_language(question, shelf or ("en",), lambda word: word.casefold() in KNOWN)


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Wer hat den ersten Leuchtturm gebaut und wann wurde er eröffnet?", "German"),
        ("Qui a construit le premier phare de la côte ?", "French"),
        ("¿Quién construyó el primer faro de la costa?", "Spanish"),
        ("Кто построил первый маяк на берегу?", "Russian"),
    ],
)
def test_a_foreign_question(question: str, language: str) -> None:
    assert told(question) == language


@pytest.mark.parametrize(
    "question",
    [
        "Who built the first lighthouse?",
        "lighthouse keeper wages 1890",
        "Fresnel Cordouan Gironde",
        "Kerensky",
        "Warum?",
        "who led the red guards",
        "le monde diplomatique zimmerwald",
        "kornilov affair causes consequences",
        "!?",
    ],
)
def test_what_is_not_shut_out(question: str) -> None:
    assert told(question) == ""


def test_the_shelfs_own_language_and_none() -> None:
    german = "Wer hat den ersten Leuchtturm gebaut und wann wurde er eröffnet?"
    assert told(german, "de", "en") == ""
    assert foreign_language(german, (), lambda word: False) == ""


def test_the_language_of_a_text() -> None:
    assert language_of("The keepers of the lighthouse lit the lamp at dusk and put it out at dawn.") == "en"
    assert language_of("Die Wärter zündeten die Lampe in der Dämmerung an und löschten sie am Morgen.") == "de"
    assert language_of("") == ""
