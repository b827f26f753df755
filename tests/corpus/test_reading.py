import hashlib
import os
import tomllib
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.corpus import Corpus, Failure, combine, fingerprint, formats, isolation, read_corpus, reading, shelf
from askoctober.corpus.documents import Document
from askoctober.corpus.encoding import decode
from askoctober.corpus.finding import Found
from askoctober.corpus.reading import LARGEST_FILE, article_id, check_file
from askoctober.errors import CorpusError

SHELF = Path(__file__).parents[3] / "shared" / "articles"
SENTENCE = "Petrograd was quiet that night, and nobody knew what would come of it."


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_markdown_with_front_matter(tmp_path):
    text = (
        "---\ntitle: The road\nauthor: [A. One, B. Two]\npublisher: Gazette\ndate: 2017-03-01\n"
        "url: https://example.org/a\nlanguage: en\nabout: nothing\n---\n\n# Heading\n\n"
    )
    write(tmp_path, {"road to power.md": text + SENTENCE})
    [article] = read_corpus(tmp_path).articles
    digest = hashlib.sha256(b"road to power.md").hexdigest()[:8]
    assert article.id == f"road-to-power-{digest}"
    assert article.to_dict() == {
        "id": article.id,
        "path": "road to power.md",
        "title": "The road",
        "author": "A. One, B. Two",
        "publisher": "Gazette",
        "date": "2017-03-01",
        "url": "https://example.org/a",
    }
    assert article.language == "en"
    assert article.text.split() == ["#", "Heading", *SENTENCE.split()]
    assert article.text.index("# Heading") == text.index("# Heading")


def test_titles_where_none_is_given(tmp_path):
    write(
        tmp_path,
        {
            "a.md": f"Text.\n\n# The *heading*\n\n{SENTENCE}",
            "b.txt": f"The first line\n\n{SENTENCE}",
            "the_road-to power.markdown": SENTENCE,
            "ünder.TXT": SENTENCE,
        },
    )
    titles = [article.title for article in read_corpus(tmp_path).articles]
    assert titles == ["The heading", "The first line", "The road to power", "Ünder"]


def test_articles_toml_speaks_for_its_own_folder_and_front_matter_outdoes_it(tmp_path):
    write(
        tmp_path,
        {
            "articles.toml": '["a.txt"]\ntitle = "Top"\ndate = 1917-11-07\n["b.md"]\ntitle = "Toml"\nauthor = "A"\n',
            "a.txt": SENTENCE,
            "b.md": f"---\ntitle: Own\n---\n{SENTENCE}",
            "deep/er/a.txt": SENTENCE,
            "deep/er/articles.toml": '\ufeff["a.txt"]\ntitle = "Deep"\n',
            "other/a.txt": SENTENCE,
        },
    )
    reading = read_corpus(tmp_path)
    assert [(a.path, a.title, a.author, a.date) for a in reading.articles] == [
        ("a.txt", "Top", "", "1917-11-07"),
        ("b.md", "Own", "A", ""),
        ("deep/er/a.txt", "Deep", "", ""),
        ("other/a.txt", "A", "", ""),
    ]
    assert reading.failed == ()


