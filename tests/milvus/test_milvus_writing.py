"""Builds of a shelf of Milvus: only what changed is embedded, and readers find one generation or the next."""

import dataclasses
import os
import subprocess
import sys
import time
from contextlib import closing
from unittest import mock

import numpy as np
import pytest

from askoctober.errors import ConfigError, IndexFolderError
from askoctober.index import IndexWriter, LocalStore
from askoctober.milvus import Address, MilvusStore, MilvusWriter, is_address, manifest, writing
from askoctober.milvus.connecting import Connection
from askoctober.milvus.heads import read_heads
from askoctober.milvus.schema import ARTICLES, SHELVES, TEXTS, Collections
from askoctober.milvus.store import published
from askoctober.types import Article
from encoders import HashEncoder
from index.entries import entry_of
from milvus.shelving import address_of, build_milvus
from shelves import build_from, contents

FILES = {
    f"{name}.md": f"# {name}\n\nThe {name} stands alone. Nobody saw the {name}." for name in ("bee", "clock", "tide")
}
ABOUT = {"embedder": {"name": "hash", "fingerprint": "hash-1"}}
BASIS = np.eye(64, dtype=np.float32)


def entry(name: str, text: str = ""):
    return dataclasses.replace(
        entry_of(Article(name, f"{name}.md", name, text=text or f"The {name} stands alone. Nobody saw it.")),
        file=f"{name}.md",
    )


def paths(address: str) -> list[str]:
    store = MilvusStore.open(address)
    try:
        vector = HashEncoder().encode(["alone"])[0]
        for rows in (store.search_dense(vector, 99)[0], store.search_sentences(vector, 999)[0]):
            assert sorted(rows.tolist()) == list(range(store.size))
        found = [article.path for article in store.articles()]
        assert {store.chunk(row).article.path for row in range(store.size)} == set(found)
        return found
    finally:
        store.close()


def held(address: str, dimension: int = 64) -> dict[str, int]:
    """How many rows of the shelf there are, in force or not."""
    connection = Connection(Address.read(address))
    names = {"articles": ARTICLES, "texts": TEXTS, "chunks": Collections(dimension).chunks}
    names["sentences"] = Collections(dimension).sentences
    counts = {key: connection.count(name, "id >= 0") for key, name in names.items() if connection.has(name)}
    connection.close()
    return counts


def test_only_what_changed_is_embedded(tmp_path):
    report, encoder = build_milvus(tmp_path, FILES)
    assert (report.articles, report.embedded) == (3, 3)
    files = FILES | {"bee.md": "# bee\n\nAnother bee.", "new.md": "# new\n\nA new moon rises."}
    del files["tide.md"]
    encoder.seen.clear()
    report, _ = build_milvus(tmp_path, files, encoder)
    assert (report.articles, report.embedded, report.unchanged, report.removed) == (3, 2, 1, 1)
    assert not any("clock" in text for text in encoder.seen)
    assert paths(address_of(tmp_path)) == ["bee.md", "clock.md", "new.md"]
    store = MilvusStore.open(address_of(tmp_path))
    assert [article.text for article in store.articles()][0] == "# bee\n\nAnother bee."
    assert store.word_frequency("tide") == 0 and store.word_frequency("moon") == 1
    store.close()
    report, _ = build_milvus(tmp_path, files, encoder)
    assert (report.embedded, report.unchanged) == (0, 3)


