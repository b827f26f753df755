# ruff: noqa: E501
"""Of the shelf: archives, sound, hostile and within each other; links, pipes and what cannot be opened."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from any_shelf import File, Want, bad, first, prose
from any_shelf_files import page, pdfs, read_formats, saved_pages, thrice, words
from any_shelf_texts import described, encoded, named, shaped
from any_shelf_wrong import broken, json_files, misnamed, unread
from collecting import mail, tarred, zipped
from papers import make_docx, make_zip

TARS = {".tar": "", ".tar.gz": "gz", ".tgz": "gz", ".tar.bz2": "bz2", ".tbz2": "bz2", ".tar.xz": "xz", ".txz": "xz"}


def archives() -> list[File]:
    """Archives of every ending."""
    inner = [
        ("docs/a.md", f"# In a zip\n\n{prose('zip a')}".encode()),
        ("docs/b.txt", prose("zip b").encode()),
        ("page.html", page("zip page")),
        ("letter.eml", mail("Zipped", prose("zip mail"))),
        ("empty.md", b""),
        ("photo.jpg", b"\xff\xd8"),
        ("__MACOSX/._a.md", b"\0\5"),
    ]
    nested = zipped([("low.md", prose("nested").encode())])
    for depth in (1, 2, 3):
        nested = zipped([(f"in{depth}.zip", nested), (f"beside{depth}.md", prose(f"beside {depth}").encode())])
    return [
        File(
            "archives/all.zip", zipped(inner),
            (
                Want(first("zip a"), "archives/all.zip/docs/a.md", title="In a zip"),
                Want(first("zip b"), "archives/all.zip/docs/b.txt", title="B"),
                Want(first("zip page 0"), "archives/all.zip/page.html", title="The Lamp", hides=("cookies",)),
                Want(first("zip mail"), "archives/all.zip/letter.eml", title="Zipped"),
            ),
            (("archives/all.zip/empty.md", "is empty; fill or remove it."),),
        ),
        *(
            File(
                f"archives/all{end}", tarred([("./a b/ü.md", prose(f"tar {end}").encode()), ("b.docx", words(make_docx(), end))], packing),
                (Want(first(f"tar {end}"), f"archives/all{end}/a b/ü.md"), Want(first(f"{end} 0"), f"archives/all{end}/b.docx", title="The Lamp")),
            )
            for end, packing in TARS.items()
        ),
        File(
            "archives/deep.zip", nested,
            tuple(Want(first(f"beside {n}"), "archives/deep.zip/" + p) for n, p in ((1, "in3.zip/in2.zip/beside1.md"), (2, "in3.zip/beside2.md"), (3, "beside3.md"))),
            (("archives/deep.zip/in3.zip/in2.zip/in1.zip", "lies 3 archives deep; unpack it."),),
        ),
        File(
            "archives/described.zip",
            zipped([("d/a.txt", prose("inside").encode()), ("d/articles.toml", b'["a.txt"]\ntitle = "Told"\nauthor = "Z"\n')]),
            (Want(first("inside"), "archives/described.zip/d/a.txt", title="Told", author="Z"),),
        ),
        File(
            "archives/page.zip",
            zipped([("The Lamp.html", page("in zip")), ("The Lamp_files/ad.html", page("in zip ad"))]),
            (Want(first("in zip 0"), "archives/page.zip/The Lamp.html"),),
        ),
        File(
            "archives/code.zip",
            zipped([("package.json", b'{"name": "x"}'), ("README.md", prose("code zip").encode())]),
            (Want(first("code zip"), "archives/code.zip/README.md"),),
        ),
        bad("archives/none.zip", zipped([]), "holds no article"),
        bad("archives/photos.zip", zipped([("a.jpg", b"x")]), "holds no article"),
    ]  # fmt: skip


def hostile() -> list[File]:
    """Archives that attack who unpacks them."""
    zeros = bytes(60_000_000)
    bomb = zipped([("a.txt", zeros)])
    out = prose("out").encode()
    names = ["../out.md", "/etc/out.md", "C:/out.md", "a\\out.md", "a/../../out.md"]
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as file:
        for number in (1, 2):
            file.filelist.append(info := zipfile.ZipInfo("same.md"))
            file.filelist.remove(info)
            file.NameToInfo.pop("same.md", None)  # else zipfile warns
            file.writestr("same.md", prose(f"same {number}"))
    link = zipfile.ZipInfo("link.md")
    link.external_attr = 0o120777 << 16
    linked = io.BytesIO()
    with zipfile.ZipFile(linked, "w") as file:
        file.writestr(link, "/etc/passwd")
        file.writestr("sound.md", prose("linked"))
    devices = io.BytesIO()
    with tarfile.open(fileobj=devices, mode="w") as tar:
        for name, kind in (
            ("sym.md", tarfile.SYMTYPE),
            ("hard.md", tarfile.LNKTYPE),
            ("dev.md", tarfile.CHRTYPE),
            ("pipe.md", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
        info = tarfile.TarInfo("sound.md")
        info.size = len(out)
        tar.addfile(info, io.BytesIO(out))
    locked = bytearray(zipped([("locked.md", out), ("plain.md", prose("plain beside").encode())]))
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        locked[locked.index(mark) + flags] |= 1
    thick = make_zip({"[Content_Types].xml": "", "word/document.xml": zeros})
    special = "is a link or a device, not a file"
    return [
        bad("hostile/bomb.zip", bomb, "unpacks to far more than its size"),
        bad("hostile/nested bomb.zip", zipped([("in.zip", bomb)]), "unpacks to far more than its size"),
        bad("hostile/bomb.tgz", tarred([("a.txt", zeros)], "gz"), "unpacks to far more than its size"),
        bad("hostile/bomb.docx", thick, "unpacks to far more than a document holds"),
        File("hostile/out.zip", _with_names(names, out), fails=tuple((f"hostile/out.zip/{name}", "has a name that") for name in names)),
        File("hostile/out.tar", tarred((name, out) for name in names), fails=tuple((f"hostile/out.tar/{name}", "has a name that") for name in names)),
        File("hostile/twice.zip", twice.getvalue(), (Want(first("same 1"), "hostile/twice.zip/same.md"),), (("hostile/twice.zip/same.md", "stands twice in the archive; rename one."),)),
        File("hostile/linked.zip", linked.getvalue(), (Want(first("linked"), "hostile/linked.zip/sound.md", hides=("root:",)),), (("hostile/linked.zip/link.md", special),)),
        File("hostile/devices.tar", devices.getvalue(), (Want(first("out"), "hostile/devices.tar/sound.md"),), tuple((f"hostile/devices.tar/{n}.md", special) for n in ("sym", "hard", "dev", "pipe"))),
        File("hostile/locked.zip", bytes(locked), (Want(first("plain beside"), "hostile/locked.zip/plain.md"),), (("hostile/locked.zip/locked.md", "is encrypted; unpack the archive with its password."),)),
    ]  # fmt: skip


def _with_names(names: list[str], data: bytes) -> bytes:
    """A ZIP whose names are taken as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            info = zipfile.ZipInfo("x")
            info.filename = name
            file.writestr(info, data)
    return out.getvalue()


