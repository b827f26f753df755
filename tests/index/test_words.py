import math
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askoctober.index import IndexWriter, LocalStore, words, write_index
from askoctober.index.words import MOST_WORDS, is_word
from askoctober.types import Article
from index.entries import entry_of

BASIS = np.eye(16, dtype=np.float32)
WORDS = "zorn klimt egger baum stein lampe hafen wolke feder nagel".split()  # none has another's stem


def article(number: int, held: list[str]) -> Article:
    return Article(f"a-{number}", f"{number:03}.md", "x", text=" ".join([*held, "."]))


def build(folder: Path, texts: list[list[str]], dropped: set[int], parts: int) -> LocalStore:
    """An index of these articles of one chunk each in so many segments, some of them out of force."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IndexWriter, "_to_merge", lambda writer: set())
        for part in range(parts):
            with IndexWriter.open(folder, {"about": "x"}, basis=BASIS) as writer:
                for number in range(part, len(texts), parts):
                    writer.add(entry_of(article(number, texts[number]), 4000, 16))
                writer.commit({})
        with IndexWriter.open(folder, {"about": "x"}, basis=BASIS) as writer:
            for number in dropped:
                writer.drop(writer.known_id(f"a-{number}"))
            writer.commit({})
    return LocalStore.open(folder)


def bm25(texts: dict[str, list[str]], question: list[str]) -> dict[str, float]:
    """The formula as it stands in docs/index-format.md."""
    mean = sum(map(len, texts.values())) / len(texts)
    frequency = Counter(word for held in texts.values() for word in set(held))
    scores: dict[str, float] = {}
    for name, held in texts.items():
        total, found = 0.0, False
        for word in dict.fromkeys(question):
            times, count = held.count(word), frequency[word]
            weight = math.log((len(texts) - count + 0.5) / (count + 0.5))
            damping = 1.2 * (1 - 0.75 + 0.75 * len(held) / mean)
            total += max(weight, 0) * times * 2.2 / (times + damping) if times else 0.0
            found = found or bool(times)
        if found:
            scores[name] = total
    return scores


@given(
    texts=st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), min_size=3, max_size=14),
    dropped=st.sets(st.integers(0, 13), max_size=4),
    parts=st.integers(1, 3),
    question=st.lists(st.sampled_from([*WORDS, "nirgends"]), min_size=1, max_size=4),
)
@settings(max_examples=15, deadline=None)
def test_scores_are_those_of_the_formula(tmp_path_factory, texts, dropped, parts, question):
    dropped = {number for number in dropped if number < len(texts) - 1}
    store = build(tmp_path_factory.mktemp("words"), texts, dropped, parts)
    kept = {f"a-{n}": held for n, held in enumerate(texts) if n not in dropped}
    rows, scores = store.search_words(" ".join(question), 99)
    found = {store.chunk(row).article_id: float(score) for row, score in zip(rows.tolist(), scores, strict=True)}
    assert found == pytest.approx(bm25(kept, question), abs=1e-4)
    assert (np.diff(scores) <= 0).all()
    for word in WORDS:
        assert store.word_frequency(word) == sum(word in held for held in kept.values())
    store.close()


@pytest.fixture
def common(tmp_path: Path) -> LocalStore:
    """Forty chunks that all hold a word, five of them another, one a third."""
    texts = [
        ["baum", *(["klimt"] if n % 8 == 0 else []), *(["zorn"] if n == 16 else []), *["x"] * n] for n in range(40)
    ]
    store = build(tmp_path, texts, {8}, 2)
    yield store
    store.close()


def found(store: LocalStore, question: str) -> list[str]:
    return [store.chunk(row).article_id for row in store.search_words(question, 99)[0].tolist()]


def test_common_words_are_looked_up_where_rare_ones_are(common, monkeypatch):
    assert len(found(common, "baum klimt")) == 39
    monkeypatch.setattr(words, "MOST_FOUND", 10)
    assert sorted(found(common, "baum klimt")) == sorted(f"a-{n}" for n in (0, 16, 24, 32))
    assert found(common, "baum klimt zorn")[0] == "a-16"
    assert len(found(common, "baum")) == 39, "the rarest always counts"
    monkeypatch.setattr(words, "MOST_FOUND", 1)
    assert found(common, "zorn klimt baum") == ["a-16"]


def test_a_common_word_adds_what_it_adds_once(common, monkeypatch):
    alone = common.search_words("klimt", 99)[1]
    monkeypatch.setattr(words, "MOST_FOUND", 4)
    rows, with_common = common.search_words("klimt baum", 99)
    # "baum" is everywhere: its weight is the least there is.
    assert np.sort(with_common) == pytest.approx(np.sort(alone), abs=1e-5)
    rare = {common.chunk(row).article_id: s for row, s in zip(*common.search_words("klimt", 99), strict=True)}
    both = {common.chunk(row).article_id: s for row, s in zip(*common.search_words("zorn klimt", 99), strict=True)}
    assert list(both) and both["a-16"] > rare["a-16"]


def test_the_commonest_words_are_passed_over(common, monkeypatch):
    monkeypatch.setattr(words, "MOST_FOUND", 1)
    alone, both = (dict(zip(*common.search_words(text, 99), strict=True)) for text in ("zorn", "zorn klimt"))
    assert alone.keys() == both.keys() and min(both.values()) > max(alone.values())
    monkeypatch.setattr(words, "MOST_PASSED", 3)  # "klimt" is in four
    assert dict(zip(*common.search_words("zorn klimt", 99), strict=True)) == alone


def test_words_beyond_the_limit_do_not_count(common):
    filler = " ".join(f"w{i}" for i in range(MOST_WORDS))
    assert found(common, f"{filler} zorn") == []
    assert found(common, f"zorn {filler}") == ["a-16"]


def test_equal_scores_stand_in_order(tmp_path):
    store = build(tmp_path, [["egger"], ["egger"], ["stein"], ["egger"], ["stein"], ["wolke"], ["hafen"]], set(), 2)
    rows = store.search_words("egger", 9)[0].tolist()
    assert rows == sorted(rows)
    assert len(rows) == 3
    store.close()


def test_a_word_in_two_forms_counts_as_one_stem(tmp_path):
    texts = {"one": "The turbine turned.", "two": "Turbines turn and turn.", "three": "Nothing.", "four": "Else."}
    articles = [Article(name, f"{name}.md", "x", text=text) for name, text in texts.items()]
    write_index(tmp_path, [entry_of(a, 400, 16) for a in articles], BASIS, {"about": "x"})
    store = LocalStore.open(tmp_path)
    assert store.word_frequency("turbines") == store.word_frequency("TURBINE") == 2
    assert {store.chunk(row).article_id for row in store.search_words("turning", 9)[0]} == {"one", "two"}
    store.close()


@pytest.mark.parametrize(
    ("text", "is_one"), [("bee", True), ("", False), ("two words", False), ("-", False), ("é1", True)]
)
def test_what_is_a_word(text, is_one):
    assert is_word(text) is is_one
    assert bool(re.fullmatch(r"\w+", text)) is is_one
