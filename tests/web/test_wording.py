"""Every language says everything, with the same arguments, and the code asks for nothing that is not said."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import get_args

import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor
from hypothesis import given
from hypothesis import strategies as st

from askoctober.answering.assistant import LENGTHS
from askoctober.answering.deciding import in_words
from askoctober.web import session, wording
from askoctober.web.frame import VIEWS
from askoctober.web.keeping.exporting import SUPPORTS
from askoctober.web.render import REMARKS, SUPPORT
from askoctober.web.wording import DEFAULT, FOR_SCRIPTS, LANGUAGES, Wording, message_ids, preferred

WEB = Path(str(resources.files("askoctober.web")))
OTHERS = [language for language in LANGUAGES if language != DEFAULT]
COUNTS = (0, 1, 2, 5, 11, 21, 100)
NBSP, THIN = "\u00a0", "\u202f"

MADE: dict[str, list[str]] = {
    "act-": ["retry", "edit", "link", "continue", "copy", "more", "passages", "up", "down"],
    "document-rated-": ["up", "down"],
    "js-export-": ["markdown", "json"],
    "length-": list(LENGTHS),
    "map-": ["retrieved", "cited"],
    "status-": [stage for stage in get_args(session.Stage) if stage not in ("done", "failed")],
    "support-": sorted(SUPPORT),
    "sure-": [in_words(sure).replace(" ", "-") for sure in (0.0, 0.7, 0.85, 0.95)],
    "tool-": ["new", "kept", "settings"],
    "view-": list(VIEWS),
}
"""The ids that the code puts together, by how they begin: f"act-{act}" and the like."""
MADE_IDS = {start + end for start, ends in MADE.items() for end in ends}


class Variables(Visitor):
    """Collects the names of the variables of a message."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 - the visitor's own name
        self.names.add(node.id.name)


def path_of(language: str) -> Path:
    return WEB / "words" / f"{language}.ftl"


@cache
def parsed(language: str) -> tuple[ast.EntryType, ...]:
    return tuple(FluentParser().parse(path_of(language).read_text(encoding="utf-8")).body)


@cache
def messages(language: str) -> dict[str, ast.Message]:
    return {entry.id.name: entry for entry in parsed(language) if isinstance(entry, ast.Message)}


def variables(message: ast.Message) -> set[str]:
    visitor = Variables()
    visitor.visit(message)
    return visitor.names


def arguments(message: str, number: int) -> dict[str, object]:
    """Arguments of all the names that a message has: numbers where it counts, as the code gives them."""
    texts = {"title": "T", "model": "M", "error": "E", "path": "a.md", "numbers": "1, 2", "year": "1917"}
    texts |= {"new": "N", "old": "O", "start": "10", "end": "20", "page": "12", "first": "12", "last": "13"}
    return {name: texts.get(name, number) for name in variables(messages(DEFAULT)[message])}


def sources(suffix: str) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(WEB.rglob(f"*{suffix}")))


# What the files hold


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_parse_without_junk(language: str) -> None:
    junk = [entry.content for entry in parsed(language) if isinstance(entry, ast.Junk)]
    assert junk == []
    ids = [entry.id.name for entry in parsed(language) if isinstance(entry, ast.Message)]
    assert len(ids) == len(set(ids))
    assert ids == message_ids(language)


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_ids_of_the_default_in_its_order(language: str) -> None:
    assert list(messages(language)) == list(messages(DEFAULT))


@pytest.mark.parametrize("language", OTHERS)
def test_messages_have_the_same_variables_in_every_language(language: str) -> None:
    different = {
        name: (variables(message), variables(messages(language)[name]))
        for name, message in messages(DEFAULT).items()
        if variables(message) != variables(messages(language)[name])
    }
    assert different == {}


@pytest.mark.parametrize("language", OTHERS)
def test_sections_and_their_comments_are_those_of_the_default(language: str) -> None:
    def sections(of: str) -> list[str | None]:
        return [entry.content for entry in parsed(of) if isinstance(entry, ast.GroupComment)]

    assert sections(language) == sections(DEFAULT)