def broken_archives() -> list[File]:
    """Archives cut in half, and with their first bytes damaged."""

    def parts(kind: str) -> list[tuple[str, bytes]]:
        return [(f"{n}.md", prose(f"{kind} part {n}", 30).encode()) for n in range(4)]

    def wanted(kind: str, count: int) -> tuple[Want, ...]:
        return tuple(Want(first(f"{kind} part {n}"), f"broken/half.{kind}/{n}.md") for n in range(count))

    sound = {".zip": zipped(parts("zip")), ".tar": tarred(parts("tar"))}
    sound |= {".tgz": tarred(parts("tgz"), "gz"), ".txz": tarred(parts("txz"), "xz")}
    half = {end: data[: len(data) // 2] for end, data in sound.items()}
    start = {end: b"\xff\x00\xfe\x01" + data[4:] for end, data in sound.items()}

    def damaged(kind: str, count: int) -> tuple[tuple[str, str], ...]:
        part = f"broken/half.{kind}/{count}.md"
        return (part, "is damaged in the archive"), ("", "is a damaged tar file")

    return [
        bad("broken/half.zip", half[".zip"], "is a damaged ZIP file ("),
        # What comes before the damage is read.
        File("broken/half.tar", half[".tar"], wanted("tar", 2), damaged("tar", 2)),
        File("broken/half.tgz", half[".tgz"], wanted("tgz", 1), damaged("tgz", 1)),
        File("broken/half.txz", half[".txz"], wanted("txz", 1), damaged("txz", 1)),
        bad("broken/start.zip", start[".zip"], "is named .zip but is not ZIP"),
        *(bad(f"broken/start{end}", start[end], "is a damaged tar file") for end in (".tar", ".tgz", ".txz")),
    ]  # fmt: skip


def link(target: str) -> Callable[[Path], None]:
    """What puts a symbolic link in place."""
    return lambda place: place.symlink_to(target)


def pipe(place: Path) -> None:
    """Put a named pipe in place."""
    os.mkfifo(place)


def links() -> list[File]:
    """Links and pipes; only where the system has them."""
    return [
        File("links/loop", link(".")),
        File("links/up", link("..")),
        File("links/self.md", link("self.md"), fails=(("", "is a link that leads nowhere; mend or remove it."),)),
        File("links/again.md", link("../shapes/windows.md")),
        bad("links/gone.txt", link("nowhere.txt"), "is a link that leads nowhere; mend or remove it."),
        bad("links/out.md", link("/etc/hostname"), "is a link that leads out of the folder"),
        bad("links/etc", link("/etc"), "is a link that leads out of the folder"),
        bad("links/pipe.md", pipe, "is not a regular file"),
        bad("links/pipe.json", pipe, "is not a regular file"),
    ]


def everything() -> list[File]:
    """The whole shelf."""
    texts = [*encoded(), *shaped(), *named(), *described()]
    documents = [*read_formats(), *pdfs(), *misnamed(), *broken(), *unread(), *json_files(), *saved_pages(), *thrice()]
    return [*texts, *documents, *archives(), *hostile(), *broken_archives(), *(links() if os.name == "posix" else [])]
