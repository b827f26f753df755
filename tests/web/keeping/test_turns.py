from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.errors import KeepingError
from askoctober.types import Answer, Article, Citation, Copy, EvidenceFound, Hit, Sentence
from askoctober.web.keeping.records import LONGEST_DEFAULT_NAME
from askoctober.web.keeping.turns import (
    from_record,
    name_of,
    read_conversation,
    to_conversation,
    to_record,
)
from askoctober.web.session import Turn

from ..fakes import BY_ID, CARRIED, RUPTURE, VOTED, FakeAssistant, citation, hit

WHEN = "2026-11-25T14:56:44.123Z"
LONG = "x" * 30_000


def asked(question: str, events: int = 1000) -> Turn:
    """A turn after so many events of its answer."""
    turn = Turn(question, 1)
    for number, event in enumerate(FakeAssistant(0).stream(question)):
        if number == events:
            break
        turn.take(event)
    return turn


def through_json(turn: Turn) -> dict[str, Any]:
    record = json.loads(json.dumps(to_record(turn), allow_nan=False))
    assert isinstance(record, dict)
    return record


def conversation(*turns: Turn) -> dict[str, Any]:
    return to_conversation(turns, id="c1", name="Votes", created=WHEN, updated=WHEN)


def test_an_answer_comes_back_as_it_was() -> None:
    turn = asked("Who voted against?")
    turn.rating, turn.word = "up", "clear"
    back = from_record(through_json(turn), 7, BY_ID)
    assert turn.answer is not None and back.answer is not None
    kept = replace(turn.answer, hits=tuple(replace(h, score=round(h.score, 6)) for h in turn.answer.hits[:3]))
    assert back.answer == kept
    assert (back.number, back.stage, back.rating, back.word, back.moved) == (7, "done", "up", "clear", frozenset())
    assert back.sentences == turn.sentences and back.citations == turn.citations and back.text == turn.text
    assert back.citations[0].article is BY_ID["rupture"]


def test_a_record_has_the_names_of_an_answer() -> None:
    turn = asked("Who voted against?")
    assert turn.answer is not None
    record, answer = to_record(turn), turn.answer.to_dict()
    assert set(record) == set(answer) - {"id"} | {"stage", "error", "rating", "word"}
    answer["hits"] = answer["hits"][:3]
    assert {name: record[name] for name in answer if name != "id"} == {n: v for n, v in answer.items() if n != "id"}


def test_a_decline_keeps_its_nearest_passages() -> None:
    back = from_record(through_json(asked("weather?")), 1, BY_ID)
    assert back.answer is not None and back.answer.declined and back.citations == []
    assert [h.chunk.article.id for h in back.answer.hits] == ["rupture", "banners"]
    assert back.text == "The articles on this shelf do not say."


def test_what_was_stopped_or_failed_comes_back() -> None:
    stopped = asked("Who voted against?", 13)
    assert stopped.sentences and not stopped.ended
    assert to_record(stopped)["stage"] == "stopped", "what runs when the page closes is kept as far as it came"
    stopped.stop()
    back = from_record(through_json(stopped), 1, BY_ID)
    assert (back.stage, back.answer, back.sentences, back.citations) == (
        "stopped",
        None,
        stopped.sentences,
        stopped.citations,
    )
    assert back.found is not None and len(back.found.hits) == 3
    failed = Turn("Why?", 1)
    failed.fail("The model failed; ask again.")
    back = from_record(through_json(failed), 1, BY_ID)
    assert (back.stage, back.error, back.found) == ("failed", failed.error, None)


@pytest.mark.parametrize(
    ("error", "kept"), [("error-unexpected", "error-unexpected"), ("error-made-up", "error-unexpected"), ("No.", "No.")]
)
def test_an_error_that_passes_for_a_message_is_one(error: str, kept: str) -> None:
    failed = Turn("Why?", 1)
    failed.fail(error)
    assert from_record(through_json(failed), 1, BY_ID).error == kept


def test_a_refused_question_does_not_shut_out_the_rest() -> None:
    failed = Turn(LONG + "\ud800", 1)
    failed.fail("Too long." + LONG)
    odd = Turn("half \udc00 a character", 2)
    odd.fail("")
    turns = read_conversation(json.loads(json.dumps(conversation(failed, odd))), BY_ID)
    assert len(turns[0].question) == 4000 and turns[1].question == "half \ufffd a character"
    assert [turn.number for turn in turns] == [1, 2]