def test_a_shelf_holds_what_the_folder_of_the_same_articles_holds(tmp_path):
    steps = [FILES, FILES | {"bee.md": "Gone wild."}, {"moved.md": FILES["clock.md"], "tide.md": FILES["tide.md"]}]
    for files in steps:
        build_from(tmp_path / "a", files)
        report, _ = build_milvus(tmp_path / "b", files)
        local, store = LocalStore.open(tmp_path / "a" / "index"), MilvusStore.open(address_of(tmp_path / "b"))
        with MilvusWriter.open(address_of(tmp_path / "b"), {}) as writer:
            for article_id, digest in local.digests().items():
                known = writer.known_id(article_id)
                assert known.digest == digest
                ours, theirs = writer.entry(known), local.entry(article_id)
                assert (ours.article, ours.chunks, ours.file) == (theirs.article, theirs.chunks, theirs.file)
                assert (ours.signature, sorted(ours.bands)) == (theirs.signature, sorted(theirs.bands))
                assert ours.vectors == pytest.approx(theirs.vectors, abs=1e-3)
                assert ours.sentence_vectors == pytest.approx(theirs.sentence_vectors, abs=1e-3)
                assert np.abs(ours.tokens.astype(int) - theirs.tokens).max() <= 1
                assert ours.token_counts.tolist() == theirs.token_counts.tolist()
        names = ("articles", "copies", "chunks", "sentences", "corpus_fingerprint", "embedder", "chunking")
        assert {name: store.manifest[name] for name in names} == {name: local.manifest[name] for name in names}
        assert len(contents(local)) == len(store.articles()) == report.articles
        local.close()
        store.close()
    assert report.renamed == 1 and report.embedded == 0


def test_a_reader_keeps_what_it_opened_through_the_next_update(tmp_path):
    build_milvus(tmp_path, FILES)
    old = MilvusStore.open(address_of(tmp_path))
    build_milvus(tmp_path, {"bee.md": "Only the bee is left."})
    vector = HashEncoder().encode(["alone"])[0]
    assert sorted(old.search_dense(vector, 99)[0].tolist()) == list(range(old.size))
    assert [article.text for article in old.articles()] == list(FILES.values())
    new = old.reopened()
    assert [article.text for article in new.articles()] == ["Only the bee is left."]
    assert new.search_words("tide", 5)[0].tolist() == []
    old.close()
    new.close()
    build_milvus(tmp_path, {"bee.md": "The last bee."})
    assert held(address_of(tmp_path))["articles"] == 2, "what was out of force before is gone"


def test_nothing_is_in_force_before_the_commit(tmp_path):
    address = address_of(tmp_path)
    build_milvus(tmp_path, FILES)
    with MilvusWriter.open(address, {}) as writer:
        writer.drop(writer.known("bee.md"))
        writer.add(entry("ant"))
        writer.checkpoint()
        assert paths(address) == ["bee.md", "clock.md", "tide.md"]
        writer.commit({})
        assert paths(address) == ["ant.md", "clock.md", "tide.md"]


class Killed(BaseException):
    pass


def test_a_killed_build_is_gone_on_from(tmp_path):
    address = address_of(tmp_path)
    with pytest.raises(Killed), MilvusWriter.open(address, ABOUT) as writer:
        writer.set_basis(BASIS, 10)
        writer.add(entry("ant"))
        writer.add(entry("bee"))
        writer.checkpoint()
        writer._connection.delete(ARTICLES, "id in [0]")  # as if it was killed before that row
        raise Killed
    with pytest.raises(IndexFolderError, match="No index in"):
        MilvusStore.open(address)
    with MilvusWriter.open(address, ABOUT) as writer:
        assert np.array_equal(writer.basis, BASIS)
        assert [known.path for known in writer.all()] == ["bee.md"]
        writer.add(entry("cat"))
        writer.commit({})
    assert paths(address) == ["bee.md", "cat.md"]
    assert held(address)["articles"] == held(address)["texts"] == 2
    with pytest.raises(Killed), MilvusWriter.open(address, ABOUT) as writer:
        writer.add(entry("bee", "A second bee."))
        writer.checkpoint()
        raise Killed
    assert paths(address) == ["bee.md", "cat.md"]
    with MilvusWriter.open(address, ABOUT | {"chunking": 2}) as writer:
        assert list(writer.all()) == [], "its vectors came about in another way"
    with MilvusWriter.open(address, ABOUT, anew=True) as writer:
        assert list(writer.all()) == [] and writer.basis is None


def test_another_embedder_replaces_the_shelf(tmp_path):
    address = address_of(tmp_path)
    build_milvus(tmp_path, FILES)
    old = MilvusStore.open(address)
    other = HashEncoder(name="other", fingerprint="other-1", dimension=32)
    report, _ = build_milvus(tmp_path, FILES, other)
    assert report.embedded == 3
    assert [article.text for article in old.articles()] == list(FILES.values())
    old.close()
    store = MilvusStore.open(address)
    assert store.manifest["embedder"]["fingerprint"] == "other-1"
    assert store.search_dense(other.encode(["bee"])[0], 99)[0].size == store.size == old.size
    store.close()
    build_milvus(tmp_path, {"bee.md": "Another bee."}, other)
    assert held(address, 64)["chunks"] == 0, "the vectors of the first embedder are gone"


