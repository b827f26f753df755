"""What a draft left out: the sentences that answer best by the retriever's own measure, put in as they stand.

Copying the sentence nearest to the question is a strong baseline that never invents; a small model's draft reads
better and often holds more, but at times misses the point. So an answer is the checked draft, and behind it the best
sentence for the question, or for each of its parts, where the draft cites it nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from askoctober.answering.checking import Checker
from askoctober.answering.disagreement import find_disagreement, wording
from askoctober.answering.evidence import Selection
from askoctober.answering.words import content
from askoctober.calendars import Calendars
from askoctober.types import Citation, FloatArray, Sentence, SentenceChecked

MOST_ADDED = 3
"""Source sentences that are put behind a draft at most, for the question or for each of its parts."""
NEARLY_BEST = 0.85
"""They have at least this share of the best sentence's relevance."""
SAID = 0.8
"""A sentence of whose words of weight the answer holds this share has been said."""


def complete(
    question: str,
    selection: Selection,
    checker: Checker,
    calendars: Calendars | None = None,
    most_added: int = MOST_ADDED,
) -> Iterator[SentenceChecked]:
    """Yield what belongs behind the checked draft: what it left out, where sources differ, what calendar they use."""
    yield from left_out(selection.relevance, checker, most_added)
    differing = find_disagreement(
        question, selection.evidence, selection.relevance[0], checker.sentence_vectors, calendars
    )
    if differing is not None:
        yield from _spoken(checker.quote(at) for at in differing if not checker.is_cited(at))
        said = wording(checker.text_of(differing[0]), checker.text_of(differing[1]), calendars)
        yield from _spoken([checker.remark(said, differing)])
    for citation in checker.citations if calendars else ():
        if calendars and (note := calendars.note(question, citation.quote)):
            yield from _spoken([checker.remark(note, checker.places_of(citation.mark))])
            break


def left_out(relevance: FloatArray, checker: Checker, most_added: int = MOST_ADDED) -> Iterator[SentenceChecked]:
    """Yield the best sentences for each row of `relevance` that have not been said; see `evidence.Selection`.

    Of a question in parts each part has its row; the first row, which is for the whole, then has no say.
    """
    for row in relevance[1:] if len(relevance) > 1 else relevance:
        order = np.argsort(-row, kind="stable").tolist()
        fit = [at for at in order if checker.is_fit(at) and row[at] >= NEARLY_BEST * row.max()]
        for at in fit[:most_added]:
            words = content(checker.text_of(at))
            if len(words & content(checker.said)) < SAID * len(words):
                yield from _spoken([checker.quote(at)])


def _spoken(made: Iterable[tuple[Sentence | None, tuple[Citation, ...]]]) -> Iterator[SentenceChecked]:
    """The sentences that there are."""
    for sentence, citations in made:
        if sentence is not None:
            yield SentenceChecked(sentence, citations)
