"""Do the citations hold? Against gold quotes, and sentence by sentence in the manner of ALCE (Gao et al. 2023).

`answer` is the JSON object of `askoctober ask`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from askoctober.evaluation.judging import Judge, supports
from askoctober.evaluation.retrieval import Fact, Place, facts_found


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says of one sentence: whether its quotes support it, and which of its citations are precise."""

    text: str
    supported: bool
    precise: tuple[bool, ...]


def cited_places(answer: Mapping[str, Any]) -> list[Place]:
    """Return where the quotes of an answer stand."""
    return [Place(c["article"]["path"], c["start"], c["end"]) for c in answer["citations"]]


def facts_cited(answer: Mapping[str, Any], facts: Sequence[Fact], *, every: bool) -> bool:
    """Whether a cited quote covers a needed fact; with `every`, as several sources need it, each needed fact."""
    share = facts_found(cited_places(answer), facts)
    return share == 1.0 if every else share > 0


def judge_sentences(answer: Mapping[str, Any], judge: Judge) -> list[Verdict]:
    """Return the verdict on each sentence of an answer.

    A sentence is supported if its quotes together support it. A citation is precise if its sentence is supported, and
    either the citation alone supports it, or the others no longer do without it (ALCE's definition, Gao et al. 2023,
    section 3.3; there the judge is an NLI model).
    """
    quotes = {citation["mark"]: citation["quote"] for citation in answer["citations"]}
    verdicts = []
    for sentence in answer["sentences"]:
        text = sentence["text"]
        cited = [quotes[mark] for mark in sentence["marks"] if mark in quotes]
        supported = supports(judge, text, cited)
        precise = []
        for at, quote in enumerate(cited):
            others = cited[:at] + cited[at + 1 :]
            is_needed = supported and (
                not others or supports(judge, text, [quote]) or not supports(judge, text, others)
            )
            precise.append(is_needed)
        verdicts.append(Verdict(text, supported, tuple(precise)))
    return verdicts


def citation_recall(verdicts: Sequence[Verdict]) -> float:
    """Return the share of an answer's sentences that their quotes support (ALCE citation recall of one answer)."""
    return sum(verdict.supported for verdict in verdicts) / len(verdicts)


def citation_precision(verdicts: Sequence[Verdict]) -> float | None:
    """Return the share of an answer's citations that are precise (ALCE citation precision); None of none."""
    precise = [each for verdict in verdicts for each in verdict.precise]
    return sum(precise) / len(precise) if precise else None
