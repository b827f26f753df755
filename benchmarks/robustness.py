"""How much is still found when questions are misspelt, spelt otherwise, cut to keywords, or written in lower case.

    askoctober index ARTICLES --index INDEX
    python benchmarks/robustness.py QUESTIONS.jsonl --index INDEX [--copies FOLDER]

Needs no language model. With --copies the changed questions are written as files for `askoctober eval`. Every change is
a rule applied by chance with a fixed seed: two neighbouring letters swapped, one left out, doubled or replaced by its
neighbour on the keyboard in one long word of four; endings and letters of transliterated names as other systems have
them; British spelling for American and the reverse; content words alone.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Callable
from pathlib import Path

CUTS = (1, 5, 10)
TYPO_RATE = 0.25
LONG = 5
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
SPELLINGS = (
    *((r"(\w{2,})sky\b", r"\1ski"), (r"(\w{2,})ev\b", r"\1eff"), (r"(\w{2,})ov\b", r"\1off"), (r"\bTsar", "Czar")),
    *((r"\bCzar", "Tsar"), (r"\bczar", "tsar"), (r"ks\b", "x"), (r"iev\b", "yev"), (r"([a-z])ei([a-z])", r"\1ey\2")),
    *((r"our\b", "or"), (r"is(e|ed|ing|ation)\b", r"iz\1"), (r"ll(ed|ing)\b", r"l\1"), (r"([ct])re\b", r"\1er")),
)
STOP = frozenset(
    "a an the of to in on at by for from with and or but as is are was were be been being it its this that these those "
    "he she they him his her their who whom which what when where why how did do does had has have will would could "
    "should can may might not no than then there so if into about after before between during over under i you".split()
)
Change = Callable[[str, random.Random], str]


def typos(text: str, chance: random.Random) -> str:
    """Return the text with one in four long words misspelt, and at least one where there is one."""
    words = text.split()
    long = [at for at, word in enumerate(words) if len(re.sub(r"\W", "", word)) >= LONG]
    for at in long:
        if chance.random() < TYPO_RATE or at == long[-1] == long[0]:
            words[at] = misspelt(words[at], chance)
    return " ".join(words)


def misspelt(word: str, chance: random.Random) -> str:
    """Return a word with one slip of the finger behind its first letter."""
    at = chance.randrange(1, len(word) - 2)
    slip = chance.choice(("swap", "drop", "double", "neighbour"))
    if slip == "swap":
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if slip == "drop":
        return word[:at] + word[at + 1 :]
    if slip == "double":
        return word[:at] + word[at] + word[at:]
    row = next((row for row in KEYS if word[at].lower() in row), "")
    beside = row[max(row.find(word[at].lower()) - 1, 0) : row.find(word[at].lower()) + 2].replace(word[at].lower(), "")
    return word[:at] + chance.choice(beside or word[at]) + word[at + 1 :]


def variants(text: str, chance: random.Random) -> str:
    """Return the text in another spelling: transliteration and British or American English."""
    for pattern, other in SPELLINGS:
        if chance.random() < 0.5:
            text = re.sub(pattern, other, text)
    return text


def keywords(text: str, chance: random.Random) -> str:
    """Return the content words alone."""
    return " ".join(word for word in re.findall(r"[\w'’-]+", text) if word.lower() not in STOP)


CHANGES: dict[str, Change] = {
    "as asked": lambda text, chance: text,
    "lower case": lambda text, chance: text.lower().rstrip("?"),
    "keywords": keywords,
    "other spellings": variants,
    "misspelt": typos,
}


def main() -> None:
    import numpy as np

    from askoctober import Retriever
    from askoctober.evaluation.questions import read_questions
    from askoctober.evaluation.retrieval import Place, facts_found, needed_facts, searched

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--copies", type=Path, help="write the changed questions into this folder")
    parser.add_argument("--seed", type=int, default=1917)
    options = parser.parse_args()
    retriever = Retriever.load(options.index)
    texts = {article.path: article.text for article in retriever.store.articles()}
    questions = read_questions(options.questions)
    lines = [line for line in options.questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    print(f"{'questions':16} changed  " + "  ".join(f"@{cut:<5}" for cut in CUTS) + " kept @5")
    first = 0.0
    for name, change in CHANGES.items():
        chance = random.Random(options.seed)
        changed = [change(question.question, chance) for question in questions]
        found = []
        for question, asked in zip(questions, changed, strict=True):
            if question.gold:
                hits = retriever.search(searched(asked, question.history), CUTS[-1])
                places = [Place(hit.chunk.article.path, hit.chunk.start, hit.chunk.end) for hit in hits]
                facts = needed_facts(question, texts)
                found.append([facts_found(places[:cut], facts) for cut in CUTS])
        shares = np.mean(found, axis=0)
        first = first or float(shares[1])
        differing = sum(asked != question.question for question, asked in zip(questions, changed, strict=True))
        print(
            f"{name:16} {differing:7}  " + "  ".join(f"{share:.3f} " for share in shares) + f" {shares[1] / first:.3f}"
        )
        if options.copies:
            options.copies.mkdir(parents=True, exist_ok=True)
            rows = [json.loads(line) | {"question": asked} for line, asked in zip(lines, changed, strict=True)]
            copy = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (options.copies / f"{name.replace(' ', '-')}.jsonl").write_text(copy, encoding="utf-8")


if __name__ == "__main__":
    main()
