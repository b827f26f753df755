import dataclasses
import json
import os
import random
import shutil
from pathlib import Path

import pytest

from askoctober.building import build, freshness
from askoctober.building.states import FILE
from askoctober.checking import check_index, mend, needs_rebuild
from askoctober.checking.findings import Finding
from askoctober.config import Config
from askoctober.errors import IndexFolderError
from askoctober.index import LocalStore
from askoctober.index.format import FORMAT, MANIFEST, dump_manifest
from encoders import HashEncoder
from shelves import build_from, config_of, contents, write_files

FILES = {
    "bees.md": "# Bees\n\nA forager dances on the comb. The sun gives the angle.",
    "clock.md": "# The clock\n\nHarrison built a clock. It lost five seconds.",
    "moon.md": "# The moon\n\nMaskelyne preferred the moon. He doubted a machine.",
}
TINY = {"a.md": "# Bees\n\nA forager dances. The sun gives the angle."}


def checked(config: Config) -> list[Finding]:
    return check_index(config, lambda label, done, total: None)


def mended(config: Config, encoder: HashEncoder | None = None) -> list[str]:
    return mend(config, checked(config), lambda label, done, total: None, encoder=encoder or HashEncoder())


def said(config: Config) -> list[tuple[str, str, str]]:
    return [(finding.level, finding.file, finding.what) for finding in checked(config)]


def held(config: Config) -> dict:
    store = LocalStore.open(config.index)
    everything = contents(store)
    store.close()
    return everything


def named(config: Config, kind: str) -> Path:
    (path,) = config.index.glob(f"{kind}-*")
    return path


@pytest.fixture
def config(tmp_path: Path) -> Config:
    build_from(tmp_path, FILES)
    return config_of(tmp_path)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """An index of one article in few dimensions, so that its files are small."""
    folder = tmp_path_factory.mktemp("tiny")
    build_from(folder, TINY, HashEncoder(dimension=16))
    return config_of(folder)


def test_a_whole_index_gives_no_finding_and_is_left_as_it_was(config):
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in config.index.iterdir()}
    assert checked(config) == []
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in config.index.iterdir()}
    del before[".lock"], after[".lock"]  # the system's lock was looked at
    assert after == before


