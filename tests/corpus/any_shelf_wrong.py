# ruff: noqa: E501
"""Of the shelf: files under a wrong name, broken ones, kinds that are known and not read, and JSON of all sorts."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
import lzma

from any_shelf import File, Want, bad, first, good, passed, prose
from any_shelf_files import page, words, wrapped
from collecting import json_lines, mail, mbox, squad, table
from papers import make_docx, make_epub, make_mhtml, make_odt, make_pdf, make_rtf, make_zip

from askoctober.corpus.formats import FORMATS

SETTINGS = ".json without articles"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def misnamed() -> list[File]:
    """Files under another format's name."""
    xlsx = make_zip({"[Content_Types].xml": "", "xl/workbook.xml": ""})
    plain = prose("misnamed").encode()
    return [
        good("wrong/report.txt", make_pdf([wrapped(prose("wrong pdf"))]), first("wrong pdf")[:70], pages=1),
        good("wrong/page.md", page("wrong html"), first("wrong html 1"), title="The Lamp", hides=("cookies", "<p>")),
        good("wrong/page.doc", page("wrong doc"), first("wrong doc 1"), title="The Lamp"),
        good("wrong/letter.doc", words(make_rtf(), "wrong rtf"), first("wrong rtf 0"), title="The Lamp"),
        good("wrong/letter.zip", words(make_docx(), "wrong zip"), first("wrong zip 0"), title="The Lamp"),
        good("wrong/letter.docx", words(make_odt(), "wrong odt"), first("wrong odt 0"), title="The Lamp"),
        good("wrong/letter.odt", words(make_docx(), "wrong docx"), first("wrong docx 0"), title="The Lamp"),
        good("wrong/book.txt", words(make_epub(), "wrong epub"), first("wrong epub 0"), title="The Lamp"),
        good("wrong/plain.html", b"<p>" + prose("wrong plain", 6).encode(), first("wrong plain")),
        good("wrong/sheet.txt", table([["a", "b"], ["1", first("wrong csv")]]), first("wrong csv")),
        bad("wrong/zip.docx", make_zip({"x.bin": b"x"}), "holds no article"),
        *(bad(f"wrong/plain{end}", plain, f"is named {end} but is not") for end in (".pdf", ".docx", ".odt", ".epub", ".rtf", ".zip")),
        bad("wrong/plain.eml", plain, "has none of the headers of an e-mail"),
        bad("wrong/plain.mbox", plain, 'is no mailbox, it does not begin with "From "'),
        bad("wrong/plain.tar", plain, "is a damaged tar file"),
        bad("wrong/plain.tgz", plain, "is a damaged tar file"),
        bad("wrong/plain.json", plain, "is not valid JSON"),
        bad("wrong/plain.csv", plain.replace(b",", b""), "has no column that is known as text"),
        File("wrong/plain.jsonl", plain, fails=(("wrong/plain.jsonl#line-1", "is not JSON in UTF-8 in line 1"),)),
        bad("wrong/sheet.docx", xlsx, "is a spreadsheet, which is not read; save its sheets as .csv."),
        bad("wrong/photo.pdf", PNG, "is named .pdf but is not PDF"),
        bad("wrong/photo.txt", PNG, "control character"),
        bad("wrong/photo.html", PNG, "looks binary"),
        bad("wrong/locked.docx", OLE, "is an old or encrypted Office file, which is not read; save it as .docx, without a password."),
        bad("wrong/sold.epub", make_epub({"META-INF/encryption.xml": "<encryption><EncryptionMethod Algorithm='urn:x'/></encryption>"}), "is copy-protected (DRM)"),
    ]  # fmt: skip


