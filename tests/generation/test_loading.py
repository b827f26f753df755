"""Which engine serves which model, and what is said where none does."""

from pathlib import Path

import pytest

from askoctober.config import Config
from askoctober.errors import ConfigError, ModelError
from askoctober.generation import load_generator
from askoctober.generation.llama import LlamaGenerator


def test_unknown_engine() -> None:
    with pytest.raises(ConfigError, match="'vllm'; known: auto, llama.cpp, transformers"):
        load_generator(Config(engine="vllm"))


def test_unknown_model_names_the_known_ones() -> None:
    with pytest.raises(ModelError, match="smollm2-135m-instruct"):
        load_generator(Config(model="no such model"))


def test_llama_cpp_reads_no_folder(minilm: Path) -> None:
    with pytest.raises(ModelError, match="llama.cpp reads .gguf files, .*--engine transformers"):
        load_generator(Config(model=str(minilm), engine="llama.cpp"))


def test_a_model_that_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="askoctober models pull smollm2-135m-instruct"):
        load_generator(Config(model="smollm2-135m-instruct", models_dir=tmp_path))


def test_gguf_goes_to_llama_cpp(smol: Path) -> None:
    generator = load_generator(Config(model=str(smol), context_tokens=256, threads=1))
    try:
        assert isinstance(generator, LlamaGenerator)
        assert generator.name == smol.stem
    finally:
        generator.close()
