"""The whole way from a shelf of anything to an index: texts, metadata, reasons, costs, and what is done again."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from any_shelf import File, first, prose, put, tells_names_apart
from any_shelf_archives import everything
from typer.testing import CliRunner

from askoctober import cli
from askoctober.building import Report, build, states
from askoctober.cli import loading
from askoctober.config import Config
from askoctober.corpus import Corpus, Failure, isolation
from askoctober.corpus.formats import FORMATS, ending_of
from askoctober.errors import CorpusError
from askoctober.index import LocalStore
from askoctober.retrieval import Retriever
from askoctober.types import Article, Citation, FloatArray
from encoders import HashEncoder
from shelves import config_of

MEMORY_TO_READ = 300_000_000
"""Bytes that a reading process may hold with this shelf; its libraries alone come to some 80 MB."""
MEMORY_TO_BUILD = 700_000_000
"""Bytes by which the build may grow; the fake encoder's token vectors of the longest text come to half of it."""
SECONDS = 60
FILES = everything()


class QuickEncoder(HashEncoder):
    """The hashing encoder, which remembers the words that it has met."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, FloatArray] = {}

    def _direction(self, word: str) -> FloatArray:
        if word not in self.known:
            self.known[word] = super()._direction(word)
        return self.known[word]


@dataclasses.dataclass
class Shelf:
    """The shelf on disk and all that was read of it, by file.

    `peak` is the most bytes that a reading process held, `growth` those by which this one grew; `seconds` are those of
    all processors.
    """

    config: Config
    corpus: Corpus
    found: Mapping[str, list[Article | Failure]]
    report: Report
    encoder: QuickEncoder
    peak: int
    growth: int
    seconds: float
    left: list[str]

    def articles(self, path: str | None = None) -> dict[str, Article]:
        """The articles of a file, or of all, by path."""
        items = [item for file, items in self.found.items() if path in (None, file) for item in items]
        return {item.path: item for item in items if isinstance(item, Article)}

    def failures(self, path: str | None = None) -> list[Failure]:
        """What failed in a file, or in all."""
        items = [item for file, items in self.found.items() if path in (None, file) for item in items]
        return [item for item in items if isinstance(item, Failure)]


def present(folder: Path) -> list[File]:
    """The files of the shelf that a file system can hold side by side."""
    apart = {pair: tells_names_apart(folder, *pair) for pair in (("x.md", "X.md"), ("\u00e9.md", "e\u0301.md"))}
    if all(apart.values()) and os.name == "posix":
        return FILES
    return [file for file in FILES if not file.path.startswith(("names/", "twins/", "shapes/two"))]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """The shelf, read by itself and then built; not to be changed."""
    folder = tmp_path_factory.mktemp("any")
    scratch = tmp_path_factory.mktemp("scratch")
    config = config_of(folder)
    config.corpus.mkdir()
    put(config.corpus, present(folder))
    peaks = [0]
    stop = isolation._Worker.stop

    def measured(worker: isolation._Worker) -> None:
        peaks.append(peak_of(worker.process.pid))
        stop(worker)

    isolation.close()  # those that run have another folder for temporary files
    began, before = processor_time(), peak_of(os.getpid())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(isolation._Worker, "stop", measured)
        patch.setenv("TMPDIR", str(scratch))
        patch.setattr(tempfile, "tempdir", str(scratch))
        corpus = Corpus(config.corpus)
        found: dict[str, list[Article | Failure]] = defaultdict(list)
        for failure in corpus.failed:
            found[failure.path].append(failure)
        for entry in corpus.entries:
            found[entry.path] = list(corpus.read(entry))
        encoder = QuickEncoder()
        report = build(config, encoder=encoder)
        isolation.close()
    left = sorted(path.name for path in scratch.iterdir())
    growth = peak_of(os.getpid()) - before
    yield Shelf(config, corpus, found, report, encoder, max(peaks), growth, processor_time() - began, left)


def peak_of(process: int) -> int:
    """The most memory that a process has held, in bytes; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def processor_time() -> float:
    """Seconds of processors that this process and those that it has ended have used."""
    return sum(os.times()[:4])


