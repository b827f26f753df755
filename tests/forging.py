"""Indexes from strangers: any part is changed, every sum is put right again, and then all of it is read and built on."""

import contextlib
import hashlib
import json
import math
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from askoctober.building import build, freshness
from askoctober.errors import AskoctoberError, IndexFolderError
from askoctober.index import LocalStore
from askoctober.retrieval import Retriever
from breaking import CHUNK_SIZE, KINDS, FastEncoder, make_index, new_shelf, old_shelf, thresholds
from shelves import config_of, write_files

SECONDS, MEMORY = 60, 2 << 30
"""What a child may take: processor time, and address space beside what its parent has."""
ADVICE = re.compile(r"rebuild it: |build one: |update askoctober|search again|open it again|free some space|remove ")
ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 7, 127, 2**31 - 1, 2**31, 2**32, 2**53, 2**62 - 1, 2**63 - 1, -(2**63), 2**64, 10**30),
    *(1.5, -0.0, math.nan, math.inf, 1e300, "", "x", "0", "\ud800", "a\0b", "../../x", "/etc/passwd", "\n", "y" * 300),
    *([], {}, [[]], [0, 0], [1], [-1], [10**9], ["0"], {"a": 1}, list(range(50))),
)
BYTES = (b"", b"\0", b"\xff" * 12, b"\xff\xfe\xfd", bytes(range(256)), b"\xff\xff\xff\x7f" * 3, b"x" * 5000)


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


# Each forgery changes an index and the manifest, and says what it did; sums are put right afterwards.


