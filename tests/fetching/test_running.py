import datetime
import hashlib
import json
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest
from filelock import FileLock

from askoctober.corpus import read_corpus
from askoctober.errors import CorpusError
from askoctober.fetching import Getter, Report, fetch
from askoctober.fetching.keeping import LIST, Collection, add_source

from .site import Answer, Site

NOW = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)


class Times:
    """A second later each time."""

    def __init__(self, start: datetime.datetime = NOW) -> None:
        self.time = start

    def __call__(self) -> datetime.datetime:
        self.time += datetime.timedelta(seconds=1)
        return self.time


def run(addresses, into: Path, getter: Getter, start: datetime.datetime = NOW, **how) -> Report:
    return fetch(addresses, into, getter=getter, now=Times(start), **how)


def outcomes(report: Report) -> list[str]:
    return [page.outcome for page in report.pages]


def kept(into: Path) -> dict[str, bytes]:
    return {
        path.relative_to(into).as_posix(): path.read_bytes()
        for path in into.rglob("*")
        if path.is_file() and not path.name.startswith(".") and path.name != "articles.toml"
    }


def lines(into: Path) -> list[dict]:
    return [json.loads(line) for line in (into / LIST).read_text(encoding="utf-8").splitlines()]


def test_a_page_is_kept_as_it_came(site: Site, getter: Getter, tmp_path: Path) -> None:
    body = "<html><p>Größe".encode("latin-1")  # not what the header says
    headers = {"Content-Type": "text/html; charset=utf-8", "ETag": '"1"', "Last-Modified": "Mon, 02 Mar 2026 00:00 GMT"}
    site.answers["/b"] = Answer(body, headers=headers)
    site.answers["/a"] = Answer(status=301, headers={"Location": "/b"})
    report = run([site.address + "/a#x"], tmp_path / "web", getter)
    (page,) = report.pages
    assert (page.address, page.outcome, page.reason) == (f"{site.address}/a", "new", "")
    assert kept(tmp_path / "web") == {page.file: body}
    assert page.file.startswith(f"127.0.0.1-{site.port}/b-")
    (line,) = lines(tmp_path / "web")
    assert line.pop("fetched").startswith("2026-03-04T05:06:")
    assert line == {
        "address": f"{site.address}/a",
        "final": f"{site.address}/b",
        "file": page.file,
        "etag": '"1"',
        "last_modified": "Mon, 02 Mar 2026 00:00 GMT",
        "content_type": "text/html; charset=utf-8",
        "sha256": hashlib.sha256(body).hexdigest(),
        "status": 200,
    }
    table = tomllib.loads((tmp_path / "web" / page.file).with_name("articles.toml").read_text(encoding="utf-8"))
    assert table == {Path(page.file).name: {"url": f"{site.address}/b"}}


def test_the_corpus_reads_what_was_kept(site: Site, getter: Getter, tmp_path: Path) -> None:
    site.page("/tides", "# Tides\n\nThe barrage was opened in 1966.\n", Content_Type="text/markdown")
    run([site.address + "/tides"], tmp_path / "web", getter)
    reading = read_corpus(tmp_path)
    assert reading.failed == ()
    (article,) = reading.articles
    assert (article.title, article.url) == ("Tides", f"{site.address}/tides")


@pytest.mark.parametrize(
    ("header", "value", "asked"),
    [("ETag", 'W/"7"', "if-none-match"), ("Last-Modified", "Mon, 02 Mar 2026 00:00:00 GMT", "if-modified-since")],
)
def test_what_did_not_change_is_not_fetched(
    site: Site, getter: Getter, tmp_path: Path, header: str, value: str, asked: str
) -> None:
    def respond(headers: dict[str, str]) -> Answer:
        if headers.get(asked) == value:
            return Answer(status=304)
        return Answer(b"text", headers={"Content-Type": "text/plain", header: value})

    site.answers["/a"] = respond
    run([site.address + "/a"], tmp_path, getter)
    before = kept(tmp_path)
    report = run([site.address + "/a"], tmp_path, getter, NOW + datetime.timedelta(days=2))
    assert outcomes(report) == ["unchanged"]
    assert kept(tmp_path) == before
    assert lines(tmp_path)[0]["fetched"].startswith("2026-03-06")
    # a file that was lost or changed is fetched whole
    next(tmp_path.glob("*/*.txt")).write_bytes(b"other")
    report = run([site.address + "/a"], tmp_path, getter, NOW + datetime.timedelta(days=4))
    assert kept(tmp_path) == before
    assert asked not in site.asked[-1][1]