def test_shelves_do_not_see_each_other(tmp_path):
    build_milvus(tmp_path, FILES, shelf="one")
    build_milvus(tmp_path, {"x.md": "The clock again."}, shelf="two")
    one, two = (MilvusStore.open(address_of(tmp_path, shelf)) for shelf in ("one", "two"))
    assert (len(one.articles()), len(two.articles())) == (3, 1)
    assert two.search_words("clock", 9)[0].tolist() == [0] and two.search_words("bee", 9)[0].tolist() == []
    assert one.word_frequency("clock") == sum("clock" in one.chunk(row).text for row in range(one.size))
    one.close()
    assert two.chunk(0).text == "The clock again."
    two.close()


def test_two_builds_do_not_meet(tmp_path):
    address = address_of(tmp_path)
    build_milvus(tmp_path, FILES)
    with (
        MilvusWriter.open(address, {}),
        pytest.raises(IndexFolderError, match=f"Another build is changing .*process {os.getpid()}"),
        MilvusWriter.open(address, {}),
    ):
        pass
    with MilvusWriter.open(address, {}) as writer:
        other = {"owner": "x", "host": "elsewhere", "process": 1, "at": 0}
        manifest._write(writer._connection, "lock", other)
        writer.add(entry("ant"))
        for act in (writer.checkpoint, lambda: writer.commit({})):
            with pytest.raises(IndexFolderError, match="has taken over"):
                act()
    assert paths(address) == ["bee.md", "clock.md", "tide.md"]


def test_a_build_that_is_long_at_something_keeps_its_hold(tmp_path, monkeypatch):
    build_milvus(tmp_path, FILES)
    monkeypatch.setattr(manifest, "RENEWED_SECONDS", 0.1)
    monkeypatch.setattr(manifest, "HOLD_SECONDS", 1.0)
    address = address_of(tmp_path)
    with MilvusWriter.open(address, {}):
        time.sleep(1.5)
        with pytest.raises(IndexFolderError, match="Another build"), MilvusWriter.open(address, {}):
            pass


def test_a_build_whose_hold_was_taken_writes_nothing_more(tmp_path):
    build_milvus(tmp_path, FILES)
    with MilvusWriter.open(address_of(tmp_path), {}) as writer:
        manifest._write(writer._connection, "lock", {"owner": "x", "host": "elsewhere", "process": 1, "at": 0})
        writer.add(entry("ant"))
        with pytest.raises(IndexFolderError, match="has taken over"):
            writer.checkpoint()
        assert not writer._connection.count(ARTICLES, f"id >= {writer._begin}", strong=True)


def test_what_is_in_force_is_never_written_over(tmp_path, monkeypatch):
    """Articles out of force beyond a bound are removed at once, which is a generation of its own."""
    build_milvus(tmp_path, FILES)
    before = published(address_of(tmp_path))
    monkeypatch.setattr(writing, "MOST_DEAD", 0)
    build_milvus(tmp_path, {"bee.md": FILES["bee.md"]})
    after = published(address_of(tmp_path))
    assert (after["generation"], after["dead"]) == (before["generation"] + 2, [])
    with closing(Connection(Address.read(address_of(tmp_path)))) as connection:
        assert connection.has(SHELVES)
        between = manifest._read(connection, f"manifest/{before['generation'] + 1}", 1)
    assert between | {"generation": after["generation"], "dead": []} == after and len(between["dead"]) == 2
    assert paths(address_of(tmp_path)) == ["bee.md"]


def test_articles_that_are_removed_while_they_are_listed_are_not_waited_for():
    connection = mock.Mock(query=lambda *_, **__: [], count=mock.Mock(side_effect=[5, 5, 0]))
    assert list(read_heads(connection, 0, 10_000)) == list(read_heads(connection, 0)) == []


