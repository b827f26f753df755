"""Whether a quote says the opposite of a sentence in nearly the same words: negation, and who did what to whom.

Sentence vectors hardly tell "the vote was held" from "the vote was not held", or "A defeated B" from "B defeated A".
Both are looked for in the words themselves, near the words that sentence and quote share, and only where the mismatch
is plain: a sentence of several clauses may hold a "not" that has nothing to do with the claim.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from askoctober.answering.facts import fold
from askoctober.answering.words import LIGHT, stem

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[,;:.!?()—–]")
_STOPS = frozenset(",;:.!?()—–")
_NEGATIONS = frozenset("not never no none nobody neither nor without cannot hardly failed refused unable".split())
_AFFIRMING = {"until", "till", "only", "merely"}
_REACH = 4
"""How many words after a negation it may bear on, within its clause."""
_OPPOSITE = {"for": "against", "against": "for"}
_SIDE_REACH = 3
_BESIDE_COUNTS = frozenset(",()—–")
_APART = 4
"""Names with more words than this between them are in no plain "A did B"."""
_PASSIVE = frozenset({"was", "were", "been", "being", "is", "are", "be", "got"})


def contradicts(claim: str, quote: str) -> bool:
    """Whether `quote` negates what `claim` says, or the other way round, or swaps who did it to whom, or the sides."""
    ours, theirs = _words(claim), _words(quote)
    return _negation_differs(ours, theirs) or _roles_differ(ours, theirs) or _sides_differ(ours, theirs)


def _negation_differs(claim: Sequence[str], quote: Sequence[str]) -> bool:
    """Whether a word is denied in one of the two and only said without any negation near it in the other."""
    claim_denied, claim_held = _polarity(claim)
    quote_denied, quote_held = _polarity(quote)
    return bool(claim_denied & quote_held) or bool(claim_held & quote_denied)


def _polarity(words: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return the stems of the words of weight right after a negation, and of those that are never near one."""
    denied: set[str] = set()
    near: set[str] = set()
    held: set[str] = set()
    for clause in _clauses(words):
        reach, first = 0, False
        # "Not until" and "not only" affirm.
        affirms = not _AFFIRMING.isdisjoint(clause)
        for word in clause:
            if _is_negation(word):
                reach, first = (0, False) if affirms else (_REACH, True)
                continue
            if fold(word) not in LIGHT:
                (denied if first else near if reach else held).add(stem(word))
                first = False
            reach = max(reach - 1, 0)
    return denied - held, held - denied - near


def _roles_differ(claim: Sequence[str], quote: Sequence[str]) -> bool:
    """Whether two names stand around the same verb in the two, but the other way round and in the same voice."""
    ours, theirs = _actions(claim), _actions(quote)
    return any(
        (patient, verb, agent) in theirs and (agent, verb, patient) not in theirs for agent, verb, patient in ours
    )


def _actions(words: Sequence[str]) -> set[tuple[str, str, str]]:
    """Return (agent, verb, patient) for each word in lower case between two names of one clause, passives turned."""
    found: set[tuple[str, str, str]] = set()
    for clause in _clauses(words):
        names = [at for at, word in enumerate(clause) if word[0].isupper() and fold(word) not in LIGHT]
        for first, second in zip(names, names[1:], strict=False):
            between = clause[first + 1 : second]
            if len(between) > _APART:
                continue
            agent, patient = fold(clause[first]), fold(clause[second])
            if between[-1:] == ["by"] and not _PASSIVE.isdisjoint(between):
                agent, patient = patient, agent
            found |= {(agent, stem(verb), patient) for verb in between if fold(verb) not in LIGHT}
    return found


def _sides_differ(claim: Sequence[str], quote: Sequence[str]) -> bool:
    """Whether the same word is followed by "for" in one of the two and by "against" in the other."""
    ours, theirs = _sides(claim), _sides(quote)
    return any((word, _OPPOSITE[side]) in theirs and (word, side) not in theirs for word, side in ours)


def _sides(words: Sequence[str]) -> set[tuple[str, str]]:
    """Return each word of weight with the "for" or "against" that follows it closest in its clause.

    A count between them ("voted, 12 to 3, for") does not part them.
    """
    found = set()
    for clause in _clauses(_without_counts(words)):
        for at, word in enumerate(clause):
            side = next((after for after in clause[at + 1 : at + 1 + _SIDE_REACH] if after in _OPPOSITE), "")
            if side and fold(word) not in LIGHT:
                found.add((stem(word), side))
    return found


def _without_counts(words: Sequence[str]) -> list[str]:
    """Leave out numbers, and the commas and brackets beside them."""
    kept = [at for at, word in enumerate(words) if not word[0].isdigit()]
    numbers = set(range(len(words))) - set(kept)
    return [words[at] for at in kept if not (words[at] in _BESIDE_COUNTS and (at - 1 in numbers or at + 1 in numbers))]


def _clauses(words: Sequence[str]) -> list[list[str]]:
    clauses: list[list[str]] = [[]]
    for word in words:
        if word in _STOPS:
            clauses.append([])
        else:
            clauses[-1].append(word)
    return clauses


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _is_negation(word: str) -> bool:
    folded = word.casefold().replace("’", "'")
    return folded in _NEGATIONS or folded.endswith("n't")
