"""What a draft left out: the sentences that answer best by the retriever's own measure, put in as they stand.

Copying the sentence nearest to the question is a strong baseline that never invents; a small model's draft reads
better and often holds more, but at times misses the point. So an answer is the checked draft, and behind it the best
sentence for the question, or for each of its parts, where the draft cites it nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from askoctober.answering.checking import Checker
from askoctober.answering.disagreement import DIFFER, find_disagreement
from askoctober.answering.evidence import Selection
from askoctober.answering.words import content
from askoctober.calendars import Calendars
from askoctober.types import FloatArray, SentenceChecked

MOST_ADDED = 3
"""Source sentences that are put behind a draft at most, for the question or for each of its parts."""
NEARLY_BEST = 0.85
"""They have at least this share of the best sentence's relevance."""
SAID = 0.8
"""A sentence of whose words of weight the answer holds this share has been said."""


def complete(
    question: str, selection: Selection, checker: Checker, calendars: Calendars | None = None
) -> Iterator[SentenceChecked]:
    """Yield what belongs behind the checked draft: what it left out, where sources differ, what calendar they use."""
    yield from left_out(selection.relevance, checker)
    differing = find_disagreement(question, selection.evidence, selection.relevance[0])
    if differing is not None:
        for at in differing:
            if not checker.is_cited(at):
                yield SentenceChecked(*checker.quote(at))
        yield SentenceChecked(*checker.remark(DIFFER, differing))
    for citation in checker.citations if calendars else ():
        if calendars and (note := calendars.note(question, citation.quote)):
            yield SentenceChecked(*checker.remark(note, checker.places_of(citation.mark)))
            break


def left_out(relevance: FloatArray, checker: Checker) -> Iterator[SentenceChecked]:
    """Yield the best sentences for each row of `relevance` that have not been said; see `evidence.Selection`.

    Of a question in parts each part has its row; the first row, which is for the whole, then has no say.
    """
    for row in relevance[1:] if len(relevance) > 1 else relevance:
        order = np.argsort(-row, kind="stable").tolist()
        fit = [at for at in order if checker.is_fit(at) and row[at] >= NEARLY_BEST * row.max()]
        for at in fit[:MOST_ADDED]:
            words = content(checker.text_of(at))
            if len(words & content(checker.said)) < SAID * len(words):
                sentence, citations = checker.quote(at)
                if sentence is not None:
                    yield SentenceChecked(sentence, citations)
