"""The speed of the chat: its table, its stand-in for a model, and how answers of many readers are told apart."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "web.py"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def web() -> Iterator[ModuleType]:
    before = list(sys.path)
    yield load(SCRIPT)
    sys.path[:] = before


@pytest.fixture(scope="module")
def measured() -> ModuleType:
    return load(SCRIPT.with_suffix("") / "measured.py")


def test_a_line_says_what_is_wanted_and_whether_it_was_met(web: ModuleType) -> None:
    figure = web.Figure("page", [900.0, 1000.0, 1600.0], 1500, floor=[50.0])
    assert figure.cells() == ["page", "1,500 ms", "1,000 ms", "900 – 1,600", "50 ms", "20.0", "met"]
    assert web.Figure("worst", [1600.0], 1500).cells()[-1] == "missed"
    assert web.Figure("lost", [0], 0, unit="").cells() == ["lost", "0", "0", "", "", "", "met"]
    assert web.table([figure]).splitlines()[0].count("|") == web.table([figure]).splitlines()[2].count("|")


def test_the_order_of_arrival(web: ModuleType) -> None:
    assert web.overtaken("abcd", "abcd") == 0
    assert web.overtaken("abcd", "bacd") == 1
    assert web.overtaken("abcd", "dabc") == 1
    assert web.overtaken("abcd", "dcba") == 3


@given(st.permutations("abcdefg"))
def test_only_the_order_of_arrival_passes_over_nobody(web: ModuleType, served: list[str]) -> None:
    assert (web.overtaken("abcdefg", served) == 0) == (served == list("abcdefg"))


def test_lost_and_strange_answers_are_told_apart(web: ModuleType) -> None:
    right = {"a": "A", "b": "B", "c": "C"}
    own = [["a", "b"], ["c"]]

    def told(*conversation: tuple[str, str], strange: int = 0) -> object:
        return web.Told(list(conversation), [], strange)

    good = told(("a", "A"), ("b", "B"))
    assert web.wrong([good, told(("c", "C"))], own, right) == (0, 0)
    assert web.wrong([told(("a", "A")), told(("c", "C"))], own, right) == (1, 0)
    assert web.wrong([told(("a", "A"), ("b", "C")), told(("c", "C"))], own, right) == (0, 1)
    assert web.wrong([told(("b", "B"), ("a", "A")), told(("c", "C"))], own, right) == (0, 1)
    assert web.wrong([good, told(("c", "C"), strange=1)], own, right) == (0, 1)


def test_the_parts_of_the_page_are_found_by_their_names(web: ModuleType) -> None:
    names = ("ask-box", "ask-live", "ask-record")
    config = {
        "components": [{"id": at, "props": {"elem_id": name}} for at, name in enumerate(names, 10)],
        "dependencies": [
            {"id": 3, "targets": [[10, "submit"]], "inputs": [7, 10], "outputs": [], "trigger_after": None},
            {"id": 4, "targets": [[None, "then"]], "inputs": [7], "outputs": [11, 5, 12], "trigger_after": 3},
            {"id": 5, "targets": [[0, "load"]], "inputs": [7], "outputs": [], "trigger_after": None},
        ],
    }
    assert sys.modules["readers"].Page.of(config) == sys.modules["readers"].Page(3, 4, 5, 1, 0, 2)


def test_the_stand_in_quotes_the_excerpts_and_notes_when_it_was_stopped(measured: ModuleType) -> None:
    prompt = "Question: Who?\n\nExcerpts:\n[1] The mill stands. It is old.\n[2] A flood came!\n\nQuestion: Who?\n"
    assert measured.reply(prompt) == "The mill stands. [1] A flood came! [2]"
    assert measured.reply("Nothing\nat all") == "Nothing"
    writer = measured.Metronome(100_000)
    messages = [{"role": "user", "content": prompt}]
    assert "".join(piece.text for piece in writer.generate(messages)) == measured.reply(prompt)
    assert writer.closed == []
    pieces = writer.generate(messages)
    next(pieces)
    pieces.close()
    assert len(writer.closed) == 1
    assert sum(writer.probabilities(messages, ("Yes", "No")).values()) == pytest.approx(1)


def test_what_cannot_be_measured_is_refused(web: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        web.parse(["--readers", "0"])
    assert "--readers must be more than 0" in capsys.readouterr().err