def test_the_shelf_is_large_and_every_kind_is_on_it() -> None:
    assert len(FILES) >= 200
    assert len({file.path for file in FILES}) == len(FILES)
    assert {ending for known in FORMATS for ending in known.endings} <= {ending_of(file.path) for file in FILES}


def named(file: File) -> Any:
    marks = [pytest.mark.xfail(strict=True, reason=file.unsound)] if file.unsound else []
    return pytest.param(file, marks=marks, id=ascii(file.path)[1:60])


@pytest.mark.parametrize("file", [named(file) for file in FILES])
def test_each_file_gives_its_articles_or_says_why_not(shelf: Shelf, file: File) -> None:
    if not os.path.lexists(shelf.config.corpus / file.path):
        pytest.skip("this file system cannot hold its name")
    articles, failures = shelf.articles(file.path), shelf.failures(file.path)
    assert list(articles) == [want.path or file.path for want in file.articles]
    for want in file.articles:
        article = articles[want.path or file.path]
        assert want.says in article.text
        assert [words for words in want.hides if words in article.text] == []
        for name in ("title", "author", "date", "url", "language"):
            assert getattr(want, name) in (None, getattr(article, name)), name
        assert article.title and article.title == " ".join(article.title.split())
        assert len(article.pages) == (want.pages or 0)
    assert len(failures) == len(file.fails)
    for failure, (path, words) in zip(failures, file.fails, strict=True):
        assert failure.path == (path or file.path)
        assert words in failure.reason
        assert failure.reason.endswith((".", "UTF-8.")) and len(failure.reason.splitlines()) == 1


def test_nothing_else_is_read_and_what_is_passed_over_is_counted(shelf: Shelf) -> None:
    files = present(shelf.config.corpus.parent)
    expected = {file.path for file in files if file.articles or file.fails}
    assert set(shelf.found) == expected
    counted = Counter(file.passed for file in files if not (file.articles or file.fails or callable(file.data)))
    del counted["hidden"]
    tables = sum(file.path.endswith("articles.toml") and not file.fails for file in files)
    counted[""] -= tables
    assert dict(shelf.corpus.passed_over) == counted
    assert shelf.report.passed_over == shelf.corpus.passed_over


def test_it_takes_little_time_and_memory_and_leaves_nothing_behind(shelf: Shelf) -> None:
    assert shelf.left == []
    assert shelf.peak < MEMORY_TO_READ and shelf.growth < MEMORY_TO_BUILD
    assert shelf.seconds < SECONDS


def test_the_index_holds_what_was_read(shelf: Shelf) -> None:
    read, report = shelf.articles(), shelf.report
    failed = sorted(shelf.failures(), key=lambda failure: failure.path)
    assert [failure.path for failure in report.failed] == [failure.path for failure in failed]
    settled = {file.path for file in FILES if not file.unsound}
    assert [one for one in report.failed if one.path in settled] == [one for one in failed if one.path in settled]
    assert (report.articles + report.copies, report.embedded) == (len(read), report.articles)
    store = LocalStore.open(shelf.config.index)
    try:
        held = {article.path: article for article in store.articles()}
        copies = {copy.path: path for path, article in held.items() for copy in article.copies}
        assert held.keys() | copies.keys() == read.keys() and not held.keys() & copies.keys()
        for path, article in held.items():
            assert dataclasses.replace(article, copies=()) == read[path]
        chunks = [store.chunk(row) for row in range(store.size)]
        assert {chunk.article.path for chunk in chunks} == held.keys()
        for row, chunk in enumerate(chunks):
            text = read[chunk.article.path].text
            assert text[chunk.start : chunk.end] == chunk.text == chunk.text.strip()
            spans = store.sentences(row)
            assert spans and all(chunk.start <= span.start < span.end <= chunk.end for span in spans)
    finally:
        store.close()


