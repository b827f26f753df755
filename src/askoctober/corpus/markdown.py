"""Markdown: its front matter, and its first heading."""

from __future__ import annotations

import re

from askoctober.corpus.metadata import Metadata, clean, other_fields, parse_yaml
from askoctober.errors import CorpusError

LONGEST_HEADING = 500
"""Characters; a longer line is a paragraph with a number sign before it."""

_OPENING = re.compile(r"\s*?-{3,}[ \t]*(?:\r\n?|\n)")
_CLOSING = re.compile(r"(?<=[\r\n])(?:-{3,}|\.{3})[ \t]*(?=[\r\n]|\Z)")
_KEY = re.compile(r"[\"']?\w[\w -]*[\"']?:(?:\s|\Z)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_EMPHASIS = re.compile(r"(\*{1,3}|`+|(?<!\w)_{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)")


def blank(text: str) -> str:
    """Return spaces and the same line ends in place of a text, character for character."""
    return re.sub(r"[^\r\n]", " ", text)


def split_front_matter(text: str) -> tuple[Metadata, dict[str, str], str]:
    """Return what the front matter says, in our fields and in others, and the text of equal length without it: blanked.

    Lines of dashes are thematic breaks too: what stands between them is front matter only if it is a YAML mapping.

    Raises:
        CorpusError: front matter that does not end or is not YAML.
    """
    opening = _OPENING.match(text)
    if not opening:
        return {}, {}, text
    closing = _CLOSING.search(text, opening.end())
    if not closing:
        if _KEY.match(text, opening.end()):
            raise CorpusError("has front matter that does not end; close it with a line of three dashes.")
        return {}, {}, text
    table = parse_yaml(text[opening.end() : closing.start()])
    if table is not None and not isinstance(table, dict):
        return {}, {}, text
    return clean(table or {}), other_fields(table or {}), blank(text[: closing.end()]) + text[closing.end() :]


def find_title(text: str) -> str:
    """Return the first `# ` heading outside code, without its markup, or nothing."""
    fence = ""
    for line in re.split(r"\r\n?|\n", text):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip(" \t`~"):
                fence = ""
        elif mark:
            fence = mark[1]
        elif len(line) <= LONGEST_HEADING and (heading := _HEADING.fullmatch(line)):
            title = _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", heading[1])).strip()
            if title:
                return " ".join(title.split())
    return ""
