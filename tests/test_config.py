import dataclasses
from pathlib import Path

import pytest

from askoctober.config import FILE, PREFIX, Config, Weights
from askoctober.errors import ConfigError


def load(folder: Path, text: str = "", environ: dict[str, str] | None = None, **flags: object) -> Config:
    (folder / FILE).write_text(text, encoding="utf-8")
    return Config.load(folder, environ or {}, **flags)


def test_without_any_source_the_defaults_hold(tmp_path):
    assert Config.load(tmp_path, {}) == Config()


def test_later_sources_win(tmp_path):
    text = "port = 1\nthreads = 1\nmodel = 'one'\ncorpus = 'file'"
    environ = {PREFIX + "THREADS": "2", PREFIX + "MODEL": "two", "OTHER": "x"}
    config = load(tmp_path, text, environ, model="three", port=None)
    assert (config.port, config.threads, config.model, config.corpus) == (1, 2, "three", Path("file"))
    assert config == dataclasses.replace(Config(), port=1, threads=2, model="three", corpus=Path("file"))


def test_the_process_environment_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv(PREFIX + "PORT", "9001")
    assert Config.load(tmp_path).port == 9001


def test_values_take_the_kind_of_the_setting(tmp_path):
    text = (
        "index = 'x/y'\nmodels_dir = '~/m'\nown = 'o'\nfeedback = 'f.jsonl'\nuploads = 'off'\nchunk_size = 900\n"
        "[weights]\nlate = 3\nwords = 0.5"
    )
    config = load(tmp_path, text, {PREFIX + "PASSAGES": "4"})
    assert config.index == Path("x/y")
    assert config.models_dir == Path.home() / "m"
    assert (config.own, config.feedback, config.uploads) == (Path("o"), Path("f.jsonl"), "off")
    assert config.weights == Weights(late=3.0, words=0.5)
    assert isinstance(config.weights.late, float)
    assert (config.chunk_size, config.passages) == (900, 4)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("modle = 'x'", "Unknown setting 'modle' in "),
        ("[weights]\nlat = 2", "Unknown setting 'lat' in "),
        ("port = 'x'", "Setting 'port' in "),
        ("port = -1", "cannot be -1; give a value like 7860."),
        ("port = 1.5", "cannot be 1.5; give a value like 7860."),
        ("port = true", "cannot be True"),
        ("corpus = 3", "Setting 'corpus' in "),
        ("weights = 3", "give a table of numbers."),
        ("[weights]\ndense = -1", "Setting 'dense' in "),
        ("port = ", "cannot be read as TOML"),
        ("uploads = 'maybe'", "Setting 'uploads' in "),
        ("uploads = true", "cannot be True; give one of auto, on, off."),
        ("own = ''", "Setting 'own' in "),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_source(tmp_path, text, says):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert says in message
    assert str(tmp_path / FILE) in message
    assert "\n" not in message.strip().replace("\\n", "") or "TOML" in message


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / FILE).write_bytes(b"model = '\xff'")
    with pytest.raises(ConfigError, match="cannot be read as TOML"):
        Config.load(tmp_path, {})


def test_other_sources_are_named_too(tmp_path):
    with pytest.raises(ConfigError, match="'prot' in the environment; known: answer_length, "):
        load(tmp_path, environ={PREFIX + "PROT": "1"})
    with pytest.raises(ConfigError, match="'port' in the command line cannot be 'x'"):
        load(tmp_path, port="x")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("chunk_size", "0"),
        ("passages", "0"),
        ("port", "nan"),
        ("port", 10**400),
        ("index", ""),
        ("index", "~nosuchuser/x"),
        ("weights", {"late": float("inf")}),
        ("weights", {"late": float("nan")}),
    ],
)
def test_values_that_no_setting_can_have_are_refused(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"Setting '(?:{key}|late)' in a test cannot be"):
        Config().replace({key: value}, "a test")
