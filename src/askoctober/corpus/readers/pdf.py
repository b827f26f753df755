"""PDF: the text of each page as pdfium finds it, without what repeats at the edges, its lines joined to paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.metadata import Metadata, clean
from askoctober.corpus.readers.blocks import require, tidy
from askoctober.corpus.readers.pagination import Line, assemble, drop_repeated
from askoctober.errors import CorpusError

MOST_PAGES = 5000
FEWEST_LETTERS = 16
"""Letters on a page that holds text; a scan may carry a stamp or a page number."""
MOST_RUNS = 40
"""Of pages that are named in one reason."""
OCR = "run it through OCR first, for example: ocrmypdf IN OUT."
_DATE = re.compile(r"(?:D:)?(\d{4})(?:(\d\d)(\d\d)?)?")
_HYPHENS = re.compile("[\x02\ufffe]\r?\n?")
_LINE_END = re.compile("\xad\\s*$")
"""A soft hyphen that shows; others do not."""
_JUNK_TITLE = re.compile(r"(?:untitled|microsoft word - |.{0,200}\.(?:docx?|indd|tex|dvi|pdf|qxd)$)", re.I)


def read(source: Source) -> Iterator[Document | Failure]:
    """Yield the text with the offset of each page, and name the pages that are scans without text.

    Raises:
        CorpusError: it is encrypted, damaged, too long, or a scan throughout.
    """
    pdfium = require("pypdfium2")
    data = source.stream.read()
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        # Where pdfium sets no error of its own, its last one is that of the file before.
        if b"/Encrypt" in data and error.err_code == pdfium.raw.FPDF_ERR_PASSWORD:
            raise CorpusError("is encrypted with a password; save it without one.") from error
        if b"/Encrypt" in data and error.err_code == pdfium.raw.FPDF_ERR_SECURITY:
            raise CorpusError("is encrypted in a way that is not read; save it without encryption.") from error
        raise CorpusError("is a damaged PDF; get it again, or print it to a new PDF.") from error
    try:
        if len(document) > MOST_PAGES:
            raise CorpusError(f"has more than {MOST_PAGES} pages; split it.")
        pages, scanned, broken = [], list[int](), list[int]()
        for number in range(len(document)):
            lines, is_scan = _read_page(pdfium, document, number)
            pages.append(lines or [])
            scanned += [number + 1] if is_scan else []
            broken += [number + 1] if lines is None else []
        metadata, created = _metadata(document, pages[0] if pages else [])
    finally:
        document.close()
    text, offsets = assemble(drop_repeated(pages))
    if not any(character.isalpha() for character in text) or len(scanned) == len(pages):
        if broken:
            raise CorpusError("is a damaged PDF none of whose text can be read; get it again.")
        if scanned:
            raise CorpusError(f"is a scan without text; {OCR}")
        raise CorpusError("holds no words of an article; fill or remove it.")
    yield Document(text, metadata, pages=tuple(offsets), extra={"created": created} if created else {})
    if scanned:
        yield Failure(source.path, f"holds no text on {_ranges(scanned)}, which are scans; {OCR}")
    if broken:
        yield Failure(source.path, f"is damaged on {_ranges(broken)}, which cannot be read; get it again.")


def _read_page(pdfium: Any, document: Any, number: int) -> tuple[list[Line] | None, bool]:
    """Return the lines of a page, None where pdfium cannot load it, and whether it is a picture without text."""
    try:
        page = document[number]
    except pdfium.PdfiumError:
        return None, False
    try:
        lines = _lines(pdfium, page)
        letters = sum(character.isalpha() for line in lines for character in line.text)
        kinds = [pdfium.raw.FPDF_PAGEOBJ_IMAGE]
        is_scan = letters < FEWEST_LETTERS and next(iter(page.get_objects(filter=kinds, max_depth=3)), None) is not None
        return lines, is_scan
    except pdfium.PdfiumError:
        return None, False
    finally:
        page.close()


def _lines(pdfium: Any, page: Any) -> list[Line]:
    textpage = page.get_textpage()
    try:
        text = textpage.get_text_range()
        exact = len(text) == textpage.count_chars()  # only then do characters and their boxes have the same numbers
        lines, at = [], 0
        for raw in (
            _HYPHENS.sub(lambda found: "-" + "\n" * (len(found[0])), text).split("\n") if not exact else _cut(text)
        ):
            words = tidy(_LINE_END.sub("-", raw.replace("\x02", "-").replace("\ufffe", "-")))
            start = at + len(raw) - len(raw.lstrip())
            if words:
                top, size = 0.0, 0.0
                if exact:
                    _, bottom, _, _ = textpage.get_charbox(start, loose=True)
                    top, size = bottom, float(pdfium.raw.FPDFText_GetFontSize(textpage, start))
                lines.append(Line(" ".join(words.split()), top, size))
            at += len(raw) + (0 if exact else 1)
        return lines
    finally:
        textpage.close()


def _cut(text: str) -> list[str]:
    """Return the lines of a page, nothing taken away; the hyphen that pdfium found ends a line too."""
    return re.findall("[^\n\x02\ufffe]*(?:\n|[\x02\ufffe]\r?\n?|$)", text)


def _metadata(document: Any, first: list[Line]) -> tuple[Metadata, str]:
    """Return what the file says of the article, and the day on which the file itself was made.

    That is often the day of a scan or a conversion, years after the article: a wrong date would be worse than none.
    """
    values = document.get_metadata_dict()
    title = " ".join(tidy(values.get("Title", "")).split())
    if not title or _JUNK_TITLE.match(title):
        title = _largest(first)
    found = _DATE.match(values.get("CreationDate", ""))
    created = "-".join(filter(None, found.groups())) if found else ""
    return clean({"title": title, "author": values.get("Author")}), created


def _largest(lines: list[Line]) -> str:
    """Return the first run of lines in the largest type of a page, "" where no type stands out."""
    sizes = sorted(line.size for line in lines)
    if not sizes or sizes[-1] < 1.15 * sizes[len(sizes) // 2]:
        return ""
    start = next(row for row, line in enumerate(lines) if line.size == sizes[-1])
    run = []
    for line in lines[start : start + 4]:
        if line.size != sizes[-1]:
            break
        run.append(line.text)
    title = " ".join(run)
    return title if len(title) <= 300 and any(c.isalpha() for c in title) else ""


def _ranges(numbers: list[int]) -> str:
    """Return "page 3" or "pages 3-5, 9"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs[:MOST_RUNS])
    more = f" and {len(runs) - MOST_RUNS} more runs of pages" if len(runs) > MOST_RUNS else ""
    return f"page {shown}" if len(numbers) == 1 else f"pages {shown}{more}"
