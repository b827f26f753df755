"""What runs in the processes of Ray."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from askoctober import models
from askoctober.building.entries import Draft, LocalEmbed
from askoctober.config import Config
from askoctober.embedding import load_encoder
from askoctober.errors import ModelError
from askoctober.index import Entry
from askoctober.types import Encoder, FloatArray
from askoctober.version import __version__


class Actor:
    """Embeds groups in a process of its own, with an encoder of its own."""

    def __init__(self, load: Callable[[], Encoder], chunk_size: int, version: str, fingerprint: str) -> None:
        """`load` gives the encoder, which must be the one of this fingerprint; nothing is loaded yet."""
        self._load, self._chunk_size = load, chunk_size
        self._wanted = {"askoctober": version, "embedder": fingerprint}
        self._embed: LocalEmbed | None = None

    def start(self) -> None:
        """Load the encoder."""
        self._loaded()

    def embed(self, group: Sequence[Draft], basis: FloatArray) -> list[Entry]:
        """Return the entries of a group."""
        ((entries, _),) = self._loaded()([group], basis, _silent)
        return entries

    def _loaded(self) -> LocalEmbed:
        if self._embed is None:
            encoder = self._load()
            for what, here in {"askoctober": __version__, "embedder": encoder.fingerprint}.items():
                if here != self._wanted[what]:
                    raise ModelError(
                        f"its {what} ({here[:12]}) is not that of the build ({self._wanted[what][:12]}); install the "
                        "same on every machine of the cluster."
                    )
            self._embed = LocalEmbed(encoder, self._chunk_size)
        return self._embed


def loader_of(config: Config) -> Callable[[], Encoder]:
    """What loads the embedder in an actor: by the name that it has in the models of any machine, or from its folder."""
    found = models.resolve(config.embedder, config.models_dir)
    is_known = config.embedder.lower() in {name.lower() for name in models.TABLE}
    # An actor may have another working folder.
    name = str(found.resolve()) if isinstance(found, Path) and not is_known else config.embedder
    return partial(_load, name, config.models_dir and config.models_dir.resolve(), threads_of(config))


def threads_of(config: Config) -> int:
    """Processor threads of an actor: one, but where the settings say; many actors use many processors best so."""
    return config.threads or 1


def _load(name: str, models_dir: Path | None, threads: int) -> Encoder:
    return load_encoder(models.resolve(name, models_dir), threads=threads)


def _silent(done: int, total: int) -> None:
    """Progress that nobody follows."""
