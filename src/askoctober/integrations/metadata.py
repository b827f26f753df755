"""What a hit says of itself where other libraries keep such things: a flat mapping that JSON can hold."""

from __future__ import annotations

from typing import Any

from askoctober.types import Hit

FIELDS = ("path", "title", "author", "publisher", "date", "url", "language")


def metadata_of(hit: Hit) -> dict[str, Any]:
    """Return where a hit stands, so that it can be cited: `article.text[start:end]` is its text.

    `pages` is the first and the last page, and stands there only where pages are known. What else the article's file
    says of it comes by its own name, where that is none of ours.
    """
    chunk, article = hit.chunk, hit.chunk.article
    pages = {"pages": list(hit.pages)} if hit.pages else {}
    return {
        **article.extra,
        "article_id": article.id,
        **{name: getattr(article, name) for name in FIELDS},
        "chunk_id": chunk.id,
        "heading": chunk.heading,
        "start": chunk.start,
        "end": chunk.end,
        "score": hit.score,
        "rank": hit.rank,
        **pages,
    }
