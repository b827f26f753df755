"""Archives that were made to do harm, or by odd programs."""

import io
import lzma
import tarfile
import zipfile

import pytest
from collecting import tarred, zipped

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.readers import members
from askoctober.corpus.readers.archives import read
from askoctober.errors import CorpusError

FOX = b"# Fox\n\nThe fox hunts at night.\n"


def found(data: bytes) -> list[Document | Failure]:
    return list(read(Source("a.zip", io.BytesIO(data))))


def reason(data: bytes) -> str:
    first = found(data)[0]
    assert isinstance(first, Failure)
    return first.reason


def patched(data: bytes, *, local: dict[int, bytes] | None = None, central: dict[int, bytes] | None = None) -> bytes:
    """A ZIP archive with bytes of its first header, and of its first entry in the directory, written over."""
    out = bytearray(data)
    for signature, changes in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        start = out.index(signature)
        for place, value in (changes or {}).items():
            out[start + place : start + place + len(value)] = value
    return bytes(out)


def test_encrypted_members_and_links_are_named() -> None:
    data = zipped([("a.md", FOX), ("b.md", FOX)])
    assert "is encrypted" in reason(patched(data, local={6: b"\x01\0"}, central={8: b"\x01\0"}))
    assert "is a link" in reason(patched(data, central={38: (0o120777 << 16).to_bytes(4, "little")}))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packing_is_named(method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        file.writestr("a.md", FOX)
    assert "another way than deflate" in reason(out.getvalue())


def test_a_size_that_is_too_small_is_damage_and_one_that_is_too_large_does_no_harm() -> None:
    data = zipped([("a.md", FOX), ("b.md", FOX)])
    first, second = found(patched(data, central={24: (1).to_bytes(4, "little")}))
    assert isinstance(first, Failure) and "damaged" in first.reason
    assert isinstance(second, Document)
    first, second = found(patched(data, central={24: (3_000_000_000).to_bytes(4, "little")}))
    assert isinstance(first, Document) and first.text == FOX.decode()


def test_a_directory_that_points_elsewhere_is_damage() -> None:
    data = zipped([("a.md", FOX), ("b.md", FOX)])
    assert "damaged" in reason(patched(data, central={42: (7).to_bytes(4, "little")}))
    assert "damaged" in reason(patched(data, central={46: b"c.md"}))
    with pytest.raises(CorpusError, match="damaged ZIP file"):
        found(data[:-30])


def test_a_nameless_member_is_named_as_such() -> None:
    data = zipped([("a.md", FOX)]).replace(b"a.md", b"\0.md")
    assert "not a relative path" in reason(data)


def test_names_without_the_flag_of_their_encoding() -> None:
    for name, raw in (("Über.md", "Über.md".encode()), ("é.md", "é.md".encode("cp437"))):
        data = zipped([("x" * (len(raw) - 3) + ".md", FOX)]).replace(b"x" * (len(raw) - 3) + b".md", raw)
        (item,) = found(data)
        assert isinstance(item, Document) and item.part == name


def test_names_in_tar_files_of_old() -> None:
    data = tarred([("xx.md", FOX)]).replace(b"xx.md", b"\xfcx.md")
    head = bytearray(data)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head[:512])
    (item,) = found(bytes(head))
    assert isinstance(item, Document) and item.part == "üx.md"


def test_control_characters_in_names_break_no_line() -> None:
    (item,) = found(tarred([("a\nb.md", FOX)]))
    assert isinstance(item, Document) and item.part == "a?b.md"


def test_long_names_are_refused_and_shown_short() -> None:
    (item,) = found(tarred([("a" * 100_000 + ".md", FOX)]))
    assert isinstance(item, Failure) and "too long" in item.reason and len(item.path) == 1000


def test_headers_are_bounded() -> None:
    for value in ("x" * 2_000_000, "1" * 500_000):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            info = tarfile.TarInfo("a.md")
            info.pax_headers = {"comment": value}
            archive.addfile(info)
        with pytest.raises(CorpusError, match="header"):
            found(file.getvalue())
    keys = {f"k{number}": "v" for number in range(members.MOST_GLOBALS + 1)}
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT, pax_headers=keys) as archive:
        archive.addfile(tarfile.TarInfo("a.md"))
    with pytest.raises(CorpusError, match="header"):
        found(file.getvalue())


def test_sparse_members_are_left_out() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("a.md")
        info.type = tarfile.GNUTYPE_SPARSE
        archive.addfile(info)
        archive.addfile(tarfile.TarInfo("b.md"))
    first, second = found(file.getvalue())
    assert isinstance(first, Failure) and "link or a device" in first.reason
    assert second == Failure("b.md", "is empty; fill or remove it.")


def test_memory_that_xz_asks_for_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = lzma.compress(tarred([("a.md", FOX)]))
    monkeypatch.setattr(members, "MEMORY", 1_000_000)
    with pytest.raises(CorpusError, match="too much memory to unpack"):
        found(data)


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_what_comes_out_counts_whatever_is_declared(packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "RATIO_FROM", 100_000)
    data = tarred([("skipped.bin", bytes(20_000_000)), ("a.md", FOX)], packing)
    with pytest.raises(CorpusError, match="bomb"):
        found(data)


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_members_that_fill_their_blocks_and_archives_in_pieces(packing: str) -> None:
    text = b"The fox hunts at night. " * 64 * 200
    names = [f"{number}.md" for number in range(30)]
    whole = tarred([(name, text) for name in names], packing)
    assert len(text) % 512 == 0
    assert [item.part for item in found(whole) if isinstance(item, Document)] == names
    with pytest.raises(CorpusError, match="damaged tar file"):
        found(whole[: len(whole) * 2 // 3])


def test_a_setting_with_a_key_without_end_is_passed_over() -> None:
    toml = b"a." * 200_000 + b"a = 1\n"
    (item,) = found(zipped([("a.md", FOX), ("articles.toml", toml)]))
    assert isinstance(item, Document)


def test_gzip_in_two_pieces_is_one_archive() -> None:
    import gzip

    data = tarred([("a.md", FOX), ("b.md", FOX)])
    packed = gzip.compress(data[:700]) + gzip.compress(data[700:]) + bytes(600)
    assert len(found(packed)) == 2
