# ruff: noqa: E501
"""Of the shelf: every format that is read, sound, broken and under a wrong name, and all that are known and not read."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from email.message import EmailMessage
from email.policy import SMTP

from any_shelf import File, Want, bad, first, good, passed, prose
from any_shelf_texts import FRENCH, JAPANESE, RUSSIAN
from collecting import json_lines, mail, mbox, squad, table
from papers import PROSE, make_docx, make_epub, make_html, make_mhtml, make_odt, make_pdf, make_rtf, make_zip

PARTS = "parts of saved pages"
SETTINGS = ".json without articles"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def page(key: str, **more: str) -> bytes:
    """A saved page of its own text."""
    return make_html([prose(f"{key} {number}") for number in range(4)], **more)


def words(document: bytes, key: str) -> bytes:
    """A document made by `making`, zipped or plain, with prose of its own in place of the usual."""
    ours = {old.encode(): prose(f"{key} {number}").encode() for number, old in enumerate(PROSE)}
    if not document.startswith(b"PK"):
        return _replace(document, ours)
    with zipfile.ZipFile(io.BytesIO(document)) as file:
        return make_zip({name: _replace(file.read(name), ours) for name in file.namelist()})


def _replace(data: bytes, table: dict[bytes, bytes]) -> bytes:
    for old, new in table.items():
        data = data.replace(old, new)
    return data


def wrapped(text: str, width: int = 80) -> list[str]:
    """Lines of a page."""
    return re.findall(rf".{{1,{width}}}(?:\s|$)", text)


def report() -> bytes:
    """Three pages with running heads, numbers and a word broken across pages."""
    pages = []
    for number in range(1, 4):
        body = wrapped(prose(f"report {number}", 8))
        pages.append(
            ["The Harbour Board", *(["", (18, "Report on the Lights")] if number == 1 else []), *body, str(number)]
        )
    return make_pdf(pages, info="/Title (Report on the Lights) /Author (Ada Keeper) /CreationDate (D:19990203)")


def message(charset: str, encoding: str, subject: str, body: str) -> bytes:
    """A mail in a charset, its headers encoded as mail programs do."""
    made = EmailMessage()
    made["Subject"], made["From"], made["Date"] = (
        subject,
        "Ада Линд <ada@example.org>",
        "Tue, 03 Mar 2020 10:00:00 +0000",
    )
    made.set_content(body, charset=charset, cte=encoding)
    return made.as_bytes(policy=SMTP)


def read_formats() -> list[File]:
    """One sound file at least of each ending that is read."""
    furniture = ("Home", "Shop", "cookies", "First!")
    kept = {"title": "The Lamp", "author": "Ada Keeper"}
    xhtml = b'<?xml version="1.0" encoding="utf-8"?>\n' + page("xhtml").replace(
        b"<html", b'<html xmlns="http://www.w3.org/1999/xhtml"'
    )
    quoted = EmailMessage()
    quoted.set_content(
        f"<html><head><title>Маяк и бот</title></head><body><p>{RUSSIAN[::-1]}</p><p>{RUSSIAN[:80]}</p></body></html>",
        "html",
        "koi8-r",
        "quoted-printable",
    )
    marked = EmailMessage()
    marked["Subject"], marked["From"] = "Only marked", "ada@example.org"
    marked.set_content(f"<style>p {{}}</style><p>{prose('marked')}</p><p>{prose('marked 2')}</p>", "html")
    box = mbox(*(mail(f"Letter {n}", prose(f"box {n}"), identity=f"<{n}@example.org>") for n in (1, 2)))
    one, two = (hashlib.sha256(f"<{n}@example.org>".encode()).digest()[:6].hex() for n in (1, 2))
    cyrillic = f"<html><head><meta http-equiv=content-type content='text/html; charset=windows-1251'><title>Маяк</title></head><body><p>{RUSSIAN}</p><p>{RUSSIAN[::-1]}</p></body></html>"
    return [
        good("read/page.html", page("html"), first("html 0"), **kept, date="2019-03-04", url="https://example.org/lamp", language="en", hides=furniture),
        good("read/page.htm", page("htm"), first("htm 2"), **kept, hides=furniture),
        good("read/page.xhtml", xhtml, first("xhtml 0"), **kept, hides=furniture),
        good("read/page.mhtml", make_mhtml(page("mhtml")), first("mhtml 0"), **kept, hides=furniture),
        good("read/page.mht", make_mhtml(page("mht")), first("mht 0"), **kept, hides=furniture),
        good("read/wrong charset.html", page("wrong", title="Où été").replace(b"utf-8", b"iso-8859-1"), first("wrong 0"), title="Où été"),
        good("read/cyrillic.html", cyrillic.encode("cp1251"), RUSSIAN, title="Маяк"),
        good("read/wide.html", page("wide").decode().encode("utf-16"), first("wide 0"), **kept),
        good("read/sjis.html", page("sjis", title=JAPANESE[:10]).decode().replace("utf-8", "shift_jis").encode("shift_jis"), first("sjis 0"), title=JAPANESE[:10]),
        good("read/report.pdf", report(), first("report 2"), title="Report on the Lights", author="Ada Keeper", date="", pages=3, hides=("The Harbour Board",)),
        good("read/letter.docx", words(make_docx(), "docx"), first("docx 0"), **kept, date="2018-05-06", hides=("Struck out", "<w:")),
        good("read/letter.odt", words(make_odt(), "odt"), first("odt 0"), **kept, date="2017-01-02", hides=("Struck out", "<text:")),
        good("read/book.epub", words(make_epub(), "epub"), first("epub 1"), title="The Lamp", author="Ada Keeper, Ben Bell", date="2016-02-03", language="en"),
        good("read/letter.rtf", words(make_rtf(), "rtf"), first("rtf 1"), **kept, date="2015-04-05", hides=("\\par", "Arial")),
        good("read/letter.eml", mail("Your <b>bill</b>", prose("eml"), html=f"<p>{first('no')}</p>", attachments=["a.pdf"]), first("eml"), title="Your <b>bill</b>", author="Ada Lind", date="2020-03-03T10:00:00+00:00", hides=("Subject:", first("no"))),
        good("read/koi.eml", message("koi8-r", "base64", "Маяк", RUSSIAN), RUSSIAN[:60], title="Маяк", author="Ада Линд"),
        good("read/qp.eml", message("cp1252", "quoted-printable", "Le phare", FRENCH), "été allumé à la tombée", title="Le phare", hides=("=E9",)),
        good("read/sjis.eml", message("iso-2022-jp", "7bit", JAPANESE[:12], JAPANESE[:60]), JAPANESE[:50], title=JAPANESE[:12]),
        good("read/quoted.mht", b"From: <Saved by a browser>\r\n" + quoted.as_bytes(), RUSSIAN[:80], title="Маяк и бот", hides=("=D0", "<p>")),
        good("read/marked.eml", marked.as_bytes(), first("marked 2"), title="Only marked", author="ada@example.org", hides=("<p>", "p {}")),
        File("read/box.mbox", box, (Want(first("box 1"), f"read/box.mbox#{one}", title="Letter 1"), Want(first("box 2"), f"read/box.mbox#{two}", title="Letter 2"))),
        File("read/notes.jsonl", json_lines({"id": "n1", "title": "Note", "body": prose("jsonl")}, {"body": prose("jsonl 2")}), (Want(first("jsonl"), "read/notes.jsonl#n1", title="Note"), Want(first("jsonl 2"), "read/notes.jsonl#2"))),
        File("read/notes.ndjson", b"\xef\xbb\xbf" + json_lines({"text": prose("ndjson"), "meta": {"x": 1}}), (Want(first("ndjson"), "read/notes.ndjson#1"),)),
        File("read/sheet.csv", table([["Title", "Text", "Year"], ["Row", f'{prose("csv")}\nand "more"', 1921]], ";", "cp1252"), (Want('and "more"', "read/sheet.csv#1", title="Row", date="1921"),)),
        File("read/sheet.tsv", table([["id", "content"], ["k/1", prose("tsv")]], "\t", "utf-16"), (Want(first("tsv"), "read/sheet.tsv#k-1"),)),
        File("read/squad.json", squad({"Red_fox": [prose("squad"), prose("squad 2")]}), (Want(first("squad 2"), "read/squad.json#1", title="Red fox"),)),
    ]  # fmt: skip


def pdfs() -> list[File]:
    """PDFs that hold less than they show."""
    text = wrapped(prose("partly", 8))
    return [
        bad("pdf/scan.pdf", make_pdf([[], []], images=[1, 2]), "is a scan without text; run it through OCR first"),
        File("pdf/partly.pdf", make_pdf([text, [], []], images=[2, 3]), (Want(first("partly")[:70], pages=3),), (("", "holds no text on pages 2-3, which are scans"),)),
        bad("pdf/locked.pdf", encrypted(make_pdf([wrapped(prose("locked"))]), b"secret"), "is encrypted"),
        good("pdf/no printing.pdf", encrypted(make_pdf([wrapped(prose("owner"))]), b""), first("owner")[:70], pages=1),
        bad("pdf/blank.pdf", make_pdf([[]]), "holds no words of an article"),
        bad("pdf/none.pdf", make_pdf([]), "PDF"),
    ]  # fmt: skip


def encrypted(pdf: bytes, password: bytes) -> bytes:
    """Encrypt a PDF made by `make_pdf` with RC4 of 40 bits, see ISO 32000-1, 7.6.3; b"" opens for everybody."""
    padding = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
    padded, rights, name = (password + padding)[:32], (-4 & 0xFFFFFFFF).to_bytes(4, "little"), b"0123456789abcdef"
    owner = _rc4(hashlib.md5((b"owner" + padding)[:32]).digest()[:5], padded)
    key = hashlib.md5(padded + owner + rights + name).digest()[:5]
    objects = re.findall(rb"\n\d+ 0 obj\n(.*?)\nendobj(?=\n)", pdf, re.S)
    for row, content in enumerate(objects):
        own = hashlib.md5(key + (row + 1).to_bytes(3, "little") + b"\0\0").digest()[:10]
        cipher = lambda found, own=own: found[1] + _rc4(own, found[2]) + found[3]  # noqa: E731
        objects[row] = re.sub(rb"(stream\n)(.*)(\nendstream)", cipher, content, flags=re.S)
    check = _rc4(key, padding)
    objects.append(
        b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (owner.hex().encode(), check.hex().encode())
    )
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(b"%010d 00000 n \n" % len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    size = len(objects)
    end = b"trailer\n<< /Size %d /Root 1 0 R /Encrypt %d 0 R /ID [<%s> <%s>] >>\n" % (
        size + 1,
        size,
        name.hex().encode(),
        name.hex().encode(),
    )
    return out + b"xref\n0 %d\n0000000000 65535 f \n%s%sstartxref\n%d\n%%%%EOF\n" % (
        size + 1,
        b"".join(places),
        end,
        len(out),
    )


def _rc4(key: bytes, data: bytes) -> bytes:
    state, at = list(range(256)), 0
    for i in range(256):
        at = (at + state[i] + key[i % len(key)]) % 256
        state[i], state[at] = state[at], state[i]
    out, i, at = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        at = (at + state[i]) % 256
        state[i], state[at] = state[at], state[i]
        out.append(byte ^ state[(state[i] + state[at]) % 256])
    return bytes(out)


def saved_pages() -> list[File]:
    """Pages with the folders of their parts, as browsers save them."""
    return [
        good("saved/The Lamp.html", page("saved"), first("saved 0"), title="The Lamp"),
        passed("saved/The Lamp_files/frame.html", page("frame"), PARTS),
        passed("saved/The Lamp_files/ads/ad.htm", page("ad"), PARTS),
        passed("saved/The Lamp_files/data.json", b"{}", PARTS),
        passed("saved/The Lamp_files/a.css", b"p {}", PARTS),
        good("saved/Leuchtturm.HTM", page("saved de"), first("saved de 0"), title="The Lamp"),
        passed("saved/Leuchtturm-Dateien/frame.html", page("frame de"), PARTS),
        good("saved/Other_files/kept.md", prose("kept").encode(), first("kept")),
    ]  # fmt: skip


def thrice() -> list[File]:
    """One article in three formats."""
    paragraphs = [prose(f"thrice {number}", 6) for number in range(4)]
    markdown = "# The Lamp\n\n## At dusk\n\n" + "\n\n".join(paragraphs)
    lines = ["The Lamp", "At dusk", *(line for one in paragraphs for line in ("", *wrapped(one)))]
    return [
        good("thrice/lamp.md", markdown.encode(), first("thrice 0")),
        good("thrice/lamp.html", make_html(paragraphs), first("thrice 0")),
        good("thrice/lamp.pdf", make_pdf([lines]), first("thrice 0")[:60], pages=1),
    ]
