"""Questions in a language that the shelf is not written in: told apart before they are searched to no purpose.

An embedder that reads one language puts a question in another near anything at all. py3langid (naive Bayes over byte
n-grams; Lui and Baldwin 2012) tells the language; short questions, names and words that the shelf itself uses are no
evidence, because a false alarm shuts out a reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

NAMES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "uk": "Ukrainian",
}
"""The languages that are told from one another, by their ISO 639-1 codes."""
ADVICE = (
    "This question seems to be in {language}, but the shelf is not, and its embedder reads only the shelf's language. "
    "Ask in that language, or set a multilingual embedder and multilingual = true in askoctober.toml."
)
"""What a reader is told."""
SURE = 0.9
FEWEST_WORDS = 3
MOST_KNOWN = 0.5
"""A question is foreign only if the shelf has no more than this share of its words."""
LONGEST_SAMPLE = 2000
_WORD = re.compile(r"[^\W\d_]+")


def foreign_language(question: str, shelf_languages: Iterable[str], is_known: Callable[[str], bool]) -> str:
    """Return the English name of the language of a question if that is none of the shelf's; else nothing.

    `shelf_languages` are ISO 639-1 codes; `is_known` says whether the shelf holds a word. In doubt a question is not
    foreign.
    """
    shelf = frozenset(shelf_languages)
    words = _WORD.findall(question)
    if not shelf or len(words) < FEWEST_WORDS or sum(map(is_known, words)) > MOST_KNOWN * len(words):
        return ""
    language, probability = _identifier().classify(question)
    return NAMES[language] if language not in shelf and probability >= SURE else ""


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of a text's language; empty where it is none of `NAMES` for sure."""
    language, probability = _identifier().classify(text[:LONGEST_SAMPLE])
    return str(language) if probability >= SURE else ""


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(NAMES))
    return identifier
