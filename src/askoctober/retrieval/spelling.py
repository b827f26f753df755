"""Words of a question that the shelf does not have, brought to the spelling that it has.

A word is corrected only if no chunk holds it in any form: to the shelf's word that sounds alike when transliterated or
spelt otherwise (Kerenski, Trotskij, Czar, honour and honor), or else to the commonest one that is one slip away, two
for long words. Slips are counted as optimal string alignment distance (Damerau 1964), by rapidfuzz.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 5
LONG = 9
"""From this length on a word may have two slips; from `SHORTEST` on one."""
MOST_READ = 5_000_000
RARE = 4
"""A sound-alike of fewer letters could be any word."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_BEYOND_ALPHABETS = "\u0590"
_AMERICAN = tuple(
    (re.compile(pattern), other)
    for pattern, other in ((r"our", "or"), (r"is(?=e|ing|ation|ed)", "iz"), (r"(?<=[bcdgt])re$", "er"), (r"ll", "l"))
)
_POSSESSIVE = re.compile(r"(.+?)(['’]s?|)")
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("['’`]", ""),
        (r"^(?:cz|tz|ts)", "ts"),
        (r"(?:tch|tsch|tsh|cz)", "ch"),
        (r"(?:sch|sh)", "sh"),
        (r"(?:kh|ch(?=[lrtv]))", "h"),
        (r"(?:zh|dj)", "j"),
        (r"(?:skij|skyi|skii|skiy|sky|ski)$", "ski"),
        (r"(?:off|ov|ow)$", "ov"),
        (r"(?:eff|ev|yev|iev|jev)$", "ev"),
        (r"ks", "x"),
        (r"[wv]", "v"),
        (r"ph", "f"),
        (r"ou(?=r)", "o"),
        (r"is(?=e|ing|ation|ed)", "iz"),
        (r"re$", "er"),
        (r"ae|oe", "e"),
        (r"ij|iy|yi|ii", "i"),
        (r"[yj]", "i"),
        (r"i(?=[aeou])", ""),
        (r"(.)\1", r"\1"),
    )
)


class Spelling:
    """The words of a shelf, by how often they stand there and by how they sound."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Read the words of the texts, of the first `MOST_READ` characters; takes some seconds at most."""
        self._counts: Counter[str] = Counter()
        read = 0
        for text in texts:
            if read > MOST_READ:
                break
            self._counts.update(_WORD.findall(text.casefold()))
            read += len(text)
        self._by_sound: dict[str, list[str]] = defaultdict(list)
        self._by_first: dict[str, list[str]] = defaultdict(list)
        for word in self._counts:
            if len(word) >= RARE:
                self._by_sound[sound(word)].append(word)
                self._by_first[word[0]].append(word)

    def correct(self, question: str, is_known: Callable[[str], bool], is_word: Callable[[str], bool]) -> str:
        """Return the question with each word that is not known in the shelf's spelling, where there is a near one.

        `is_known` says whether the shelf has a word in any form; `is_word` whether it is one at all, so that only
        another spelling of the same word may take its place.
        """

        def better(match: re.Match[str]) -> str:
            word, ending = _POSSESSIVE.fullmatch(match.group()).groups()  # type: ignore[union-attr]
            if not _may_be_corrected(word) or is_known(word):
                return match.group()
            folded = word.casefold()
            found = self._alike(folded, is_word(word))
            if not found and not is_word(word):
                found = self._near(folded)
            return ((found.capitalize() if word[0].isupper() else found) + ending) if found else match.group()

        return _WORD.sub(better, question)

    def _alike(self, word: str, is_word: bool) -> str:
        """The commonest word that sounds the same; for a word that there is, only its British or American form."""
        alike = self._by_sound.get(sound(word), ())
        if is_word:
            alike = [other for other in alike if _american(other) == _american(word)]
        return max(alike, key=lambda other: self._counts[other], default="")

    def _near(self, word: str) -> str:
        """The nearest word with the same first letter, the commonest of several."""
        if len(word) < SHORTEST:
            return ""
        slips = 2 if len(word) >= LONG else 1
        found = process.extract(
            word, self._by_first.get(word[0], ()), scorer=OSA.distance, score_cutoff=slips, limit=None
        )
        return min(found, key=lambda entry: (entry[1], -self._counts[entry[0]]), default=("", 0, 0))[0]


def words_of(question: str) -> list[str]:
    """Return the words of a question that are long enough to be corrected."""
    words = [_POSSESSIVE.fullmatch(word)[1] for word in _WORD.findall(question)]  # type: ignore[index]
    return [word for word in words if _may_be_corrected(word)]


def _may_be_corrected(word: str) -> bool:
    """Whether a word is long enough, no contraction, and of an alphabet: elsewhere clauses have no spaces."""
    return len(word) >= RARE and "'" not in word and "’" not in word and max(word) < _BEYOND_ALPHABETS


def _american(word: str) -> str:
    for pattern, other in _AMERICAN:
        word = pattern.sub(other, word)
    return word


def sound(word: str) -> str:
    """Return a key that spellings of one word share: transliterations, British and American, doubled letters."""
    for pattern, key in _SOUNDS:
        word = pattern.sub(key, word)
    return word