def test_a_changed_page_replaces_the_old(site: Site, getter: Getter, tmp_path: Path) -> None:
    site.page("/a", "old")
    run([site.address + "/a"], tmp_path, getter)
    site.page("/a", "new")
    report = run([site.address + "/a"], tmp_path, getter, NOW + datetime.timedelta(hours=1))
    assert outcomes(report) == ["changed"]
    assert list(kept(tmp_path).values()) == [b"new"]
    site.page("/a", "%PDF-1.7 new", Content_Type="application/pdf")
    run([site.address + "/a"], tmp_path, getter, NOW + datetime.timedelta(hours=2))
    assert [name[-4:] for name in kept(tmp_path)] == [".pdf"]  # and no old one beside it


@pytest.mark.parametrize("status", [404, 410])
def test_of_a_page_that_is_gone_the_copy_stays(site: Site, getter: Getter, tmp_path: Path, status: int) -> None:
    site.page("/a", "old")
    run([site.address + "/a"], tmp_path, getter)
    site.answers["/a"] = Answer(status=status)
    report = run([site.address + "/a"], tmp_path, getter, NOW + datetime.timedelta(days=2))
    assert outcomes(report) == ["gone"]
    assert report.pages[0].reason.startswith(f"is gone (HTTP {status}); the copy of 2026-03-04 is kept")
    assert list(kept(tmp_path).values()) == [b"old"]
    site.page("/a", "back")
    report = run([site.address + "/a"], tmp_path, getter, NOW + datetime.timedelta(days=4))
    assert (outcomes(report), list(kept(tmp_path).values())) == (["changed"], [b"back"])


def test_failures_are_told_and_the_others_go_on(site: Site, getter: Getter, tmp_path: Path) -> None:
    site.page("/good", "text")
    site.page("/picture", "x", Content_Type="image/png")
    site.page("/empty", "")
    site.answers["/forbidden"] = Answer(status=403)
    names = ["/none", "/picture", "/empty", "/forbidden", "/good"]
    report = run(["mailto:me@example.org", *(site.address + name for name in names)], tmp_path, getter)
    assert outcomes(report) == ["failed"] * 5 + ["new"]
    reasons = [page.reason for page in report.pages]
    assert reasons[1:5] == [
        "is not there (HTTP 404); correct the address.",
        "is of the type image/png, which is not read; give a page, a text or a PDF.",
        "is empty; give the address of a page with text.",
        "is not given to programs (HTTP 403); save it by hand.",
    ]
    assert report.count() == {"new": 1, "changed": 0, "unchanged": 0, "gone": 0, "failed": 5}
    assert len(lines(tmp_path)) == 1


def test_two_addresses_of_one_page_share_its_file(site: Site, getter: Getter, tmp_path: Path) -> None:
    site.page("/b", "text")
    site.answers["/a"] = Answer(status=302, headers={"Location": "/b"})
    report = run([site.address + "/a", site.address + "/b"], tmp_path, getter)
    assert report.pages[0].file == report.pages[1].file
    site.page("/a", "own")
    run([site.address + "/a"], tmp_path, getter, NOW + datetime.timedelta(days=2))
    assert sorted(kept(tmp_path).values()) == [b"own", b"text"]  # the shared file stays for the other


def test_addresses_that_look_alike_have_files_of_their_own(site: Site, getter: Getter, tmp_path: Path) -> None:
    alike = ["/x?a=1", "/x?a-1", "/X?a=1", "/x%3Fa=1", "/" + "x" * 500, "/" + "x" * 501, "/%E6%BD%AE", "/%E6%B0%97"]
    for path in alike:
        site.page(path, path)
    run([site.address + path for path in alike], tmp_path, getter)
    assert sorted(kept(tmp_path).values()) == sorted(path.encode() for path in alike)


def test_a_run_that_was_cut_off_is_gone_on_with(site: Site, getter: Getter, tmp_path: Path) -> None:
    def stop(headers: dict[str, str]) -> Answer:
        return Answer(b"text", headers={"Content-Type": "text/plain"})

    names = ["/a", "/b", "/c"]
    for name in names:
        site.answers[name] = stop
    report = Report()

    def interrupt(label: str, done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([site.address + name for name in names], tmp_path, getter, progress=interrupt, report=report)
    assert outcomes(report) == ["new", "new"]
    with (tmp_path / LIST).open("a", encoding="utf-8") as stream:
        stream.write('{"address": "http://127.0')  # a line that a kill cut off
    site.asked.clear()
    report = run([site.address + name for name in names], tmp_path, getter, NOW + datetime.timedelta(minutes=5))
    assert outcomes(report) == ["unchanged", "unchanged", "new"]
    assert site.paths() == ["/c"]
    assert [line["address"][-2:] for line in lines(tmp_path)] == names
    site.asked.clear()  # that run ended, so the next asks for all
    run([site.address + name for name in names], tmp_path, getter, NOW + datetime.timedelta(minutes=9))
    assert site.paths() == names


def test_a_killed_run_loses_the_page_on_its_way_alone(site: Site, getter: Getter, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from askoctober.fetching import Getter, fetch;"
        "fetch(sys.argv[2:], Path(sys.argv[1]), getter=Getter(delay=0, private=True))"
    )
    reached, over = threading.Event(), threading.Event()

    def hang(headers: dict[str, str]) -> Answer:
        reached.set()
        over.wait(60)
        return Answer(b"late", headers={"Content-Type": "text/plain"})

    addresses = [site.page(f"/{name}", name) for name in "abcd"]
    site.answers["/c"] = hang
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), *addresses])
    try:
        assert reached.wait(60)
    finally:
        process.kill()
        process.wait()
        over.set()
    assert sorted(kept(tmp_path).values()) == [b"a", b"b"]
    site.asked.clear()
    site.page("/c", "c")
    report = fetch(addresses, tmp_path, getter=getter)
    assert outcomes(report) == ["unchanged", "unchanged", "new", "new"]
    assert site.paths() == ["/c", "/d"]


