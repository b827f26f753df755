"""The whole of an evaluation: ask, score, sum up, compare, write; what `askoctober eval` does between its flags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from askoctober.answering import Assistant
from askoctober.config import Config
from askoctober.errors import QuestionError
from askoctober.evaluation import comparing, running, summary, system, targets
from askoctober.evaluation.claims import lower_case_words
from askoctober.evaluation.files import writable
from askoctober.evaluation.judging import Judge, ModelJudge, RememberingJudge, WordsJudge
from askoctober.evaluation.questions import Question, read_questions, select
from askoctober.evaluation.retrieval import needed_facts
from askoctober.evaluation.running import Progress, Record
from askoctober.evaluation.scoring import Row, score
from askoctober.evaluation.squad import is_squad, read_squad, write_articles
from askoctober.index import LocalStore
from askoctober.retrieval import Retriever
from askoctober.types import Generator, Message

JUDGING = "Judging"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an evaluation is to do."""

    questions: Path
    output: Path
    sample: int | None = None
    seed: int = 0
    only: tuple[str, ...] = ()
    retrieval_only: bool = False
    judge: Literal["model", "words", "none"] = "model"
    compare: Path | None = None
    targets: Path | None = None


@dataclass(frozen=True, slots=True)
class Loads:
    """How the heavy parts are brought up, each when it is first needed."""

    retriever: Callable[[Config], Retriever]
    assistant: Callable[[Config], Assistant]
    build: Callable[[Config], object]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came out: the JSON, and with the rows and the articles' texts what the page shows."""

    report: dict[str, Any]
    rows: Sequence[Row]
    texts: Mapping[str, str]
    titles: Mapping[str, str]


def evaluate(settings: Settings, config: Config, loads: Loads, progress: Progress) -> Evaluation:
    """Ask the questions of a file, or search them, and return the figures; answers are kept in the output folder.

    Raises:
        QuestionError: the file cannot be read, or is about other articles than those of the index.
        ConfigError: a report to compare with, targets or the output folder cannot be used.
    """
    wanted = targets.read_targets(settings.targets) if settings.targets else []
    old = comparing.read_report(settings.compare) if settings.compare else None
    with writable(settings.output):
        settings.output.mkdir(parents=True, exist_ok=True)
    all_questions, config = _read(settings, config, loads)
    questions = select(all_questions, settings.only, settings.sample, settings.seed)
    about = system.describe(config)
    session = _Session(config, loads)
    try:
        records = _records(questions, settings, session, about, progress)
        texts, titles = _articles(config)
        warnings = _check(questions, texts, settings)
        judge = _judge(settings, session, about, texts)
        rows = _score(questions, records, texts, judge, progress)
    finally:
        session.close()
    report = _report(settings, rows, about, judge, warnings)
    report["targets"] = [targets.reached(target, rows, report["confidence"]) for target in wanted]
    if old is not None:
        report["comparison"] = comparing.compare(old, report["rows"], str(settings.compare))
    return Evaluation(report, rows, texts, titles)


class _Session:
    """The assistant of one evaluation, loaded once and only if something has to be asked."""

    def __init__(self, config: Config, loads: Loads) -> None:
        self.config, self.loads = config, loads
        self._assistant: Assistant | None = None

    def assistant(self) -> Assistant:
        if self._assistant is None:
            self._assistant = self.loads.assistant(self.config)
        return self._assistant

    def close(self) -> None:
        if self._assistant is not None:
            self._assistant.close()


class _LateGenerator:
    """A generator that is loaded when it is first asked: judgements that are known cost no model."""

    def __init__(self, name: str, session: _Session) -> None:
        self.name, self._session = name, session

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        return self._session.assistant().generator.probabilities(messages, options)


