"""askoctober beside its peers in one run: same articles, questions, machine, embedder and language model.

    python benchmarks/peers.py ARTICLES QUESTIONS.jsonl [--sample N --seed S] [--only PEER ...] [--k N]

The peers are the plain LangChain recipe, LlamaIndex's CitationQueryEngine, txtai's RAG and haiku.rag, each at its
documented defaults with the prompt it ships, in an environment of its own that this script makes (pinned in
benchmarks/peers/*.txt). They reach the model through a llama.cpp server on loopback that is started afresh for each.
pip takes whatever build of torch it finds: have it find the CPU build first, or gigabytes for GPUs are fetched.
Apart from pip nothing uses the network. Run again, it goes on where it stopped; rows lie in --work. The peers run one
after the other, so their times compare only on a machine that does nothing else meanwhile. For Linux and macOS.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# The folder's modules are imported by their plain names, because each peer's environment imports some of them too.
sys.path.insert(0, str(Path(__file__).parent / "peers"))

import protocol  # noqa: E402
from environments import Unavailable, pinned  # noqa: E402
from running import PEERS, Setup, run  # noqa: E402
from scoring import remarks, score  # noqa: E402

from askoctober import models  # noqa: E402
from askoctober.config import Config  # noqa: E402
from askoctober.errors import AskoctoberError  # noqa: E402
from askoctober.evaluation.questions import Question, read_questions, select  # noqa: E402


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=Path, help="folder of .txt or .md articles")
    parser.add_argument("questions", type=Path, help="labelled questions, JSON Lines")
    parser.add_argument("--sample", type=int, default=None, help="so many questions, every kind in proportion")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=sorted(PEERS), default=list(PEERS), metavar="PEER")
    parser.add_argument("--k", type=int, default=0, help="passages every peer's writer reads; 0: each one's default")
    parser.add_argument("--threads", type=int, default=0, help="of the language model; 0: one a processor")
    parser.add_argument("--work", type=Path, default=Path.home() / ".cache" / "askoctober" / "peers")
    options = parser.parse_args(arguments)
    if not options.articles.is_dir():
        parser.error(f"{options.articles} is not a folder; name the folder of the articles")
    if not options.questions.is_file():
        parser.error(f"there is no file {options.questions}; name a file of labelled questions")
    for name in ("sample", "k", "threads"):
        number = getattr(options, name)
        if number is not None and number < (name == "sample"):
            parser.error(f"--{name} cannot be {number}; give a larger number")
    return options


def table(columns: Mapping[str, Mapping[str, str]]) -> str:
    """Return the comparison as a Markdown table, a peer a column."""
    figures = list(dict.fromkeys(figure for column in columns.values() for figure in column))
    lines = ["| figure | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    lines += [
        f"| {figure} | " + " | ".join(column.get(figure, "–") for column in columns.values()) + " |"
        for figure in figures
    ]
    return "\n".join(lines)


def compare(name: str, asked: Sequence[Question], setup: Setup, texts: dict[str, str]) -> tuple[dict[str, str], str]:
    """Return a peer's column of the table and the note below it, asking what it was not asked before.

    Raises:
        Unavailable: the peer cannot be installed or run.
    """
    folder = setup.folder(name, texts)
    folder.mkdir(parents=True, exist_ok=True)
    out, once = folder / f"{name}.jsonl", folder / f"{name}.once"
    questions = folder / f"{name}.questions.jsonl"
    lines = [{"id": q.id, "question": q.question, "history": list(q.history)} for q in asked]
    questions.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    rows = protocol.answered(out)
    if not once.exists() or any(protocol.is_open(rows, question.id) for question in asked):
        run(name, folder, questions, setup)
        rows = protocol.answered(out)
    record: dict[str, Any] = json.loads(once.read_text(encoding="utf-8"))
    column = score(asked, rows, texts) | {
        "indexing, s": f"{record['index_s']:.1f}",
        "peak memory, GB": f"{(record['peak_mb'] + record['server_mb']) / 1e3:.1f}",
        "installed, GB": f"{record['installed_mb'] / 1e3:.1f}",
    }
    version = pinned(name, PEERS[name].packages) if PEERS[name].packages else "this working tree"
    said = [version, f"k {record['k']}", f"cites {record['granularity']}", *record["notes"]]
    return column, f"{name}: {'; '.join([*said, *remarks([rows[question.id] for question in asked])])}"


def main() -> None:
    options = parse()
    config = Config()
    try:
        asked = select(read_questions(options.questions), sample=options.sample, seed=options.seed)
        model, embedder = Path(models.resolve(config.model)), Path(models.resolve(config.embedder))
    except AskoctoberError as error:
        raise SystemExit(f"error: {error}") from error
    texts = {name: article.text for name, article in protocol.read_articles(options.articles).items()}
    setup = Setup(options.articles, model, embedder, options.work, options.k, options.threads)
    columns: dict[str, dict[str, str]] = {}
    notes: list[str] = []
    for name in options.only:
        try:
            columns[name], note = compare(name, asked, setup, texts)
        except Unavailable as reason:
            note = f"{name}: left out, {reason}"
            print(note, file=sys.stderr)
        notes.append(note)
    print(f"{len(texts)} articles, {len(asked)} questions, {model.stem}, {embedder.name}\n")
    print(f"{table(columns)}\n")
    print("\n".join(f"- {note}" for note in notes))


if __name__ == "__main__":
    main()
