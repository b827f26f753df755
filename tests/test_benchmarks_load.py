"""The load on the server: what its readers find out about one that is wrong, and a short run against the real one."""

import asyncio
import importlib.util
import json
import math
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "load.py"
CORPUS = SCRIPT.parent.parent / "corpus"
NOTE = "---\ntitle: Mills\n---\n# Mills\n\nThe mill stands by the river. It is old.\n"
STANDS = "The mill stands by the river."
linux = pytest.mark.skipif(sys.platform != "linux", reason="readers need loopback addresses of their own")


@pytest.fixture(scope="module")
def load() -> Iterator[ModuleType]:
    before = list(sys.path)
    spec = importlib.util.spec_from_file_location("benchmark_load", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    importlib.import_module("paced_model")
    yield module
    sys.path[:] = before


@pytest.fixture
def changing(load: ModuleType, tmp_path: Path) -> Any:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "mills.md").write_text(NOTE, encoding="utf-8")
    (tmp_path / "corpus" / "bees.md").write_text("# Bees\n\nA bee dances.\n", encoding="utf-8")
    return load.ChangingShelf(tmp_path / "corpus", tmp_path)


def piece(path: str, text: str, quote: str, offset: int = 0) -> dict[str, Any]:
    start = text.index(quote) + offset
    return {"article": {"path": path}, "start": start, "end": start + len(quote), "quote": quote}


def test_words_stand_in_their_place_in_one_version(changing: Any) -> None:
    old, new = changing._versions
    assert new.index(STANDS) > old.index(STANDS)
    for text in (old, new):
        passage = piece("mills.md", text, "It is old.")
        passage["text"] = passage.pop("quote")
        assert changing.find_fault([piece("mills.md", text, STANDS), passage]) == ""
    assert changing.find_fault([piece("bees.md", "# Bees\n\nA bee dances.\n", "A bee dances.")]) == ""
    for wrong in (
        [piece("mills.md", old, STANDS, 1)],
        [piece("moles.md", old, STANDS)],
        [piece("mills.md", old, STANDS), piece("mills.md", new, STANDS)],
    ):
        assert "place" in changing.find_fault(wrong)


def test_the_model_keeps_time_and_addresses_the_reader(load: ModuleType) -> None:
    paced = sys.modules["paced_model"]
    prompt = (
        "Question: Reader 0170003 asks.\n\nExcerpts:\n[4] The mill stands. It is old.\n\nQuestion: Reader 0170003 asks."
    )
    model, messages = paced.PacedModel(0.2), [{"role": "user", "content": prompt}]
    began = time.monotonic()
    assert list(model.prefill(messages))[-1] == (400, 400)
    *pieces, last = model.generate(messages)
    assert 0.2 <= time.monotonic() - began < 5
    assert "".join(one.text for one in pieces) == "Reader 0170003 is told that the mill stands. [4]"
    assert (last.text, last.completion_tokens) == ("", len(pieces))
    assert sum(model.probabilities(messages, ("Yes", "No")).values()) == pytest.approx(1)


def test_growth_is_fitted_without_the_beginning(load: ModuleType) -> None:
    memory = sys.modules["memory"]

    def samples(seconds: int, slope: float) -> list[Any]:
        uneven = ((-1) ** at for at in range(seconds))
        return [
            memory.Sample(at, 7, 900 + slope * at / 3600 + off - 300 * (at < seconds / 10))
            for at, off in enumerate(uneven)
        ]

    for slope in (0.0, 60.0):
        found, error = memory.growth(samples(1200, slope))
        assert found == pytest.approx(slope, abs=0.5)
        assert 0 <= error < 0.5
    assert math.isnan(memory.growth(samples(100, 0.0))[0])
    assert math.isnan(memory.growth([])[0])
    lives = [memory.Sample(0, 1, 5.0), memory.Sample(1, 2, 6.0), memory.Sample(2, 2, 7.0)]
    assert [one.megabytes for one in memory.last_life(lives)] == [6.0, 7.0]