def test_what_fails_is_listed_and_the_others_go_on(tmp_path):
    write(
        tmp_path,
        {
            "articles.toml": "[broken",
            "binary.txt": b"\x89PNG\r\n\x1a\n\x00\x00",
            "bom.txt": b"\xef\xbb\xbf",
            "broken.md": f"---\ntitle: 'open\n---\n{SENTENCE}",
            "empty.md": b"",
            "front.md": "---\ntitle: Only this\n---\n\n",
            "good.md": f"# Good\n\n{SENTENCE}",
            "huge.txt": b"a" * (LARGEST_FILE + 1),
            "latin.txt": "été".encode("cp1252"),
            "numbers.txt": "1917 10 25\n***\n",
            "picture.png": b"\x89PNG",
            "sub/articles.toml": b"\xff",
        },
    )
    reading = read_corpus(tmp_path)
    assert [(a.path, a.title) for a in reading.articles] == [("good.md", "Good")]
    starts = {
        "articles.toml": "is not valid TOML (",
        "binary.txt": "holds control characters and looks binary",
        "bom.txt": "holds no words of an article; fill or remove it.",
        "broken.md": "has front matter that is not valid YAML (",
        "empty.md": "is empty; fill or remove it.",
        "front.md": "holds no words of an article; fill or remove it.",
        "huge.txt": "is larger than 20 MB; split it into its articles.",
        "latin.txt": "is not UTF-8 and too short to recognise its encoding; convert it with: iconv",
        "numbers.txt": "holds no words of an article; fill or remove it.",
        "sub/articles.toml": "is not UTF-8, as TOML must be; save it as UTF-8.",
    }
    assert [failure.path for failure in reading.failed] == list(starts)
    for failure in reading.failed:
        assert failure.reason.startswith(starts[failure.path])
        assert str(failure) == f"{failure.path} {failure.reason}" and "\n" not in str(failure)


def test_a_folder_that_cannot_be_read_at_all(tmp_path):
    write(tmp_path, {"file.txt": SENTENCE, "empty/x.png": b"", "bad/a.txt": b""})
    for path, message in [
        ("missing", r"does not exist; give the folder that holds the articles\.$"),
        ("file.txt", r"is not a folder; give the folder that holds it\.$"),
        ("empty", r"holds no article that can be read; put \.md or \.txt files in it\.$"),
        ("bad", r"holds no article that can be read: a\.txt is empty; fill or remove it\.$"),
    ]:
        with pytest.raises(CorpusError, match=message):
            read_corpus(str(tmp_path / path))
    for path in ("missing", "file.txt"):
        with pytest.raises(CorpusError):
            fingerprint(tmp_path / path)


def test_a_folder_may_be_empty_where_that_is_said(tmp_path):
    write(tmp_path, {"bad/a.txt": b""})
    reading = read_corpus(tmp_path, may_be_empty=True)
    assert (reading.articles, reading.failed) == ((), (Failure("bad/a.txt", "is empty; fill or remove it."),))
    with pytest.raises(CorpusError, match="does not exist"):
        read_corpus(tmp_path / "missing", may_be_empty=True)


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("deep/a.MD", SENTENCE, ""),
        ("a.txt", SENTENCE, ""),
        ("articles.toml", '["a.txt"]\ntitle = "A"\n["b.txt"]\ntitle = true', ""),  # what is sound of it counts
        ("articles.toml", "", ""),
        ("articles.toml", '["b.txt"]\ntitle = true', 'in ["b.txt"] gives title as true; put the value in quotes.'),
        ("deep/articles.toml", "[broken", "is not valid TOML ("),
        ("a.md", "", "is empty; fill or remove it."),
        ("a.md", "---\ntitle: 'open\n---\nA.", "has front matter that is not valid YAML ("),
        ("a.pdf", SENTENCE, "is named .pdf but is not PDF; rename it to what it is, or remove it."),
        ("a.png", SENTENCE, "is in no format that is read; give .md, .txt, "),
        ("md", SENTENCE, "is in no format that is read; give .md, .txt, "),
        ("a.doc", SENTENCE, "is an old Word file, which is not read; save it as .docx."),
    ],
)
def test_one_file_is_checked_as_a_corpus_would(tmp_path, path, content, reason):
    source = tmp_path / "source"
    source.write_text(content)
    if not reason:
        return check_file(source, path)
    with pytest.raises(CorpusError) as caught:
        check_file(source, path)
    assert str(caught.value).startswith(reason)


def test_a_folder_is_no_file_to_check(tmp_path):
    with pytest.raises(CorpusError, match="is not a regular file"):
        check_file(tmp_path, "a.md")