def _read(settings: Settings, config: Config, loads: Loads) -> tuple[list[Question], Config]:
    """Return the questions, and the settings with the index that they are asked of: SQuAD brings its articles along."""
    if not is_squad(settings.questions):
        return read_questions(settings.questions), config
    questions, texts, titles = read_squad(settings.questions)
    corpus = settings.output / "squad" / "articles"
    write_articles(corpus, texts, titles)
    config = replace(config, corpus=corpus, index=settings.output / "squad" / "index")
    loads.build(config)
    return questions, config


def _records(
    questions: Sequence[Question], settings: Settings, session: _Session, about: dict[str, Any], progress: Progress
) -> list[Record]:
    if settings.retrieval_only:
        return running.retrieve_all(questions, session.loads.retriever(session.config), progress)
    file = settings.output / "answers.jsonl"
    return running.answer_all(questions, session.assistant, file, system.fingerprint(about), progress)


def _articles(config: Config) -> tuple[dict[str, str], dict[str, str]]:
    """The texts and the titles of the shelf by path."""
    store = LocalStore.open(config.index)
    try:
        articles = store.articles()
        return {each.path: each.text for each in articles}, {each.path: each.title for each in articles}
    finally:
        store.close()


def _check(questions: Sequence[Question], texts: Mapping[str, str], settings: Settings) -> list[str]:
    """Say which gold quotes the articles do not hold; questions about another shelf are refused."""
    labelled = [question for question in questions if question.gold]
    if labelled and not any(gold.path in texts for question in labelled for gold in question.gold):
        raise QuestionError(
            f"{settings.questions} is about other articles ({labelled[0].gold[0].path}) than the index holds; "
            "name the index of those: --index DIR"
        )
    lost = [q.id for q in labelled if any(p.start < 0 for fact in needed_facts(q, texts) for p in fact)]
    return [f"{len(lost)} questions have a gold quote that no article holds: {', '.join(lost[:5])}"] if lost else []


def _judge(settings: Settings, session: _Session, about: dict[str, Any], texts: Mapping[str, str]) -> Judge | None:
    if settings.retrieval_only or settings.judge == "none":
        return None
    if settings.judge == "words":
        return WordsJudge(lower_case_words(texts.values()))
    generator: Any = _LateGenerator(str(about["settings"]["model"]), session)
    late: Generator = generator  # a judge asks for probabilities alone
    return RememberingJudge(ModelJudge(late), settings.output / "judgements.jsonl")


def _score(
    questions: Sequence[Question],
    records: Sequence[Record],
    texts: Mapping[str, str],
    judge: Judge | None,
    progress: Progress,
) -> list[Row]:
    ordinary = lower_case_words(texts.values())
    rows = []
    for number, (question, record) in enumerate(zip(questions, records, strict=True)):
        if judge is not None:
            progress(JUDGING, number, len(questions))
        rows.append(score(question, record, texts, ordinary, judge))
    if judge is not None:
        progress(JUDGING, len(questions), len(questions))
    return rows


def _report(
    settings: Settings, rows: Sequence[Row], about: dict[str, Any], judge: Judge | None, warnings: list[str]
) -> dict[str, Any]:
    """Return the JSON of an evaluation, its schema stands in `summary`."""
    failed = [row for row in rows if row.record.error]
    if failed:
        warnings = [*warnings, f"{len(failed)} questions failed, and count as wrong: {failed[0].record.error}"]
    memory = [row.record.peak_mb for row in rows if row.record.peak_mb is not None]
    return {
        "format": summary.FORMAT,
        "questions": {
            "file": settings.questions.name,
            "count": len(rows),
            "kinds": dict(Counter(row.question.kind for row in rows)),
            "sample": settings.sample,
            "seed": settings.seed,
            "only": list(settings.only),
        },
        "system": about,
        "mode": "retrieval" if settings.retrieval_only else "answers",
        "judge": judge.name if judge else "",
        "figures": summary.figures(rows),
        "confidence": summary.confidence_figures(rows),
        "curves": summary.curves(rows),
        "peak_memory_mb": round(max(memory), 1) if memory else None,
        "warnings": warnings,
        "rows": [summary.row_to_dict(row) for row in rows],
    }
