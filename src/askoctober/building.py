"""From a folder of articles to an index: reads, chunks, embeds what is new or changed, writes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from askoctober import chunking, corpus, models
from askoctober.config import Config
from askoctober.embedding import load_encoder, unit
from askoctober.errors import IndexFolderError
from askoctober.index import Entry, LocalStore, fit_basis, pack, read_manifest, write_index
from askoctober.types import Article, Chunk, Encoder, FloatArray, Span

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""

Pair = tuple[Chunk, tuple[Span, ...]]
"""A chunk and the spans of its sentences."""

SENTENCES_AT_ONCE = 1024
HEADING_WEIGHT = 0.15
"""What title and heading count for in a chunk's vector, beside its sentences."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did; the counts are articles, but for `chunks`."""

    articles: int
    chunks: int
    embedded: int
    unchanged: int
    removed: int
    failed: tuple[corpus.Failure, ...]
    seconds: float


def build(config: Config, *, progress: Progress | None = None, encoder: Encoder | None = None) -> Report:
    """Build or update the index of `config.corpus` in `config.index`; only new and changed articles are embedded.

    Raises:
        CorpusError: there is no folder of articles.
        ModelError: the embedder is not here.
        IndexFolderError: the index cannot be written.
    """
    began = time.perf_counter()
    tell = progress or (lambda label, done, total: None)
    tell("reading", 0, 1)
    fingerprint = corpus.fingerprint(config.corpus)
    reading = corpus.read_corpus(config.corpus)
    encoder = encoder or load_encoder(models.resolve(config.embedder, config.models_dir), threads=config.threads)
    about = _about(config, encoder)

    old = _open_old(config, about)
    digests = {article.id: _digest(article) for article in reading.articles}
    known = old.digests() if old else {}
    changed = [article for article in reading.articles if known.get(article.id) != digests[article.id]]
    if old and 2 * len(changed) > len(digests):
        # The projection of token vectors was fitted to what is now the lesser part of the shelf: fit it anew.
        old.close()
        old, changed = None, list(reading.articles)
    if old and not changed and set(known) == set(digests) and old.manifest["corpus_fingerprint"] == fingerprint:
        chunks = old.size
        old.close()
    else:
        fresh, basis = _embed(changed, digests, config, encoder, old.basis if old else None, tell)
        entries = [fresh.get(a.id) or _kept(old, a.id) for a in reading.articles]
        if old:
            old.close()
        tell("writing", 0, 1)
        about |= {"corpus": config.corpus.name, "corpus_fingerprint": fingerprint}
        manifest = write_index(config.index, entries, basis, about)
        chunks = int(manifest["chunks"])
    return Report(
        articles=len(reading.articles),
        chunks=chunks,
        embedded=len(changed),
        unchanged=len(reading.articles) - len(changed),
        removed=len(set(known) - set(digests)),
        failed=reading.failed,
        seconds=time.perf_counter() - began,
    )


def freshness(config: Config) -> str:
    """Return "" if the index matches the corpus, the embedder and the settings, else why not. Loads no model.

    The corpus is compared where `config.corpus` has the name of the folder that the index was built from.
    """
    try:
        manifest = read_manifest(config.index)
    except IndexFolderError as error:
        return str(error)
    if manifest.get("embedder", {}).get("name") != _model_name(config.embedder):
        return f"it was embedded with {manifest.get('embedder', {}).get('name')}, the setting is {config.embedder}"
    if manifest.get("chunking") != _chunking(config):
        return "its articles were chunked in another way"
    if manifest.get("corpus") != config.corpus.name or not config.corpus.is_dir():
        return ""  # a shelf of its own, whose folder is not at hand to be compared
    if manifest.get("corpus_fingerprint") != corpus.fingerprint(config.corpus):
        return f"articles in {config.corpus} have changed since it was built"
    return ""


def _about(config: Config, encoder: Encoder) -> dict[str, Any]:
    """The part of the manifest that says how vectors came about: indexes that differ in it cannot be mixed."""
    return {
        "created_by": "askoctober",
        "embedder": {"name": _model_name(config.embedder), "fingerprint": encoder.fingerprint},
        "chunking": _chunking(config),
    }


def _chunking(config: Config) -> dict[str, Any]:
    return {"version": chunking.VERSION, "chunk_size": config.chunk_size}