def test_an_unreadable_file_and_folder(tmp_path):
    write(tmp_path, {"a.txt": SENTENCE, "b.txt": SENTENCE, "c/d.txt": SENTENCE})
    (tmp_path / "a.txt").chmod(0)
    (tmp_path / "c").chmod(0)
    if os.access(tmp_path / "a.txt", os.R_OK):
        pytest.skip("this user may read every file")
    try:
        reading = read_corpus(tmp_path)
    finally:
        (tmp_path / "c").chmod(0o700)
    assert [article.path for article in reading.articles] == ["b.txt"]
    assert reading.failed == (
        Failure("a.txt", "cannot be read (Permission denied); correct its permissions or remove it."),
        Failure("c", "cannot be opened (Permission denied); correct its permissions or remove it."),
    )


# Two paths with the same slug whose hashes begin with the same 32 bits, found by trying a hundred thousand.
TWINS = [
    "the art of intervening_in a_shifting struggle_and how_the_october revolution was won_by_workers in.txt",
    "the_art_of intervening in a shifting_struggle_and_how the_october_revolution was_won by_workers_in.txt",
]


def test_two_articles_never_share_an_id(tmp_path):
    assert article_id(TWINS[0]) == article_id(TWINS[1])
    write(tmp_path, dict.fromkeys(TWINS, SENTENCE))
    reading = read_corpus(tmp_path)
    assert [article.path for article in reading.articles] == TWINS[:1]
    assert reading.failed == (Failure(TWINS[1], f"comes to the same id as {TWINS[0]}; rename one of them."),)


def test_ids_depend_on_the_path_alone(tmp_path):
    write(tmp_path, {"one/a.md": SENTENCE, "two/a.md": f"# Other\n\n{SENTENCE}", "two/a.txt": SENTENCE})
    assert [a.id for a in read_corpus(tmp_path / "one").articles] == ["a-fecccc97"]
    assert [a.id for a in read_corpus(tmp_path / "two").articles] == ["a-fecccc97", "a-18b7cb09"]
    assert article_id("Привет.md").startswith("article-")
    assert article_id("Études/No. 1.md").startswith("etudes-no-1-")
    assert len(article_id("x" * 500 + ".md")) == 69


def test_the_fingerprint_follows_names_and_bytes_of_what_is_read(tmp_path):
    write(tmp_path, {"a.txt": "one", "sub/b.md": "two", "articles.toml": ""})
    first = fingerprint(tmp_path)
    corpus = Corpus(tmp_path)
    assert first == combine((entry.path, corpus.state(entry)) for entry in corpus.entries)
    write(tmp_path, {"c.png": "x", ".hidden/d.md": "x", "huge.txt": b"a" * (LARGEST_FILE + 1), "empty.md": ""})
    write(tmp_path, {"old.doc": "x", "other/articles.toml": "[broken", "articles.toml": '["z.txt"]\ntitle = "Z"'})
    assert fingerprint(str(tmp_path)) == first
    seen = {first}
    for change in [
        {"a.txt": "ONE"},
        {"sub/articles.toml": '["b.md"]\ntitle = "B"'},
        {"sub/articles.toml": '["b.md"]\ntitle = "B"\nday = 1917-11-07'},
        {"sub/c.md": "two"},
        {"bad.txt": b"\xff\x00"},
    ]:
        write(tmp_path, change)
        seen.add(fingerprint(tmp_path))
    (tmp_path / "a.txt").rename(tmp_path / "z.txt")
    seen.add(fingerprint(tmp_path))
    assert len(seen) == 7


