"""Hub checkpoints, folders and (slowly) GGUF files on transformers; on CUDA where there is a GPU."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from askoctober.errors import GenerationError, ModelError
from askoctober.types import Message, Piece

STREAM_SECONDS = 600
"""A model that writes nothing for so long has failed."""


class TransformersGenerator:
    """A causal language model with a chat template behind the `Generator` protocol; calls wait for each other."""

    def __init__(self, path: Path | str, *, threads: int = 0) -> None:
        """Load a folder, a .gguf file, or a hub id such as `org/name`.

        Raises:
            ModelError: nothing there loads, or it has no chat template.
        """
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        if threads:
            torch.set_num_threads(threads)
        where: dict[str, Any] = {"trust_remote_code": False, "local_files_only": isinstance(path, Path)}
        source = str(path)
        if isinstance(path, Path) and path.suffix.lower() == ".gguf":
            source, where["gguf_file"] = str(path.parent), path.name
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(source, **where)
            self._model: Any = AutoModelForCausalLM.from_pretrained(source, dtype=torch.bfloat16, **where)
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise ModelError(
                f"transformers cannot load {path} ({str(error).splitlines()[0]}); "
                "give a folder or .gguf file, or run: askoctober models list"
            ) from error
        if not self._tokenizer.chat_template:
            raise ModelError(f"{path} has no chat template; choose an instruction-tuned model.")
        self._model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        self._lock = threading.Lock()
        self.name = path.stem if isinstance(path, Path) and path.suffix == ".gguf" else Path(source).name

    def generate(self, messages: Sequence[Message], *, grammar: str = "", max_tokens: int = 256) -> Iterator[Piece]:
        """Yield the reply piece by piece, greedily; closing the iterator stops it. Grammars are not enforced here.

        Raises:
            GenerationError: the model failed.
        """
        from transformers import StoppingCriteriaList, TextIteratorStreamer

        with self._lock:
            inputs = self._inputs(messages)
            read = int(inputs["input_ids"].shape[1])
            streamer = TextIteratorStreamer(
                self._tokenizer, skip_prompt=True, timeout=STREAM_SECONDS, skip_special_tokens=True
            )
            stopped = threading.Event()
            outcome: list[Any] = []

            def work() -> None:
                try:
                    outcome.append(
                        self._model.generate(
                            **inputs,
                            max_new_tokens=max_tokens,
                            do_sample=False,
                            streamer=streamer,
                            stopping_criteria=StoppingCriteriaList([lambda ids, scores, **_: _flag(ids, stopped)]),
                            pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id,
                        )
                    )
                except Exception as error:  # foreign code: whatever it raises belongs to the reader of the stream
                    outcome.append(error)
                    streamer.end()

            worker = threading.Thread(target=work, name="transformers", daemon=True)
            worker.start()
            try:
                yield from (Piece(text) for text in streamer if text)
            finally:
                stopped.set()
                worker.join()
            if isinstance(outcome[0], Exception):
                raise GenerationError(f"transformers failed ({outcome[0]}); ask again.") from outcome[0]
            yield Piece("", read, 0, int(outcome[0].shape[1]) - read)

    def prefill(self, messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Yield nothing: each call reads its whole prompt."""
        return iter(())

    def probabilities(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        """Return the probability that the reply's first token is each of `options`, renormalised to sum to 1."""
        import torch

        with self._lock, torch.inference_mode():
            inputs = self._inputs(messages)
            logits = self._model(**inputs).logits[0, -1].float()
        likely = torch.softmax(logits, dim=-1)
        weights = {}
        for option in options:
            firsts = {
                self._tokenizer.encode(form, add_special_tokens=False)[0]
                for word in (option, option.lower(), option.upper())
                for form in (word, " " + word)
            }
            weights[option] = 1e-9 + sum(float(likely[token]) for token in firsts)
        total = sum(weights.values())
        return {option: weight / total for option, weight in weights.items()}

    def close(self) -> None:
        """Free the model."""
        with self._lock:
            self._model = None

    def _inputs(self, messages: Sequence[Message]) -> dict[str, Any]:
        if self._model is None:
            raise GenerationError(f"{self.name} was closed; load it again.")
        turns = [dict(message) for message in messages]
        inputs = self._tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        return dict(inputs.to(self._model.device))


def _flag(ids: Any, stopped: threading.Event) -> Any:
    """One truth value a sequence, as transformers wants it: whether to stop."""
    import torch

    return torch.full((ids.shape[0],), stopped.is_set(), device=ids.device, dtype=torch.bool)
