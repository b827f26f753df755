"""An assistant without a model: it satisfies what the chat asks of one, from canned events with small pauses."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, TypeVar

from askoctober.answering.disagreement import DIFFER
from askoctober.config import Config
from askoctober.errors import IndexFolderError, QuestionError
from askoctober.retrieval.filtering import AnyFilter
from askoctober.types import (
    Answer,
    Article,
    Chunk,
    Citation,
    Event,
    Evidence,
    EvidenceFound,
    Hit,
    Message,
    Sentence,
    SentenceChecked,
    TextPiece,
)

T = TypeVar("T")

RUPTURE = """

## The meeting of 10 October

The Central Committee met in a private flat on the evening of 10 October. Lenin, disguised by a wig, had crossed the \
city for it. After ten hours of argument the resolution for an insurrection was carried by ten votes to two.

Zinoviev and Kamenev voted against. They held that the party would win more by waiting for the Constituent Assembly, \
and they said so the next day in a letter to the larger organizations.

### What the two feared

- that the garrison would not move,
- that the railways would stay with the government,
- that the provinces lagged behind the capital.

Trotsky answered that the garrison had already refused its orders. The soldiers, he said, would not march against the \
Soviet, and most would march with it.

## After the vote

""" + "\n\n".join(
    f"In the {day} days that followed, the committees of the districts met, counted rifles and argued. Some reported "
    "that the mood was firm; others that it was tired, and that people would come out if the Soviet called them."
    for day in ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
)
BANNERS = """## Eighteenth of June

The Congress had called the demonstration to show its own strength. Nearly half a million people marched, and the \
banners carried the slogans of the Bolsheviks: "Down with the ten capitalist ministers", "All power to the soviets".

Here and there a column carried a banner for the Provisional Government. It was soon rolled up.
"""
HOSTILE = """# <script>window.hacked = 1</script>

<img src=x onerror="window.hacked = 2"> and [a link](javascript:window.hacked=3) and {{value}} and ${window.hacked=4}.

