"""The shelf that ships: complete front matter, this project's own words, and an index that is fresh."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import frontmatter
import pytest

from askoctober import corpus
from askoctober.building import freshness
from askoctober.config import Config

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "corpus"
SOURCES = ROOT.parent / "shared" / "articles"
DIGESTS = sorted(CORPUS.glob("*.md"))
RUN = 8
"""So many words in a row that stand in a source make a copy."""

needs_sources = pytest.mark.skipif(
    not (SOURCES / "articles.toml").is_file(), reason="the source articles lie beside the repository, not in it"
)
each_digest = pytest.mark.parametrize("path", DIGESTS, ids=lambda path: path.stem)


@cache
def sources() -> dict[str, dict[str, Any]]:
    """What is known of each source article by its title, with its `text`."""
    table = tomllib.loads((SOURCES / "articles.toml").read_text(encoding="utf-8"))
    texts = {name: (SOURCES / name).read_text(encoding="utf-8") for name in table}
    return {known["title"]: known | {"text": texts[name]} for name, known in table.items()}


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower().replace("’", "'"))


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[at : at + length]) for at in range(len(found) - length + 1)}


def longest_shared_run(one: str, other: str) -> tuple[str, ...]:
    """The longest run of words in both texts; where one of n words is shared, so are two of n - 1."""
    length, best = 0, ()
    while shared := runs(one, length + 1) & runs(other, length + 1):
        length, best = length + 1, min(shared)
    return best


def test_the_check_finds_copies() -> None:
    assert longest_shared_run("Then Lenin’s plan, made in 1917, won.", "and lenin's PLAN\nmade in 1918") == (
        "lenin",
        "s",
        "plan",
        "made",
        "in",
    )
    assert longest_shared_run("a b", "c d") == ()


def test_five_digests() -> None:
    assert len(DIGESTS) == 5


@needs_sources
def test_each_source_has_its_digest() -> None:
    assert {frontmatter.load(str(path))["source_title"] for path in DIGESTS} == set(sources())


@needs_sources
@each_digest
def test_no_digest_copies_a_source(path: Path) -> None:
    digest = path.read_text(encoding="utf-8")
    body = frontmatter.loads(digest).content
    shared = {title: longest_shared_run(body, known["text"]) for title, known in sources().items()}
    for title, run in shared.items():
        print(f"{path.name} and {title!r}: {len(run)} words: {' '.join(run)}")  # noqa: T201
    assert max(map(len, shared.values())) < RUN


@needs_sources
@each_digest
def test_a_digest_is_about_half_as_long_as_its_source(path: Path) -> None:
    digest = frontmatter.load(str(path))
    share = len(words(digest.content)) / len(words(sources()[digest["source_title"]]["text"]))
    print(f"{path.name}: {share:.0%}")  # noqa: T201
    assert 0.45 <= share <= 0.65


@each_digest
def test_front_matter_is_complete(path: Path) -> None:
    digest = frontmatter.load(str(path))
    assert digest["title"] == f"Digest: {digest['source_title']}"
    assert digest["language"] == "en"
    assert digest.content.lstrip().startswith("## ")


@needs_sources
@each_digest
def test_front_matter_is_what_is_known(path: Path) -> None:
    digest = frontmatter.load(str(path)).metadata
    known = sources()[digest["source_title"]]
    for name in ("author", "date", "first_published"):
        assert str(digest.get(name, "")) == known.get(name, ""), name
    # Where no publisher is known, the digest says in its place what the text is a part of.
    assert digest["publisher"] == known.get("publisher", digest["publisher"]) != ""


def test_every_digest_is_read() -> None:
    reading = corpus.read_corpus(CORPUS)
    assert reading.failed == ()
    assert [article.path for article in reading.articles] == [path.name for path in DIGESTS]
    for article in reading.articles:
        assert article.title.startswith("Digest: ") and article.language == "en"
        file = (CORPUS / article.path).read_text(encoding="utf-8")
        assert len(article.text) == len(file)
        start = file.index("## ")
        assert article.text[start:] == file[start:] and not article.text[:start].strip()


def test_the_index_is_fresh() -> None:
    config = Config(corpus=CORPUS, index=ROOT / "index")
    if not config.index.is_dir():
        pytest.skip("there is no built index here; askoctober index builds it")
    assert freshness(config) == ""