def test_there_is_a_file_for_every_language_and_no_other() -> None:
    assert {path.stem for path in (WEB / "words").glob("*.ftl")} == set(LANGUAGES)


@pytest.mark.parametrize("language", OTHERS)
def test_messages_that_refer_to_another_do_so_in_every_language(language: str) -> None:
    def references(of: str) -> dict[str, str]:
        lines = re.findall(r"^(js-[a-z-]+) = (\{ [a-z][a-z-]* \})$", path_of(of).read_text("utf-8"), re.MULTILINE)
        return dict(lines)

    assert references(DEFAULT)
    assert references(language) == references(DEFAULT)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("count", COUNTS)
def test_every_message_is_said_for_every_count(language: str, count: int) -> None:
    bundle, say = wording._bundle(language), Wording(language)
    for name in messages(DEFAULT):
        assert bundle.has_message(name), "said by the language itself, not by the default"
        given = arguments(name, count)
        text = say(name, **given)
        assert text.strip(), name
        assert "{$" not in text.replace(" ", ""), name
        for value in given.values():
            if isinstance(value, str):
                assert value in text, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_month_is_said(language: str) -> None:
    said = [Wording(language)("timeline-month", month=month, year="1917") for month in range(1, 13)]
    assert len(set(said)) == 12
    from babel.dates import get_month_names

    names = get_month_names("wide", context="stand-alone", locale=language)
    assert [text.split()[0].lower() for text in said] == [names[month].lower() for month in range(1, 13)]


def test_the_signs_of_each_language() -> None:
    french = path_of("fr").read_text(encoding="utf-8")
    values = "".join(re.findall(r"^(?!#).*$", french, re.MULTILINE))
    assert re.findall(r"[^\u202f][;!?]", values) == []
    assert not re.search(r"(?<=\w) :", values), "a colon stands after a space that does not break"
    for language in LANGUAGES:
        text = path_of(language).read_text(encoding="utf-8")
        assert "'" not in text.replace("reader's", ""), "apostrophes are typographic"
        assert "..." not in text
    for language in ("de", "es", "ru", "en"):
        assert not re.search(r"[\u00a0\u202f][;:!?]", path_of(language).read_text(encoding="utf-8"))


# Plurals and numbers


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["0 articles", "1 article", "2 articles", "5 articles", "11 articles", "21 articles", "100 articles"]),
        ("de", ["0 Artikel", "1 Artikel", "2 Artikel", "5 Artikel", "11 Artikel", "21 Artikel", "100 Artikel"]),
        ("fr", ["0 article", "1 article", "2 articles", "5 articles", "11 articles", "21 articles", "100 articles"]),
        (
            "es",
            [
                "0 artículos",
                "1 artículo",
                "2 artículos",
                "5 artículos",
                "11 artículos",
                "21 artículos",
                "100 artículos",
            ],
        ),
        ("ru", ["0 статей", "1 статья", "2 статьи", "5 статей", "11 статей", "21 статья", "100 статей"]),
    ],
)
def test_counted_articles(language: str, said: list[str]) -> None:
    assert [Wording(language)("articles-count", count=count) for count in COUNTS] == said


@pytest.mark.parametrize(
    ("language", "sentences", "sources", "said"),
    [
        ("en", 1, 2, "Answer ready: 1 sentence, 2 sources."),
        ("de", 1, 2, "Antwort fertig: 1 Satz, 2 Quellen."),
        ("de", 3, 1, "Antwort fertig: 3 Sätze, 1 Quelle."),
        ("fr", 1, 2, f"Réponse prête{NBSP}: 1 phrase, 2 sources."),
        ("fr", 0, 0, f"Réponse prête{NBSP}: 0 phrase, 0 source."),
        ("es", 0, 1, "Respuesta lista: 0 frases, 1 fuente."),
        ("es", 1, 2, "Respuesta lista: 1 frase, 2 fuentes."),
        ("ru", 1, 5, "Ответ готов: 1 предложение, 5 источников."),
        ("ru", 3, 21, "Ответ готов: 3 предложения, 21 источник."),
        ("ru", 11, 2, "Ответ готов: 11 предложений, 2 источника."),
    ],
)
def test_two_plurals_in_one_message(language: str, sentences: int, sources: int, said: str) -> None:
    assert Wording(language)("status-done", sentences=sentences, sources=sources) == said