def test_one_text_in_several_formats_or_encodings_is_one_article(shelf: Shelf) -> None:
    store = LocalStore.open(shelf.config.index)
    found = [{article.path, *(copy.path for copy in article.copies)} for article in store.articles() if article.copies]
    store.close()
    assert sorted(map(sorted, found)) == [
        ["letters/dos.txt", "letters/koi.txt", "letters/маяк.txt", "read/koi.eml"],
        ["letters/plain.txt", "letters/windows.txt", "read/qp.eml"],
        ["letters/日本.txt", "read/sjis.eml"],
        ["thrice/lamp.html", "thrice/lamp.md", "thrice/lamp.pdf"],
    ]


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_citation_from_a_pdf_carries_its_page(shelf: Shelf, page: int) -> None:
    store = LocalStore.open(shelf.config.index)
    try:
        hit = Retriever(store, shelf.encoder).search(first(f"report {page}"), 1)[0]
        article = hit.chunk.article
        assert article.path == "read/report.pdf"
        assert hit.pages and hit.pages[0] <= page <= hit.pages[1]
        start = article.text.index(first(f"report {page}"))
        quote = article.text[start : start + len(first(f"report {page}"))]
        citation = Citation(1, article, start, start + len(quote), quote, 1.0)
        assert citation.pages == (page, page)
        assert citation.to_dict()["page"] == page
    finally:
        store.close()


@pytest.fixture
def run(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`askoctober index` over the shelf, with an encoder that sees what is embedded; read files are noted."""
    monkeypatch.chdir(shelf.config.corpus.parent)
    encoder = QuickEncoder()
    read: list[str] = []
    reading = Corpus.read

    def noting(corpus: Corpus, entry: Any) -> Iterator[Article | Failure]:
        read.append(entry.path)
        return reading(corpus, entry)

    monkeypatch.setattr(Corpus, "read", noting)
    monkeypatch.setattr(loading, "build", lambda config: build(config, encoder=encoder))

    def invoke() -> tuple[Any, list[str], list[str]]:
        del read[:], encoder.seen[:]
        result = CliRunner().invoke(cli.app, ["index", "corpus", "--index", "index"])
        return result, list(read), list(encoder.seen)

    yield invoke


def test_the_command_line_fails_until_the_bad_files_are_gone(
    shelf: Shelf, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "SETTLED", -5.0)  # what was written just now counts as old
    run()
    result, read, embedded = run()
    assert result.exit_code == 1
    complaints = [line for line in result.stderr.splitlines() if line.startswith("askoctober: left out ")]
    assert len(complaints) == len(shelf.failures())
    for failure, line in zip(shelf.report.failed, complaints, strict=True):
        assert " ".join(failure.path.split()[:1]) in line
    assert "passed over files of other kinds: 5 parts of saved pages, " in result.stderr
    assert embedded == []
    tried = {path for path in shelf.found if shelf.failures(path) and not path.endswith("articles.toml")}
    assert set(read) == tried - refused(shelf)

    mended = shelf.config.corpus / "shapes" / "empty.md"
    mended.write_text(prose("mended"))
    result, _, embedded = run()
    assert result.exit_code == 1 and "shapes/empty.md" not in result.stderr
    sentences = [f"{sentence}." for sentence in prose("mended").rstrip(".").split(". ")]
    assert sorted(embedded) == sorted([*sentences, "Empty"])

    for path in {path for path in shelf.found if shelf.failures(path)}:
        if path != "shapes/empty.md":
            (shelf.config.corpus / path).unlink()
    run()
    result, read, embedded = run()
    assert (result.exit_code, read, embedded) == (0, [], [])
    assert "left out" not in result.stderr


def refused(shelf: Shelf) -> set[str]:
    """Files that fail before they are read."""
    paths = set()
    for entry in shelf.corpus.entries:
        try:
            shelf.corpus.state(entry)
        except CorpusError:
            paths.add(entry.path)
    return paths