def test_an_overlong_title_does_not_shut_out_the_rest() -> None:
    shelf = {**BY_ID, "rupture": replace(BY_ID["rupture"], title=LONG)}
    turn = asked("Who voted against?")
    back = from_record(through_json(turn), 1, shelf)
    again = from_record(through_json(back), 1, shelf)
    assert again.citations[0].article.title == LONG and again.moved == frozenset()


def test_a_quote_that_moved_is_found_again() -> None:
    record = through_json(asked("Who voted against?"))
    shelf = {**BY_ID, "rupture": replace(BY_ID["rupture"], text="A new preface.\n" + RUPTURE)}
    back = from_record(record, 1, shelf)
    assert back.moved == frozenset()
    assert [c.start - RUPTURE.index(c.quote) for c in back.citations] == [15, 15, 15]
    assert all(c.article.text[c.start : c.end] == c.quote for c in back.citations)
    assert back.answer is not None and len(back.answer.hits) == 3


@pytest.mark.parametrize("text", ["Nothing of it.", f"x {VOTED} {VOTED}"])
def test_a_quote_that_is_gone_or_stands_twice_keeps_its_words(text: str) -> None:
    record = through_json(asked("Who voted against?"))
    back = from_record(record, 1, {**BY_ID, "rupture": replace(BY_ID["rupture"], text=text)})
    assert back.moved == {1, 2, 3}
    first = back.citations[0]
    assert (first.quote, first.article.title, first.article.text) == (VOTED, "The vote on the insurrection", "")
    assert back.answer is not None and back.answer.hits == () and len(back.sentences) == 3
    assert from_record(record, 1, {}).moved == {1, 2, 3}


def test_marks_without_citations_and_citations_without_marks_are_dropped() -> None:
    record = through_json(asked("Who voted against?"))
    record["sentences"][0]["marks"] = [1, 1, 9]
    record["sentences"][1]["marks"] = []
    record["citations"].append(record["citations"][0] | {"quote": "another"})
    back = from_record(record, 1, BY_ID)
    assert back.sentences[0].marks == (1,) and [c.mark for c in back.citations] == [1, 3]
    assert back.citations[0].quote == VOTED
    assert back.answer is not None and back.answer.text == " ".join(map(str, back.sentences))


def test_a_decline_has_neither_marks_nor_citations() -> None:
    record = through_json(asked("Who voted against?")) | {"declined": True, "text": "Nothing. [1]"}
    back = from_record(record, 1, BY_ID)
    assert back.answer is not None and (back.answer.text, back.answer.citations, back.sentences) == ("Nothing.", (), [])


def spoiled() -> Iterator[tuple[tuple[Any, ...], Any]]:
    """A place in a conversation, and what may not stand there."""
    turn = ("turns", 0)
    yield ("format",), 2
    yield ("format",), True
    yield ("id",), None
    yield ("created",), "yesterday"
    yield ("turns",), {}
    yield (*turn,), []
    yield (*turn, "question"), "  "
    yield (*turn, "question"), "x" * 4001
    yield (*turn, "question"), "\ud800"
    yield (*turn, "stage"), "writing"
    yield (*turn, "declined"), 0
    yield (*turn, "confidence"), float("nan")
    yield (*turn, "confidence"), True
    yield (*turn, "timings"), {"total_ms": 10**400}
    yield (*turn, "timings"), {str(n): 1 for n in range(21)}
    yield (*turn, "rating"), "sideways"
    yield (*turn, "word"), "x" * 501
    yield (*turn, "hits"), [None] * 4
    yield (*turn, "sentences"), [None] * 51
    yield (*turn, "sentences", 0, "text"), LONG
    yield (*turn, "sentences", 0, "support"), "believed"
    yield (*turn, "sentences", 0, "marks"), [1.0]
    yield (*turn, "citations", 0, "quote"), ""
    yield (*turn, "citations", 0, "quote"), 5
    yield (*turn, "citations", 0, "mark"), -1
    yield (*turn, "citations", 0, "start"), 10**6
    yield (*turn, "citations", 0, "article", "title"), None
    yield (*turn, "citations", 0, "article"), "rupture"