def test_the_hold_of_a_process_that_is_gone_is_taken(tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    connection = Connection(Address.read(address_of(tmp_path)))
    build_milvus(tmp_path, FILES)
    hold = manifest.Hold(connection)
    about = manifest._read(connection, "lock", 1)
    manifest._write(connection, "lock", about | {"process": gone.pid})
    manifest.Hold(connection).release()
    assert not hold.is_ours()
    connection.close()


def test_an_older_server_is_refused(tmp_path, monkeypatch):
    class Old:
        def __init__(self, *_, **__):
            pass

        def get_server_version(self):
            return "v2.3.5"

        def close(self):
            pass

    monkeypatch.setattr("pymilvus.MilvusClient", Old)
    with pytest.raises(IndexFolderError, match="served by Milvus v2.3.5, which has no full text; update the server"):
        MilvusStore.open("milvus://127.0.0.1/x")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "was made by a newer askoctober"),
        ({"sha256": "x"}, "is damaged; rebuild it: askoctober index CORPUS --store milvus:"),
        ({"pieces": 9}, "is damaged"),
        ({"pieces": "x"}, "is damaged"),
        ({"generation": "../1"}, "is damaged"),
        ({"format": None}, "is damaged"),
    ],
)
def test_a_foreign_manifest_is_refused(tmp_path, change, message):
    build_milvus(tmp_path, FILES)
    connection = Connection(Address.read(address_of(tmp_path)))
    assert connection.has(SHELVES)
    head = manifest._read(connection, "head", 1)
    manifest._write(connection, "head", head | change)
    with pytest.raises(IndexFolderError, match=message):
        MilvusStore.open(address_of(tmp_path))
    connection.close()


def test_rows_that_are_not_ours_are_refused(tmp_path):
    build_milvus(tmp_path, FILES)
    connection = Connection(Address.read(address_of(tmp_path)))
    store = MilvusStore.open(address_of(tmp_path))
    for content in ("no JSON", "[]", '{"id": 3}'):
        connection.upsert(TEXTS, [{"id": 0, "article": 0, "content": content, "vector": (1.0, 0.0)}])
        with pytest.raises(IndexFolderError, match="is damaged, or was changed twice"):
            store.chunk(0)
    connection.delete(Collections(64).chunks, "id == 0")
    connection.delete(SHELVES, 'id like "bees/basis%"')
    store.close()
    with pytest.raises(IndexFolderError, match="The projection of .* is damaged"):
        MilvusStore.open(address_of(tmp_path))
    connection.close()


def test_hybrid_search_puts_what_both_rankers_find_first(tmp_path):
    build_milvus(tmp_path, FILES)
    store = MilvusStore.open(address_of(tmp_path))
    vector = HashEncoder().encode(["nobody saw the clock"])[0]
    rows, scores = store.search_hybrid("nobody saw the clock", vector, 3)
    assert "clock" in store.chunk(int(rows[0])).text and (np.diff(scores) <= 0).all()
    assert store.search_hybrid("", vector, 3)[0].tolist() == store.search_dense(vector, 3)[0].tolist()
    store.close()


def test_the_writer_is_used_as_the_index_writer_is():
    public = {name for name in dir(IndexWriter) if not name.startswith("_")}
    assert public <= {name for name in dir(MilvusWriter) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("text", "uri", "shelf"),
    [
        ("milvus://db.example:19531/bees", "http://db.example:19531", "bees"),
        ("milvus://localhost/bees", "http://localhost:19530", "bees"),
        ("milvuss://db.example/b_1", "https://db.example:19530", "b_1"),
        ("milvus://[::1]:19530/bees", "http://[::1]:19530", "bees"),
        ("milvus:some/where.db/bees", "some/where.db", "bees"),
    ],
)
def test_addresses(text, uri, shelf):
    address = Address.read(text)
    assert (address.uri, address.shelf) == (uri, shelf)
    assert Address.read(str(address)) == address
    assert is_address(text) and not is_address("index")


@pytest.mark.parametrize(
    "text",
    ["milvus://host", "milvus://host:0/x", "milvus://host:99999/x", "milvus:x.db", "milvus:///x", "http://h/x", ""]
    + [f"milvus://h/{shelf}" for shelf in ("a b", "1a", "a-b", "a" * 65, "ä", 'a"')],
)
def test_what_is_no_address(text):
    with pytest.raises(ConfigError):
        Address.read(text)