def test_a_state_is_the_same_wherever_and_whenever_and_follows_the_version(tmp_path, monkeypatch):
    write(tmp_path, {"one/a.txt": "one", "two/b.txt": "one"})
    [one], [two] = (Corpus(tmp_path / name).entries for name in ("one", "two"))
    state = Corpus(tmp_path / "one").state(one)
    assert state == Corpus(tmp_path / "two").state(two)
    digest = hashlib.sha256(b"one").digest()
    assert state == hashlib.sha256(f"[{shelf.VERSION}, {{}}]\0".encode() + digest).hexdigest()
    monkeypatch.setattr(shelf, "VERSION", shelf.VERSION + 1)
    assert Corpus(tmp_path / "one").state(one) != state


def test_a_state_of_what_cannot_be_read_is_refused(tmp_path):
    write(tmp_path, {"a.txt": "", "b.doc": "x", "c.txt": "x", "d.md": "x"})
    (tmp_path / "out").symlink_to(tmp_path.parent, target_is_directory=True)
    corpus = Corpus(tmp_path)
    (tmp_path / "c.txt").unlink()
    refused = {}
    for entry in corpus.entries:
        try:
            corpus.state(entry)
        except CorpusError as error:
            refused[entry.path] = str(error).partition(" (")[0]
            [failure] = corpus.read(entry)
            assert failure == Failure(entry.path, str(error))
    assert refused == {
        "a.txt": "is empty; fill or remove it.",
        "b.doc": "is an old Word file, which is not read; save it as .docx.",
        "c.txt": "cannot be read",
        "out": "is a link that leads out of the folder; put a copy of what it leads to in its place.",
    }


@given(st.dictionaries(st.text(max_size=5), st.text("abc", max_size=3)), st.text(max_size=5), st.randoms())
def test_the_combined_hash_is_a_sum_that_is_kept_up_by_adding_and_subtracting(states, path, random):
    pairs = list(states.items())
    random.shuffle(pairs)
    total = combine(pairs)
    assert total == combine(states.items()) and len(total) == 64
    with_another = combine([*pairs, (path, "x")])
    assert int(with_another, 16) == (int(total, 16) + int(combine([(path, "x")]), 16)) % 2**256
    assert with_another != total


def test_a_corpus_tells_what_it_found_and_reads_one_file_after_another(tmp_path):
    write(tmp_path, {"b.md": f"# B\n\n{SENTENCE}", "a.txt": SENTENCE, "c/a.txt": "", "x.jpg": "x", "Makefile": "x"})
    write(tmp_path, {"articles.toml": '["a.txt"]\ntitle = "A"\n["b.md"]\ntitle = true', "c/articles.toml": "["})
    corpus = Corpus(tmp_path)
    assert [entry.path for entry in corpus.entries] == ["a.txt", "b.md", "c/a.txt"]
    assert [failure.path for failure in corpus.failed] == ["articles.toml", "c/articles.toml"]
    assert corpus.passed_over == {"": 1, ".jpg": 1}
    items = [list(corpus.read(entry)) for entry in corpus.entries]
    assert [[getattr(item, "title", item.path) for item in found] for found in items] == [["A"], ["B"], ["c/a.txt"]]


def found_inside(path, location, settings):
    """Stands in for the readers of collections, which are tested for themselves."""
    for row in range(settings.get("rows", 3)):
        given = {"title": f"Own\n{row}", "author": "Own"} if row == 1 else {}
        part = "" if path.endswith("pdf") else f"in/{row}-deep.md"
        yield Document("T\ud800xt", given, part, pages=(0, 2), extra={"to": "X\udfff"})
    yield Failure("in/9", "is bad; mend it.")
    yield Failure(path + "#8", "is bad; mend it.")
    yield Failure("7", 'needs more; pip install "askoctober[formats]"')
    yield Failure("6", 'needs more; pip install "askoctober[formats]"')
    yield Document("123", {}, "5")


@pytest.fixture
def reader(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "read_isolated", found_inside)
    return write(tmp_path / "shelf", {"sub/mails.mbox": "x", "sub/all.zip": b"PK\x05\x06", "sub/one.pdf": "%PDF-1.4"})


