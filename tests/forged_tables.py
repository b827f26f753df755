"""Changes of the databases of an index: their pages, their rows, and what tables they have."""

import contextlib
import random
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

from askoctober.index.format import SCHEMA
from forged_files import ODD

BYTES = (b"", b"\0", b"\xff" * 12, b"\xff\xfe\xfd", bytes(range(256)), b"\xff\xff\xff\x7f" * 3, b"x" * 5000)


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
        elif draw.random() < 0.3 and column in (
            "start",
            "end",
            "sentence",
            "token",
            "article",
            "chunk",
            "chunks",
            "row",
        ):
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
            for _, name, sql in _schema():
                if name == table:
                    database.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (sql, name))
        database.commit()
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        said += f"not done ({error}) "
    database.close()
    return f"rows: {said}{table}.{column} {str(value)[:30]!r}"


def _schema() -> list[tuple[str, str, str]]:
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