@pytest.mark.parametrize(("place", "value"), list(spoiled()))
def test_what_is_wrong_is_named(place: tuple[Any, ...], value: Any) -> None:
    record = json.loads(json.dumps(conversation(asked("Who voted against?"))))
    inner = record
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    with pytest.raises(KeepingError, match=r"cannot be opened: conversation.*Delete it") as refused:
        read_conversation(record, BY_ID)
    assert "\n" not in str(refused.value)
    if isinstance(inner, dict):
        del inner[place[-1]]
        with pytest.raises(KeepingError):
            read_conversation(record, BY_ID)


def test_too_many_turns_are_refused_and_never_kept() -> None:
    turn = asked("Who voted against?")
    record = conversation(*[turn] * 201)
    assert len(read_conversation(record, BY_ID)) == 200
    record["turns"].append(record["turns"][0])
    with pytest.raises(KeepingError, match="more than 200"):
        read_conversation(record, BY_ID)


def test_many_lost_quotes_of_a_long_article_are_soon_given_up() -> None:
    shelf = {**BY_ID, "rupture": replace(BY_ID["rupture"], text="ab" * 1_000_000)}
    record = conversation(*[asked("Who voted against?")] * 200)
    began = time.perf_counter()
    turns = read_conversation(record, shelf)
    assert all(turn.moved == {1, 2, 3} for turn in turns)
    assert time.perf_counter() - began < 5


@given(st.text(max_size=200))
def test_a_name_is_short_and_on_one_line(question: str) -> None:
    name = name_of(question)
    assert len(name) <= LONGEST_DEFAULT_NAME and "\n" not in name and bool(name) == bool(name.strip())


def test_a_name_ends_at_a_word() -> None:
    assert name_of("Who voted?") == "Who voted?"
    assert name_of("word " * 30) == " ".join(["word"] * 11) + "…"
    assert name_of("x" * 80) == "x" * 59 + "…"


lines = st.text(max_size=20).filter(lambda text: text.isascii() or text.encode("utf-8", "ignore").decode() == text)
numbers = st.floats(0, 1).map(lambda value: round(value, 4))
quotes = st.sampled_from([VOTED, CARRIED])


@st.composite
def turns(draw: st.DrawFn) -> Turn:
    marks = draw(st.lists(st.integers(1, 9), unique=True, max_size=4))
    cited = [replace(citation(mark, "rupture", draw(quotes)), support=draw(numbers)) for mark in marks]
    some = st.lists(st.sampled_from(marks), unique=True) if marks else st.just([])
    supports = st.sampled_from(["quoted", "supported", "repaired"])
    said = [Sentence(draw(lines), tuple(draw(some)), draw(supports)) for _ in range(draw(st.integers(0, 3)))]
    used = {mark for sentence in said for mark in sentence.marks}
    cited = [each for each in cited if each.mark in used]
    question = draw(lines.filter(str.strip))
    turn = Turn(question, 3, sentences=said, citations=cited, rating=draw(st.sampled_from(["", "up", "down"])))
    turn.word, turn.error = draw(lines), draw(lines)
    hits = (replace(hit("rupture", draw(quotes)), score=draw(numbers)),)
    turn.stage = draw(st.sampled_from(["done", "stopped", "failed"]))
    if turn.stage == "done":
        text = " ".join(map(str, said))
        timings = {"total_ms": round(draw(numbers), 1)}
        turn.answer = Answer(
            question, draw(lines), text, tuple(said), tuple(cited), hits, False, draw(numbers), "m", timings
        )
    else:
        turn.found = EvidenceFound(draw(lines), hits, ())
    return turn


@given(turns())
def test_there_and_back_is_the_identity(turn: Turn) -> None:
    record = through_json(turn)
    back = from_record(record, 3, BY_ID)
    assert back == turn
    assert through_json(back) == record
    assert through_json(from_record(record, 3, {})) == record | {"hits": []}, "nor is a word lost with the shelf"


keys = st.sampled_from(
    ["format", "turns", "question", "stage", "sentences", "citations", "hits", "article", "marks", "quote", "timings"]
)
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(["done", "\ud800", "up"])
)
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.one_of(keys, st.text(max_size=4)), inner, max_size=6)
    ),
    max_leaves=20,
)
SOUND = json.dumps(conversation(asked("Who voted against?"), asked("weather?")))


@given(anything)
def test_anything_at_all_is_read_or_refused(data: Any) -> None:
    for read in (lambda: read_conversation(data, BY_ID), lambda: from_record(data, 1, BY_ID)):
        with pytest.raises(KeepingError):
            read()