def test_an_old_run_is_begun_anew(site: Site, getter: Getter, tmp_path: Path) -> None:
    site.page("/a", "text")
    run([site.address + "/a"], tmp_path, getter)
    (tmp_path / ".begun").write_text("2026-03-04T00:00:00Z", encoding="utf-8")
    site.asked.clear()
    run([site.address + "/a"], tmp_path, getter, NOW + datetime.timedelta(days=3))
    assert site.paths() == ["/a"]


def test_a_sitemap_spares_what_did_not_change(site: Site, getter: Getter, tmp_path: Path) -> None:
    def listed(*days: str) -> str:
        urls = "".join(f"<url><loc>/{i}</loc><lastmod>{day}</lastmod></url>" for i, day in enumerate(days))
        return f"<urlset>{urls}</urlset>"

    for i in range(2):
        site.page(f"/{i}", str(i))
    site.page("/s.xml", listed("2026-03-01", "2026-03-01"))
    assert outcomes(run([site.address + "/s.xml"], tmp_path, getter, sitemap=True)) == ["new", "new"]
    site.page("/s.xml", listed("2026-03-01", "2026-03-04"))
    site.asked.clear()
    later = NOW + datetime.timedelta(days=5)
    assert outcomes(run([site.address + "/s.xml"], tmp_path, getter, later, sitemap=True)) == ["unchanged"] * 2
    assert site.paths() == ["/s.xml", "/1"]


def test_what_a_person_wrote_stays(tmp_path: Path) -> None:
    table = tmp_path / "articles.toml"
    text = '# mine\n["a.html"]\ntitle = "A"  # by hand'
    table.write_text(text, encoding="utf-8")
    add_source(tmp_path / "a.html", "https://example.org/a")
    assert table.read_text(encoding="utf-8") == text
    add_source(tmp_path / "b.html", 'https://example.org/"\\\u00fc')
    assert table.read_text(encoding="utf-8").startswith(text + "\n\n")
    assert tomllib.loads(table.read_text(encoding="utf-8")) == {
        "a.html": {"title": "A"},
        "b.html": {"url": 'https://example.org/"\\\u00fc'},
    }
    table.write_text("[broken", encoding="utf-8")
    with pytest.raises(CorpusError, match="is not valid TOML"):
        add_source(tmp_path / "c.html", "https://example.org/c")
    assert table.read_text(encoding="utf-8") == "[broken"


@pytest.mark.parametrize(
    "file", ["../../etc/passwd", "/etc/passwd", "a/../b", "a", "a/b/c", "a\\b/c", "c:/b", "./a", ""]
)
def test_a_list_cannot_name_a_file_elsewhere(tmp_path: Path, file: str) -> None:
    record = dict.fromkeys(
        ("address", "final", "file", "etag", "last_modified", "fetched", "content_type", "sha256"), "x"
    )
    (tmp_path / LIST).write_text(json.dumps(record | {"file": file, "status": 200}), encoding="utf-8")
    assert Collection(tmp_path).records == {}
    (tmp_path / LIST).write_text(json.dumps(record | {"file": "a/b.html", "status": 200}), encoding="utf-8")
    assert list(Collection(tmp_path).records) == ["x"]


def test_one_run_at_a_time(getter: Getter, tmp_path: Path) -> None:
    with FileLock(tmp_path / ".lock"), pytest.raises(CorpusError, match="Another run fetches into"):
        run(["https://example.org/"], tmp_path, getter)


def test_a_folder_that_cannot_be_written_is_told(getter: Getter, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(CorpusError, match="cannot be written to"):
        run([], tmp_path / "file" / "web", getter)
