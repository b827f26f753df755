"""The facts of a sentence that can be checked by looking: its numbers, dates and names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Set
from functools import lru_cache

_TOKEN = re.compile(r"[^\W_]+(?:[.,]\d+)*(?:['’-][^\W_]+)*")
_NOTE = re.compile(r"(?<=[^\W\d_][.!?])(\d{1,4})(?=\s|$)|\[\d{1,4}\]")
_BEFORE_OPENERS = ".!?…:\"“‘'("
_LONGEST_CUT = 3
_SHORTEST_STEM = 4
_CARDINALS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_TENS = {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_NUMBER_WORDS = {word: str(n) for words in (_CARDINALS, _ORDINALS) for n, word in enumerate(words)}
_NUMBER_WORDS |= {word: str(n) for word, n in _TENS.items()}
# These count less often than they point, rank or join ("no one", "the second time"): not facts by themselves.
_LOOSE_NUMBERS = frozenset({"zero", "one", "first", "second", "zeroth"})
OPENERS = frozenset(
    "a about according after all also although among an and another any are as at based because before both but by "
    "despite did do does during each even every excerpt excerpts few following for from further furthermore had has "
    "have he hence her here his how however if in instead is it its later like many moreover most neither no nor not "
    "of often on once one only or other others our over people rather several she since so some such that the their "
    "them then there therefore these they this those though through thus to under unlike until upon was we were what "
    "when where whereas whether which while who whose why with within without yes yet you".split()
)
"""Words that open English sentences in capitals without being names."""


def numbers(text: str) -> set[str]:
    """Return the numbers of a text as plain digits, those written in words included; notes' numbers are left out."""
    found = set()
    for token in _tokens(_NOTE.sub(" ", text)):
        digits = re.sub(r"[^\d]", "", token) if any(c.isdigit() for c in token) else ""
        if digits:
            # "1,000" is one number; of "13-14", "1917-18" and "25th" the parts and the digits count.
            parts = re.split(r"[^\d.,]+", token)
            found |= {re.sub(r"[.,]", "", part) for part in parts if any(c.isdigit() for c in part)}
        else:
            for part in token.casefold().split("-"):
                if part in _NUMBER_WORDS and part not in _LOOSE_NUMBERS:
                    found.add(_NUMBER_WORDS[part])
    return found


def names(text: str, ordinary: Set[str] = frozenset()) -> set[str]:
    """Return the capitalised words of a text, folded, but for openers of a sentence that are `ordinary` words."""
    found = set()
    text = _NOTE.sub(" ", text)
    for match in _TOKEN.finditer(text):
        token = match.group()
        if not token[0].isupper() or any(c.isdigit() for c in token):
            continue
        folded = fold(token)
        before = text[: match.start()].rstrip()[-1:]
        opens = not before or before in _BEFORE_OPENERS
        if folded == "i" or (opens and (folded in OPENERS or folded in ordinary)):
            continue
        found.add(folded)
    return found


def ordinary_words(texts: Iterable[str]) -> frozenset[str]:
    """Return the words that stand in lower case somewhere in the texts."""
    return frozenset().union(*(_lower_words(text) for text in texts))


@lru_cache(maxsize=64)
def _lower_words(text: str) -> frozenset[str]:
    return frozenset(fold(token) for token in _tokens(text) if token[0].islower())


def unsupported(claim: str, source: str, ordinary: Set[str] = frozenset()) -> set[str]:
    """Return the numbers and names of `claim` that `source` does not contain."""
    held = numbers(source)
    words = {fold(part) for token in _tokens(source) for part in (token, *re.split(r"[-'’]", token)) if part}
    missing = {number for number in numbers(claim) if number not in held}
    for name in names(claim, ordinary):
        parts = [part for part in name.split("-") if part]
        if name not in words and not all(_stands_in(part, words) for part in parts):
            missing.add(name)
    return missing


def fold(word: str) -> str:
    """Return a word without case, accents and possessive ending."""
    plain = unicodedata.normalize("NFKD", word.casefold()).replace("’", "'")
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return plain.removesuffix("'s").removesuffix("'")


def _stands_in(name: str, words: Set[str]) -> bool:
    """Whether a word or another form of it (Russia, Russian, Russians) is among the words."""
    if name in words:
        return True
    stem = name[: max(_SHORTEST_STEM, len(name) - _LONGEST_CUT)]
    return len(name) >= _SHORTEST_STEM and any(
        word.startswith(stem) and abs(len(word) - len(name)) <= _LONGEST_CUT for word in words
    )


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)
