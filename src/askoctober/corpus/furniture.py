"""What a web page puts around an article, blanked: sign-ups, donations, navigation, notices, repeated captions.

Some lines are furniture wherever they stand ("Sign up for our daily newsletter"). Others, such as "Home" or "Further
reading", could head a section of the article: they count only before its first sentence or after its last. To leave a
piece of furniture in costs a little retrieval; to take a sentence out costs an answer. So every rule is for a whole
line, and none touches a line that is long or reads as a sentence.
"""

from __future__ import annotations

import re
from typing import TypeAlias

LONGEST_LINE = 120
LONGEST_SENTENCE = 12
"""Words; with more than these before a full stop a line is a sentence of the article, whatever it says."""

Line: TypeAlias = tuple[int, int]
"""Start and end of a line's characters, without its line end."""

_LINE = re.compile(r"[^\r\n]+")
_NETWORK = r"(?:facebook|twitter|x|bluesky|mastodon|threads|instagram|linkedin|reddit|telegram|tiktok|whatsapp|youtube)"
_LETTERS = r"(?:newsletters?|e-?mails?|e-?mail (?:updates?|alerts?)|mailing list|(?:daily|weekly) (?:updates?|digest))"
_PIECE = r"(?:article|page|post|story|piece)"

# A page that shows its loading notice on the line of another text: the notice alone is blanked there.
_NOTICE = re.compile(r"\s*(?:downloading pdf\.\s+please wait(?:\.{1,3}|…)\s*)+", re.IGNORECASE)

_ANYWHERE = (
    rf"(?:sign up|subscribe|register)(?: now| here| today)? (?:for|to) (?:our|the|your)\b.*\b{_LETTERS}\b.*",
    rf"get (?:our|the latest) .*\b{_LETTERS}\b.*",
    rf"this {_PIECE} is (?:over|more than) \d+ (?:year|month|week|day)s?(?:,? (?:and )?\d+ (?:month|week|day)s?)? old",
    rf"share (?:this(?: {_PIECE})?|(?:this )?on {_NETWORK}|(?:this )?(?:via|by) e-?mail)",
    rf"(?:print|e-?mail|tweet|bookmark) this(?: {_PIECE})?",
    rf"follow us on {_NETWORK}(?:(?:,| and|, and) {_NETWORK})*",
    rf"listen to this {_PIECE}",
    r"skip to (?:main |the )?(?:content|navigation)",
    r"(?:back|return) to (?:the )?top(?: of (?:the )?page)?",
    r"advertisements?|sponsored(?: content)?|story continues below(?: advertisement)?",
    r"read more|continue reading|click here(?: to .*)?",
)
_AT_AN_EDGE = (
    r"home(?: ?page)?|(?:main )?menu|search|print|e-?mail|share|tweet|subscribe(?: (?:now|today))?",
    r"log ?in|sign (?:in|up)|contact(?: us)?|about us|site ?map|loading(?:\.*|…)",
    rf"(?:previous|next|older|newer)(?: (?:{_PIECE}|issue|chapter|section))?|prev",
    r"(?:latest|recent|top|breaking|more) (?:news|stories|articles|posts|headlines)",
    r"(?:further|related) reading|related (?:articles?|posts?|stories|news|content|links|topics)",
    r"(?:from (?:the|our) )?archives?|see also|you (?:may|might) also like",
    r"recommended(?: for you)?|most (?:read|popular)",
    r"(?:make a )?(?:donation|donate)(?: (?:now|today|here))?|(?:make a donation|donate) to .*[^.]",
    r"help (?:us )?(?:fund|support) (?:us|our|the)\b.*[^.]",
    r"support (?:us|our (?:work|journalism|site))(?: (?:now|today))?",
    r"become a (?:member|supporter|subscriber|patron)(?: (?:now|today))?",
    r"follow us(?: on)?|(?:join|find|like) us on .*[^.]",
    r"(?:we|this (?:web ?)?site) uses? cookies\b.*|(?:accept|reject|allow|manage)(?: all)?(?: cookies)?",
    r"(?:cookies?|privacy)(?: (?:policy|settings|preferences|notice))",
    r"terms (?:of (?:use|service)|(?:and|&) conditions)|comments are closed\.?",
    r"leave a (?:comment|reply)|(?:no|\d+) comments?",
    r"(?:©|copyright (?:©|\(c\)|\d{4})|\(c\) ?\d{4}).*|.*\ball rights reserved\.?",
    r"powered by \w+|\d+ min(?:ute)?s? read",
)
_FURNITURE = re.compile("|".join(_ANYWHERE), re.IGNORECASE)
_EDGE_FURNITURE = re.compile("|".join(_AT_AN_EDGE), re.IGNORECASE)
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_ORNAMENT = " \t|•·«»‹›←→<>↑▲:"
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]*_]*\s*(?:\d{1,4}|\[\d{1,4}\])?\s*$")
_CAPTION_END = re.compile(r"(?<![.!?…])[\w\"'”’»)\]]$")