@pytest.mark.parametrize(
    ("language", "message", "given", "said"),
    [
        ("de", "found", {"passages": 1}, "1 Textstelle gefunden"),
        ("de", "and-more", {"count": 1}, "und 1 weiterer, den Antworten zitieren können"),
        ("de", "status-queued", {"ahead": 2}, "In der Warteschlange: 2 Personen sind vor Ihnen"),
        ("fr", "found", {"passages": 2}, "2 passages trouvés"),
        ("fr", "map-others", {"count": 1}, "1 autre article"),
        ("es", "found", {"passages": 2}, "2 fragmentos encontrados"),
        ("es", "status-queued", {"ahead": 1}, "En espera: 1 persona va antes"),
        ("ru", "found", {"passages": 21}, "Найден 21 фрагмент"),
        ("ru", "found", {"passages": 12}, "Найдено 12 фрагментов"),
        ("ru", "status-queued", {"ahead": 3}, "Ожидание: перед вами 3 читателя"),
        ("ru", "document-sentences", {"count": 21, "numbers": "1, 2"}, "предложения 1, 2"),
        ("ru", "document-sentences", {"count": 1, "numbers": "4"}, "предложение 4"),
        ("ru", "length", {"words": 12345, "minutes": 56}, f"12{NBSP}345 слов, 56 минут"),
        ("fr", "length", {"words": 12345, "minutes": 1}, f"12{THIN}345 mots, 1 minute"),
        ("de", "length", {"words": 12345, "minutes": 56}, "12.345 Wörter, 56 Minuten"),
        ("de", "seconds", {"seconds": 12.3}, f"12,3{NBSP}s"),
        ("en", "seconds", {"seconds": 12.3}, "12.3 s"),
        ("en", "timeline-year-count", {"year": "1917", "count": 2}, "1917: 2 sentences"),
        ("es", "timeline-month", {"month": 10, "year": "1917"}, "Octubre de 1917"),
        ("ru", "timeline-month", {"month": 10, "year": "1917"}, f"Октябрь 1917{THIN}г."),
        ("fr", "js-ask", {}, "Demander"),
        ("es", "js-matches", {}, "{n} de {count}"),
    ],
)
def test_messages_by_value(language: str, message: str, given: dict[str, object], said: str) -> None:
    assert Wording(language)(message, **given) == said


# What the class does


def test_unknown_messages_and_missing_arguments_are_errors() -> None:
    for language in LANGUAGES:
        with pytest.raises(KeyError, match="no-such-message"):
            Wording(language)("no-such-message")
        with pytest.raises(KeyError, match="written-by"):
            Wording(language)("written-by")


def test_arguments_are_plain_text() -> None:
    hostile = "{ ask } <b>\u202e$count"
    assert Wording("de")("written-by", model=hostile) == f"Verfasst von {hostile}"


def test_a_language_without_a_message_says_it_in_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    say = Wording("de")
    monkeypatch.setattr(say._bundles[0], "has_message", lambda message: message != "save")
    assert (say("save"), say("cancel")) == ("Save", "Abbrechen")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "25 October 1917"),
        ("de", "25. Oktober 1917"),
        ("fr", "25 octobre 1917"),
        ("es", "25 de octubre de 1917"),
        ("ru", f"25 октября 1917{THIN}г."),
    ],
)
def test_days_are_written_as_readers_of_the_language_do(language: str, said: str) -> None:
    say = Wording(language)
    assert say.day("1917-10-25") == said
    for other in ("", "1917", "1917-13-45", "some day"):
        assert say.day(other) == other


