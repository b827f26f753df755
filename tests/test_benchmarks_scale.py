"""The comparison of sizes: what is made, how it is measured, and what is printed of it."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "scale.py"
CORPUS = SCRIPT.parent.parent / "corpus"
POOL, DIMENSION = 1000, 16


@pytest.fixture(scope="module")
def scale() -> Iterator[ModuleType]:
    before = list(sys.path)
    spec = importlib.util.spec_from_file_location("benchmark_scale", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    for name in ("making", "entries", "measuring"):
        importlib.import_module(name)
    yield module
    sys.path[:] = before


@pytest.fixture(scope="module")
def making(scale: ModuleType) -> ModuleType:
    return sys.modules["making"]


@pytest.fixture(scope="module")
def trials(scale: ModuleType) -> ModuleType:
    return sys.modules["trials"]


@pytest.fixture(scope="module")
def recombiner(making: ModuleType) -> Any:
    return making.Recombiner(making.read_sentences(CORPUS))


@pytest.fixture(scope="module")
def made(making: ModuleType, recombiner: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A shelf of two thousand chunks whose first thousand stand for embedded ones."""
    folder = tmp_path_factory.mktemp("scale") / "shelf"
    pool = folder / "real"
    pool.mkdir(parents=True)
    random = np.random.default_rng(3)
    texts = [recombiner.chunk(random) for _ in range(POOL)]
    starts = np.concatenate([[0], np.cumsum([len(sentences) for sentences in texts])])
    token_starts = np.arange(starts[-1] + 1) * 2
    arrays = {
        "vectors": unit(random, POOL),
        "sentences": unit(random, int(starts[-1])).astype(np.float16),
        "tokens": random.integers(-127, 128, (token_starts[-1], 8)).astype(np.int8),
        "starts": starts,
        "token_starts": token_starts,
        "basis": np.eye(DIMENSION, 8, dtype=np.float32),
    }
    for name, array in arrays.items():
        np.save(pool / f"{name}.npy", array)
    (pool / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    (folder / "questions.txt").write_text("Who spoke?\n", encoding="utf-8")
    np.save(folder / "queries.npy", unit(random, 20))
    return making.make(making.Making(CORPUS, folder, folder / "no embedder"), 2000)


def unit(random: np.random.Generator, count: int) -> np.ndarray:
    vectors = random.standard_normal((count, DIMENSION), np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def figures(system: str, count: int, **more: Any) -> dict[str, Any]:
    held = {"anonymous": 600 * count, "mapped": 400 * count, "unique": 0}
    times = {"search_s": [0.001, 0.002, 0.003], "cold_s": [0.004], "update_s": [0.01] * 5, "updates_found": 5}
    return {
        "system": system,
        "count": count,
        "build_s": count / 500,
        "disk": 2000 * count,
        "memory": held,
        "recall": 0.97,
        **times,
        **more,
    }


def test_the_script_runs_from_anywhere_beside_its_folder_of_the_same_name(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: scale.py")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sizes", "1500"], "whole thousands"),
        (["--limit", "0"], "--limit must be more than 0"),
        (["--corpus", "nowhere"], "holds no Markdown"),
        (["--only", "sqlite"], "invalid choice"),
    ],
)
def test_arguments_of_no_use_are_refused(
    scale: ModuleType, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        scale.parse(arguments)
    assert said in capsys.readouterr().err


def test_chunks_are_recombined_from_the_corpus_and_told_apart(making: ModuleType, recombiner: Any) -> None:
    random = np.random.default_rng(1)
    chunks = [recombiner.chunk(random) for _ in range(200)]
    lengths = [sum(map(len, sentences)) + len(sentences) - 1 for sentences in chunks]
    assert max(lengths) <= making.CHARACTERS
    assert min(lengths) > making.CHARACTERS - making.LONGEST - 40
    assert 4 <= np.mean([len(sentences) for sentences in chunks]) <= 8
    assert len({" ".join(sentences) for sentences in chunks}) == 200
    again = recombiner.again(chunks[0], random)
    assert again != chunks[0]
    assert len(again) == len(chunks[0])


def test_a_swapped_sentence_keeps_what_stands_between_its_words(recombiner: Any) -> None:
    (sentence,) = recombiner.again(["In 1917, (Petrograd) soldiers; sailors – and workers."], np.random.default_rng(5))
    assert sentence.startswith("In 1917, (")
    assert [mark for mark in sentence if mark in "(),;–."] == [",", "(", ")", ";", "–", "."]


@given(st.integers(0, 2**32), st.floats(0.5, 0.9))
def test_noise_keeps_vectors_of_length_one_near_the_wanted_cosine(scale: ModuleType, seed: int, cosine: float) -> None:
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((50, 384), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    noisy = sys.modules["shelf"].perturb(vectors, (cosine, cosine), random)
    assert np.allclose(np.linalg.norm(noisy, axis=1), 1, atol=1e-5)
    assert abs((vectors * noisy).sum(axis=1).mean() - cosine) < 0.03


def test_a_shelf_is_the_beginning_of_a_larger_one(making: ModuleType, made: Any, tmp_path: Path) -> None:
    pool = making.Pool(made.folder / "real")
    assert np.array_equal(made.vectors(1000), pool.array("vectors"))
    assert list(made.sentences(1000)) == pool.texts()
    origins = making.origins(POOL, 1917, 1)
    cosines = (made.vectors(2000)[1000:] * pool.array("vectors")[origins]).sum(axis=1)
    assert 0.85 < cosines.mean() < 0.95
    row, text, vector = list(made.rows(2000))[1234]
    assert (row, text) == (1234, " ".join(list(made.sentences(2000))[1234]))
    assert np.array_equal(vector, made.vectors(2000)[1234])
    before = made.vectors_file.read_bytes(), made.texts_file.read_bytes()
    grown = making.make(making.Making(CORPUS, made.folder, Path("no embedder")), 2000)
    assert (grown.vectors_file.read_bytes(), grown.texts_file.read_bytes()) == before


def test_entries_hold_the_same_chunks_with_sentences_that_are_in_their_places(scale: ModuleType, made: Any) -> None:
    shelf = sys.modules["entries"].EntryShelf(made.folder)
    rows = list(made.rows(2000))
    entries = list(shelf.entries(2000))
    assert len(entries) == 500
    for entry in (entries[0], entries[249], entries[250], entries[499]):
        first = 4 * int(entry.article.id[1:])
        for place, (chunk, spans) in enumerate(entry.chunks):
            row, text, vector = rows[first + place]
            assert row == int(entry.digest) + place
            assert chunk.text == text == entry.article.text[chunk.start : chunk.end]
            assert " ".join(entry.article.text[s.start : s.end] for s in spans) == text
            assert np.array_equal(entry.vectors[place], vector)
        sentences = sum(len(spans) for _, spans in entry.chunks)
        assert len(entry.sentence_vectors) == len(entry.token_counts) == sentences
        assert len(entry.tokens) == entry.token_counts.sum() == 2 * sentences


@given(st.integers(0, 2**32), st.integers(1, 200), st.integers(1, 30))
def test_the_exact_search_is_exact_over_blocks(trials: ModuleType, seed: int, count: int, k: int) -> None:
    random = np.random.default_rng(seed)
    vectors, queries = unit(random, count), unit(random, 3)
    k = min(k, count)
    before, trials.EXACT_BLOCK = trials.EXACT_BLOCK, 32
    found = trials.exact(vectors, queries, k)
    trials.EXACT_BLOCK = before
    scores = np.sort(queries @ vectors.T, axis=1)[:, ::-1][:, :k]
    assert np.allclose(np.take_along_axis(queries @ vectors.T, found, axis=1), scores)


def test_recall_counts_what_was_found_in_any_order(trials: ModuleType) -> None:
    right = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    assert trials.recall([[4, 3, 2, 1], [5, 6, 1, 2]], right) == 0.75
    assert trials.recall([[], [5]], right) == 0.125


def test_plain_is_measured_in_processes_of_its_own_and_kept(trials: ModuleType, made: Any, tmp_path: Path) -> None:
    trial = trials.Trial("plain", 2000, made.folder, tmp_path / "trials", threads=1)
    found = trials.measure(trial, tmp_path / "kept")
    assert found["recall"] == 1
    assert found["updates_found"] == len(found["update_s"]) == 5
    assert len(found["search_s"]) == 2 * len(found["cold_s"]) == 40
    assert found["disk"] > 2000 * 4 * DIMENSION
    assert "found" not in found
    assert not list((tmp_path / "trials").iterdir())
    (kept,) = (tmp_path / "kept").iterdir()
    kept.write_text(json.dumps(found | {"recall": 0.5}), encoding="utf-8")
    assert trials.measure(trial, tmp_path / "kept")["recall"] == 0.5


def test_a_system_that_does_not_end_is_stopped_and_named(trials: ModuleType, made: Any, tmp_path: Path) -> None:
    trial = trials.Trial("plain", 1000, made.folder, tmp_path / "trials", limit=0.01)
    found = trials.measure(trial, tmp_path / "kept")
    assert found["failed"].startswith("build: not done within the limit")
    assert "recall" not in found


def test_a_peer_that_is_not_installed_is_named(trials: ModuleType, made: Any, tmp_path: Path) -> None:
    found = trials.run(trials.Trial("lancedb", 1000, made.folder, tmp_path / "trials"))
    assert found["failed"] == "is not installed; run again with --peers"


def test_a_step_that_fails_says_why(trials: ModuleType) -> None:
    code = "import sys; print('starting'); sys.exit('the disk is full')"
    assert trials.within([sys.executable, "-c", code], 60, {}) == "ended with 1: the disk is full"
    assert trials.within([sys.executable, "-c", "pass"], 60, {}) == ""


def test_systems_are_kept_offline_and_to_their_threads(trials: ModuleType) -> None:
    code = "import os; print(os.environ['OMP_NUM_THREADS'], os.environ['HF_HUB_OFFLINE'])"
    environment = os.environ | trials.offline(2)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["2", "1"]


def test_every_peer_is_pinned(scale: ModuleType) -> None:
    installing = sys.modules["installing"]
    for name, entry in scale.SYSTEMS.items():
        assert all(package in installing.versions(name) for package in entry.packages)
        assert bool(entry.packages) == bool(entry.licence)


def test_reading_the_shelf_is_not_taken_for_the_system(scale: ModuleType) -> None:
    class Slow:
        dimension = 3

        def rows(self, count: int) -> Iterator[int]:
            import time

            for row in range(count):
                time.sleep(0.01)
                yield row

    clocked = sys.modules["measuring"].Clocked(Slow())
    assert list(clocked.rows(5)) == [0, 1, 2, 3, 4]
    assert clocked.seconds >= 0.05
    assert clocked.dimension == 3


def test_the_table_has_a_line_a_trial_by_size_and_names_failures(scale: ModuleType) -> None:
    late = {"system": "chromadb", "count": 10_000, "build_s": 20.0, "disk": 10, "failed": "search: ended | with 1"}
    lines = scale.report.table([late, figures("askoctober", 1000)]).splitlines()
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {len(scale.report.HEAD) + 1}
    assert lines[2].startswith("| 1,000 | askoctober | 500 | 2,000 | 600 | 1,000 | 2 | 2.98 | 4 | 0.970 | 10 |")
    assert lines[3].startswith("| 10,000 | chromadb | 500 |")
    assert lines[3].endswith("| search: ended / with 1 |")


@given(st.floats(-1, 2), st.floats(0.01, 100))
def test_the_exponent_of_a_power_is_found(scale: ModuleType, power: float, factor: float) -> None:
    counts = [1e3, 1e4, 1e5, 1e6]
    assert scale.report.exponent(counts, [factor * n**power for n in counts]) == pytest.approx(power, abs=1e-9)


def test_the_exponents_of_a_system_need_two_sizes(scale: ModuleType) -> None:
    trials = [figures("askoctober", 1000), figures("askoctober", 100_000), figures("plain", 1000)]
    lines = scale.report.exponents(trials).splitlines()
    assert lines[2] == "| askoctober | 0.00 | 1.00 | 1.00 |"
    assert lines[3] == "| plain | – | – | – |"


def test_what_is_wanted_is_judged_at_the_largest_size(scale: ModuleType) -> None:
    first = figures("askoctober", 1000, whole_s=[0.02])
    last = figures("askoctober", 1_000_000, search_s=[0.009] * 3, recall=0.94, whole_s=[0.04])
    lines = scale.report.verdict([last, first, figures("plain", 1_000_000)]).splitlines()
    assert lines[0].startswith("| at 1,000,000 chunks")
    assert [line.split("|")[-2].strip() for line in lines[2:]] == ["missed", "missed", "met", "met"]
    assert scale.report.verdict([figures("plain", 1000)]) == "askoctober: nothing measured"


def test_the_plot_is_drawn(scale: ModuleType, tmp_path: Path) -> None:
    scale.report.plot([figures("askoctober", 1000), figures("askoctober", 10_000)], tmp_path / "scale.png")
    assert (tmp_path / "scale.png").read_bytes().startswith(b"\x89PNG")