def test_lines_say_what_is_wanted_and_whether_it_was_met(load: ModuleType) -> None:
    outcome = load.outcome
    assert outcome.none("lost", 0).cells() == ["lost", "0", "0", "met"]
    assert outcome.none("lost", {"ReadError": 2}).cells() == ["lost", "2 (ReadError: 2)", "0", "missed"]
    rounds = [load.Round(10, done=done, times=[0.1] * done) for done in (300, 600, 1000)]
    first, rates, *_ = outcome.of_searches(rounds[:2], [rounds[2], rounds[2]], 5000.0)
    assert first.cells()[1:] == ["0.45 (0.30 – 0.60)", "0.25", "met"]
    assert rates.measured == "45, 100"
    ledger = load.Ledger(10.0, answered=[1.0, 9.0, 11.0], refused=3)
    ratio, *_ = outcome.of_asking(ledger, {"read": 0.3}, 2.0)
    assert ratio.cells()[1:] == ["0.40", "0.8", "missed"]
    text = outcome.table([first, ratio])
    assert len({line.count("|") for line in text.splitlines()}) == 1


def test_counts_of_the_server_are_read(load: ModuleType) -> None:
    faults = sys.modules["faults"]
    text = (
        "# HELP askoctober_questions_total Questions.\n"
        'askoctober_questions_total{door="api",outcome="answered"} 12.0\n'
        'askoctober_questions_total{door="chat",outcome="answered"} 3.0\n'
        'askoctober_questions_total{door="api",outcome="stopped"} 4.0\n'
        'askoctober_stage_seconds_count{stage="read"} 4.0\naskoctober_stage_seconds_sum{stage="read"} 2.0\n'
    )
    counts = faults.read_metrics(text)
    assert faults.answered(counts) == 15
    assert faults.stages({}, counts) == {"read": 0.5}


