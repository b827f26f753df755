"""Text to unit vectors with sentence-transformers, on a CPU in bfloat16 where the processor has it.

One pass serves everything: the vectors of sentences, of their tokens (for late interaction) and, as a weighted mean
of its sentences, of a chunk. Embedding each sentence once, in place of every chunk and every sentence, costs half the
time and finds as many needed facts.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from askoctober.errors import ModelError
from askoctober.types import FloatArray

BATCH = 32
PADDED = 16
"""Lengths are padded to multiples of so many tokens. PyTorch's kernels for CPUs (oneDNN) keep what they made for every
shape of a batch that they met, so that memory would grow for as long as texts of new lengths come."""
KERNELS_KEPT = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32", "LRU_CACHE_CAPACITY": "8"}
"""How many kernels are kept: by oneDNN, for all threads, and by PyTorch before it, for each thread that embeds; of
their own accord both keep 1,024. No batch takes longer for it."""
_WORD = re.compile(r"[^\W_]")


class SentenceEncoder:
    """A sentence-transformers model behind the `Encoder` protocol; safe to share between threads."""

    def __init__(self, path: Path | str, *, threads: int = 0, dtype: str = "auto") -> None:
        """Load the model in a folder (or, if given as `org/name`, from the model hub).

        `dtype` is "auto", "float32" or "bfloat16".

        Raises:
            ModelError: the folder holds no such model.
        """
        for name, kept in KERNELS_KEPT.items():  # read once, when the first is made
            os.environ.setdefault(name, kept)
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        if threads:
            torch.set_num_threads(threads)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        wanted = {"float32": torch.float32, "bfloat16": torch.bfloat16, "auto": _best_dtype(device)}[dtype]
        try:
            self._model: Any = SentenceTransformer(
                str(path),
                device=device,
                local_files_only=isinstance(path, Path),
                trust_remote_code=False,
                model_kwargs={"dtype": wanted, "use_safetensors": True},
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ModelError(
                f"No sentence-transformers model loads from {path} ({str(error).splitlines()[0]}); "
                "give a folder that holds one, or run: askoctober models pull all-MiniLM-L6-v2"
            ) from error
        self._lock = threading.Lock()
        self.name = Path(path).name if isinstance(path, Path) else path
        self.fingerprint = _fingerprint(path)
        self.dimension = int(self._model.get_embedding_dimension())
        # A model that takes a number of tokens which is no such multiple may have no positions beyond it.
        fits = self._model.max_seq_length and self._model.max_seq_length % PADDED == 0
        text = {"pad_to_multiple_of": PADDED} if fits else {}
        self._usual = {"batch_size": BATCH, "show_progress_bar": False, "processing_kwargs": {"text": text}}

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors of shape (len(texts), dimension); texts are batched by length."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        with self._lock:
            vectors = self._model.encode(list(texts), **self._usual)
        return unit(np.asarray(vectors, np.float32))

    def encode_tokens(self, texts: Sequence[str]) -> tuple[FloatArray, list[FloatArray]]:
        """Return unit vectors of the texts, shape (len(texts), dimension), and of each text's word tokens.

        Tokens that hold no letter or digit are left out, as in ColBERT (Khattab and Zaharia, 2020).
        """
        if not texts:
            return np.zeros((0, self.dimension), np.float32), []
        with self._lock:
            outputs = self._model.encode(list(texts), output_value=None, normalize_embeddings=False, **self._usual)
            vectors = np.stack([output["sentence_embedding"].float().cpu().numpy() for output in outputs])
            tokens = [self._word_vectors(output) for output in outputs]
        return unit(vectors), tokens

    def _word_vectors(self, output: dict[str, Any]) -> FloatArray:
        names = self._tokens_of(tuple(output["input_ids"].tolist()))
        kept = [i for i, name in enumerate(names) if name]
        return unit(output["token_embeddings"].float().cpu().numpy()[kept])

    def _tokens_of(self, ids: tuple[int, ...]) -> list[bool]:
        """Say of each token whether it holds a letter or digit and is not one of the model's own marks."""
        tokenizer = self._model.tokenizer
        special = set(tokenizer.all_special_ids)
        return [i not in special and _is_word(tokenizer, i) for i in ids]


@lru_cache(maxsize=200_000)
def _is_word(tokenizer: Any, token: int) -> bool:
    return bool(_WORD.search(str(tokenizer.convert_ids_to_tokens(token))))


def unit(vectors: FloatArray) -> FloatArray:
    """Return the rows scaled to length 1; a row of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def load_encoder(path: Path | str, *, threads: int = 0) -> SentenceEncoder:
    """Load an embedder from a local folder, or from the hub by its id."""
    return SentenceEncoder(path, threads=threads)


def _best_dtype(device: str) -> Any:
    """bfloat16 where matrix products in it run in hardware (docs/measurements.md has the figures), else float32."""
    import torch

    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return torch.bfloat16 if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else torch.float32


def _fingerprint(path: Path | str) -> str:
    """SHA-256 of the weights of a local model; of its id where it comes from the hub."""
    digest = hashlib.sha256()
    weights = sorted(path.glob("*.safetensors")) if isinstance(path, Path) else []
    for file in weights:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    if not weights:
        digest.update(str(path).encode())
    return digest.hexdigest()