def read_one(folder, name):
    corpus = Corpus(folder)
    [entry] = [entry for entry in corpus.entries if entry.path.endswith(name)]
    return list(corpus.read(entry))


@pytest.mark.parametrize(("name", "join"), [("mails.mbox", "#"), ("all.zip", "/")])
def test_the_parts_of_a_collection_have_paths_ids_and_titles_of_their_own(reader, name, join):
    write(reader, {"sub/articles.toml": f'["{name}"]\ntitle = "Given"\nauthor = "Given"\nrows = 2'})
    whole = f"sub/{name}"
    first, second, *failed = read_one(reader, name)
    assert (first.path, first.id) == (f"{whole}{join}in/0-deep.md", article_id(f"{whole}{join}in/0-deep.md"))
    assert (first.title, first.author) == ("Given", "Given")
    assert (second.path, second.title, second.author) == (f"{whole}{join}in/1-deep.md", "Own 1", "Own")
    assert (first.text, first.pages, first.extra) == ("T\ufffdxt", (0, 2), {"to": "X\ufffd"})
    assert failed == [
        Failure(f"{whole}{join}in/9", "is bad; mend it."),
        Failure(f"{whole}#8", "is bad; mend it."),
        Failure(f"{whole}{join}7", 'needs more; pip install "askoctober[formats]"'),
        Failure(f"{whole}{join}5", "holds no words of an article; fill or remove it."),
    ]
    (reader / "sub" / "articles.toml").unlink()
    assert [item.title for item in read_one(reader, name) if hasattr(item, "title")] == ["0 deep", "Own 1", "2 deep"]


def test_what_articles_toml_says_outdoes_what_a_program_wrote_into_a_file(reader):
    write(reader, {"sub/articles.toml": '["one.pdf"]\ntitle = "Given"\nrows = 2'})
    first, second, *_ = read_one(reader, "one.pdf")
    assert [(item.path, item.title, item.author) for item in (first, second)] == [
        ("sub/one.pdf", "Given", ""),
        ("sub/one.pdf", "Given", "Own"),
    ]


def test_a_file_without_articles_is_told(reader, monkeypatch):
    monkeypatch.setattr(reading, "read_isolated", lambda *_: iter(()))
    assert read_one(reader, "mails.mbox") == [Failure("sub/mails.mbox", "holds no article; fill or remove it.")]


@pytest.mark.parametrize(("path", "title"), [("a/no_1.mbox", "No 1 7"), ("7.mbox", "7 7")])
def test_a_part_named_by_a_number_is_called_after_its_file(path, title):
    entry = Found(path, Path("x"))
    assert reading._to_article(entry, formats.MAILBOX, {}, Document("Text", {}, "7")).title == title


def test_a_wrong_extension_is_read_as_what_it_is(tmp_path, monkeypatch):
    write(tmp_path, {"a.txt": "<!DOCTYPE html>", "b.txt": "<!DOCTYPE html>", "c.txt": b"PK\x03\x04"})
    seen = []

    def read(path, location, settings):
        seen.append((path, location.name, settings))
        yield Document("Text", {})

    monkeypatch.setattr(reading, "read_isolated", read)
    assert len(read_corpus(tmp_path).articles) == 3
    assert seen == [(name, name, {}) for name in ("a.txt", "b.txt", "c.txt")]


def test_a_process_for_reading_starts_with_the_first_file_that_needs_one(tmp_path):
    isolation.close()
    write(tmp_path, {"a.md": SENTENCE, "b.txt": SENTENCE, "c.doc": "x", "d.pdf": "x", "e.docx": ""})
    assert len(read_corpus(tmp_path).failed) == 3
    assert not isolation._alive
    write(tmp_path, {"f.docx": b"PK\x03\x04", "g.csv": b"\x1f\x8b"})
    reasons = {failure.path: failure.reason for failure in read_corpus(tmp_path).failed}
    assert reasons["f.docx"].startswith("is a damaged ZIP file (")
    assert reasons["g.csv"] == "is a packed file, which is not read; unpack it."
    assert len(isolation._alive) == 1
    isolation.close()


