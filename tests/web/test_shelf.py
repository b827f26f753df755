from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askoctober.types import Article, Copy
from askoctober.web.shelf import MOST_SHOWN, MOST_TOPICS, render_found, render_reader, render_shelf, topics_of
from askoctober.web.wording import LANGUAGES, message_ids, wording

from .fakes import ARTICLES, BANNERS, BY_ID, CARRIED, HOSTILE, RUPTURE, SCRIPT, hit
from .markup import assert_ours, elements, of_class, words

SAY = wording("en")
prose = st.text(st.sampled_from("abcd<>&\"'`{}$ \n\t#->1.*é\u202e\u05d0"), max_size=80)
PLAIN = [
    Article("one", "one.md", "One", text="Turbines turn with the water. Turbines and sluices hold the water."),
    Article("two", "two.md", "Two", text="Honeybees dance for nectar. Honeybees know the water and the flowers."),
    Article("three", "three.md", "Three", text="The clock of Harrison kept time at sea, on the water. The clock!"),
]


def test_page_has_a_card_for_each_article() -> None:
    html = render_shelf(ARTICLES, SAY)
    opened = of_class(html, "ask-whole")
    assert [(button["data-article"], button.words) for button in opened] == [
        (article.id, article.title) for article in ARTICLES
    ]
    bylines = [line.words for line in of_class(html, "ask-byline")]
    assert bylines[0] == "A. Reader · Reading Room · 18 June 2017 · 57 words, 1 minute"
    covers = [[item.words for item in elements(part) if item.tag == "li"] for part in _lists(html)]
    assert ["The meeting of 10 October", "What the two feared", "After the vote"] in covers
    assert_ours(html)


def _lists(html: str) -> list[str]:
    return re.findall(r'<ul class="ask-topics".*?</ul>', html, re.DOTALL)


def test_length_is_counted_in_words_and_minutes() -> None:
    article = Article("a", "a.md", "T", text="Who's there, 1917? " * 330)
    assert "660 words, 3 minutes" in words(render_shelf([article], SAY))
    assert "0 words, 1 minute" in words(render_shelf([replace(article, text="1917")], SAY))
    assert "660 Wörter, 3 Minuten" in words(render_shelf([article], wording("de")))


def test_what_the_reader_added_can_be_removed_and_nothing_else() -> None:
    html = render_shelf(ARTICLES, SAY, {"hostile", "not there"})
    (button,) = of_class(html, "ask-remove")
    assert button["data-article"] == "hostile"
    assert button["aria-label"] == f"Remove {BY_ID['hostile'].title}"
    assert_ours(html)


def test_where_nothing_can_be_added_nothing_is_offered() -> None:
    closed, opened = render_shelf(ARTICLES, SAY), render_shelf(ARTICLES, SAY, ())
    assert of_class(closed, "ask-drop") == of_class(closed, "ask-remove") == []
    (drop,) = of_class(opened, "ask-drop")
    assert drop["aria-label"] == "Your own articles" and of_class(opened, "ask-remove") == []
    assert [element["type"] for element in of_class(opened, "ask-files")] == ["file", "file"]


def test_long_shelf_is_cut_and_says_so() -> None:
    many = [Article(f"{n:04}", f"{n}.md", f"Title {n}", text="Text.") for n in range(MOST_SHOWN + 2)]
    html = render_shelf(many, SAY)
    assert len(of_class(html, "ask-whole")) == MOST_SHOWN and words(html).endswith("and 2 more, which answers can cite")


def test_found_passages_open_where_they_stand() -> None:
    html = render_found([hit("rupture", CARRIED), hit("hostile", SCRIPT, 2)], SAY)
    start = RUPTURE.index(CARRIED)
    first, second = of_class(html, "ask-open")
    assert (first["data-article"], first["data-start"], first["data-end"]) == (
        "rupture",
        str(start),
        str(start + len(CARRIED)),
    )
    assert first.words == BY_ID["rupture"].title + CARRIED and SCRIPT in second.words
    assert words(html).startswith("Found 2 passages")
    assert_ours(html)


def test_nothing_found_is_said() -> None:
    assert words(render_found([], SAY)) == "No passage was found."