def forge_manifest(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    at: Any = manifest
    place: list[Any] = []
    while isinstance(at, dict | list) and at and (len(place) < 1 or draw.random() < 0.75):
        place.append(draw.choice(sorted(at)) if isinstance(at, dict) else draw.randrange(len(at)))
        holder, at = at, at[place[-1]]
    how = draw.random()
    if how < 0.1:
        del holder[place[-1]]
        return f"manifest: {place} is gone"
    holder[place[-1]] = value = draw.choice(ODD)
    return f"manifest: {place} = {str(value)[:40]!r}"


def forge_dead(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    record = draw.choice(manifest["segments"])
    rows = [draw.randrange(-1, record["articles"] + 2) for _ in range(draw.randrange(6))]
    rows = draw.choice([rows, rows * 2, list(range(record["articles"])), [0, 0], [True], [0.0]])
    record["dead"] = rows
    if draw.random() < 0.5:
        record["dead_chunks"] = draw.randrange(record["chunks"] + 1)
    return f"dead: {rows}"


def forge_segments(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    records = manifest["segments"]
    kind = draw.choice(["articles", "chunks", "sentences", "tokens"])
    first, second = draw.choice(records), draw.choice(records)
    what = draw.choice(["twice", "crossed", "empty", "order", "coded", "counts"])
    if what == "twice":
        records.append(json.loads(json.dumps(first)))
    elif what == "crossed":
        first["files"][kind] = dict(second["files"][kind])
    elif what == "empty":
        records.clear()
    elif what == "order":
        records.reverse()
    elif what == "coded":
        first["coded"] = not first["coded"]
    else:
        name = draw.choice(["articles", "chunks", "sentences", "tokens", "copies"])
        first[name] += draw.choice([-1, 1, 1000, -first[name], 2**40])
    return f"segments: {what} {kind}"


def forge_text(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    """The manifest itself as bytes, which no sum is put right for."""
    data = bytearray((index / "manifest.json").read_bytes())
    what = draw.choice(["cut", "flip", "deep", "nothing", "latin", "long number"])
    if what == "cut":
        data = data[: draw.randrange(len(data))]
    elif what == "flip":
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    else:
        data = {"deep": b'{"format":' + b"[" * 200_000, "nothing": b"", "latin": b'{"format":2,"a":"\xe9"}'}.get(
            what, b'{"format":' + b"9" * 6000 + b"}"
        )  # type: ignore[assignment]
    (index / "manifest.json").write_bytes(data)
    return f"text: {what}"


def forge_pages(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    path = index / draw.choice(manifest["segments"])["files"]["articles"]["name"]
    data = bytearray(path.read_bytes())
    what = draw.choice(["flip", "flips", "page", "swap", "cut", "header", "noise"])
    pages = len(data) // 4096
    if what in ("flip", "flips"):
        for _ in range(1 if what == "flip" else 40):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    elif what in ("page", "noise"):
        at = 4096 * draw.randrange(1, pages)
        data[at : at + 4096] = bytes(4096) if what == "page" else draw.randbytes(4096)
    elif what == "swap":
        one, two = (4096 * draw.randrange(1, pages) for _ in range(2))
        data[one : one + 4096], data[two : two + 4096] = data[two : two + 4096], data[one : one + 4096]
    elif what == "cut":
        data = data[: draw.randrange(len(data))]
    else:
        data[draw.randrange(100)] = draw.randrange(256)
    path.write_bytes(data)
    return f"pages: {what}"


TABLES = {
    "article": "row id path file title author publisher date url language text pages extra digest signature copy_of "
    "chunk chunks",
    "chunk": "row article heading start end sentence token words spans",
    "band": "key article",
    "words_data": "id block",
    "words_docsize": "id sz",
    "words_idx": "segid term pgno",
    "words_config": "k v",
}


def forge_rows(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    path = index / draw.choice(manifest["segments"])["files"]["articles"]["name"]
    database = sqlite3.connect(path)
    table = draw.choice(["article", "article", "chunk", "chunk", "chunk", *TABLES])
    column = draw.choice(TABLES[table].split())
    said = ""
    try:
        if draw.random() < 0.2:  # a column that may be NULL all the same
            version = database.execute("PRAGMA schema_version").fetchone()[0]
            database.execute("PRAGMA writable_schema=ON")
            database.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name = ?", (table,))
            database.execute(f"PRAGMA schema_version={version + 1}")
            database.commit()
            database.close()
            database = sqlite3.connect(path)
            said = "NULL in "
            value: Any = None
        else:
            value = draw.choice([*(v for v in ODD if not isinstance(v, list | dict)), *BYTES, *BYTES])
        one = f"rowid = (SELECT rowid FROM {table} ORDER BY random() LIMIT 1)" if table not in ("band",) else "1"
        one = "1" if draw.random() < 0.15 or table in ("words_idx", "words_config") else one
        if value == b"\xff\xfe\xfd":
            database.execute(f"UPDATE OR IGNORE {table} SET {column} = CAST(x'fffefd' AS TEXT) WHERE {one}")
        elif draw.random() < 0.3 and column in ("start", "end", "sentence", "token", "article", "chunk", "chunks", "row"):
            step = draw.choice([-1, 1, 2, -5, 40])
            database.execute(f"UPDATE OR IGNORE {table} SET {column} = {column} + ({step}) WHERE {one}")
            value = f"+ {step}"
        elif column in ("spans", "pages") and draw.random() < 0.6:
            ((blob,),) = database.execute(f"SELECT {column} FROM {table} LIMIT 1").fetchall()
            numbers = np.frombuffer(blob, "<i4").copy()
            if len(numbers):
                numbers[draw.randrange(len(numbers))] = draw.choice([-1, 0, 10**6, 2**31 - 1, -(2**31), 3])
            database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = 0", (numbers.tobytes(),))
            value = "numbers"
        elif draw.random() < 0.1:
            database.execute(f"DELETE FROM {table} WHERE {one}")
            value = "deleted"
        else:
            database.execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE {one}", (value,))
        if said:
            database.execute("PRAGMA writable_schema=ON")
            for kind, name, sql in _schema():
                if name == table:
                    database.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (sql, name))
        database.commit()
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        said += f"not done ({error}) "
    database.close()
    return f"rows: {said}{table}.{column} {str(value)[:30]!r}"


def _schema() -> list[tuple[str, str, str]]:
    from askoctober.index.format import SCHEMA

    database = sqlite3.connect(":memory:")
    database.executescript(SCHEMA)
    found = database.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    database.close()
    return found


FOREIGN = (
    "CREATE TRIGGER t AFTER INSERT ON article BEGIN DELETE FROM chunk; END",
    "CREATE VIEW v AS SELECT * FROM article",
    "ALTER TABLE article RENAME TO other; CREATE VIEW article AS SELECT * FROM other",
    "ALTER TABLE chunk ADD COLUMN more GENERATED ALWAYS AS (row + 1)",
    "DROP TABLE words",
    "DROP INDEX article_id",
    "DROP TABLE band; CREATE TABLE band (key BLOB NOT NULL, article INTEGER NOT NULL)",
    "DROP TABLE words; CREATE TABLE words (heading, body)",
    "DROP TABLE words; CREATE VIRTUAL TABLE words USING fts5(heading, body)",
    "PRAGMA user_version=99; PRAGMA application_id=7",
    "PRAGMA encoding='UTF-16le'; VACUUM",
    "PRAGMA page_size=512; VACUUM",
    "PRAGMA journal_mode=WAL",
    "INSERT INTO words(words) VALUES ('delete-all')",
    "INSERT INTO words(words, rank) VALUES ('rank', 'bm25(1e308, -1e308)')",
    "UPDATE chunk SET words = 0",
    "UPDATE chunk SET article = 0",
    "UPDATE article SET chunk = 0",
    "UPDATE article SET copy_of = id",
    "UPDATE article SET id = 'same'",
    "UPDATE article SET path = 'same'",
    "UPDATE article SET digest = (SELECT digest FROM article WHERE row = 0)",
)


def forge_tables(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    path = index / draw.choice(manifest["segments"])["files"]["articles"]["name"]
    script = draw.choice(FOREIGN)
    database = sqlite3.connect(path)
    with contextlib.suppress(sqlite3.Error):
        database.executescript(script)
        database.commit()
    database.close()
    for beside in index.glob("*.sqlite-*"):
        beside.unlink()
    return f"tables: {script[:60]}"


def forge_numbers(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    """The files of plain numbers: vectors, tokens, projection, codebook, lists."""
    files = [*manifest["files"].values()]
    files += [entry for r in manifest["segments"] for kind, entry in r["files"].items() if kind != "articles"]
    kinds = sorted({entry["name"].split("-")[0] for entry in files})
    kind = draw.choice([*kinds, *(["lists"] * 2 if "lists" in kinds else [])])
    path = index / draw.choice([entry for entry in files if entry["name"].startswith(f"{kind}-")])["name"]
    data = bytearray(path.read_bytes())
    what = draw.choice(["nan", "flip", "noise", "cut", "longer", "huge", "long", "header", "nothing", "all"])
    at = 8 * draw.randrange(max(len(data) // 8, 1))
    if kind == "lists" and draw.random() < 0.6:
        what, at = "long", _places(manifest, draw)
    if what == "nan":
        data[at : at + 8] = b"\x00\x7e" * 4 if path.suffix == ".faiss" else np.array([np.nan] * 2, "<f4").tobytes()
    elif what == "huge":
        data[at : at + 8] = np.array([3e38, -3e38], "<f4").tobytes()
    elif what == "long":
        data[at : at + 8] = np.array([draw.choice([-1, 2**62, -(2**63), 2**31, 10**6, 0, 2**63 - 1])], "<i8").tobytes()
    elif what == "flip":
        data[at : at + 1] = draw.randbytes(1)
    elif what == "noise":
        data[at : at + 400] = draw.randbytes(400)
    elif what == "all":
        data[min(len(data), 78) :] = b"\xff" * len(data[78:])
    elif what == "cut":
        data = data[: draw.randrange(len(data) + 1)]
    elif what == "nothing":
        data = bytearray()
    elif what == "longer":
        data += draw.randbytes(draw.choice([1, 64, 128, 4096]))
    elif data:
        data[draw.randrange(min(90, len(data)))] = draw.randrange(256)
    path.write_bytes(data)
    return f"numbers: {kind} {what} at {at}"


def _places(manifest: dict[str, Any], draw: random.Random) -> int:
    """Where in a file of lists the beginnings of the lists or their rows stand."""
    record = next(r for r in manifest["segments"] if "lists" in r)
    size, lists = manifest["dimension"], record["lists"]["lists"]
    first = 4 * (size * size + lists * size + 256 * size)
    return first + 8 * draw.randrange(lists + 1 + record["chunks"] // 2)


def forge_overflow(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    """Beginnings of lists whose differences are right only as numbers of 64 bits run over."""
    record = next((r for r in manifest["segments"] if "lists" in r), None)
    if record is None or record["lists"]["lists"] < 6:
        return forge_numbers(draw, index, manifest)
    path = index / record["files"]["lists"]["name"]
    data = bytearray(path.read_bytes())
    size, lists = manifest["dimension"], record["lists"]["lists"]
    first = 4 * (size * size + lists * size + 256 * size)
    begins = [0, 2**62, -(2**63), -(2**62), 0] + [0] * (lists - 5) + [record["chunks"]]
    data[first : first + 8 * (lists + 1)] = np.array(begins, "<i8").tobytes()
    path.write_bytes(data)
    return "overflow"


def forge_files(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    """What is no plain file, and what lies beside: a half-made part, notes, links that lead out."""
    outside = index.parent / "outside.txt"
    what = draw.choice(["pipe", "link", "folder", "part", "record", "states", "note", "draft link", "cut link", "twin"])
    files = [*manifest["files"].values(), *(e for r in manifest["segments"] for e in r["files"].values())]
    path = index / draw.choice([*files, {"name": "manifest.json"}, {"name": ".files.json"}])["name"]
    building = index / "building"
    if what == "pipe":
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    elif what == "folder":
        path.unlink(missing_ok=True)
        path.mkdir()
    elif what == "link":
        path.unlink(missing_ok=True)
        path.symlink_to(draw.choice([str(outside), "/dev/zero", "/dev/null", path.name, ".."]))
    elif what == "draft link":
        names = (".lock", ".lock.json", ".manifest.json.draft", ".files.json.draft", ".files.json")
        name = draw.choice(names)
        (index / name).unlink(missing_ok=True)
        (index / name).symlink_to(outside)
        what = f"{name} is a link"
    elif what == "cut link":
        building.mkdir()
        name = draw.choice(["articles.part", "chunks.part", "tokens.part", "about.json", ".basis.draft", "basis.f32"])
        (building / name).symlink_to(outside)
        (building / ("articles.part" if name == "about.json" else "about.json")).write_text("{}")
        what = f"building/{name} is a link"
    elif what == "part":
        building.mkdir()
        for name in ("articles.part", "chunks.part", "sentences.part", "tokens.part", "about.json", "counts.json"):
            (building / name).write_bytes(draw.choice([b"", b"{}", b"[]", b"null", draw.randbytes(300)]))
    elif what == "record":
        building.mkdir()
        moves = draw.choice(
            [
                {str(outside): "stolen"},
                {"../../outside.txt": "articles-0123456789ab.sqlite"},
                {"articles.part": "../../outside.txt"},
                {"articles.part": manifest["segments"][0]["files"]["articles"]["name"]},
                {"chunks.part": manifest["segments"][0]["files"]["chunks"]["name"]},
                *([], None, {"articles.part": 7}, {"a": {}}),
            ]
        )
        (building / "record.json").write_text(json.dumps({"about": "{}", "record": {}, "moves": moves}))
    elif what == "twin":
        shutil.copytree(index, building)
    else:
        value = draw.choice(ODD)
        known = json.loads((index / ".files.json").read_text().split("\n")[1]) if what == "states" else {}
        if what == "states":
            known = draw.choice([known | {"files": value}, known | {"manifest": value}, value])
            if isinstance(known, dict) and isinstance(known.get("files"), dict) and known["files"]:
                known["files"][draw.choice(sorted(known["files"]))] = draw.choice([value, [[[0, 0]], 7, 1], [None] * 3])
            body = json.dumps(known)
            (index / ".files.json").write_text(hashlib.sha256(body.encode()).hexdigest() + "\n" + body + "\n")
        else:
            (index / ".lock.json").write_text(json.dumps({"pid": value, "host": value, "since": value}))
    return f"files: {what} {path.name.split('-')[0]}"


FORGERIES = (
    *(forge_manifest, forge_manifest, forge_dead, forge_segments, forge_text, forge_pages, forge_rows, forge_rows),
    *(forge_rows, forge_tables, forge_numbers, forge_numbers, forge_files),
)


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
        build(config, encoder=FastEncoder())
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
    articles = 60 if kind == "lists" else 8
    with thresholds(**KINDS[kind]):
        make_index(root, old_shelf(articles), steps=3)
        write_files(root / "corpus", new_shelf(articles) if articles > 8 else _changed(articles))
        build(config_of(root, chunk_size=CHUNK_SIZE), encoder=FastEncoder())
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
    print(json.dumps({"ended": ended, "wrong": wrong}))


def _forge_once(number: int, index: Path) -> str:
    draw = random.Random(number)
    manifest = json.loads((index / "manifest.json").read_text())
    said = []
    for work in [draw.choice(FORGERIES) for _ in range(draw.choice([1, 1, 1, 2]))]:
        with contextlib.suppress(KeyError, TypeError, AttributeError, IndexError, FileNotFoundError, ValueError):
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


__all__ = ["AskoctoberError", "Callable", "forge", "mock", "tempfile"]

if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
