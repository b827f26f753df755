"""A folder that was emptied, or whose files can no longer be read: the index in force stays, and that is said."""

from pathlib import Path

import pytest

from askoctober import cli
from askoctober.building import build
from askoctober.cli import loading
from askoctober.errors import CorpusError
from askoctober.index import LocalStore
from encoders import HashEncoder
from shelves import build_from, config_of, contents, write_files

FILES = {"bees.md": "# Bees\n\nA forager dances.", "clock.md": "# The clock\n\nHarrison built a clock."}
UNREADABLE = {"bees.md": "", "clock.md": "---\n: [\n---\nx"}


@pytest.mark.parametrize(
    ("left", "why"),
    [({}, "; put .md or .txt files in it."), (UNREADABLE, ": bees.md is empty; fill or remove it.")],
    ids=["emptied", "unreadable"],
)
def test_the_index_of_an_emptied_folder_is_kept_and_said_to_be(tmp_path: Path, left: dict[str, str], why: str) -> None:
    build_from(tmp_path, FILES)
    config = config_of(tmp_path)
    store = LocalStore.open(config.index)
    before = contents(store)
    store.close()
    write_files(config.corpus, left)
    for _ in range(2):
        with pytest.raises(CorpusError) as refused:
            build(config, encoder=HashEncoder())
        assert str(refused.value) == (
            f"The folder {config.corpus} holds no article that can be read{why} The index in {config.index} was kept "
            "as it was, with its 2 articles; delete that folder to remove it."
        )
    store = LocalStore.open(config.index)
    assert contents(store) == before
    store.close()
    report, encoder = build_from(tmp_path, FILES)
    assert (report.articles, report.embedded, report.unchanged, encoder.seen) == (2, 0, 2, [])


def test_where_there_was_no_index_none_is_said_to_be_kept(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    with pytest.raises(CorpusError, match=r"put \.md or \.txt files in it\.$"):
        build_from(tmp_path, {})


def test_the_command_ends_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build_from(tmp_path, FILES)
    write_files(tmp_path / "corpus", {})
    monkeypatch.setattr(loading, "fetch_absent", lambda config, *names: None)
    monkeypatch.setattr("askoctober.building.updating.load_encoder", lambda path, threads=0: HashEncoder())
    monkeypatch.setattr("askoctober.building.updating.models.resolve", lambda name, folder=None: Path(name))
    assert cli.main(["index", str(tmp_path / "corpus"), "--index", str(tmp_path / "index")]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("was kept as it was, with its 2 articles; delete that folder")) == ("", 1)