def test_what_cannot_be_measured_is_refused(load: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (["--readers", "0"], ["--corpus", str(SCRIPT.parent)]):
        with pytest.raises(SystemExit):
            load.parse(wrong)
    said = capsys.readouterr().err
    assert "--readers must be more than 0" in said and "holds no Markdown" in said


@contextmanager
def forged(answer: Any) -> Iterator[str]:
    """A server that answers each question with what `answer` makes of its body."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Route

    from askoctober.web.server import listen

    async def ask(request: Any) -> Any:
        return answer(await request.json())

    app = Starlette(routes=[Route(path, ask, methods=["POST"]) for path in ("/api/ask", "/api/search")])
    with listen("127.0.0.1", 0) as bound:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join(20)


def streamed(*events: tuple[str, Any]) -> Any:
    from starlette.responses import Response

    lines = [f"id: 1\nevent: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events]
    return Response(": a comment\n\n" + "".join(lines), media_type="text/event-stream")


def answered(question: str, text: str, support: str = "supported") -> tuple[tuple[str, Any], ...]:
    """The events of an answer whose draft was the question."""
    said = {"sentences": [{"support": support}], "declined": text == "Declined."}
    answer = {"question": question, "text": text, "citations": [], "hits": [], **said}
    return ("evidence", {}), ("text", {"text": question}), ("answer", {"answer": answer})


def asked_of(load: ModuleType, url: str, seconds: float = 0.3, **more: Any) -> Any:
    ledger = load.Ledger(seconds)
    fault = more.pop("fault", "")
    asyncio.run(load.ask_together(url, ["Mills stand by rivers"], 3, ledger, lambda pieces: fault, **more))
    return ledger


@linux
def test_readers_take_their_own_answers(load: ModuleType) -> None:
    with forged(lambda body: streamed(*answered(body["question"], body["question"]))) as url:
        ledger = asked_of(load, url)
        assert len(ledger.answered) == len(ledger.waits) == len(ledger.evidence) >= 3
        assert not ledger.lost and not ledger.mixed and not ledger.failed
        assert asked_of(load, url, fault="out of place").mixed.keys() == {"out of place"}
    with forged(lambda body: streamed(*[("waiting", {"position": 1})] * 60)) as url:
        gone = asked_of(load, url, dropping=1.0)
        assert gone.dropped >= 3 and not gone.answered and not gone.lost


@linux
def test_readers_find_out_what_was_lost_and_what_was_mixed_up(load: ModuleType) -> None:
    from starlette.responses import JSONResponse

    def kinds(answer: Any) -> tuple[set[str], set[str]]:
        with forged(answer) as url:
            ledger = asked_of(load, url)
        return set(ledger.lost), set(ledger.mixed)

    def another(body: Any) -> Any:
        question = body["question"].replace("Reader 0", "Reader 9")
        return streamed(*answered(question, question))

    assert kinds(lambda body: streamed(("evidence", {}))) == ({"the stream ended without an answer"}, set())
    assert kinds(lambda body: streamed(("error", {}))) == ({"an error that says nothing"}, set())
    assert kinds(lambda body: JSONResponse({"detail": "?"}, 500)) == ({"answered with status 500"}, set())
    assert kinds(lambda body: JSONResponse({"detail": "?"}, 429)) == ({"refused without Retry-After"}, set())
    theirs = {"another reader's text", "another reader's answer", "another question's answer"}
    assert kinds(another) == (set(), theirs)
    for text, fault in (("Declined.", "declined"), ("A mill.", "a text that is not the question's own")):
        assert kinds(lambda body, text=text: streamed(*answered(body["question"], text))) == (set(), {fault})
    assert kinds(lambda body: streamed(*answered(body["question"], "A mill.", "repaired"))) == (set(), set())
    assert kinds(lambda body: streamed(answered(body["question"], body["question"])[-1])) == (set(), {"another draft"})


@linux
def test_readers_come_back_when_they_are_asked_to_and_take_a_clear_error(load: ModuleType) -> None:
    from starlette.responses import JSONResponse

    seen: set[str] = set()

    def busy(body: Any) -> Any:
        if body["question"] in seen:
            return streamed(("error", {"detail": "The model failed."}))
        seen.add(body["question"])
        return JSONResponse({"detail": "Too many wait."}, 429, {"Retry-After": "1"})

    with forged(busy) as url:
        ledger = asked_of(load, url, 1.8)
    assert len(ledger.failed) >= 3 and ledger.refused == len(seen)
    assert ledger.given_up <= 3 and not ledger.lost and not ledger.answered
    with forged(lambda body: JSONResponse({"detail": "The model failed."}, 503)) as url:
        assert len(asked_of(load, url).failed) >= 3


@linux
def test_searches_are_compared_with_what_is_right(load: ModuleType) -> None:
    from starlette.responses import JSONResponse

    def found(body: Any, text: str = "") -> Any:
        return JSONResponse([{"text": text or body["question"]}])

    questions = ["What is one?", "What is two?", "What is three?"]
    with forged(found) as url:
        right = asyncio.run(load.ask_alone(url, questions))
        one = asyncio.run(load.search_together(url, questions, right, 4, 0.3))
        assert one.done > 4 and one.rate == one.done / 0.3 and (one.lost, one.mixed) == (0, 0)
    with forged(lambda body: found(body, "What is two?")) as url:
        other = asyncio.run(load.search_together(url, questions, right, 4, 0.3))
        assert 0 < other.mixed < len(other.times)
        checked = asyncio.run(load.search_now_and_then(url, questions, 2, 0.3, 0.1, lambda pieces: "wrong"))
        assert checked.mixed == checked.done >= 2
    with forged(lambda body: JSONResponse({}, 500)) as url:
        assert asyncio.run(load.search_together(url, questions, right, 4, 0.3)).lost >= 4


@linux
def test_the_real_server_holds_for_a_moment(minilm: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in ("final-act.md", "shifting-struggle.md"):
        shutil.copy(CORPUS / name, corpus)
    written = tmp_path / "load.json"
    options = "--readers 4 --rounds 1 --seconds 0.5 --minutes 0.2 --every 4 --answer 0.2".split()
    run = subprocess.run(
        [sys.executable, str(SCRIPT), *options, "--corpus", str(corpus), "--json", str(written)],
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert run.returncode == 0, run.stderr
    measured = json.loads(written.read_text(encoding="utf-8"))
    for ledger in measured["asking"].values():
        assert ledger["answered"] and ledger["lost"] == {} and ledger["mixed"] == {}
    for rounds in measured["searches"].values():
        assert all(one["answered"] and not one["lost"] and not one["mixed"] for one in rounds)
    assert {fault["kind"] for fault in measured["faults"]} == {"kill", "index"}
    assert len(measured["asking"]["disturbed"]["failed"]) <= 1
    assert measured["counts"]["askoctober_queue"] == 0
    assert "| search: rate over the floor's" in run.stdout and "too short to say" in run.stdout
