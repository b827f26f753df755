"""SQuAD 2.0 JSON (https://rajpurkar.github.io/SQuAD-explorer/): an article an item of its data, no questions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.encoding import decode
from askoctober.corpus.metadata import clean
from askoctober.errors import CorpusError

LARGEST = 100_000_000
"""Bytes; JSON is read as a whole, and takes up to ten times that in memory."""
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
OTHER = "is JSON but not SQuAD 2.0, the one kind that is read; save a list of objects as .jsonl, one object a line."


def read(source: Source) -> Iterator[Document | Failure]:
    """Yield an article for each item of "data": its paragraphs, joined by blank lines; its part is its number from 1.

    Raises:
        CorpusError: the file is too large, not JSON, or JSON of another kind.
    """
    raw = source.stream.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise CorpusError(f"is larger than {LARGEST // 1_000_000} MB; split its data into several files.")
    try:
        content = json.loads(decode(raw))
    except (ValueError, RecursionError) as error:
        raise CorpusError("is not valid JSON; correct it, or save one object a line as .jsonl.") from error
    items = content.get("data") if isinstance(content, dict) else None
    if not isinstance(items, list) or not any(isinstance(item, dict) and "paragraphs" in item for item in items):
        raise CorpusError(OTHER)
    for number, item in enumerate(items, 1):
        yield _to_document(item, str(number))


def _to_document(item: Any, part: str) -> Document | Failure:
    paragraphs = item.get("paragraphs") if isinstance(item, dict) else None
    if not isinstance(paragraphs, list):
        return Failure(part, 'has no list of "paragraphs"; correct or remove it.')
    contexts = [paragraph.get("context") if isinstance(paragraph, dict) else None for paragraph in paragraphs]
    texts = [context.strip() for context in contexts if isinstance(context, str)]
    if len(texts) < len(contexts):
        return Failure(part, 'has a paragraph without a "context" of text; correct or remove it.')
    text = "\n\n".join(filter(None, texts))
    if not text:
        return Failure(part, "has no text; fill or remove it.")
    if _NO_TEXT.search(text):
        return Failure(part, "holds characters that are no text, such as NUL; remove them.")
    title = item.get("title")
    return Document(text, clean({"title": title.replace("_", " ")}) if isinstance(title, str) else {}, part)
