"""Do the numbers, dates and names of a sentence occur in its quotes? Simple and strict, and apart from what is tested.

The assistant checks its sentences with rules of its own; this measure shares none of them. What counts:

- numbers: runs of digits ("1,000" is 1000, "10-2" is 10 and 2), and words from "two" to "twelve" and the tens;
- names, months and days among them: words with a capital, unless the same word stands in lower case somewhere on the
  shelf or in the question, or is an English function word.

A number occurs if the same number does. A name occurs if the same word does, whatever its case and accents, or one
that differs by an ending of up to three letters ("Russia", "Russians"); parts of hyphenated words count one by one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

SHORTEST_STEM = 4
LONGEST_ENDING = 3
_NUMBER = re.compile(r"\d+(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?")
_WORD = re.compile(r"[^\W\d_]+")
_POSSESSIVE = re.compile(r"['’]s\b")
_COUNTED = "two three four five six seven eight nine ten eleven twelve".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety hundred".split()
_SPELT = {word: str(n) for n, word in enumerate(_COUNTED, 2)} | {word: str(10 * n) for n, word in enumerate(_TENS, 2)}
_FUNCTION = frozenset(
    "a about after all also although among an and another any as at because before both but by despite did do does "
    "during each even every few finally first for from had has have he her here his how however i if in instead is it "
    "its later many meanwhile more moreover most neither no none nor not of on once one only or other our over several "
    "she since so some such that the their them then there these they this those though through thus to under unlike "
    "until upon was we were what when where whether which while who why with within without yes yet you".split()
)


def unsupported_claims(sentence: str, sources: Collection[str], ordinary: Collection[str]) -> set[str]:
    """Return the numbers and names of a sentence that occur in none of the sources.

    `ordinary` are the words that stand in lower case on the shelf or in the question (see `lower_case_words`).
    """
    has_numbers = {number for source in sources for number in numbers(source)}
    has_words = {word for source in sources for word in _words(source)}
    missing = numbers(sentence) - has_numbers
    return missing | {name for name in names(sentence, ordinary) if not any(_same(name, word) for word in has_words)}


def numbers(text: str) -> set[str]:
    """Return the numbers of a text as plain digits."""
    found = {number.replace(",", "") for number in _NUMBER.findall(text)}
    return found | {_SPELT[word] for word in _words(text) if word in _SPELT}


def names(text: str, ordinary: Collection[str]) -> set[str]:
    """Return the words of a text that pass for names, folded."""
    found = set()
    for word in _WORD.findall(_POSSESSIVE.sub("", text)):
        folded = _fold(word)
        if len(word) > 1 and word[0].isupper() and not ({folded} & (_FUNCTION | _SPELT.keys()) or folded in ordinary):
            found.add(folded)
    return found


def lower_case_words(texts: Iterable[str]) -> set[str]:
    """Return the words that stand in lower case somewhere in the texts: with a capital they are no names."""
    return {_fold(word) for text in texts for word in _WORD.findall(text) if word.islower()}


def _words(text: str) -> set[str]:
    return {_fold(word) for word in _WORD.findall(_POSSESSIVE.sub("", text))}


def _fold(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= SHORTEST_STEM and len(long) - len(short) <= LONGEST_ENDING and long.startswith(short)
