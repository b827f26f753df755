"""Bytes to characters, one for one: no newline is translated, only a byte order mark is dropped."""

from __future__ import annotations

import codecs
import re
from itertools import pairwise

from charset_normalizer import CharsetMatch, from_bytes

from askoctober.errors import CorpusError

CANDIDATES = (
    "cp1252", "latin_1", "cp1251", "koi8_r", "cp866", "cp1250", "iso8859_15", "iso8859_2", "iso8859_5", "koi8_u",
    "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "mac_roman", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr",
)  # fmt: skip
"""Encodings that articles are found in, likelier first. Among all that exist, short texts look like rarities."""

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
CONVERT = "convert it with: iconv -f ITS-ENCODING -t UTF-8"
SAMPLE = 100_000
"""Characters that are enough to tell near ties apart."""

CLOSE_CHAOS = 0.03
CLOSE_COHERENCE = 0.1
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_C1 = re.compile(r"[\x80-\x9f]")
_INSIDE_WORDS = frozenset("’–—…·\xa0\xad")


def decode(data: bytes) -> str:
    """Return the characters of a file.

    UTF-8, or what a byte order mark says, else the best guess of charset-normalizer.

    Raises:
        CorpusError: the bytes are not text, or no guess is clearly the best; the message is a predicate
            of the file ("is not ...").
    """
    for mark, name in MARKS:
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(name)
            except UnicodeDecodeError as error:
                where = error.start + len(mark)
                raise CorpusError(f"is marked as {name} but byte {where} is not; save it as UTF-8.") from error
            return _refuse_controls(text)
    try:
        return _refuse_controls(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        broken_at = error.start
    lenient = data.decode("utf-8", "replace")
    broken = lenient.count("\ufffd")
    if sum(not character.isascii() for character in lenient) - broken > 4 * broken:
        places = "1 place" if broken == 1 else f"{broken} places"
        # A guess would turn the sound majority into another alphabet's letters without a word.
        raise CorpusError(f"is UTF-8 but damaged in {places}, first at byte {broken_at}; correct it.")
    if _CONTROL.search(data.decode("latin-1")):  # none of the candidates writes a letter with these bytes
        raise CorpusError(f"holds control characters and looks binary; remove it, or {CONVERT}.")
    return _guess(data)


def _guess(data: bytes) -> str:
    """Return the text in the likeliest legacy encoding.

    Near ties are common between encodings of one family: the reading with the fewest symbols and capitals inside words
    wins, then the more usual encoding. A tie with no language recognised is no basis for a guess.
    """
    matches = [
        match
        for match in from_bytes(data, cp_isolation=list(CANDIDATES), preemptive_behaviour=False, enable_fallback=False)
        if not _CONTROL.search(str(match)) and not _C1.search(str(match))
    ]
    if not matches:
        raise CorpusError(f"is neither UTF-8 nor in another encoding that is recognised; {CONVERT}.")
    best = matches[0]
    close = [
        match
        for match in matches
        if match.chaos <= best.chaos + CLOSE_CHAOS and match.coherence >= best.coherence - CLOSE_COHERENCE
    ]
    if not best.coherence and len({str(match) for match in close}) > 1:
        raise CorpusError(f"is not UTF-8 and too short to recognise its encoding; {CONVERT}.")
    return str(min(close, key=lambda match: (_oddities(str(match)), _commonness(match))))


def _oddities(text: str) -> int:
    """Count symbols between letters and capitals after small letters: rare in prose, common in a wrong decoding."""
    text = text[:SAMPLE]
    capitals = sum(a.islower() and b.isupper() for a, b in pairwise(text))
    symbols = sum(
        not (b.isascii() or b.isalpha() or b in _INSIDE_WORDS) and a.isalpha() and c.isalpha()
        for a, b, c in zip(text, text[1:], text[2:], strict=False)
    )
    return capitals + symbols


def _commonness(match: CharsetMatch) -> int:
    return min(CANDIDATES.index(name) for name in match.could_be_from_charset if name in CANDIDATES)


def _refuse_controls(text: str) -> str:
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise CorpusError(
            f"holds the control character U+{ord(found.group()):04X} in line {line}; remove it, or {CONVERT}."
        )
    return text