def test_a_server_that_does_not_answer(monkeypatch):
    monkeypatch.setattr("askoctober.milvus.connecting.SECONDS", 0.5)
    with pytest.raises(IndexFolderError, match="Milvus does not serve milvus://127.0.0.1:1/x .*start the server"):
        MilvusStore.open("milvus://127.0.0.1:1/x")


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pymilvus", None)
    with pytest.raises(IndexFolderError, match=r'pip install "askoctober\[milvus\]"'):
        MilvusStore.open("milvus://127.0.0.1:1/x")


def test_a_closed_store_says_so(tmp_path):
    build_milvus(tmp_path, FILES)
    store = MilvusStore.open(address_of(tmp_path))
    store.close()
    store.close()
    with pytest.raises(IndexFolderError, match="open it again"):
        store.search_dense(HashEncoder().encode(["x"])[0], 3)


def test_long_and_odd_articles_come_back_whole(tmp_path):
    encoder = HashEncoder(dimension=128)
    long = "Naïve 😀 words " + " ".join(f"word{i}" for i in range(500)) + "."
    texts = {
        "long": "\n\n".join(f"{long} It is number {n} of them." for n in range(12)),
        "odd": "😀 😀\n\n'\"\\ ${x} {article} \0 %_",
        "short sentences": " ".join(f"A{i}." for i in range(400)),
        "half": "Half a letter \ud800 stands here.",
    }
    entries = {}
    for name, text in texts.items():
        article = Article(name, f"{name}.md", name, text=text, pages=(0, 3), extra={"k\n": '"v', "": ""})
        entries[name] = entry_of(article, 6000, 128)
    assert max(np.prod(entry.tokens.shape) for entry in entries.values()) * 4 / 3 > 2 * 65535
    address = address_of(tmp_path)
    with MilvusWriter.open(address, {}) as writer:
        writer.set_basis(np.eye(128, dtype=np.float32), 9)
        for made in entries.values():
            writer.add(made)
        writer.commit({})
    with MilvusWriter.open(address, {}) as writer:
        for name, made in entries.items():
            read = writer.entry(writer.known_id(name))
            assert (read.article, read.chunks) == (made.article, made.chunks)
            assert (read.tokens == made.tokens).all() and (read.token_counts == made.token_counts).all()
    store = MilvusStore.open(address)
    assert store.article("odd").pages == (0, 3) and store.article("odd").extra["k\n"] == '"v'
    assert store.word_frequency("naive") == store.word_frequency("word499") == 12
    rows, _ = store.search_words("naive word7", 99)
    assert {store.chunk(int(row)).article_id for row in rows} == {"long"}
    assert store.search_dense(encoder.encode(["x"])[0], 99)[0].size == store.size
    store.close()


def test_a_passage_that_milvus_cannot_take_is_named(tmp_path):
    made = entry_of(Article("x", "x.md", "x", text=" ".join(["word"] * 1000) + "."), 10_000, 128)
    with MilvusWriter.open(address_of(tmp_path), {}) as writer:
        writer.set_basis(np.eye(128, dtype=np.float32), 9)
        with pytest.raises(IndexFolderError, match=r"A passage of x.md is too long for Milvus"):
            writer.add(made)
        with pytest.raises(IndexFolderError, match="comes from a large index"):
            writer.add(dataclasses.replace(made, coded=True))
        assert list(writer.all()) == []


def test_a_file_that_is_not_there_is_not_made_by_reading(tmp_path):
    with pytest.raises(IndexFolderError, match="No index in .*; build one: askoctober index CORPUS --store milvus:"):
        MilvusStore.open(address_of(tmp_path / "none"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_another_process_has_open_is_refused(tmp_path):
    address = address_of(tmp_path)
    build_milvus(tmp_path, FILES)
    store = MilvusStore.open(address)
    code = f"from askoctober.milvus import MilvusStore; MilvusStore.open({address!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "close whatever else has the file open" in done.stderr.splitlines()[-1]
    assert "Failed to start" not in done.stderr
    store.close()
