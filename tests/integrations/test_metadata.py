import dataclasses
import json

from askoctober import Retriever
from askoctober.integrations.metadata import metadata_of

from .conftest import QUESTION


def test_it_leads_back_to_the_place(retriever: Retriever) -> None:
    for hit in retriever.search(QUESTION, 10):
        said = metadata_of(hit)
        [article] = [article for article in retriever.store.articles() if article.id == said["article_id"]]
        assert article.text[said["start"] : said["end"]] == hit.chunk.text
        assert (said["chunk_id"], said["rank"], said["score"]) == (hit.chunk.id, hit.rank, hit.score)
        assert json.loads(json.dumps(said)) == said


def test_it_says_what_the_file_says(retriever: Retriever) -> None:
    [hit] = retriever.search("Which run does a forager make on the comb?", 1)
    said = metadata_of(hit)
    assert {name: said[name] for name in ("path", "title", "author", "date", "heading", "shelfmark")} == {
        "path": "bees.md",
        "title": "Why honeybees dance",
        "author": "T. Okafor",
        "date": "1973-05-02",
        "heading": hit.chunk.heading,
        "shelfmark": "QL 568",
    }
    assert "The figure of eight" in said["heading"]
    assert "pages" not in said


def test_pages_are_the_first_and_the_last(retriever: Retriever) -> None:
    [hit] = retriever.search(QUESTION, 1)
    article = dataclasses.replace(hit.chunk.article, pages=(0, hit.chunk.start + 1))
    paged = dataclasses.replace(hit, chunk=dataclasses.replace(hit.chunk, article=article))
    assert metadata_of(paged)["pages"] == [1, 2]


def test_no_name_of_ours_can_be_taken(retriever: Retriever) -> None:
    [hit] = retriever.search(QUESTION, 1)
    article = dataclasses.replace(hit.chunk.article, extra={"start": "0", "title": "Another", "place": "Leeds"})
    said = metadata_of(dataclasses.replace(hit, chunk=dataclasses.replace(hit.chunk, article=article)))
    assert (said["start"], said["title"], said["place"]) == (hit.chunk.start, hit.chunk.article.title, "Leeds")