def _model_name(name: str) -> str:
    """The part of a model's name or path that is the same on every machine."""
    return name.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1].lower()


def _digest(article: Article) -> str:
    """SHA-256 of all that is stored of an article; fields are length-prefixed, so that none can pass for another."""
    digest = hashlib.sha256()
    fields = (article.path, article.title, article.author, article.publisher, article.date, article.url)
    for field in (*fields, article.language, article.text):
        data = field.encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)}:".encode() + data)
    return digest.hexdigest()


def _open_old(config: Config, about: dict[str, Any]) -> LocalStore | None:
    """The index in force if its vectors can be used again; a damaged or foreign one is simply built anew."""
    try:
        old = LocalStore.open(config.index)
    except IndexFolderError:
        return None
    if any(old.manifest.get(key) != value for key, value in about.items()):
        old.close()
        return None
    return old


def _kept(old: LocalStore | None, article_id: str) -> Entry:
    assert old is not None, "an article is either fresh or in the old index"
    return old.entry(article_id)


def _embed(
    articles: Sequence[Article],
    digests: dict[str, str],
    config: Config,
    encoder: Encoder,
    basis: FloatArray | None,
    tell: Progress,
) -> tuple[dict[str, Entry], FloatArray]:
    """Chunk and embed articles; return their entries by id, and the projection of token vectors (given or fitted)."""
    pairs = {article.id: chunking.split_article(article, config.chunk_size) for article in articles}
    texts = [
        article.text[span.start : span.end] for article in articles for _, spans in pairs[article.id] for span in spans
    ]
    order = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), i))
    vectors = np.zeros((len(texts), encoder.dimension), np.float32)
    tokens: list[FloatArray] = [np.zeros((0, encoder.dimension), np.float32)] * len(texts)
    for at in range(0, len(order), SENTENCES_AT_ONCE):
        rows = order[at : at + SENTENCES_AT_ONCE]
        tell("embedding", at, len(order))
        vectors[rows], found = encoder.encode_tokens([texts[i] for i in rows])
        for i, block in zip(rows, found, strict=True):
            tokens[i] = block
    tell("embedding", len(order), len(order))
    if basis is None:
        basis = fit_basis(tokens, encoder.dimension)
    contexts = _context_vectors(pairs, encoder)

    entries = {}
    at = 0
    for article in articles:
        chunks = pairs[article.id]
        count = sum(len(spans) for _, spans in chunks)
        mine = slice(at, at + count)
        entries[article.id] = Entry(
            article,
            digests[article.id],
            tuple(chunks),
            _chunk_vectors(chunks, vectors[mine], tokens[mine], contexts),
            vectors[mine],
            pack(unit(np.concatenate([np.zeros((0, encoder.dimension), np.float32), *tokens[mine]]) @ basis)),
            np.array([len(block) for block in tokens[mine]], np.int64),
        )
        at += count
    return entries, basis


def _context(chunk: Chunk) -> str:
    return f"{chunk.article.title}. {chunk.heading}" if chunk.heading else chunk.article.title


def _context_vectors(pairs: dict[str, list[Pair]], encoder: Encoder) -> dict[str, FloatArray]:
    """The vector of each title with heading, embedded once however many chunks share it."""
    contexts = sorted({_context(chunk) for chunks in pairs.values() for chunk, _ in chunks})
    return dict(zip(contexts, encoder.encode(contexts), strict=True))


def _chunk_vectors(
    chunks: Sequence[Pair], vectors: FloatArray, tokens: Sequence[FloatArray], contexts: dict[str, FloatArray]
) -> FloatArray:
    """Chunk vectors, shape (chunks, dimension): the mean of the sentences' weighted by length, and of the context."""
    out = np.zeros((len(chunks), vectors.shape[1]), np.float32)
    at = 0
    for row, (chunk, spans) in enumerate(chunks):
        mine = slice(at, at + len(spans))
        lengths = np.array([max(len(block), 1) for block in tokens[mine]], np.float32)
        body = (vectors[mine] * lengths[:, None]).sum(axis=0)
        out[row] = unit(body[None])[0] + HEADING_WEIGHT * contexts[_context(chunk)]
        at += len(spans)
    return unit(out)