@given(st.data())
def test_a_changed_record_is_read_or_refused(data: st.DataObject) -> None:
    record = json.loads(SOUND)
    for _ in range(data.draw(st.integers(1, 3))):
        inner: Any = record
        while True:
            places = list(inner) if isinstance(inner, dict) else range(len(inner))
            if not places:
                break
            step = data.draw(st.sampled_from(list(places)))
            if isinstance(inner[step], dict | list) and data.draw(st.booleans()):
                inner = inner[step]
                continue
            inner[step] = data.draw(anything)
            break
    try:
        read = read_conversation(record, BY_ID)
    except KeepingError:
        return
    for turn in read:
        used = {mark for sentence in turn.sentences for mark in sentence.marks}
        assert used == {each.mark for each in turn.citations} and turn.moved <= used
        assert all(sound(each) for each in turn.citations if each.mark not in turn.moved)
        assert turn.answer is None or all(fits(each) for each in turn.answer.hits)


def sound(cited: Citation) -> bool:
    return cited.article.text[cited.start : cited.end] == cited.quote


def fits(found: Hit) -> bool:
    return found.chunk.article.text[found.chunk.start : found.chunk.end] == found.chunk.text


def test_metadata_of_the_shelf_counts_not_that_of_the_record() -> None:
    record = through_json(asked("Who voted against?"))
    record["citations"][0]["article"] |= {"title": "<script>", "url": "javascript:x"}
    assert from_record(record, 1, BY_ID).citations[0].article == BY_ID["rupture"]
    lost = from_record(record, 1, {}).citations[0].article
    assert lost == Article(
        "rupture", "rupture.md", "<script>", "Michele B.", "Socialist Quarterly", "2013-08-02", "javascript:x"
    )


PAGED = replace(BY_ID["rupture"], pages=(0, RUPTURE.index(VOTED)), copies=(Copy("b.md", "B", url="https://y.example"),))


def paged() -> Turn:
    """An answer whose article has pages and a copy."""
    turn = asked("Who voted against?")
    turn.citations = [replace(cited, article=PAGED) for cited in turn.citations]
    assert turn.answer is not None
    turn.answer = replace(turn.answer, citations=tuple(turn.citations))
    return turn


def test_pages_and_copies_are_kept() -> None:
    record = through_json(paged())
    assert [cited["page"] for cited in record["citations"]] == [2, 1, 2]
    assert record["citations"][0]["article"]["copies"] == [PAGED.copies[0].to_dict()]
    back = from_record(record, 1, {"rupture": PAGED})
    assert through_json(back) == record | {"hits": through_json(back)["hits"]}
    gone = from_record(record, 1, {})
    assert gone.citations[0].article == replace(PAGED, text="", pages=(), language="")
    assert gone.moved == {1, 2, 3}


def test_records_from_before_there_were_pages_and_copies_are_opened() -> None:
    record = through_json(paged())
    for cited in record["citations"]:
        del cited["page"], cited["article"]["copies"]
    assert from_record(record, 1, {"rupture": PAGED}).citations[0].pages == (2, 2)
    assert from_record(record, 1, {}).citations[0].article.copies == ()


@pytest.mark.parametrize("page", [None, 0, -1, True, "2", 1.5, [], [1], [2, 1], [1, 1], [1, 2, 3], ["1", 2], 10**13])
def test_a_page_that_is_none_is_refused(page: Any) -> None:
    record = through_json(paged())
    record["citations"][0]["page"] = page
    with pytest.raises(KeepingError, match="page"):
        from_record(record, 1, BY_ID)


@pytest.mark.parametrize("copies", [None, {}, [1], [{"path": "b.md"}], [PAGED.copies[0].to_dict()] * 21])
def test_copies_that_are_none_are_refused(copies: Any) -> None:
    record = through_json(paged())
    record["citations"][0]["article"]["copies"] = copies
    with pytest.raises(KeepingError, match="copies"):
        from_record(record, 1, BY_ID)


def test_too_many_copies_do_not_shut_out_a_record() -> None:
    turn = paged()
    turn.citations = [replace(c, article=replace(PAGED, copies=PAGED.copies * 50)) for c in turn.citations]
    turn.answer = None
    assert len(from_record(through_json(turn), 1, {}).citations[0].article.copies) == 20
