"""Make a shelf of any size, a block at a time: texts recombined from a corpus, vectors real and beyond that perturbed.

The sentences of the corpus are recombined into chunks, with some words of each swapped and a made-up word in every
chunk, since a shelf that grows goes on to use new words. So many chunks (`Making.real`) are embedded as askoctober
embeds articles. A chunk beyond them repeats one of these with other words swapped, and its vectors are those of that
one with Gaussian noise, at a cosine of 0.85 to 0.95. All is seeded, and a block depends on its number alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from shelf import BLOCK, CHUNKS_AN_ARTICLE, Shelf, Vectors, perturb

COSINES = (0.85, 0.95)
SHORTEST, LONGEST = 40, 220
"""Characters of the sentences that are taken from the corpus."""
SENTENCES = (4, 8)
CHARACTERS = 880
"""Most of a chunk: below the default chunk size, so that a paragraph stays one chunk."""
LEAST = 700
"""Characters that a chunk has at least, all but for its last sentence; two of them are too long to become one."""
SWAPPED = 0.2
"""Share of the longer words of a sentence that are swapped."""
QUERIES = 200
ARTICLES_AT_ONCE = 100
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")


class Recombiner:
    """New sentences out of a corpus' sentences and words."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self._sentences = [[*_LONG_WORD.split(s)] for s in sentences]
        self._words = [_LONG_WORD.findall(s) for s in sentences]
        every = [word for words in self._words for word in words]
        self._pool = np.array(every)
        # Proper nouns stay where the corpus has them; halves are cut from small letters.
        self._halves = np.array(sorted({word for word in every if len(word) > 5 and word.islower()}))

    def made_up(self, random: np.random.Generator) -> str:
        """Return a word that no text needs to have had: the first half of one word and the second of another."""
        first, second = random.choice(self._halves, 2)
        return str(first[: len(first) // 2] + second[len(second) // 2 :])

    def chunk(self, random: np.random.Generator) -> list[str]:
        """Return the sentences of a new chunk."""
        made: list[str] = []
        total, wanted = 0, int(random.integers(SENTENCES[0], SENTENCES[1] + 1))
        while len(made) < wanted or total < LEAST:
            number = int(random.integers(len(self._sentences)))
            sentence = self._join(self._sentences[number], self._words[number], random, not made)
            if total + len(sentence) > CHARACTERS:
                break
            made.append(sentence)
            total += len(sentence) + 1
        return made

    def again(self, sentences: Sequence[str], random: np.random.Generator) -> list[str]:
        """Return a chunk's sentences with words swapped."""
        return [
            self._join(_LONG_WORD.split(s), _LONG_WORD.findall(s), random, at == 0) for at, s in enumerate(sentences)
        ]

    def _join(self, between: Sequence[str], words: Sequence[str], random: np.random.Generator, new: bool) -> str:
        swapped = random.random(len(words)) < SWAPPED
        others = iter(random.choice(self._pool, int(swapped.sum())).tolist())
        made = [next(others) if swap else word for word, swap in zip(words, swapped.tolist(), strict=True)]
        if new and made:
            made[int(random.integers(len(made)))] = self.made_up(random)
        out = [between[0]]
        for word, rest in zip(made, between[1:], strict=True):
            out += [word, rest]
        return "".join(out)


def read_sentences(corpus: Path) -> list[str]:
    """Return the sentences of a folder of Markdown articles that suit for recombining, in order."""
    from askoctober.chunking import sentence_spans

    found = []
    for path in sorted(corpus.glob("*.md")):
        text = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for line in text.splitlines():
            if line and not line.startswith(("#", ">", "|", "-", "*")):
                found += [line[span.start : span.end] for span in sentence_spans(line)]
    return [s for s in found if SHORTEST <= len(s) <= LONGEST and "\t" not in s and len(_LONG_WORD.findall(s)) > 2]


@dataclass(frozen=True)
class Pool:
    """The chunks that were embedded, mapped: what all others are varied from.

    `starts[i]:starts[i + 1]` are the sentences of chunk i; `token_starts` are likewise the tokens of a sentence.
    """

    folder: Path

    @property
    def size(self) -> int:
        """How many chunks."""
        return len(self.array("starts")) - 1

    def array(self, name: str) -> np.ndarray:
        """vectors, sentences, tokens, starts, token_starts or basis, by name."""
        return np.load(self.folder / f"{name}.npy", mmap_mode="r")

    def texts(self) -> list[list[str]]:
        """The sentences of each chunk."""
        return json.loads((self.folder / "texts.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Making:
    """What a shelf is made of."""

    corpus: Path
    folder: Path
    embedder: Path
    real: int = 10_000
    seed: int = 1917
    threads: int = 2


def make(making: Making, count: int) -> Shelf:
    """Return a shelf of at least `count` chunks; what an earlier run made is kept and added to."""
    shelf = Shelf(making.folder)
    recombiner = Recombiner(read_sentences(making.corpus))
    if not (making.folder / "queries.npy").exists():
        making.folder.mkdir(parents=True, exist_ok=True)
        embed_pool(making, recombiner)
    pool = Pool(making.folder / "real")
    texts, vectors = pool.texts(), np.asarray(pool.array("vectors"))
    size = 4 * vectors.shape[1]
    done = shelf.vectors_file.stat().st_size // size if shelf.vectors_file.exists() else 0
    with shelf.texts_file.open("a", encoding="utf-8") as lines, shelf.vectors_file.open("ab") as rows:
        for block in range(done // BLOCK, -(-count // BLOCK)):
            lines.writelines("\t".join(s) + "\n" for s in block_texts(texts, recombiner, making.seed, block))
            lines.flush()
            block_vectors(vectors, making.seed, block).tofile(rows)
            rows.flush()
    return shelf


def origins(pool: int, seed: int, block: int) -> np.ndarray:
    """Return which embedded chunk each chunk of a block is, or is varied from."""
    rows = np.arange(block * BLOCK, (block + 1) * BLOCK)
    drawn = np.random.default_rng([seed, 1, block]).integers(0, pool, BLOCK)
    return np.where(rows < pool, rows, drawn)


def block_vectors(vectors: Vectors, seed: int, block: int) -> Vectors:
    """Return the vectors of a block of chunks."""
    chosen = origins(len(vectors), seed, block)
    noisy = perturb(vectors[chosen], COSINES, np.random.default_rng([seed, 2, block]))
    real = np.arange(block * BLOCK, (block + 1) * BLOCK) < len(vectors)
    return np.where(real[:, None], vectors[chosen], noisy)


def block_texts(texts: Sequence[list[str]], recombiner: Recombiner, seed: int, block: int) -> Iterator[list[str]]:
    """Yield the sentences of each chunk of a block."""
    random = np.random.default_rng([seed, 3, block])
    for row, origin in enumerate(origins(len(texts), seed, block).tolist(), block * BLOCK):
        yield texts[origin] if row < len(texts) else recombiner.again(texts[origin], random)


def embed_pool(making: Making, recombiner: Recombiner) -> None:
    """Make and embed the real chunks, and the queries: half of them new sentences, half perturbed chunks."""
    from askoctober.building.entries import Draft, embed
    from askoctober.embedding import load_encoder
    from askoctober.types import Article

    encoder = load_encoder(making.embedder, threads=making.threads)
    random = np.random.default_rng([making.seed, 0])
    basis = None
    texts: list[list[str]] = []
    vectors, sentences, tokens, counts = [], [], [], []
    while len(texts) < making.real:
        drafts = []
        for number in range(ARTICLES_AT_ONCE):
            body = "\n\n".join(" ".join(recombiner.chunk(random)) for _ in range(CHUNKS_AN_ARTICLE))
            title = " ".join(recombiner.made_up(random) for _ in range(3))
            name = f"a{len(texts)}-{number}"
            drafts.append(Draft(Article(name, f"{name}.md", title, text=body), name, f"{name}.md"))
        entries, basis = embed(drafts, CHARACTERS + 20, encoder, basis, lambda done, total: None)
        for entry in entries:
            texts += [[entry.article.text[s.start : s.end] for s in spans] for _, spans in entry.chunks]
            vectors.append(entry.vectors)
            sentences.append(entry.sentence_vectors)
            tokens.append(entry.tokens)
            counts.append(entry.token_counts)
        print(f"embedded {len(texts):,} chunks", flush=True)
    texts = texts[: making.real]
    asked = [recombiner.chunk(random)[0] for _ in range(QUERIES // 2)]
    starts = np.concatenate([[0], np.cumsum([len(s) for s in texts])])
    counts_of = np.concatenate(counts)[: starts[-1]]
    token_starts = np.concatenate([[0], np.cumsum(counts_of)])
    chunks = np.concatenate(vectors)[: making.real]
    known = chunks[random.integers(0, min(BLOCK, making.real), QUERIES - len(asked))]
    folder = making.folder / "real"
    folder.mkdir(exist_ok=True)
    arrays = {
        "vectors": chunks,
        "sentences": np.concatenate(sentences)[: starts[-1]].astype(np.float16),
        "tokens": np.concatenate(tokens)[: token_starts[-1]],
        "starts": starts,
        "token_starts": token_starts,
        "basis": basis,
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "texts.json").write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
    (making.folder / "questions.txt").write_text("".join(f"{s}\n" for s in asked), encoding="utf-8")
    np.save(making.folder / "queries.npy", np.concatenate([encoder.encode(asked), perturb(known, COSINES, random)]))
