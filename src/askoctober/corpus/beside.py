"""What lies beside articles under a name of theirs and is none: parts of a saved page, and JSON of programs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from askoctober.corpus.encoding import MARKS
from askoctober.corpus.formats import HTML, SQUAD, ending_of, format_of

PARTS = "parts of saved pages"
SETTINGS = ".json without articles"
JSON_HEAD = 1 << 16
"""Bytes of a JSON file that are looked at."""
PROSE = 20
"""Words of a string that is prose; names, paths and one-line descriptions have fewer."""
TEXT = 100
"""Words of a string that is a text; what a program says of itself has fewer."""

_PAGES = (".html", ".htm", ".xhtml")
_PARTS_ENDS = tuple(
    "_files .files _archivos _arquivos _bestanden _bylos -Dateien _datoteke _dosyalar _elemei _failid _fails _fajlovi"
    " _ficheiros _fichiers _file -filer _fitxategiak _fitxers _pliki _soubory _tiedostot".split()
)
"""What browsers put behind the name of a page for the folder of its pictures and frames, in their users' languages."""
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*+)("\s*:|"|\\?\Z)|[\[\]{}]', re.DOTALL)
"""A string that has begun always matches, though it does not end: else the search would begin anew in it, and again."""


def folders_of_parts(names: Iterable[str]) -> set[str]:
    """Return what the folders that belong to saved pages among the names of one folder would be called."""
    pages = (name for name in names if format_of(name) is HTML and ending_of(name) in _PAGES)
    return {page[: -len(ending_of(page))] + end for page in pages for end in _PARTS_ENDS}


def is_settings(name: str, head: bytes) -> bool:
    """Whether a file is JSON for a program rather than a set of texts, by its first JSON_HEAD bytes.

    A set of texts has prose in a list, a longer text anywhere, SQuAD's paragraphs, or one object after another. What is
    empty or no JSON is not judged here: it fails when it is read, and is told.
    """
    if format_of(name) is not SQUAD:
        return False
    text = next((head[len(mark) :].decode(code, "ignore") for mark, code in MARKS if head.startswith(mark)), None)
    text = head.decode("utf-8", "replace") if text is None else text
    if "\0" in text or not re.match(r'\s*(?:\{\s*["}]|\[\s*(?:["\[{\]\d-]|true|false|null))', text):
        return False
    around: list[str] = []
    lists = values = 0
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in ("[", "{"):
            values += not around
            around.append(sign)
            lists += sign == "["
        elif sign in ("]", "}"):
            lists -= bool(around) and around.pop() == "["
        elif token[2].endswith(":"):
            if lists and token[1] == "paragraphs":
                return False
        elif _is_prose(token[1], PROSE if lists else TEXT):
            return False
    return values == 1


def _is_prose(string: str, fewest: int) -> bool:
    """Whether a string has so many words; scripts without spaces, in letters or escapes, are told by their length."""
    unspaced = sum(not letter.isascii() for letter in string) + string.count("\\u")
    return len(string.split()) >= fewest or unspaced >= 3 * fewest
