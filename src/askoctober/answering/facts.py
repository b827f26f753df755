"""The facts of a sentence that can be checked by looking: its numbers, dates and names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Set
from functools import lru_cache
from os.path import commonprefix

_TOKEN = re.compile(r"[^\W_]+(?:[.,]\d+)*(?:['’-][^\W_]+)*")
_NOTE = re.compile(r"(?<=[^\W\d_][.!?])(\d{1,4})(?=\s|$)|\[\d{1,4}\]")
_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^\s<>\"')]+|\b(?:javascript|data|mailto):[^\s<>\"')]+|<[/!]?[a-z][^<>]*>", re.I
)
"""A web address, or a tag: what a page or a front end would take for a link or a picture."""
_THOUSANDS = re.compile(r"[.,](?=\d{3}(?!\d))")
_PARTS = re.compile(r"[-'’]")
_BEFORE_OPENERS = ".!?…:\"“‘'("
_LONGEST_ENDING = 3
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
_COMPOUND = {"twenty": 20} | _TENS
_NUMBER_WORDS = {word: str(n) for words in (_CARDINALS, _ORDINALS) for n, word in enumerate(words)}
_NUMBER_WORDS |= {word: str(n) for word, n in _TENS.items()}
_NUMBER_WORDS |= {"hundred": "100", "thousand": "1000", "million": "1000000", "billion": "1000000000"}
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


def numbers(text: str, loose: bool = False) -> set[str]:
    """Return the numbers of a text as plain digits, those written in words included; notes' numbers are left out.

    With `loose`, words that seldom count ("one", "second") are numbers too: enough to support one, not to need support.
    """
    found = set()
    for token in _tokens(_NOTE.sub(" ", text)):
        if any(c.isdigit() for c in token):
            # "1,000" is one number and "3.5" another than "35"; of "13-14", "1917-18" and "25th" the parts count.
            found |= {n for part in re.split(r"[^\d.,]+", token) if part for n in _plain(part, loose)}
        else:
            found |= {n for word, n in _spelt(token.casefold()) if loose or word not in _LOOSE_NUMBERS}
    return found


def _plain(number: str, loose: bool) -> set[str]:
    """A number without its thousands' separators; of "138,000.724", whose end may be a note's, loosely also 138000."""
    if "," in number and "." in number:
        whole, _, rest = number.replace(",", "").rpartition(".")
        return {f"{whole}.{rest}", whole} if loose else {f"{whole}.{rest}"}
    return {_THOUSANDS.sub("", number).replace(",", ".")}


def _spelt(token: str) -> list[tuple[str, str]]:
    """The numbers written in a token, each with its word; "twenty-five" is one number, "ten-day" holds one."""
    tens, _, units = token.partition("-")
    if tens in _COMPOUND and units in _NUMBER_WORDS and len(_NUMBER_WORDS[units]) == 1:
        return [(token, str(_COMPOUND[tens] + int(_NUMBER_WORDS[units])))]
    return [(part, _NUMBER_WORDS[part]) for part in token.split("-") if part in _NUMBER_WORDS]


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
        if folded == "i" or (opens and (folded in OPENERS or folded in ordinary or _spelt(folded))):
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
    """Return the numbers, names and addresses of `claim` that `source` does not contain."""
    tokens = [part for token in _tokens(_NOTE.sub(" ", source)) for part in (token, *_PARTS.split(token)) if part]
    words = {fold(token) for token in tokens}
    capitalised = {fold(token) for token in tokens if token[0].isupper()}
    missing = numbers(claim) - numbers(source, loose=True)
    missing |= {address for address in _ADDRESS.findall(claim) if address.rstrip(".,;:!?") not in source}
    for name in names(claim, ordinary):
        parts = [part for part in name.split("-") if part]
        if name not in words and not all(_stands_in(part, words, capitalised) for part in parts):
            missing.add(name)
    return missing


def fold(word: str) -> str:
    """Return a word without case, accents and possessive ending."""
    plain = unicodedata.normalize("NFKD", word.casefold()).replace("’", "'")
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return plain.removesuffix("'s").removesuffix("'")


def _stands_in(name: str, words: Set[str], capitalised: Set[str]) -> bool:
    """Whether a word is among the words, or another form of it: SR for SRs, Russian or Russians for Russia.

    Beyond a plural only a capitalised word counts as a form of a name ("marched" is none of March), and only one that
    holds all of the shorter but its last letter (Martinov is none of Martov).
    """
    name = name.removesuffix("s")
    if not words.isdisjoint({name, name + "s"}):
        return True
    return any(
        abs(len(word) - len(name)) <= _LONGEST_ENDING
        and len(commonprefix((word, name))) >= max(_SHORTEST_STEM, min(len(word), len(name)) - 1)
        for word in (word.removesuffix("s") for word in capitalised)
    )


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)
