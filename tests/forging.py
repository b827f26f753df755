"""Indexes from strangers: any part is changed, every sum put right again, then all of it is read and built on."""

import contextlib
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from askoctober.building import build, freshness
from askoctober.errors import IndexFolderError
from askoctober.index import LocalStore
from askoctober.retrieval import Retriever
from breaking import CHUNK_SIZE, KINDS, FastEncoder, make_index, new_shelf, old_shelf, say, thresholds, update_index
from forged_files import (
    forge_dead,
    forge_files,
    forge_manifest,
    forge_numbers,
    forge_overflow,
    forge_segments,
    forge_text,
)
from forged_tables import forge_pages, forge_rows, forge_tables
from shelves import config_of, write_files

SECONDS, MEMORY = 60, 2 << 30
"""What a child may take: processor time, and address space beside what its parent has."""
ADVICE = re.compile(r"rebuild it: |build one: |update askoctober|search again|open it again|free some space|remove ")
FORGERIES = (
    *(forge_manifest, forge_manifest, forge_dead, forge_segments, forge_text, forge_pages, forge_rows, forge_rows),
    *(forge_rows, forge_tables, forge_numbers, forge_numbers, forge_overflow, forge_files, forge_files),
)


def dumped(manifest: dict[str, Any]) -> str:
    """A manifest as text, with the right sum where there can be one."""
    manifest = {key: value for key, value in manifest.items() if key != "sha256"}
    text = json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return json.dumps({**manifest, "sha256": digest}, indent=1, sort_keys=True)


def put_sums_right(index: Path, manifest: dict[str, Any]) -> None:
    """Give every file the name, the sum and the size that its bytes ask for, and the manifest its own."""
    for entry in [*manifest["files"].values(), *(e for r in manifest["segments"] for e in r["files"].values())]:
        path = index / entry["name"]
        if not path.is_file() or path.is_symlink():
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        kind, ending = path.name.split("-")[0], path.suffix
        entry |= {"name": f"{kind}-{digest[:12]}{ending}", "sha256": digest, "bytes": path.stat().st_size}
        path.rename(index / entry["name"])
    (index / "manifest.json").write_text(dumped(manifest), encoding="utf-8")


def visit(index: Path) -> str:
    """Read all that an index holds; return "right", or what kind of error it was refused with.

    Raises:
        AssertionError: something came back that cannot be.
    """
    said: list[str] = []

    @contextlib.contextmanager
    def refusals() -> Iterator[None]:
        try:
            yield
        except IndexFolderError as error:
            assert "\n" not in str(error).strip(), f"not one line: {error}"
            assert ADVICE.search(str(error)), f"says not what to do: {error}"
            said.append(str(error))

    store = None
    with refusals():
        store = LocalStore.open(index)
    if store is None:
        return "refused"
    with contextlib.closing(store):
        for row in range(store.size):
            with refusals():
                _check_chunk(store, row)
        ids: list[str] = []
        with refusals():
            for item in store.articles():
                ids.append(item.id)
                item.page_range(0, len(item.text))
        with refusals():
            ids += [*store.ids(), *store.digests()]
        for identity in ids:
            with refusals():
                entry = store.entry(identity)
                store.file_of(identity)
                for chunk, spans in entry.chunks:
                    assert chunk.article_id == entry.article.id
                    assert entry.article.text[chunk.start : chunk.end] == chunk.text
                    assert all(chunk.start <= span.start <= span.end <= chunk.end for span in spans)
                assert len(entry.vectors) == len(entry.chunks)
                assert len(entry.token_counts) == len(entry.sentence_vectors)
                assert len(entry.tokens) == entry.token_counts.sum()
        retriever = Retriever(store, FastEncoder())
        for question in QUESTIONS:
            with refusals():
                for hit in retriever.search(question, 5):
                    json.dumps(hit.to_dict(), allow_nan=False)
                    assert hit.chunk.article.text[hit.chunk.start : hit.chunk.end] == hit.chunk.text
    return "refused in part" if said else "right"


QUESTIONS: list[str] = []


def _check_chunk(store: LocalStore, row: int) -> None:
    chunk, spans = store.chunk(row), store.sentences(row)
    assert chunk.text and chunk.article.text[chunk.start : chunk.end] == chunk.text
    assert chunk.article_id == chunk.article.id
    assert all(chunk.start <= span.start <= span.end <= chunk.end for span in spans)
    tokens, counts = store.token_vectors(row), store.token_counts(row)
    assert len(tokens) == counts.sum() and len(counts) == len(spans) == len(store.sentence_vectors(row))
    assert np.isfinite(tokens).all() and np.isfinite(store.chunk_vectors(np.array([row]))).all()
    assert store.chunk(store.row(chunk.id)).text == chunk.text


