"""The pages that were fetched, kept as they came, with what is needed to ask again only for what changed.

    INTO/HOST/words-DIGEST.html    the bytes of a page
    INTO/HOST/articles.toml        where each page of the host came from, for the readers
    INTO/.fetched.jsonl            a line for each page; of two lines for one address the later counts

The list has a hidden name so that it is not taken for articles. Each file is replaced in one step, and a line is added
after its page is in place: a run that is killed loses at most the page on its way.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeAlias

from askoctober.corpus.finding import METADATA
from askoctober.corpus.formats import ending_of, format_of
from askoctober.errors import CorpusError
from askoctober.fetching.addresses import name_file, name_folder
from askoctober.fetching.getting import Page

LIST = ".fetched.jsonl"
State: TypeAlias = Literal["new", "changed", "unchanged", "gone"]

_ENDINGS = {
    "text/html": ".html",
    "application/xhtml+xml": ".xhtml",
    "application/pdf": ".pdf",
    "application/x-pdf": ".pdf",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "application/epub+zip": ".epub",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "message/rfc822": ".eml",
    "application/mbox": ".mbox",
    "application/zip": ".zip",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
}
_VAGUE = {"", "text/plain", "application/octet-stream", "binary/octet-stream", "application/download", "text/x-web"}
"""Content types that servers give to files they do not know; the address says more."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a page that was asked for under `address`; `file` is its POSIX path below the folder.

    `fetched` is when its server last gave or confirmed it (ISO 8601, UTC); `status` is the answer to the last request.
    """

    address: str
    final: str
    file: str
    etag: str
    last_modified: str
    fetched: str
    content_type: str
    sha256: str
    status: int


class Collection:
    """The pages kept in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records: dict[str, Record] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / LIST).exists():
            with (folder / LIST).open(encoding="utf-8", errors="replace") as stream:
                for line in stream:
                    if record := _read_record(line):
                        self.records[record.address] = record

    def compact(self) -> None:
        """Write the list anew, a line for each page."""
        lines = "".join(f"{_line(record)}\n" for record in self.records.values())
        _replace(self.folder / LIST, lines.encode())

    def holds(self, address: str) -> Record | None:
        """Return what is known of an address whose page is here, byte for byte as it was fetched."""
        record = self.records.get(address)
        if record is None:
            return None
        try:
            body = (self.folder / record.file).read_bytes()
        except OSError:
            return None
        return record if hashlib.sha256(body).hexdigest() == record.sha256 else None

    def conditions(self, address: str) -> dict[str, dict[str, str]]:
        """Return by final address the headers that ask for a page only if it changed."""
        record = self.holds(address)
        if record is None:
            return {}
        headers = {"If-None-Match": record.etag, "If-Modified-Since": record.last_modified}
        return {record.final: {name: value for name, value in headers.items() if value}}

    def keep(self, address: str, page: Page, now: str) -> State:
        """Take in what a server answered for an address, and return what that means for the page.

        Raises:
            CorpusError: there is no page in the answer, or it is in no format that is read.
            OSError: it cannot be written.
        """
        old = self.records.get(address)
        if page.status == 304 and old:
            self._note(replace(old, fetched=now, status=304))
            return "unchanged"
        if page.status in {404, 410} and old and self.holds(address):
            self._note(replace(old, status=page.status))
            return "gone"
        if page.status != 200:
            raise CorpusError(_refusal(page.status))
        if not page.body:
            raise CorpusError("is empty; give the address of a page with text.")
        content_type = page.headers.get("content-type", "")
        file = f"{name_folder(page.address)}/{name_file(page.address, choose_ending(page))}"
        digest = hashlib.sha256(page.body).hexdigest()
        record = Record(
            address=address,
            final=str(page.address),
            file=file,
            etag=page.headers.get("etag", ""),
            last_modified=page.headers.get("last-modified", ""),
            fetched=now,
            content_type=content_type,
            sha256=digest,
            status=200,
        )
        same = old is not None and old.file == file and old.sha256 == digest and self.holds(address) is not None
        if not same:
            (self.folder / file).parent.mkdir(exist_ok=True)
            _replace(self.folder / file, page.body)
        add_source(self.folder / file, record.final)
        self._note(record)
        if old and old.file != file and all(other.file != old.file for other in self.records.values()):
            (self.folder / old.file).unlink(missing_ok=True)
        return "unchanged" if same else "changed" if old else "new"

    def _note(self, record: Record) -> None:
        self.records[record.address] = record
        with (self.folder / LIST).open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(f"{_line(record)}\n")
            stream.flush()
            os.fsync(stream.fileno())


def choose_ending(page: Page) -> str:
    """Return the ending for a page's file, by its content type, and where that says little by its address.

    Raises:
        CorpusError: it is in no format that is read.
    """
    kind = page.headers.get("content-type", "").partition(";")[0].strip().lower()
    named = format_of(page.address.path)
    if kind in _VAGUE and named and not named.advice:
        return ending_of(page.address.path)
    if kind in _ENDINGS:
        return _ENDINGS[kind]
    if named and not named.advice and kind.partition("/")[0] not in {"image", "audio", "video", "font"}:
        return ending_of(page.address.path)
    if page.body[:5] == b"%PDF-":
        return ".pdf"
    if not kind:
        return ".html"
    raise CorpusError(f"is of the type {kind[:80]}, which is not read; give a page, a text or a PDF.")


def add_source(file: Path, address: str) -> None:
    """Say in the `articles.toml` beside a file where it came from; what stands there of the file already is kept.

    Raises:
        CorpusError: the table is not TOML, so nothing can be added to it.
    """
    table = file.parent / METADATA
    try:
        text = table.read_text(encoding="utf-8") if table.exists() else ""
        known: Mapping[str, Any] = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise CorpusError(
            f"is fetched, but {table} is not valid TOML; correct or remove it and fetch again."
        ) from error
    if file.name in known:
        return
    # JSON's strings are TOML's basic strings, but for the DEL character, which an address does not hold.
    entry = f"[{json.dumps(file.name)}]\nurl = {json.dumps(address)}\n"
    separator = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    _replace(table, (text + separator + entry).encode())


def _replace(path: Path, data: bytes) -> None:
    """Put bytes into a file in one step."""
    partial = path.parent / ".partial"
    with partial.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, path)


def _line(record: Record) -> str:
    return json.dumps(asdict(record), ensure_ascii=False)


def _read_record(line: str) -> Record | None:
    """Return the record of a line; None for one that was cut off, or that names a file elsewhere."""
    try:
        record = Record(**json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None
    texts = [value for name, value in asdict(record).items() if name != "status"]
    if not all(isinstance(value, str) and "\0" not in value for value in texts) or not isinstance(record.status, int):
        return None
    parts = PurePosixPath(record.file).parts
    # "folder/name" and no other form: neither is hidden or "..", nor has it a drive or a backslash
    sound = len(parts) == 2 and record.file == "/".join(parts) and not any(part.startswith(".") for part in parts)
    return record if sound and not {":", "\\"} & set(record.file) and parts[0] != "/" else None


def _refusal(status: int) -> str:
    if status in {404, 410}:
        return f"is not there (HTTP {status}); correct the address."
    if status in {401, 402, 403, 451}:
        return f"is not given to programs (HTTP {status}); save it by hand."
    return f"cannot be had (HTTP {status}); try again later."