@pytest.mark.parametrize("language", LANGUAGES)
def test_scripts_get_their_messages_by_the_names_that_they_use(language: str) -> None:
    given = Wording(language).for_scripts()
    assert set(given) == {name.removeprefix(FOR_SCRIPTS) for name in messages(DEFAULT) if name.startswith(FOR_SCRIPTS)}
    assert "{n}" in given["matches"]
    assert "{count}" in given["matches"]
    assert given["ask"] == Wording(language)("ask")


def test_a_language_that_is_not_spoken_gets_the_default() -> None:
    assert wording.wording("fr")("ask") == "Demander"
    for name in ("", "xx", "../en", "DE"):
        assert wording.wording(name).language == DEFAULT


# What a browser asks for


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("DE-at", "de"),
        ("fr-CA,fr;q=0.8,en;q=0.5", "fr"),
        ("en-US,en;q=0.9,ru;q=0.8", "en"),
        ("es;q=0.3, ru;q=0.7", "ru"),
        ("pt, es;q=0.3, zh-Hans-CN;q=0.9", "es"),
        ("de;q=0", "en"),
        ("fr ; q=0.2 , de ; q=0.4", "de"),
        ("de, fr", "de"),
        ("de;q=0, fr;q=0.5", "fr"),
        ("pt, zh;q=0.5", "en"),
        ("*", "en"),
        ("", "en"),
        ("fr;q=1.0.0, nonsense;;, <b>", "en"),
        ("ru;q=., es;q=0.1", "es"),
    ],
)
def test_the_language_that_is_wanted_most_and_spoken(header: str, language: str) -> None:
    assert preferred(header) == language


@given(st.text(max_size=200) | st.text(alphabet="defrus-;,q=.01 *", max_size=60))
def test_any_header_gives_a_language_that_is_spoken(header: str) -> None:
    assert preferred(header) in LANGUAGES


# What the code asks for


def quoted(text: str) -> set[str]:
    """The ids that stand whole in quotes in some code."""
    return set(re.findall(r"""["']([a-z](?:[a-z0-9-]*[a-z0-9])?)["']""", text))


def said_in_python() -> set[str]:
    """The ids that stand in the first argument of `say`, and those that the code keeps to say them later."""
    return quoted(" ".join(re.findall(r"\bsay\(([^(),[]*)", sources(".py")))) | set(REMARKS.values())


def said_in_scripts() -> set[str]:
    return {FOR_SCRIPTS + name for name in quoted(" ".join(re.findall(r"\bword\(([^()]*)\)", sources(".js"))))}


def test_what_the_code_says_is_written() -> None:
    wanted = said_in_python() | said_in_scripts() | MADE_IDS
    assert len(wanted) > 100
    assert sorted(wanted - set(messages(DEFAULT))) == []


def test_ids_that_are_put_together_begin_as_listed() -> None:
    starts = re.findall(r"""say\(\s*(?:f["']([a-z-]+-)\{|["']([a-z-]+-)["']\s*\+)""", sources(".py"))
    scripts = re.findall(r"word\(`([a-z-]+-)\$\{", sources(".js"))
    found = {first or second for first, second in starts} | {FOR_SCRIPTS + start for start in scripts}
    assert found == set(MADE)


def test_every_kind_of_support_is_said() -> None:
    assert set(SUPPORTS) == set(SUPPORT)


def test_nothing_is_written_that_the_code_does_not_say() -> None:
    """An id counts as said where it stands in quotes, as most stand in tables, or in a message of the scripts."""
    python, scripts = sources(".py"), sources(".js")
    in_scripts = {FOR_SCRIPTS + name for name in quoted(scripts)}
    # The buttons of the figures: plotly's own names, in small letters.
    plotly = re.findall(r'"(Zoom|Pan|Zoom in|Zoom out|Reset axes)"', scripts)
    in_scripts |= {FOR_SCRIPTS + name.lower().replace(" ", "-") for name in plotly}
    own = {name for name in messages(DEFAULT) if not name.startswith(FOR_SCRIPTS)}
    said = (quoted(python) & own) | in_scripts | MADE_IDS
    assert [name for name in messages(DEFAULT) if name not in said] == []
