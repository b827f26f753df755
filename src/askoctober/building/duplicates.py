"""Find the same article in two places: MinHash signatures over word shingles, and the keys under which they meet.

A text becomes the set of its word 5-grams, after NFKC, case folding and without punctuation; the share of its 128
MinHash values that two texts have in common estimates the Jaccard similarity of their sets (Broder, 1997), with a
standard error of at most 0.044. Signatures that agree in one band of rows share a key (Leskovec, Rajaraman and Ullman,
Mining of Massive Datasets, 3.4): look up the keys, compare with what stands there, and no pair is tried in vain.

What a signature depends on: the affine 32-bit scheme of datasketch 2 and its seed, `numpy.random.RandomState` (frozen
by NumPy), SHA-1, and the Unicode tables of Python for letters newer than its version. None depends on the machine; a
test holds a signature by its values. `METHOD` changes with any of it, so that kept signatures can be told apart.

Cost: 2.7 ms for an article of 1,500 words on one core, as `python tests/test_duplicates.py` prints.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from datasketch import MinHash

Signature: TypeAlias = NDArray[np.uint32]
"""The least value of each permutation, shape (PERMUTATIONS,)."""

METHOD = "minhash-affine32-128-seed1917-words5"
"""What a kept signature was made by; one made by another cannot be compared."""
PERMUTATIONS = 128
SEED = 1917
SHINGLE = 5
"""Words: fewer are shared by articles on one subject, more are broken by every small edit."""
FEWEST_WORDS = 20
"""A text of fewer is one shingle, so that it is a copy of its equal alone: one word changes what a short note says."""
BANDS, ROWS = 18, 7
"""18 bands of 7: a pair of similarity 0.8 shares a key with a probability of 0.985, of 0.9 always, of 0.5 with 0.13."""
COPY, OWN = 0.75, 0.2
"""Least similarity of a copy, and the most of both texts together that one of the two may have for itself.

One word that is changed breaks five shingles in both texts, so that small edits all over a text cost much similarity
and little of what either says: 1 word in 50 changed leaves 0.82, with 0.09 for each. What is longer has all that is
different for itself: a text that lacks a fifth of another's words lies on the border, for what is longer by more has
something of its own to say, and to show an article twice costs less than to hide a part of one. Half of a text has 0.5
with the whole, below by more than five standard errors, and two articles on one subject are near 0. The table is in
`tests/test_duplicates.py`.
"""
_BLOCK = 4096
# Scripts that put no spaces between words count by the letter: kana, CJK, Thai, Lao, Khmer, Burmese.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+")
# Marks that break a word where none is seen to break: soft hyphen, zero-width space and joiners, byte order mark.
_UNSEEN = dict.fromkeys((0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))


def signature(text: str) -> Signature:
    """Return the MinHash signature of a text, shape (PERMUTATIONS,); equal words give equal signatures.

    Time is linear in the text, and memory bounded beside it, for shingles are taken in blocks.
    """
    made = _blank().copy()
    shingles = _shingles(text)
    while block := list(islice(shingles, _BLOCK)):
        made.update_batch(block)
    return np.asarray(made.hashvalues, dtype=np.uint32)


def bands(signature: Signature) -> tuple[bytes, ...]:
    """Return the keys under which a text's near-duplicates are found: one a band, each of which names its band."""
    rows = np.ascontiguousarray(signature[: BANDS * ROWS], dtype="<u4").reshape(BANDS, ROWS)
    return tuple(bytes([band]) + row.tobytes() for band, row in enumerate(rows))


def similarity(a: Signature, b: Signature) -> float:
    """Return the estimated Jaccard similarity of two texts, in [0, 1]."""
    return float(np.count_nonzero(a == b)) / PERMUTATIONS


def is_copy(a: Signature, b: Signature) -> bool:
    """Whether two texts are the same article, all but word for word.

    Where two least values differ, the lower one comes from a shingle that only its text has: so the share of the values
    in which one text is below estimates what it has for itself, as the share of the equal ones does what both have.
    """
    own = max(int(np.count_nonzero(a < b)), int(np.count_nonzero(b < a))) / PERMUTATIONS
    return similarity(a, b) >= COPY and own <= OWN


def _shingles(text: str) -> Iterator[bytes]:
    """Yield the word 5-grams; of a short text all its words as one, of one without words its characters."""
    plain = unicodedata.normalize("NFKC", text.translate(_UNSEEN)).casefold()
    words = _WORD.findall(plain)
    if len(words) < FEWEST_WORDS:
        whole = " ".join(words) or "".join(plain.split())
        yield b"short " + whole.encode("utf-8", "surrogatepass")
        return
    coded = [word.encode("utf-8", "surrogatepass") for word in words]
    for start in range(len(coded) - SHINGLE + 1):
        yield b" ".join(coded[start : start + SHINGLE])


@cache
def _blank() -> MinHash:
    """Return a signature of nothing, whose permutations every other one shares."""
    from datasketch import MinHash

    return MinHash(num_perm=PERMUTATIONS, seed=SEED, scheme="affine32", gpu_mode="disable")
