import os

import pytest

from askoctober.corpus import Failure, read_corpus
from askoctober.corpus.finding import find, find_files

SENTENCE = "Petrograd was quiet that night.\n"


@pytest.fixture
def shelf(tmp_path):
    for name in ["shelf/b.txt", "shelf/a/z.md", "shelf/a.txt", "shelf/README.md", "outside/secret.txt"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SENTENCE)
    return tmp_path / "shelf"


def paths(folder):
    return [entry.path for entry in find_files(folder)]


PLAIN = ["README.md", "a.txt", "a/z.md", "b.txt"]


def test_sorted_by_posix_path_whatever_the_case_of_the_suffix(shelf):
    (shelf / "a" / "UPPER.MarkDown").write_text(SENTENCE)
    (shelf / "articles.toml").write_text("")
    (shelf / "other.toml").write_text("")
    assert paths(shelf) == ["README.md", "a.txt", "a/UPPER.MarkDown", "a/z.md", "articles.toml", "b.txt"]


def test_hidden_files_and_folders_are_passed_over(shelf):
    (shelf / ".hidden.md").write_text(SENTENCE)
    (shelf / ".git").mkdir()
    (shelf / ".git" / "c.md").write_text(SENTENCE)
    assert paths(shelf) == PLAIN


def test_links_do_not_loop_or_double(shelf):
    (shelf / "loop").symlink_to(shelf, target_is_directory=True)
    (shelf / "a" / "up").symlink_to("..", target_is_directory=True)
    (shelf / "a" / "sideways").symlink_to("../loop/a", target_is_directory=True)
    (shelf / "again.txt").symlink_to("b.txt")
    (shelf / "self").symlink_to("self")
    assert paths(shelf) == PLAIN
    assert read_corpus(shelf).failed == ()


def test_links_to_hidden_places_inside_are_followed_once(shelf):
    (shelf / ".data").mkdir()
    (shelf / ".data" / "c.md").write_text(SENTENCE)
    (shelf / ".data" / "back").symlink_to("..", target_is_directory=True)
    (shelf / "y").symlink_to(".data", target_is_directory=True)
    (shelf / "x").symlink_to(".data", target_is_directory=True)
    (shelf / "d.md").symlink_to(".data/c.md")
    assert paths(shelf) == sorted([*PLAIN, "d.md"])
    (shelf / "d.md").unlink()
    assert paths(shelf) == sorted([*PLAIN, "x/c.md"])


def test_links_that_lead_out_or_nowhere_are_named_and_not_followed(shelf):
    (shelf / "out").symlink_to(shelf.parent / "outside", target_is_directory=True)
    (shelf / "secret.txt").symlink_to(shelf.parent / "outside" / "secret.txt")
    (shelf / "gone.md").symlink_to("nowhere.md")
    (shelf / "gone.png").symlink_to("nowhere.png")
    reading = read_corpus(shelf)
    assert [article.path for article in reading.articles] == PLAIN
    out = "is a link that leads out of the folder; put a copy of what it leads to in its place."
    assert reading.failed == (
        Failure("gone.md", "is a link that leads nowhere; mend or remove it."),
        Failure("out", out),
        Failure("secret.txt", out),
    )


def test_the_folder_itself_may_be_a_link_or_hidden(shelf):
    link = shelf.parent / ".link"
    link.symlink_to(shelf, target_is_directory=True)
    assert paths(link) == PLAIN


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_opened(shelf):
    os.mkfifo(shelf / "pipe.txt")
    assert read_corpus(shelf).failed == (
        Failure("pipe.txt", "is not a regular file; put a regular file in its place or remove it."),
    )


@pytest.mark.skipif(os.name == "nt", reason="file names are Unicode on this system")
def test_a_name_that_is_not_utf8(shelf):
    try:
        (shelf / os.fsdecode(b"caf\xe9.txt")).write_text(SENTENCE)
    except OSError:
        pytest.skip("this file system refuses such names")
    assert read_corpus(shelf).failed == (Failure("caf\ufffd.txt", "has a name that is not UTF-8; rename it."),)


def test_files_of_other_kinds_are_counted_by_their_ending(shelf):
    for name in ["a/1.JPG", "2.jpg", "Makefile", "a/x.bin", ".hidden.jpg", "old.doc", "a/page.html", "x.tar.gz"]:
        (shelf / name).write_text("x")
    (shelf / "link.jpg").symlink_to("2.jpg")
    finding = find(shelf)
    assert [entry.path for entry in finding.files] == sorted([*PLAIN, "a/page.html", "old.doc", "x.tar.gz"])
    assert finding.passed_over == {"": 1, ".bin": 1, ".jpg": 2}
