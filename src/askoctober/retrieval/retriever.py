"""The retriever: a question to ranked chunks. Needs no language model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from askoctober import models
from askoctober.asynchrony import call
from askoctober.calendars import Calendars, find_dates
from askoctober.config import Config, Weights
from askoctober.embedding import load_encoder
from askoctober.errors import IndexFolderError, QuestionError
from askoctober.index import LocalStore
from askoctober.retrieval.filtering import AnyFilter, read_filter
from askoctober.retrieval.fusion import fuse
from askoctober.retrieval.language import NAMES, foreign_language, language_of
from askoctober.retrieval.late import TokenWeights, best_window
from askoctober.retrieval.parts import split_parts
from askoctober.retrieval.spelling import Spelling, words_of
from askoctober.types import Article, Encoder, FloatArray, Hit, IntArray, Store

if TYPE_CHECKING:
    from askoctober.milvus import MilvusStore

POOL = 100
"""How many chunks each first-stage ranker may propose."""
RERANKED = 30
"""How many of the fused candidates late interaction looks at."""
LONGEST_QUESTION = 4000
READ_FOR_LANGUAGE = 50
READ_FOR_DATES = 500
READ_FOR_SPELLING = 5000
"""How many passages, spread over the shelf, tell by their articles which languages, calendars and words it uses."""


class Retriever:
    """Finds the chunks that bear on a question; safe to share between threads."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        weights: Weights | None = None,
        calendar: str = "auto",
        multilingual: bool = False,
    ) -> None:
        """Search `store` with an encoder; its fingerprint must be the one that the store was built with.

        `calendar` says whether dates are looked for in two calendars, see `calendars.Calendars.of`; `multilingual` that
        the encoder reads other languages than the shelf's.
        """
        self.store = store
        self.encoder = encoder
        self.weights = weights or Weights()
        self._calendar = calendar
        self._multilingual = multilingual
        self._token_weights = TokenWeights(encoder, store.word_frequency, store.size)

    @classmethod
    def load(cls, index: Path | str | None = None, config: Config | None = None) -> Retriever:
        """Open an index folder with the embedder it was built with.

        Without a folder it is the configured one, or the shelf in Milvus where the setting `store` names one.

        Raises:
            IndexFolderError: the index is missing, damaged, or built with another embedder.
            ModelError: the embedder is not on this machine.
        """
        config = config or Config.load()
        folder: Path | str = Path(index) if index is not None else config.index
        store: LocalStore | MilvusStore
        mend = f"askoctober index CORPUS --index {folder}"
        if config.store and index in (None, config.index):
            from askoctober.milvus import MilvusStore

            folder, mend = config.store, f"askoctober index CORPUS --store {config.store}"
            store = MilvusStore.open(config.store)
        else:
            store = LocalStore.open(folder)
        encoder = load_encoder(models.resolve(config.embedder, config.models_dir), threads=config.threads)
        made_with = store.manifest.get("embedder")
        if not isinstance(made_with, dict) or not {"name", "fingerprint"} <= made_with.keys():
            raise IndexFolderError(f"{folder} does not say what it was embedded with; rebuild it: {mend}")
        if made_with["fingerprint"] != encoder.fingerprint:
            raise IndexFolderError(
                f"{folder} was embedded with {made_with['name']}, not with {encoder.name}; "
                f"use --embedder {made_with['name']}, or rebuild it: {mend}"
            )
        return cls(store, encoder, config.weights, config.calendar, config.multilingual)

    def over(self, store: Store) -> Retriever:
        """Return a retriever like this one over another store, built with the same encoder."""
        other = Retriever(store, self.encoder, self.weights, self._calendar, self._multilingual)
        other._token_weights = self._token_weights.over(store.word_frequency, store.size)
        return other

    @cached_property
    def calendars(self) -> Calendars | None:
        """The two calendars of the shelf, or None where it keeps to one.

        Raises:
            ConfigError: the setting `calendar` is none that there is.
        """
        return Calendars.of([article.text for article in self._sample(READ_FOR_DATES)], self._calendar)

    @cached_property
    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes of the languages that the shelf is written in, by its articles' metadata or their text."""
        articles = self._sample(READ_FOR_LANGUAGE)
        named = {article.language[:2].casefold() or language_of(article.text) for article in articles}
        return frozenset(named & NAMES.keys())

    def _sample(self, most: int) -> Iterator[Article]:
        """Yield articles from all over the shelf, at most so many, each when it is wanted: a shelf may be large."""
        seen: set[str] = set()
        for row in range(0, self.store.size, max(-(-self.store.size // max(most, 1)), 1)):
            article = self.store.chunk(row).article
            if article.id not in seen:
                seen.add(article.id)
                yield article

    def foreign_language(self, question: str) -> str:
        """Return the name of the language of a question that the encoder cannot be asked in; nothing if it can."""
        if self._multilingual or not self.store.size:
            return ""
        return foreign_language(question, self.languages, self._is_known)

    @cached_property
    def _spelling(self) -> Spelling:
        return Spelling(article.text for article in self._sample(READ_FOR_SPELLING))

    def corrected(self, question: str) -> str:
        """Return the question with words that the shelf does not have in the nearest spelling that it has."""
        if self.store.size and any(not self._is_known(word) for word in words_of(question)):
            return _if_short(self._spelling.correct(question, self._is_known, self._is_word), question)
        return question

    def _is_known(self, word: str) -> bool:
        return self.store.word_frequency(word) > 0

    def _is_word(self, word: str) -> bool:
        """Whether the encoder knows a word as a whole: then it is no slip, even where the shelf does not have it."""
        return self._token_weights.lengths([word]) == [1]

    def with_other_dates(self, question: str) -> str:
        """Return the question with the other calendar's date behind each date that the shelf gives otherwise."""
        if not find_dates(question) or not self.calendars:
            return question
        return _if_short(self.calendars.expand(question), question)

    def search(self, question: str, k: int = 5, *, filter: AnyFilter = None, threshold: float = -1.0) -> list[Hit]:
        """Return at most k hits, best first; none if the shelf is empty.

        `filter` says which articles are searched, see `types.Filter`; a mapping does too, such as `{"author": "Reed",
        "since": "1917-10"}`. `threshold` leaves out hits that are less like the question than this cosine, in [-1, 1],
        as a chunk and in their best sentence; a score says how hits of one question compare, and no more.

        Three rankers propose chunks (cosine of the chunk, BM25, cosine of its best sentence); their min-max-normalised
        scores are added up, and the best `RERANKED` are ranked anew with late interaction beside that sum. A question
        of several clauses is searched whole and clause by clause, and a chunk counts as what it is worth to the best
        of these.

        Raises:
            QuestionError: the question is empty or too long, the filter is none, or it names a field that no article
                has.
        """
        return self.search_many([question], k, filter=filter, threshold=threshold)[0]

    def search_many(
        self, questions: Sequence[str], k: int = 5, *, filter: AnyFilter = None, threshold: float = -1.0
    ) -> list[list[Hit]]:
        """Return the hits of each question, in order, as `search` does; the questions are embedded together.

        Raises:
            QuestionError: as `search`; nothing is searched then.
        """
        if k < 1:
            raise QuestionError(f"k is {k}; ask for at least 1 passage.")
        wanted = read_filter(filter)
        checked = [check_question(question) for question in questions]
        part = self if wanted is None else self.over(self.store.filtered(wanted))
        if not part.store.size or not checked:
            return [[] for _ in checked]
        tidy = [self.corrected(self.with_other_dates(question)) for question in checked]
        asked = [(question, *split_parts(question)) for question in tidy]
        vectors, tokens = self.encoder.encode_tokens([text for texts in asked for text in texts])
        found, at = [], 0
        for texts in asked:
            mine = slice(at, at := at + len(texts))
            found.append(part._best(texts, vectors[mine], tokens[mine], k, threshold))
        return found

    def admits(self, filter: AnyFilter) -> bool:
        """Whether a filter leaves any passage to be searched; raises as `search` does."""
        wanted = read_filter(filter)
        return (self.store if wanted is None else self.store.filtered(wanted)).size > 0

    async def asearch(
        self, question: str, k: int = 5, *, filter: AnyFilter = None, threshold: float = -1.0
    ) -> list[Hit]:
        """`search` for programs of coroutines: it runs in a worker thread."""
        return await call(self.search, question, k, filter=filter, threshold=threshold)

    async def asearch_many(
        self, questions: Sequence[str], k: int = 5, *, filter: AnyFilter = None, threshold: float = -1.0
    ) -> list[list[Hit]]:
        """`search_many` for programs of coroutines: it runs in a worker thread."""
        return await call(self.search_many, questions, k, filter=filter, threshold=threshold)

    def _best(
        self, asked: Sequence[str], vectors: FloatArray, tokens: Sequence[FloatArray], k: int, threshold: float
    ) -> list[Hit]:
        """The hits of a question and its parts."""
        scores: dict[int, float] = {}
        signals: dict[int, dict[str, float]] = {}
        for text, vector, block in zip(asked, vectors, tokens, strict=True):
            for row, score, given in self._rank(text, vector, block, k):
                signals.setdefault(row, given)
                scores[row] = max(score, scores.get(row, 0.0))
        alike = [row for row in scores if max(signals[row]["dense"], signals[row]["sentence"]) >= threshold]
        best = sorted(alike, key=lambda row: -scores[row])[:k]
        return [Hit(self.store.chunk(row), scores[row], rank, signals[row]) for rank, row in enumerate(best, start=1)]

    def _rank(
        self, text: str, vector: FloatArray, tokens: FloatArray, k: int
    ) -> Iterator[tuple[int, float, dict[str, float]]]:
        """Yield at least k rows where there are as many, best first, with their scores in [0, 1] and signals."""
        rows, signals = self._candidates(text, vector)
        weights = self.weights
        first = fuse(signals, {"dense": weights.dense, "words": weights.words, "sentence": weights.sentence})
        kept = np.argsort(-first, kind="stable")[: max(RERANKED, k)]
        query, of_tokens = self.store.project_tokens(tokens), self._token_weights.of(text, len(tokens))
        late = np.array([self._late(query, int(row), of_tokens) for row in rows[kept]], np.float32)
        score = fuse({"first": first[kept], "late": late}, {"first": 1.0, "late": weights.late})
        for place in np.argsort(-score, kind="stable").tolist():
            at = kept[place]
            given = {name: float(values[at]) for name, values in signals.items()} | {"late": float(late[place])}
            yield int(rows[at]), float(score[place]), given

    def _late(self, query: FloatArray, row: int, weights: FloatArray) -> float:
        return best_window(query, self.store.token_vectors(row), self.store.token_counts(row), weights)

    def _candidates(self, question: str, vector: FloatArray) -> tuple[IntArray, dict[str, FloatArray]]:
        """Return the rows that any ranker proposes, ascending, and every ranker's score of each of them."""
        store = self.store
        dense_rows, _ = store.search_dense(vector, POOL)
        word_rows, word_scores = store.search_words(question, POOL)
        # Several sentences of a chunk may be among the nearest.
        sentence_rows, _ = store.search_sentences(vector, 4 * POOL)
        rows = np.unique(np.concatenate([dense_rows, word_rows, sentence_rows[:POOL]]))
        words = np.zeros(len(rows), np.float32)
        words[np.searchsorted(rows, word_rows)] = word_scores
        sentence = store.best_sentences(rows, vector)
        return rows, {"dense": store.chunk_vectors(rows) @ vector, "words": words, "sentence": sentence}


def check_question(question: str) -> str:
    """Return the question with its white space tidied.

    Raises:
        QuestionError: it is empty, too long, or not text (half a character, which JSON can carry).
    """
    tidy = " ".join(question.split())
    if len(tidy) > LONGEST_QUESTION:
        raise QuestionError(f"The question has {len(tidy)} characters; ask one of at most {LONGEST_QUESTION}.")
    if any("\ud800" <= letter <= "\udfff" for letter in tidy):
        raise QuestionError("The question is not text: it holds half a character; ask it in valid Unicode.")
    if not any(letter.isalnum() for letter in tidy):
        raise QuestionError("The question is empty; ask one in words.")
    return tidy


def _if_short(longer: str, question: str) -> str:
    """The question as it was made, or as it was where that has grown too long."""
    return longer if len(longer) <= LONGEST_QUESTION else question
