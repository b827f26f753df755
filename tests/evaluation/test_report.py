import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from askoctober.evaluation import statistics
from askoctober.evaluation.plots import plots
from askoctober.evaluation.report import render
from askoctober.evaluation.tables import tables
from evaluation_fakes import QUESTIONS, Bench, write_questions
from fakes import FakeGenerator

HOSTILE = '<script>alert(1)</script> {{ 7*7 }} "><img src=x onerror=alert(2)> \u202e'
ATTACK = f"The mill burned in 1901, says {HOSTILE} the clerk."


class Page(HTMLParser):
    """Counts what could run or fetch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action"):
                self.addresses.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(statistics, "DRAWS", 20)
    bench = Bench(tmp_path, {"mill.txt": f"On <b>mills</b>\n\n{ATTACK} It was never rebuilt by {HOSTILE} anyone.\n"})
    bench.make = lambda: FakeGenerator([f"{ATTACK} [1]"], yes=0.99)
    labels = dict.fromkeys(["id", "kind", "answer"], HOSTILE) | {"must_have": [[HOSTILE]]}
    gold = [{"file": "mill.txt", "quote": "The mill burned in 1901"}]
    question = labels | {"question": f"When did the mill burn? \x1b[31m {HOSTILE}", "gold": gold}
    file = write_questions(tmp_path / "q.jsonl", [question, QUESTIONS[3] | {"gold": []}])
    return render(bench.evaluate(file, judge="words"))


def test_nothing_of_a_strangers_text_runs(page: str) -> None:
    parsed = Page(page)
    assert parsed.tags.count("script") == 1 and "img" not in parsed.tags and "b" not in parsed.tags
    assert parsed.handlers == []
    assert "&lt;script&gt;alert(1)" in page and "{{ 7*7 }}" in page, "shown as it is"
    assert "\u202e" not in page and "\x1b" not in page


def test_the_page_asks_nobody_for_anything(page: str) -> None:
    assert [address for address in Page(page).addresses if not address.startswith("#")] == []
    assert set(re.findall(r"https?://[\w./-]+", page)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in page and not re.search(r"url\((?!#)", page)


def test_a_cited_quote_is_marked_in_its_article(page: str) -> None:
    marked = re.findall(r"<mark>(.*?)</mark>", page, re.DOTALL)
    assert any(text.startswith("The mill burned in 1901") for text in marked)
    assert page.count('<details class="q"') == 2 and page.count("<svg") == 4


def test_plots_take_their_colours_from_the_page() -> None:
    curves = {"recall": [[1, 0.5], [2, 1.0]], "seconds": {"evidence_s": [0.0]}, "risk_coverage": [[1.0, 0.0]]}
    drawn = plots(curves)
    assert [title for title, _, _ in drawn] == ["Recall@k", "Risk and coverage", "Latency"]
    for _, _, svg in drawn:
        assert "var(--ink)" in svg and "#00000" not in svg and "<metadata" not in svg


def test_tables_leave_out_what_was_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "DRAWS", 20)
    bench = Bench(tmp_path)
    done = bench.evaluate(write_questions(tmp_path / "q.jsonl"), retrieval_only=True)
    titles = [str(table.title).split(" (")[0] for table in tables(done.report)]
    assert titles == [
        "Needed facts found among the first k passages",
        "Follow-ups: behind the question before against raw last message",
        "Medians of seconds, means of tokens",
    ]
