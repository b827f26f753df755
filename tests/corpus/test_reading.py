import hashlib
import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.corpus import Failure, fingerprint, read_corpus
from askoctober.corpus.encoding import decode
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
        ("a.pdf", SENTENCE, "is neither Markdown nor plain text; give a .md, .markdown or .txt file."),
        ("md", SENTENCE, "is neither Markdown nor plain text"),
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
    lines = "".join(
        f"{name}\0{hashlib.sha256(data).hexdigest()}\n"
        for name, data in [("a.txt", b"one"), ("articles.toml", b""), ("sub/b.md", b"two")]
    )
    first = fingerprint(tmp_path)
    assert first == hashlib.sha256(lines.encode()).hexdigest()
    write(tmp_path, {"c.png": "x", ".hidden/d.md": "x", "huge.txt": b"a" * (LARGEST_FILE + 1)})
    assert fingerprint(str(tmp_path)) == first
    seen = {first}
    for change in [{"a.txt": "ONE"}, {"sub/articles.toml": ""}, {"sub/c.md": "two"}, {"bad.txt": b"\xff\x00"}]:
        write(tmp_path, change)
        seen.add(fingerprint(tmp_path))
    (tmp_path / "a.txt").rename(tmp_path / "z.txt")
    seen.add(fingerprint(tmp_path))
    assert len(seen) == 6


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