def broken() -> list[File]:
    """Each format cut in half, and with its first bytes damaged."""
    sound = {
        ".html": page("half html"), ".mhtml": make_mhtml(page("half mhtml")), ".pdf": make_pdf([wrapped(prose("half pdf", 9))] * 2),
        ".docx": words(make_docx(), "half docx"), ".odt": words(make_odt(), "half odt"), ".epub": words(make_epub(), "half epub"),
        ".rtf": words(make_rtf(), "half rtf"), ".eml": mail("Half", prose("half eml", 8)),
        ".mbox": mbox(*(mail(f"Half {n}", prose(f"half mbox {n}"), identity=f"<h{n}@x>") for n in (1, 2))),
        ".json": squad({"Half": [prose("half squad", 9)]}),
        ".jsonl": json_lines(*({"text": prose(f"half jsonl {n}")} for n in (1, 2, 3))),
        ".csv": table([["text", "year"], *([prose(f"half csv {n}"), n] for n in (1, 2, 3))]),
    }  # fmt: skip
    zipped, named = "is a damaged ZIP file (", "but is not "
    fails = {".pdf": "is a damaged PDF", ".docx": zipped, ".odt": zipped, ".epub": zipped, ".json": "is not valid JSON"}
    row = "has 1 columns in line 3 where the header has 2"
    read = {
        ".html": (Want(first("half html 0"), title="The Lamp", hides=("<p>",)),),
        ".mhtml": (Want(first("half mhtml 0"), title="The Lamp", hides=("<p>",)),),
        ".rtf": (Want(first("half rtf 0"), title="The Lamp"),),
        ".eml": (Want(first("half eml"), title="Half"),),
        ".mbox": (Want(first("half mbox 1"), f"broken/half.mbox#{hashlib.sha256(b'<h1@x>').digest()[:6].hex()}"),),
        ".jsonl": (Want(first("half jsonl 1"), "broken/half.jsonl#1"),),
        ".csv": (Want(first("half csv 1"), "broken/half.csv#1"),),
    }
    parts = {".jsonl": "#line-2 is not JSON in UTF-8 in line 2", ".csv": f"#row-2 {row}"}
    start = {
        ".mhtml": "holds no HTML part", ".eml": "has none of the headers", ".mbox": "is no mailbox", ".json": "looks binary",
        ".csv": "looks binary", ".jsonl": "#line-1 is not JSON in UTF-8 in line 1",
    } | dict.fromkeys((".pdf", ".docx", ".odt", ".epub", ".rtf"), named)  # fmt: skip
    rest = {
        ".html": (Want(first("half html 0"), title="The Lamp"),),
        ".jsonl": tuple(Want(first(f"half jsonl {n}"), f"broken/start.jsonl#{n}") for n in (2, 3)),
    }
    half = [
        File(f"broken/half{end}", data[: len(data) // 2], read.get(end, ()), _fails(f"broken/half{end}", (fails | parts).get(end)))
        for end, data in sound.items()
    ]  # fmt: skip
    return half + [
        File(f"broken/start{end}", b"\xff\x00\xfe\x01" + data[4:], rest.get(end, ()), _fails(f"broken/start{end}", start.get(end)))
        for end, data in sound.items()
    ]  # fmt: skip


def _fails(path: str, words: str | None) -> tuple[tuple[str, str], ...]:
    """What is told of a file, or of a part that the words begin with."""
    if words is None:
        return ()
    if not words.startswith("#"):
        return (("", words),)
    part, _, reason = words.partition(" ")
    return ((path + part, reason),)


def unread() -> list[File]:
    """All kinds that are known and not read."""
    packers = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
    magic = dict.fromkeys((".doc", ".dot", ".wps", ".ppt", ".xls", ".msg"), OLE)
    magic |= {end: pack(prose(end).encode()) for end, pack in packers.items()}
    singly = [
        bad(f"unread/{name}.gz", gzip.compress(b"a,b\n1,2\n"), "is a packed file, which is not read; unpack it.")
        for name in ("a.txt", "b.csv")
    ]
    return singly + [
        bad(f"unread/file{end}", magic.get(end, b"Some bytes of it."), f"which is not read; {known.advice}.")
        for known in FORMATS
        if known.advice
        for end in known.endings
    ]


def json_files() -> list[File]:
    """JSON of programs, and sets of texts in shapes that are not read."""
    package = {"name": "x", "version": "1.0.0", "contributors": [{"name": "Ada"}], "dependencies": {"a": "^1.0"}}
    records = [{"id": n, "text": prose(f"records {n}")} for n in range(3)]
    chat = {"name": "Keepers", "messages": [{"from": "Ada", "text": prose("chat")}]}
    advice = "save a list of objects as .jsonl, one object a line."
    return [
        passed("code/package.json", json.dumps(package, indent=2).encode(), SETTINGS),
        passed("code/tsconfig.json", b'{"compilerOptions": {"strict": true}, "references": [{"path": "./a"}]}', SETTINGS),
        passed("code/list.json", b"[1, 2, 3]", SETTINGS),
        passed("code/described.json", json.dumps({"description": prose("described"), "files": ["a"]}).encode(), SETTINGS),
        bad("code/records.json", json.dumps(records).encode(), advice),
        bad("code/chat.json", json.dumps(chat).encode("utf-16"), advice),
        bad("code/article.json", json.dumps({"url": "https://a.example", "body": prose("one json", 9)}).encode(), advice),
        bad("code/lines.json", json_lines({"text": first("l 1")}, {"text": first("l 2")}), "is not valid JSON; correct it, or save one object a line as .jsonl."),
        bad("code/cut.json", json.dumps(records).encode()[:-40], "is not valid JSON"),
        bad("code/empty.json", b"", "is empty"),
    ]  # fmt: skip