def use(root: Path) -> str:
    """Read `root/index`, build on it, and read what came of it."""
    before = (root / "outside.txt").read_bytes()
    read = visit(root / "index")
    config = config_of(root, chunk_size=CHUNK_SIZE)
    freshness(config)
    try:
        build(config, encoder=FastEncoder(), verify=True)
        built = visit(root / "index")
        assert built != "refused", "what was just built is refused"
    except IndexFolderError as error:
        assert "\n" not in str(error).strip() and ADVICE.search(str(error)), f"says not what to do: {error}"
        built = "not built"
    assert (root / "outside.txt").read_bytes() == before, "a file outside was changed"
    return f"{read}; {built}"


def in_a_child(root: Path) -> tuple[str, str]:
    """Use an index in a child that may take only so much; return how that ended, and more of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        status, said = 0, b""
        try:
            signal.alarm(SECONDS * 4)
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 2)
            said = use(root).encode()
        except BaseException as error:
            lines = traceback.format_exception(error)
            status, said = 1, ("".join(lines[-4:]) if len(lines) > 4 else "".join(lines)).encode(errors="replace")
        os.write(writing, said[-3500:])
        os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read().decode(errors="replace")
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0:
        return f"signal {-status}", said
    return ("wrong", said) if status else (said, "")


def forge(work: str, kind: str, first: str, count: str) -> None:
    """Make so many forgeries of an index, and use each; print how that ended, and the wrong ones in full."""
    root = Path(work)
    articles = 52 if kind == "lists" else 8
    with thresholds(**KINDS[kind]):
        make_index(root, old_shelf(articles), steps=3)
        write_files(root / "corpus", new_shelf(articles) if articles > 8 else _changed(articles))
        update_index(root)
        _grow(root, articles)
        QUESTIONS.extend(_questions(root))
        kept = root / "kept"
        shutil.copytree(root / "index", kept)
        ended: Counter[str] = Counter()
        wrong: list[Any] = []
        for number in range(int(first), int(first) + int(count)):
            shutil.rmtree(root / "index", ignore_errors=True)
            shutil.copytree(kept, root / "index")
            (root / "outside.txt").write_text("a stranger has no business here")
            what = _forge_once(number, root / "index")
            began = time.perf_counter()
            end, said = in_a_child(root)
            ended[end] += 1
            if end == "wrong" or end.startswith("signal"):
                wrong.append([number, what, end, said, round(time.perf_counter() - began, 1)])
                sys.stderr.write(json.dumps(wrong[-1]) + "\n")
    say(json.dumps({"ended": ended, "wrong": wrong}))


def _forge_once(number: int, index: Path) -> str:
    draw = random.Random(number)
    manifest = json.loads((index / "manifest.json").read_text())
    said = []
    works = [draw.choice(FORGERIES) for _ in range(draw.choice([1, 1, 1, 2]))]
    if forge_files in works:  # alone or last: a pipe that it leaves would be waited for by whoever forges on
        works = [*(work for work in works if work is not forge_files), forge_files]
    for work in works:
        with contextlib.suppress(LookupError, TypeError, AttributeError, ValueError, OSError, sqlite3.Error):
            said.append(work(draw, index, manifest))
    if "text:" not in str(said) and not (index / "manifest.json").is_symlink() and (index / "manifest.json").is_file():
        try:
            put_sums_right(index, manifest)
        except (KeyError, TypeError, AttributeError, ValueError, OSError):
            (index / "manifest.json").write_text(dumped(manifest), encoding="utf-8")
    return " + ".join(said)


def _changed(articles: int) -> dict[str, str]:
    files = old_shelf(articles)
    del files["a02.md"]
    return files | {"a01.md": files["a00.md"].replace("a", "o", 3)}


def _grow(root: Path, articles: int) -> None:
    """What is to be built over the forgeries: one article more, and one renamed."""
    files = old_shelf(articles)
    files["renamed.md"] = files.pop("a05.md")
    write_files(root / "corpus", files | {"c.md": files["a00.md"][::-1]})


def _questions(root: Path) -> list[str]:
    words = (root / "corpus" / "a00.md").read_text().lower().split()
    return [" ".join(words[at : at + 4]) for at in (4, 30)]


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
