from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from askoctober.answering.disagreement import DIFFER
from askoctober.errors import KeepingError
from askoctober.types import Article, Citation, Copy, Sentence
from askoctober.web.citing import one_line
from askoctober.web.keeping.exporting import to_markdown
from askoctober.web.keeping.turns import to_conversation
from askoctober.web.session import Turn

from ..fakes import BY_ID, CARRIED, FakeAssistant

WHEN = "2026-11-25T14:56:44.123Z"
WORDS = {"searched": "Searched for:", "sources": "Sources", "nearest": "Nearest passages", "stopped": "stopped"}


def say(message: str, **arguments: Any) -> str:
    """The id, with its arguments, unless a test looks at the words."""
    if message == "error-odd":
        raise KeyError(message)
    given = [f"{name}={value}" for name, value in arguments.items()]
    return WORDS.get(message) or " ".join([message, *given])


def asked(question: str, history: bool = False, events: int = 1000) -> Turn:
    turn = Turn(question, 1)
    for number, event in enumerate(FakeAssistant(0).stream(question, [{"role": "user", "content": "?"}] * history)):
        if number < events:
            turn.take(event)
    return turn


def exported(*turns: Turn, name: str = "The vote") -> str:
    record = to_conversation(turns, id="c", name=name, created=WHEN, updated=WHEN)
    return to_markdown(json.loads(json.dumps(record)), say)


def read(markdown: str) -> str:
    html = MarkdownIt("commonmark").render(markdown)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def tags(markdown: str) -> set[str]:
    return set(re.findall(r"<(\w+)", MarkdownIt("commonmark").render(markdown)))


def test_an_answer_as_a_document() -> None:
    turn = asked("Who voted against?")
    turn.rating, turn.word = "up", "clear"
    start = turn.citations[0].start
    lines = exported(turn).splitlines()
    assert lines[:7] == [
        "# The vote",
        "",
        "*2026-11-25*",
        "",
        "## Who voted against?",
        "",
        "Zinoviev and Kamenev voted against the insurrection. [1] After ten hours of argument the resolution for an "
        "insurrection was carried by ten votes to two. [2] Trotsky answered that the garrison had already refused its "
        "orders. [3]",
    ]
    assert lines[8:13] == [
        "- sure-very-probably",
        "- support-quoted (document-sentences count=1 numbers=2)",
        "- support-supported (document-sentences count=1 numbers=1)",
        "- support-repaired (document-sentences count=1 numbers=3)",
        "- written-by model=fake",
    ]
    assert lines[14:19] == [
        "### Sources",
        "",
        "- [1] The vote on the insurrection, Michele B., Socialist Quarterly, 2013-08-02 (document-place "
        f"path=rupture.md start={start} end={start + 35})",
        "",
        "  > Zinoviev and Kamenev voted against.",
    ]
    assert lines[-1] == "*document-rated-up clear*"


def test_every_sentence_and_citation_stands_there_in_order() -> None:
    turns = [asked("Who voted against?"), asked("And why?", history=True), asked("weather?"), asked("the hostile one")]
    text, at = read(exported(*turns)), 0
    for turn in turns:
        parts = [one_line(turn.question), *(str(sentence) for sentence in turn.sentences)]
        for cited in turn.citations:
            parts += [f"[{cited.mark}] {one_line(cited.article.title)}", one_line(cited.quote)]
        for part in parts:
            found = text.find(part, at)
            assert found >= 0, part
            at = found
    assert "Searched for: And why? (about the vote)" in text and text.count("Searched for") == 1


def test_a_decline_shows_the_nearest_passages() -> None:
    text = exported(asked("weather?"))
    assert "\n\ndeclined\n\n### Nearest passages\n\n- The vote on" in text and f"> {CARRIED}" in text
    assert "Sources" not in text


def test_stopped_and_failed_are_said() -> None:
    stopped = asked("Who voted against?", events=13)
    stopped.stop()
    failed, known, odd = Turn("Why?", 2), Turn("Why?", 3), Turn("Why?", 4)
    failed.fail("Out of *memory*.")
    known.fail("error-busy")
    odd.fail("error-odd")
    text = exported(stopped, failed, known, odd)
    assert text.count("*stopped*") == 1 and f"[{stopped.citations[0].mark}]" in text
    assert r"*document-failed error=Out of \*memory\*.*" in text
    assert "error=error-busy" in text and "error=error-odd" in text


def test_what_is_said_of_sources_that_differ_is_said_in_the_language_of_the_reader() -> None:
    turn = Turn("Why?", 1, "stopped", sentences=[Sentence(DIFFER, (), "supported")])
    assert "sources-differ" in exported(turn) and DIFFER not in exported(turn)


def test_a_conversation_without_a_name_has_that_of_its_first_question() -> None:
    assert exported(asked("Who voted against?"), name=" ").startswith("# Who voted against?\n")
    assert exported(name="") == "*2026-11-25*\n"
    with pytest.raises(KeepingError):
        to_markdown({"format": 1}, say)


hostile = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "<script>x</script>",
            "![a](http://e.example)",
            "[b](javascript:x)",
            "\n\n# c",
            "\n- d",
            "[1]: http://e.example",
        ]
        + ["```", "~~~", "    e", "***", "f\n===", "&lt;", "\\", "`", "<!--", "1) g", "http://e.example"]
    ),
).filter(lambda text: not re.search("[\ud800-\udfff]", text))


@given(hostile, hostile, hostile, hostile)
def test_nothing_hostile_gets_out(words: str, title: str, quote: str, url: str) -> None:
    article = Article("x", words, title, words, words, words, url)
    cited = Citation(1, article, 0, len(quote) + 1, quote + ".", 1.0)
    turn = Turn(f"Q {words}", 1, "stopped", sentences=[Sentence(words, (1,), "quoted")], citations=[cited])
    failed = Turn(f"Q {words}", 1, rating="down", word=words)
    failed.fail(words)
    text = exported(turn, failed, name=title)
    assert tags(text) <= {"h1", "h2", "h3", "p", "em", "ul", "li", "blockquote", "a"}
    links = re.findall(r'href="([^"]*)"', MarkdownIt("commonmark").render(text))
    assert len(links) <= 1 and all(link == "http://e.example" == url for link in links)
    shown = read(text)
    for part in (f"Q {one_line(words)}", one_line(quote)):
        assert " ".join(part.split()) in shown


def test_pages_are_named() -> None:
    turn = asked("Who voted against?")
    paged = replace(BY_ID["rupture"], pages=(0, 2), copies=(Copy("b.md", "B"),))
    turn.citations = [replace(cited, article=paged) for cited in turn.citations]
    assert turn.answer is not None
    turn.answer = replace(turn.answer, citations=tuple(turn.citations))
    assert "Socialist Quarterly, 2013-08-02, on-page page=2 (document-place" in exported(turn)
