"""How often a disagreement between sources is seen, and how often one is seen where there is none.

    python benchmarks/disagreements.py ARTICLES [--index INDEX] [--labelled FILE] [--none QUESTIONS.jsonl ...]

Needs no language model; without --index the articles are indexed in a temporary folder first. A line of the labelled
file has a `kind` and, where sources say different things, `sides`: for each side the places that say it, as `file`,
`start` and `end` (characters) with `values` in our own words. A finding is right where the kind is "disagreement" and
its two sentences stand on two sides. "calendar" (one day in two calendars) and "agreement" want no finding, and so does
every question of the files given with --none, whose articles the index must hold too.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from askoctober import Config, Retriever
    from askoctober.types import Evidence, Message

LABELLED = Path(__file__).parent.parent / "tests" / "shelves" / "disagreements.jsonl"
POSITIVE = "disagreement"
Spot = tuple[str, int, int]
"""Path of an article, start and end."""


def sides_of(spots: Sequence[Spot], sides: Sequence[Sequence[dict[str, Any]]]) -> set[int]:
    """Return the numbers of the sides on which these sentences stand."""
    return {
        number
        for number, side in enumerate(sides)
        for place in side
        if any(path == place["file"] and start < place["end"] and place["start"] < end for path, start, end in spots)
    }


def outcome(kind: str, found: set[int] | None, shown: set[int]) -> str:
    """Return "right", "wrong", "missed", "not shown" or "quiet"; `found` and `shown` are sides, None is no finding."""
    if found is not None:
        return "right" if kind == POSITIVE and len(found) >= 2 else "wrong"
    if kind != POSITIVE:
        return "quiet"
    return "missed" if len(shown) >= 2 else "not shown"


def spots_of(evidence: Sequence[Evidence]) -> list[Spot]:
    """Return where each sentence of the evidence stands, in order."""
    return [(piece.article.path, span.start, span.end) for piece in evidence for span in piece.sentences]


def look(
    question: str, history: Sequence[Message], retriever: Retriever, config: Config, alike: bool
) -> tuple[list[Spot], tuple[int, int] | None]:
    """Return the sentences that the assistant would show for a question, and the two that it says differ."""
    from askoctober.answering.disagreement import find_disagreement
    from askoctober.answering.evidence import select
    from askoctober.evaluation.retrieval import searched
    from askoctober.retrieval.parts import split_parts

    asked = retriever.with_other_dates(searched(question, history))
    hits = retriever.search(asked, config.passages)
    selection = select(asked, hits, retriever, config.evidence_tokens, split_parts(question))
    spots = spots_of(selection.evidence)
    texts = {piece.article.path: piece.article.text for piece in selection.evidence}
    vectors = retriever.encoder.encode([texts[path][start:end] for path, start, end in spots])
    found = find_disagreement(
        question, selection.evidence, selection.relevance[0], vectors if alike else None, retriever.calendars
    )
    return spots, found


@contextlib.contextmanager
def opened(articles: Path, index: Path | None) -> Iterator[Retriever]:
    """Yield the retriever of an index, made of the articles where none is given."""
    from askoctober import Config, Retriever
    from askoctober.building import build

    if index is not None:
        yield Retriever.load(index)
        return
    with tempfile.TemporaryDirectory() as folder:
        config = Config(corpus=articles, index=Path(folder) / "index")
        build(config)
        yield Retriever.load(config.index)


def main() -> None:
    from askoctober import Config
    from askoctober.evaluation.questions import read_questions

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=Path)
    parser.add_argument("--index", type=Path, help="an index of the articles that is there already")
    parser.add_argument("--labelled", type=Path, default=LABELLED)
    parser.add_argument("--tokens", type=int, help="how much evidence is read, in tokens (default: as configured)")
    parser.add_argument("--passages", type=int, help="of how many passages (default: as configured)")
    parser.add_argument("--words-alone", action="store_true", help="without the cosine of the two sentences")
    parser.add_argument("--none", type=Path, nargs="*", default=[], help="questions without a disagreement")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.labelled.read_text(encoding="utf-8").splitlines() if line.strip()]
    for path in options.none:
        rows += [
            {"id": each.id, "kind": path.stem, "question": each.question, "history": each.history}
            for each in read_questions(path)
        ]
    config = Config().replace(
        {
            key: value
            for key, value in (("evidence_tokens", options.tokens), ("passages", options.passages))
            if value is not None
        },
        "the command line",
    )
    counts: Counter[tuple[str, str]] = Counter()
    with opened(options.articles, options.index) as retriever:
        held = {article.path for article in retriever.store.articles()}
        lacking = {place["file"] for row in rows for side in row.get("sides", ()) for place in side} - held
        if lacking:
            parser.error(f"the index lacks {', '.join(sorted(lacking))}; give the articles that were labelled")
        for row in rows:
            spots, pair = look(row["question"], row.get("history", ()), retriever, config, not options.words_alone)
            sides = row.get("sides", [])
            found = None if pair is None else sides_of([spots[at] for at in pair], sides)
            result = outcome(row["kind"], found, sides_of(spots, sides))
            counts[row["kind"], result] += 1
            if result != "quiet":
                where = "" if pair is None else f"  {spots[pair[0]]} {spots[pair[1]]}"
                print(f"{row['id']:6} {result:9} {row['question']}{where}")
    print(f"\n{'kind':14} {'questions':>9} {'right':>6} {'wrong':>6} {'missed':>6} {'not shown':>9} {'quiet':>6}")
    for kind in dict.fromkeys(row["kind"] for row in rows):
        of_kind = [counts[kind, result] for result in ("right", "wrong", "missed", "not shown", "quiet")]
        print(
            f"{kind:14} {sum(of_kind):9} " + " ".join(f"{n:{w}}" for n, w in zip(of_kind, (6, 6, 6, 9, 6), strict=True))
        )
    right = counts[POSITIVE, "right"]
    findings = right + sum(number for (_, result), number in counts.items() if result == "wrong")
    positives = sum(number for (kind, _), number in counts.items() if kind == POSITIVE)
    shown = positives - counts[POSITIVE, "not shown"]
    precision = f"{right / findings:.2f}" if findings else "none found"
    print(f"\nprecision {precision} ({right}/{findings})  recall {right}/{positives}, of those shown {right}/{shown}")


if __name__ == "__main__":
    main()
