"""What every peer's script shares: its arguments, the row it writes for a question, and where a passage stands.

Only the standard library, because this file is imported in each peer's own environment. A script is called as

    python PEER.py ARTICLES QUESTIONS.jsonl OUT.jsonl --base-url URL --api-key KEY --embedder DIR [--k N]

and appends one JSON object a question to OUT.jsonl (a question that has its row is not asked again), and one object to
OUT.jsonl.once for the run: index_s, peak_mb, granularity, k. Offsets are characters of the article's file.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SEARCHED = 5
"""Passages asked of a peer's search for "needed facts found @5", however many its writer reads."""
REPLY_TOKENS = 512
LOST = "a passage was not found again in its article"
MODEL = "qwen2.5-coder-1.5b-instruct"
"""The name that the peers call the model by; the server has only one."""

_SOURCE = r"\b(?:contexts?|texts?|passages?|articles?|sources?|documents?|excerpts?|information|knowledge base)\b"
_NOT = r"(?:n['’]t|\s+not|\s+never)"
_TELLS = (
    r"(?:mention|provide|contain|specif|state|say|includ|give|discuss|describe|indicate|explain|answer|available|"
    r"address|tell|have|found|offer|cover|cite|list|identif)"
)
REFUSALS = re.compile(
    rf"{_SOURCE}[^.;]{{0,80}}\b(?:do|does|did|is|are|was|were|has|have|can){_NOT}\s+(?:\w+ly\s+)?{_TELLS}"
    rf"|{_SOURCE}[^.;]{{0,60}}\b(?:cannot|lacks?|(?:contains?|provides?|offers?|gives?) no|makes? no mention)\b"
    rf"|\bI(?:\s+do)?{_NOT}\s+(?:know|have|find|see)\b|\bI(?:['’]m| am) (?:sorry|unable|not able|not sure)\b"
    rf"|\bI (?:cannot|can['’]t|could{_NOT}) (?:answer|find|provide|determine|help)\b"
    r"|\bthere (?:is|was|are) no (?:\w+ ){0,3}(?:information|mention|evidence|answer|details?|sources?|results?)\b"
    r"|\bno (?:\w+ ){0,2}(?:information|mention|answer)\b[^.;]{0,60}\b(?:found|available|provided|given)\b"
    r"|\bnot (?:\w+ly )?(?:mentioned|stated|provided|specified|available|given|found|covered|included)\b"
    rf"[^.;]{{0,40}}{_SOURCE}"
    rf"|\bnone of the (?:\w+ ){{0,2}}{_SOURCE}|\b(?:cannot|can{_NOT}) be (?:answered|determined|found)\b",
    re.IGNORECASE,
)
_FIRST = re.compile(r"^.*?(?:[.!?](?=\s|$)|$)", re.DOTALL)


@dataclass(frozen=True)
class Passage:
    """A stretch of an article's file; `mark` is the number that the answer's text uses for it, if it uses numbers."""

    file: str
    start: int
    end: int
    mark: int | None = None


@dataclass(frozen=True)
class Reply:
    """What a peer answered. `first_s` is None where the peer does not stream; `declined` None where it has no flag.

    A passage of `cited` that is None could not be found again in its article. `remarks` name what a reader of the
    figures should know of this reply; they are counted.
    """

    text: str
    cited: Sequence[Passage | None] = ()
    first_s: float | None = None
    declined: bool | None = None
    total_s: float | None = None
    remarks: Sequence[str] = ()


@dataclass
class Peer:
    """How a peer indexes, searches and answers; `granularity` says in words what one of its citations spans."""

    granularity: str
    k: int
    search: Callable[[str], Iterable[Passage | None]]
    ask: Callable[[dict[str, Any]], Reply]
    notes: list[str] = field(default_factory=list)


class Article:
    """An article's text, in which passages are found again although a peer changed their white space."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text
        self.at = [place for place, character in enumerate(text) if not character.isspace()]
        self.dense = "".join(text[place] for place in self.at)

    def locate(self, passage: str, hint: int = 0) -> Passage | None:
        """Return where a passage stands, the first place from `hint` on; None if its characters do not stand there."""
        dense = "".join(passage.split())
        if not dense:
            return None
        near = next((i for i, place in enumerate(self.at) if place >= hint), 0) if hint else 0
        found = self.dense.find(dense, near)
        found = self.dense.find(dense) if found < 0 else found
        if found < 0:
            return None
        return Passage(self.file, self.at[found], self.at[found + len(dense) - 1] + 1)


def arguments(default_k: int) -> argparse.Namespace:
    """Parse what every peer's script is called with; k is the peer's own documented value unless it is given."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("articles", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--base-url", default="")
    parser.add_argument("--api-key", default="")
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--embedding-url", default="", help="where a peer without torch has its texts embedded")
    parser.add_argument(
        "--threads", type=int, default=0, help="of a language model in this process; 0: one a processor"
    )
    parser.add_argument("--k", type=int, default=0, help="passages the writer reads; 0: the peer's own default")
    options = parser.parse_args()
    options.k = options.k or default_k
    return options