def test_reader_has_the_whole_text_and_its_contents() -> None:
    html = render_reader(BY_ID["rupture"], SAY)
    (article,) = [element for element in elements(html) if element.tag == "article"]
    assert article["data-article"] == "rupture" and article.words.endswith(RUPTURE)
    links = [element for element in elements(html) if element.tag == "a"]
    anchors = {element["id"]: element.words for element in elements(article_of(html)) if "id" in element.attributes}
    assert [link.words for link in links] == ["The meeting of 10 October", "What the two feared", "After the vote"]
    assert [anchors[link["href"].removeprefix("#")].lstrip("\n# ").rstrip() for link in links] == [
        link.words for link in links
    ]
    depths = [element.classes[0] for element in elements(html) if element.tag == "li" and element.classes]
    assert depths == ["ask-depth-2", "ask-depth-3", "ask-depth-2"]


def article_of(html: str) -> str:
    return html[html.index("<article") : html.index("</article>") + len("</article>")]


def test_text_without_headings_has_no_contents() -> None:
    html = render_reader(PLAIN[0], SAY)
    assert not [element for element in elements(html) if element.tag == "nav"]
    assert words(html).endswith(PLAIN[0].text)


def test_deep_headings_count_as_the_fourth() -> None:
    html = render_reader(Article("a", "a.md", "T", text="###### Deep\n\nText"), SAY)
    assert of_class(html, "ask-depth-4") and not of_class(html, "ask-depth-6")


def test_hostile_article_is_read_as_it_is_written() -> None:
    html = render_reader(BY_ID["hostile"], SAY)
    assert_ours(html)
    assert words(html).endswith(HOSTILE)


@given(prose, prose, prose)
@settings(max_examples=60, deadline=None)
def test_no_article_brings_a_tag_or_an_attribute(name: str, title: str, text: str) -> None:
    article = Article(name, "a.md", title, title, title, title, title, text=text)
    assert_ours(render_reader(article, SAY) + render_shelf([article, BY_ID["banners"]], SAY, {name}))


def test_topics_are_headings() -> None:
    covered = topics_of(ARTICLES)
    assert covered["rupture"] == ["The meeting of 10 October", "What the two feared", "After the vote"]
    titled = replace(BY_ID["rupture"], title="after the VOTE")
    assert topics_of([titled])["rupture"] == ["The meeting of 10 October", "What the two feared"]


def test_topics_without_headings_are_the_words_that_set_articles_apart() -> None:
    covered = topics_of(PLAIN)
    assert covered["one"][0] == "turbines" and covered["two"][0] == "honeybees" and covered["three"][0] == "clock"
    assert all("water" not in topics and len(topics) <= MOST_TOPICS for topics in covered.values())


def test_topics_of_shelves_without_words_to_weigh() -> None:
    assert topics_of([]) == {} and topics_of(PLAIN[:1]) == {"one": []}
    copies = [PLAIN[0], replace(PLAIN[0], id="copy")]
    assert topics_of(copies) == {"one": [], "copy": []}
    assert topics_of([replace(PLAIN[0], text=""), replace(PLAIN[1], text="1 2")]) == {"one": [], "two": []}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "removes the whole file"),
        ("de", "die ganze Datei entfernt"),
        ("fr", "retire le fichier entier"),
        ("es", "quitar el archivo entero"),
        ("ru", "убирается весь файл"),
    ],
)
def test_that_a_file_goes_with_each_of_its_articles_is_said_before_one_is_removed(language: str, said: str) -> None:
    assert said in words(render_shelf(ARTICLES, wording(language), ("rupture",)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_speak_every_language(language: str) -> None:
    say = wording(language)
    html = render_shelf(ARTICLES, say, ("rupture",)) + render_reader(BY_ID["banners"], say)
    html += render_found([hit("banners", BANNERS)], say) + render_found([], say)
    assert {"find-passages", "remove", "contents", "own-lead", "found-none"} <= set(message_ids(language))
    for message in ("find-passages", "find", "remove", "own-articles", "own-lead", "search-within", "found-none"):
        assert say(message) in words(html)


def test_copies_and_pages_are_shown() -> None:
    copy = Copy("b.md", "B", publisher="<b>Other", url="https://y.example")
    article = replace(BY_ID["rupture"], copies=(copy,), pages=(0, RUPTURE.index(CARRIED)))
    for html in (render_shelf([article], SAY), render_reader(article, SAY)):
        (line,) = of_class(html, "ask-copies")
        assert line.words == "Also at<b>Other Original"
        assert_ours(html)
    found = hit("rupture", CARRIED)
    html = render_found([replace(found, chunk=replace(found.chunk, article=article))], SAY)
    assert of_class(html, "ask-title")[0].words == "The vote on the insurrection p. 2"
    assert of_class(render_found([found], SAY), "ask-pages") == []
