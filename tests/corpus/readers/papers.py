# ruff: noqa: E501
"""Small real files of each format, as bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

PROSE = (
    "The lamp at the harbour is lit at dusk by the keeper, who climbs ninety-one steps with the oil on his back.",
    "In a fog the bell is rung every two minutes, and the boats answer it with their horns until they are in.",
    "Nobody has counted the birds that strike the glass, but the boy sweeps them up each morning of the autumn.",
)


def make_zip(parts: Mapping[str, str | bytes], stored: Sequence[str] = ("mimetype",)) -> bytes:
    """Return a ZIP file of the parts, in order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data, zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED)
    return out.getvalue()


def make_html(paragraphs: Sequence[str] = PROSE, title: str = "The Lamp", head: str = "") -> bytes:
    """Return a saved page with its furniture."""
    body = "".join(f"<p>{escape(text)}</p>" for text in paragraphs)
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="author" content="Ada Keeper"><meta property="og:site_name" content="Harbour News">'
        f'<meta property="article:published_time" content="2019-03-04T10:00:00Z">'
        f'<link rel="canonical" href="https://example.org/lamp">{head}</head><body>'
        f'<nav><ul><li><a href="/">Home</a></li><li><a href="/shop">Shop</a></li></ul></nav>'
        f"<article><h1>{escape(title)}</h1><h2>At dusk</h2>{body}</article>"
        f'<div class="comments"><p>First! says a visitor who did not read it.</p></div>'
        f"<footer><p>We use cookies.</p></footer></body></html>"
    ).encode()


def make_mhtml(page: bytes) -> bytes:
    """Return a page saved as MHTML."""
    return (
        b"From: <Saved by a browser>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; type="text/html"; boundary="----B"\r\n\r\n'
        b'------B\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
        + page
        + b"\r\n------B--\r\n"
    )