def flips(data: bytes, at: int, bit: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def check_flips(config: Config, path: Path, places: list[int]) -> None:
    data, chance = path.read_bytes(), random.Random(1917)
    try:
        for at in places:
            bit = chance.randrange(8)
            path.write_bytes(flips(data, at, bit))
            found = checked(config)
            assert path.name in {finding.file for finding in found}, f"bit {bit} of byte {at} of {path.name}"
            # What was read last is no part of the index: it is enough to say so.
            assert {"notice" if path.name == ".files.json" else "wrong"} == {
                finding.level for finding in found if finding.file == path.name
            }
    finally:
        path.write_bytes(data)


KEPT = [".files.json", MANIFEST, "articles", "basis", "chunks", "sentences", "tokens"]


def file_of(config: Config, kind: str) -> Path:
    return config.index / kind if "." in kind else named(config, kind)


@pytest.mark.parametrize("kind", KEPT)
def test_a_flipped_bit_anywhere_is_found(tiny, kind):
    path = file_of(tiny, kind)
    size = path.stat().st_size
    check_flips(tiny, path, sorted({0, 1, size - 2, size - 1, *range(0, size, max(1, size // 50))}))
    assert checked(tiny) == []


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", KEPT)
def test_a_flipped_bit_of_every_byte_is_found(tiny, kind):
    path = file_of(tiny, kind)
    size = path.stat().st_size
    check_flips(tiny, path, sorted(random.Random(1917).sample(range(size), min(size, 60_000))))
    assert checked(tiny) == []


def test_every_bit_of_the_manifest_counts(tiny):
    path = tiny.index / MANIFEST
    data = path.read_bytes()
    for at in range(0, len(data), 40):
        for bit in range(8):
            path.write_bytes(flips(data, at, bit))
            assert ("wrong", MANIFEST) in {(level, file) for level, file, _ in said(tiny)}
    path.write_bytes(data.replace(b"{\n", b"{  \n", 1))  # reads the same, and is not what was written
    assert said(tiny) == [("wrong", MANIFEST, "is not written as this program writes it")]
    path.write_bytes(data)


@pytest.mark.parametrize("kind", ["articles", "basis", "chunks", "sentences", "tokens"])
@pytest.mark.parametrize("harm", ["missing", "shorter", "longer", "changed", "empty"])
def test_what_is_missing_or_harmed_is_named_and_mended(config, kind, harm):
    expected = held(config)
    path = named(config, kind)
    data = path.read_bytes()
    path.unlink()
    if harm != "missing":
        forms = {"shorter": data[:-1], "longer": data + b"\0", "changed": flips(data, len(data) // 2, 3), "empty": b""}
        path.write_bytes(forms[harm])
    (finding,) = [finding for finding in checked(config) if finding.level == "wrong"]
    assert finding.file == path.name
    assert ("is missing" if harm == "missing" else "bytes") in finding.what
    assert finding.mend == f"askoctober index {config.corpus} --index {config.index}"
    with pytest.raises(IndexFolderError):
        LocalStore.open(config.index)
    assert mended(config) == [f"mended {config.index}: 3 articles embedded anew, 0 kept as they were"]
    assert checked(config) == []
    assert held(config) == expected


def grown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Config, dict]:
    """An index of two segments: an update does not take over the larger one."""
    monkeypatch.setattr("askoctober.index.writing.SMALL", 0)
    files = FILES | {"long.md": "# Long\n\n" + "\n\n".join(f"Sentence {i} is of its own." * 8 for i in range(20))}
    build_from(folder, files, chunk_size=100)
    files |= {"new.md": "# New\n\nAn article that came later."}
    build_from(folder, files, chunk_size=100)
    config = config_of(folder, chunk_size=100)
    assert len(list(config.index.glob("articles-*"))) == 2
    return config, held(config)


def test_only_what_a_damaged_segment_held_is_embedded_again(tmp_path, monkeypatch):
    config, expected = grown(tmp_path, monkeypatch)
    records = json.loads((config.index / MANIFEST).read_text(encoding="utf-8"))["segments"]
    smaller = min(records, key=lambda record: record["chunks"])
    path = config.index / smaller["files"]["tokens"]["name"]
    path.write_bytes(flips(path.read_bytes(), 0, 0))
    assert [(level, file) for level, file, _ in said(config)] == [("wrong", path.name)]
    encoder = HashEncoder()
    assert mended(config, encoder) == [f"mended {config.index}: 1 articles embedded anew, 4 kept as they were"]
    assert sorted(encoder.seen) == ["An article that came later.", "New. New"]
    assert checked(config) == []
    assert held(config) == expected


def test_a_large_file_that_a_build_would_trust_is_mended_too(tmp_path, monkeypatch):
    config, expected = grown(tmp_path, monkeypatch)
    monkeypatch.setattr("askoctober.index.writing.CHECKED_BYTES", 0)
    monkeypatch.setattr("askoctober.index.store.CHECKED_BYTES", 0)
    records = json.loads((config.index / MANIFEST).read_text(encoding="utf-8"))["segments"]
    path = config.index / min(records, key=lambda record: record["chunks"])["files"]["sentences"]["name"]
    path.write_bytes(flips(path.read_bytes(), path.stat().st_size - 1, 6))
    build(config, encoder=HashEncoder())
    assert [(level, file) for level, file, _ in said(config)] == [("wrong", path.name)]
    mended(config)
    assert checked(config) == []
    assert held(config) == expected


def test_a_file_whose_articles_lie_in_several_segments_loses_none(tmp_path, monkeypatch):
    monkeypatch.setattr("askoctober.index.writing.SMALL", 0)
    rows = [json.dumps({"title": f"Row {i}", "text": f"Row number {i} has a text of its own. " * 9}) for i in range(9)]
    build_from(tmp_path, {"rows.jsonl": "\n".join(rows[:8]) + "\n"}, chunk_size=100)
    build_from(tmp_path, {"rows.jsonl": "\n".join(rows) + "\n"}, chunk_size=100)
    config = config_of(tmp_path, chunk_size=100)
    expected = held(config)
    records = json.loads((config.index / MANIFEST).read_text(encoding="utf-8"))["segments"]
    assert (len(records), len(expected)) == (2, 9)
    for record in records:
        path = config.index / record["files"]["chunks"]["name"]
        if path.exists():
            path.write_bytes(b"")
            mended(config)
            assert checked(config) == []
            assert held(config) == expected


def test_an_update_of_one_file_loses_nothing_of_a_damaged_part(tmp_path, monkeypatch):
    config, expected = grown(tmp_path, monkeypatch)
    records = json.loads((config.index / MANIFEST).read_text(encoding="utf-8"))["segments"]
    path = config.index / max(records, key=lambda record: record["chunks"])["files"]["articles"]["name"]
    path.write_bytes(b"")
    (config.corpus / "moon.md").write_text("# The moon\n\nTables of the lunar distance.", encoding="utf-8")
    build(config, encoder=HashEncoder(), changed=["moon.md"])
    assert (checked(config), sorted(held(config))) == ([], sorted(expected))


def test_left_overs_are_named_and_removed_and_what_is_foreign_stays(config):
    index = config.index
    left = {".manifest.json.draft", ".files.json.draft", "tokens-0123456789ab.u8", "basis-0123456789ab.npy"}
    left |= {"building-tokens.npy", "building-manifest.json", ".lock.json"}
    foreign = {"notes.txt", "articles-of-mine.sqlite", "tokens-0123456789AB.u8", "chunks-0123456789ab.txt"}
    for name in left | foreign:
        (index / name).write_text(json.dumps({"pid": 1, "host": "h", "since": "s"}))
    (index / "drawer").mkdir()
    found = checked(config)
    assert {finding.level for finding in found} == {"notice"}
    assert {finding.file for finding in found if finding.cure == "remove"} == left
    assert {finding.file for finding in found if not finding.cure} == foreign | {"drawer"}
    assert sorted(mended(config)) == sorted(f"removed {index / name}" for name in left)
    assert {finding.file for finding in checked(config)} == foreign | {"drawer"}
    assert all((index / name).exists() for name in foreign | {"drawer"})


def test_an_unfinished_build_is_gone_on_with(config):
    expected = held(config)
    (config.index / "building").mkdir()
    (config.index / "building" / "about.json").write_text("{}")
    assert said(config) == [("notice", "building", "holds an unfinished build")]
    mended(config)
    assert (checked(config), held(config)) == ([], expected)


def test_what_a_killed_build_had_named_already_is_kept_for_the_next(config, monkeypatch):
    import askoctober.index.writing as writing

    expected = FILES | {"tides.md": "# Tides\n\nThe tide turns."}
    write_files(config.corpus, expected)

    def killed(path: Path, text: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(writing, "write_durably", killed)
        with pytest.raises(KeyboardInterrupt):
            build(config, encoder=HashEncoder())
    assert len(list(config.index.glob("articles-*"))) == 2
    assert "building" in {finding.file for finding in checked(config)}
    assert not any("replaced" in finding.what for finding in checked(config))
    encoder = HashEncoder()
    mended(config, encoder)
    assert (encoder.seen, checked(config), sorted(held(config))) == ([], [], sorted(expected))


def test_while_a_build_runs_what_it_makes_is_no_left_over(config):
    from askoctober.index.disk import hold

    (config.index / "building").mkdir()
    with hold(config.index / ".lock", config.index / ".lock.json"):
        (finding,) = checked(config)
    assert finding.what.startswith(f"process {os.getpid()} on ")
    assert finding.what.endswith("is building this index")


def test_harmed_states_cost_a_reading_and_are_mended(config):
    path = config.index / ".files.json"
    path.write_bytes(b"x" + path.read_bytes())
    assert said(config) == [("notice", ".files.json", "is not as it was written")]
    assert mended(config) == [f"removed {path}"]
    assert (checked(config), freshness(config)) == ([], "")


def changed_manifest(config: Config, **changes: object) -> None:
    """Write another manifest with a sum that is right."""
    path = config.index / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8")) | changes
    del manifest["sha256"]
    path.write_text(dump_manifest(manifest), encoding="utf-8")


def test_an_older_format_is_made_anew_and_a_newer_one_is_not(config):
    expected = held(config)
    changed_manifest(config, format=FORMAT + 1)
    (finding,) = [finding for finding in checked(config) if finding.level == "wrong"]
    assert finding.what == f"is of format {FORMAT + 1}, which a newer askoctober has made; this one reads {FORMAT}"
    assert not needs_rebuild([finding])
    changed_manifest(config, format=FORMAT - 1)
    (finding,) = [finding for finding in checked(config) if finding.level == "wrong"]
    assert finding.what == f"is of the older format {FORMAT - 1}; this askoctober reads {FORMAT}"
    mended(config)
    assert (checked(config), held(config)) == ([], expected)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"format": 2}'])
def test_a_harmed_manifest_is_mended(config, content):
    expected = held(config)
    (config.index / MANIFEST).write_bytes(content)
    assert [file for level, file, _ in said(config) if level == "wrong"] == [MANIFEST]
    mended(config)
    assert (checked(config), held(config)) == ([], expected)


def test_a_missing_manifest_and_a_missing_folder(config, tmp_path):
    (config.index / MANIFEST).unlink()
    assert ("wrong", MANIFEST, "is not there") in said(config)
    mended(config)
    assert checked(config) == []
    none = dataclasses.replace(config, index=tmp_path / "none")
    assert said(none) == [("wrong", "", f"there is no index in {none.index}")]


@pytest.mark.parametrize("changes", [{"segments": 3}, {"files": {}}, {"dimension": "x"}, {"segments": [{}]}])
def test_a_manifest_that_somebody_made_is_refused(config, changes):
    changed_manifest(config, **changes)
    assert [file for level, file, _ in said(config) if level == "wrong"] == [MANIFEST]


def test_another_embedder_and_another_chunking(config):
    (finding,) = checked(dataclasses.replace(config, embedder="org/Other"))
    assert (finding.level, finding.what) == (
        "wrong",
        "was embedded with all-minilm-l6-v2, the setting is org/Other",
    )
    (finding,) = checked(dataclasses.replace(config, chunk_size=500))
    assert (finding.level, finding.what) == ("notice", "its articles were chunked in another way")


def test_a_corpus_that_moved_on(config):
    write_files(config.corpus, FILES | {"bees.md": "# Bees\n\nSmell alone led the bees."})
    assert said(config) == [("notice", MANIFEST, f"articles in {config.corpus} have changed since it was built")]
    mended(config)
    assert checked(config) == []
    assert held(config)["bees.md"]["article"].text.endswith("Smell alone led the bees.")


def test_a_file_that_changed_behind_its_size_and_times_is_found_and_mended(tmp_path, monkeypatch):
    """As a file system does whose clock was set back, or that tells no times of change."""
    monkeypatch.setattr("askoctober.building.states._stat", lambda path: [1, 2, 3, 4])
    build_from(tmp_path, FILES)
    config = config_of(tmp_path)
    assert checked(config) == []
    write_files(config.corpus, FILES | {"bees.md": FILES["bees.md"].replace("comb", "hive")})
    assert freshness(config) == "", "what a build goes by does not tell"
    states, manifest = checked(config)
    assert (states.level, states.file, states.cure) == ("notice", FILE, "remove")
    assert states.what.endswith("have other contents now, but their old size and times: bees.md")
    assert manifest.what == f"articles in {config.corpus} have changed since it was built"
    command = f"askoctober doctor --mend --corpus {config.corpus} --index {config.index}"
    assert (states.mend, manifest.mend) == (command, command)
    told = mended(config)
    assert told[0] == f"removed {config.index / FILE}" and "1 articles embedded anew" in told[1]
    assert checked(config) == []
    assert "hive" in held(config)["bees.md"]["article"].text


def test_what_was_looked_at_is_said_and_how_far_it_is(config):
    looked_at, told = [], []
    assert check_index(config, lambda *step: told.append(step), looked_at=looked_at) == []
    size = sum(path.stat().st_size for path in config.corpus.iterdir())
    kept = [path for path in config.index.iterdir() if path.name != MANIFEST and not path.name.startswith(".")]
    assert looked_at == [
        f"{len(kept)} files of {config.index}, {sum(path.stat().st_size for path in kept):,} bytes",
        f"3 files of {config.corpus}, {size:,} bytes",
    ]
    steps = [(done, total) for label, done, total in told if label == "reading the corpus"]
    assert len(steps) == 4 and (steps[0], steps[-1]) == ((0, size), (size, size))


def test_without_its_corpus_an_index_is_not_made_anew(config, tmp_path):
    shutil.move(config.corpus, tmp_path / "kept")
    assert said(config) == [
        ("notice", MANIFEST, f"was built from the folder {config.corpus}, which is not there"),
    ]
    other = dataclasses.replace(config, corpus=tmp_path / "kept")
    assert said(other) == [
        ("notice", MANIFEST, "was built from a folder 'corpus', which the setting does not name"),
    ]
    path = named(config, "tokens")
    path.write_bytes(b"")
    for lacking in (config, other):
        with pytest.raises(IndexFolderError, match="cannot be mended without the folder 'corpus' that it was built"):
            mended(lacking)
    assert len(list(config.index.glob("articles-*"))) == 1


def test_files_that_were_left_out_are_named(tmp_path):
    build_from(tmp_path, FILES | {"empty.md": ""})
    (finding,) = checked(config_of(tmp_path))
    assert (finding.level, finding.file) == ("notice", "manifest.json")
    assert finding.what == "says that empty.md was left out: is empty; fill or remove it."
