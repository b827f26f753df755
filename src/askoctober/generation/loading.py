"""Which engine serves which model."""

from __future__ import annotations

from pathlib import Path

from askoctober import models
from askoctober.config import Config
from askoctober.errors import ConfigError, ModelError
from askoctober.generation import extractive
from askoctober.types import Generator

ENGINES = ("auto", "llama.cpp", "transformers")


def is_local(config: Config) -> bool:
    """Whether the model is weights that are loaded into this machine's memory."""
    return config.model != extractive.NAME and not config.model.startswith(models.SERVER)


def load_generator(config: Config) -> Generator:
    """Load `config.model` with `config.engine`; "auto" takes llama.cpp for a GGUF file and transformers otherwise.

    Raises:
        ConfigError: the engine is not known.
        ModelError: the model is not known, not here, or does not load.
    """
    if config.engine not in ENGINES:
        raise ConfigError(f"Unknown engine {config.engine!r}; known: {', '.join(ENGINES)}.")
    if config.model == extractive.NAME:
        return extractive.Extractive()
    if config.model.startswith(models.SERVER):
        from askoctober.generation.fallback import Fallback
        from askoctober.generation.server import ServerGenerator

        return Fallback(ServerGenerator(config.model))
    path = models.resolve(config.model, config.models_dir)
    is_gguf = isinstance(path, Path) and path.suffix.lower() == ".gguf"
    if config.engine == "llama.cpp" and not is_gguf:
        raise ModelError(f"llama.cpp reads .gguf files, and {path} is none; use --engine transformers.")
    if is_gguf and config.engine != "transformers":
        from askoctober.generation.llama import LlamaGenerator

        return LlamaGenerator(Path(path), context_tokens=config.context_tokens, threads=config.threads)
    from askoctober.generation.hf import TransformersGenerator

    return TransformersGenerator(path, threads=config.threads)
