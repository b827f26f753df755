"""Settings, with the only copy of each default.

Read in this order, later wins: the defaults below, `askoctober.toml` in the working folder, `ASKOCTOBER_*` in the
environment, the flags of the command line. Unknown keys are refused, so that a typing error never passes in silence.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from askoctober.errors import ConfigError

PREFIX = "ASKOCTOBER_"
FILE = "askoctober.toml"
LEAST = {"chunk_size": 100, "context_tokens": 512, "passages": 1, "answer_tokens": 16}
"""What settings must at least be; the others are at least 0."""
CHOICES = {
    "answer_length": ("short", "normal", "long"),
    "uploads": ("auto", "on", "off"),
    "embed": ("local", "ray"),
    "log": ("off", "text", "json"),
}
"""What settings of a few words may be."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What each ranker counts for when their scores are fused; only the ratios matter."""

    dense: float = 1.0
    words: float = 1.0
    sentence: float = 1.0
    late: float = 3.0


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting. Sizes are characters unless they say tokens.

    `memory` is megabytes for the codes of all chunks; `store` is an address in Milvus, where the shelf lies instead of
    in the folder `index`. `embed` is where a build embeds articles: in its own process, or by actors of Ray, at most
    `ray_actors` of them (0 is one for each GPU, or else for each processor). A server remembers `answers_kept` answers,
    and logs each question in a form, with its text only where `log_questions` is set. Other computers are asked for the
    password of `password_hash`, unless it is `open`; docs/serving.md has the settings beside these.
    """

    corpus: Path = Path("corpus")
    index: Path = Path("index")
    store: str = ""
    embedder: str = "all-MiniLM-L6-v2"
    multilingual: bool = False
    model: str = "qwen2.5-coder-1.5b-instruct"
    engine: str = "auto"
    models_dir: Path | None = None
    calendar: str = "auto"
    threads: int = 0
    embed: str = "local"
    ray_actors: int = 0
    memory: int = 0
    context_tokens: int = 4096
    chunk_size: int = 1200
    evidence_tokens: int = 400
    passages: int = 8
    answer_tokens: int = 220
    answer_length: str = "normal"
    host: str = "127.0.0.1"
    port: int = 7860
    uploads: str = "auto"
    password_hash: str = ""
    open: bool = False
    host_names: str = ""
    trusted_proxies: str = ""
    frame_origins: str = ""
    questions_a_minute: int = 60
    requests_a_minute: int = 1200
    answers_kept: int = 0
    log: str = "off"
    log_questions: bool = False
    own: Path | None = None
    feedback: Path = Path("feedback.jsonl")
    weights: Weights = field(default_factory=Weights)

    @classmethod
    def load(cls, folder: Path | str = ".", environ: Mapping[str, str] | None = None, **flags: Any) -> Config:
        """Return the settings in force in `folder`; flags that are None count as not given.

        Raises:
            ConfigError: an unknown key, or a value of the wrong kind; the message names its source.
        """
        config = cls()
        path = Path(folder) / FILE
        if path.is_file():
            try:
                table = tomllib.loads(path.read_text(encoding="utf-8"))
            except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise ConfigError(f"{path} cannot be read as TOML ({error}); correct it or remove it.") from error
            config = config.replace(table, str(path))
        environ = os.environ if environ is None else environ
        table = {key.removeprefix(PREFIX).lower(): value for key, value in environ.items() if key.startswith(PREFIX)}
        config = config.replace(table, "the environment")
        return config.replace({key: value for key, value in flags.items() if value is not None}, "the command line")

    def replace(self, table: Mapping[str, Any], source: str) -> Config:
        """Return a copy with the keys of `table` set; `source` is named in errors."""
        changes = {key: _convert(self, key, value, source) for key, value in table.items()}
        return dataclasses.replace(self, **changes)


def _convert(config: Config | Weights, key: str, value: Any, source: str) -> Any:
    """Return `value` as the kind that the field `key` has, or say what is wrong with it."""
    fields = {f.name: f for f in dataclasses.fields(config)}
    if key not in fields:
        raise ConfigError(f"Unknown setting {key!r} in {source}; known: {', '.join(sorted(fields))}.")
    default = getattr(config, key)
    try:
        if isinstance(default, Weights):
            changes = {name: _convert(default, name, number, source) for name, number in dict(value).items()}
            return dataclasses.replace(default, **changes)
        if isinstance(default, Path) or default is None:
            if not str(value):
                raise ValueError(value)
            return Path(value).expanduser()
        if isinstance(default, bool):
            return {"true": True, "false": False}[str(value).casefold()]
        if isinstance(default, str):
            if str(value) not in CHOICES.get(key, (str(value),)):
                raise ValueError(value)
            return str(value)
        if isinstance(value, bool) or (isinstance(default, int) and not float(value).is_integer()):
            raise ValueError(value)
        number = type(default)(value)
        if not LEAST.get(key, 0) <= number < float("inf"):
            raise ValueError(value)
        return number
    # RuntimeError: a home folder that is not known.
    except (KeyError, TypeError, ValueError, OverflowError, RuntimeError) as error:
        kind = "a table of numbers" if isinstance(default, Weights) else f"a value like {default!r}"
        if key in CHOICES:
            kind = "one of " + ", ".join(CHOICES[key])
        raise ConfigError(f"Setting {key!r} in {source} cannot be {value!r}; give {kind}.") from error