def make_pdf(pages: Sequence[Sequence[str | tuple[int, str]]], info: str = "", images: Sequence[int] = ()) -> bytes:
    """Return a PDF: a line of a page is its words, or (size, words); `images` numbers the pages with a picture."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    objects.append(
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>\n"
        b"stream\n\x80\nendstream"
    )
    objects.append(f"<< {info} >>".encode("latin-1"))
    kids = []
    for number, lines in enumerate(pages, 1):
        drawn, foot = [], 760
        for line in lines:
            size, words = line if isinstance(line, tuple) else (10, line)
            words = words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
            if words:
                drawn.append(f"BT /F1 {size} Tf 60 {foot} Td ({words}) Tj ET")
            foot -= 14
        if number in images:
            drawn.append("q 400 0 0 400 60 60 cm /I1 Do Q")
        content = "\n".join(drawn).encode("latin-1")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        kids.append(len(objects) + 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> /XObject << /I1 4 0 R >> >> >>" % len(objects)
        )
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>".encode()
    out, places = b"%PDF-1.4\n", []
    for number, data in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, data)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(out))
    )


_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def make_docx(body: str = "", note: str = "So the log says.") -> bytes:
    """Return a Word file: a title, a heading, prose, a table, a note; `body` is more WordprocessingML."""

    def paragraph(text: str, style: str = "", more: str = "") -> str:
        kind = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
        return f"<w:p>{kind}<w:r><w:t>{escape(text)}</w:t></w:r>{more}</w:p>"

    rows = "".join(
        "<w:tr>" + "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) + "</w:tr>"
        for row in (("Year", "Ships"), ("1901", "17"))
    )
    content = (
        paragraph("Oil", "Heading1")
        + paragraph(PROSE[0], more='<w:r><w:footnoteReference w:id="2"/></w:r>')
        + paragraph("Counts", "Heading2")
        + f"<w:tbl>{rows}</w:tbl>"
        + "<w:p><w:del><w:r><w:delText>Struck out.</w:delText></w:r></w:del>"
        + f"<w:ins><w:r><w:t>{PROSE[1]}</w:t></w:r></w:ins></w:p>"
        + body
    )
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{n}"><w:name w:val="heading {n}"/></w:style>' for n in (1, 2)
    )
    return make_zip(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{_TYPE}.document.main+xml"/></Types>',
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{_REL}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/_rels/document.xml.rels": "<Relationships"
            ' xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{_REL}/styles" Target="styles.xml"/>'
            f'<Relationship Id="r2" Type="{_REL}/footnotes" Target="footnotes.xml"/></Relationships>',
            "word/document.xml": f"<w:document {_W}><w:body>{content}</w:body></w:document>",
            "word/styles.xml": f"<w:styles {_W}>{styles}</w:styles>",
            "word/footnotes.xml": f'<w:footnotes {_W}><w:footnote w:id="2">{paragraph(note)}</w:footnote></w:footnotes>',
            "docProps/core.xml": '<cp:coreProperties xmlns:cp="urn:cp" xmlns:dc="http://purl.org/dc/elements/1.1/"'
            ' xmlns:t="http://purl.org/dc/terms/"><dc:title>The Lamp</dc:title><dc:creator>Ada Keeper</dc:creator>'
            "<t:created>2018-05-06T07:08:09Z</t:created></cp:coreProperties>",
        }
    )


_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def make_odt(body: str = "", prolog: str = "") -> bytes:
    """Return an OpenDocument text: headings, prose with a note, a list, a table, a tracked deletion."""
    spaces = " ".join(f'xmlns:{name}="{_ODF}:{name}:1.0"' for name in ("office", "text", "table", "meta"))
    content = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>Struck out.</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>"
        '<text:h text:outline-level="1">Oil</text:h>'
        f"<text:p>{PROSE[0]}<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>So the log says.</text:p></text:note-body></text:note></text:p>"
        "<text:list><text:list-item><text:p>a wick</text:p></text:list-item>"
        "<text:list-item><text:p>a <text:span>long</text:span><text:s/>match</text:p></text:list-item></text:list>"
        '<text:h text:outline-level="2">Counts</text:h>'
        "<table:table><table:table-row><table:table-cell><text:p>Year</text:p></table:table-cell>"
        "<table:table-cell><text:p>Ships</text:p></table:table-cell></table:table-row></table:table>" + body
    )
    return make_zip(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"{prolog}<office:document-content {spaces}><office:body><office:text>{content}</office:text>"
            "</office:body></office:document-content>",
            "meta.xml": f'<office:document-meta {spaces} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>'
            "<dc:title>The Lamp</dc:title><meta:initial-creator>Ada Keeper</meta:initial-creator>"
            "<meta:creation-date>2017-01-02T03:04:05</meta:creation-date></office:meta></office:document-meta>",
        }
    )


def make_epub(extra: Mapping[str, str] | None = None) -> bytes:
    """Return a book of two chapters, the first with its own heading, the second named by the contents alone."""

    def page(body: str) -> str:
        return (
            '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title>'
            f"</head><body>{body}</body></html>"
        )

    return make_zip(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
            "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf">'
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Lamp</dc:title>'
            "<dc:creator>Ada Keeper</dc:creator><dc:creator>Ben Bell</dc:creator><dc:date>2016-02-03</dc:date>"
            "<dc:publisher>Quay Books</dc:publisher><dc:language>en</dc:language></metadata><manifest>"
            '<item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
            '<item id="b" href="text/b%20b.xhtml" media-type="application/xhtml+xml"/>'
            '<item id="a" href="text/a.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>',
            "OEBPS/nav.xhtml": page(
                '<nav><ol><li><a href="text/a.xhtml">One</a></li><li><a href="text/b%20b.xhtml#top">Fog</a></li></ol></nav>'
            ),
            "OEBPS/text/b b.xhtml": page(f"<p>{PROSE[1]}</p>"),
            "OEBPS/text/a.xhtml": page(f"<h1>Oil</h1><p>{PROSE[0]}</p>"),
            **(extra or {}),
        }
    )


def make_rtf(body: str = "", code_page: int = 1252) -> bytes:
    """Return an RTF file; `body` is more RTF."""
    return (
        rf"{{\rtf1\ansi\ansicpg{code_page}\deff0{{\fonttbl{{\f0 Arial;}}}}"
        r"{\info{\title The Lamp}{\author Ada Keeper}{\creatim\yr2015\mo4\dy5}}"
        rf"\pard {PROSE[0]}\par\par {PROSE[1]}\par {body}}}"
    ).encode("latin-1")
