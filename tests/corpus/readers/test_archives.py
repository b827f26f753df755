import io
import tarfile

import pytest
from collecting import table, tarred, zipped

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.readers import archives
from askoctober.corpus.readers.archives import read
from askoctober.errors import CorpusError

FOX = b"# Fox\n\nThe fox hunts at night.\n"


def found(data: bytes, path: str = "a.zip") -> list[Document | Failure]:
    return list(read(Source(path, io.BytesIO(data))))


def parts(data: bytes) -> list[str]:
    return [item.part for item in found(data) if isinstance(item, Document)]


@pytest.mark.parametrize("packing", ["zip", "", "gz", "bz2", "xz"])
def test_members_are_read_in_order(packing: str) -> None:
    members = [
        ("b/x.md", FOX),
        ("a.md", FOX),
        ("p.bin", b"1"),
        ("__MACOSX/a.md", b"1"),
        ("t.csv", table([["text"], ["Hi"]])),
    ]
    data = zipped(members) if packing == "zip" else tarred(members, packing)
    assert parts(data) == ["b/x.md", "a.md", "t.csv#1"]


def test_archives_within_archives_end_at_three() -> None:
    one = zipped([("x.md", FOX)])
    two = tarred([("1.zip", one)], "gz")
    three = zipped([("2.tgz", two)])
    assert parts(three) == ["2.tgz/1.zip/x.md"]
    (failure,) = found(zipped([("3.zip", three)]))
    assert isinstance(failure, Failure) and "3 archives deep" in failure.reason


@pytest.mark.parametrize("name", ["../x.md", "/x.md", "C:x.md", "a\\x.md", "a/../../x.md"])
def test_unsafe_names_fail(name: str) -> None:
    for data in (zipped([(name, FOX), ("ok.md", FOX)]), tarred([(name, FOX), ("ok.md", FOX)])):
        first, second = found(data)
        assert isinstance(first, Failure) and "rename it" in first.reason
        assert isinstance(second, Document)


def test_links_fail_and_duplicates_fail() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        link = tarfile.TarInfo("l.md")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    (failure,) = found(file.getvalue())
    assert isinstance(failure, Failure) and "link" in failure.reason
    _, twice = found(tarred([("a.md", FOX), ("a.md", FOX)]))
    assert isinstance(twice, Failure) and "twice" in twice.reason


@pytest.mark.parametrize("name", ["a.txt", "a.csv"])
def test_bombs_stop(name: str) -> None:
    members = [(name, b"text\n" + b"0" * 60_000_000)]
    for data in (zipped(members), tarred(members, "gz"), zipped([("in.zip", zipped(members))])):
        with pytest.raises(CorpusError, match="bomb"):
            found(data)


def test_all_members_count_against_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 2)
    with pytest.raises(CorpusError, match="more than 2 members"):
        list(
            archives._read(Source("a.zip", io.BytesIO(zipped([(f"{n}.md", FOX) for n in "abc"]))), archives._Budget(2))
        )


def test_articles_toml_counts_for_its_neighbours() -> None:
    toml = b'["t.csv"]\ncolumns = {text = "w"}\n'
    data = zipped([("d/t.csv", table([["w"], ["Words"]])), ("d/articles.toml", toml)])
    assert parts(data) == ["d/t.csv#1"]