\u202eright to left\u202c & "quotes" & 'single' <b>bold</b> </mark></article> `code` ${value} {{{value}}} \\${x}.
"""

ARTICLES = (
    Article(
        "banners", "banners.md", "The June demonstration", "A. Reader", "Reading Room", "2017-06-18", "", "en", BANNERS
    ),
    Article("hostile", "hostile.md", "<img src=x onerror='window.hacked=5'>{{value}}${window.hacked=6}", text=HOSTILE),
    Article(
        "rupture",
        "rupture.md",
        "The vote on the insurrection",
        "Michele B.",
        "Socialist Quarterly",
        "2013-08-02",
        "",
        "en",
        RUPTURE,
    ),
)
BY_ID = {article.id: article for article in ARTICLES}


def article(id: str) -> Article:
    """The article of an id, as a store gives it."""
    if id not in BY_ID:
        raise IndexFolderError(f"There is no article {id!r}; search again.")
    return BY_ID[id]


def hit(article: str, words: str, rank: int = 1) -> Hit:
    """A hit whose chunk is the given words."""
    found = BY_ID[article]
    start = found.text.index(words)
    chunk = Chunk(f"{article}:{start}", article, "", words, start, start + len(words), found)
    return Hit(chunk, 1.0 / rank, rank)


def evidence(mark: int, article: str, words: str) -> Evidence:
    """Evidence whose text is the given words."""
    found = hit(article, words, mark)
    return Evidence(mark, found, found.chunk.start, found.chunk.end, words)


def citation(mark: int, article: str, quote: str) -> Citation:
    """A citation of the given words."""
    found = BY_ID[article]
    start = found.text.index(quote)
    return Citation(mark, found, start, start + len(quote), quote, 0.93)


VOTED = "Zinoviev and Kamenev voted against."
CARRIED = "After ten hours of argument the resolution for an insurrection was carried by ten votes to two."
GARRISON = "Trotsky answered that the garrison had already refused its orders."
SLOGANS = 'the banners carried the slogans of the Bolsheviks: "Down with the ten capitalist ministers"'
SCRIPT = "<script>window.hacked = 1</script>"
IMAGE = '<img src=x onerror="window.hacked = 2">'

EVIDENCE = (
    evidence(1, "rupture", RUPTURE[RUPTURE.index("Zinoviev") : RUPTURE.index("\n\n###")]),
    evidence(2, "rupture", CARRIED),
    evidence(3, "rupture", RUPTURE[RUPTURE.index("Trotsky") : RUPTURE.index("\n\n## After")]),
    evidence(4, "banners", BANNERS[BANNERS.index("The Congress") : BANNERS.index("\n\nHere")]),
)
SENTENCES = (
    ("Zinoviev and Kamenev voted against the insurrection.", (1,), "supported", citation(1, "rupture", VOTED)),
    (CARRIED, (2,), "quoted", citation(2, "rupture", CARRIED)),
    (GARRISON, (3,), "repaired", citation(3, "rupture", GARRISON)),
)
DIFFERING = (
    (CARRIED, (1,), "quoted", (citation(1, "rupture", CARRIED),)),
    (f"On the banners it stood otherwise: {SLOGANS}.", (2,), "supported", (citation(2, "banners", SLOGANS),)),
    (DIFFER, (1, 2), "supported", ()),
)
"""Two sentences from two articles, and the remark that they do not agree."""
SLOW_SECONDS = 2.0
"""How long a "slow" question takes before anything is found."""


class FakeRetriever:
    """A shelf whose search finds the evidence, whatever is asked."""

    def __init__(self) -> None:
        self.store = SimpleNamespace(articles=lambda: ARTICLES, article=article, size=len(EVIDENCE))
        self.languages = frozenset({"en"})
        self.calendars = None

    def search(self, question: str, k: int = 5, *, filter: AnyFilter = None, threshold: float = -1.0) -> list[Hit]:
        return [item.hit for item in EVIDENCE][:k]


class FakeAssistant:
    """Answers by what a question contains; remembers what it was asked and what was closed."""

    def __init__(self, pause: float = 0.01) -> None:
        self.pause = pause
        self.asked: list[tuple[str, list[Message]]] = []
        self.closed = 0
        self.configs: list[Config | None] = []
        self.retriever = FakeRetriever()
        self.generator = SimpleNamespace(name="fake")
        self.config = Config()

    def stream(self, question: str, history: Sequence[Message] = (), config: Config | None = None) -> Iterator[Event]:
        """Yield canned events."""
        self.asked.append((question, list(history)))
        self.configs.append(config)
        try:
            yield from self._events(question, history)
        except GeneratorExit:
            self.closed += 1
            raise

    def _events(self, question: str, history: Sequence[Message]) -> Iterator[Event]:
        if "long" in question:
            raise QuestionError("The question is too long; ask in at most 2,000 characters.")
        if "crash" in question:
            raise RuntimeError("boom")
        time.sleep(SLOW_SECONDS if "slow" in question else self.pause)
        standalone = f"{question} (about the vote)" if history else question
        if "weather" in question:
            hits = (hit("rupture", CARRIED), hit("banners", BANNERS[BANNERS.index("The Congress") :], 2))
            yield EvidenceFound(standalone, hits, ())
            yield answer(question, standalone, "The articles on this shelf do not say.", (), (), hits, declined=True)
            return
        chosen = [(text, marks, support, (cited,)) for text, marks, support, cited in SENTENCES]
        passages = EVIDENCE
        if "differ" in question:
            chosen = list(DIFFERING)
            passages = (evidence(1, "rupture", CARRIED), EVIDENCE[3])
        if "hostile" in question:
            said = f"It says {SCRIPT}, {{{{value}}}} and ${{value}}."
            chosen = [
                (said, (1,), "supported", (citation(1, "hostile", SCRIPT),)),
                (f"Also {IMAGE}.", (2,), "quoted", (citation(2, "hostile", IMAGE),)),
            ]
            passages = (evidence(1, "hostile", SCRIPT), evidence(2, "hostile", IMAGE))
        yield EvidenceFound(standalone, tuple(item.hit for item in passages), passages)
        time.sleep(self.pause)
        sentences, citations = [], []
        for text, marks, support, cited in chosen:
            draft = "Draft: " + text
            for piece in re.findall(r"\s*\S+", draft):
                yield TextPiece(piece)
                time.sleep(self.pause)
            yield TextPiece("".join([" ", *(f"[{mark}]" for mark in marks), " "]))
            time.sleep(self.pause)
            sentences.append(Sentence(text, marks, support))
            citations.extend(cited)
            yield SentenceChecked(sentences[-1], cited)
        text = " ".join(map(str, sentences))
        hits = tuple(item.hit for item in passages)
        yield answer(question, standalone, text, tuple(sentences), tuple(citations), hits)


def answer(
    question: str,
    standalone: str,
    text: str,
    sentences: tuple[Sentence, ...],
    citations: tuple[Citation, ...],
    hits: tuple[Hit, ...],
    declined: bool = False,
) -> Answer:
    """An answer with the fields that the chat does not look at filled in."""
    timings = {"retrieve_ms": 31.0, "first_token_ms": 2100.0, "total_ms": 6400.0}
    return Answer(
        question, standalone, text, sentences, citations, hits, declined, 0.1 if declined else 0.9, "fake", timings
    )


def complete(work: Coroutine[Any, Any, T]) -> T:
    """What asynchronous work returns, from a loop of its own; what was this thread's loop stays so."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


def on_a_loop(make: Callable[[], T]) -> T:
    """What a function returns while a loop runs: where none does, Gradio makes one for each chat and closes none."""

    async def making() -> T:
        return make()

    return complete(making())
