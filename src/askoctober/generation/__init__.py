"""Messages to streamed text: llama.cpp for GGUF files, transformers for everything else, one protocol for both."""

from askoctober.generation.loading import is_local, load_generator

__all__ = ["is_local", "load_generator"]
