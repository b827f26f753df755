from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askoctober.config import Config
from askoctober.corpus.formats import format_of
from askoctober.web.frame import VIEWS, render_header, render_settings, render_welcome
from askoctober.web.icons import icon
from askoctober.web.own import LARGEST_SHELF
from askoctober.web.settings import PASSAGES, Settings
from askoctober.web.wording import LANGUAGES, message_ids, wording

from .markup import assert_ours, elements, of_class, words

SAY = wording("en")
prose = st.text(st.sampled_from("ab<>&\"'`{}$ \n=/é\u202e\u05d0"), max_size=40)


def test_head_names_the_shelf_and_counts_it() -> None:
    html = render_header("a <b>", 1, SAY)
    assert "<h1><bdi>a &lt;b&gt;</bdi></h1><p>1 article<span>," in html
    assert "<p>1,917 articles<span>" in render_header("a", 1917, SAY)


def test_head_has_the_pages_and_the_tools() -> None:
    html = render_header("Shelf", 3, SAY)
    tabs = of_class(html, "ask-tab")
    assert [tab["data-view"] for tab in tabs] == list(VIEWS) == ["chat", "shelf", "map", "timeline"]
    assert [tab.words for tab in tabs] == ["Ask", "Articles", "Map", "Timeline"]
    assert [tab.attributes.get("aria-current") for tab in tabs] == ["page", None, None, None]
    assert [(tool["data-tool"], tool["aria-label"]) for tool in of_class(html, "ask-tool")] == [
        ("new", "New conversation"),
        ("kept", "Conversations"),
        ("settings", "Settings"),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_head_carries_its_language_and_the_words_of_the_scripts(language: str) -> None:
    say = wording(language)
    (head,) = of_class(render_header("Shelf", 3, say, ready=True), "ask-header")
    assert head["data-language"] == language and head["data-ready"] == "true"
    assert json.loads(head["data-words"]) == say.for_scripts()
    assert set(json.loads(head["data-words"])) == {
        name.removeprefix("js-") for name in message_ids("en") if name.startswith("js-")
    }
    (early,) = of_class(render_header("Shelf", 3, say), "ask-header")
    assert "data-ready" not in early.attributes


def test_head_tells_the_scripts_which_files_are_read_and_how_large() -> None:
    (head,) = of_class(render_header("Shelf", 3, SAY), "ask-header")
    endings = head["data-endings"].split()
    assert {".md", ".txt", ".html", ".pdf", ".docx", ".odt", ".epub", ".rtf", ".eml", ".csv", ".zip", ".tar.gz"} <= set(
        endings
    )
    assert ".doc" in endings, "for which the server says what to do"
    assert not {"", ".png", ".exe"} & set(endings) and all(format_of(f"a{ending}") for ending in endings)
    assert head["data-largest"] == str(LARGEST_SHELF)


def test_welcome_offers_the_examples() -> None:
    html = render_welcome(["Who?", "<b>Why</b> & how?"], SAY)
    assert [button.words for button in of_class(html, "ask-example")] == ["Who?", "<b>Why</b> & how?"]
    (group,) = of_class(html, "ask-examples")
    assert (group["role"], group["aria-label"]) == ("group", "Example questions")
    (empty,) = of_class(render_welcome((), SAY), "ask-examples")
    assert "role" not in empty.attributes and empty.words == ""


def chosen(html: str) -> dict[str, list[tuple[str, str]]]:
    """The selected options of a form, by the name of its fields."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for element in elements(html):
        if element.tag == "select":
            name = element["name"]
            found[name] = []
        elif element.tag == "option" and "selected" in element.attributes:
            found[name].append((element["value"], element.words))
    return found


def test_form_shows_what_is_set() -> None:
    assert chosen(render_settings(Settings("de", 12, "long"), Config(passages=4), "a", SAY)) == {
        "language": [("de", "Deutsch")],
        "length": [("long", "Long: up to six sentences")],
        "passages": [("12", "12")],
    }
    assert chosen(render_settings(Settings(), Config(passages=10, answer_length="short"), "a", SAY)) == {
        "language": [("", "As the browser says")],
        "length": [("short", "Short: a sentence")],
        "passages": [("10", "10")],
    }


def test_form_offers_what_can_be_set_and_labels_it() -> None:
    html = render_settings(Settings(), Config(), "a <model>", SAY)
    options = [element["value"] for element in elements(html) if element.tag == "option"]
    assert options == ["", *LANGUAGES, "short", "normal", "long", *map(str, PASSAGES)]
    labels = {element["for"]: element.words for element in elements(html) if element.tag == "label"}
    fields = [element for element in elements(html) if element.tag == "select"]
    assert [labels[element["id"]] for element in fields] == [
        "Language of the interface",
        "Length of answers",
        "Passages that are read for an answer",
    ]
    ids = {element["id"]: element.words for element in elements(html) if "id" in element.attributes}
    assert [ids[element["aria-describedby"]] for element in fields if "aria-describedby" in element.attributes] == [
        "More find more and take longer."
    ]
    assert "Written by a <model>" in words(html)


@settings(deadline=None)
@given(prose, st.lists(prose, max_size=3), prose)
def test_no_title_example_or_model_brings_a_tag_or_an_attribute(title: str, examples: list[str], model: str) -> None:
    html = (
        render_header(title, 2, SAY) + render_welcome(examples, SAY) + render_settings(Settings(), Config(), model, SAY)
    )
    assert_ours(html)
    assert [button.words for button in of_class(html, "ask-example")] == examples


@pytest.mark.parametrize("language", LANGUAGES)
def test_frame_speaks_every_language(language: str) -> None:
    say = wording(language)
    html = (
        render_header("Shelf", 5, say) + render_welcome(["Who?"], say) + render_settings(Settings(), Config(), "a", say)
    )
    shown = words(html)
    for message in ("view-map", "tool-kept", "welcome", "welcome-lead", "set-length", "length-long", "settings-kept"):
        assert message in message_ids(language) and say(message) in shown


@pytest.mark.parametrize("name", ["new", "kept", "settings", "up", "down"])
def test_drawings_are_hidden_from_those_who_hear_the_page(name: str) -> None:
    drawn = elements(icon(name))
    assert drawn[0].tag == "svg" and drawn[0]["aria-hidden"] == "true" and drawn[0]["focusable"] == "false"
    assert drawn[0].words == "" and len(drawn) > 1
    assert_ours(icon(name))


def test_thumb_down_is_the_thumb_up_turned_round() -> None:
    up, down = icon("up"), icon("down")
    assert "rotate(180 12 12)" in down and "rotate" not in up
    assert {e["d"] for e in elements(up) if e.tag == "path"} == {e["d"] for e in elements(down) if e.tag == "path"}
    with pytest.raises(KeyError):
        icon("left")