def read_articles(folder: Path) -> dict[str, Article]:
    """Return the articles of a folder by file name; their line ends stay as they are, so that offsets hold."""
    paths = [path for path in sorted(folder.iterdir()) if path.suffix in (".txt", ".md")]
    if not paths:
        raise SystemExit(f"{folder} holds no .txt or .md article; name the folder of the articles.")
    return {path.name: Article(path.name, path.read_bytes().decode("utf-8")) for path in paths}


def standalone(question: dict[str, Any]) -> str:
    """Return what a peer without a conversation is asked: a follow-up has the earlier question in front."""
    earlier = [turn["content"] for turn in question.get("history", []) if turn["role"] == "user"]
    return " ".join([*earlier[-1:], question["question"]])


def refuses(text: str) -> bool:
    """Whether an answer declines: it is empty, or its first sentence says that the sources do not give the answer."""
    text = re.sub(r"\[\d+(?:\s*,\s*\d+)*\]", "", text).strip()
    first = _FIRST.match(text)
    return not text or text.casefold().startswith("empty response") or bool(first and REFUSALS.search(first.group()))


def answered(out: Path) -> dict[str, dict[str, Any]]:
    """Return the rows that were written, by id; a torn last line is left out."""
    rows = {}
    for line in out.read_text(encoding="utf-8").splitlines() if out.exists() else []:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        rows[row["id"]] = row
    return rows


def is_open(rows: dict[str, dict[str, Any]], id: str) -> bool:
    """Whether a question is still to be asked: it has no row, or one that is an error."""
    return id not in rows or "error" in rows[id]


def peak_mb() -> float:
    """Return the most memory that this process has held, in MB."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def serve(options: argparse.Namespace, build: Callable[[dict[str, Article]], Peer]) -> None:
    """Index the articles and ask what has no row yet."""
    articles = read_articles(options.articles)
    questions = [json.loads(line) for line in options.questions.read_text(encoding="utf-8").splitlines() if line]
    began = time.perf_counter()
    peer = build(articles)
    index_s = time.perf_counter() - began
    done = answered(options.out)
    with options.out.open("a", encoding="utf-8") as file:
        for number, question in enumerate(questions, start=1):
            if not is_open(done, question["id"]):
                continue
            row = {"id": question["id"], "question": question["question"], **_ask(peer, question)}
            file.write("\n" * (file.tell() > 0 and _torn(options.out)) + json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            print(f"{options.out.stem}: {number} of {len(questions)}, {row['total_s']:.1f} s", file=sys.stderr)
    once = {"index_s": index_s, "peak_mb": peak_mb(), "granularity": peer.granularity, "k": peer.k, "notes": peer.notes}
    options.out.with_suffix(".once").write_text(json.dumps(once), encoding="utf-8")


def _ask(peer: Peer, question: dict[str, Any]) -> dict[str, Any]:
    """Return what is written for a question; an error of the peer is its answer, by its name and message."""
    began = time.perf_counter()
    try:
        reply = peer.ask(question)
        total = reply.total_s or time.perf_counter() - began
        found = list(peer.search(standalone(question)))[:SEARCHED]
        lost = [LOST] if None in found or None in reply.cited else []
    except Exception as error:  # whatever a peer raises is what its user would have seen
        seconds = time.perf_counter() - began
        return {"error": f"{type(error).__name__}: {error}"[:500], "total_s": seconds, "first_token_s": None}
    return {
        "text": reply.text,
        "retrieved": [asdict(passage) for passage in found if passage],
        "cited": [asdict(passage) for passage in reply.cited if passage],
        "declined": refuses(reply.text) if reply.declined is None else reply.declined,
        "remarks": [*reply.remarks, *lost],
        "first_token_s": reply.first_s,
        "total_s": total,
    }


def _torn(path: Path) -> bool:
    """Whether a run that was killed left a line without its end."""
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) != b"\n"