def blank_furniture(text: str) -> str:
    """Return the text with page furniture replaced by spaces, character for character; line ends stay.

    Doing it twice is doing it once.
    """
    characters = list(text)
    spans = []
    for line in _LINE.finditer(text):
        start, end = line.span()
        notice = _NOTICE.match(line[0]) if _may_be_furniture(line[0]) else None
        if notice:
            characters[start : start + notice.end()] = " " * notice.end()
            start += notice.end()
        if text[start:end].strip():
            spans.append((start, end))
    furniture = _furniture(text, spans)
    captions = _repeated_captions(text, [span for span in spans if span not in furniture])
    for start, end in furniture | captions:
        characters[start:end] = " " * (end - start)
    return "".join(characters)


def _furniture(text: str, spans: list[Line]) -> set[Line]:
    """Return the lines that are furniture.

    The edges are what comes before the first and after the last line that ends like a sentence and could not be
    furniture itself. Without any such line nothing says where the article begins, and no line is at an edge.
    """
    lines = [text[start:end].strip() for start, end in spans]
    prose = [row for row, line in enumerate(lines) if _ends_sentence(line) and not _is_furniture(line, True)]
    first, last = (prose[0], prose[-1]) if prose else (0, len(lines))
    return {spans[row] for row, line in enumerate(lines) if _is_furniture(line, row < first or row > last)}


def _may_be_furniture(line: str) -> bool:
    line = line.strip()
    if len(line) > LONGEST_LINE:
        return False
    return not (_ends_sentence(line) and len(line.split()) > LONGEST_SENTENCE)


def _ends_sentence(line: str) -> bool:
    return bool(_SENTENCE_END.search(line[-40:]))  # the end is enough, and keeps the search linear


def _is_furniture(line: str, at_an_edge: bool) -> bool:
    if not _may_be_furniture(line):
        return False
    words = _LINK.sub(r"\1", line).strip(_ORNAMENT)
    return bool(_FURNITURE.fullmatch(words.rstrip(".!")) or (at_an_edge and _EDGE_FURNITURE.fullmatch(words)))


def _repeated_captions(text: str, spans: list[Line]) -> set[Line]:
    """Return the lines that repeat the one directly above, as pages do with the caption of a picture.

    Only a pair that is followed by an empty line and reads as a name or a title counts: verse and tables repeat too.
    """
    lines = ["", "", *(text[start:end].strip() for start, end in spans), ""]
    repeated = set()
    for row, (start, end) in enumerate(spans):
        before, above, line, below = lines[row : row + 4]
        if line != above or line in (before, below) or not _reads_as_caption(line):
            continue
        between = text[spans[row - 1][1] : start]
        after = text[end : spans[row + 1][0]] if row + 1 < len(spans) else "\n\n"
        if _breaks(between) == 1 and _breaks(after) > 1:
            repeated.add((start, end))
    return repeated


def _reads_as_caption(line: str) -> bool:
    return line[0].isupper() and len(line.split()) > 1 and len(line) <= LONGEST_LINE and bool(_CAPTION_END.search(line))


def _breaks(text: str) -> int:
    return len(re.findall(r"\r\n|\r|\n", text))
