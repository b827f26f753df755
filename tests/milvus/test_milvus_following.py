"""A shelf in Milvus knows whether it is fresh, and one that is served takes up what a build has put there."""

import gc
from types import SimpleNamespace

from askoctober.building import build, freshness
from askoctober.cli import loading, main
from askoctober.milvus import MilvusStore
from askoctober.retrieval import Retriever
from askoctober.web.following import Following
from encoders import HashEncoder
from shelves import config_of, write_files

from .shelving import address_of, build_milvus

OLD = {"bees.md": "# Bees\n\nA forager dances on the comb."}


def test_a_rebuilt_shelf_is_taken_up_again_and_again(tmp_path):
    build_milvus(tmp_path, OLD)
    assistant = SimpleNamespace(retriever=Retriever(MilvusStore.open(address_of(tmp_path)), HashEncoder()))
    told: list[str] = []
    following = Following(assistant, "the shelf", told.append)
    assert not following.look() and not told
    for count in (1, 2, 3):  # the third update removes what the first put out of force
        files = OLD | {f"clock{number}.md": f"# Clock {number}\n\nHarrison built it." for number in range(count)}
        build_milvus(tmp_path, files)
        assert following.look() and not following.look()
        assert [hit.chunk.article.path for hit in assistant.retriever.search("who dances", 1)] == ["bees.md"]
        assert len(assistant.retriever.store.articles()) == count + 1
    assert told[-1] == "the shelf was built anew and is served now (4 articles, 4 chunks)."
    assistant.retriever.store.close()


def test_a_store_that_nobody_has_any_more_closes_its_connection(tmp_path):
    build_milvus(tmp_path, OLD)
    store = MilvusStore.open(address_of(tmp_path))
    client = store._connection.client
    closed = []
    client.close, close = lambda: closed.append(close()), client.close
    del store
    gc.collect()
    assert closed


def test_it_says_whether_it_is_fresh_and_a_build_then_embeds_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    config = config_of(tmp_path, store=address_of(tmp_path))
    assert freshness(config).startswith("No index in milvus:")
    write_files(tmp_path / "corpus", OLD)
    build(config, encoder=HashEncoder())
    assert freshness(config) == ""
    report = loading.build(config)
    assert (report.articles, report.embedded, report.unchanged) == (1, 0, 1)
    assert not config.index.exists(), "a folder of an index is nothing to a shelf in Milvus"
    assert main(["info", "--store", config.store, "--corpus", str(config.corpus), "--embedder", config.embedder]) == 0
    said = capsys.readouterr().out
    assert f"{config.store} (1 articles, 1 chunks, 1 sentences)" in said and "fresh" in said and "bees.md" in said
    write_files(tmp_path / "corpus", OLD | {"clock.md": "# Clock\n\nHarrison built it."})
    assert freshness(config) == f"articles in {config.corpus} have changed since it was built"
