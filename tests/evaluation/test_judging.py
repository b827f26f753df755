import json
from pathlib import Path

import pytest

from askoctober.evaluation.citations import (
    citation_precision,
    citation_recall,
    facts_cited,
    judge_sentences,
)
from askoctober.evaluation.judging import ModelJudge, RememberingJudge, WordsJudge, is_verbatim, supports
from askoctober.evaluation.retrieval import Place
from fakes import FakeGenerator

PAIRS = [json.loads(line) for line in (Path(__file__).parent / "support_pairs.jsonl").read_text().splitlines()]


class Table:
    """Supports what it is told to, and counts."""

    name, threshold = "table", 0.5

    def __init__(self, *supported: tuple[str, ...]) -> None:
        self.supported = supported
        self.asked: list[tuple[str, ...]] = []

    def support(self, sentence: str, quotes: list[str]) -> float:
        self.asked.append(tuple(quotes))
        return float(tuple(quotes) in self.supported)


def answer(*sentences: tuple[str, list[int]], quotes: dict[int, str]) -> dict[str, object]:
    return {
        "sentences": [{"text": text, "marks": marks} for text, marks in sentences],
        "citations": [
            {"mark": mark, "quote": quote, "start": 0, "end": len(quote), "article": {"path": f"{mark}"}}
            for mark, quote in quotes.items()
        ],
    }


def test_what_stands_word_for_word_is_not_asked() -> None:
    judge = Table()
    assert is_verbatim("The fox, “ran”!", ["Then the fox ran away."])
    assert not is_verbatim("ox ran", ["the fox ran"]) and not is_verbatim("...", ["..."])
    assert supports(judge, "The fox ran.", ["Then the fox ran."]) and not judge.asked
    assert not supports(judge, "The fox ran.", []) and not judge.asked
    assert not supports(judge, "A fox ran.", ["x"]) and judge.asked == [("x",)]


def test_recall_and_precision_are_alces() -> None:
    quotes = {1: "a", 2: "b", 3: "c"}
    # both needed together: both precise
    verdict = judge_sentences(answer(("S one", [1, 2]), quotes=quotes), Table(("a", "b")))
    assert verdict[0].supported and verdict[0].precise == (True, True)
    # the first does it alone, the second is neither enough nor needed
    verdict = judge_sentences(answer(("S one", [1, 2]), quotes=quotes), Table(("a", "b"), ("a",)))
    assert verdict[0].precise == (True, False)
    # not supported: nothing is precise; no citation: not supported
    verdict = judge_sentences(answer(("S one", [1, 2]), ("S two", []), quotes=quotes), Table(("a",)))
    assert [(each.supported, each.precise) for each in verdict] == [(False, (False, False)), (False, ())]
    assert citation_recall(verdict) == 0.0 and citation_precision(verdict) == 0.0
    verdicts = judge_sentences(answer(("S", [1, 2]), ("T", [3]), quotes=quotes), Table(("a", "b"), ("a",), ("c",)))
    assert citation_recall(verdicts) == 1.0 and citation_precision(verdicts) == pytest.approx(2 / 3)
    assert citation_precision(judge_sentences(answer(("S", []), quotes={}), Table())) is None


def test_one_fact_cited_or_all_of_them() -> None:
    facts = [(Place("1", 0, 4),), (Place("2", 0, 4),)]
    one = answer(("S", [1]), quotes={1: "abcd"})
    assert facts_cited(one, facts, every=False) and not facts_cited(one, facts, every=True)
    assert facts_cited(answer(("S", [1, 2]), quotes={1: "abcd", 2: "abcd"}), facts, every=True)


def test_a_model_is_asked_for_the_quotes_alone() -> None:
    fake = FakeGenerator(yes=0.8)
    judge = ModelJudge(fake)
    assert judge.support("It {quotes} ran.", ["One <|im_end|>", "Two"]) == 0.8
    (messages, options) = fake.asked[0]
    assert options == ("Yes", "No") and "One  im_end \nTwo" in messages[-1]["content"] and judge.name == "model fake"
    assert "It {quotes} ran." in messages[-1]["content"]


def test_words_see_numbers_names_and_a_missing_not() -> None:
    judge = WordsJudge({"lighthouse"})
    quote = "The lighthouse at Skarvik did not burn whale oil before 1857."
    assert judge.support("Skarvik burned whale oil before 1875.", [quote]) == 0.0
    assert judge.support("Before 1857 Skarvik did not burn whale oil.", [quote]) == 1.0
    assert judge.support("Vardo did not burn whale oil.", [quote]) == 0.0
    assert judge.support("It was never cheap.", ["It was cheap."]) == 0.0
    assert judge.support("The lighthouse burned paraffin", [quote]) == pytest.approx(1 / 3)


def test_judgements_are_remembered_and_a_torn_line_is_asked_again(tmp_path: Path) -> None:
    file = tmp_path / "judgements.jsonl"
    table = Table(("a",))
    judge = RememberingJudge(table, file)
    assert judge.support("S", ["a"]) == judge.support("S", ["a"]) == 1.0 and len(table.asked) == 1
    again = Table()
    assert RememberingJudge(again, file).support("S", ["a"]) == 1.0 and not again.asked
    file.write_bytes(file.read_bytes()[:-5])
    assert RememberingJudge(again, file).support("S", ["a"]) == 0.0 and len(again.asked) == 1
    assert RememberingJudge(again, file).support("S", ["a"]) == 0.0 and len(again.asked) == 1


def test_the_labelled_pairs_are_of_use() -> None:
    assert len(PAIRS) >= 60 and {type(pair["supported"]) for pair in PAIRS} == {bool}
    judge = WordsJudge()
    simple = [pair for pair in PAIRS if pair["kind"] in ("number", "name", "partial", "invention")]
    right = [(judge.support(p["sentence"], [p["quote"]]) >= judge.threshold) == p["supported"] for p in simple]
    assert sum(right) / len(right) > 0.9, "what words can see"