def peak(corpus, entries):
    """Return the characters read from files, and the most bytes that hashing and reading them took at any time."""
    tracemalloc.start()
    try:
        combine((entry.path, corpus.state(entry)) for entry in entries)
        characters = sum(len(article.text) for entry in entries for article in corpus.read(entry))
        return characters, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_three_thousand_files_are_read_in_the_memory_of_a_hundred(tmp_path):
    for row in range(3000):
        folder = tmp_path / str(row // 100)
        folder.mkdir(exist_ok=True)
        (folder / f"{row}.txt").write_text(f"Article {row}\n\n" + f"{SENTENCE}\n" * 12)
    corpus = Corpus(tmp_path)
    few, low = peak(corpus, corpus.entries[:100])
    many, high = peak(corpus, corpus.entries)
    assert many > 2_500_000 and many > 29 * few
    assert high < low + 200_000 < 2_000_000


PIECES = st.sampled_from(
    [
        "---",
        "title: A",
        "# A",
        "Home",
        "Advertisement",
        "Downloading PDF. Please wait... 3",
        "A b",
        "É.",
        "\ufeff",
        "1917",
    ]
)
TEXTS = st.lists(st.tuples(PIECES | st.text(max_size=20), st.sampled_from(["\n", "\r\n", "\r", " "]))).map(
    lambda rows: "".join(piece + end for piece, end in rows)
)


@given(text=TEXTS, suffix=st.sampled_from([".md", ".txt"]), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_every_offset_is_an_offset_in_the_decoded_file(tmp_path_factory, text, suffix, encoding):
    folder = tmp_path_factory.mktemp("corpus")
    data = text.encode(encoding, "replace")
    write(folder, {f"article{suffix}": data})
    try:
        [article] = read_corpus(folder).articles
    except CorpusError:
        return
    file = decode(data)
    assert len(article.text) == len(file)
    assert all(a == f or (a == " " and f not in "\r\n") for a, f in zip(article.text, file, strict=True))
    assert article.title.strip() and "\n" not in article.title
    article.title.encode()


@pytest.mark.skipif(not SHELF.is_dir(), reason="the source articles are not beside this repository")
def test_of_the_source_articles_only_these_lines_are_removed():
    expected = {
        "000_01b23d9d2980f8be.txt": [
            (1, "Downloading PDF. Please wait... Issue 2057", "Issue 2057"),
            (5, "This article is over 14 years, 10 months old", ""),
            (9, "General Kornilov", ""),
            (59, "Sign up for our daily email update ‘Breakfast in Red’", ""),
            (61, "Latest News", ""),
            (63, "Make a donation to Socialist Worker", ""),
            (65, "Help fund the resistance", ""),
        ],
        "001_0541a3f1c63212f1.txt": [],
        "002_bfa4ff9e36ab06e5.txt": [(81, "Further Reading", ""), (83, "From the archives", "")],
        "003_1928e38059c81d88.txt": [],
        "004_059d21dd042e98eb.txt": [],
    }
    reading = read_corpus(SHELF)
    assert reading.failed == ()
    removed = {}
    for article in reading.articles:
        file = (SHELF / article.path).read_bytes().decode()
        assert len(article.text) == len(file)
        pairs = zip(file.split("\n"), article.text.split("\n"), strict=True)
        removed[article.path] = [(row, old, new.strip()) for row, (old, new) in enumerate(pairs, 1) if old != new]
    assert removed == expected
    known = tomllib.loads((SHELF / "articles.toml").read_text(encoding="utf-8"))
    assert {a.path: (a.title, a.date) for a in reading.articles} == {
        name: (table["title"], table.get("date", "")) for name, table in known.items()
    }
