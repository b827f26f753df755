import dataclasses
import json

import pytest

from askoctober.types import Answer, Article, Chunk, Citation, Copy, Evidence, Hit, Sentence, Span, in_pages

ARTICLE = Article(
    "a-1", "a.md", "The vote", "A. Author", "The Paper", "1917-10-23", "https://x.example", "en", "One. Two."
)
CHUNK = Chunk("a-1:0-9", "a-1", "October", "One. Two.", 0, 9, ARTICLE)
HIT = Hit(CHUNK, 0.123456789, 1, {"dense": 0.5})
CITATION = Citation(1, ARTICLE, 5, 9, "Two.", 0.87654321)
ARTICLE_JSON = {
    "id": "a-1",
    "path": "a.md",
    "title": "The vote",
    "author": "A. Author",
    "publisher": "The Paper",
    "date": "1917-10-23",
    "url": "https://x.example",
}
HIT_JSON = {
    "rank": 1,
    "score": 0.123457,
    "chunk_id": "a-1:0-9",
    "start": 0,
    "end": 9,
    "text": "One. Two.",
    "heading": "October",
    "article": ARTICLE_JSON,
}


def answer(**changes: object) -> Answer:
    given: dict = {
        "question": "And two?",
        "standalone_question": "What is two?",
        "text": "It is two. [1]",
        "sentences": (Sentence("It is two.", (1,), "supported"),),
        "citations": (CITATION,),
        "hits": (HIT,),
        "declined": False,
        "confidence": 0.912345,
        "model": "tiny",
        "timings": {"total_ms": 12.3456},
    }
    return Answer(**(given | changes))


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [((0, 5), (5, 9), False), ((0, 6), (5, 9), True), ((2, 3), (0, 9), True), ((7, 9), (0, 7), False)],
)
def test_spans_overlap_where_they_share_a_character(one, other, overlap):
    assert Span(*one).overlaps(Span(*other)) is overlap
    assert Span(*other).overlaps(Span(*one)) is overlap


def test_an_article_is_named_without_its_text():
    assert ARTICLE.to_dict() == ARTICLE_JSON
    assert "One. Two." not in repr(ARTICLE)


def test_a_hit_is_the_object_that_search_prints():
    assert HIT.to_dict() == HIT_JSON


def test_evidence_knows_its_article():
    assert Evidence(1, HIT, 0, 4, "One.").article is ARTICLE


def test_the_json_of_an_answer_is_the_contract():
    assert answer().to_dict("q7") == {
        "id": "q7",
        "question": "And two?",
        "standalone_question": "What is two?",
        "text": "It is two. [1]",
        "declined": False,
        "confidence": 0.9123,
        "sentences": [{"text": "It is two.", "marks": [1], "support": "supported"}],
        "citations": [
            {"mark": 1, "article": ARTICLE_JSON, "start": 5, "end": 9, "quote": "Two.", "support": 0.8765},
        ],
        "hits": [HIT_JSON],
        "model": "tiny",
        "timings": {"total_ms": 12.3},
    }
    assert json.loads(json.dumps(answer().to_dict())) == answer().to_dict()


def test_an_answer_reads_well_as_text():
    broken = Citation(1, ARTICLE, 5, 9, "Two\n  lines.", 0.9)
    assert str(answer(citations=(broken,))) == 'It is two. [1]\n\n[1] The vote: "Two lines."'
    assert str(answer(text="The articles do not say.", citations=(), sentences=(), declined=True)) == (
        "The articles do not say."
    )


def test_a_sentence_reads_with_its_marks():
    assert str(Sentence("It is so.", (1, 3), "quoted")) == "It is so. [1][3]"
    assert str(Sentence("It is so.", (), "quoted")) == "It is so."


@pytest.mark.parametrize("record", [ARTICLE, CHUNK, HIT, CITATION, Span(0, 1), answer()])
def test_records_are_frozen(record):
    for field in dataclasses.fields(record):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, field.name, None)


PAGED = dataclasses.replace(ARTICLE, pages=(0, 5))
COPY = Copy("b.md", "Vote!", publisher="Other", date="1918", url="https://y.example")


@pytest.mark.parametrize(
    ("start", "end", "pages", "key", "said"),
    [
        (0, 4, (1, 1), 1, "p. 1"),
        (5, 9, (2, 2), 2, "p. 2"),
        (0, 5, (1, 1), 1, "p. 1"),
        (4, 6, (1, 2), [1, 2], "pp. 1-2"),
    ],
)
def test_a_place_is_on_its_pages(start, end, pages, key, said):
    cited = Citation(1, PAGED, start, end, PAGED.text[start:end], 0.9)
    assert (cited.pages, cited.to_dict()["page"], in_pages(cited.pages)) == (pages, key, said)
    found = Hit(dataclasses.replace(CHUNK, start=start, end=end, article=PAGED), 0.5, 1)
    assert (found.pages, found.to_dict()["page"]) == (pages, key)
    assert str(answer(citations=(cited,))) == f'It is two. [1]\n\n[1] The vote, {said}: "{cited.quote.strip()}"'


def test_without_pages_and_copies_there_are_no_keys_for_them():
    assert CITATION.pages is HIT.pages is None
    assert in_pages(None) == ""
    assert "page" not in CITATION.to_dict() | HIT.to_dict()
    assert "copies" not in ARTICLE.to_dict()


def test_an_article_names_its_copies():
    assert dataclasses.replace(ARTICLE, copies=(COPY,)).to_dict() == ARTICLE_JSON | {
        "copies": [
            {
                "path": "b.md",
                "title": "Vote!",
                "author": "",
                "publisher": "Other",
                "date": "1918",
                "url": "https://y.example",
            }
        ]
    }
